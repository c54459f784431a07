"""The defaults are good as they come, and where the optimum is known, it is found."""

import warnings

import numpy as np
import pytest
from covering import covered, slow
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_classification,
    make_moons,
)
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, recall_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict, cross_val_score
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowNNClassifier
from skshallow.core.activations import ACTIVATIONS
from skshallow.core.optimizers import Adam

FOLDS = StratifiedKFold(5, shuffle=True, random_state=0)
SMALL_SETS = {
    "wine": (load_wine, 0.97),
    "iris": (load_iris, 0.95),
    "breast_cancer": (load_breast_cancer, 0.97),
}


def mean_accuracy(X, y):
    return cross_val_score(ShallowNNClassifier(random_state=0), X, y, cv=FOLDS).mean()


def scaled_cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def logistic_regression(X, y):
    """(probabilities, alpha) of an L2 logistic regression and of our network with its optimum."""
    C = 0.05
    model = LogisticRegression(C=C, tol=1e-10, max_iter=10_000).fit(X, y)
    return model.predict_proba(X), np.linalg.norm(model.coef_) / (C * len(y))


def linear(alpha, **parameters):
    """A network whose hidden layer is the identity, on inputs as they are."""
    return ShallowNNClassifier(
        8, activation="identity", standardize=False, alpha=alpha, random_state=0, **parameters
    )


def objective(network, X, y):
    """J from the fitted weights, in the notes' letters."""
    W1, W2 = network.W1_, network.W2_
    Z2 = (W2 @ (W1 @ X.T + network.b1_) + network.b2_).ravel()
    loss = np.logaddexp(0, np.where(y == 1, -Z2, Z2)).mean()
    return loss + network.alpha / 2 * (np.sum(W1**2) + np.sum(W2**2))


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL_SETS)
def test_defaults_are_accurate_on_raw_features(name):
    load, least = SMALL_SETS[name]
    assert mean_accuracy(*load(return_X_y=True)) >= least


@pytest.mark.parametrize("factor", [1e-3, 1e6])
@pytest.mark.parametrize("name", SMALL_SETS)
def test_the_unit_of_the_features_changes_no_prediction(name, factor):
    X, y = SMALL_SETS[name][0](return_X_y=True)
    one, other = (
        ShallowNNClassifier(16, max_iter=10, alpha=0.01, random_state=0).fit(rows, y)
        for rows in (X, X * factor)
    )
    np.testing.assert_allclose(
        other.predict_proba(X * factor), one.predict_proba(X), rtol=1e-6, atol=1e-9
    )


@pytest.mark.slow
def test_defaults_are_accurate_on_digits():
    assert mean_accuracy(*load_digits(return_X_y=True)) >= 0.975


@pytest.mark.slow
def test_defaults_are_accurate_on_moons():
    assert mean_accuracy(*make_moons(1_000, noise=0.1, random_state=0)) >= 0.98


@pytest.mark.parametrize("activation", sorted({*ACTIVATIONS} - {"identity"}))
def test_every_activation_learns_two_spirals(activation):
    """With two features Xavier's weights are so small that tanh starts as a straight line."""
    rng = np.random.default_rng(0)
    turn, arm = 3 * np.pi * np.sqrt(rng.uniform(size=1_200)), np.arange(1_200) % 2
    X = (turn * np.array([np.cos(turn), np.sin(turn)]) * (2 * arm - 1)).T
    settings = {"activation": activation, "alpha": 1e-4, "max_iter": 200, "random_state": 0}
    network = ShallowNNClassifier(64, **settings)
    assert network.fit(X[:600], arm[:600]).score(X[600:], arm[600:]) > 0.94


def test_a_linear_network_has_the_optimum_of_logistic_regression():
    """The hidden layer is linear, so the scores are x.w + b with w = W2 W1.

    Among all factors of one w, |W1|^2 + |W2|^2 is least for W1 = u w' and W2 = |w| u' / |w| with
    |W1|^2 = |W2|^2 = |w|, u of one hidden direction (arithmetic and geometric mean). So

        min J  =  min_w  mean L + alpha |w|.

    Logistic regression minimises C sum L + |w|^2 / 2, that is mean L + |w|^2 / (2 C n), where the
    gradient of the penalty is w / (C n). Ours is alpha w / |w|. The two vanish together with the
    gradient of the same mean L at w_LR if alpha = |w_LR| / (C n); both problems are convex in w.
    """
    X, y = scaled_cancer()
    expected, alpha = logistic_regression(X, y)
    network = linear(alpha, solver="lbfgs", tol=1e-9, max_iter=10_000).fit(X, y)
    np.testing.assert_allclose(network.predict_proba(X), expected, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parameters", "tolerance"),
    [
        ({"solver": "gd", "learning_rate": 0.5, "max_iter": 3_000}, 1e-6),
        ({"solver": Adam(input_scale_rate=0), "max_iter": 500, "batch_size": 569}, 1e-6),
        pytest.param(
            {"solver": "adam", "max_iter": 2_000, "batch_size": 569, "schedule": "cosine"},
            1e-4,
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"solver": "adam", "max_iter": 1_000, "schedule": "cosine"},
            1e-4,
            marks=pytest.mark.slow,
        ),
        ({"solver": "sgd", "learning_rate": 0.01, "max_iter": 300, "schedule": "cosine"}, 1e-4),
    ],
    ids=["gd", "plain adam", "adam whole", "adam", "sgd"],
)
def test_all_solvers_come_to_the_least_objective_of_a_linear_network(parameters, tolerance):
    X, y = scaled_cancer()
    _, alpha = logistic_regression(X, y)
    best = linear(alpha, solver="lbfgs", tol=1e-9, max_iter=10_000).fit(X, y)
    other = linear(alpha, **parameters).fit(X, y)
    assert objective(other, X, y) == pytest.approx(objective(best, X, y), abs=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wine", *slow("breast_cancer", "iris")])
def test_probabilities_say_more_than_the_frequencies_of_the_classes(name):
    """Log loss of the frequencies is their entropy; a third of it is a low bar on these sets."""
    X, y = SMALL_SETS[name][0](return_X_y=True)
    probabilities = cross_val_predict(
        ShallowNNClassifier(random_state=0), X, y, cv=FOLDS, method="predict_proba"
    )
    frequencies = np.bincount(y) / len(y)
    assert log_loss(y, probabilities) < -(frequencies @ np.log(frequencies)) / 3


@pytest.mark.slow
def test_probabilities_are_calibrated_where_labels_are_random_draws():
    """Labels drawn from known probabilities: ours come close to them on rows not seen."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4_000, 2))
    truth = 1 / (1 + np.exp(-(X[:, 0] ** 2 - 1 + X[:, 1])))
    y = (rng.random(4_000) < truth).astype(int)
    fitted = ShallowNNClassifier(random_state=0).fit(X[:2_000], y[:2_000])
    error = fitted.predict_proba(X[2_000:])[:, 1] - truth[2_000:]
    constant = truth[2_000:] - truth[:2_000].mean()
    assert np.mean(error**2) < 0.1 * np.mean(constant**2)


@pytest.mark.slow
def test_balanced_class_weights_find_more_of_the_rare_class():
    X, y = make_classification(1_000, weights=[0.95], flip_y=0.05, class_sep=0.7, random_state=0)
    recalls = [
        recall_score(
            y,
            cross_val_predict(
                ShallowNNClassifier(class_weight=weight, alpha=0.01, max_iter=20, random_state=0),
                X,
                y,
            ),
        )
        for weight in (None, "balanced")
    ]
    assert recalls[1] > recalls[0] + 0.05


BUNDLED = {**{name: load for name, (load, _) in SMALL_SETS.items()}, "digits": load_digits}


@pytest.mark.slow
@covered(
    name=BUNDLED,
    activation=["relu", "silu", "leaky_relu", "tanh", "sigmoid"],
    strength=1,
    most=1,
)
def test_lbfgs_converges_without_a_warning(name, activation):
    X, y = BUNDLED[name](return_X_y=True)
    options = {"solver": "lbfgs", "activation": activation, "random_state": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        classifier = ShallowNNClassifier(**options).fit(X, y)
    assert classifier.score(X, y) > 0.95


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [0.0, 1e-5])
def test_a_small_penalty_costs_little_accuracy(alpha):
    """The learned scales of the inputs must not run away."""
    X, y = load_digits(return_X_y=True)
    classifier = ShallowNNClassifier(alpha=alpha, random_state=0)
    assert cross_val_score(classifier, X, y, cv=FOLDS).mean() >= 0.97
