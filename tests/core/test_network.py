import tracemalloc
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import textbook
from covering import covered
from scipy.sparse import csr_array, csr_matrix

from skshallow.core.activations import ACTIVATIONS, Activation
from skshallow.core.batches import BLOCK_SIZE, Batches, Inputs, tile_size, tiles
from skshallow.core.engine import BlockObjective
from skshallow.core.losses import LOSSES, Huber
from skshallow.core.network import Dropout, Network
from skshallow.core.parameters import Layout, Parameters
from skshallow.core.standardization import Standardization

M, N0, N1 = 7, 3, 4
ALPHA = 0.3
SPARSE = {"dense": np.asarray, "csr_matrix": csr_matrix, "csr_array": csr_array}


class SameDraw:
    """An rng that draws the same numbers every time."""

    def random(self, out, dtype):
        np.random.default_rng(4).random(out=out, dtype=dtype)


def build(activation, kind, *, alpha=0.0, dropout=0.0, dtype=np.float64, sizes=(N0, N1), seed=0):
    """A network with random parameters, the biases included."""
    rng, activation = np.random.default_rng(seed), ACTIVATIONS[activation]()
    n2 = 1 if kind == "binary" else 3
    layout = Layout(*sizes, n2, learned=activation.learned is not None)
    parameters = Parameters.zeros(layout, dtype)
    parameters.theta[...] = rng.standard_normal(parameters.theta.size)
    if activation.learned is not None:
        parameters.learned[...] = activation.learned
    dropout = Dropout(dropout, SameDraw()) if dropout else None
    return Network(parameters, activation, LOSSES[kind](), alpha=alpha, dropout=dropout)


def data(kind, m=M, n0=N0, seed=1):
    """X (m, n0) with many zeros and columns on different footings, and Y (n2, m)."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, n0)) * np.linspace(0.3, 2, n0) + np.linspace(-1, 1, n0)
    X[rng.random(X.shape) < 0.3] = 0
    return X, textbook.targets(kind, m, rng)


def weights(m=M):
    """(1, m), of mean one."""
    s = np.random.default_rng(2).uniform(0.2, 3, (1, m))
    return s / s.mean()


def numeric_gradient(network, A0, Y, s, h=1e-5):
    """Central differences of J."""
    theta, slopes = network.parameters.theta, []
    for i, value in enumerate(theta.copy()):
        theta[i] = value + h
        up = network.loss_and_gradient(A0, Y, s) + network.penalty()
        theta[i] = value - h
        down = network.loss_and_gradient(A0, Y, s) + network.penalty()
        theta[i] = value
        slopes.append((up - down) / (2 * h))
    return np.array(slopes)


def relative_error(g, other):
    return np.linalg.norm(g - other) / (np.linalg.norm(g) + np.linalg.norm(other))


def assert_away_from_kinks(network, A0):
    """No pre-activation within a step of the finite differences of zero."""
    Z1 = network.parameters.W1 @ A0
    assert np.abs(Z1 + network.parameters.b1).min() > 1e-3


# Forward


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_forward_is_the_notes_loop_and_the_notes_vectorised_lines(activation, kind):
    network, (X, _) = build(activation, kind), data(kind)
    layers = textbook.layers(network.parameters)[:4]
    g1, output = textbook.ACTIVATIONS[activation][0], textbook.OUTPUTS[kind]
    _, _, Z2, A2 = textbook.forward(X.T, *layers, g1, output[0])
    np.testing.assert_allclose(network.scores(X.T), Z2, rtol=1e-11)
    ours = network.loss.output(network.scores(X.T))
    np.testing.assert_allclose(ours, A2, rtol=1e-11)
    loop = textbook.forward_loop(X.T, *layers, g1, output[0])
    np.testing.assert_allclose(ours, loop, rtol=1e-11)


@covered(activation=ACTIVATIONS, kind=LOSSES, weighted=[False, True])
def test_loss_and_penalty_add_up_to_the_objective_of_the_contract(activation, kind, weighted):
    network, (X, Y) = build(activation, kind, alpha=ALPHA), data(kind)
    s = weights() if weighted else None
    layers = textbook.layers(network.parameters)[:4]
    g1, output = textbook.ACTIVATIONS[activation][0], textbook.OUTPUTS[kind]
    J = textbook.objective(X.T, Y, *layers, g1, output, s, ALPHA)
    assert network.loss_and_gradient(X.T, Y, s) + network.penalty() == pytest.approx(J, rel=1e-12)


def test_plain_arrays_are_enough_to_go_forward():
    network, (X, _) = build("prelu", "multiclass"), data("multiclass")
    bare = Network(SimpleNamespace(**network.parameters.arrays()), network.activation)
    np.testing.assert_array_equal(bare.scores(X.T), network.scores(X.T))


# Backward


@covered(
    activation=ACTIVATIONS,
    kind=LOSSES,
    container=SPARSE,
    weighted=[False, True],
    standardised=[False, True],
    dropout=[0.0, 0.4],
    most=3,
)
def test_gradient_is_the_slope_of_the_objective(
    activation, kind, container, weighted, standardised, dropout
):
    network, (X, Y) = build(activation, kind, alpha=ALPHA, dropout=dropout), data(kind)
    s, X, rows = weights() if weighted else None, SPARSE[container](X), np.arange(M)
    standardization = None
    if standardised:
        standardization = Standardization.measure(X, rows, None if s is None else s[0])
    A0 = Inputs(X, standardization).take(rows)
    assert_away_from_kinks(network, A0)
    numeric = numeric_gradient(network, A0, Y, s)
    network.loss_and_gradient(A0, Y, s)
    assert relative_error(network.gradient.theta, numeric) < 1e-6


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_is_the_slope_on_saturated_units_too(activation, kind):
    network, (X, Y) = build(activation, kind), data(kind)
    W1, b1, W2, _, *_ = textbook.layers(network.parameters)
    W1[:2] *= 30 / np.abs(W1[:2] @ X.T).max()  # half of the hidden units reach |z| = 30
    W2[...] *= 3  # and the outputs are sure of themselves
    b1[:2] = 0.5
    assert_away_from_kinks(network, X.T)
    numeric = numeric_gradient(network, X.T, Y, None)
    network.loss_and_gradient(X.T, Y)
    assert relative_error(network.gradient.theta, numeric) < 1e-6


@covered(activation=ACTIVATIONS, kind=LOSSES, weighted=[False, True])
def test_gradient_is_the_mean_of_the_examples_own_gradients(activation, kind, weighted):
    network, (X, Y) = build(activation, kind, alpha=ALPHA), data(kind)
    s = weights() if weighted else None
    layers = textbook.layers(network.parameters)[:4]
    pair, output = textbook.ACTIVATIONS[activation], textbook.OUTPUTS[kind]
    network.loss_and_gradient(X.T, Y, s)
    loop = textbook.backward_loop(X.T, Y, *layers, pair, output, s, ALPHA)
    for ours, theirs in zip(textbook.layers(network.gradient), loop, strict=False):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_is_the_notes_vectorised_lines(activation, kind):
    network, (X, Y) = build(activation, kind), data(kind)
    layers = textbook.layers(network.parameters)[:4]
    pair, output = textbook.ACTIVATIONS[activation], textbook.OUTPUTS[kind]
    network.loss_and_gradient(X.T, Y)
    lines = textbook.backward(X.T, Y, *layers, pair, output)
    for ours, theirs in zip(textbook.layers(network.gradient), lines, strict=False):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.neighbours("torch")
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_is_what_automatic_differentiation_finds(activation, kind, weighted):
    import torch

    F = torch.nn.functional
    g = {
        "identity": lambda z: z,
        "relu": F.relu,
        "leaky_relu": lambda z: F.leaky_relu(z, 0.01),
        "prelu": lambda z, slope: torch.where(z > 0, z, slope * z),
        "tanh": torch.tanh,
        "sigmoid": torch.sigmoid,
        "silu": F.silu,
    }[activation]
    network, (X, Y) = build(activation, kind, alpha=ALPHA), data(kind)
    s = weights() if weighted else np.ones((1, M))
    views = textbook.layers(network.parameters)
    layers = [torch.tensor(view, requires_grad=True) for view in views]
    W1, b1, W2, b2, *learned = layers
    Z2 = W2 @ g(W1 @ torch.tensor(X.T) + b1, *learned) + b2
    y = torch.tensor(Y)
    binary = lambda: F.binary_cross_entropy_with_logits(Z2, y, reduction="none")  # noqa: E731
    L = {
        "binary": binary,
        "multilabel": binary,
        "multiclass": lambda: F.cross_entropy(Z2.T, y.T, reduction="none"),
        "squared_error": lambda: F.mse_loss(Z2, y, reduction="none") / 2,
        "absolute_error": lambda: F.l1_loss(Z2, y, reduction="none"),
        "huber": lambda: F.huber_loss(Z2, y, reduction="none", delta=Huber().delta),
        "quantile": lambda: F.l1_loss(Z2, y, reduction="none") / 2,
        "poisson": lambda: F.poisson_nll_loss(Z2, y, reduction="none") + torch.xlogy(y, y) - y,
    }[kind]()
    J = (torch.tensor(s) * L).sum() / s.sum() + ALPHA / 2 * ((W1**2).sum() + (W2**2).sum())
    J.backward()
    assert network.loss_and_gradient(X.T, Y, s) + network.penalty() == pytest.approx(J.item())
    for ours, theirs in zip(textbook.layers(network.gradient), layers, strict=True):
        np.testing.assert_allclose(ours, theirs.grad.numpy(), rtol=1e-10, atol=1e-12)


def test_each_output_may_have_weights_of_its_own():
    network, (X, Y) = build("tanh", "multilabel"), data("multilabel")
    s = np.random.default_rng(3).uniform(0.2, 3, Y.shape)
    loss = network.loss_and_gradient(X.T, Y, s)
    A2 = network.loss.output(network.scores(X.T).copy())
    assert loss == pytest.approx(np.sum(s * textbook.binary_cross_entropy(A2, Y)) / M)
    numeric = numeric_gradient(network, X.T, Y, s)
    network.loss_and_gradient(X.T, Y, s)
    assert relative_error(network.gradient.theta, numeric) < 1e-6


def test_the_penalty_pulls_at_weights_and_not_at_biases_or_slopes():
    X, Y = data("multiclass")
    plain, penalised = build("prelu", "multiclass"), build("prelu", "multiclass", alpha=ALPHA)
    assert plain.loss_and_gradient(X.T, Y) == penalised.loss_and_gradient(X.T, Y)
    W1, _, W2, _, _ = textbook.layers(penalised.parameters)
    gradients = [textbook.layers(network.gradient) for network in (penalised, plain)]
    pull = [g - h for g, h in zip(*gradients, strict=True)]
    np.testing.assert_allclose(pull[0], ALPHA * W1, rtol=1e-12)
    np.testing.assert_allclose(pull[2], ALPHA * W2, rtol=1e-12)
    assert not any(pull[i].any() for i in (1, 3, 4))
    assert plain.penalty() == 0
    squares = np.sum(W1**2) + np.sum(W2**2)
    assert penalised.penalty() == pytest.approx(ALPHA / 2 * squares, rel=1e-12)


@pytest.mark.parametrize("size", [1, 3, 25])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("container", SPARSE)
def test_the_sum_over_chunks_is_the_whole_batch(container, weighted, size):
    m, kind = 25, "multiclass"
    X, Y = data(kind, m)
    s = weights(m) if weighted else None
    whole, chunked = (build("silu", kind, alpha=ALPHA) for _ in range(2))
    loss = whole.loss_and_gradient(X.T, Y, s)
    batches = Batches(Inputs(SPARSE[container](X)), Y, s, np.arange(m), size)
    summed, penalty, gradient = BlockObjective(chunked, batches)(chunked.parameters.theta)
    assert summed == pytest.approx(loss, rel=1e-12)
    assert penalty == whole.penalty()
    np.testing.assert_allclose(gradient, whole.gradient.theta, atol=1e-13)
    assert chunked.mean_loss(batches) == pytest.approx(loss, rel=1e-12)


# Dropout


def test_dropout_silences_its_share_of_units_and_keeps_the_mean():
    A1 = np.empty((200, 500))
    mask = Dropout(0.3, np.random.default_rng(0)).draw(A1)
    assert set(np.unique(mask)) == {0, 1 / (1 - 0.3)}
    error = np.sqrt(0.3 * 0.7 / mask.size)  # standard error of the share
    assert abs(np.mean(mask == 0) - 0.3) < 5 * error
    assert abs(mask.mean() - 1) < 5 * error / 0.7


def test_every_step_draws_another_mask():
    dropout, A1 = Dropout(0.5, np.random.default_rng(0)), np.empty((20, 20))
    assert (dropout.draw(A1).copy() != dropout.draw(A1)).any()


def test_dropout_is_for_training_alone():
    X, Y = data("binary")
    with_it, without = build("relu", "binary", dropout=0.5), build("relu", "binary")
    assert with_it.loss_and_gradient(X.T, Y) != without.loss_and_gradient(X.T, Y)
    np.testing.assert_array_equal(with_it.scores(X.T), without.scores(X.T))
    batches = Batches(Inputs(X), Y, None, np.arange(M), M)
    assert with_it.mean_loss(batches) == without.mean_loss(batches)


# Memory and types


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_step_makes_no_new_array_of_the_size_of_the_hidden_layer(activation, kind):
    m, n1 = 200, 100
    network, (X, Y) = build(activation, kind, alpha=ALPHA, sizes=(N0, n1)), data(kind, m)
    network.loss_and_gradient(X.T, Y)  # makes the buffers
    tracemalloc.start()
    network.loss_and_gradient(X.T, Y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * n1 * m * 0.75


def test_scores_of_as_many_examples_are_written_over():
    network, (X, _) = build("relu", "binary"), data("binary")
    first = network.scores(X.T)
    assert np.shares_memory(first, network.scores(-X.T))
    assert not np.shares_memory(first, network.scores(X[:3].T))


def test_the_gradient_stays_the_same_memory_and_forgets_the_batch_before():
    network, (X, Y) = build("prelu", "binary", alpha=ALPHA), data("binary")
    theta, views = network.gradient.theta, network.gradient.arrays().values()
    network.loss_and_gradient(X.T, Y)
    first = theta.copy()
    network.loss_and_gradient(X[:3].T, Y[:, :3])
    network.loss_and_gradient(X.T, Y)
    np.testing.assert_array_equal(network.gradient.theta, first)
    assert network.gradient.theta is theta
    assert all(np.shares_memory(view, theta) for view in views)


def test_a_step_changes_neither_inputs_nor_targets_nor_weights_nor_parameters():
    network, (X, Y) = build("silu", "multiclass", alpha=ALPHA), data("multiclass")
    arrays = (X, Y, weights(), network.parameters.theta)
    before = [array.copy() for array in arrays]
    network.loss_and_gradient(X.T, Y, arrays[2])
    for array, old in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, old)


@covered(activation=ACTIVATIONS, kind=LOSSES, container=SPARSE)
def test_float32_stays_float32_and_near_float64(activation, kind, container):
    X, Y = data(kind)
    single = build(activation, kind, alpha=ALPHA, dropout=0.4, dtype=np.float32)
    double = build(activation, kind, alpha=ALPHA)
    double.dropout = Dropout(0.4, single.dropout.rng)
    double.dropout.draw = lambda A1: single.dropout.mask  # random numbers differ between types
    double.dropout.mask = np.empty((N1, M), np.float32)
    arguments = [SPARSE[container](X.astype(np.float32)).T, Y.astype(np.float32)]
    loss = single.loss_and_gradient(*arguments, weights().astype(np.float32))
    double.dropout.mask[...] = single.dropout.mask
    assert loss == pytest.approx(double.loss_and_gradient(X.T, Y, weights()), rel=1e-5)
    assert single.gradient.theta.dtype == single.dropout.mask.dtype == np.float32
    assert relative_error(single.gradient.theta, double.gradient.theta) < 1e-5
    assert single.scores(arguments[0]).dtype == np.float32


# Prediction


def tiled_scores(network, X):
    """Scores (m, n2), the way prediction takes them."""
    pieces = []
    for A0, n in tiles(X, len(network.parameters.W1), network.parameters.theta.dtype):
        Z2 = network.scores(A0).swapaxes(-1, -2)
        pieces.append(Z2.reshape(-1, Z2.shape[-1])[:n].copy())
    return np.concatenate(pieces)


@pytest.mark.fast(2)
@covered(container=SPARSE, n0=[1, 5, 40, 400, 4_000], dtype=[np.float32, np.float64], strength=1)
def test_the_scores_of_a_row_do_not_depend_on_the_company_it_comes_in(container, n0, dtype):
    m = BLOCK_SIZE + 3 * tile_size(n0 * 50, dtype) + 5
    network = build("tanh", "multiclass", dtype=dtype, sizes=(n0, 50))
    X = SPARSE[container](data("multiclass", m, n0)[0].astype(dtype))
    together = tiled_scores(network, X)
    dense = X if container == "dense" else X.toarray()
    np.testing.assert_allclose(together, network.scores(dense.T).T, rtol=1e-4, atol=1e-6 * n0)
    some = slice(77, 77 + BLOCK_SIZE)
    for rows in (slice(0, 1), slice(3, 40), slice(m - 1, m), some, slice(0, m)):
        np.testing.assert_array_equal(tiled_scores(network, X[rows]), together[rows])
    backwards = np.arange(m)[::-1]
    np.testing.assert_array_equal(tiled_scores(network, X[backwards]), together[backwards])


@pytest.mark.parametrize("container", SPARSE)
def test_tiling_leaves_x_alone(container):
    X = SPARSE[container](data("binary", 5)[0])
    before = X.copy()
    for A0, _ in tiles(X, N1, np.float64):
        A0 *= 2
    assert X.shape == before.shape
    assert abs(X - before).sum() == 0


# Several networks side by side


def side_by_side(activation, kind, n_networks=3):
    """Networks that differ, and the one that holds them all."""
    single = [build(activation, kind, alpha=ALPHA, seed=i) for i in range(n_networks)]
    layout = single[0].parameters.layout
    wide = replace(layout, n1=n_networks * N1, networks=n_networks)
    parameters = Parameters.zeros(wide)
    for name, view in parameters.arrays().items():
        view[...] = np.vstack([getattr(network.parameters, name) for network in single])
    return single, Network(parameters, single[0].activation, single[0].loss, alpha=ALPHA)


@covered(activation=ACTIVATIONS, kind=LOSSES, weighted=[None, "rows", "outputs"])
def test_each_of_several_networks_has_its_own_gradient(activation, kind, weighted):
    (X, Y), (single, together) = data(kind), side_by_side(activation, kind)
    s = {None: None, "rows": weights(), "outputs": weights() * np.ones((len(Y), 1))}[weighted]
    loss = together.loss_and_gradient(X.T, Y, s) + together.penalty()
    alone = [network.loss_and_gradient(X.T, Y, s) + network.penalty() for network in single]
    assert loss == pytest.approx(np.mean(alone), rel=1e-12)
    for name, slopes in together.gradient.arrays().items():
        expected = np.vstack([getattr(network.gradient, name) for network in single])
        np.testing.assert_allclose(slopes, expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("kind", LOSSES)
def test_two_networks_have_gradients_of_their_own(kind):
    (X, Y), (single, together) = data(kind), side_by_side("prelu", kind, 2)
    together.loss_and_gradient(X.T, Y)
    for network in single:
        network.loss_and_gradient(X.T, Y)
    for name, slopes in together.gradient.arrays().items():
        expected = np.vstack([getattr(network.gradient, name) for network in single])
        np.testing.assert_allclose(slopes, expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_scores_of_several_networks_are_their_mean_and_those_of_one(activation, kind):
    (X, _), (single, together) = data(kind), side_by_side(activation, kind)
    mean = np.mean([network.scores(X.T) for network in single], axis=0)
    np.testing.assert_allclose(together.scores(X.T), mean, rtol=1e-12, atol=1e-14)
    joined = together.parameters.layout.joined(together.parameters.arrays())
    one = Network(SimpleNamespace(**{"learned": None} | joined), together.activation)
    np.testing.assert_allclose(one.scores(X.T), mean, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("n_networks", [1, 2])
def test_an_own_activation_sees_a_stack_tile_by_tile(n_networks):
    class Cubed(Activation):
        def forward(self, Z1, A1):
            assert Z1.shape == (n_networks * N1, 5)
            np.power(Z1, 3, out=A1)

    _, together = side_by_side("tanh", "multiclass", n_networks)
    network = Network(together.parameters, Cubed())
    stack = np.random.default_rng(0).standard_normal((4, N0, 5))
    expected = [network.scores(A0).copy() for A0 in stack]
    if n_networks == 1:
        np.testing.assert_allclose(network.scores(stack), expected, rtol=1e-12)
    p = together.parameters
    A1 = (p.W1 @ stack[0] + p.b1) ** 3
    each = [array.reshape(n_networks, -1, array.shape[1]) for array in (p.W2, A1, p.b2)]
    mean = np.mean([W2 @ a1 + b2 for W2, a1, b2 in zip(*each, strict=True)], axis=0)
    np.testing.assert_allclose(expected[0], mean, rtol=1e-10)
