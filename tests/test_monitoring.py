"""Monitoring: callbacks see the history, LossMonitor records losses and scores of every epoch."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_iris, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, make_scorer, max_error
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowNNClassifier, ShallowNNRegressor
from skshallow.monitoring import LossMonitor

X, y = load_wine(return_X_y=True)
PARTS = (X[::2], y[::2]), (X[1::4], y[1::4]), (X[3::4], y[3::4])
SMALL = {"hidden_units": 6, "max_iter": 5, "alpha": 0.01, "schedule": "constant", "random_state": 0}
QUIET = pytest.mark.filterwarnings("ignore:lbfgs stopped:sklearn.exceptions.ConvergenceWarning")


class Histories:
    """Keeps what the network of every epoch knows of its training."""

    def __init__(self):
        self.seen = []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.task_name == "epoch":
            self.seen.append(fitted_estimator)


def classifier(**parameters):
    return ShallowNNClassifier(**SMALL | parameters)


def monitored(estimator, *args, scoring=(), data_sets=None, **more):
    monitor = LossMonitor(scoring, data_sets=data_sets)
    return estimator.set_callbacks(monitor).fit(*args, **more), monitor.history()


@QUIET
@pytest.mark.parametrize("solver", ["adam", "gd", "lbfgs"])
def test_callbacks_see_the_history_so_far(solver):
    (X_train, y_train), (X_val, y_val), _ = PARTS
    watcher = Histories()
    network = classifier(solver=solver, max_iter=8).set_callbacks(watcher)
    network.fit(X_train, y_train, X_val=X_val, y_val=y_val)
    for k, seen in enumerate(watcher.seen, start=1):
        assert seen.n_iter_ == k
        for name in ("loss_curve_", "penalty_curve_", "validation_scores_"):
            np.testing.assert_array_equal(getattr(seen, name), getattr(network, name)[:k])
        assert seen.best_iter_ == network.validation_scores_[:k].argmax() + 1
        assert (seen.alpha_, seen.engine_) == (network.alpha_, network.engine_)


def test_a_later_epoch_does_not_change_what_a_callback_kept():
    watcher = Histories()
    classifier(standardize=False).set_callbacks(watcher).fit(X, y)
    first = watcher.seen[0]
    alone = classifier(standardize=False, max_iter=1).fit(X, y)
    np.testing.assert_array_equal(first.W1_, alone.W1_)


def test_losses_are_those_of_the_fitted_network():
    (X_train, y_train), (X_val, y_val), (X_test, y_test) = PARTS
    data = {"X_val": X_val, "y_val": y_val}
    network, history = monitored(
        classifier(), X_train, y_train, data_sets={"test": (X_test, y_test)}, **data
    )
    assert list(history["epoch"]) == list(range(1, network.n_iter_ + 1))
    np.testing.assert_array_equal(history["loss"], network.loss_curve_)
    np.testing.assert_array_equal(history["penalty"], network.penalty_curve_)
    np.testing.assert_array_equal(history["val_loss"], -network.validation_scores_)
    assert (history["seconds"].diff().dropna() > 0).all()
    for k, loss in enumerate(history["test_loss"], start=1):
        alone = classifier(max_iter=k, early_stopping=False).fit(X_train, y_train)
        assert loss == pytest.approx(log_loss(y_test, alone.predict_proba(X_test)))


def test_scores_are_those_of_scikit_learn_on_each_set():
    (X_train, y_train), (X_val, y_val), (X_test, y_test) = PARTS
    network, history = monitored(
        classifier(scoring="accuracy"),
        *(X_train, y_train),
        scoring=["accuracy", "neg_log_loss"],
        data_sets={"test": (X_test, y_test)},
        X_val=X_val,
        y_val=y_val,
    )
    np.testing.assert_array_equal(history["val_accuracy"], network.validation_scores_)
    np.testing.assert_allclose(history["val_loss"], -history["val_neg_log_loss"])
    np.testing.assert_allclose(history["test_loss"], -history["test_neg_log_loss"])
    best = history.iloc[network.best_iter_ - 1]
    for name, (A, b) in zip(("train", "val", "test"), PARTS, strict=True):
        assert best[f"{name}_accuracy"] == accuracy_score(b, network.predict(A))


def test_a_part_that_is_split_off_is_not_scored_as_training_data():
    network, history = monitored(
        classifier(early_stopping=True, validation_fraction=0.3), X, y, scoring="accuracy"
    )
    rows = round(0.3 * len(X))
    for name, n in (("val", rows), ("train", len(X) - rows)):
        right = history[f"{name}_accuracy"] * n
        np.testing.assert_allclose(right, right.round())
    assert network.do_early_stopping_


def test_losses_of_a_regressor_are_on_the_scale_of_its_curve():
    X, y = load_diabetes(return_X_y=True)
    network, history = monitored(
        ShallowNNRegressor(**SMALL), X, 1000 * y, data_sets={"same": (X, 1000 * y)}
    )
    expected = (1 - network.score(X, 1000 * y)) / 2  # half the squared error, in deviations of y
    assert history["same_loss"].iloc[-1] == pytest.approx(expected)


def test_weights_count_in_scores_that_take_them():
    X, y = load_diabetes(return_X_y=True)
    weights = np.linspace(0, 2, len(y))
    scoring = {"r2": "r2", "worst": make_scorer(max_error)}
    network, history = monitored(
        ShallowNNRegressor(**SMALL), X, y, weights, scoring=scoring,
        data_sets={"test": (X, y, weights)},
    )  # fmt: skip
    expected = network.score(X, y, weights)
    assert history["test_r2"].iloc[-1] == pytest.approx(expected)
    assert history["train_r2"].iloc[-1] == pytest.approx(expected)
    assert history["train_worst"].iloc[-1] == max_error(y, network.predict(X))


def test_data_frames_with_names_are_scored_without_a_warning():
    X, y = load_iris(return_X_y=True, as_frame=True)
    _, history = monitored(classifier(), X, y, scoring="accuracy", data_sets={"again": (X, y)})
    np.testing.assert_array_equal(history["train_accuracy"], history["again_accuracy"])


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_every_fit_of_a_search_has_its_rows(n_jobs):
    monitor = LossMonitor()
    pipeline = make_pipeline(StandardScaler(), classifier().set_callbacks(monitor))
    grid = {"shallownnclassifier__hidden_units": [2, 4]}
    GridSearchCV(pipeline, grid, cv=3, n_jobs=n_jobs).fit(X, y)
    history = monitor.history()
    assert history.groupby("fit")["epoch"].apply(list).tolist() == 7 * [[1, 2, 3, 4, 5]]


def test_what_a_callback_does_with_its_network_does_not_change_the_training():
    class Meddler(Histories):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            fitted_estimator.partial_fit(X, y)
            fitted_estimator.W1_[:] = 0

    meddled = classifier(standardize=False).set_callbacks(Meddler()).fit(X, y)
    alone = classifier(standardize=False).fit(X, y)
    np.testing.assert_array_equal(meddled.W1_, alone.W1_)
    assert meddled.n_iter_ == alone.n_iter_


def test_what_a_callback_writes_to_a_file_holds_no_training_data():
    many, watcher = np.tile(X, (30, 1)), Histories()
    classifier().set_callbacks(watcher).fit(many, np.tile(y, 30))
    sizes = [len(pickle.dumps(seen.set_callbacks())) for seen in watcher.seen]
    assert max(sizes) < many.nbytes / 10


def test_monitoring_changes_no_weight():
    alone = classifier(early_stopping=True).fit(X, y)
    watched, _ = monitored(
        classifier(early_stopping=True), X, y, scoring="accuracy", data_sets={"a": (X, y)}
    )
    np.testing.assert_array_equal(alone.W1_, watched.W1_)


def test_the_history_is_a_structured_array_without_pandas(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    _, history = monitored(classifier(), X, y)
    assert isinstance(history, np.ndarray)
    assert history.dtype.names[:4] == ("fit", "epoch", "seconds", "loss")


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"scoring": "acuracy"}, "did you mean 'accuracy'"),
        ({"scoring": {"loss": "neg_log_loss"}}, "choose another"),
        ({"scoring": None}, "give the name of a scorer"),
        ({"scoring": ["accuracy", max]}, "give the name of a scorer"),
        ({"data_sets": [(X, y)]}, "give a dict"),
        ({"data_sets": {"val": (X, y)}}, "choose another"),
        ({"data_sets": {"test": X}}, "give a tuple"),
    ],
)
def test_a_monitor_that_could_not_work_is_refused_at_once(arguments, match):
    with pytest.raises((TypeError, ValueError), match=match):
        LossMonitor(**arguments)


def test_a_monitor_on_another_estimator_says_where_it_belongs():
    with pytest.raises(TypeError, match="set it on the ShallowNN"):
        LogisticRegression().set_callbacks(LossMonitor()).fit(X, y)


def test_a_monitor_that_saw_nothing_says_so():
    with pytest.raises(ValueError, match="No logs"):
        LossMonitor().history()


def test_histories_of_two_fits_are_apart():
    monitor = LossMonitor()
    network = classifier().set_callbacks(monitor)
    network.fit(X, y)
    network.set_params(max_iter=3).fit(X, y)
    assert isinstance(monitor.history(), pd.DataFrame)
    assert len(monitor.history()) == 3


def test_data_sets_that_do_not_fit_the_network_are_named():
    X, y = load_iris(return_X_y=True)
    monitor = LossMonitor(data_sets={"test": (X[:, :2], y)})
    network = ShallowNNClassifier(4, max_iter=2, alpha=0.01).set_callbacks(monitor)
    with pytest.raises(ValueError, match=r"data_sets\['test'\]: .* has 2 features"):
        network.fit(X, y)
