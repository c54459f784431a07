"""Life inside scikit-learn: searches, pipelines, ensembles, calibration."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from covering import slow
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris, load_wine
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder
from threadpoolctl import ThreadpoolController

from skshallow import ShallowNNClassifier
from skshallow.core.activations import LeakyReLU

GRID = {
    "net__hidden_units": [4, 16],
    "net__activation": ["relu", "tanh"],
    "net__learning_rate": [0.03],
}


def short(**parameters):
    """A classifier that is trained in milliseconds."""
    return ShallowNNClassifier(
        **{"hidden_units": 16, "max_iter": 30, "random_state": 0, "alpha": 0.01} | parameters
    )


def flowers():
    """Iris as a user has it: named columns, one of them text, labels that are words."""
    bunch = load_iris(as_frame=True)
    frame = bunch.data.assign(size=np.where(bunch.data.iloc[:, 0] > 6, "large", "small"))
    return frame, pd.Series(bunch.target_names[bunch.target], name="species")


def flower_pipeline():
    columns = make_column_transformer((OneHotEncoder(), ["size"]), remainder="passthrough")
    return Pipeline([("columns", columns), ("net", short())])


@pytest.mark.slow
def test_grid_search_finds_the_same_scores_on_one_and_on_two_processes():
    X, y = flowers()
    alone, together = (
        GridSearchCV(flower_pipeline(), GRID, cv=3, n_jobs=n_jobs).fit(X, y) for n_jobs in (1, 2)
    )
    for name in ("split0_test_score", "split1_test_score", "split2_test_score"):
        np.testing.assert_array_equal(alone.cv_results_[name], together.cv_results_[name])
    assert alone.best_params_ == together.best_params_
    np.testing.assert_array_equal(alone.predict_proba(X), together.predict_proba(X))


@contextmanager
def two_workers(backend):
    """Searches in this block run in two processes, the numbers of which are given."""

    def number_of_process():
        time.sleep(0.5)  # so that both get a call
        return os.getpid()

    with ExitStack() as stack:
        if backend == "dask":
            from distributed import Client

            options = {"threads_per_worker": 1, "dashboard_address": ":0"}
            stack.enter_context(Client(n_workers=2, **options))
        stack.enter_context(joblib.parallel_config(backend=backend, n_jobs=2))
        yield {*joblib.Parallel()(joblib.delayed(number_of_process)() for _ in range(4))}


def processor_time(process):
    """Of a process with all threads that it has had, and of each thread that lives, in ticks."""
    folder = Path("/proc", str(process))
    stats = [folder / "stat", *folder.glob("task/*/stat")]
    times = [stat.read_text().rpartition(")")[2].split()[11:13] for stat in stats]
    total, *threads = (int(user) + int(system) for user, system in times)
    return total, dict(zip(stats[1:], threads, strict=True))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads times of threads in /proc")
@pytest.mark.parametrize(
    "backend", ["loky", pytest.param("dask", marks=pytest.mark.neighbours("distributed"))]
)
def test_a_worker_of_a_search_computes_on_one_thread(backend):
    """So as many workers as cores take no more than the cores, however busy the machine is."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((1500, 400), np.float32), rng.integers(10, size=1500)
    network = short(hidden_units=180, batch_size=128)  # BLAS would share such products
    search = GridSearchCV(network, {"learning_rate": [0.01, 0.02, 0.03, 0.04]}, cv=3, refit=False)
    with two_workers(backend) as workers:
        search.fit(X, y)  # imports, on whatever thread
        before = {worker: processor_time(worker) for worker in workers}
        search.fit(X, y)
        after = {worker: processor_time(worker) for worker in workers}
    assert len(workers) == 2
    for worker in workers:
        (start, threads), (end, later) = before[worker], after[worker]
        busiest = max(ticks - threads.get(thread, 0) for thread, ticks in later.items())
        assert 20 < end - start < 1.5 * busiest  # the rest is Dask's messages; with BLAS it is 2


@pytest.mark.slow
@pytest.mark.parametrize("started_by_main", [True, False])
def test_large_fits_in_threads_are_the_fit_alone_and_leave_blas_as_it_was(started_by_main):
    """With two threads BLAS adds up in another order; only one thread may set their number."""
    X, y = np.random.default_rng(0).standard_normal((600, 800)), np.arange(600) % 10
    network = short(hidden_units=400, batch_size=128, max_iter=2)
    blas = ThreadpoolController().select(user_api="blas")

    def weights(_):
        return clone(network).fit(X, y).W1_

    with blas.limit(limits=2):
        if started_by_main:
            weights(0)
        with ThreadPoolExecutor(2) as pool:
            together = list(pool.map(weights, range(4)))
        assert {library.get_num_threads() for library in blas.lib_controllers} == {2}
        alone = weights(0)
    for found in together:
        np.testing.assert_array_equal(found, alone)


def test_the_winner_of_a_grid_search_is_fitted_with_the_winning_values():
    X, y = flowers()
    search = GridSearchCV(flower_pipeline(), GRID, cv=3).fit(X, y)
    winner = search.best_estimator_["net"]
    assert winner.W1_.shape == (search.best_params_["net__hidden_units"], 6)
    assert set(search.predict(X)) <= set(y)
    assert search.best_score_ > 0.9


def test_grid_search_scores_are_those_of_plain_fits():
    X, y = load_wine(return_X_y=True)
    folds = StratifiedKFold(3)
    search = GridSearchCV(short(), {"hidden_units": [3, 9]}, cv=folds).fit(X, y)
    for i, hidden_units in enumerate([3, 9]):
        scores = [
            short(hidden_units=hidden_units).fit(X[train], y[train]).score(X[test], y[test])
            for train, test in folds.split(X, y)
        ]
        assert search.cv_results_["mean_test_score"][i] == pytest.approx(np.mean(scores))


@pytest.mark.parametrize("n_jobs", [1, *slow(2)])
def test_activation_objects_with_other_slopes_are_other_candidates(n_jobs):
    X, y = load_wine(return_X_y=True)
    slopes = [LeakyReLU(0.1), LeakyReLU(0.3)]
    search = GridSearchCV(
        short(), {"activation": slopes}, cv=3, scoring="neg_log_loss", n_jobs=n_jobs
    ).fit(X, y)
    assert list(search.cv_results_["param_activation"]) == slopes
    assert search.cv_results_["mean_test_score"][0] != search.cv_results_["mean_test_score"][1]


def test_randomized_search_draws_from_lists_and_names():
    X, y = load_wine(return_X_y=True)
    choices = {"hidden_units": range(2, 20), "alpha": [1e-3, "auto"], "solver": ["adam", "sgd"]}
    search = RandomizedSearchCV(short(), choices, n_iter=4, cv=3, random_state=0).fit(X, y)
    assert len(search.cv_results_["params"]) == 4
    assert search.score(X, y) > 0.9


def test_halving_search_gives_survivors_more_epochs():
    X, y = load_wine(return_X_y=True)
    search = HalvingGridSearchCV(
        short(),
        {"hidden_units": [2, 4, 8, 16]},
        resource="max_iter",
        min_resources=5,
        max_resources=20,
        factor=2,
        cv=3,
    ).fit(X, y)
    assert search.n_resources_ == [5, 10, 20]
    assert search.best_estimator_.n_iter_ == search.best_params_["max_iter"] == 20


@pytest.mark.slow
def test_cross_val_score_is_independent_of_the_number_of_processes():
    X, y = load_wine(return_X_y=True)
    alone, together = (cross_val_score(short(), X, y, n_jobs=n_jobs) for n_jobs in (1, 2))
    np.testing.assert_array_equal(alone, together)
    assert alone.mean() > 0.9


def test_clone_carries_every_parameter_and_nothing_learned():
    X, y = load_wine(return_X_y=True)
    classifier = short(activation=LeakyReLU(0.2), alpha=0.01, init="xavier").fit(X, y)
    copied = clone(classifier)
    assert copied.get_params() == classifier.get_params()
    assert not [name for name in vars(copied) if name.endswith("_")]
    np.testing.assert_array_equal(copied.fit(X, y).W1_, classifier.W1_)


@pytest.mark.fast(2)
@pytest.mark.parametrize("method", ["temperature", "sigmoid"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_calibration_works_on_the_scores(method, n_classes, monkeypatch):
    """CalibratedClassifierCV takes decision_function if there is one: logits, not probabilities."""
    X, y = load_wine(return_X_y=True)
    X, y = X[y < n_classes], y[y < n_classes]
    calls = []
    scores_of = ShallowNNClassifier.decision_function
    monkeypatch.setattr(
        ShallowNNClassifier,
        "decision_function",
        lambda self, X: calls.append(len(X)) or scores_of(self, X),
    )
    calibrated = CalibratedClassifierCV(short(), method=method, cv=3).fit(X, y)
    assert sum(calls) == len(X)
    assert calibrated.score(X, y) > 0.8


def test_temperature_leaves_the_predictions_of_a_fitted_network_alone():
    """A temperature divides all scores by one positive number, so the largest stays the largest."""
    from sklearn.frozen import FrozenEstimator

    X, y = load_wine(return_X_y=True)
    classifier = short().fit(X, y)
    calibrated = CalibratedClassifierCV(FrozenEstimator(classifier), method="temperature")
    np.testing.assert_array_equal(calibrated.fit(X, y).predict(X), classifier.predict(X))


def test_soft_voting_averages_our_probabilities():
    X, y = load_wine(return_X_y=True)
    seeds = [("first", short(random_state=1)), ("second", short(random_state=2))]
    voting = VotingClassifier(seeds, voting="soft").fit(X, y)
    mean = np.mean([clone(net).fit(X, y).predict_proba(X) for _, net in seeds], axis=0)
    np.testing.assert_allclose(voting.predict_proba(X), mean, rtol=1e-12)


def test_bagging_trains_networks_that_differ_and_agrees_with_their_mean():
    X, y = load_wine(return_X_y=True)
    bagging = BaggingClassifier(short(random_state=None), n_estimators=3, random_state=0).fit(X, y)
    probabilities = [net.predict_proba(X) for net in bagging.estimators_]
    assert np.abs(probabilities[0] - probabilities[1]).max() > 1e-3
    np.testing.assert_allclose(bagging.predict_proba(X), np.mean(probabilities, axis=0))


def test_boosting_passes_its_weights_on():
    """The second network of AdaBoost sees the weights that the errors of the first one make."""
    X, y = load_iris(return_X_y=True)
    boosting = AdaBoostClassifier(short(hidden_units=2, alpha=0.01), n_estimators=3, random_state=0)
    boosting.fit(X, y)
    first, second = boosting.estimators_[:2]
    # SAMME: the weight of a misclassified row grows by (1 - error) / error * (n_classes - 1)
    wrong = first.predict(X) != y
    odds = (1 - wrong.mean()) / wrong.mean() * 2
    again = clone(second).fit(X, y, sample_weight=np.where(wrong, odds, 1.0))
    np.testing.assert_allclose(again.predict_proba(X), second.predict_proba(X), rtol=1e-6)


def test_stacking_hands_our_probabilities_to_the_final_estimator():
    X, y = load_wine(return_X_y=True)
    final = LogisticRegression()
    stacking = StackingClassifier([("net", short())], final_estimator=final, cv=3).fit(X, y)
    expected = clone(final).fit(cross_val_predict(short(), X, y, cv=3, method="predict_proba"), y)
    np.testing.assert_allclose(stacking.final_estimator_.coef_, expected.coef_, rtol=1e-6)
