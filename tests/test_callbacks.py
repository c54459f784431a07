"""scikit-learn's callbacks: what they see, what they may do, and that they cost nothing."""

import copy
import io

import numpy as np
import pytest
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import load_diabetes, load_iris, load_wine
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowNNClassifier, ShallowNNRegressor

SOLVERS = ("adam", "sgd", "gd", "lbfgs")
QUIET_LBFGS = pytest.mark.filterwarnings(
    "ignore:lbfgs stopped:sklearn.exceptions.ConvergenceWarning"
)


class Diary:
    """Writes down every call, as (event, name of the task, number of the task)."""

    def __init__(self):
        self.entries, self.metadata, self.max_subtasks, self.data = [], [], [], []

    def note(self, event, context):
        self.entries.append((event, context.task_name, context.task_id))

    def setup(self, estimator, context):
        self.note("setup", context)
        self.max_subtasks.append(context.max_subtasks)

    def teardown(self, estimator, context):
        self.note("teardown", context)

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        self.note("begin", context)

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None):
        self.note("end", context)
        self.metadata.append(metadata)
        self.data.append((X, y))


class Stop(Diary):
    """Stops every fit after so many epochs."""

    def __init__(self, after):
        super().__init__()
        self.after = after

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None):
        return context.task_name == "epoch" and context.task_id + 1 == self.after


class Predictions(Diary):
    """Keeps what the network of every epoch predicts."""

    def on_fit_task_end(self, estimator, context, *, X=None, fitted_estimator=None):
        if context.task_name == "epoch":
            self.data.append(fitted_estimator.predict_proba(X))


def wine():
    return load_wine(return_X_y=True)


def short(**parameters):
    return ShallowNNClassifier(
        **{"hidden_units": 8, "max_iter": 6, "random_state": 0, "alpha": 0.01} | parameters
    )


@pytest.fixture
def screen(monkeypatch):
    """What rich prints."""
    import rich
    from rich.console import Console

    text = io.StringIO()
    monkeypatch.setattr(rich, "_console", Console(file=text, force_terminal=True, width=200))
    return text


def test_progress_bar_shows_a_bar_that_is_full_in_the_end(screen):
    short().set_callbacks(ProgressBar()).fit(*wine())
    assert "ShallowNNClassifier - fit" in screen.getvalue()
    assert "100%" in screen.getvalue()


def test_progress_bar_of_a_grid_search_shows_the_networks_inside(screen):
    search = GridSearchCV(short(), {"hidden_units": [2, 3]}, cv=2)
    search.set_callbacks(ProgressBar()).fit(*wine())
    assert "GridSearchCV" in screen.getvalue()
    assert "ShallowNNClassifier" in screen.getvalue()


@pytest.mark.fast(2)
@QUIET_LBFGS
@pytest.mark.parametrize("solver", SOLVERS)
def test_scoring_monitor_logs_what_a_fit_of_so_many_epochs_would_score(solver):
    X, y = wine()
    monitor = ScoringMonitor(scoring="neg_log_loss")
    short(solver=solver, schedule="constant").set_callbacks(monitor).fit(X, y)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert [row["task_id"] for row in rows] == list(range(6))
    for k, row in enumerate(rows, start=1):
        alone = short(solver=solver, schedule="constant", max_iter=k).fit(X, y)
        # log loss by hand
        expected = alone.predict_log_proba(X)[np.arange(len(y)), y].mean()
        assert row["neg_log_loss"] == pytest.approx(expected, rel=1e-10)


def test_scoring_monitor_takes_sample_weight_into_account():
    X, y = wine()
    weights = 1.0 + (y == 0)
    monitor = ScoringMonitor(scoring="accuracy")
    classifier = short().set_callbacks(monitor).fit(X, y, sample_weight=weights)
    expected = accuracy_score(y, classifier.predict(X), sample_weight=weights)
    assert monitor.get_logs().data[-1]["accuracy"] == pytest.approx(expected)


@QUIET_LBFGS
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_callback_that_returns_true_ends_training_after_that_epoch(solver):
    X, y = wine()
    parameters = {"solver": solver, "schedule": "constant"}
    stopped = short(max_iter=50, **parameters).set_callbacks(Stop(after=3)).fit(X, y)
    three = short(max_iter=3, **parameters).fit(X, y)
    assert stopped.n_iter_ == len(stopped.loss_curve_) == 3
    np.testing.assert_array_equal(stopped.predict_proba(X), three.predict_proba(X))


@pytest.mark.parametrize("solver", ["adam", "gd", "lbfgs"])
def test_a_callback_stops_every_fit_inside_a_search_over_a_pipeline(solver):
    network = short(solver=solver, max_iter=50).set_callbacks(Stop(after=4))
    pipeline = make_pipeline(StandardScaler(), network)
    search = GridSearchCV(pipeline, {"shallownnclassifier__hidden_units": [3, 5]}, cv=2)
    assert search.fit(*wine()).best_estimator_[-1].n_iter_ == 4


@QUIET_LBFGS
@pytest.mark.parametrize("solver", SOLVERS)
def test_callbacks_see_every_task_begin_and_end_in_order(solver):
    diary = Diary()
    short(solver=solver, max_iter=2).set_callbacks(diary).fit(*wine())
    epochs = [(event, "epoch", i) for i in range(2) for event in ("begin", "end")]
    inner = [("begin", "fit", 0), *epochs, ("end", "fit", 0)]
    assert diary.entries == [("setup", "fit", 0), *inner, ("teardown", "fit", 0)]


def test_callbacks_are_torn_down_once_even_if_training_fails():
    diary = Diary()
    diary.on_fit_task_end = None  # not callable: the hook of the first epoch raises
    classifier = short().set_callbacks(diary)
    with pytest.raises(TypeError):
        classifier.fit(*wine())
    events = [event for event, *_ in diary.entries]
    assert events.count("setup") == events.count("teardown") == 1


def test_callbacks_are_given_the_data_and_the_weights_of_fit():
    X, y = wine()
    weights = np.linspace(1, 2, len(y))
    weighted, plain = Diary(), Diary()
    short().set_callbacks(weighted).fit(X, y, sample_weight=weights)
    short().set_callbacks(plain).fit(X, y)
    assert len(weighted.metadata) == 7
    for metadata in weighted.metadata:
        np.testing.assert_array_equal(metadata["sample_weight"], weights)
    assert not any(plain.metadata)
    for seen_X, seen_y in weighted.data:
        np.testing.assert_array_equal(seen_X, X)
        np.testing.assert_array_equal(seen_y, y)


def test_the_fitted_estimator_of_an_epoch_is_the_network_after_that_epoch():
    X, y = wine()
    keeper = Predictions()
    short(schedule="constant").set_callbacks(keeper).fit(X, y)
    for k, predicted in enumerate(keeper.data, start=1):
        alone = short(schedule="constant", max_iter=k).fit(X, y)
        np.testing.assert_array_equal(predicted, alone.predict_proba(X))


@QUIET_LBFGS
@pytest.mark.parametrize("solver", SOLVERS)
def test_callbacks_are_told_how_many_epochs_may_come(solver):
    diary = Diary()
    classifier = short(solver=solver, max_iter=9).set_callbacks(diary).fit(*wine())
    assert diary.max_subtasks == [9]
    assert classifier.n_iter_ <= 9


def test_the_number_of_automatic_epochs_is_told_as_it_is_taken():
    diary = Diary()
    classifier = short(max_iter="auto").set_callbacks(diary).fit(*load_iris(return_X_y=True))
    assert diary.max_subtasks == [classifier.n_iter_]


@QUIET_LBFGS
@pytest.mark.parametrize("solver", SOLVERS)
def test_callbacks_do_not_change_the_weights(solver):
    X, y = wine()
    alone = short(solver=solver).fit(X, y)
    watched = short(solver=solver).set_callbacks(Predictions(), Diary()).fit(X, y)
    np.testing.assert_array_equal(alone.W1_, watched.W1_)
    np.testing.assert_array_equal(alone.W2_, watched.W2_)


def test_callbacks_work_with_early_stopping_and_warm_start():
    X, y = wine()
    diary = Diary()
    classifier = short(early_stopping=True, warm_start=True, n_iter_no_change=100)
    classifier.set_callbacks(diary).fit(X, y).fit(X, y)
    ended = [entry for entry in diary.entries if entry[:2] == ("end", "epoch")]
    assert len(ended) == classifier.n_iter_ == 12
    assert copy.deepcopy(classifier).fit(X, y).n_iter_ == 18


def test_the_regressor_is_watched_and_stopped_in_the_same_way():
    X, y = load_diabetes(return_X_y=True)
    errors = []

    class Watcher(Stop):
        def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
            if context.task_name == "epoch":
                errors.append(np.abs(fitted_estimator.predict(X) - y).mean())
            return super().on_fit_task_end(estimator, context)

    regressor = (
        ShallowNNRegressor(8, alpha=0.01, random_state=0).set_callbacks(Watcher(7)).fit(X, y)
    )
    assert regressor.n_iter_ == len(errors) == 7
    assert errors[-1] == pytest.approx(np.abs(regressor.predict(X) - y).mean())
