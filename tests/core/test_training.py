import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
import textbook
from doubles import Callbacks, Failing, FakeEngine, FakeEngineOfManyEpochs, Scorer, Spy

from skshallow.core.activations import ACTIVATIONS
from skshallow.core.batches import Batches, Inputs
from skshallow.core.engine import NumpyEngine
from skshallow.core.initializers import INITIALIZERS, initialize
from skshallow.core.input_scaling import InputScaling
from skshallow.core.learning_rate import LearningRate
from skshallow.core.losses import LOSSES
from skshallow.core.network import Dropout, Network
from skshallow.core.optimizers import OPTIMIZERS
from skshallow.core.parameters import Layout, Parameters
from skshallow.core.schedules import SCHEDULES
from skshallow.core.standardization import Standardization, TargetStandardization
from skshallow.core.training import EarlyStopping, TrainingState, fit_epochs

M, N0, N1 = 40, 3, 4
PATIENCE = 3


def data(seed=0, m=M):
    """A noisy binary problem: X (m, n0), Y (1, m)."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, N0))
    return X, (X[:, 0] * X[:, 1] + 0.5 * rng.standard_normal(m) > 0).astype(float)[None]


def begin(optimizer="gd", schedule="constant", *, activation="tanh", learning_rate=0.1, tol=0.0):
    """A state about to be trained, with random weights."""
    rng, activation = np.random.default_rng(0), ACTIVATIONS[activation]()
    parameters = Parameters.zeros(Layout(N0, N1, 1, learned=activation.learned is not None))
    initialize(parameters, INITIALIZERS["xavier"], activation, rng)
    rate = LearningRate(learning_rate, SCHEDULES[schedule]())
    state = TrainingState(parameters, 0, rng, rate, EarlyStopping(PATIENCE, tol))
    state.use_optimizer(OPTIMIZERS[optimizer]() if isinstance(optimizer, str) else optimizer)
    return state


def begin_call(state, n_epochs, metric=None):
    """The schedule starts anew; ``metric`` says that weights will be scored."""
    rate = replace(state.learning_rate, start=state.epoch, n_epochs=n_epochs)
    state.begin(rate, EarlyStopping(PATIENCE, state.early_stopping.tol), metric)


def engine_of(state, *, activation="tanh", loss=None, size=10, alpha=0.0, dropout=0.0):
    """What computes for a state."""
    dropout = Dropout(dropout, state.rng) if dropout else None
    loss = loss or LOSSES["binary"]()
    activation = ACTIVATIONS[activation]()
    network = Network(state.parameters, activation, loss, alpha=alpha, dropout=dropout)
    X, Y = data()
    return NumpyEngine(state, network, Batches(Inputs(X), Y, None, np.arange(M), size))


def train(state, n_epochs, *, scorer=None, callbacks=None, shuffle=True, **options):
    """The outcome of so many epochs with an engine of its own."""
    look = {"scorer": scorer, "callbacks": callbacks}
    return fit_epochs(state, engine_of(state, **options), n_epochs, shuffle=shuffle, **look)


class LossScorer:
    """Minus the loss over the training set."""

    def __init__(self, engine):
        self.engine = engine

    def validation_loss(self):
        self.loss = self.engine.mean_loss(self.engine.batches)
        return self.loss

    def score(self):
        return -self.loss


# The notes' loop


@pytest.mark.parametrize("size", [M, 7])
@pytest.mark.parametrize("activation", [a for a in ACTIVATIONS if not ACTIVATIONS[a].learned])
def test_gd_takes_exactly_the_steps_of_the_notes(activation, size):
    state = begin("gd", activation=activation, learning_rate=0.5)
    (X, Y), start = data(), [view.copy() for view in textbook.layers(state.parameters)]
    assert train(state, 30, activation=activation, size=size).reason == "finished"
    pair, output = textbook.ACTIVATIONS[activation], textbook.OUTPUTS["binary"]
    layers, costs = textbook.gradient_descent(X.T, Y, *start, pair, output, 0.5, 30)
    for ours, theirs in zip(textbook.layers(state.parameters), layers, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(state.history.losses, costs, rtol=1e-10)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS.keys() - {"gd"}))
def test_an_epoch_is_one_step_for_each_batch(name):
    state = begin(name, learning_rate=0.01)
    (X, Y), rival = data(), begin(name, learning_rate=0.01)
    train(state, 2, size=10, shuffle=False)
    network = engine_of(rival).network
    for start in [0, 10, 20, 30] * 2:
        rows = slice(start, start + 10)
        network.loss_and_gradient(X[rows].T, Y[:, rows])
        rival.optimizer.step(rival.theta, network.gradient.theta, 0.01)
    np.testing.assert_array_equal(state.theta, rival.theta)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_lowers_the_objective(name):
    state = begin(name, learning_rate=0.05)
    engine = engine_of(state, alpha=0.01)
    before = engine.mean_loss(engine.batches) + engine.penalty()
    fit_epochs(state, engine, 60)
    assert engine.mean_loss(engine.batches) + engine.penalty() < before


def test_history_tells_loss_and_penalty_apart():
    state = begin("gd")
    engine = engine_of(state, size=M, alpha=0.3)
    expected = []
    for _ in range(4):
        weights = [state.parameters.W1, state.parameters.W2]
        penalty = 0.3 / 2 * sum(np.sum(W**2) for W in weights)
        expected.append((engine.mean_loss(engine.batches), penalty))
        fit_epochs(state, engine, 1)
    history = state.history
    np.testing.assert_allclose([history.losses, history.penalties], np.transpose(expected))
    assert history.scores == [None] * 4
    assert state.epoch == 4


# Going on


@pytest.mark.parametrize("pickled", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_ten_epochs_and_ten_more_are_twenty(name, dropout, pickled):
    whole, parts = begin(name), begin(name)
    train(whole, 20, dropout=dropout)
    train(parts, 10, dropout=dropout)
    parts = pickle.loads(pickle.dumps(parts)) if pickled else parts
    train(parts, 10, dropout=dropout)
    np.testing.assert_array_equal(parts.theta, whole.theta)
    assert parts.history == whole.history


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_same_seed_gives_the_same_bits(name):
    one, other = begin(name), begin(name)
    for state in (one, other):
        train(state, 5, dropout=0.3)
    np.testing.assert_array_equal(one.theta, other.theta)


def test_without_shuffle_no_random_number_is_drawn():
    state = begin("sgd")
    before = state.rng.bit_generator.state
    train(state, 3, shuffle=False)
    assert state.rng.bit_generator.state == before


# Stopping


@pytest.mark.parametrize("rises", [1, 2, 6])
def test_training_stops_after_exactly_n_iter_no_change_epochs_without_a_rise(rises):
    state = begin("sgd")
    scorer = Scorer(state, [*range(rises), *[rises - 1] * 50])
    begin_call(state, 60, metric="accuracy")
    assert train(state, 60, scorer=scorer).reason == "early_stopped"
    assert state.epoch == len(scorer.seen) == rises + PATIENCE


def test_a_rise_at_the_last_moment_starts_the_count_anew():
    state = begin("sgd")
    scorer = Scorer(state, [0, 0, 0, 1, 1, 1, 1, 9])
    begin_call(state, 60, metric="accuracy")
    assert train(state, 60, scorer=scorer).reason == "early_stopped"
    assert state.epoch == 7


def test_a_rise_of_no_more_than_tol_is_none():
    state = begin("sgd", tol=0.25)
    scorer = Scorer(state, [0, 0.25, 0.5, 0.75, 1.0])  # each 0.25 above the one before
    begin_call(state, 60, metric="accuracy")
    assert train(state, 60, scorer=scorer).reason == "early_stopped"
    assert state.epoch == 1 + PATIENCE


def test_a_score_that_is_not_a_number_is_no_rise():
    state = begin("sgd")
    scorer = Scorer(state, [1.0, *[math.nan] * 9])
    begin_call(state, 60, metric="accuracy")
    outcome = train(state, 60, scorer=scorer)
    assert outcome.reason == "early_stopped"
    assert state.epoch == 1 + PATIENCE
    np.testing.assert_array_equal(outcome.weights, scorer.seen[0])


def test_the_weights_with_the_best_score_are_kept():
    state = begin("sgd")
    scorer = Scorer(state, [0.1, 0.2, 0.9, 0.5, 0.9, 0.3])
    begin_call(state, 60, metric="accuracy")
    outcome = train(state, 60, scorer=scorer)
    np.testing.assert_array_equal(outcome.weights, scorer.seen[2])  # the first of equals
    assert outcome.epoch == 3
    assert state.history.scores == [0.1, 0.2, 0.9, 0.5, 0.9, 0.3]


def test_without_a_score_all_epochs_are_taken_and_the_last_weights_are_kept():
    state = begin("sgd", learning_rate=0.0)  # the loss stands still
    outcome = train(state, 20)
    assert outcome.reason == "finished"
    assert outcome.weights is state.theta
    assert outcome.epoch == state.epoch == 20


def test_scores_of_another_call_are_not_compared_with_losses():
    state = begin("sgd")
    train(state, 2)
    scorer = Scorer(state, [-9.0, -8.0])
    begin_call(state, 2, metric="accuracy")
    outcome = train(state, 2, scorer=scorer)
    np.testing.assert_array_equal(outcome.weights, scorer.seen[1])


def test_callbacks_see_every_epoch_and_may_stop():
    state, callbacks = begin("sgd"), Callbacks(at=4)
    assert train(state, 20, callbacks=callbacks).reason == "stopped"
    assert state.epoch == 4
    assert callbacks.calls == ["begin", "end"] * 4


# Schedules


def test_cosine_goes_from_the_rate_to_nearly_nothing_step_by_step():
    state = begin(Spy(), "cosine")
    begin_call(state, 10)
    train(state, 10, size=10)
    t = np.arange(40) / 40
    np.testing.assert_allclose(state.optimizer.rates, 0.1 * np.cos(t * np.pi / 2) ** 2)
    assert state.optimizer.rates[-1] < 0.1 / 500


def test_a_new_call_takes_the_cosine_from_its_start():
    state = begin(Spy(), "cosine")
    for epochs in (3, 5):
        begin_call(state, epochs)
        train(state, epochs, size=10)
    rates = np.array(state.optimizer.rates)
    assert rates[0] == rates[12] == 0.1
    assert rates[-1] < 0.1 / 100


def test_adaptive_takes_a_fifth_when_nothing_improves_and_stops_at_the_thousandth():
    state = begin(Spy(), "adaptive")
    scorer = Scorer(state, [0.0] * 99)
    begin_call(state, 99, metric="accuracy")
    assert train(state, 99, size=M, scorer=scorer).reason == "early_stopped"
    stages = [1 + PATIENCE, *[PATIENCE] * 4]  # the very first score is a rise
    expected = np.repeat(0.1 / 5.0 ** np.arange(5), stages)
    np.testing.assert_allclose(state.optimizer.rates, expected)


def test_adaptive_looks_at_the_loss_where_there_is_no_score():
    state = begin(Spy(), "adaptive", tol=1e9)  # no progress is enough
    assert train(state, 99, size=M).reason == "early_stopped"
    assert state.epoch == 1 + 5 * PATIENCE


# Divergence


@pytest.mark.parametrize("size", [10, M])
@pytest.mark.parametrize("scored", [False, True])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_after_a_divergence_the_weights_are_sane(name, scored, size):
    state = begin(name, learning_rate=1e7, activation="identity")
    engine = engine_of(state, activation="identity", size=size)
    start = engine.mean_loss(engine.batches)
    begin_call(state, 50, metric="loss" if scored else None)
    scorer = LossScorer(engine) if scored else None
    with np.errstate(over="ignore", invalid="ignore"):
        outcome = fit_epochs(state, engine, 50, scorer=scorer)
    assert outcome.reason == "diverged"
    state.theta[...] = outcome.weights
    assert engine.mean_loss(engine.batches) < 10 * (1 + start)
    assert np.abs(state.theta).max() < 1e3


@pytest.mark.parametrize("number", [np.nan, np.inf, 1e30])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_first_loss_that_is_no_sensible_number_ends_training(name, number):
    state, rival = begin(name), begin(name)
    failing = Failing(at=9, number=number)  # in the third epoch
    assert train(state, 20, loss=failing, size=10).reason == "diverged"
    assert failing.calls <= 12
    assert state.epoch == 2
    assert np.isfinite(state.theta).all()
    train(rival, 2)
    assert state.history == rival.history


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_first_loss_that_is_no_number_leaves_the_weights_as_they_were(name):
    state = begin(name)
    before = state.theta.copy()
    failing = Failing(at=1, number=np.nan)
    assert train(state, 20, loss=failing).reason == "diverged"
    np.testing.assert_array_equal(state.theta, before)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_after_a_divergence_the_optimiser_has_no_past(name):
    state = begin(name)
    train(state, 20, loss=Failing(at=9, number=np.nan), size=10)
    fresh = begin(name)
    fresh.theta[...] = state.theta
    fresh.optimizer.reset(fresh.theta)
    for t in (state, fresh):
        train(t, 2, shuffle=False)
    np.testing.assert_array_equal(state.theta, fresh.theta)


@pytest.mark.parametrize(("at", "epoch"), [(10, 2), (11, 2), (14, 2)])
def test_a_divergence_in_mid_epoch_keeps_the_best_weights_scored_before_it(at, epoch):
    state, failing = begin(Spy()), Failing(at, number=np.nan)
    thetas = state.optimizer.thetas
    scorer = Scorer(state, [0.1, 0.9, 0.3, 0.2])
    begin_call(state, 20, metric="accuracy")
    outcome = train(state, 20, loss=failing, scorer=scorer)
    assert outcome.reason == "diverged"
    np.testing.assert_array_equal(outcome.weights, thetas[4 * epoch])
    assert outcome.epoch == epoch


@pytest.mark.parametrize("at", [5, 6, 9, 10, 13])  # 5, 9 and 13 are first steps of an epoch
def test_score_and_epoch_belong_to_the_weights_kept_after_a_divergence(at):
    state, failing = begin(Spy()), Failing(at, number=np.nan)
    thetas = state.optimizer.thetas
    scorer = Scorer(state, [0.1, 0.2, 0.3, 0.4])
    begin_call(state, 20, metric="accuracy")
    outcome = train(state, 20, loss=failing, scorer=scorer)
    assert outcome.reason == "diverged"
    np.testing.assert_array_equal(outcome.weights, thetas[4 * outcome.epoch])
    scores = [-math.inf, *state.history.scores]  # the first weights score lowest
    assert state.checkpoint.score == scores[outcome.epoch]


def test_a_loss_that_rises_within_reason_is_no_divergence():
    state = begin("sgd")
    failing = Failing(at=9, number=100.0)
    assert train(state, 5, loss=failing).reason == "finished"


def test_a_loss_that_starts_below_zero_is_no_divergence():
    class Shifted(LOSSES["binary"]):
        def value(self, Z2, Y):
            return super().value(Z2, Y) - 5

    assert train(begin("sgd"), 5, loss=Shifted()).reason == "finished"


# Interruption


def test_a_keyboard_interrupt_in_callbacks_keeps_the_epoch_done():
    state, callbacks = begin(Spy()), Callbacks(at=3, error=KeyboardInterrupt)
    outcome = train(state, 20, callbacks=callbacks)
    assert outcome.reason == "interrupted"
    assert state.epoch == 3
    np.testing.assert_array_equal(outcome.weights, state.optimizer.thetas[12])


@pytest.mark.parametrize("at", [1, 2, 11])
def test_a_keyboard_interrupt_in_a_step_keeps_the_steps_done(at):
    state, failing = begin(Spy()), Failing(at, error=KeyboardInterrupt)
    outcome = train(state, 20, loss=failing)
    assert outcome.reason == "interrupted"
    np.testing.assert_array_equal(outcome.weights, state.optimizer.thetas[at - 1])


@pytest.mark.parametrize(("at", "epoch"), [(1, 0), (4, 0), (5, 1), (20, 2)])
def test_a_keyboard_interrupt_keeps_the_best_weights_scored_so_far(at, epoch):
    state, failing = begin(Spy()), Failing(at, error=KeyboardInterrupt)
    scorer = Scorer(state, [0.1, 0.9, 0.3, 0.2, 0.1])
    begin_call(state, 20, metric="accuracy")
    outcome = train(state, 20, loss=failing, scorer=scorer)
    assert outcome.reason == "interrupted"
    np.testing.assert_array_equal(outcome.weights, state.optimizer.thetas[4 * epoch])
    assert outcome.epoch == epoch


@pytest.mark.parametrize("error", [ValueError, SystemExit, MemoryError])
def test_no_other_error_is_swallowed(error):
    state = begin("sgd")
    with pytest.raises(error):
        train(state, 20, loss=Failing(at=2, error=error))


# The loop alone, with an engine that does not compute


def bare(schedule="constant", **options):
    """A state whose parameters are all zero; an optimizer that notes its resets."""
    state = begin(Spy(), schedule, **options)
    state.theta[...] = 0
    return state


def test_every_epoch_lies_between_its_two_callbacks():
    state, callbacks, told = bare(), Callbacks(), []
    engine = FakeEngine(state)
    engine.run_epoch = lambda *given: (told.append(list(callbacks.calls)), np.ones(3))[1]
    assert fit_epochs(state, engine, 3, callbacks=callbacks).reason == "finished"
    assert callbacks.calls == ["begin", "end"] * 3
    assert told == [["begin", "end"] * epoch + ["begin"] for epoch in range(3)]


def test_the_epochs_line_is_written_before_the_callbacks_are_told():
    state, lines = bare(), []
    callbacks = Callbacks()
    callbacks.end_epoch = lambda: lines.append(state.history.losses[-1])
    fit_epochs(state, FakeEngine(state, [3.0, 2.0]), 2, callbacks=callbacks)
    assert lines == pytest.approx([3.0, 2.0])


@pytest.mark.parametrize("scored", [False, True])
def test_callbacks_stop_after_their_epoch(scored):
    state = bare()
    begin_call(state, 20, metric="accuracy" if scored else None)
    engine, scorer = FakeEngine(state), Scorer(state, [5, 9, 7, 8]) if scored else None
    outcome = fit_epochs(state, engine, 20, scorer=scorer, callbacks=Callbacks(at=4))
    assert outcome.reason == "stopped"
    assert state.epoch == len(engine.orders) == 4
    assert outcome.epoch == (2 if scored else 4)
    np.testing.assert_array_equal(outcome.weights, np.full_like(state.theta, outcome.epoch))


@pytest.mark.parametrize("n_iter_no_change", [2, 5])
@pytest.mark.parametrize("best", [1, 3, 7])
@pytest.mark.parametrize("later", ["noisy", "falling", "equal"])
def test_if_the_score_is_noisy_the_rate_falls_before_training_stops(later, best, n_iter_no_change):
    state, n_epochs = bare("cosine"), 99
    begin_call(state, n_epochs, "accuracy")
    state.early_stopping.n_iter_no_change = n_iter_no_change
    state.learning_rate.epochs_left = n_epochs
    engine = FakeEngine(state)
    scores = {"noisy": [-2, -1] * 50, "falling": range(0, -99, -1), "equal": [best - 1] * 99}
    scorer = Scorer(state, [*range(best), *scores[later]])
    outcome = fit_epochs(state, engine, n_epochs, scorer=scorer)
    assert outcome.reason == "early_stopped"
    waited = n_iter_no_change + 2 * n_iter_no_change * (later == "noisy")
    assert (state.epoch, outcome.epoch) == (best + waited, best)
    rates = np.concatenate(engine.rates)
    assert (np.diff(rates) <= 0).all()
    assert (rates[-1] < 0.3 * rates[0]) == (later == "noisy")


@pytest.mark.parametrize(("scores", "noisy"), [([0, -1, 1, 0], True), ([0, 1, 2, 1], False)])
def test_noise_before_the_best_score_counts_too(scores, noisy):
    state = bare("cosine")
    begin_call(state, 99, "accuracy")
    state.early_stopping.n_iter_no_change, state.learning_rate.epochs_left = 2, 99
    scorer = Scorer(state, [*scores[:3], *[scores[3]] * 99])
    fit_epochs(state, FakeEngine(state), 99, scorer=scorer)
    assert (state.learning_rate.shortened is not None) == noisy


def test_after_a_cool_down_nothing_is_left_of_its_waiting():
    state = bare("cosine")
    begin_call(state, 99, "accuracy")
    state.learning_rate.epochs_left = 99
    fit_epochs(state, FakeEngine(state), 7, scorer=Scorer(state, [0, -2, -1] * 33))
    assert state.learning_rate.shortened is not None
    assert state.early_stopping.epochs_without_improvement > 0
    state.end()
    assert state.learning_rate.shortened is None
    rule = state.early_stopping
    assert (rule.epochs_without_improvement, rule.has_fallen, rule.is_noisy) == (0, False, False)


@pytest.mark.parametrize("n_iter_no_change", [1, 3])
def test_noise_below_tol_is_none(n_iter_no_change):
    state = bare("cosine", tol=2.0)
    begin_call(state, 99, "accuracy")
    state.early_stopping.n_iter_no_change = n_iter_no_change
    state.learning_rate.epochs_left = 99
    fit_epochs(state, FakeEngine(state), 99, scorer=Scorer(state, [0, -2, -1] * 33))
    assert state.epoch == 1 + n_iter_no_change


@pytest.mark.parametrize("n_iter_no_change", [1, 2, 5])
@pytest.mark.parametrize("best", [1, 3, 7])
def test_early_stopping_is_exact_and_keeps_the_best(best, n_iter_no_change):
    state = bare()
    state.begin(state.learning_rate, EarlyStopping(n_iter_no_change, 0.0), "accuracy")
    scorer = Scorer(state, [*range(best), *[best - 1] * 99])  # equal is no rise
    outcome = fit_epochs(state, FakeEngine(state), 99, scorer=scorer)
    assert outcome.reason == "early_stopped"
    assert state.epoch == best + n_iter_no_change
    assert (outcome.epoch, state.checkpoint.score) == (best, best - 1)
    np.testing.assert_array_equal(outcome.weights, np.full_like(state.theta, best))


def test_two_calls_are_one():
    whole, parts = bare("cosine"), bare("cosine")
    losses, scores = [5.0, 4.0, 3.0, 6.0, 2.0, 1.0], [1, 2, 3, 1, 4, 2]
    engines = [FakeEngine(whole, losses), FakeEngine(parts, losses)]
    scorers = [Scorer(whole, scores), Scorer(parts, scores)]
    for state in (whole, parts):
        begin_call(state, 6, metric="accuracy")
    ends = [fit_epochs(whole, engines[0], 6, scorer=scorers[0])]
    fit_epochs(parts, engines[1], 2, scorer=scorers[1])
    ends.append(fit_epochs(parts, engines[1], 4, scorer=scorers[1]))
    assert whole.history == parts.history
    assert whole.early_stopping == parts.early_stopping
    np.testing.assert_array_equal(engines[0].orders, engines[1].orders)
    np.testing.assert_array_equal(engines[0].rates, engines[1].rates)
    assert ends[0].epoch == ends[1].epoch == 5
    np.testing.assert_array_equal(ends[0].weights, ends[1].weights)


def test_history_has_a_line_an_epoch_and_the_mean_weighs_batches_by_their_examples():
    state = bare()
    losses = [[1.0, 2.0, 3.0], [2.0, 0.0, 1.0]]
    fit_epochs(state, FakeEngine(state, losses), 2)
    assert state.history.losses == pytest.approx([0.4 + 0.6 + 0.9, 0.8 + 0.3])
    assert state.history.penalties == [0.0, 1 / 8]  # of the weights that the epoch began with
    assert state.history.scores == [None, None]
    assert state.history.initial_loss == 1.0


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_rates_are_the_learning_rate_times_the_factors_of_the_schedule(schedule):
    state = bare(schedule, learning_rate=0.2)
    engine = FakeEngine(state, [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0])  # nothing to lower a rate for
    fit_epochs(state, engine, 2)
    begin_call(state, 5)
    fit_epochs(state, engine, 5)
    factors = [SCHEDULES[schedule]().factors(epoch, engine.n_steps, 5) for epoch in range(5)]
    np.testing.assert_array_equal(engine.rates[2:], 0.2 * np.array(factors))


def test_every_epoch_has_a_permutation_of_its_own():
    state = bare()
    engine = FakeEngine(state)
    fit_epochs(state, engine, 4)
    np.testing.assert_array_equal(np.sort(engine.orders), [np.arange(10)] * 4)
    assert len({tuple(order) for order in engine.orders}) == 4


@pytest.mark.parametrize("n_steps", [1, 3])
def test_there_is_no_order_without_shuffle_or_where_one_step_takes_all(n_steps):
    state = bare()
    engine, before = FakeEngine(state), state.rng.bit_generator.state
    engine.n_steps, engine.shares = n_steps, np.full(n_steps, 1 / n_steps)
    fit_epochs(state, engine, 3, shuffle=n_steps == 1)
    assert engine.orders == [None] * 3
    assert state.rng.bit_generator.state == before


@pytest.mark.parametrize("loss", [np.nan, np.inf, -np.inf, 301.0, [2.0, np.nan, 2.0]])
def test_a_divergence_goes_back_to_the_weights_with_the_least_loss(loss):
    state = bare()
    engine = FakeEngine(state, [2.0, 1.0, 2.0, loss])  # measured on theta = 0, 1, 2, 3
    outcome = fit_epochs(state, engine, 9)
    assert outcome.reason == "diverged"
    assert (outcome.epoch, state.epoch) == (1, 3)
    assert state.history.losses == pytest.approx([2.0, 1.0, 2.0])
    for theta in (outcome.weights, state.theta):
        np.testing.assert_array_equal(theta, np.ones_like(theta))
    assert state.optimizer.resets == 2  # the first when it was chosen


def test_a_divergence_goes_back_to_the_weights_with_the_best_score():
    state = bare()
    begin_call(state, 9, metric="accuracy")
    engine = FakeEngine(state, [2.0, 1.0, 2.0, np.nan])
    outcome = fit_epochs(state, engine, 9, scorer=Scorer(state, [7, 9, 8]))
    assert (outcome.reason, outcome.epoch) == ("diverged", 2)
    for theta in (outcome.weights, state.theta):
        np.testing.assert_array_equal(theta, np.full_like(theta, 2))
    assert state.checkpoint.score == 9
    assert state.optimizer.resets == 2


@pytest.mark.parametrize("validation_loss", [np.nan, np.inf, 301.0])
def test_an_absurd_validation_loss_is_a_divergence_and_its_weights_are_not_scored(validation_loss):
    state = bare()
    begin_call(state, 9, metric="accuracy")
    scorer = Scorer(state, [7, 9], losses=[1.0, 1.0, validation_loss])  # the first before all steps
    outcome = fit_epochs(state, FakeEngine(state, [2.0, 1.0]), 9, scorer=scorer)
    assert (outcome.reason, outcome.epoch, len(scorer.seen)) == ("diverged", 1, 1)


def test_the_first_loss_of_each_call_says_anew_what_is_absurd():
    state = bare()
    assert fit_epochs(state, FakeEngine(state, [0.0]), 1).reason == "finished"
    assert fit_epochs(state, FakeEngine(state, [1e6, 1e7]), 2).reason == "finished"
    assert state.history.initial_loss == 0.0  # the very first, for good


@pytest.mark.parametrize("first", [np.nan, np.inf])
def test_a_divergence_at_once_leaves_the_weights_as_they_were(first):
    state = bare()
    outcome = fit_epochs(state, FakeEngine(state, [first]), 9)
    assert (outcome.reason, outcome.epoch, state.epoch) == ("diverged", 0, 0)
    assert not outcome.weights.any()
    assert not state.theta.any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("scored", [False, True])
def test_weights_that_are_no_numbers_after_the_last_epoch_are_a_divergence(scored, bad):
    """No loss tells of them: each is measured before the steps that follow it."""
    state = bare()
    begin_call(state, 3, metric="accuracy" if scored else None)
    engine = FakeEngine(state, [3.0, 2.0, 1.0], moves=[1.0, 1.0, bad])
    scorer = Scorer(state, [1, 2, 3]) if scored else None
    outcome = fit_epochs(state, engine, 3, scorer=scorer)
    assert outcome.reason == "diverged"
    assert np.isfinite(outcome.weights).all()
    assert np.isfinite(state.theta).all()
    assert outcome.epoch == state.epoch == len(state.history.losses) == 2
    assert state.optimizer.resets == 2


def test_one_number_among_all_weights_is_enough():
    state = bare()
    move = np.ones_like(state.theta)
    move[-1] = np.nan
    assert fit_epochs(state, FakeEngine(state, moves=[move]), 1).reason == "diverged"


@pytest.mark.parametrize(
    "losses", [[], [5.0, 4.0, 6.0], [5, 4, 3, 6, np.nan, 1], [np.nan], [2.0] * 5 + [1e9], [1e9]]
)
@pytest.mark.parametrize("moves", [[], [1, 2, np.inf, 4], [1] * 9 + [np.nan]], ids=str)
def test_epochs_of_one_call_are_those_of_as_many_calls(losses, moves):
    states, outcomes = [bare("cosine"), bare("cosine")], []
    for state, kind in zip(states, (FakeEngine, FakeEngineOfManyEpochs), strict=True):
        begin_call(state, 10)
        outcomes.append(fit_epochs(state, kind(state, losses, moves), 10))
    one_by_one, together = outcomes
    assert together.reason == one_by_one.reason
    assert together.epoch == one_by_one.epoch
    np.testing.assert_array_equal(together.weights, one_by_one.weights)
    assert states[1].history == states[0].history
    np.testing.assert_array_equal(
        states[1].checkpoint.best_weights, states[0].checkpoint.best_weights
    )
    assert states[1].learning_rate == states[0].learning_rate
    assert states[1].rng.bit_generator.state == states[0].rng.bit_generator.state


def test_ctrl_c_in_a_call_of_several_epochs_leaves_what_was_before_it():
    state = bare()
    begin_call(state, 10)
    engine = FakeEngineOfManyEpochs(state, [1.0] * 6 + [KeyboardInterrupt()])
    outcome = fit_epochs(state, engine, 10)
    assert (outcome.reason, outcome.epoch, state.epoch) == ("interrupted", 4, 4)
    np.testing.assert_array_equal(outcome.weights, np.full_like(state.theta, 4))


def test_one_call_takes_no_more_epochs_than_there_are():
    state = bare()
    begin_call(state, 10)
    engine = FakeEngineOfManyEpochs(state)
    fit_epochs(state, engine, 10)
    assert engine.calls == [4, 4, 2]


@pytest.mark.parametrize("looks", ["scorer", "callbacks", "adaptive"])
def test_whoever_looks_at_every_epoch_finds_its_weights(looks):
    state = bare("adaptive" if looks == "adaptive" else "constant")
    begin_call(state, 10, metric="accuracy" if looks == "scorer" else None)
    engine = FakeEngineOfManyEpochs(state)
    look = {"scorer": Scorer(state, range(10)), "callbacks": Callbacks()}
    fit_epochs(state, engine, 10, **{name: look[name] for name in look if name == looks})
    assert engine.calls == []
    assert len(engine.orders) == 10


def test_an_interrupt_in_an_epoch_keeps_its_steps_but_writes_no_line():
    state, callbacks = bare(), Callbacks()
    engine = FakeEngine(state, [1.0, 1.0, KeyboardInterrupt()])
    outcome = fit_epochs(state, engine, 9, callbacks=callbacks)
    assert (outcome.reason, outcome.epoch, state.epoch) == ("interrupted", 2, 2)
    assert callbacks.calls == ["begin", "end", "begin", "end", "begin"]
    assert outcome.weights is state.theta
    np.testing.assert_array_equal(state.theta, np.full_like(state.theta, 3))
    assert state.optimizer.resets == 1  # its momentum is fine


def test_an_interrupt_amid_absurd_weights_goes_back():
    state = bare()
    engine = FakeEngine(state, [2.0, 1.0, KeyboardInterrupt()], moves=[1.0, 1.0, np.nan])
    outcome = fit_epochs(state, engine, 9)
    assert (outcome.reason, outcome.epoch) == ("interrupted", 1)
    np.testing.assert_array_equal(state.theta, np.ones_like(state.theta))
    assert state.optimizer.resets == 2


def test_best_weights_are_scored_anew_when_the_metric_has_changed():
    state = bare()
    begin_call(state, 2, metric="accuracy")
    fit_epochs(state, FakeEngine(state), 2, scorer=Scorer(state, [0.9, 0.8]))
    begin_call(state, 2, metric="loss")
    scorer = Scorer(state, [-5.0, -7.0, -6.0])
    state.rescore_checkpoint(scorer)
    np.testing.assert_array_equal(state.theta, np.full_like(state.theta, 2))  # as before
    outcome = fit_epochs(state, FakeEngine(state), 2, scorer=scorer)
    assert (outcome.epoch, state.checkpoint.score) == (1, -5.0)
    np.testing.assert_array_equal(scorer.seen[0], outcome.weights)


# Going back, and another footing


@pytest.mark.parametrize("networks", [1, 2])
def test_the_kept_weights_change_their_footing_too(networks):
    rng = np.random.default_rng(0)
    parameters = Parameters.zeros(Layout(N0, networks * N1, 2, networks=networks))
    state = TrainingState(parameters, 0, rng, None, EarlyStopping(PATIENCE, 0.0))
    X, A1 = rng.standard_normal((N0, 5)), rng.standard_normal((N1, 5))
    inputs = [Standardization(*rng.uniform(1, 2, (2, N0, 1))) for _ in range(2)]
    columns = [rng.uniform(1, 2, (2, 1)) for _ in range(4)]
    targets = [TargetStandardization(b, a, a, b) for a, b in (columns[:2], columns[2:])]

    def raw(theta, of_inputs, of_targets):
        p, each = parameters.views_of(theta), parameters.layout.by_network
        Z2 = [W2 @ A1 + b2 for W2, b2 in zip(each(p.W2), each(p.b2), strict=True)]
        return p.W1 @ of_inputs.apply(X.copy()) + p.b1, [of_targets.raw_scores(Z) for Z in Z2]

    state.theta[...] = rng.standard_normal(state.theta.size)
    state.checkpoint.update(1.0, 0, rng.standard_normal(state.theta.size))
    thetas = state.theta, state.checkpoint.best_weights
    before = [raw(theta, inputs[0], targets[0]) for theta in thetas]
    state.change_scales((inputs[0], targets[0]), (inputs[1], targets[1]))
    for theta, (Z1, Z2) in zip(thetas, before, strict=True):
        after = raw(theta, inputs[1], targets[1])
        np.testing.assert_allclose(after[0], Z1, rtol=1e-10)
        np.testing.assert_allclose(after[1], Z2, rtol=1e-10)
    unchanged = state.theta.copy()
    state.change_scales((None, None), (None, None))
    np.testing.assert_array_equal(state.theta, unchanged)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("before", [0, 3])
def test_what_was_undone_and_done_again_is_what_was_done(before, optimizer):
    state = begin(optimizer, "adaptive")
    state.use_optimizer(state.optimizer, InputScaling(2.0))
    train(state, before)
    snapshot = state.snapshot()
    ends = []
    for _ in range(2):
        train(state, 4)
        ends.append((state.theta.copy(), state.checkpoint.best_weights, vars(state.history).copy()))
        ends[-1][-1].update(
            {name: list(getattr(state.history, name)) for name in ("losses", "scores")}
        )
        state.go_back(snapshot)
        assert state.epoch == len(state.history.penalties) == len(state.history.scores) == before
        assert (state.history.initial_loss is None) == (before == 0)
        snapshot = state.snapshot()
    np.testing.assert_array_equal(ends[0][0], ends[1][0])
    np.testing.assert_array_equal(ends[0][1], ends[1][1])
    assert ends[0][2]["losses"] == ends[1][2]["losses"]


def test_inputs_that_are_scaled_already_keep_the_past_of_their_scales():
    state, old, new = begin("adam"), InputScaling(2.0), InputScaling(3.0)
    for given, expected in ((old, old), (new, old), (None, None), (None, None), (new, new)):
        state.use_input_scaling(given)
        assert state.input_scaling is expected
