"""The hidden layer as a transformer, and what the network looks at."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_digits, load_iris, make_friedman1
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import RFECV, SelectFromModel
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skshallow import ShallowNNClassifier, ShallowNNRegressor

X, y = load_iris(return_X_y=True)


def network(**parameters):
    return ShallowNNClassifier(
        **{"hidden_units": 5, "max_iter": 5, "alpha": 0.01, "random_state": 0} | parameters
    )


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "prelu"])
@pytest.mark.parametrize("n_networks", [1, 2])
def test_scores_are_linear_in_the_outputs_of_the_hidden_layer(activation, n_networks):
    fitted = network(activation=activation, n_networks=n_networks).fit(X, y)
    hidden = fitted.transform(X)
    assert hidden.shape == (len(X), 5 * n_networks)
    scores = hidden @ fitted.W2_.T + fitted.b2_.T
    np.testing.assert_allclose(scores, fitted.decision_function(X), rtol=1e-12, atol=1e-12)


def test_the_outputs_are_those_of_the_textbook():
    fitted = network(activation="tanh").fit(X, y)
    np.testing.assert_allclose(
        fitted.transform(X), np.tanh(X @ fitted.W1_.T + fitted.b1_.T), rtol=1e-12
    )


@pytest.mark.parametrize("make", [csr_array, np.asfortranarray, lambda X: X.astype(np.float32)])
def test_all_kinds_of_inputs_are_transformed(make):
    fitted = network().fit(X, y)
    transformed = fitted.transform(make(X))
    np.testing.assert_allclose(transformed, fitted.transform(X), rtol=1e-4, atol=1e-5)


def test_a_fitted_network_is_a_step_before_another_estimator():
    X, y = load_digits(return_X_y=True)
    hidden = ShallowNNClassifier(16, max_iter=20, alpha=0.01, random_state=0)
    stacked = make_pipeline(hidden, LogisticRegression(max_iter=1000)).fit(X[::2], y[::2])
    assert stacked.score(X[1::2], y[1::2]) > 0.9


def test_names_of_the_hidden_units_come_out():
    fitted = network().set_output(transform="pandas").fit(X, y)
    frame = fitted.transform(X)
    assert list(frame.columns) == [f"shallownnclassifier{i}" for i in range(5)]


def test_an_unfitted_network_has_no_features_and_no_importances():
    with pytest.raises(NotFittedError):
        network().transform(X)
    assert not hasattr(network(), "feature_importances_")


def test_importances_do_not_depend_on_the_units_of_the_features():
    scales = np.array([1, 1e3, 1e-3, 10])
    one, other = network().fit(X, y), network().fit(X * scales, y)
    np.testing.assert_allclose(one.feature_importances_, other.feature_importances_, rtol=1e-6)
    assert one.feature_importances_.sum() == pytest.approx(1)


def test_importances_find_the_features_that_matter():
    X, y = make_friedman1(400, n_features=10, random_state=0)  # the last five are noise
    fitted = ShallowNNRegressor(32, alpha=0.01, max_iter=60, random_state=0).fit(X, y)
    assert set(np.argsort(fitted.feature_importances_)[-5:]) == set(range(5))


@pytest.mark.slow
def test_tools_that_select_features_need_no_getter():
    X, y = make_friedman1(300, n_features=10, noise=0.5, random_state=1)
    regressor = ShallowNNRegressor(32, max_iter=30, alpha=0.01, random_state=0)
    assert RFECV(regressor, cv=3).fit(X, y).support_[:5].all()
    assert set(np.flatnonzero(SelectFromModel(regressor).fit(X, y).get_support())) <= set(range(5))
