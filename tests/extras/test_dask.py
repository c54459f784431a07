"""Trained on a cluster, a network is what it is on one machine; no fault makes another of it."""

import builtins
import importlib
import itertools
import os
import pickle
import signal
import subprocess
import sys
import time
import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    make_classification,
)
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import accuracy_score
from sklearn.utils.estimator_checks import check_estimator

from skshallow import ShallowNNClassifier, ShallowNNRegressor
from skshallow.core.activations import Activation
from skshallow.core.losses import Huber

dask = pytest.importorskip("dask")
pytest.importorskip("distributed")
import dask.array as da  # noqa: E402, needs dask
import dask.dataframe as dd  # noqa: E402, needs dask
from dask.distributed import Client, LocalCluster, wait  # noqa: E402, needs distributed

from skshallow.extras.dask import (  # noqa: E402, needs dask
    DaskShallowNNClassifier,
    DaskShallowNNRegressor,
)
from skshallow.extras.dask import cluster as cluster_module  # noqa: E402
from skshallow.extras.dask.blocks import Part  # noqa: E402
from skshallow.extras.dask.cluster import Cluster  # noqa: E402
from skshallow.extras.dask.data import DistributedTargets  # noqa: E402

pytestmark = [
    pytest.mark.neighbours("dask", "distributed", "pandas"),
    pytest.mark.filterwarnings("ignore:lbfgs stopped at max_iter"),
    pytest.mark.filterwarnings("ignore:Port .* is already in use"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of the cluster's sockets
]
FEW = {"hidden_units": 8, "max_iter": 25, "random_state": 0}
GIVEN = FEW | {"alpha": 0.01}


@pytest.fixture(scope="module")
def threads():
    """Two workers in this process."""
    options = {"processes": False, "threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(n_workers=2, **options) as cluster, Client(cluster) as client:
        yield client


@pytest.fixture
def processes():
    """Two workers in processes of their own."""
    options = {"threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(n_workers=2, **options) as cluster, Client(cluster) as client:
        yield client


def chunked(*arrays, chunks=70):
    return [a if a is None else da.from_array(a, chunks=(chunks, *a.shape[1:])) for a in arrays]


def plain(estimator):
    """The same on one machine."""
    kind = {
        DaskShallowNNClassifier: ShallowNNClassifier,
        DaskShallowNNRegressor: ShallowNNRegressor,
    }
    return kind[type(estimator)](**estimator.get_params())


def assert_same(network, reference, rtol=1e-6):
    for name in ("W1_", "b1_", "W2_", "b2_"):
        array, expected = getattr(network, name), getattr(reference, name)
        assert array.dtype == expected.dtype
        np.testing.assert_allclose(array, expected, rtol=rtol, atol=rtol * abs(expected).max())
    np.testing.assert_allclose(network.alpha_, reference.alpha_)
    np.testing.assert_allclose(network.loss_curve_, reference.loss_curve_, rtol=1e-6)


def fit_both(network, X, y, weights=None, chunks=70):
    """On the cluster, and in one piece."""
    reference = plain(network).fit(X, y, weights)
    return network.fit(*chunked(X, y, weights, chunks=chunks)), reference


def weights_for(y, seed=0):
    return np.random.default_rng(seed).integers(0, 4, len(y)).astype(float)


# The same network


@pytest.mark.parametrize("solver", ["lbfgs", "gd"])
@pytest.mark.parametrize("engine", ["numpy", "auto"])
@pytest.mark.parametrize("load", [load_breast_cancer, load_iris])
def test_theta_is_that_of_one_machine(threads, load, engine, solver):
    X, y = load(return_X_y=True)
    network = DaskShallowNNClassifier(**GIVEN, solver=solver, engine=engine)
    assert_same(*fit_both(network, X, y))


@pytest.mark.parametrize("weighted", [False, True])
def test_the_penalty_that_the_data_choose_is_that_of_one_machine(threads, weighted):
    X, y = make_classification(400, 6, flip_y=0.3, random_state=0)
    weights = weights_for(y) if weighted else None
    assert_same(*fit_both(DaskShallowNNClassifier(**FEW), X, y, weights))


@pytest.mark.slow
def test_the_penalty_of_a_sample_is_that_of_one_machine():
    """More samples than the search takes: both draw the same ones."""
    X, y = make_classification(16_000, 6, flip_y=0.3, random_state=0)
    with Client(processes=False, n_workers=2, threads_per_worker=1, dashboard_address=":0"):
        network = DaskShallowNNClassifier(4, max_iter=10, random_state=0)
        assert_same(*fit_both(network, X, y, chunks=1_700))


@pytest.mark.parametrize("class_weight", ["balanced", {0: 3, 1: 0.5, 2: 1}, {0: 0, 1: 1, 2: 1}])
@pytest.mark.parametrize("weighted", [False, True])
def test_class_and_sample_weights_are_those_of_all_blocks(threads, weighted, class_weight):
    """Sorted labels: no block has all classes."""
    X, y = load_iris(return_X_y=True)
    X, y = X[:130], y[:130]
    network = DaskShallowNNClassifier(**GIVEN, class_weight=class_weight)
    assert_same(*fit_both(network, X, y, weights_for(y) if weighted else None, chunks=40))


@pytest.mark.parametrize("class_weight", [None, "balanced", [{1: 2}, {0: 3}, {1: 4}]])
def test_multilabel_targets(threads, class_weight):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((150, 4))
    y = (X[:, :3] + rng.standard_normal((150, 3)) > 0.5).astype(int)
    network = DaskShallowNNClassifier(**GIVEN, class_weight=class_weight)
    assert_same(*fit_both(network, X, y))


@pytest.mark.parametrize(
    "loss",
    [
        {"loss": "squared_error"},
        {"loss": "absolute_error"},
        {"loss": "huber"},
        {"loss": Huber(0.5)},
        {"loss": "poisson"},
        {"loss": "quantile", "quantile": [0.1, 0.8]},
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_losses_of_the_regressor(threads, loss, weighted):
    X, y = load_diabetes(return_X_y=True)
    network = DaskShallowNNRegressor(**GIVEN, **loss)
    assert_same(*fit_both(network, X, y, weights_for(y) if weighted else None))


def test_several_targets_and_networks_side_by_side(threads):
    X, y = load_diabetes(return_X_y=True)
    network = DaskShallowNNRegressor(**GIVEN, n_networks=2, activation="prelu")
    assert_same(*fit_both(network, X, np.column_stack([y, -2 * y + X[:, 0]])))


@pytest.mark.parametrize("solver", ["lbfgs", "gd"])
def test_a_theta_that_is_sent_once_is_that_of_its_iteration(threads, solver):
    """Not the one of an iteration before, which Dask may still know."""
    X, y = load_digits(return_X_y=True)
    network = DaskShallowNNClassifier(256, solver=solver, max_iter=8, alpha=0.01, random_state=0)
    network, reference = fit_both(network, X, y, chunks=400)
    assert 8 * network.W1_.size > cluster_module.LARGE
    assert_same(network, reference)


def test_float32_stays_float32(threads):
    X, y = load_iris(return_X_y=True)
    descent = DaskShallowNNClassifier(**GIVEN, solver="gd", learning_rate=0.1)
    network, reference = fit_both(descent, X.astype(np.float32), y)
    assert network.W1_.dtype == np.float32
    assert_same(network, reference, rtol=1e-5)


def test_in_float32_it_does_not_matter_which_worker_holds_what(threads, monkeypatch):
    X, y = load_iris(return_X_y=True)
    chunks, fits = chunked(X.astype(np.float32), y, chunks=50), []
    for held in ([[0, 1], [2]], [[0, 2], [1]]):
        monkeypatch.setattr(Cluster, "side_by_side", lambda *_, held=held: held)
        fits.append(DaskShallowNNClassifier(**GIVEN).fit(*chunks))
    np.testing.assert_array_equal(fits[0].W1_, fits[1].W1_)
    np.testing.assert_allclose(fits[0].loss_curve_, fits[1].loss_curve_, rtol=1e-12)


def test_sparse_blocks(threads):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 6)) * (rng.random((200, 6)) < 0.3)
    y = (X.sum(axis=1) > 0).astype(int)
    sparse = chunked(X)[0].map_blocks(csr_matrix)
    network = DaskShallowNNClassifier(**GIVEN).fit(sparse, chunked(y)[0])
    assert_same(network, plain(network).fit(csr_matrix(X), y))
    labels = network.predict(sparse).compute()
    np.testing.assert_array_equal(labels, plain(network).fit(csr_matrix(X), y).predict(X))


@pytest.mark.filterwarnings("ignore:X has values far from all others")
def test_absurd_values_are_clipped_as_on_one_machine(threads):
    X, y = load_breast_cancer(return_X_y=True)
    X[[3, 500], 2], X[100, 7] = 1e9, -1e7
    network, reference = fit_both(DaskShallowNNClassifier(**GIVEN), X, y)
    assert_same(network, reference)
    np.testing.assert_array_equal(network.input_bounds_, reference.input_bounds_)
    assert network.input_bounds_[1, 2] < 1e5


def test_a_fit_goes_on_under_warm_start(threads):
    X, y = load_iris(return_X_y=True)
    network = DaskShallowNNClassifier(**GIVEN, solver="gd", warm_start=True)
    reference = plain(network)
    for _ in range(2):
        network.fit(*chunked(X, y))
        reference.fit(X, y)
    assert network.n_iter_ == 50
    assert_same(network, reference)


class Squash(Activation):
    """An activation of the user's own."""

    def forward(self, Z, out):
        np.arctan(Z, out=out)

    def backward(self, Z, A, dA):
        dA /= 1 + Z**2


def test_an_own_activation_goes_to_the_workers(threads):
    X, y = load_iris(return_X_y=True)
    assert_same(*fit_both(DaskShallowNNClassifier(**GIVEN, activation=Squash()), X, y))


def test_without_standardization_and_clipping(threads):
    X, y = load_iris(return_X_y=True)
    network = DaskShallowNNClassifier(**GIVEN, standardize=False, clip_inputs=False)
    assert_same(*fit_both(network, X, y))


# Chunks of every kind


@pytest.mark.parametrize("chunks", [1, 13, 150, 1_000])
def test_the_chunks_do_not_matter(threads, chunks):
    X, y = load_iris(return_X_y=True)
    assert_same(*fit_both(DaskShallowNNClassifier(**GIVEN), X, y, chunks=chunks))


def test_chunks_of_x_and_y_may_differ_if_they_are_known(threads):
    X, y = load_iris(return_X_y=True)
    collections = da.from_array(X, chunks=(40, 3)), da.from_array(y, chunks=77)
    network = DaskShallowNNClassifier(**GIVEN).fit(*collections)
    assert_same(network, plain(network).fit(X, y))


def test_unknown_chunk_sizes_and_empty_chunks(threads):
    """As a filter leaves them: here whole chunks go."""
    X, y = load_iris(return_X_y=True)
    some = np.r_[0:20, 60:150]
    kept = da.from_array(np.isin(np.arange(150), some), chunks=20)
    collections = [a[kept] for a in chunked(X, y, chunks=20)]
    assert np.isnan(collections[0].chunks[0]).all()
    network = DaskShallowNNClassifier(**GIVEN).fit(*collections)
    assert_same(network, plain(network).fit(X[some], y[some]))
    assert len(network.predict(collections[0]).compute()) == 110


def test_data_frames_with_empty_partitions(threads):
    X, y = load_iris(return_X_y=True, as_frame=True)
    frame = X.assign(target=y.map(lambda i: "abc"[i]))
    table = dd.from_pandas(frame, npartitions=6)
    table = table[table["target"] != "a"]  # the first partitions are empty now
    features, target = table[X.columns.tolist()], table["target"]
    network = DaskShallowNNClassifier(**GIVEN).fit(features, target)
    rest = frame[frame["target"] != "a"]
    reference = plain(network).fit(rest[X.columns], rest["target"])
    assert_same(network, reference)
    assert network.feature_names_in_.tolist() == X.columns.tolist()
    predicted = network.predict(features)
    assert isinstance(predicted, dd.Series)
    labels = predicted.compute()
    assert labels.index.equals(rest.index)
    np.testing.assert_array_equal(labels, reference.predict(rest[X.columns]))
    assert network.score(features, target) == reference.score(rest[X.columns], rest["target"])


@pytest.mark.parametrize("load", [load_iris, load_diabetes])
def test_predictions_are_lazy_and_those_of_one_machine(threads, load):
    X, y = load(return_X_y=True)
    kind = DaskShallowNNClassifier if load is load_iris else DaskShallowNNRegressor
    network, reference = fit_both(kind(**GIVEN), X, y)
    more = ["predict_proba", "predict_log_proba", "decision_function"] if load is load_iris else []
    for method in ("predict", "transform", *more):
        lazy, expected = getattr(network, method)(chunked(X)[0]), getattr(reference, method)(X)
        assert isinstance(lazy, da.Array)
        assert (lazy.shape, lazy.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_allclose(lazy.compute(), expected, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(getattr(network, method)(X), expected, rtol=1e-6, atol=1e-9)
    weights = weights_for(y)
    assert network.score(*chunked(X, y, weights)) == pytest.approx(reference.score(X, y, weights))


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # Dask's use of pandas
@pytest.mark.parametrize("labels", [["no", "yes", "maybe"], [0, 1, 2]])
def test_predictions_of_a_frame_have_names_and_types_that_files_want(threads, labels, tmp_path):
    pytest.importorskip("pyarrow")
    X, y = load_iris(return_X_y=True)
    y = np.array(labels, object if isinstance(labels[0], str) else int)[y]
    here = pd.DataFrame(X, columns=list("abcd"))
    frame = dd.from_pandas(here, npartitions=3)
    network = DaskShallowNNClassifier(**GIVEN).fit(frame, dd.from_pandas(pd.Series(y), 3))
    table = network.predict_proba(frame).assign(label=network.predict(frame))
    table.to_parquet(tmp_path / "table")
    read = dd.read_parquet(tmp_path / "table").compute()
    assert [*read.columns] == [*map(str, network.classes_), "label"]
    probabilities = read.to_numpy()[:, :3].astype(float)
    np.testing.assert_allclose(probabilities, network.predict_proba(here), rtol=1e-12)
    assert list(read["label"]) == list(network.predict(here))
    assert [*network.transform(frame).columns] == list(network.get_feature_names_out())


@pytest.mark.parametrize("targets", [None, ["up", "down"]])
def test_quantiles_of_a_frame_are_columns(threads, targets):
    X, y = load_diabetes(return_X_y=True)
    here = pd.DataFrame(X).rename(columns=str)
    frame = dd.from_pandas(here, npartitions=2)
    y = pd.Series(y) if targets is None else pd.DataFrame({"up": y, "down": -y})
    network = DaskShallowNNRegressor(**GIVEN, loss="quantile", quantile=[0.1, 0.9])
    predicted = network.fit(frame, dd.from_pandas(y, npartitions=2)).predict(frame)
    names = ["0.1", "0.9"] if targets is None else ["up_0.1", "up_0.9", "down_0.1", "down_0.9"]
    assert [*predicted.columns] == [*predicted.compute().columns] == names
    found = network.predict(here).reshape(len(X), -1)
    np.testing.assert_array_equal(predicted.compute().to_numpy(), found)
    lazy = network.score(frame, dd.from_pandas(y, npartitions=2))
    assert lazy == pytest.approx(network.score(here, y))


@pytest.mark.parametrize("how", ["set_output", "config"])
def test_output_containers_are_for_what_is_no_collection(threads, how):
    X, y = load_iris(return_X_y=True)
    network = DaskShallowNNClassifier(**GIVEN).fit(*chunked(X, y))
    expected = network.transform(X)
    if how == "set_output":
        network.set_output(transform="pandas")
    with config_context(transform_output="pandas" if how == "config" else "default"):
        np.testing.assert_allclose(network.transform(chunked(X)[0]).compute(), expected)
        assert isinstance(network.transform(X), pd.DataFrame)


def test_predicted_quantiles_have_an_axis_of_their_own(threads):
    X, y = load_diabetes(return_X_y=True)
    both = np.column_stack([y, -y])
    network = DaskShallowNNRegressor(**GIVEN, loss="quantile", quantile=[0.2, 0.5, 0.9])
    network.fit(*chunked(X, both))
    lazy = network.predict(chunked(X)[0])
    assert lazy.shape == (len(X), 2, 3)
    np.testing.assert_array_equal(lazy.compute(), network.predict(X))
    assert network.score(*chunked(X, both)) == network.score(X, both)


def test_a_saved_network_needs_no_cluster(threads):
    X, y = load_iris(return_X_y=True)
    network = DaskShallowNNClassifier(**GIVEN).fit(*chunked(X, y))
    loaded = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(loaded.predict(X), network.predict(X))


@pytest.mark.parametrize("level", [0.0001, 0.3, 0.5, 0.99])
def test_a_quantile_of_all_blocks_is_a_target_with_this_share_below_it(threads, level):
    rng = np.random.default_rng(0)
    y = np.r_[
        rng.standard_normal(500) * 1e-3, rng.standard_normal(200) * 1e200, np.zeros(100), -0.0
    ]
    X, weights = rng.standard_normal((len(y), 2)), rng.random(len(y))
    network = DaskShallowNNRegressor(**GIVEN)
    data = network._training_data(*chunked(X, y / 1e60, weights), first=True)
    found = DistributedTargets(data).quantile(level).item()
    order = np.argsort(y)
    upto = np.cumsum(weights[order]) / weights.sum()
    assert found == (y / 1e60)[order[np.searchsorted(upto, level)]]


# Parameters, callbacks, validation


def test_parameters_are_those_of_one_machine():
    for kind in (DaskShallowNNClassifier, DaskShallowNNRegressor):
        ours, theirs = kind().get_params(), plain(kind()).get_params()
        base = type(plain(kind()))().get_params()
        assert ours == theirs
        assert ours == base | {"solver": "lbfgs"}
        assert clone(kind(hidden_units=3, tol=1e-3)).get_params()["hidden_units"] == 3


@pytest.mark.parametrize("kind", [DaskShallowNNClassifier, DaskShallowNNRegressor])
def test_arrays_are_trained_on_here(kind):
    X, y = load_iris(return_X_y=True)
    network = kind(**GIVEN).fit(X, y)
    assert_same(network, plain(network).fit(X, y), rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [DaskShallowNNClassifier, DaskShallowNNRegressor])
def test_checks_of_scikit_learn(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(kind(hidden_units=16, max_iter=100))


@pytest.mark.parametrize("local", [True, False])
def test_early_stopping_on_given_data(threads, local):
    X, y = make_classification(500, 10, flip_y=0.3, random_state=0)
    network = DaskShallowNNClassifier(32, max_iter=60, alpha=1e-5, random_state=0, tol=0)
    validation = [X[300:], y[300:]]
    held_out = validation if local else chunked(*validation)
    network.fit(*chunked(X[:300], y[:300]), X_val=held_out[0], y_val=held_out[1])
    reference = plain(network).fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    assert network.n_iter_ == reference.n_iter_ < 60
    np.testing.assert_allclose(network.validation_scores_, reference.validation_scores_, rtol=1e-5)
    assert_same(network, reference, rtol=1e-4)


class Stop:
    """Ends the training after some epochs, and looks at the network by then."""

    def __init__(self, after):
        self.after, self.seen = after, []

    def setup(self, estimator, context):
        """Nothing to prepare."""

    def teardown(self, estimator, context):
        """Nothing to put away."""

    def on_fit_task_begin(self, estimator, context):
        """Nothing to do before an epoch."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        """After an epoch."""
        if context.task_name == "epoch":
            self.seen.append(fitted_estimator.loss_curve_[-1])
            return len(self.seen) >= self.after
        return None


def test_callbacks_see_every_iteration(threads):
    X, y = load_iris(return_X_y=True)
    stop = Stop(7)
    network = DaskShallowNNClassifier(**GIVEN).set_callbacks(stop).fit(*chunked(X, y))
    np.testing.assert_array_equal(network.loss_curve_, stop.seen)
    assert network.n_iter_ == 7


def test_monitor_and_verbose_as_on_one_machine(threads, capsys):
    from skshallow.monitoring import LossMonitor

    X, y = load_iris(return_X_y=True)
    monitor = LossMonitor(scoring="accuracy")
    network = DaskShallowNNClassifier(**GIVEN, verbose=1).set_callbacks(monitor)
    network.fit(*chunked(X, y), X_val=X, y_val=y)
    history = monitor.history()
    np.testing.assert_allclose(history["val_accuracy"].iloc[-1], network.score(X, y), atol=0.02)
    np.testing.assert_allclose(history["loss"], network.loss_curve_)
    assert "150 training samples" in capsys.readouterr().out


# What cannot be done says so


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"solver": "adam"}, "solver='adam' takes mini-batches.*Incremental"),
        ({"solver": "sgd"}, "solver='sgd' takes mini-batches"),
        ({"solver": "gd", "dropout": 0.5}, "dropout=0.5"),
        ({"early_stopping": True}, "early_stopping=True needs X_val"),
        ({"hidden_units": 0}, "hidden_units=0"),
        ({"solver": "newton"}, "solver='newton' is not known"),
    ],
)
def test_parameters_that_cannot_serve_are_refused_before_any_work(parameters, message):
    """Without a client even: nothing was asked of it."""
    X = da.zeros((10, 2), chunks=5)
    network = DaskShallowNNClassifier(**parameters)
    with pytest.raises(ValueError, match=message):
        network.fit(X, X[:, 0])


def test_without_a_client_the_remedy_is_named(monkeypatch):
    def no_client():
        raise ValueError("No global client found and no address provided")

    monkeypatch.setattr(cluster_module, "get_client", no_client)
    X = da.zeros((10, 2), chunks=5)
    with pytest.raises(RuntimeError, match=r"client = dask.distributed.Client\(\)"):
        DaskShallowNNClassifier().fit(X, X[:, 0])


def bad_data():
    X, y = load_iris(return_X_y=True)
    nan = X.copy()
    nan[77, 1] = np.nan
    A = partial(chunked, chunks=50)
    frame = pd.DataFrame({"a": np.arange(20.0), "b": list("xy") * 10})
    words = dd.from_pandas(frame, npartitions=2)
    return {
        "nan": (A(nan, y), "chunk 1 of X and y: Input X contains NaN"),
        "one class": (A(X, 0 * y), "one class only"),
        "numbers for labels": (A(X, X[:, 0] + 0.01), "Unknown label type: continuous"),
        "y of an array": ((A(X)[0], y), "y is of type ndarray.*from_array"),
        "y of other chunks": ((A(X)[0][A(y > 0)[0]], A(y)[0][:100]), "y has 2 chunks and X 3"),
        "other lengths": ((A(X)[0], A(y)[0][:140]), "chunk 2 of X and y: Found input variables"),
        "negative weights": ((*A(X, y), A(y - 1.0)[0]), "sample_weight has a negative weight"),
        "no weight": ((*A(X, y), A(0.0 * y)[0]), "all weights are zero"),
        "no rows": ((A(X)[0][:0], A(y)[0][:0]), "0 samples"),
        "text": ((words, words["a"] > 3), "feature 'b' of X holds text"),
        "text and numbers": (
            (A(X)[0], da.concatenate([*A(np.full(100, "b", object)), *A(np.ones(50, object))])),
            "y holds text and numbers in different chunks, as 'b' and 1",
        ),
        "text and numbers in one chunk": (
            A(X, np.array(["a", 1] * 75, object)),
            "labels of different types have no order",
        ),
        "one number": ((A(X)[0], A(y)[0].sum()), "y is a single number"),
        "no y": ((A(X)[0], None), "y=None: give the targets of X"),
        "delayed": ((dask.delayed(X), A(y)[0]), "X is of type Delayed.*: make a Dask array"),
        "delayed y": ((A(X)[0], dask.delayed(y)), r"y is of type Delayed.*from_delayed\(\), as X"),
        "one dimension": ((A(y)[0], A(y)[0]), "X has 1 dimension"),
    }


@pytest.mark.parametrize("kind", list(bad_data()))
def test_bad_data_are_named(threads, kind):
    collections, message = bad_data()[kind]
    with pytest.raises((TypeError, ValueError), match=message):
        DaskShallowNNClassifier(**GIVEN).fit(*collections)


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        (lambda X, y: {"X_val": chunked(X)[0], "y_val": y}, "y_val is of type ndarray.*as X_val"),
        (lambda X, y: {"X_val": chunked(X)[0]}, "y_val=None: give the targets of X_val"),
        (
            lambda X, y: dict(zip(("X_val", "y_val"), chunked(X[:0], y[:0]), strict=True)),
            "X_val has no sample of positive weight",
        ),
        (
            lambda X, y: dict(zip(("X_val", "y_val"), chunked(X, y + 1), strict=True)),
            r"chunk \d of X_val and y_val: y has labels \[3\]",
        ),
    ],
)
def test_bad_validation_data_are_named(threads, validation, message):
    X, y = load_iris(return_X_y=True)
    with pytest.raises((TypeError, ValueError), match=message):
        DaskShallowNNClassifier(**GIVEN).fit(*chunked(X, y), **validation(X, y))


def test_validation_data_on_a_cluster_want_training_data_there(threads):
    X, y = load_iris(return_X_y=True)
    X_val, y_val = chunked(X, y)
    with pytest.raises(TypeError, match=r"X_val is of type Array.*X_val.compute\(\)"):
        DaskShallowNNClassifier(**GIVEN).fit(X, y, X_val=X_val, y_val=y_val)


def test_other_columns_are_refused_in_prediction(threads):
    X, y = load_iris(return_X_y=True)
    network = DaskShallowNNClassifier(**GIVEN)
    with pytest.raises(NotFittedError):
        network.predict(chunked(X)[0])
    network.fit(*chunked(X, y))
    with pytest.raises(ValueError, match="X has 3 features"):
        network.predict(chunked(X[:, :3])[0])
    with pytest.raises(TypeError, match=r"X is of type Delayed.*: give a Dask array"):
        network.predict(dask.delayed(X))


def test_a_scorer_needs_validation_data_in_memory(threads):
    X, y = load_iris(return_X_y=True)
    network = DaskShallowNNClassifier(**GIVEN, scoring="accuracy")
    with pytest.raises(ValueError, match=r"scoring='accuracy' needs X_val in memory"):
        network.fit(*chunked(X, y), X_val=chunked(X)[0], y_val=chunked(y)[0])
    network.fit(*chunked(X, y), X_val=X, y_val=y)
    assert network.best_validation_score_ == pytest.approx(accuracy_score(y, network.predict(X)))


def test_partial_fit_of_a_collection_names_incremental(threads):
    X, y = chunked(*load_iris(return_X_y=True))
    with pytest.raises(TypeError, match=r"dask_ml\.wrappers\.Incremental"):
        DaskShallowNNClassifier(solver="gd").partial_fit(X, y, classes=[0, 1, 2])


def test_without_dask_the_extra_names_the_package(monkeypatch):
    import_ = builtins.__import__

    def without(name, *args, **kwargs):
        if name.split(".")[0] == "dask":
            raise ImportError(name)
        return import_(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    for name in [name for name in sys.modules if name.startswith("skshallow.extras.dask")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ImportError, match=r'pip install "skshallow\[dask\]"'):
        importlib.import_module("skshallow.extras.dask")


def test_diverging_steps_end_as_on_one_machine(threads):
    X, y = load_diabetes(return_X_y=True)
    network = DaskShallowNNRegressor(**GIVEN, solver="gd", learning_rate=1e9)
    with pytest.warns(ConvergenceWarning, match="diverged"):
        network.fit(*chunked(X, y))
    assert np.isfinite(network.predict(X)).all()


# Faults


class KillWorker(Stop):
    """Kills a worker in the middle of a fit, as the system does when memory is short."""

    def __init__(self, client, epoch):
        super().__init__(10**6)
        self.client, self.epoch = client, epoch

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.task_name == "epoch" and context.task_id == self.epoch:
            victim = next(iter(self.client.run(os.getpid).values()))
            os.kill(victim, signal.SIGKILL)


@pytest.mark.slow
def test_a_worker_that_is_killed_changes_nothing(processes):
    X, y = make_classification(2_000, 10, random_state=0)
    network = DaskShallowNNClassifier(**GIVEN)
    undisturbed = clone(network).fit(*chunked(X, y, chunks=200))
    network.set_callbacks(KillWorker(processes, 8)).fit(*chunked(X, y, chunks=200))
    assert network.n_iter_ == undisturbed.n_iter_ > 8
    assert_same(network, undisturbed, rtol=1e-6)


@pytest.mark.slow
def test_weights_outlive_the_worker_that_holds_them(processes, monkeypatch):
    X, y = make_classification(2_000, 10, random_state=0)
    network = DaskShallowNNClassifier(**GIVEN)
    undisturbed = clone(network).fit(*chunked(X, y, chunks=200))
    send, sent = cluster_module.Cluster.send, itertools.count()

    def send_and_kill(cluster, value):
        future = send(cluster, value)
        if next(sent) == 8:
            wait(future)
            (holder,) = processes.who_has([future])[future.key]
            os.kill(processes.run(os.getpid)[holder], signal.SIGKILL)
        return future

    monkeypatch.setattr(cluster_module, "LARGE", 200)
    monkeypatch.setattr(cluster_module.Cluster, "send", send_and_kill)
    network.fit(*chunked(X, y, chunks=200))
    assert next(sent) > 8
    assert_same(network, undisturbed, rtol=1e-6)


def die(X):
    """What a worker does that runs out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_chunks_that_no_worker_survives_end_in_an_error():
    X, y = chunked(*load_iris(return_X_y=True))
    fatal = X.map_blocks(die, dtype=X.dtype, meta=np.empty((0, 4)))
    options = {"threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(n_workers=1, **options) as cluster,
        Client(cluster),
        pytest.raises(RuntimeError, match="probably it ran out of memory"),
    ):
        DaskShallowNNClassifier(**GIVEN).fit(fatal, y)


@pytest.mark.slow
def test_a_cluster_without_workers_is_given_up(monkeypatch):
    monkeypatch.setattr(cluster_module, "LOOK_EVERY", 0.2)
    monkeypatch.setattr(cluster_module, "WITHOUT_WORKERS", 1)
    options = {"processes": False, "dashboard_address": ":0"}
    with (
        LocalCluster(n_workers=0, **options) as cluster,
        Client(cluster),
        pytest.raises(RuntimeError, match="has had no worker for 1 seconds"),
    ):
        DaskShallowNNClassifier(**GIVEN).fit(*chunked(*load_iris(return_X_y=True)))


class CloseCluster(Stop):
    """Closes the cluster in the middle of a fit."""

    def __init__(self, cluster):
        super().__init__(10**6)
        self.cluster = cluster

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.task_name == "epoch" and context.task_id == 3:
            self.cluster.close()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_is_closed_ends_the_fit():
    options = {"processes": False, "dashboard_address": ":0", "n_workers": 2}
    with LocalCluster(**options) as cluster, Client(cluster):
        network = DaskShallowNNClassifier(**GIVEN).set_callbacks(CloseCluster(cluster))
        with pytest.raises(RuntimeError, match="Dask"):
            network.fit(*chunked(*load_iris(return_X_y=True)))


FIT_FOR_EVER = """
import sys
from dask.distributed import Client
import dask.array as da
from skshallow.extras.dask import DaskShallowNNClassifier
client = Client(sys.argv[1])
X = da.random.default_rng(0).standard_normal((20_000, 20), chunks=(1_000, 20))
network = DaskShallowNNClassifier(64, alpha=1e-6, tol=0, max_iter=10**6, verbose=2)
network.fit(X, (X[:, 0] * X[:, 1] > 0).astype(int))
"""


@pytest.mark.slow
def test_a_client_that_goes_away_leaves_no_work_behind(processes):
    """Its data and tasks are dropped, and others go on."""
    command = [sys.executable, "-W", "ignore", "-u", "-c", FIT_FOR_EVER]
    address = processes.cluster.scheduler_address
    child = subprocess.Popen([*command, address], stdout=subprocess.PIPE, text=True)
    for line in child.stdout:  # until it is in the middle of training
        if "iteration 5 " in line:
            break
    child.kill()
    child.wait()
    child.stdout.close()
    tasks = partial(processes.run_on_scheduler, lambda dask_scheduler: len(dask_scheduler.tasks))
    deadline = time.monotonic() + 30
    while tasks() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert tasks() == 0
    X, y = load_iris(return_X_y=True)
    assert DaskShallowNNClassifier(**GIVEN).fit(*chunked(X, y)).score(X, y) > 0.9


def test_what_workers_hold_has_its_true_size(threads):
    """Or Dask would move it about as if it were nothing."""
    X, y = load_iris(return_X_y=True)
    network = DaskShallowNNClassifier(**GIVEN)
    data = network._training_data(*chunked(X, y), None, first=True)
    held = [part.result() for part in data.parts]
    assert all(isinstance(part, Part) for part in held)
    assert sum(sys.getsizeof(part) for part in held) > X.nbytes


def test_per_iteration_one_gradient_comes_from_each_thread(threads, monkeypatch):
    """However many blocks there are."""
    X, y = load_iris(return_X_y=True)
    submitted = []
    map_ = cluster_module.Cluster.map

    def counting(self, function, parts, **arguments):
        submitted.extend([function.__name__] * len(parts))
        return map_(self, function, parts, **arguments)

    monkeypatch.setattr(cluster_module.Cluster, "map", counting)
    network = DaskShallowNNClassifier(**GIVEN, solver="gd").fit(*chunked(X, y, chunks=10))
    assert submitted.count("sum_over_blocks") == 2 * network.n_iter_
