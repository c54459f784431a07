import numpy as np
import pytest
import textbook
from covering import covered
from scipy.sparse import csr_array

pytest.importorskip("numba")
from skshallow._compiled import network as module
from skshallow._compiled.engine import NumbaEngine
from skshallow.core.activations import ACTIVATIONS
from skshallow.core.batches import Batches, Inputs
from skshallow.core.learning_rate import LearningRate
from skshallow.core.losses import LOSSES
from skshallow.core.network import Dropout, Network
from skshallow.core.parameters import Layout, Parameters
from skshallow.core.schedules import Constant
from skshallow.core.standardization import Standardization
from skshallow.core.training import EarlyStopping, TrainingState

pytestmark = pytest.mark.neighbours("numba")
M, N0, N1 = 11, 3, 4
S = np.random.default_rng(2).uniform(0.2, 3, (1, M))
X = np.random.default_rng(3).standard_normal((M, N0))
X[np.abs(X) < 0.4] = 0


def pair(activation, kind, *, s=None, X=X, dropout=0.0, scales=None, networks=1):
    """(network, batches, engine), all with the same random parameters."""
    rng, activation = np.random.default_rng(0), ACTIVATIONS[activation]()
    Y = np.ascontiguousarray(textbook.targets(kind, M, rng), float)
    layout = Layout(N0, networks * N1, len(Y), activation.learned is not None, networks)
    parameters = Parameters(rng.standard_normal(layout.size), layout)
    drop = Dropout(dropout, np.random.default_rng(5)) if dropout else None
    network = Network(parameters, activation, LOSSES[kind](), alpha=0.3, dropout=drop)
    rate = LearningRate(0.1, Constant()), EarlyStopping(3, 0.0)
    state = TrainingState(parameters, 0, np.random.default_rng(0), *rate)
    batches = Batches(Inputs(X, scales), Y, s, np.arange(M), 6)
    return network, batches, NumbaEngine(state, network, batches)


def assert_same_objective(network, batches, engine):
    """J and its gradient, of the engine and of core's loop over blocks."""
    rng = network.dropout and network.dropout.rng.bit_generator
    before = rng and rng.state
    loss, _, gradient = engine.objective(engine.state.theta)
    found = gradient.copy()
    if rng:
        rng.state = before
    total = np.zeros_like(found)
    expected = sum(network.add_block(*b, total, 1 / M) for b in batches.iterate()) / M
    network.take_sum(total)
    assert loss == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(found, network.gradient.theta, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("blas", [False, True])
@covered(activation=ACTIVATIONS, kind=LOSSES)
def test_the_gradient_is_that_of_core(activation, kind, blas, monkeypatch):
    if blas:  # as if there were many outputs; compiled code has the number in it
        pytest.importorskip("numba.core.config").DISABLE_JIT or pytest.skip("plain Python only")
        monkeypatch.setattr(module, "MANY_OUTPUTS", 1)
    assert_same_objective(*pair(activation, kind))


@pytest.mark.parametrize("kind", ["binary", "multiclass", "squared_error"])
def test_examples_may_be_weighted(kind):
    assert_same_objective(*pair("tanh", kind, s=S))


@pytest.mark.parametrize("kind", ["multilabel", "squared_error"])
def test_every_output_may_have_weights_of_its_own(kind):
    n2 = len(textbook.targets(kind, M, np.random.default_rng(0)))
    s = np.tile(S, (n2, 1)) * np.arange(1, n2 + 1)[:, None]
    assert_same_objective(*pair("tanh", kind, s=s))


@pytest.mark.parametrize("networks", [2, 3])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "quantile"])
@pytest.mark.parametrize("activation", ["tanh", "prelu"])
def test_networks_stand_side_by_side(activation, kind, networks):
    assert_same_objective(*pair(activation, kind, networks=networks))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_dropped_units_are_those_that_core_drops(activation):
    assert_same_objective(*pair(activation, "multiclass", dropout=0.4))


@pytest.mark.parametrize("standardised", [False, True])
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_sparse_rows_are_multiplied_where_they_are(kind, standardised):
    scales = Standardization.measure(X, np.arange(M)) if standardised else None
    dense, sparse = (pair("tanh", kind, X=x, s=S, scales=scales) for x in (X, csr_array(X)))
    assert_same_objective(*sparse)
    expected = dense[-1].objective(dense[-1].state.theta)[-1]
    found = sparse[-1].objective(sparse[-1].state.theta)[-1]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-13)


def test_many_outputs_are_left_to_blas():
    rng = np.random.default_rng(0)
    n2 = module.MANY_OUTPUTS + 3
    layout = Layout(N0, N1, n2)
    parameters = Parameters(rng.standard_normal(layout.size), layout)
    network = Network(parameters, ACTIVATIONS["tanh"](), LOSSES["multiclass"](), alpha=0.1)
    rate = LearningRate(0.1, Constant()), EarlyStopping(3, 0.0)
    state = TrainingState(parameters, 0, rng, *rate)
    Y = np.eye(n2)[:, rng.integers(0, n2, M)]
    batches = Batches(Inputs(X), np.ascontiguousarray(Y), None, np.arange(M), 6)
    assert_same_objective(network, batches, NumbaEngine(state, network, batches))
