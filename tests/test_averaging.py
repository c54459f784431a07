"""n_networks: several networks trained side by side, and their scores averaged."""

import pickle
import warnings

import numpy as np
import pytest
from covering import covered
from scipy.sparse import csr_array
from scipy.special import log_softmax
from sklearn.datasets import load_diabetes, load_iris, make_classification
from sklearn.metrics import log_loss

from skshallow import ShallowNNClassifier, ShallowNNRegressor
from skshallow.core.initializers import he
from skshallow.core.optimizers import Adam
from skshallow.inspection import check_gradient

SMALL = {"hidden_units": 6, "alpha": 0.01, "random_state": 0}
LAYERS = ("W1_", "b1_", "W2_", "b2_")
ENGINES = ["numpy", pytest.param("numba", marks=pytest.mark.neighbours("numba"))]


def assert_same_weights(a, b, rtol=1e-9):
    for name in LAYERS:
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=rtol, atol=1e-12)


def alike(rng, n_out, n_in):
    """Weights that are the same in every network."""
    return he(np.random.default_rng(0), n_out, n_in)


@pytest.mark.parametrize("solver", ["adam", "sgd", "gd"])
@pytest.mark.parametrize("engine", ENGINES)
def test_networks_that_start_alike_are_the_one_network(solver, engine):
    X, y = load_iris(return_X_y=True)
    options = {**SMALL, "init": alike, "solver": solver, "engine": engine, "max_iter": 3}
    one = ShallowNNClassifier(**options).fit(X, y)
    three = ShallowNNClassifier(n_networks=3, **options).fit(X, y)
    assert three.W1_.shape == (18, 4)
    assert three.W2_.shape == (3, 18)
    np.testing.assert_allclose(three.predict_proba(X), one.predict_proba(X), rtol=1e-6)
    np.testing.assert_allclose(three.loss_curve_, one.loss_curve_, rtol=1e-6)
    np.testing.assert_allclose(three.penalty_curve_, one.penalty_curve_, rtol=1e-6)


def test_lbfgs_brings_all_networks_to_the_minimum():
    X, y = load_iris(return_X_y=True)
    options = {**SMALL, "init": alike, "activation": "tanh", "solver": "lbfgs", "tol": 1e-8}
    one = ShallowNNClassifier(**options).fit(X, y)
    three = ShallowNNClassifier(n_networks=3, **options).fit(X, y)
    np.testing.assert_allclose(three.predict_proba(X), one.predict_proba(X), atol=1e-3)
    J, other = (network.loss_ + network.penalty_curve_[-1] for network in (one, three))
    assert other == pytest.approx(J, rel=1e-5)


def test_the_average_is_never_worse_than_its_networks_on_average():
    """The log loss is convex in the scores."""
    X, y = make_classification(400, flip_y=0.2, random_state=0)
    options = {**SMALL, "hidden_units": 16, "activation": "tanh", "n_networks": 4}
    network = ShallowNNClassifier(**options).fit(X[:200], y[:200])
    A1 = np.tanh(X[200:] @ network.W1_.T + network.b1_.T)
    units = np.split(np.arange(64), 4)
    scores = [A1[:, i] @ (4 * network.W2_[:, i]).T + network.b2_.T for i in units]
    np.testing.assert_allclose(np.mean(scores, axis=0)[:, 0], network.decision_function(X[200:]))
    losses = [np.logaddexp(0, np.where(y[200:] == 1, -1, 1) * score[:, 0]) for score in scores]
    assert np.ptp([loss.mean() for loss in losses]) > 0.01  # they differ
    assert log_loss(y[200:], network.predict_proba(X[200:])) < np.mean(losses)


def test_noisy_targets_gain_from_an_average():
    X, y = make_classification(1200, n_informative=6, flip_y=0.2, random_state=0)
    losses = []
    for n_networks in (1, 8):
        options = {"alpha": 1e-4, "random_state": 0, "max_iter": 30}
        network = ShallowNNClassifier(32, n_networks=n_networks, **options).fit(X[:300], y[:300])
        losses.append(log_loss(y[300:], network.predict_proba(X[300:])))
    assert losses[1] < losses[0] - 0.02


@pytest.mark.parametrize("container", [np.asarray, csr_array])
def test_calls_of_partial_fit_are_the_epochs_of_fit(container):
    X, y = load_iris(return_X_y=True)
    options = {**SMALL, "n_networks": 3, "schedule": "constant", "max_iter": 4}
    fitted = ShallowNNClassifier(**options).fit(container(X), y)
    stepwise = ShallowNNClassifier(**options)
    for _ in range(4):
        stepwise.partial_fit(container(X), y, classes=range(3))
        stepwise = pickle.loads(pickle.dumps(stepwise))
    assert_same_weights(fitted, stepwise)


def test_warm_start_goes_on_with_every_network():
    X, y = load_iris(return_X_y=True)
    options = {**SMALL, "n_networks": 2, "schedule": "constant", "warm_start": True}
    long = ShallowNNClassifier(max_iter=6, **options).fit(X, y)
    short = ShallowNNClassifier(max_iter=3, **options).fit(X, y)
    assert_same_weights(long, pickle.loads(pickle.dumps(short)).fit(X, y))


@pytest.mark.parametrize("target_scale", [1.0, 1e3])
def test_a_fit_without_warm_start_goes_on_from_the_same_predictions(target_scale):
    X, y = load_diabetes(return_X_y=True)
    Y = target_scale * np.column_stack([y, -2 * y])
    options = {**SMALL, "n_networks": 3, "max_iter": 5, "solver": Adam(input_scale_rate=0)}
    network = ShallowNNRegressor(learning_rate=1e-9, **options)
    network.set_params(learning_rate=0.02).fit(X, Y)
    before = network.predict(X)
    network.set_params(learning_rate=1e-9).partial_fit(X, Y)
    np.testing.assert_allclose(network.predict(X), before, rtol=1e-5)


@pytest.mark.parametrize("changed", [{"n_networks": 3}, {"n_networks": 1, "hidden_units": 12}])
def test_going_on_with_other_networks_is_an_error_that_names_both(changed):
    X, y = load_iris(return_X_y=True)
    network = ShallowNNClassifier(n_networks=2, max_iter=2, warm_start=True, **SMALL).fit(X, y)
    with pytest.raises(ValueError, match=rf"n_networks={changed['n_networks']} differs.* 2 of"):
        network.set_params(**changed).fit(X, y)


def test_early_stopping_keeps_the_epoch_in_which_the_average_was_best():
    X, y = make_classification(600, flip_y=0.3, random_state=0)
    options = {**SMALL, "hidden_units": 32, "n_networks": 3, "max_iter": 30}
    network = ShallowNNClassifier(**options).fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    loss = log_loss(y[300:], network.predict_proba(X[300:]))
    assert loss == pytest.approx(-network.best_validation_score_, rel=1e-9)
    assert network.best_validation_score_ == network.validation_scores_.max()


@pytest.mark.fast(4)
@covered(
    loss=["squared_error", "huber", "quantile", "poisson"],
    activation=["relu", "prelu", "tanh"],
    solver=["adam", "lbfgs"],
    weighted=[False, True],
)
def test_every_loss_and_two_targets(loss, activation, solver, weighted):
    X, y = load_diabetes(return_X_y=True)
    Y, weights = np.column_stack([y, 400 - y]), np.arange(1, len(y) + 1) if weighted else None
    options = {**SMALL, "loss": loss, "activation": activation, "solver": solver, "max_iter": 60}
    with warnings.catch_warnings(action="ignore"):
        network = ShallowNNRegressor(n_networks=2, **options).fit(X, Y, sample_weight=weights)
    assert network.predict(X).shape == Y.shape
    assert np.median(np.abs(network.predict(X) - Y)) < 0.8 * np.median(np.abs(Y - np.median(Y, 0)))


def test_a_stream_changes_scales_and_leaves_the_networks_as_they_are():
    X, y = load_diabetes(return_X_y=True)
    Y = np.column_stack([y, 5 * y])
    network = ShallowNNRegressor(n_networks=3, learning_rate=1e-9, **SMALL)
    network.partial_fit(X[:200], Y[:200])
    before = network.predict(X)
    network.partial_fit(3 * X[200:] + 1, 2 * Y[200:])
    np.testing.assert_allclose(network.predict(X), before, rtol=1e-4, atol=1e-3)


def test_gradients_are_checked_for_one_of_the_networks():
    X, y = load_iris(return_X_y=True)
    assert check_gradient(ShallowNNClassifier(n_networks=3, **SMALL), X, y).passed


@pytest.mark.parametrize("solver", ["adam", "gd"])
@pytest.mark.parametrize("engine", ["numpy", "auto"])
def test_an_outlier_is_no_divergence_of_several_networks(solver, engine):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3))
    y = X[:, 0] + 0.1 * rng.normal(size=600)
    y[500] = 1e8
    options = {"loss": "huber", "solver": solver, "alpha": 1e-3, "max_iter": 15, "random_state": 0}
    model = ShallowNNRegressor(4, n_networks=2, engine=engine, **options).fit(X, y)
    assert model.n_iter_ == 15
    if solver == "adam":
        assert np.abs(model.predict(X) - X[:, 0]).mean() < 0.9


def test_after_a_divergence_networks_are_no_worse_than_a_constant():
    X, y = load_iris(return_X_y=True)
    options = {**SMALL, "n_networks": 2, "solver": "sgd", "learning_rate": 1e6, "max_iter": 5}
    with pytest.warns(UserWarning, match="diverged"):
        network = ShallowNNClassifier(**options).fit(X, y)
    scores = log_softmax(network.decision_function(X), axis=1)
    assert -scores[np.arange(150), y].mean() < np.log(3) + 1e-6
