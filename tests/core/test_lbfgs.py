import numpy as np
import pytest
from doubles import Failing, Watch
from scipy.optimize import check_grad, minimize

from skshallow.core.activations import ACTIVATIONS
from skshallow.core.batches import Batches
from skshallow.core.inputs import Inputs
from skshallow.core.lbfgs import train_lbfgs
from skshallow.core.losses import LOSSES
from skshallow.core.network import Network
from skshallow.core.optimizers import GradientDescent
from skshallow.core.parameters import Parameters
from skshallow.core.schedules import SCHEDULES
from skshallow.core.training import Patience, Training, train

M, N0, N1, ALPHA = 60, 4, 3, 0.1
PATIENCE = 3


def data():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((M, N0))
    noise = rng.standard_normal(M)
    return X, (X @ [1.0, -2.0, 0.5, 0.0] + noise > 0.3).astype(float)[None]


def begin(activation="identity", *, dtype=np.float64, size=M, loss=None, optimizer=None):
    """(training, network, batches) with random weights."""
    rng, activation = np.random.default_rng(1), ACTIVATIONS[activation]()
    learns = activation.learned is not None
    parameters = Parameters.zeros(N0, N1, 1, learns=learns, dtype=dtype)
    parameters.theta[...] = rng.standard_normal(parameters.theta.size) * 0.5
    patience = Patience(PATIENCE, 0.0)
    training = Training(parameters, optimizer, SCHEDULES["constant"](), patience, rng, 0.5)
    network = Network(parameters, activation, loss or LOSSES["binary"](), alpha=ALPHA)
    X, Y = (array.astype(dtype) for array in data())
    return training, network, Batches(Inputs(X), Y, None, np.arange(M), size)


def objective(network, batches):
    return network.mean_loss(batches) + network.penalty()


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
    training, network, batches = begin()
    assert train_lbfgs(training, network, batches, 500, 1e-8) == "finished"
    assert objective(network, batches) == pytest.approx(minimum, abs=1e-10)


def test_it_ends_where_long_gradient_descent_ends():
    fast, slow = begin(), begin(optimizer=GradientDescent())
    train_lbfgs(*fast, 500, 1e-8)
    train(*slow, 3000)
    end = objective(*fast[1:])
    assert end == pytest.approx(objective(*slow[1:]), abs=1e-8)
    assert len(fast[0].history.losses) < 100


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_at_the_end_every_derivative_is_below_ten_times_tol(activation):
    training, network, batches = begin(activation)
    before = objective(network, batches)
    ended = train_lbfgs(training, network, batches, 2000, 1e-5)
    network.full_loss_and_gradient(batches)
    slope = np.abs(network.gradient.theta).max()
    smooth = activation not in ("relu", "leaky_relu", "prelu")  # kinks may end the line search
    assert ended == "finished"
    assert slope <= 1e-4 or not smooth
    assert objective(network, batches) < before


def test_chunks_lead_to_the_same_minimum_as_the_whole():
    whole, chunked = begin(), begin(size=7)
    train_lbfgs(*whole, 500, 1e-8)
    train_lbfgs(*chunked, 500, 1e-8)
    assert objective(*whole[1:]) == pytest.approx(objective(*chunked[1:]), abs=1e-10)


def test_history_has_a_line_for_every_iteration_and_never_rises():
    training, network, batches = begin("tanh")
    watch = Watch()
    train_lbfgs(training, network, batches, 30, 1e-10, watch=watch)
    history = training.history
    J = np.add(history.losses, history.penalties)
    assert watch.calls == ["begin", "end"] * training.epoch
    assert (np.diff(J) <= 0).all()
    assert J[-1] == pytest.approx(objective(network, batches), rel=1e-12)
    assert history.penalties[-1] == pytest.approx(network.penalty(), rel=1e-12)


def test_too_few_iterations_are_called_unconverged():
    training, network, batches = begin("tanh")
    assert train_lbfgs(training, network, batches, 4, 1e-10) == "unconverged"
    assert training.epoch == 4


def test_watch_may_stop():
    training, network, batches = begin("tanh")
    watch = Watch(at=3)
    assert train_lbfgs(training, network, batches, 50, 1e-10, watch=watch) == "stopped"
    assert training.epoch == 3
    assert watch.calls == ["begin", "end"] * 3
    end = training.history.losses[-1] + training.history.penalties[-1]
    assert end == pytest.approx(objective(network, batches), rel=1e-12)


def test_patience_is_exact_and_the_best_weights_are_kept():
    training, network, batches = begin("tanh")
    scores, seen = iter([0.1, 0.5, 0.4, 0.5, 0.3, 0.9]), []

    def score():
        seen.append(training.theta.copy())
        return next(scores)

    training.begin_round(50, scored=True)
    assert train_lbfgs(training, network, batches, 50, 1e-10, score=score) == "stalled"
    assert training.epoch == 2 + PATIENCE
    theta, epoch = training.kept()
    np.testing.assert_array_equal(theta, seen[1])
    assert epoch == 2


@pytest.mark.parametrize("where", ["watch", "loss"])
def test_a_keyboard_interrupt_keeps_the_last_iteration(where):
    loss = Failing(at=8, error=KeyboardInterrupt) if where == "loss" else None
    watch = Watch(at=3, error=KeyboardInterrupt) if where == "watch" else None
    training, network, batches = begin("tanh", loss=loss)
    start = objective(network, batches)
    ended = train_lbfgs(training, network, batches, 50, 1e-10, watch=watch)
    assert ended == "interrupted"
    assert training.epoch > 0
    end = training.history.losses[-1] + training.history.penalties[-1]
    assert end == pytest.approx(objective(network, batches), rel=1e-12)
    assert end < start


@pytest.mark.parametrize("at", [1, 2, 8])
def test_a_loss_that_is_not_a_number_ends_it_at_the_last_good_weights(at):
    training, network, batches = begin("tanh", loss=Failing(at))
    start = objective(network, batches)
    assert train_lbfgs(training, network, batches, 50, 1e-10) == "diverged"
    assert np.isfinite(training.theta).all()
    assert objective(network, batches) <= start


def test_a_solver_may_keep_the_gradients_it_is_given(monkeypatch):
    kept = []

    def minimise_and_keep(objective, start, **options):
        kept.extend(objective(start + step)[1] for step in (0, 1))
        return minimize(objective, start, **options)

    monkeypatch.setattr("skshallow.core.lbfgs.minimize", minimise_and_keep)
    training, network, batches = begin("tanh")
    network.full_loss_and_gradient(batches)
    first = network.gradient.theta.copy()
    train_lbfgs(training, network, batches, 5, 1e-10)
    np.testing.assert_allclose(kept[0], first, rtol=1e-10)
    assert not np.allclose(kept[1], first)


def test_float32_stays_float32_and_comes_near_the_minimum():
    single, double = begin(dtype=np.float32), begin()
    train_lbfgs(*single, 500, 1e-6)
    train_lbfgs(*double, 500, 1e-8)
    assert single[0].theta.dtype == single[1].gradient.theta.dtype == np.float32
    assert objective(*single[1:]) == pytest.approx(objective(*double[1:]), rel=1e-5)
