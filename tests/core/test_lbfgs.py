import numpy as np
import pytest
from doubles import Callbacks, Failing, FakeObjective, Scorer
from scipy.optimize import OptimizeResult, check_grad, minimize

from skshallow.core import lbfgs as module
from skshallow.core.activations import ACTIVATIONS
from skshallow.core.batches import Batches, Inputs
from skshallow.core.engine import NumpyEngine
from skshallow.core.lbfgs import minimize_lbfgs
from skshallow.core.learning_rate import LearningRate
from skshallow.core.losses import LOSSES
from skshallow.core.network import Network
from skshallow.core.optimizers import GradientDescent
from skshallow.core.parameters import Layout, Parameters
from skshallow.core.schedules import Constant
from skshallow.core.training import EarlyStopping, TrainingState, fit_epochs

M, N0, N1, ALPHA = 60, 4, 3, 0.1
PATIENCE = 3


def data():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((M, N0))
    noise = rng.standard_normal(M)
    return X, (X @ [1.0, -2.0, 0.5, 0.0] + noise > 0.3).astype(float)[None]


def begin(activation="identity", *, dtype=np.float64, size=M, loss=None, optimizer=None):
    """(state, engine) with random weights."""
    rng, activation = np.random.default_rng(1), ACTIVATIONS[activation]()
    layout = Layout(N0, N1, 1, learned=activation.learned is not None)
    parameters = Parameters.zeros(layout, dtype)
    parameters.theta[...] = rng.standard_normal(parameters.theta.size) * 0.5
    rate, patience = LearningRate(0.5, Constant()), EarlyStopping(PATIENCE, 0.0)
    state = TrainingState(parameters, 0, rng, rate, patience, optimizer)
    network = Network(parameters, activation, loss or LOSSES["binary"](), alpha=ALPHA)
    X, Y = (array.astype(dtype) for array in data())
    return state, NumpyEngine(state, network, Batches(Inputs(X), Y, None, np.arange(M), size))


def minimise(state, engine, max_iter, tol, **look):
    """The outcome of so many iterations on the engine's objective."""
    return minimize_lbfgs(state, engine.objective, max_iter, tol, **look)


def J_of(engine):
    return engine.mean_loss(engine.batches) + engine.penalty()


def test_a_linear_network_reaches_the_minimum_of_its_convex_twin():
    """min |W1|^2 + |W2|^2 over all factors of w = W2 W1 is 2 |w|: J is convex in (w, b)."""
    X, Y = data()

    def twin(v):
        w, b = v[:-1], v[-1]
        z = X @ w + b
        return np.mean(np.logaddexp(0, z) - Y[0] * z) + ALPHA * np.linalg.norm(w)

    def slope(v):
        w, b = v[:-1], v[-1]
        dz = (1 / (1 + np.exp(-(X @ w + b))) - Y[0]) / M
        return np.append(X.T @ dz + ALPHA * w / np.linalg.norm(w), dz.sum())

    start = np.full(N0 + 1, 0.5)
    assert check_grad(twin, slope, start) < 1e-6
    minimum = minimize(twin, start, jac=slope, method="BFGS", options={"gtol": 1e-9}).fun
    state, engine = begin()
    assert minimise(state, engine, 500, 1e-8).reason == "finished"
    assert J_of(engine) == pytest.approx(minimum, abs=1e-10)


def test_it_ends_where_long_gradient_descent_ends():
    fast, slow = begin(), begin(optimizer=GradientDescent())
    minimise(*fast, 500, 1e-8)
    fit_epochs(*slow, 3000)
    end = J_of(fast[1])
    assert end == pytest.approx(J_of(slow[1]), abs=1e-8)
    assert len(fast[0].history.losses) < 100


@pytest.mark.fast(1)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_at_the_end_every_derivative_is_below_ten_times_tol(activation):
    state, engine = begin(activation)
    before = J_of(engine)
    ended = minimise(state, engine, 2000, 1e-5).reason
    engine.objective(state.theta)
    slope = np.abs(engine.network.gradient.theta).max()
    smooth = activation not in ("relu", "leaky_relu", "prelu")  # kinks may end the line search
    assert ended == "finished"
    assert slope <= 1e-4 or not smooth
    assert J_of(engine) < before


def test_blocks_lead_to_the_same_minimum_as_the_whole():
    whole, in_blocks = begin(), begin(size=7)
    minimise(*whole, 500, 1e-8)
    minimise(*in_blocks, 500, 1e-8)
    assert J_of(whole[1]) == pytest.approx(J_of(in_blocks[1]), abs=1e-10)


def test_history_has_a_line_for_every_iteration_and_never_rises():
    state, engine = begin("tanh")
    callbacks = Callbacks()
    minimise(state, engine, 30, 1e-10, callbacks=callbacks)
    history = state.history
    J = np.add(history.losses, history.penalties)
    assert callbacks.calls == ["begin", "end"] * state.epoch
    assert (np.diff(J) <= 0).all()
    assert J[-1] == pytest.approx(J_of(engine), rel=1e-12)
    assert history.penalties[-1] == pytest.approx(engine.penalty(), rel=1e-12)


def test_too_few_iterations_are_called_unconverged():
    state, engine = begin("tanh")
    assert minimise(state, engine, 4, 1e-10).reason == "unconverged"
    assert state.epoch == 4


def test_callbacks_may_stop():
    state, engine = begin("tanh")
    callbacks = Callbacks(at=3)
    assert minimise(state, engine, 50, 1e-10, callbacks=callbacks).reason == "stopped"
    assert state.epoch == 3
    assert callbacks.calls == ["begin", "end"] * 3
    end = state.history.losses[-1] + state.history.penalties[-1]
    assert end == pytest.approx(J_of(engine), rel=1e-12)


def test_patience_is_exact_and_the_best_weights_are_kept():
    state, engine = begin("tanh")
    scorer = Scorer(state, [0.1, 0.5, 0.4, 0.5, 0.3, 0.9])
    state.begin(state.learning_rate, state.early_stopping, "accuracy")
    outcome = minimise(state, engine, 50, 1e-10, scorer=scorer)
    assert outcome.reason == "early_stopped"
    assert state.epoch == 2 + PATIENCE
    np.testing.assert_array_equal(outcome.weights, scorer.seen[1])
    assert outcome.epoch == 2


@pytest.mark.parametrize("where", ["callbacks", "loss"])
def test_a_keyboard_interrupt_keeps_the_last_iteration(where):
    loss = Failing(at=8, error=KeyboardInterrupt) if where == "loss" else None
    callbacks = Callbacks(at=3, error=KeyboardInterrupt) if where == "callbacks" else None
    state, engine = begin("tanh", loss=loss)
    start = J_of(engine)
    outcome = minimise(state, engine, 50, 1e-10, callbacks=callbacks)
    assert outcome.reason == "interrupted"
    assert state.epoch > 0
    end = state.history.losses[-1] + state.history.penalties[-1]
    assert end == pytest.approx(J_of(engine), rel=1e-12)
    assert end < start


@pytest.mark.parametrize("at", [1, 2, 8])
def test_a_loss_that_is_not_a_number_ends_it_at_the_last_good_weights(at):
    state, engine = begin("tanh", loss=Failing(at))
    start = J_of(engine)
    assert minimise(state, engine, 50, 1e-10).reason == "diverged"
    assert np.isfinite(state.theta).all()
    assert J_of(engine) <= start


def test_a_solver_may_keep_the_gradients_it_is_given(monkeypatch):
    kept = []

    def minimise_and_keep(objective, start, **options):
        kept.extend(objective(start + step)[1] for step in (0, 1))
        return minimize(objective, start, **options)

    monkeypatch.setattr("skshallow.core.lbfgs.minimize", minimise_and_keep)
    state, engine = begin("tanh")
    engine.objective(state.theta)
    first = engine.network.gradient.theta.copy()
    minimise(state, engine, 5, 1e-10)
    np.testing.assert_allclose(kept[0], first, rtol=1e-10)
    assert not np.allclose(kept[1], first)


def test_float32_stays_float32_and_comes_near_the_minimum():
    single, double = begin(dtype=np.float32), begin()
    minimise(*single, 500, 1e-6)
    minimise(*double, 500, 1e-8)
    assert single[0].theta.dtype == single[1].network.gradient.theta.dtype == np.float32
    assert J_of(single[1]) == pytest.approx(J_of(double[1]), rel=1e-5)


# The iterations alone, on a bowl in place of a network


def bare(metric=None):
    """A state whose five parameters are all zero."""
    rate, patience = LearningRate(0.5, Constant()), EarlyStopping(PATIENCE, 0.0)
    parameters = Parameters.zeros(Layout(2, 1, 1))
    state = TrainingState(parameters, 0, np.random.default_rng(0), rate, patience)
    state.begin(rate, patience, metric)
    return state


def test_the_bottom_of_the_bowl_is_found_and_written_into_theta():
    state, callbacks = bare(), Callbacks()
    outcome = minimize_lbfgs(state, FakeObjective(), 99, 1e-9, callbacks=callbacks)
    assert outcome.reason == "finished"
    assert outcome.weights is state.theta
    np.testing.assert_allclose(state.theta, 1, atol=1e-7)
    assert callbacks.calls == ["begin", "end"] * state.epoch
    assert state.epoch > 3
    assert state.history.initial_loss == (1 + 4 + 9 + 16 + 25) / 2
    assert state.history.penalties == [0.25] * state.epoch
    assert (np.diff(state.history.losses) < 0).all()


@pytest.mark.parametrize("number", [np.nan, np.inf])
@pytest.mark.parametrize("at", [1, 2, 5])
def test_a_loss_that_is_no_number_goes_back_to_the_last_iteration(at, number):
    state, objective = bare(), FakeObjective(at, number=number)
    outcome = minimize_lbfgs(state, objective, 99, 1e-9)
    assert (outcome.reason, outcome.epoch) == ("diverged", state.epoch)
    assert any(np.array_equal(state.theta, asked) for asked in objective.asked[: at - 1]) or at == 1
    assert np.isfinite(outcome.weights).all()


def test_an_infinite_penalty_is_a_divergence_too():
    state = bare()
    assert minimize_lbfgs(state, FakeObjective(penalty=np.inf), 99, 1e-9).reason == "diverged"
    assert not state.theta.any()


@pytest.mark.parametrize("at", [1, 4])
def test_an_interrupt_inside_the_objective_goes_back_to_the_last_iteration(at):
    state, objective = bare(), FakeObjective(at, error=KeyboardInterrupt)
    outcome = minimize_lbfgs(state, objective, 99, 1e-9)
    assert (outcome.reason, outcome.epoch) == ("interrupted", state.epoch)
    assert not np.array_equal(state.theta, objective.asked[-1]) or at == 1


def test_the_best_scored_iteration_is_kept():
    state = bare("accuracy")
    scorer = Scorer(state, [1, 3, 2, *[0] * 99])
    outcome = minimize_lbfgs(state, FakeObjective(), 99, 1e-9, scorer=scorer)
    assert (outcome.reason, outcome.epoch) == ("early_stopped", 2)
    assert state.epoch == 2 + PATIENCE
    np.testing.assert_array_equal(outcome.weights, scorer.seen[1])


def test_a_second_call_goes_on():
    state = bare()
    assert minimize_lbfgs(state, FakeObjective(), 2, 1e-9).reason == "unconverged"
    assert minimize_lbfgs(state, FakeObjective(), 99, 1e-9).reason == "finished"
    assert state.epoch == len(state.history.losses) > 3
    assert state.history.initial_loss == (1 + 4 + 9 + 16 + 25) / 2


# What SciPy is told, and what it says


@pytest.mark.parametrize("level", [0.0, 99.0, 1e4, -1e4])
def test_j_is_counted_from_its_start_where_that_is_large(level, monkeypatch):
    """FakeObjective begins at J = 27.5 + penalty."""
    told = []

    def minimise_and_note(objective, start, **options):
        told.extend(objective(start + step)[0] for step in (0, 1, 2))
        return minimize(objective, start, **options)

    monkeypatch.setattr(module, "minimize", minimise_and_note)
    minimize_lbfgs(bare(), FakeObjective(penalty=level), 9, 1e-9)
    J = level + np.array([27.5, 0, 27.5])
    np.testing.assert_allclose(told, J - J[0] if abs(J[0]) > module.LARGE else J, rtol=1e-12)


@pytest.mark.parametrize(
    ("status", "slopes", "reason"),
    [
        (0, [0.1, 0.0], "finished"),
        (1, [0.1, 0.0], "unconverged"),
        (2, [0.0, -0.1, 0.0], "line_search_failed"),
        (2, [1e-4, -1e-4], "finished"),  # rounding, where nothing is left to win
    ],
)
def test_a_line_search_has_failed_if_any_derivative_promised_more(status, slopes, reason):
    assert module._reason(OptimizeResult(status=status, jac=np.array(slopes))) == reason


def iterations(tol):
    """After each iteration on the bowl: J, and the largest derivative."""
    state, seen = bare(), []

    class Notes(Callbacks):
        def end_epoch(self):
            J, penalty, gradient = FakeObjective()(state.theta)
            seen.append((J + penalty, np.abs(gradient).max()))

    minimize_lbfgs(state, FakeObjective(), 99, tol, callbacks=Notes())
    return seen


def test_it_ends_as_soon_as_derivatives_or_progress_are_as_small_as_promised():
    path = iterations(1e-15)
    J, slopes = np.array([(27.75, np.inf), *path]).T
    progress = -np.diff(J) / np.maximum(np.maximum(np.abs(J[:-1]), np.abs(J[1:])), 1)
    near = [slope / factor for slope in slopes[3:6] for factor in (9.5, 10.5)]
    for tol in (*near, *np.geomspace(1e-12, 1e-3, 5)):
        least = max(tol / 1_000, 4 * np.finfo(float).eps)
        (ended,) = np.nonzero((slopes[1:] <= 10 * tol) | (progress <= least))
        assert len(iterations(tol)) == ended[0] + 1, tol
