"""docs/recipes.rst shows what it prints, and what its recipes claim is true."""

import numpy as np
import pandas as pd
import pytest
from pages import assert_prints_what_it_shows, sections
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine, make_classification
from sklearn.ensemble import BaggingClassifier, BaggingRegressor, StackingRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import partial_dependence
from sklearn.linear_model import LinearRegression
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import cross_val_predict

from skshallow import ShallowNNClassifier, ShallowNNRegressor

pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning:shap")  # at its import


def short(estimator, **parameters):
    return estimator(
        **{"hidden_units": 8, "max_iter": 30, "random_state": 0, "alpha": 0.01} | parameters
    )


def wine():
    return load_wine(return_X_y=True)


def diabetes():
    return load_diabetes(return_X_y=True)


@pytest.mark.slow
@pytest.mark.parametrize(("page", "title", "text"), [*sections("recipes.rst")])
def test_the_recipe_prints_what_the_page_shows(page, title, text):
    assert_prints_what_it_shows(page, title, text)


def test_averaged_networks_are_plain_fits_from_different_seeds():
    X, y = wine()
    network = short(ShallowNNClassifier, random_state=None)
    averaged = BaggingClassifier(network, n_estimators=3, bootstrap=False, random_state=0)
    averaged.fit(X, y)
    seeds = [member.random_state for member in averaged.estimators_]
    plain = [short(ShallowNNClassifier, random_state=seed).fit(X, y) for seed in seeds]
    probabilities = [member.predict_proba(X) for member in plain]
    assert len(set(seeds)) == 3
    assert np.abs(probabilities[0] - probabilities[1]).max() > 1e-3
    np.testing.assert_allclose(averaged.predict_proba(X), np.mean(probabilities, axis=0))


def test_log_loss_of_averaged_networks_is_at_most_the_mean_of_theirs():
    """Jensen: -log is convex. It is less, as the members differ."""
    X, y = make_classification(300, n_informative=6, flip_y=0.2, random_state=0)
    averaged = BaggingClassifier(
        short(ShallowNNClassifier), n_estimators=4, bootstrap=False, random_state=0
    ).fit(X[:200], y[:200])
    members = [log_loss(y[200:], m.predict_proba(X[200:])) for m in averaged.estimators_]
    assert log_loss(y[200:], averaged.predict_proba(X[200:])) < np.mean(members)


def test_averaged_regressors_are_better_than_their_mean_by_their_variance():
    """Krogh and Vedelsby (1995): error of the mean = mean error - mean squared deviation."""
    X, y = diabetes()
    averaged = BaggingRegressor(
        short(ShallowNNRegressor), n_estimators=4, bootstrap=False, random_state=0
    ).fit(X[:300], y[:300])
    predicted = np.array([member.predict(X[300:]) for member in averaged.estimators_])
    errors = [mean_squared_error(y[300:], p) for p in predicted]
    gain = predicted.var(axis=0).mean()
    assert gain > 0
    error = mean_squared_error(y[300:], averaged.predict(X[300:]))
    assert error == pytest.approx(np.mean(errors) - gain)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_temperature_is_the_number_that_minimises_the_log_loss(n_classes):
    X, y = wine()
    X, y = X[y < n_classes], y[y < n_classes]
    network = short(ShallowNNClassifier, alpha=0.1).fit(X[::2], y[::2])
    X, y = X[1::2], y[1::2]
    calibrated = CalibratedClassifierCV(FrozenEstimator(network), method="temperature").fit(X, y)
    scores = network.decision_function(X)
    if n_classes == 2:
        scores = np.column_stack([np.zeros(len(y)), scores])

    def loss_at(log_temperature):
        scaled = log_softmax(scores / np.exp(log_temperature), axis=1)
        return -scaled[np.arange(len(y)), y].mean()

    best = minimize_scalar(loss_at, bounds=(-5, 5)).fun
    reached = log_loss(y, calibrated.predict_proba(X))
    assert reached == pytest.approx(best, rel=1e-6)
    assert reached <= log_loss(y, network.predict_proba(X))


def test_stacking_learns_from_predictions_for_rows_that_a_network_has_not_seen():
    X, y = diabetes()
    pair = [("small", short(ShallowNNRegressor)), ("linear", LinearRegression())]
    stacking = StackingRegressor(pair, final_estimator=LinearRegression(), cv=3).fit(X, y)
    unseen = [cross_val_predict(model, X, y, cv=3) for _, model in pair]
    expected = LinearRegression().fit(np.column_stack(unseen), y)
    np.testing.assert_allclose(stacking.final_estimator_.coef_, expected.coef_, rtol=1e-6)


def test_probabilities_average_to_the_share_of_a_class_and_to_half_if_balanced():
    """Where J is least its derivative by b2 is zero: sum_i s_i (a_i - y_i) = 0."""
    X, y = make_classification(300, weights=[0.9], flip_y=0.1, random_state=0)
    settings = {"activation": "tanh", "solver": "lbfgs", "max_iter": 1000, "tol": 1e-8}
    network = short(ShallowNNClassifier, **settings)
    plain = network.fit(X, y).predict_proba(X)[:, 1]
    assert plain.mean() == pytest.approx(y.mean(), abs=1e-4)
    balanced = clone(network).set_params(class_weight="balanced").fit(X, y).predict_proba(X)[:, 1]
    halves = [balanced[y == label].mean() for label in (0, 1)]
    assert np.mean(halves) == pytest.approx(0.5, abs=1e-4)
    assert balanced.mean() > 1.2 * plain.mean()


@pytest.mark.neighbours("imblearn")
def test_rows_drawn_again_by_a_sampler_count_as_their_weights():
    from imblearn import over_sampling, pipeline

    X, y = load_breast_cancer(return_X_y=True)
    network = short(ShallowNNClassifier, solver="lbfgs", max_iter="auto", alpha=0.1, tol=1e-7)
    sampled = pipeline.make_pipeline(over_sampling.RandomOverSampler(random_state=0), network)
    sampled.fit(X, y)
    times = np.bincount(sampled[0].sample_indices_, minlength=len(y))
    weighted = clone(network).fit(X, y, sample_weight=times)
    assert times.max() > 1
    np.testing.assert_allclose(sampled.decision_function(X), weighted.decision_function(X), 1e-5)


@pytest.mark.neighbours("skrub")
def test_skrub_sees_that_gaps_must_be_filled_and_takes_categories_it_has_not_seen():
    import skrub

    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "city": rng.choice(["Rome", "Oslo", None], 120),
            "day": pd.date_range("2025-01-01", periods=120).where(rng.random(120) > 0.1),
            "price": np.where(rng.random(120) < 0.2, np.nan, rng.normal(size=120)),
        }
    )
    labels = np.where(table["price"].isna(), "gap", "none")
    with pytest.raises(ValueError, match="NaN"):
        short(ShallowNNClassifier).fit(table[["price"]], labels)
    pipeline = skrub.tabular_pipeline(short(ShallowNNClassifier, max_iter=100))
    assert pipeline.fit(table, labels).score(table, labels) == 1
    strange = table.assign(city="Atlantis")
    with pytest.warns(UserWarning, match="unknown categories"):
        assert set(pipeline.predict(strange)) == {"gap", "none"}


@pytest.mark.neighbours("shap")
def test_shap_shares_a_linear_network_out_as_its_weights_say():
    """Of a linear function, column j gets w_j (x_j - mean of x_j over the background)."""
    import shap

    X, y = wine()
    X = X[:, :5]
    network = short(ShallowNNClassifier, activation="identity").fit(X, y)
    background = X[::10]
    explained = shap.KernelExplainer(network.decision_function, background)(X[:4], silent=True)
    weights = network.W2_ @ network.W1_  # (classes, columns)
    expected = (X[:4] - background.mean(axis=0))[:, :, None] * weights.T
    np.testing.assert_allclose(explained.values, expected, atol=1e-8)
    np.testing.assert_allclose(
        explained.base_values + explained.values.sum(axis=1), network.decision_function(X[:4])
    )


def test_partial_dependence_is_the_mean_prediction_with_a_column_held_fixed():
    frame = load_diabetes(as_frame=True)
    network = short(ShallowNNRegressor).fit(frame.data, frame.target)
    curve = partial_dependence(network, frame.data, ["bmi"], grid_resolution=4)
    means = [network.predict(frame.data.assign(bmi=v)).mean() for v in curve.grid_values[0]]
    np.testing.assert_allclose(curve.average[0], means)
