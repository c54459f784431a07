import importlib.util
import warnings

import numpy as np
import pytest
from kernels import run_python
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

from skshallow import ShallowNNClassifier, ShallowNNRegressor, _engines
from skshallow.core.activations import ReLU
from skshallow.core.losses import SquaredError
from skshallow.core.optimizers import SGD, Adam

X, Y = load_iris(return_X_y=True)
INSTALLED = importlib.util.find_spec("numba") is not None
SMALL = {"max_iter": 3, "random_state": 0, "alpha": 0.01}
own = {base: type("Own", (base,), {}) for base in (ReLU, SquaredError, SGD)}


@pytest.fixture
def without_numba(monkeypatch):
    """As where numba is not installed."""
    monkeypatch.setattr(_engines, "find_spec", lambda name: None)
    _engines._compiled_engine.cache_clear()
    yield
    _engines._compiled_engine.cache_clear()


@pytest.fixture(params=[ImportError, OSError, AttributeError])
def broken_numba(request, monkeypatch):
    """As where numba is installed but cannot be imported."""

    def refuse(name):
        raise request.param("numba needs another NumPy")

    monkeypatch.setattr(_engines, "find_spec", lambda name: "spec")
    monkeypatch.setattr(_engines, "import_module", refuse)
    _engines._compiled_engine.cache_clear()
    yield
    _engines._compiled_engine.cache_clear()


def test_the_default_is_the_compiled_engine_where_numba_is_installed():
    network = ShallowNNClassifier(8, **SMALL).fit(X, Y)
    assert network.engine == "auto"
    assert network.engine_ == ("numba" if INSTALLED else "numpy")


def test_numpy_is_always_there():
    assert ShallowNNClassifier(8, engine="numpy", **SMALL).fit(X, Y).engine_ == "numpy"


def test_auto_without_numba_is_numpy(without_numba):
    network = ShallowNNClassifier(8, **SMALL).fit(X, Y)
    assert network.engine_ == "numpy"
    same = clone(network).set_params(engine="numpy").fit(X, Y)
    np.testing.assert_array_equal(network.W1_, same.W1_)


def test_asking_for_numba_without_it_says_how_to_get_it(without_numba):
    with pytest.raises(ValueError, match=r"engine='numba'.*pip install skshallow\[fast\]"):
        ShallowNNClassifier(8, engine="numba").fit(X, Y)


def test_a_numba_that_cannot_be_imported_is_said_and_done_without(broken_numba):
    with pytest.warns(UserWarning, match="needs another NumPy"):
        network = ShallowNNClassifier(8, **SMALL).fit(X, Y)
    assert network.engine_ == "numpy"
    with pytest.raises(ValueError, match="needs another NumPy"):
        ShallowNNClassifier(8, engine="numba").fit(X, Y)


def test_an_unknown_engine_is_refused_before_any_work():
    with pytest.raises(ValueError, match=r"engine='torch' is not known: use one of \['auto'"):
        ShallowNNClassifier(engine="torch").fit(X, Y)


@pytest.mark.neighbours("numba")
@pytest.mark.parametrize(
    "estimator",
    [
        ShallowNNClassifier(8, activation=own[ReLU](), **SMALL),
        ShallowNNClassifier(8, solver=own[SGD](), **SMALL),
        ShallowNNRegressor(8, loss=own[SquaredError](), **SMALL),
    ],
    ids=["activation", "solver", "loss"],
)
def test_own_objects_go_to_numpy_and_are_named_where_numba_is_demanded(estimator):
    assert clone(estimator).fit(X, Y).engine_ == "numpy"
    with pytest.raises(ValueError, match=r"engine='numba' cannot serve: .* no kernel for .*Own"):
        clone(estimator).set_params(engine="numba").fit(X, Y)


@pytest.mark.neighbours("numba")
@pytest.mark.parametrize("estimator", [ShallowNNClassifier, ShallowNNRegressor])
@pytest.mark.parametrize("solver", ["adam", "sgd", "gd", "lbfgs"])
def test_both_engines_train_the_same_network(estimator, solver):
    networks = [
        estimator(8, solver=solver, engine=engine, max_iter=6, random_state=0, tol=0)
        for engine in ("numpy", "numba")
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        numpy, numba = (network.fit(X, Y) for network in networks)
    assert (numpy.engine_, numba.engine_) == ("numpy", "numba")
    np.testing.assert_allclose(numba.W1_, numpy.W1_, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(numba.loss_curve_, numpy.loss_curve_, rtol=1e-9)


@pytest.mark.neighbours("numba")
def test_a_warm_start_may_change_the_engine():
    network = ShallowNNClassifier(8, warm_start=True, schedule="constant", **SMALL)
    same = clone(network).set_params(engine="numpy").fit(X, Y).fit(X, Y)
    network.set_params(engine="numpy").fit(X, Y)
    network.set_params(engine="numba").fit(X, Y)
    assert network.n_iter_ == same.n_iter_ == 6
    np.testing.assert_allclose(network.W1_, same.W1_, rtol=1e-9, atol=1e-11)


@pytest.mark.neighbours("numba")
def test_importing_the_package_does_not_load_numba():
    code = "import sys, skshallow, skshallow.inspection; print('numba' in sys.modules)"
    assert run_python(code)[0].strip() == "False"


@pytest.mark.neighbours("numba")
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.filterwarnings("ignore:training diverged")
def test_how_many_epochs_a_call_took_does_not_matter_after_a_divergence(shuffle, capsys):
    """verbose looks at every epoch, so that they go one by one; both diverge in mid-training."""
    pytest.importorskip("numba")
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(301, 12)), rng.normal(size=301)
    options = {"learning_rate": 3.0, "alpha": 0.3, "schedule": "constant", "batch_size": 32}
    options |= {"max_iter": 60, "warm_start": True, "random_state": 0, "shuffle": shuffle}
    together, one_by_one = (
        ShallowNNRegressor(8, solver=Adam(input_scale_rate=50), verbose=v, **options).fit(X, y)
        for v in (0, 2)
    )
    assert "diverged" in capsys.readouterr().out
    for network in (together, one_by_one):
        network.set_params(learning_rate=0.01, max_iter=5).fit(X, y)
    np.testing.assert_array_equal(together.loss_curve_, one_by_one.loss_curve_)
    np.testing.assert_array_equal(together.W1_, one_by_one.W1_)
