import math
import pickle

import numpy as np
import pytest
import textbook
from doubles import Failing, Watch

from skshallow.core.activations import ACTIVATIONS
from skshallow.core.batches import Batches
from skshallow.core.initializers import INITIALIZERS, initialize
from skshallow.core.inputs import Inputs
from skshallow.core.losses import LOSSES
from skshallow.core.network import Dropout, Network
from skshallow.core.optimizers import OPTIMIZERS, GradientDescent
from skshallow.core.parameters import Parameters
from skshallow.core.schedules import SCHEDULES
from skshallow.core.training import Patience, Training, train

M, N0, N1 = 40, 3, 4
PATIENCE = 3


def data(seed=0, m=M):
    """A noisy binary problem: X (m, n0), Y (1, m)."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, N0))
    return X, (X[:, 0] * X[:, 1] + 0.5 * rng.standard_normal(m) > 0).astype(float)[None]


def begin(optimizer="gd", schedule="constant", *, activation="tanh", learning_rate=0.1, tol=0.0):
    """A training about to begin, with random weights."""
    rng, activation = np.random.default_rng(0), ACTIVATIONS[activation]()
    parameters = Parameters.zeros(N0, N1, 1, learns=activation.learned is not None)
    initialize(parameters, INITIALIZERS["xavier"], activation, rng)
    optimizer = OPTIMIZERS[optimizer]() if isinstance(optimizer, str) else optimizer
    optimizer.reset(parameters.theta)
    patience = Patience(PATIENCE, tol)
    return Training(parameters, optimizer, SCHEDULES[schedule](), patience, rng, learning_rate)


def build(training, *, activation="tanh", loss=None, size=10, alpha=0.0, dropout=0.0):
    """(network, batches) for a training."""
    dropout = Dropout(dropout, training.rng) if dropout else None
    loss = loss or LOSSES["binary"]()
    activation = ACTIVATIONS[activation]()
    network = Network(training.parameters, activation, loss, alpha=alpha, dropout=dropout)
    X, Y = data()
    return network, Batches(Inputs(X), Y, None, np.arange(M), size)


def scripted(training, scores):
    """A score that reads from a list, and the copies of theta that it was asked about.

    Whether the first weights are measured is not the list's affair: they score lowest.
    """
    start, seen, values = training.theta.copy(), [], iter(scores)

    def score():
        if np.array_equal(training.theta, start):
            return -math.inf
        seen.append(training.theta.copy())
        return next(values)

    return score, seen


class Spy(GradientDescent):
    """Gradient descent that takes mini-batches and notes the rates and weights."""

    full_batch = False

    def reset(self, theta):
        self.rates, self.thetas = [], [theta.copy()]  # new lists: the old ones stay readable

    def step(self, theta, gradient, learning_rate):
        super().step(theta, gradient, learning_rate)
        self.rates.append(learning_rate)
        self.thetas.append(theta.copy())


# The notes' loop


@pytest.mark.parametrize("size", [M, 7])
@pytest.mark.parametrize("activation", [a for a in ACTIVATIONS if not ACTIVATIONS[a].learned])
def test_gd_takes_exactly_the_steps_of_the_notes(activation, size):
    training = begin("gd", activation=activation, learning_rate=0.5)
    (X, Y), start = data(), [view.copy() for view in training.parameters]
    network, batches = build(training, activation=activation, size=size)
    assert train(training, network, batches, 30) == "finished"
    pair, output = textbook.ACTIVATIONS[activation], textbook.OUTPUTS["binary"]
    layers, costs = textbook.gradient_descent(X.T, Y, *start, pair, output, 0.5, 30)
    for ours, theirs in zip(training.parameters, layers, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(training.history.losses, costs, rtol=1e-10)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS.keys() - {"gd"}))
def test_an_epoch_is_one_step_for_each_batch(name):
    training = begin(name, learning_rate=0.01)
    (X, Y), rival = data(), begin(name, learning_rate=0.01)
    train(training, *build(training, size=10), 2, shuffle=False)
    network = build(rival)[0]
    for start in [0, 10, 20, 30] * 2:
        rows = slice(start, start + 10)
        network.loss_and_gradient(X[rows].T, Y[:, rows])
        rival.optimizer.step(rival.theta, network.gradient.theta, 0.01)
    np.testing.assert_array_equal(training.theta, rival.theta)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_lowers_the_objective(name):
    training = begin(name, learning_rate=0.05)
    network, batches = build(training, alpha=0.01)
    before = network.mean_loss(batches) + network.penalty()
    train(training, network, batches, 60)
    assert network.mean_loss(batches) + network.penalty() < before


def test_history_tells_loss_and_penalty_apart():
    training = begin("gd")
    network, batches = build(training, size=M, alpha=0.3)
    expected = []
    for _ in range(4):
        weights = [training.parameters.W1, training.parameters.W2]
        penalty = 0.3 / 2 * sum(np.sum(W**2) for W in weights)
        expected.append((network.mean_loss(batches), penalty))
        train(training, network, batches, 1)
    history = training.history
    np.testing.assert_allclose([history.losses, history.penalties], np.transpose(expected))
    assert history.scores == [None] * 4
    assert training.epoch == 4


# Going on


@pytest.mark.parametrize("pickled", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_ten_epochs_and_ten_more_are_twenty(name, dropout, pickled):
    whole, parts = begin(name), begin(name)
    train(whole, *build(whole, dropout=dropout), 20)
    train(parts, *build(parts, dropout=dropout), 10)
    parts = pickle.loads(pickle.dumps(parts)) if pickled else parts
    train(parts, *build(parts, dropout=dropout), 10)
    np.testing.assert_array_equal(parts.theta, whole.theta)
    assert parts.history == whole.history


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_same_seed_gives_the_same_bits(name):
    one, other = begin(name), begin(name)
    for training in (one, other):
        train(training, *build(training, dropout=0.3), 5)
    np.testing.assert_array_equal(one.theta, other.theta)


def test_without_shuffle_no_random_number_is_drawn():
    training = begin("sgd")
    before = training.rng.bit_generator.state
    train(training, *build(training), 3, shuffle=False)
    assert training.rng.bit_generator.state == before


# Stopping


@pytest.mark.parametrize("rises", [1, 2, 6])
def test_training_stops_after_exactly_n_iter_no_change_epochs_without_a_rise(rises):
    training = begin("sgd")
    score, seen = scripted(training, [*range(rises), *[rises - 1] * 50])
    training.begin_round(60, scored=True)
    assert train(training, *build(training), 60, score=score) == "stalled"
    assert training.epoch == len(seen) == rises + PATIENCE


def test_a_rise_at_the_last_moment_starts_the_count_anew():
    training = begin("sgd")
    score, _ = scripted(training, [0, 0, 0, 1, 1, 1, 1, 9])
    training.begin_round(60, scored=True)
    assert train(training, *build(training), 60, score=score) == "stalled"
    assert training.epoch == 7


def test_a_rise_of_no_more_than_tol_is_none():
    training = begin("sgd", tol=0.25)
    score, _ = scripted(training, [0, 0.25, 0.5, 0.75, 1.0])  # each 0.25 above the one before
    training.begin_round(60, scored=True)
    assert train(training, *build(training), 60, score=score) == "stalled"
    assert training.epoch == 1 + PATIENCE


def test_a_score_that_is_not_a_number_is_no_rise():
    training = begin("sgd")
    score, seen = scripted(training, [1.0, *[math.nan] * 9])
    training.begin_round(60, scored=True)
    assert train(training, *build(training), 60, score=score) == "stalled"
    assert training.epoch == 1 + PATIENCE
    np.testing.assert_array_equal(training.kept()[0], seen[0])


def test_the_weights_with_the_best_score_are_kept():
    training = begin("sgd")
    score, seen = scripted(training, [0.1, 0.2, 0.9, 0.5, 0.9, 0.3])
    training.begin_round(60, scored=True)
    train(training, *build(training), 60, score=score)
    theta, epoch = training.kept()
    np.testing.assert_array_equal(theta, seen[2])  # the first of equals
    assert epoch == 3
    assert training.history.scores == [0.1, 0.2, 0.9, 0.5, 0.9, 0.3]


def test_without_a_score_all_epochs_are_taken_and_the_last_weights_are_kept():
    training = begin("sgd", learning_rate=0.0)  # the loss stands still
    assert train(training, *build(training), 20) == "finished"
    theta, epoch = training.kept()
    assert theta is training.theta
    assert epoch == training.epoch == 20


def test_scores_of_another_round_are_not_compared_with_losses():
    training = begin("sgd")
    train(training, *build(training), 2)
    score, seen = scripted(training, [-9.0, -8.0])
    training.begin_round(2, scored=True)
    train(training, *build(training), 2, score=score)
    np.testing.assert_array_equal(training.kept()[0], seen[1])


def test_watch_sees_every_epoch_and_may_stop():
    training, watch = begin("sgd"), Watch(at=4)
    assert train(training, *build(training), 20, watch=watch) == "stopped"
    assert training.epoch == 4
    assert watch.calls == ["begin", "end"] * 4


# Schedules


def test_cosine_goes_from_the_rate_to_nearly_nothing_step_by_step():
    training = begin(Spy(), "cosine")
    training.begin_round(10)
    train(training, *build(training, size=10), 10)
    t = np.arange(40) / 40
    np.testing.assert_allclose(training.optimizer.rates, 0.1 * np.cos(t * np.pi / 2) ** 2)
    assert training.optimizer.rates[-1] < 0.1 / 500


def test_a_new_round_takes_the_cosine_from_its_start():
    training = begin(Spy(), "cosine")
    for epochs in (3, 5):
        training.begin_round(epochs)
        train(training, *build(training, size=10), epochs)
    rates = np.array(training.optimizer.rates)
    assert rates[0] == rates[12] == 0.1
    assert rates[-1] < 0.1 / 100


def test_adaptive_takes_a_fifth_when_training_stalls_and_stops_at_the_thousandth():
    training = begin(Spy(), "adaptive")
    score, _ = scripted(training, [0.0] * 99)
    training.begin_round(99, scored=True)
    assert train(training, *build(training, size=M), 99, score=score) == "stalled"
    stages = [1 + PATIENCE, *[PATIENCE] * 4]  # the very first score is a rise
    expected = np.repeat(0.1 / 5.0 ** np.arange(5), stages)
    np.testing.assert_allclose(training.optimizer.rates, expected)


def test_adaptive_watches_the_loss_where_there_is_no_score():
    training = begin(Spy(), "adaptive", tol=1e9)  # no progress is enough
    assert train(training, *build(training, size=M), 99) == "stalled"
    assert training.epoch == 1 + 5 * PATIENCE


# Divergence


@pytest.mark.parametrize("size", [10, M])
@pytest.mark.parametrize("scored", [False, True])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_after_a_divergence_the_weights_are_sane(name, scored, size):
    training = begin(name, learning_rate=1e7, activation="identity")
    network, batches = build(training, activation="identity", size=size)
    start = network.mean_loss(batches)
    training.begin_round(50, scored=scored)
    score = (lambda: -network.mean_loss(batches)) if scored else None
    with np.errstate(over="ignore", invalid="ignore"):
        assert train(training, network, batches, 50, score=score) == "diverged"
    training.theta[...], _ = training.kept()
    assert network.mean_loss(batches) < 10 * (1 + start)
    assert np.abs(training.theta).max() < 1e3


@pytest.mark.parametrize("number", [np.nan, np.inf, 1e30])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_first_loss_that_is_no_sensible_number_ends_training(name, number):
    training, rival = begin(name), begin(name)
    failing = Failing(at=9, number=number)  # in the third epoch
    assert train(training, *build(training, loss=failing, size=10), 20) == "diverged"
    assert failing.calls <= 12
    assert training.epoch == 2
    assert np.isfinite(training.theta).all()
    train(rival, *build(rival), 2)
    assert training.history == rival.history


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_first_loss_that_is_no_number_leaves_the_weights_as_they_were(name):
    training = begin(name)
    before = training.theta.copy()
    failing = Failing(at=1, number=np.nan)
    assert train(training, *build(training, loss=failing), 20) == "diverged"
    np.testing.assert_array_equal(training.theta, before)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_after_a_divergence_the_optimiser_has_no_past(name):
    training = begin(name)
    train(training, *build(training, loss=Failing(at=9, number=np.nan), size=10), 20)
    fresh = begin(name)
    fresh.theta[...] = training.theta
    fresh.optimizer.reset(fresh.theta)
    for t in (training, fresh):
        train(t, *build(t), 2, shuffle=False)
    np.testing.assert_array_equal(training.theta, fresh.theta)


@pytest.mark.parametrize(("at", "epoch"), [(10, 2), (11, 2), (14, 2)])
def test_a_divergence_in_mid_epoch_keeps_the_best_weights_scored_before_it(at, epoch):
    training, failing = begin(Spy()), Failing(at, number=np.nan)
    thetas = training.optimizer.thetas
    score, _ = scripted(training, [0.1, 0.9, 0.3, 0.2])
    training.begin_round(20, scored=True)
    assert train(training, *build(training, loss=failing), 20, score=score) == "diverged"
    theta, kept = training.kept()
    np.testing.assert_array_equal(theta, thetas[4 * epoch])
    assert kept == epoch


@pytest.mark.parametrize("at", [5, 6, 9, 10, 13])  # 5, 9 and 13 are first steps of an epoch
def test_score_and_epoch_belong_to_the_weights_kept_after_a_divergence(at):
    training, failing = begin(Spy()), Failing(at, number=np.nan)
    thetas = training.optimizer.thetas
    score, _ = scripted(training, [0.1, 0.2, 0.3, 0.4])
    training.begin_round(20, scored=True)
    assert train(training, *build(training, loss=failing), 20, score=score) == "diverged"
    theta, kept = training.kept()
    np.testing.assert_array_equal(theta, thetas[4 * kept])
    scores = [-math.inf, *training.history.scores]  # the first weights score lowest
    assert training.best.score == scores[kept]


def test_a_loss_that_rises_within_reason_is_no_divergence():
    training = begin("sgd")
    failing = Failing(at=9, number=100.0)
    assert train(training, *build(training, loss=failing), 5) == "finished"


# Interruption


def test_a_keyboard_interrupt_in_watch_keeps_the_epoch_done():
    training, watch = begin(Spy()), Watch(at=3, error=KeyboardInterrupt)
    assert train(training, *build(training), 20, watch=watch) == "interrupted"
    assert training.epoch == 3
    np.testing.assert_array_equal(training.kept()[0], training.optimizer.thetas[12])


@pytest.mark.parametrize("at", [1, 2, 11])
def test_a_keyboard_interrupt_in_a_step_keeps_the_steps_done(at):
    training, failing = begin(Spy()), Failing(at, error=KeyboardInterrupt)
    assert train(training, *build(training, loss=failing), 20) == "interrupted"
    np.testing.assert_array_equal(training.kept()[0], training.optimizer.thetas[at - 1])


@pytest.mark.parametrize(("at", "epoch"), [(1, 0), (4, 0), (5, 1), (20, 2)])
def test_a_keyboard_interrupt_keeps_the_best_weights_scored_so_far(at, epoch):
    training, failing = begin(Spy()), Failing(at, error=KeyboardInterrupt)
    score, _ = scripted(training, [0.1, 0.9, 0.3, 0.2, 0.1])
    training.begin_round(20, scored=True)
    assert train(training, *build(training, loss=failing), 20, score=score) == "interrupted"
    theta, kept = training.kept()
    np.testing.assert_array_equal(theta, training.optimizer.thetas[4 * epoch])
    assert kept == epoch


@pytest.mark.parametrize("error", [ValueError, SystemExit, MemoryError])
def test_no_other_error_is_swallowed(error):
    training = begin("sgd")
    with pytest.raises(error):
        train(training, *build(training, loss=Failing(at=2, error=error)), 20)
