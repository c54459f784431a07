"""When training goes wrong or is cut short: a word to the user, and weights that still work."""

import warnings

import numpy as np
import pytest
from covering import covered
from scipy.sparse import csr_array
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

from skshallow import ShallowNNClassifier, ShallowNNRegressor
from skshallow.core.optimizers import Adam, Optimizer
from skshallow.inspection import hidden_unit_report

# the same parameters are given to solvers that have no use for some of them
pytestmark = pytest.mark.filterwarnings("ignore:.* has no effect:UserWarning")

RAW = {"standardize": False, "hidden_units": 8, "random_state": 0, "alpha": 0.0, "max_iter": 60}
SOLVERS = ("sgd", "gd", "adam")


class Watcher:
    """A callback of scikit-learn that does something after so many epochs."""

    def __init__(self, epochs, action):
        self.epochs, self.action, self.seen = epochs, action, 0

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        pass

    def on_fit_task_end(self, estimator, context, *, X=None, y=None):
        self.seen += 1
        return self.action() if self.seen == self.epochs else None


class Exploding(Optimizer):
    """Sensible steps, then one into the void."""

    full_batch = True

    def __init__(self, good_steps, factor):
        self.good_steps, self.factor = good_steps, factor

    def reset(self, theta):
        self.taken = 0

    def step(self, theta, gradient, learning_rate):
        self.taken += 1
        theta -= learning_rate * gradient
        if self.taken > self.good_steps:
            theta *= self.factor


def press_ctrl_c():
    raise KeyboardInterrupt


def scorer_that_is_interrupted(calls):
    """The log loss as a scorer; Ctrl-C comes in the given call."""
    count = iter(range(1, 1000))

    def score(estimator, X, y):
        if next(count) == calls:
            press_ctrl_c()
        return -log_loss(y, estimator.predict_proba(X), labels=estimator.classes_)

    return score


def huge_iris():
    X, y = load_iris(return_X_y=True)
    return X * 1e6, y


def start_of(X, y, **parameters):
    """The classifier with its initial weights."""
    parameters = parameters | {"max_iter": 1, "learning_rate": 1e-300}
    return ShallowNNClassifier(**parameters).fit(X, y)


def fit_with_warning(classifier, X, y, category=ConvergenceWarning, match="diverged", **arguments):
    with pytest.warns(category, match=match):
        return classifier.fit(X, y, **arguments)


def loss_of(classifier, X, y):
    """Mean log loss at the scores, so that hopeless probabilities count too."""
    return -classifier.predict_log_proba(X)[np.arange(len(y)), y].mean()


def assert_usable(classifier, X):
    for name in ("W1_", "b1_", "W2_", "b2_"):
        assert np.isfinite(getattr(classifier, name)).all(), name
    probabilities = classifier.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert np.isfinite(classifier.decision_function(X)).all()
    assert np.isin(classifier.predict(X), classifier.classes_).all()


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize(
    ("solver", "rate"), [("sgd", 1e3), ("gd", 1e3), ("adam", 1e6), ("gd", 1e100)]
)
def test_divergence_is_told_with_epoch_rate_and_remedy(solver, rate, early_stopping):
    X, y = huge_iris()
    options = {"solver": solver, "learning_rate": rate, "early_stopping": early_stopping}
    classifier = ShallowNNClassifier(**RAW | options)
    with pytest.warns(ConvergenceWarning) as caught:
        classifier.fit(X, y)
    (message,) = (str(warning.message) for warning in caught)
    assert f"epoch {classifier.n_iter_ + 1}:" in message
    assert f"learning_rate={rate}" in message
    assert "standardize=True" in message
    assert classifier.n_iter_ < RAW["max_iter"]
    assert_usable(classifier, X)


@pytest.mark.parametrize("rate", [1e3, 1e300])
@pytest.mark.parametrize("solver", SOLVERS)
def test_divergence_in_the_last_epoch_is_told(solver, rate):
    X, y = load_iris(return_X_y=True)
    options = {"solver": solver, "learning_rate": rate, "alpha": 0.01, "random_state": 0}
    classifier = ShallowNNClassifier(8, max_iter=1, batch_size=150, **options)
    assert_usable(fit_with_warning(classifier, X, y), X)
    parts = ShallowNNClassifier(8, **options)
    with pytest.warns(ConvergenceWarning, match="diverged"):
        parts.partial_fit(X, y, classes=[0, 1, 2])
    assert_usable(parts, X)


@pytest.mark.fast(10)
@covered(
    solver=SOLVERS,
    rate=[1e-6, 1e-3, 1.0, 1e2, 1e4, 1e8, 1e100],
    scoring=[None, "loss", "accuracy"],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_weights_after_a_divergence_are_no_worse_than_the_first(solver, rate, scoring):
    X, y = load_iris(return_X_y=True)
    X = X * 100
    options = RAW | {"solver": solver, "batch_size": 30}
    if scoring is not None:
        options |= {"early_stopping": True, "validation_fraction": 0.5, "scoring": scoring}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        classifier = ShallowNNClassifier(**options, learning_rate=rate).fit(X, y)
    assert_usable(classifier, X)
    if any("diverged" in str(warning.message) for warning in caught):
        first = loss_of(start_of(X, y, **options), X, y)
        assert loss_of(classifier, X, y) <= first * (1 + 1e-9) or scoring == "accuracy"


@pytest.mark.parametrize("solver", SOLVERS)
def test_divergence_with_early_stopping_keeps_weights_that_validation_saw(solver):
    X, y = load_iris(return_X_y=True)
    options = {"solver": solver, "early_stopping": True, "learning_rate": 1e5, "batch_size": 30}
    classifier = ShallowNNClassifier(**RAW | options)
    fit_with_warning(classifier, X * 100, y, X_val=X * 100, y_val=y)
    if classifier.validation_scores_ is not None:
        assert classifier.best_validation_score_ == max(classifier.validation_scores_)
        kept = -classifier.best_validation_score_
    else:
        kept = loss_of(start_of(X * 100, y, **RAW | options), X * 100, y)
    best = min(kept, np.log(3))  # the loss of a constant
    np.testing.assert_allclose(loss_of(classifier, X * 100, y), best, rtol=1e-6)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("factor", [np.nan, np.inf, 1e20, 1e200])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_sudden_explosion_costs_only_the_last_steps(factor, early_stopping):
    X, y = load_iris(return_X_y=True)
    options = {"hidden_units": 8, "max_iter": 30, "random_state": 0, "learning_rate": 0.3}
    validation = {"X_val": X, "y_val": y} if early_stopping else {}
    options |= {"alpha": 0.01, "early_stopping": early_stopping}
    good = ShallowNNClassifier(solver="gd", **options | {"max_iter": 18}).fit(X, y, **validation)
    classifier = ShallowNNClassifier(solver=Exploding(20, factor), **options)
    fit_with_warning(classifier, X, y, **validation)
    assert_usable(classifier, X)
    assert loss_of(classifier, X, y) <= loss_of(good, X, y)


def test_loss_and_epoch_belong_to_the_weights_kept_after_a_divergence():
    X, y = load_iris(return_X_y=True)
    options = {"hidden_units": 8, "max_iter": 30, "random_state": 0, "learning_rate": 0.3}
    classifier = ShallowNNClassifier(solver=Exploding(20, 1e100), **options)
    fit_with_warning(classifier, X, y)
    kept = ShallowNNClassifier(solver="gd", **options | {"max_iter": int(classifier.best_iter_)})
    assert classifier.best_iter_ <= 20
    np.testing.assert_allclose(classifier.W1_, kept.fit(X, y).W1_, rtol=1e-9)
    np.testing.assert_allclose(classifier.loss_, classifier.loss_curve_[classifier.best_iter_ - 1])


def test_training_goes_on_after_a_divergence_with_a_lower_rate():
    X, y = load_iris(return_X_y=True)
    classifier = ShallowNNClassifier(
        solver="gd", learning_rate=1e4, hidden_units=8, warm_start=True, random_state=0
    )
    fit_with_warning(classifier, X, y)
    assert classifier.set_params(learning_rate=0.1).fit(X, y).score(X, y) > 0.9


def test_partial_fit_tells_of_divergence_and_can_go_on():
    X, y = huge_iris()
    classifier = ShallowNNClassifier(**RAW | {"solver": "sgd", "learning_rate": 1e6})
    for _ in range(3):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            classifier.partial_fit(X, y, np.unique(y))
        assert ["diverged" in str(warning.message) for warning in caught] in ([], [True])
    assert len(caught) == 1
    assert_usable(classifier, X)
    classifier.set_params(learning_rate=1e-14).partial_fit(X, y)
    assert_usable(classifier, X)


def test_a_sensible_rate_brings_no_warning_however_noisy_the_labels():
    X, _ = load_breast_cancer(return_X_y=True)
    y = np.random.default_rng(0).integers(2, size=len(X))
    for solver in SOLVERS:
        ShallowNNClassifier(solver=solver, alpha=0.01, max_iter=20, random_state=0).fit(X, y)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", [*SOLVERS, "lbfgs"])
def test_ctrl_c_from_a_callback_leaves_a_usable_classifier(solver, early_stopping):
    X, y = load_iris(return_X_y=True)
    options = {"solver": solver, "early_stopping": early_stopping, "random_state": 0}
    classifier = ShallowNNClassifier(16, **options, alpha=0.01, max_iter=50, learning_rate=0.1)
    classifier.set_callbacks(Watcher(8, press_ctrl_c))
    kept = "best weights so far" if early_stopping else "weights so far"
    match = f"interrupted in (epoch|iteration) 9: the {kept} are kept"
    fit_with_warning(classifier, X, y, UserWarning, match)
    assert classifier.n_iter_ == len(classifier.loss_curve_) == 8
    assert_usable(classifier, X)
    assert classifier.score(X, y) > 0.6


@pytest.mark.parametrize("calls", [1, 2, 7])
@pytest.mark.parametrize("solver", [*SOLVERS, "lbfgs"])
def test_ctrl_c_from_a_scorer_keeps_the_best_weights(solver, calls):
    X, y = load_iris(return_X_y=True)
    classifier = ShallowNNClassifier(
        16,
        solver=solver,
        alpha=0.01,
        early_stopping=True,
        scoring=scorer_that_is_interrupted(calls),
    )
    fit_with_warning(classifier, X, y, UserWarning, "interrupted", X_val=X, y_val=y)
    assert_usable(classifier, X)
    if calls > 1:
        assert len(classifier.validation_scores_) == classifier.n_iter_ == calls - 1
        best = max(classifier.validation_scores_)
        assert -log_loss(y, classifier.predict_proba(X)) == pytest.approx(best, rel=1e-9)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_where_the_first_loss_was_absurd_an_absurd_last_one_is_told(solver):
    """It is judged beside the best constant, which is kept."""
    rng = np.random.default_rng(0)
    X, y = rng.uniform(0, 300, (500, 3)), rng.poisson(3, 500)
    options = {"solver": solver, "loss": "poisson", "alpha": 1e-3, "random_state": 1}
    regressor = ShallowNNRegressor(8, standardize=False, **options)
    with pytest.warns(ConvergenceWarning, match="diverged .*standardize=True"):
        regressor.fit(X, y)
    np.testing.assert_allclose(regressor.predict(X), y.mean(), rtol=1e-3)


def test_training_goes_on_after_ctrl_c():
    X, y = load_iris(return_X_y=True)
    options = {"hidden_units": 8, "alpha": 0.01, "schedule": "constant", "random_state": 0}
    classifier = ShallowNNClassifier(max_iter=10, warm_start=True, **options)
    classifier.set_callbacks(Watcher(4, press_ctrl_c))
    fit_with_warning(classifier, X, y, UserWarning, "interrupted")
    whole = ShallowNNClassifier(max_iter=10, **options).fit(X, y)
    np.testing.assert_array_equal(classifier.set_params(max_iter=6).fit(X, y).W1_, whole.W1_)


def test_a_callback_that_returns_true_stops_without_a_warning():
    X, y = load_iris(return_X_y=True)
    classifier = ShallowNNClassifier(alpha=0.01, max_iter=10).set_callbacks(
        Watcher(3, lambda: True)
    )
    assert classifier.fit(X, y).n_iter_ == 3


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", [*SOLVERS, "lbfgs"])
def test_nothing_to_learn_is_no_error(solver, early_stopping):
    X, y = np.ones((40, 3)), np.tile([0, 1], 20)
    options = {"solver": solver, "early_stopping": early_stopping, "init": "zeros"}
    classifier = ShallowNNClassifier(**options, max_iter=5, validation_fraction=0.5).fit(X, y)
    np.testing.assert_allclose(classifier.predict_proba(X), 0.5)
    assert classifier.loss_ == pytest.approx(np.log(2))


@pytest.mark.fast(8)
@covered(
    solver=[*SOLVERS, "lbfgs"],
    scale=[1e30, 1e150, 1e160, 1e300],
    standardize=[True, False],
    container=[np.asarray, csr_array],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_huge_values_are_learned_or_refused_or_warned_of(solver, scale, standardize, container):
    X, y = load_iris(return_X_y=True)
    X = container(X * scale)
    options = {"solver": solver, "standardize": standardize, "random_state": 0, "alpha": 0.01}
    options["learning_rate"] = 1.0 if solver == "gd" else 0.01
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        try:
            classifier = ShallowNNClassifier(8, **options, max_iter=100).fit(X, y)
        except ValueError as error:
            assert "X" in str(error)  # noqa: PT017
            return
    for name in ("W1_", "b1_", "W2_", "b2_"):
        assert np.isfinite(getattr(classifier, name)).all(), name
    assert not np.isnan(classifier.predict_proba(X)).any()
    if standardize and not caught:  # then the unit of measurement made no difference
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "lbfgs stopped", ConvergenceWarning)
            plain = ShallowNNClassifier(8, **options, max_iter=100).fit(X / scale, y)
        assert classifier.score(X, y) >= plain.score(X / scale, y) - 0.03


@covered(
    activation=["relu", "prelu", "tanh", "sigmoid", "silu", "identity"],
    scale=[1e6, 1e30, 1e300],
    dtype=[np.float64, np.float32],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_probabilities_far_outside_the_training_data_are_never_nan(activation, scale, dtype):
    X, y = load_iris(return_X_y=True)
    classifier = ShallowNNClassifier(
        8, activation=activation, alpha=0.01, max_iter=5, random_state=0
    )
    classifier.fit(X.astype(dtype), y)
    far = np.minimum(X * scale, np.finfo(dtype).max / 4).astype(dtype)
    try:
        probabilities = classifier.predict_proba(far)
    except ValueError as error:  # a refusal is fine if it says what is wrong
        assert "X" in str(error)  # noqa: PT017
        return
    assert not np.isnan(probabilities).any()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("scale", "rate"), [(1e150, 1e3), (1e300, 1e3), (1.0, 1e200)])
def test_numpys_own_warnings_of_overflow_do_not_reach_the_user(solver, scale, rate):
    X, y = load_iris(return_X_y=True)
    classifier = ShallowNNClassifier(**RAW | {"solver": solver, "learning_rate": rate})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        classifier.fit(X * scale, y)
    assert [str(w.message) for w in caught if issubclass(w.category, RuntimeWarning)] == []


# --- a hidden layer that cannot learn


@pytest.mark.parametrize("solver", ["adam", "gd", "lbfgs"])
def test_units_that_stay_alike_are_told_of(solver):
    X, y = load_iris(return_X_y=True)
    classifier = ShallowNNClassifier(5, init="zeros", solver=solver, max_iter=20)
    with pytest.warns(UserWarning, match="all 5 hidden units compute the same.*init='auto'"):
        classifier.fit(X, y)
    assert hidden_unit_report(classifier, X)["copies"].tolist() == [4] * 5


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_a_layer_that_no_longer_reacts_is_told_of(activation):
    X, y = load_iris(return_X_y=True)
    solver, short = (
        Adam(input_scale_rate=0),
        {"max_iter": 30, "schedule": "constant", "batch_size": 128},
    )
    classifier = ShallowNNClassifier(
        4,
        activation=activation,
        solver=solver,
        learning_rate=30,
        alpha=0.01,
        random_state=0,
        **short,
    )
    with pytest.warns(UserWarning, match="no hidden unit reacts to its inputs.*learning_rate"):
        classifier.fit(X, y)
    assert np.ptp(classifier.predict_proba(X), axis=0).max() < 1e-3
    assert all(hidden_unit_report(classifier, X)["dead"])


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_penalty_that_leaves_a_constant_is_named(solver):
    X, y = load_iris(return_X_y=True)
    classifier = ShallowNNClassifier(4, solver=solver, alpha=100, random_state=0)
    with pytest.warns(UserWarning, match="the penalty alpha=100 has brought the weights near zero"):
        classifier.fit(X, y)


def test_targets_that_never_change_make_a_constant_without_a_word():
    X, _ = load_iris(return_X_y=True)
    regressor = ShallowNNRegressor(4, alpha=100, max_iter=200, random_state=0)
    np.testing.assert_allclose(regressor.fit(X, np.full(150, 3.0)).predict(X), 3)


@pytest.mark.filterwarnings("ignore:X has values far from all others")
def test_a_layer_asleep_is_told_of_although_a_training_value_is_absurd():
    X, y = load_iris(return_X_y=True)
    X = X.copy()
    X[0, 0] = 1e9
    with pytest.warns(UserWarning, match="no hidden unit reacts"):
        ShallowNNClassifier(4, alpha=100, random_state=0).fit(X, y)


# What is no divergence


def noisy_line(n=3_000):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 4))
    return X, X[:, 0] + 0.1 * rng.normal(size=n)


@pytest.mark.fast(2)
@pytest.mark.parametrize("where", [0, 1_500])
@pytest.mark.parametrize("loss", ["absolute_error", "huber", "quantile"])
@pytest.mark.parametrize("engine", ["numpy", "auto"])
def test_one_absurd_target_is_no_divergence_of_a_robust_loss(loss, where, engine):
    X, y = noisy_line()
    y[where] = 1e7
    options = {"loss": loss, "engine": engine, "alpha": 1e-3, "max_iter": 20, "random_state": 0}
    regressor = ShallowNNRegressor(16, **options).fit(X, y)
    assert regressor.n_iter_ == 20
    rest = np.arange(len(y)) != where
    assert regressor.score(X[rest], y[rest]) > 0.9 if loss != "quantile" else True
    assert np.abs(regressor.predict(X) - X[:, 0]).mean() < 0.5


@pytest.mark.fast(2)
@pytest.mark.parametrize("loss", ["absolute_error", "huber", "squared_error"])
def test_one_absurd_validation_target_is_no_divergence(loss):
    X, y = noisy_line()
    y_val = y[2_000:].copy()
    y_val[5] = 1e6
    regressor = ShallowNNRegressor(16, loss=loss, alpha=1e-3, max_iter=20, random_state=0)
    regressor.set_params(n_iter_no_change=50)
    regressor.fit(X[:2_000], y[:2_000], X_val=X[2_000:], y_val=y_val)
    assert regressor.n_iter_ == 20
    assert regressor.score(X[:2_000], y[:2_000]) > 0.9


def test_a_large_count_among_validation_rows_is_no_divergence():
    X, y = noisy_line()
    counts = np.exp(y)
    X_val, y_val = X[2_000:].copy(), counts[2_000:]
    X_val[0, 0] = 100
    regressor = ShallowNNRegressor(16, loss="poisson", alpha=1e-3, max_iter=20, random_state=0)
    regressor.fit(X[:2_000], counts[:2_000], X_val=X_val, y_val=y_val)
    assert regressor.n_iter_ >= 10


@pytest.mark.parametrize("engine", ["numpy", "auto"])
def test_weights_that_grow_are_a_divergence_of_robust_losses_too(engine):
    X, y = noisy_line()
    y[0] = 1e7
    options = {"solver": "sgd", "learning_rate": 1e30, "max_iter": 20, "random_state": 0}
    regressor = ShallowNNRegressor(16, loss="huber", engine=engine, **options)
    with pytest.warns(ConvergenceWarning, match="diverged"):
        regressor.fit(X, y)


def test_a_huge_rate_is_not_blamed_on_the_penalty():
    X, y = load_iris(return_X_y=True)
    options = {"learning_rate": 1e4, "alpha": 1e-3, "max_iter": 20, "random_state": 0}
    with pytest.warns(ConvergenceWarning, match="diverged .*lower learning_rate=10000"):
        ShallowNNClassifier(8, **options).fit(X, y)


def test_a_penalty_too_large_for_the_steps_is_told_to_come_down():
    X, y = noisy_line(300)
    regressor = ShallowNNRegressor(4, solver="sgd", alpha=500.0, random_state=0)
    with pytest.warns(ConvergenceWarning, match="diverged.*lower alpha=500"):
        regressor.fit(X, y)


def test_so_is_one_whose_square_is_no_number_for_lbfgs():
    regressor = ShallowNNRegressor(4, solver="lbfgs", alpha=1e200, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"diverged.*lower alpha=1e\+200"):
        regressor.fit(*noisy_line(300))


@pytest.mark.fast(2)
@pytest.mark.parametrize("outlier", [1e7, 1e10])
@pytest.mark.parametrize("loss", ["absolute_error", "huber"])
def test_lbfgs_is_not_finished_because_of_one_outlier(loss, outlier):
    """What an outlier adds to J, a robust loss cannot take away; J falls by much less."""
    X, y = noisy_line(500)
    y[0] = outlier
    regressor = ShallowNNRegressor(8, loss=loss, solver="lbfgs", alpha=1e-3, max_iter=200)
    with warnings.catch_warnings(action="ignore"):
        regressor.set_params(random_state=0).fit(X, y)
    assert regressor.n_iter_ > 10
    assert regressor.score(X[1:], y[1:]) > 0.9
