"""Early stopping by a scorer of scikit-learn: what it sees, and what is computed for it."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits, load_iris, make_friedman1
from sklearn.metrics import accuracy_score, get_scorer

from skshallow import ShallowNNClassifier, ShallowNNRegressor
from skshallow.core.network import Network

EPOCHS, BATCH, N_TRAINING, N_VALIDATION = 5, 50, 100, 37


def classification(kind="multiclass"):
    """(training, validation) rows and labels."""
    X, y = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    X, y = X[order], y[order]
    if kind == "binary":
        y = y > 0
    if kind == "multilabel":
        y = np.column_stack([y > 0, X[:, 0] > 5.8]).astype(int)
    return (X[:N_TRAINING], y[:N_TRAINING]), (X[-N_VALIDATION:], y[-N_VALIDATION:])


def regression(targets=1):
    X, y = load_diabetes(return_X_y=True)
    y = y if targets == 1 else np.column_stack([y, 2 * X[:, 2] - 1])
    return (X[:N_TRAINING], y[:N_TRAINING]), (X[-N_VALIDATION:], y[-N_VALIDATION:])


def fit(estimator, data):
    (X, y), (X_val, y_val) = data
    return estimator.fit(X, y, X_val=X_val, y_val=y_val)


SMALL = {
    "hidden_units": 6,
    "max_iter": EPOCHS,
    "random_state": 0,
    "alpha": 0.01,
}


def small(parameters):
    """SMALL with these parameters; some solvers have no batches."""
    batches = parameters.get("solver") not in ("gd", "lbfgs")
    size = {"batch_size": BATCH} if batches else {}
    return SMALL | size | parameters


def classifier(scoring, **parameters):
    return ShallowNNClassifier(scoring=scoring, **small(parameters))


def regressor(scoring, **parameters):
    return ShallowNNRegressor(scoring=scoring, **small(parameters))


def callable_scorer(estimator, X, y):
    return -float(np.mean(np.abs(estimator.predict(X) - y)))


ESTIMATORS = {
    "accuracy": (classifier, classification),
    "neg_log_loss": (classifier, classification),
    "f1_macro": (classifier, classification),
    "roc_auc_ovr": (classifier, classification),
    "r2": (regressor, regression),
    "neg_root_mean_squared_error": (regressor, regression),
    "callable": (regressor, regression),
    "callable of labels": (classifier, classification),
}


def build(name, **parameters):
    """(estimator, data, scorer)."""
    make, data = ESTIMATORS[name]
    scoring = callable_scorer if name.startswith("callable") else name
    scorer = scoring if callable(scoring) else get_scorer(scoring)
    return make(scoring, **parameters), data(), scorer


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if "callable" not in name])
def test_the_network_runs_once_an_epoch_over_the_validation_set(name, monkeypatch):
    shapes, hidden = [], Network.hidden

    def counted(self, A0):
        shapes.append(A0.shape)
        return hidden(self, A0)

    monkeypatch.setattr(Network, "hidden", counted)
    estimator, data, _ = build(name)
    fit(estimator.set_params(engine="numpy"), data)
    assert estimator.n_iter_ == EPOCHS
    assert all(len(shape) == 2 for shape in shapes)  # no tile of prediction
    sizes = [shape[1] for shape in shapes]
    assert sizes.count(N_VALIDATION) == EPOCHS + 1  # and once before, to know what loss is absurd
    assert sizes.count(BATCH) == EPOCHS * N_TRAINING // BATCH
    assert len(sizes) <= sizes.count(N_VALIDATION) + sizes.count(BATCH) + 1  # a look at the end


@pytest.mark.parametrize("solver", ["adam", "gd", "lbfgs"])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_scorer_sees_the_predictions_of_the_weights_of_the_moment(method, kind, solver):
    seen = []

    def scorer(estimator, X, y):
        kept = getattr(estimator, method)(X)
        computed = getattr(estimator, method)(X.copy())  # other rows go the long way
        np.testing.assert_allclose(kept, computed, rtol=1e-10, atol=1e-13)
        seen.append((estimator.W1_.copy(), kept.copy()))
        return float(len(seen))

    network = classifier(scorer, solver=solver, max_iter=3)
    data = classification(kind)
    with np.errstate(all="raise", under="ignore"):
        fit(network, data)
    assert len(seen) == network.n_iter_ == 3
    W1, last = seen[-1]  # the best, as every score is a rise
    np.testing.assert_array_equal(network.W1_, W1)
    outputs = getattr(network, method)(data[1][0])
    np.testing.assert_allclose(last, outputs, rtol=1e-10, atol=1e-13)
    assert not np.array_equal(seen[0][0], W1)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson", "quantile"])
@pytest.mark.parametrize("standardize", [False, True])
def test_a_scorer_sees_predictions_in_the_unit_of_y(loss, standardize):
    def scorer(estimator, X, y):
        kept, computed = estimator.predict(X), estimator.predict(X.copy())
        np.testing.assert_allclose(kept, computed, rtol=1e-10)
        return -float(np.abs(kept - y).mean())

    network = regressor(scorer, loss=loss, standardize=standardize, learning_rate=1e-3)
    data = regression()
    fit(network, data)
    best = scorer(network, *data[1])
    assert network.best_validation_score_ == pytest.approx(best, rel=1e-12)


def test_several_targets_are_scored_too():
    network, data = regressor("r2"), regression(targets=2)
    fit(network, data)
    best = network.score(*data[1])
    assert network.best_validation_score_ == pytest.approx(best, abs=1e-12)


@pytest.mark.fast(8)
@pytest.mark.parametrize("solver", ["adam", "gd", "lbfgs"])
@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_best_score_is_that_of_the_fitted_estimator(name, solver):
    estimator, data, scorer = build(name, solver=solver, max_iter=12, learning_rate=0.02)
    fit(estimator, data)
    best = scorer(estimator, *data[1])
    assert estimator.best_validation_score_ == pytest.approx(best, abs=1e-12, rel=1e-12)
    assert best == pytest.approx(np.max(estimator.validation_scores_), abs=1e-12, rel=1e-12)


def test_rows_that_are_not_those_of_the_validation_set_are_predicted_as_ever():
    def scorer(estimator, X, y):
        few = estimator.predict_proba(X[:3])
        assert few.shape == (3, 3)
        np.testing.assert_allclose(few, estimator.predict_proba(X)[:3], rtol=1e-10)
        return 0.0

    fit(classifier(scorer), classification())


@pytest.mark.parametrize("name", ["accuracy", "neg_log_loss"])
def test_a_table_with_names_is_scored_without_a_word(name):
    pandas = pytest.importorskip("pandas")
    (X, y), (X_val, y_val) = classification()
    X, X_val = (pandas.DataFrame(x, columns=list("abcd")) for x in (X, X_val))
    network = fit(classifier(name), ((X, y), (X_val, y_val)))
    best = get_scorer(name)(network, X_val, y_val)
    assert network.best_validation_score_ == pytest.approx(best, abs=1e-12)
    assert list(network.feature_names_in_) == list("abcd")


def pickling_scorer(estimator, X, y):
    copied = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(copied.predict(X), estimator.predict(X))
    return copied.score(X, y)


def test_a_scorer_may_pickle_its_estimator():
    estimator, data = classifier(pickling_scorer), classification()
    assert fit(estimator, data).n_iter_ == EPOCHS


@pytest.mark.parametrize("kind", ["keeps", "changes X", "changes weights", "refits"])
def test_a_function_as_scorer_may_do_what_it_likes_with_its_estimator(kind):
    kept = []

    def score(estimator, X, y):
        accuracy = estimator.score(X, y)
        if kind == "keeps":
            kept.append(estimator)
            assert len({model.W1_.tobytes() for model in kept}) == len(kept)
        elif kind == "changes X":
            A = X.copy()
            A[:] = A[::-1]
            np.testing.assert_array_equal(estimator.predict(A), estimator.predict(X)[::-1])
        elif kind == "changes weights":
            estimator.W2_[...] = 0
            assert np.ptp(estimator.predict_proba(X)) < 1
        else:
            estimator.set_params(scoring="loss", max_iter=1, early_stopping=False).fit(X, y)
        return accuracy

    X, y = load_iris(return_X_y=True)
    options = {"early_stopping": True, "max_iter": 3, "random_state": 0, "alpha": 0.01}
    ours = ShallowNNClassifier(8, scoring=score, **options).fit(X, y)
    theirs = ShallowNNClassifier(8, scoring="accuracy", **options).fit(X, y)
    np.testing.assert_array_equal(ours.W1_, theirs.W1_)


def test_a_scorer_that_cannot_work_leaves_a_state_that_goes_on():
    X, y = load_iris(return_X_y=True)
    network = ShallowNNClassifier(8, max_iter=3, warm_start=True, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="scoring"):
        network.set_params(scoring=accuracy_score, early_stopping=True).fit(X, y)
    network.set_params(scoring="loss", early_stopping=False).partial_fit(X, y)
    assert np.isfinite(network.W1_).all()


@pytest.mark.parametrize("scoring", ["roc_auc", "neg_log_loss"])
def test_a_regressor_has_no_probabilities_to_score_and_says_so(scoring):
    X, y = load_diabetes(return_X_y=True)
    network = ShallowNNRegressor(4, early_stopping=True, scoring=scoring, alpha=0.01, max_iter=2)
    with pytest.raises(ValueError, match=f"scoring='{scoring}' cannot score .*predict_proba"):
        network.fit(X, y > 100)


def test_with_early_stopping_a_large_max_iter_does_no_harm():
    """Training that stopped at a high learning rate would leave twice the error."""
    for seed in range(2):
        X, y = make_friedman1(4_000, noise=0.5, random_state=seed)
        network = ShallowNNRegressor(alpha=1e-5, random_state=seed, early_stopping=False)
        complete = 1 - network.fit(X[:2_000], y[:2_000]).score(X[2_000:], y[2_000:])
        network.set_params(early_stopping=True, max_iter=400).fit(X[:2_000], y[:2_000])
        assert network.n_iter_ < 100
        assert 1 - network.score(X[2_000:], y[2_000:]) < 1.25 * complete


def test_a_rate_that_does_not_fall_by_itself_stays_until_training_stops():
    X, y = load_digits(return_X_y=True)
    options = {"early_stopping": True, "schedule": "constant", "n_iter_no_change": 4, "tol": 0}
    network = ShallowNNClassifier(8, alpha=0.003, random_state=0, **options).fit(X, y)
    assert network.n_iter_ == network.best_iter_ + 4


def test_a_warm_start_after_a_schedule_that_was_cut_short_waits_anew():
    X, y = make_friedman1(500, noise=0.5, random_state=0)
    options = {"early_stopping": True, "n_iter_no_change": 3, "max_iter": 200, "warm_start": True}
    network = ShallowNNRegressor(8, alpha=1e-4, random_state=0, **options).fit(X, y)
    first = network.n_iter_
    assert 3 + 6 < first < 200  # it was cut short
    assert network.fit(X, y).n_iter_ >= first + 3
