import copy

import numpy as np
import pytest
import textbook
from covering import covered
from scipy.sparse import csr_array

pytest.importorskip("numba")
from skshallow import _threads
from skshallow._compiled import engine as module
from skshallow._compiled.engine import NumbaEngine, run, unsupported
from skshallow.core.activations import ACTIVATIONS, ReLU
from skshallow.core.batches import Batches, Inputs
from skshallow.core.engine import NumpyEngine
from skshallow.core.input_scaling import InputScaling
from skshallow.core.learning_rate import LearningRate
from skshallow.core.losses import LOSSES, SquaredError
from skshallow.core.network import Dropout, Network
from skshallow.core.optimizers import OPTIMIZERS, SGD, Adam, GradientDescent
from skshallow.core.parameters import Layout, Parameters
from skshallow.core.schedules import Constant
from skshallow.core.training import EarlyStopping, TrainingState

pytestmark = pytest.mark.neighbours("numba")
M, N0, N1, SIZE, STEPS = 23, 3, 4, 5, 50
X = np.random.default_rng(3).standard_normal((M, N0))


def engine_of(cls, activation="tanh", kind="multiclass", optimizer="adam", **options):
    """An engine of this class; the same parameters every time."""
    rng, activation = np.random.default_rng(0), ACTIVATIONS[activation]()
    Y = np.ascontiguousarray(textbook.targets(kind, M, rng), float)
    n_networks = options.get("networks", 1)
    layout = Layout(N0, n_networks * N1, len(Y), activation.learned is not None, n_networks)
    parameters = Parameters(0.5 * rng.standard_normal(layout.size), layout)
    drop = options.get("dropout")
    drop = Dropout(drop, np.random.default_rng(5)) if drop else None
    network = Network(parameters, activation, LOSSES[kind](), alpha=0.1, dropout=drop)
    rate = LearningRate(0.1, Constant()), EarlyStopping(3, 0.0)
    state = TrainingState(parameters, 0, np.random.default_rng(0), *rate)
    scaling = InputScaling(options["scaling"]) if "scaling" in options else None
    state.use_optimizer(OPTIMIZERS[optimizer](), scaling)
    inputs = Inputs(options.get("convert", np.asarray)(X))
    return cls(state, network, Batches(inputs, Y, None, np.arange(M), options.get("size", SIZE)))


def run_steps(engine, epochs=None):
    """Losses of all batches of so many epochs, STEPS steps if none are given."""
    rng, losses = np.random.default_rng(1), []
    for _ in range(epochs or STEPS // engine.n_steps):
        rates = np.linspace(0.02, 0.01, engine.n_steps)
        losses.append(engine.run_epoch(rng.permutation(M), rates))
    return np.array(losses)


# The reference


@covered(activation=ACTIVATIONS, kind=LOSSES, optimizer=OPTIMIZERS)
def test_fifty_steps_end_where_those_of_numpy_end(activation, kind, optimizer):
    numpy, numba = (
        engine_of(cls, activation, kind, optimizer) for cls in (NumpyEngine, NumbaEngine)
    )
    np.testing.assert_allclose(run_steps(numba), run_steps(numpy), rtol=1e-8)
    np.testing.assert_allclose(numba.state.theta, numpy.state.theta, rtol=1e-8, atol=1e-10)


@covered(activation=ACTIVATIONS, kind=LOSSES, optimizer=OPTIMIZERS)
def test_several_networks_take_the_same_steps(activation, kind, optimizer):
    options = {"networks": 3, "scaling": 5.0}
    numpy, numba = (
        engine_of(cls, activation, kind, optimizer, **options) for cls in (NumpyEngine, NumbaEngine)
    )
    np.testing.assert_allclose(run_steps(numba), run_steps(numpy), rtol=1e-8)
    np.testing.assert_allclose(numba.state.theta, numpy.state.theta, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    "options", [{"dropout": 0.3}, {"scaling": 5.0}, {"dropout": 0.3, "networks": 2}], ids=str
)
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_dropout_and_scales_of_the_inputs_are_the_same(optimizer, options):
    numpy, numba = (
        engine_of(cls, optimizer=optimizer, **options) for cls in (NumpyEngine, NumbaEngine)
    )
    np.testing.assert_allclose(run_steps(numba), run_steps(numpy), rtol=1e-8)
    np.testing.assert_allclose(numba.state.theta, numpy.state.theta, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("steps_before", [0, 1])
def test_many_weights_are_scaled_every_fourth_step_as_in_core(steps_before, monkeypatch):
    """The scales count steps of their own: they may have begun before the optimizer, or later."""
    monkeypatch.setattr("skshallow.core.input_scaling.MANY", 1)
    numpy, numba = (engine_of(cls, scaling=5.0) for cls in (NumpyEngine, NumbaEngine))
    for engine in (numpy, numba):
        engine.state.input_scaling.t = steps_before
    assert numba.state.input_scaling.period(numba.network.parameters.W1) == 4
    np.testing.assert_allclose(run_steps(numba), run_steps(numpy), rtol=1e-8)
    np.testing.assert_allclose(numba.state.theta, numpy.state.theta, rtol=1e-8, atol=1e-10)


def test_one_engine_goes_on_where_the_other_ended():
    numpy = engine_of(NumpyEngine, scaling=5.0)
    changing = engine_of(NumpyEngine, scaling=5.0)
    for _ in range(3):
        run_steps(numpy, 2)
    run_steps(changing, 2)
    other = NumbaEngine(changing.state, changing.network, changing.batches)
    run_steps(other, 2)
    assert other.state.optimizer.t == 4 * other.n_steps
    assert other.state.input_scaling.t == 4 * other.n_steps
    run_steps(changing, 2)
    np.testing.assert_allclose(changing.state.theta, numpy.state.theta, rtol=1e-9)


def test_what_the_loop_reads_is_that_of_the_reference():
    numpy, numba = (engine_of(cls) for cls in (NumpyEngine, NumbaEngine))
    names = ["n_examples", "n_steps", "divergence_factor"]
    assert [getattr(numba, n) for n in names] == [getattr(numpy, n) for n in names]
    np.testing.assert_array_equal(numba.shares, numpy.shares)
    assert numba.penalty() == numpy.penalty()
    assert (numba.name, numpy.name) == ("numba", "numpy")


def test_weights_that_are_not_finite_give_a_loss_that_is_not():
    engine = engine_of(NumbaEngine)
    engine.state.theta[0] = np.nan
    assert not np.isfinite(run_steps(engine, 1)[0][-1])


# Several epochs in a call


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("shuffled", [True, False])
@pytest.mark.parametrize("size", [SIZE, M])
def test_several_epochs_in_a_call_are_as_many_calls(optimizer, shuffled, size):
    options = {"optimizer": optimizer, "scaling": 5.0, "size": size}
    together, one_by_one = engine_of(NumbaEngine, **options), engine_of(NumbaEngine, **options)
    rng = np.random.default_rng(1)
    orders = [rng.permutation(M) if shuffled else None for _ in range(4)]
    rates = [np.full(together.n_steps, rate) for rate in (0.03, 0.02, 0.01, 0.005)]
    losses, thetas = together.run_epochs(orders, rates)
    for i in range(4):
        np.testing.assert_array_equal(thetas[i], one_by_one.state.theta)
        np.testing.assert_array_equal(losses[i], one_by_one.run_epoch(orders[i], rates[i]))
    np.testing.assert_array_equal(thetas[4], one_by_one.state.theta)
    np.testing.assert_array_equal(together.state.theta, thetas[4])
    assert together.state.input_scaling.t == 4 * together.n_steps


def test_short_epochs_go_together_unless_random_numbers_come_between(monkeypatch):
    """Dropout draws from the generator of the orders; a step over all samples is core's."""
    assert engine_of(NumbaEngine).epochs_together > 1
    assert engine_of(NumbaEngine, dropout=0.3).epochs_together == 1
    assert engine_of(NumbaEngine, optimizer="gd").epochs_together == 1
    monkeypatch.setattr(module, "MOST_KEPT", 3 * engine_of(NumbaEngine).state.theta.size)
    assert engine_of(NumbaEngine).epochs_together == 3
    monkeypatch.setattr(module, "SHORT_PORTION", 2 * (N0 + 10) * N1 * M)
    assert engine_of(NumbaEngine).epochs_together == 2
    monkeypatch.setattr(module, "SHORT", (N0 + 10) * N1 * M - 1)
    assert engine_of(NumbaEngine).epochs_together == 1


def test_so_many_small_steps_that_they_take_long_are_several_calls(monkeypatch):
    monkeypatch.setattr(module, "MOST_STEPS", 3 * engine_of(NumbaEngine).n_steps)
    assert engine_of(NumbaEngine).epochs_together == 3


def test_epochs_that_go_together_have_no_product_for_two_threads():
    assert module.SHORT <= _threads.WORTH_SHARING


# Portions and threads


@pytest.mark.parametrize("limit", ["PORTION", "RANDOM_PORTION"])
@pytest.mark.parametrize("optimizer", ["adam", "gd"])
def test_how_an_epoch_is_divided_into_calls_does_not_matter(limit, optimizer, monkeypatch):
    whole = engine_of(NumbaEngine, optimizer=optimizer, dropout=0.3, scaling=5.0)
    expected = run_steps(whole, 3)
    monkeypatch.setattr(module, limit, 1)
    parts = engine_of(NumbaEngine, optimizer=optimizer, dropout=0.3, scaling=5.0)
    calls, compiled = [], parts._run
    parts._run = lambda *args: calls.append(1) or compiled(*args)
    np.testing.assert_array_equal(run_steps(parts, 3), expected)
    np.testing.assert_array_equal(parts.state.theta, whole.state.theta)
    assert len(calls) == 3 * len(parts.batches)


def test_after_an_interruption_counters_are_those_of_the_steps_taken(monkeypatch):
    monkeypatch.setattr(module, "PORTION", 1)
    engine, calls = engine_of(NumbaEngine, scaling=5.0), []
    compiled = engine._run

    def interrupted(*args):
        compiled(*args)
        calls.append(1)
        if len(calls) == 3:  # Python hears of it when the call has returned
            raise KeyboardInterrupt

    engine._run = interrupted
    with pytest.raises(KeyboardInterrupt):
        run_steps(engine, 1)
    assert (engine.state.optimizer.t, engine.state.input_scaling.t) == (3, 3)


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "gd"])
def test_two_threads_take_the_same_steps(optimizer, monkeypatch):
    monkeypatch.setattr(_threads, "WORTH_SHARING", 1)
    one, two = (engine_of(NumbaEngine, optimizer=optimizer, dropout=0.3) for _ in range(2))
    expected = run_steps(one, 3)
    with _threads.dot_for(1) as two.network.dot:
        np.testing.assert_allclose(run_steps(two, 3), expected, rtol=1e-10)
    np.testing.assert_allclose(two.state.theta, one.state.theta, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("optimizer", ["adam", "gd"])
def test_products_taken_out_of_the_loop_lead_to_the_same_steps(optimizer):
    """On one processor too: ``dot`` need not be NumPy's own."""
    one, two = (
        engine_of(NumbaEngine, optimizer=optimizer, dropout=0.3, scaling=5.0) for _ in range(2)
    )
    products = []
    two.network.dot = lambda A, B, out: products.append(out.shape) or np.dot(A, B, out)
    np.testing.assert_allclose(run_steps(two, 3), run_steps(one, 3), rtol=1e-10)
    np.testing.assert_allclose(two.state.theta, one.state.theta, rtol=1e-9, atol=1e-12)
    assert len(products) == 2 * 3 * len(two.batches)  # W1 A0 and dW1 of each batch
    assert products[1::2] == [(N1, N0)] * 3 * len(two.batches)


@pytest.mark.parametrize("shared", [False, True])
def test_sparse_inputs_take_the_steps_of_dense_ones(shared):
    dense = engine_of(NumpyEngine, size=12)
    sparse = engine_of(NumbaEngine, size=12, convert=csr_array)
    expected = run_steps(dense, 3)
    if shared:  # sparse rows have products of their own
        sparse.network.dot = lambda A, B, out: np.dot(A, B, out)
    np.testing.assert_allclose(run_steps(sparse, 3), expected, rtol=1e-8)
    np.testing.assert_allclose(sparse.state.theta, dense.state.theta, rtol=1e-8, atol=1e-10)


# What there is a kernel for


class Own(ReLU):
    """May do anything."""


def test_objects_of_derived_types_are_not_taken_for_their_bases():
    assert unsupported(ReLU(), SquaredError(), Adam()) is None
    assert unsupported(ReLU(), None, None) is None
    assert unsupported(ReLU(), None, GradientDescent()) is None
    assert "Own" in unsupported(Own(), None, Adam())
    derived = {base: type("Own", (base,), {})() for base in (SquaredError, SGD)}
    assert "loss" in unsupported(ReLU(), derived[SquaredError], Adam())
    assert "solver" in unsupported(ReLU(), None, derived[SGD])


def test_there_is_one_thing_to_compile_for_each_type():
    if pytest.importorskip("numba").config.DISABLE_JIT:
        pytest.skip("nothing is compiled")
    for activation in ACTIVATIONS:
        for kind in LOSSES:
            run_steps(engine_of(NumbaEngine, activation, kind, dropout=0.1, scaling=1.0), 1)
    read_only = engine_of(NumbaEngine)
    read_only.batches.inputs.X.flags.writeable = False
    run_steps(copy.copy(read_only), 1)
    read_only.batches.inputs.X.flags.writeable = True
    assert len(run("float64").compiled.signatures) == 1
