import numpy as np
import pytest
import textbook

from skshallow.core import engine as module
from skshallow.core.activations import ACTIVATIONS
from skshallow.core.batches import Batches, Inputs
from skshallow.core.engine import BlockObjective, MeanLoss, NumpyEngine
from skshallow.core.learning_rate import LearningRate
from skshallow.core.losses import LOSSES
from skshallow.core.network import Network
from skshallow.core.optimizers import OPTIMIZERS
from skshallow.core.parameters import Layout, Parameters
from skshallow.core.schedules import Constant
from skshallow.core.training import EarlyStopping, TrainingState

M, N0, N1, ALPHA = 23, 3, 4, 0.3
RNG = np.random.default_rng(0)
X = RNG.standard_normal((M, N0))
S = RNG.uniform(0.2, 3, (1, M))
S /= S.mean()
CUTS = {
    "one block": [M],
    "halves": [12, 11],
    "single examples": [1] * M,
    "uneven": [1, 15, 2, 5],
    "an empty one": [7, 0, 16],
}


def build(activation="prelu", kind="multiclass"):
    """(network, Y) with random parameters and targets."""
    rng, activation = np.random.default_rng(1), ACTIVATIONS[activation]()
    layout = Layout(N0, N1, 1 if kind == "binary" else 3, learned=activation.learned is not None)
    parameters = Parameters(rng.standard_normal(layout.size), layout)
    network = Network(parameters, activation, LOSSES[kind](), alpha=ALPHA)
    return network, textbook.targets(kind, M, rng)


def batches_of(Y, size, s=None):
    return Batches(Inputs(X), Y, s, np.arange(M), size)


def engine_of(optimizer, *, size=5, learning_rate=0.1, s=None):
    """An engine, and the targets."""
    network, Y = build()
    rate, patience = LearningRate(learning_rate, Constant()), EarlyStopping(3, 0.0)
    state = TrainingState(network.parameters, 0, np.random.default_rng(0), rate, patience)
    state.use_optimizer(OPTIMIZERS[optimizer]() if optimizer is not None else None)
    return NumpyEngine(state, network, batches_of(Y, size, s)), Y


# Sums over blocks


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("kind", ["binary", "multiclass", "squared_error", "poisson"])
def test_blocks_of_every_cut_add_up_to_the_same_loss_and_gradient(kind, cut, weighted):
    (network, Y), s = build(kind=kind), S if weighted else None
    whole, total = np.zeros_like(network.gradient.theta), np.zeros_like(network.gradient.theta)
    loss = network.add_block(X.T, Y, s, whole)
    bounds, losses = np.cumsum([0, *CUTS[cut]]), []
    for block in map(slice, bounds[:-1], bounds[1:]):
        part = None if s is None else s[:, block]
        losses.append(network.add_block(X[block].T, Y[:, block], part, total))
    assert sum(losses) == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(total, whole, rtol=1e-11, atol=1e-12)


def test_a_block_knows_no_penalty_and_no_mean():
    network, Y = build()
    total = np.ones_like(network.gradient.theta)  # what was added before
    loss = network.add_block(X.T, Y, S, total)
    assert loss / M == pytest.approx(network.loss_and_gradient(X.T, Y, S), rel=1e-12)
    weights = network.parameters.weights
    J = network.gradient.theta.copy()
    J[: weights.size] -= ALPHA * weights
    np.testing.assert_allclose((total - 1) / M, J, rtol=1e-10, atol=1e-13)


def test_the_scale_is_that_of_the_gradient_alone():
    network, Y = build()
    plain, scaled = np.zeros_like(network.gradient.theta), np.zeros_like(network.gradient.theta)
    losses = [network.add_block(X.T, Y, S, plain), network.add_block(X.T, Y, S, scaled, 1 / 8)]
    assert losses[0] == losses[1]
    np.testing.assert_allclose(8 * scaled, plain, rtol=1e-13)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("size", [1, 7, M])
@pytest.mark.parametrize("activation", ["tanh", "prelu"])
def test_the_objective_over_blocks_is_that_of_the_whole(activation, size, weighted):
    (network, Y), s = build(activation), S if weighted else None
    loss = network.loss_and_gradient(X.T, Y, s)
    expected = network.gradient.theta.copy()
    summed, penalty, gradient = BlockObjective(network, batches_of(Y, size, s))(
        network.parameters.theta
    )
    assert summed == pytest.approx(loss, rel=1e-12)
    assert penalty == network.penalty() > 0
    np.testing.assert_allclose(gradient, expected, rtol=1e-11, atol=1e-13)


def test_the_objective_is_taken_where_it_is_asked_for():
    (network, Y), (other, _) = build(), build()
    theta = network.parameters.theta + 1
    other.parameters.theta[...] = theta
    there = BlockObjective(network, batches_of(Y, 7))(theta)
    assert there[0] == pytest.approx(other.loss_and_gradient(X.T, Y), rel=1e-12)
    np.testing.assert_allclose(there[2], other.gradient.theta, rtol=1e-11, atol=1e-13)
    np.testing.assert_array_equal(network.parameters.theta, theta)


# The mean loss of each batch


@pytest.mark.parametrize("together", [1, 10, 1_024])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", LOSSES)
def test_every_batch_has_its_own_weighted_mean(kind, weighted, together, monkeypatch):
    monkeypatch.setattr(module, "LOSS_BLOCK", together)
    network, Y = build("tanh", kind)
    means, expected = MeanLoss(network.loss, np.float64, 8), []
    formula = textbook.OUTPUTS[kind]
    for block in (slice(0, 8), slice(8, 12), slice(12, 13), slice(13, 21), slice(21, M)):
        Z2, y, s = network.scores(X[block].T).copy(), Y[:, block], S[:, block]
        L = formula[1](formula[0](Z2), y).sum(axis=0)
        expected.append(np.mean(L * s[0] if weighted else L))
        means.update(Z2, y, s if weighted else None)
        Z2[...] = np.nan  # scores are written over by the next batch
    np.testing.assert_allclose(means.of_batches(), expected, rtol=1e-10)


def test_the_next_epoch_starts_with_nothing():
    network, Y = build()
    means = MeanLoss(network.loss, np.float64, M)
    ends = []
    for _ in range(2):
        means.update(network.scores(X.T), Y, S)
        ends.append(means.of_batches())
    np.testing.assert_array_equal(*ends)
    assert ends[0].shape == (1,)


# The engine


@pytest.mark.parametrize("size", [1, 5, 8, M, 99])
@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, None])
def test_shares_are_those_of_the_examples_and_sum_to_one(optimizer, size):
    engine, _ = engine_of(optimizer, size=size)
    whole = optimizer in ("gd", None)
    assert engine.n_examples == M
    assert engine.n_steps == len(engine.shares) == (1 if whole else -(-M // size))
    assert engine.shares.sum() == pytest.approx(1, abs=1e-15)
    if not whole:
        np.testing.assert_allclose(engine.shares * M, engine.batches.sizes)


@pytest.mark.parametrize("s", [None, S])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_mean_of_the_batches_is_that_of_the_epoch(optimizer, s):
    engine, _ = engine_of(optimizer, learning_rate=0.0, s=s)
    losses = engine.run_epoch(np.arange(M)[::-1], np.zeros(engine.n_steps))
    assert losses.shape == (engine.n_steps,)
    mean = engine.mean_loss(engine.batches)
    assert losses @ engine.shares == pytest.approx(mean, rel=1e-12)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_losses_are_those_before_each_step_in_the_order_given(optimizer):
    engine, Y = engine_of(optimizer)
    rival, _ = engine_of(optimizer)
    order, rates = np.random.default_rng(3).permutation(M), np.linspace(0.1, 0.02, engine.n_steps)
    losses = engine.run_epoch(order, rates)
    bounds = np.cumsum([0, *(engine.shares * M).round().astype(int)])
    for k, block in enumerate(map(slice, bounds[:-1], bounds[1:])):
        rows = order[block]
        expected = rival.network.loss_and_gradient(X[rows].T, Y[:, rows])
        assert losses[k] == pytest.approx(expected, rel=1e-11)
        rival.state.step(rival.network.gradient, rates[k])
    np.testing.assert_allclose(engine.state.theta, rival.state.theta, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", LOSSES)
def test_how_far_a_loss_may_rise_is_the_losss_affair(kind):
    network, Y = build("tanh", kind)
    rate, patience = LearningRate(0.1, Constant()), EarlyStopping(3, 0.0)
    state = TrainingState(network.parameters, 0, np.random.default_rng(0), rate, patience)
    engine = NumpyEngine(state, network, batches_of(Y, M))
    assert engine.divergence_factor == LOSSES[kind].divergence_factor


@pytest.mark.parametrize("s", [None, S])
@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, None])
def test_losses_without_a_step_are_those_of_the_formulas(optimizer, s):
    engine, Y = engine_of(optimizer, s=s)
    before, s = engine.state.theta.copy(), np.ones((1, M)) if s is None else s
    parameters = textbook.layers(engine.network.parameters)
    W1, b1, W2, b2, slopes = parameters
    output, expected = textbook.OUTPUTS["multiclass"], []
    bounds = np.cumsum([0, *(engine.shares * M).round().astype(int)])
    for block in map(slice, bounds[:-1], bounds[1:]):
        A2 = textbook.forward(
            X[block].T, W1, b1, W2, b2, lambda z: textbook.prelu(z, slopes), output[0]
        )[-1]
        expected.append(np.mean(s[:, block] * output[1](A2, Y[:, block])))
    for _ in range(2):  # nothing is left of the first time
        np.testing.assert_allclose(engine.batch_losses(), expected, rtol=1e-11)
    np.testing.assert_array_equal(engine.state.theta, before)


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, None])
def test_an_engine_gives_the_sums_that_objectives_are_made_of(optimizer):
    engine, Y = engine_of(optimizer, s=S)
    loss, total = engine.sum_over_blocks(1 / M)
    assert loss / M == pytest.approx(engine.network.loss_and_gradient(X.T, Y, S), rel=1e-12)
    total[: engine.network.parameters.weights.size] += ALPHA * engine.network.parameters.weights
    np.testing.assert_allclose(total, engine.network.gradient.theta, rtol=1e-10, atol=1e-13)


def test_large_batches_may_be_uneven(monkeypatch):
    monkeypatch.setattr(module, "LOSS_BLOCK", 5)
    engine, _ = engine_of("sgd", size=8)
    assert sorted(engine.batches.sizes) == [7, 8, 8]
    losses = engine.batch_losses()
    assert losses @ engine.shares == pytest.approx(engine.mean_loss(engine.batches), rel=1e-12)
