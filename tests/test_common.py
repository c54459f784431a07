"""What scikit-learn checks of every estimator, and its law of weights in all our variants."""

import numpy as np
import pytest
from covering import covered
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier
from sklearn.utils.estimator_checks import (
    check_estimator,
    estimator_checks_generator,
    parametrize_with_checks,
)

from skshallow import ShallowNNClassifier, ShallowNNRegressor
from skshallow.core.activations import ACTIVATIONS
from skshallow.core.losses import REGRESSION_LOSSES

SOLVERS = ("adam", "sgd", "gd", "lbfgs")
# the same parameters are given to solvers that have no use for some of them
pytestmark = pytest.mark.filterwarnings("ignore:.* has no effect:UserWarning")
QUIET_LBFGS = pytest.mark.filterwarnings(
    "ignore:lbfgs stopped:sklearn.exceptions.ConvergenceWarning"
)
GIVEN = {"alpha": 0.01}  # the two with nothing but defaults choose it in all checks
SHORT = {"hidden_units": 32, "max_iter": 200, **GIVEN}
QUICK = tuple(kind(16, max_iter=30, **GIVEN) for kind in (ShallowNNClassifier, ShallowNNRegressor))
VARIANTS = [
    *QUICK,
    ShallowNNClassifier(),
    *[ShallowNNClassifier(solver=solver, **GIVEN) for solver in SOLVERS if solver != "adam"],
    *[ShallowNNClassifier(activation=name, **SHORT) for name in ACTIVATIONS if name != "relu"],
    ShallowNNClassifier(standardize=False, **SHORT),
    ShallowNNClassifier(class_weight="balanced", **SHORT),
    ShallowNNClassifier(solver="lbfgs", activation="identity", **GIVEN),
    ShallowNNRegressor(),
    *[ShallowNNRegressor(loss=loss, **SHORT) for loss in REGRESSION_LOSSES],
    ShallowNNRegressor(solver="sgd", **SHORT),
    ShallowNNRegressor(solver="gd", loss="poisson", **SHORT | {"max_iter": 1_000}),
    ShallowNNRegressor(solver="lbfgs", loss="huber", **SHORT),
    ShallowNNRegressor(standardize=False, **SHORT),
]
LONG_CHECKS = {
    "check_classifier_data_not_an_array",
    "check_classifiers_classes",
    "check_classifiers_multilabel_representation_invariance",
    "check_classifiers_train",
    "check_dtype_object",
    "check_estimator_sparse_array",
    "check_estimator_sparse_matrix",
    "check_estimators_dtypes",
    "check_regressor_data_not_an_array",
    "check_regressors_train",
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
}


def weighted_and_repeated(n_classes, container):
    """(X, y, integer weights with zeros), and the same with repeated and removed rows."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(15, 6)) * (rng.random((15, 6)) < 0.7)
    y = np.arange(15) % n_classes
    weights = rng.integers(0, 4, size=15)
    weights[:n_classes] = (2, 0, 1)[:n_classes]
    return (container(X), y, weights), (container(np.repeat(X, weights, axis=0)), y.repeat(weights))


def checks_in_turn():
    """What parametrize_with_checks(VARIANTS) does, most of it slow.

    In the fast run two quick variants make every check; all others make a short one, in turn.
    """
    name = parametrize_with_checks([]).kwargs["ids"]
    for number, variant in enumerate(VARIANTS):
        checks, title = [c for _, c in estimator_checks_generator(variant)], name(variant)
        short = [check for check in checks if check.func.__name__ not in LONG_CHECKS]
        for check in checks:
            fast = variant in QUICK or check is short[number % len(short)]
            marks = () if fast else pytest.mark.slow
            yield pytest.param(variant, check, marks=marks, id=f"{title}-{name(check)}")


@QUIET_LBFGS
@pytest.mark.parametrize(("estimator", "check"), [*checks_in_turn()])
def test_passes_every_check_of_scikit_learn(estimator, check):
    check(clone(estimator).set_params(random_state=0))  # some checks would draw a seed


@pytest.mark.parametrize("place", [0, 2], ids=["variant", "check"])
def test_the_fast_run_takes_every_variant_and_every_check(place):
    cases = list(checks_in_turn())
    fast = {case.id.rpartition("-")[place] for case in cases if not case.marks}
    assert fast == {case.id.rpartition("-")[place] for case in cases}


@pytest.mark.slow
def test_scikit_learn_skips_only_what_it_skips_for_its_own_network():
    """Those are the checks of the array API, which want an environment variable."""
    classifiers = ShallowNNClassifier(8, max_iter=200, **GIVEN), MLPClassifier(8, max_iter=2)
    ours, theirs = (
        {result["check_name"] for result in results if result["status"] == "skipped"}
        for results in (
            check_estimator(classifier, on_skip=None, on_fail=None) for classifier in classifiers
        )
    )
    assert ours <= theirs
    assert all("array_api" in name for name in ours)


@QUIET_LBFGS
@covered(
    solver=SOLVERS,
    activation=ACTIVATIONS,
    standardize=[True, False],
    class_weight=[None, "balanced"],
    container=[np.asarray, csr_array],
    n_classes=[2, 3],
    most=3,
)
def test_weights_are_repetitions(
    solver, activation, standardize, class_weight, container, n_classes
):
    classifier = ShallowNNClassifier(
        5,
        solver=solver,
        activation=activation,
        standardize=standardize,
        class_weight=class_weight,
        max_iter=200 if solver == "lbfgs" else 20,
        random_state=0,
    )
    (X, y, weights), (X_repeated, y_repeated) = weighted_and_repeated(n_classes, container)
    of_weights = classifier.fit(X, y, sample_weight=weights).predict_proba(X)
    of_rows = classifier.fit(X_repeated, y_repeated).predict_proba(X)
    np.testing.assert_allclose(of_weights, of_rows, rtol=1e-7)


@QUIET_LBFGS
@covered(solver=SOLVERS, container=[np.asarray, csr_array], strength=1)
def test_a_row_of_weight_zero_is_absent_in_training_by_batches(solver, container):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 4)), np.arange(60) % 3
    weights = (rng.random(60) < 0.7).astype(float)
    classifier = ShallowNNClassifier(
        5, solver=solver, batch_size=10, max_iter=50, random_state=0, **GIVEN
    )
    present = weights > 0
    of_weights = classifier.fit(container(X), y, sample_weight=weights).predict_proba(X)
    of_rows = classifier.fit(container(X[present]), y[present]).predict_proba(X)
    np.testing.assert_allclose(of_weights, of_rows, rtol=1e-7)


@QUIET_LBFGS
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_common_factor_of_the_weights_changes_nothing(solver):
    rng = np.random.default_rng(0)
    X, y, weights = rng.normal(size=(40, 4)), np.arange(40) % 2, rng.random(40)
    classifier = ShallowNNClassifier(5, solver=solver, alpha=0.01, max_iter=100, random_state=0)
    small, large = (
        classifier.fit(X, y, sample_weight=factor * weights).predict_proba(X)
        for factor in (2.0**-10, 2.0**10)
    )
    np.testing.assert_allclose(small, large, rtol=1e-7)
