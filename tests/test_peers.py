"""What goes wrong in scikit-learn's MLP and in other packages, and must not go wrong here.

O1 to O26 count defects of MLPClassifier in scikit-learn 1.9.1; ``#`` is an issue of scikit-learn.
"""

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from covering import covered, slow
from scipy.optimize import OptimizeResult
from scipy.sparse import csr_array
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    make_blobs,
    make_classification,
    make_multilabel_classification,
)
from sklearn.ensemble import AdaBoostClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from skshallow import ShallowNNClassifier
from skshallow.core import lbfgs
from skshallow.core.optimizers import Adam, Optimizer

# the same parameters are given to solvers that have no use for some of them
pytestmark = pytest.mark.filterwarnings("ignore:.* has no effect:UserWarning")

SOLVERS = ("adam", "sgd", "gd", "lbfgs")
STANDING = {"max_iter": 1, "learning_rate": 1e-300}  # fit that leaves the initial weights


class Recorder:
    """A scorer that writes down what it was given; the score is always the same."""

    def __init__(self):
        self.X, self.y = [], []

    def __call__(self, estimator, X, y):
        self.X.append(np.array(X))
        self.y.append(np.array(y))
        return 0.0


class Rates(Optimizer):
    """Writes down rates and gradients; moves theta as ``step_size`` says."""

    seen = []  # noqa: RUF012, one list for all copies, because fit copies its parameters
    gradients = []  # noqa: RUF012

    def __init__(self, step_size=0.0):
        self.step_size = step_size

    def step(self, theta, gradient, learning_rate):
        self.seen.append(learning_rate)
        self.gradients.append(gradient.copy())
        theta -= self.step_size * gradient


def small(**parameters):
    return ShallowNNClassifier(
        **{"hidden_units": 8, "max_iter": 5, "random_state": 0, "alpha": 0.01} | parameters
    )


def settled(X, y, sample_weight=None, **parameters):
    """lbfgs, driven to where the derivatives vanish."""
    options = {"solver": "lbfgs", "max_iter": 5000, "tol": 1e-7} | parameters
    return small(**options).fit(X, y, sample_weight)


def squared_norm(classifier):
    return np.sum(classifier.W1_**2) + np.sum(classifier.W2_**2)


def objective(classifier, X, y, alpha):
    """J for inputs that are not standardised."""
    loss = log_loss(y, classifier.predict_proba(X))
    return loss + alpha / 2 * squared_norm(classifier)


def validation_part(X, y, sample_weight=None, **parameters):
    """(X, y) of the rows that early stopping looks at."""
    recorder = Recorder()
    small(early_stopping=True, scoring=recorder, **parameters).fit(X, y, sample_weight)
    return recorder.X[0], recorder.y[0]


def numbered(y):
    """Rows that can be told apart by their first column."""
    return np.column_stack([np.arange(len(y)), np.random.default_rng(0).normal(size=len(y))])


def assert_same_network(a, b, rtol=0.0):
    for name in ("W1_", "b1_", "W2_", "b2_"):
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=rtol, err_msg=name)


# Defects of MLPClassifier today


@pytest.mark.parametrize("n_classes", [2, 3, 10])
@pytest.mark.parametrize("seed", range(3))
def test_validation_part_keeps_class_ratios_O1(n_classes, seed):
    y = np.random.default_rng(seed).choice(
        n_classes, 600, p=np.arange(1, n_classes + 1) / sum(range(1, n_classes + 1))
    )
    _, held_out = validation_part(numbered(y), y, random_state=seed)
    expected = np.bincount(y) * 0.1
    assert np.abs(np.bincount(held_out, minlength=n_classes) - expected).max() <= 1


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_class_with_one_row_stays_in_the_training_part_with_a_warning_O2(n_classes):
    y = np.arange(100) % (n_classes - 1)
    y[7] = n_classes - 1
    with pytest.warns(UserWarning, match="single sample"):
        rows, held_out = validation_part(numbered(y), y)
    assert 7 not in rows[:, 0]
    assert set(held_out) == set(range(n_classes - 1))


@pytest.mark.parametrize("solver", SOLVERS)
def test_one_class_is_refused_in_words_O3(solver):
    with pytest.raises(ValueError, match=r"one class.*'a'"):
        small(solver=solver).fit(numbered(np.zeros(20)), ["a"] * 20)


@pytest.mark.fast(2)
@pytest.mark.parametrize("solver", SOLVERS)
def test_rows_of_weight_zero_count_as_absent_even_if_they_would_fill_a_batch_O4(solver):
    X, y = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(150)
    X, y, sample_weight = X[order], y[order], np.r_[np.zeros(60), np.full(90, 2.0)]
    options = {"solver": solver, "batch_size": 10, "shuffle": False, "alpha": 0.1}
    options |= {"max_iter": 300 if solver == "lbfgs" else 60, "tol": 1e-3}
    weighted = small(**options).fit(X, y, sample_weight)
    assert_same_network(weighted, small(**options).fit(X[60:], y[60:]), rtol=1e-6)


def test_validation_rows_have_positive_weight_O5():
    y = np.arange(300) % 3
    sample_weight = (np.arange(300) >= 240).astype(float)
    rows, held_out = validation_part(numbered(y), y, sample_weight)
    assert (rows[:, 0] >= 240).all()
    assert np.bincount(held_out).tolist() == [2, 2, 2]


@pytest.mark.parametrize("solver", ["adam", "sgd", "gd"])
@pytest.mark.parametrize("batch_size", [7, 150])
def test_loss_curve_is_the_weighted_log_loss_O6(solver, batch_size):
    X, y = load_iris(return_X_y=True)
    sample_weight = np.random.default_rng(0).exponential(size=150) ** 3
    classifier = small(solver=solver, batch_size=batch_size, **STANDING).fit(X, y, sample_weight)
    expected = log_loss(y, classifier.predict_proba(X), sample_weight=sample_weight)
    np.testing.assert_allclose(classifier.loss_curve_, [expected], rtol=1e-9)
    np.testing.assert_allclose(classifier.loss_, expected, rtol=1e-9)


@pytest.mark.fast(1)
@pytest.mark.parametrize("batch_size", [10, 40, *slow(150)])
def test_every_batch_size_and_solver_finds_the_same_optimum_O7(batch_size):
    X, y = load_iris(return_X_y=True)
    X, y = scale(X), (y == 1).astype(int)
    options = {"activation": "identity", "alpha": 0.05, "standardize": False}
    optimum = settled(X, y, **options)
    for solver in (Adam(input_scale_rate=0), "sgd"):
        classifier = small(
            solver=solver, batch_size=batch_size, max_iter=15 * batch_size, **options
        )
        classifier.fit(X, y)
        assert squared_norm(classifier) == pytest.approx(squared_norm(optimum), rel=0.03)
        assert objective(classifier, X, y, 0.05) == pytest.approx(
            objective(optimum, X, y, 0.05), rel=1e-3
        )


@pytest.mark.fast(2)
@covered(solver=SOLVERS, factor=[2.0**20, 2.0**-20], strength=1)
def test_the_scale_of_the_weights_changes_nothing_O8(solver, factor):
    X, y = load_iris(return_X_y=True)
    sample_weight = np.random.default_rng(0).uniform(0.5, 2, 150)
    max_iter = 400 if solver == "lbfgs" else 100
    classifier = small(solver=solver, alpha=0.1, max_iter=max_iter, tol=1e-4)
    one = clone(classifier).fit(X, y, sample_weight)
    assert_same_network(clone(classifier).fit(X, y, factor * sample_weight), one, rtol=1e-6)


def test_partial_fit_shuffles_anew_in_every_call_O9():
    X, y = load_iris(return_X_y=True)
    Rates.gradients.clear()
    frozen = small(solver=Rates(0.0), batch_size=10)
    for _ in range(3):
        frozen.partial_fit(X, y, [0, 1, 2])
    first_batches = Rates.gradients[::15]  # the weights stand still: only the rows can differ
    for one, other in ((0, 1), (1, 2), (0, 2)):
        assert not np.allclose(first_batches[one], first_batches[other])


@pytest.mark.parametrize("solver", ["adam", "sgd", "gd"])
def test_k_calls_of_partial_fit_are_fit_of_k_epochs_O9(solver):
    X, y = load_iris(return_X_y=True)
    options = {"solver": solver, "batch_size": 10, "max_iter": 3}
    classifier = small(**options)
    for _ in range(3):
        classifier.partial_fit(X, y, [0, 1, 2])
    assert_same_network(classifier, small(**options).fit(X, y))


@pytest.mark.fast(2)
@pytest.mark.parametrize("solver", SOLVERS)
def test_hidden_units_changed_under_warm_start_are_never_ignored_O10(solver):
    X, y = load_iris(return_X_y=True)
    classifier = small(hidden_units=5, solver=solver, warm_start=True, alpha=0.1, max_iter=300)
    classifier.fit(X, y)
    with pytest.raises(ValueError, match="hidden_units=9"):
        classifier.set_params(hidden_units=9).fit(X, y)


@pytest.mark.parametrize("random_state", [0, None, np.random.RandomState(0)], ids=str)
def test_a_warm_fit_validates_on_the_same_rows_as_the_first_O11(random_state):
    y = np.arange(200) % 2
    recorder = Recorder()
    classifier = small(early_stopping=True, scoring=recorder, warm_start=True, max_iter=2)
    classifier.set_params(random_state=random_state)
    for _ in range(3):
        classifier.fit(numbered(y), y)
    rows = {tuple(X[:, 0]) for X in recorder.X}
    assert len(recorder.X) == 6
    assert len(rows) == 1


@pytest.mark.parametrize("solver", ["adam", "sgd", "gd"])
def test_ten_epochs_and_ten_more_are_twenty_O12(solver):
    X, y = load_iris(return_X_y=True)
    options = {"solver": solver, "schedule": "constant"}
    half = small(max_iter=10, warm_start=True, **options).fit(X, y)
    assert_same_network(half.fit(X, y), small(max_iter=20, **options).fit(X, y))


@pytest.mark.fast(1)
@pytest.mark.parametrize("warm_start", [True, False])
def test_a_batch_may_lack_a_class_in_partial_fit_O13(warm_start):
    X, y = load_iris(return_X_y=True)
    classifier = small(warm_start=warm_start)
    for rows in (y < 2, y == 2, y > 0) * 30:  # the first batch lacks one, the second two
        classifier.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
    assert classifier.predict_proba(X).shape == (150, 3)
    assert set(classifier.predict(X)) <= {0, 1, 2}


@pytest.mark.fast(4)
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("container", [np.asarray, csr_array])
def test_float32_stays_float32_O14(solver, container):
    X, y = load_iris(return_X_y=True)
    X = container(X.astype(np.float32))
    max_iter = 400 if solver == "lbfgs" else 40
    classifier = small(solver=solver, alpha=0.1, max_iter=max_iter, tol=1e-3).fit(X, y)
    arrays = [classifier.W1_, classifier.b1_, classifier.W2_, classifier.b2_]
    arrays += [classifier.predict_proba(X), classifier.predict_log_proba(X)]
    assert {array.dtype for array in [*arrays, classifier.decision_function(X)]} == {X.dtype}


def test_lbfgs_has_a_loss_curve_and_honours_early_stopping_O15():
    X, y = make_classification(200, 20, flip_y=0.3, random_state=0)
    classifier = small(solver="lbfgs", alpha=0.0, max_iter=500, n_iter_no_change=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        full = clone(classifier).fit(X, y)
    assert full.loss_curve_[-1] == pytest.approx(log_loss(y, full.predict_proba(X)), rel=1e-6)
    assert len(full.loss_curve_) == full.n_iter_
    classifier.set_params(early_stopping=True).fit(X, y)
    assert classifier.n_iter_ == classifier.best_iter_ + 3 < full.n_iter_


@pytest.mark.parametrize("n_classes", [2, 3])
def test_log_probabilities_of_a_confident_network_are_finite_O16(n_classes):
    X, y = make_blobs(200, centers=n_classes, random_state=0)
    classifier = small(max_iter=50, clip_inputs=False).fit(X, y)
    far = classifier.predict_log_proba(X * 1e4)
    assert far.min() < np.log(np.finfo(float).tiny)  # the probability itself would be zero
    assert np.isfinite(far).all()
    near = classifier.predict_proba(X)
    np.testing.assert_allclose(np.exp(classifier.predict_log_proba(X)), near, rtol=1e-9)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_decision_function_gives_the_logits_O17(n_classes):
    X, y = make_blobs(200, centers=n_classes, cluster_std=3, random_state=0)
    classifier = small().fit(X, y)
    scores, probabilities = classifier.decision_function(X), classifier.predict_proba(X)
    if n_classes == 2:
        np.testing.assert_allclose(probabilities[:, 1], expit(scores), rtol=1e-9)
        np.testing.assert_array_equal(classifier.predict(X), scores > 0)
    else:
        np.testing.assert_allclose(probabilities, softmax(scores, axis=1), rtol=1e-9)
        np.testing.assert_array_equal(classifier.predict(X), scores.argmax(axis=1))


@pytest.mark.parametrize(("n_rows", "batch_size"), [(50, 10), (500, 10), (500, 250)])
def test_the_schedule_counts_epochs_not_samples_or_batches_O18(n_rows, batch_size):
    y = np.arange(n_rows) % 2
    Rates.seen.clear()
    options = {"solver": Rates(), "learning_rate": 0.5, "batch_size": batch_size}
    small(schedule="cosine", max_iter=4, **options).fit(numbered(y), y)
    first_in_epoch = Rates.seen[:: n_rows // batch_size]
    np.testing.assert_allclose(first_in_epoch, 0.25 * (1 + np.cos(np.pi * np.arange(4) / 4)))


@pytest.mark.parametrize("patience", [1, 3, 10])
@pytest.mark.parametrize("solver", SOLVERS)
def test_patience_is_exact_O19(solver, patience):
    X, y = load_iris(return_X_y=True)
    options = {"early_stopping": True, "scoring": Recorder(), "n_iter_no_change": patience}
    classifier = small(solver=solver, max_iter=50, **options).fit(X, y)
    assert classifier.n_iter_ == 1 + patience  # the first epoch is the best
    assert classifier.best_iter_ == 1


def test_early_stopping_on_many_labels_watches_the_loss_O20():
    X, Y = make_multilabel_classification(600, 20, n_classes=30, random_state=0)
    X, X_val, Y, Y_val = train_test_split(X, Y, random_state=0)
    classifier = small(max_iter=30, early_stopping=True).fit(X, Y, X_val=X_val, y_val=Y_val)
    p = np.clip(classifier.predict_proba(X_val), 1e-300, 1)
    loss = -np.where(Y_val, np.log(p), np.log1p(-p)).sum(axis=1).mean()
    assert classifier.best_iter_ > 5
    assert classifier.best_validation_score_ == pytest.approx(-loss, rel=1e-9)


@pytest.mark.parametrize("early_stopping", [True, False])
def test_divergence_is_never_silent_O21(early_stopping):
    X, y = load_iris(return_X_y=True)
    options = {"solver": "sgd", "learning_rate": 1e3, "standardize": False, "max_iter": 300}
    classifier = small(early_stopping=early_stopping, **options)
    with pytest.warns(ConvergenceWarning, match="diverged"):
        classifier.fit(X * 1e3, y)
    assert classifier.n_iter_ < 10
    start = small(standardize=False, **STANDING).fit(X * 1e3, y)
    J = [-c.predict_log_proba(X * 1e3)[np.arange(150), y].mean() for c in (classifier, start)]
    assert J[0] <= J[1]


@pytest.mark.fast(2)
@covered(
    solver=SOLVERS,
    options=[{}, {"early_stopping": True}, {"activation": "prelu"}],
    strength=1,
)
def test_a_pickle_holds_little_more_than_the_weights_O22(solver, options):
    X, y = load_digits(return_X_y=True)
    options = {"hidden_units": 100, "alpha": 0.1, "tol": 0.01} | options
    options["max_iter"] = 60 if solver == "lbfgs" else 10
    classifier = small(solver=solver, **options).fit(X, y)
    arrays = (classifier.W1_, classifier.b1_, classifier.W2_, classifier.b2_)
    assert len(pickle.dumps(classifier)) <= 1.2 * sum(array.nbytes for array in arrays)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 1.5])
def test_a_validation_fraction_out_of_range_is_refused_by_name_O23(fraction):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=f"validation_fraction={fraction}"):
        small(early_stopping=True, validation_fraction=fraction).fit(X, y)


def test_negative_weights_are_refused_O23():
    X, y = load_iris(return_X_y=True)
    for call in (small().fit, small(warm_start=True).fit):
        with pytest.raises(ValueError, match="sample_weight has a negative weight"):
            call(X, y, sample_weight=np.r_[-1, np.ones(149)])
    with pytest.raises(ValueError, match="sample_weight has a negative weight"):
        small().partial_fit(X, y, [0, 1, 2], sample_weight=np.r_[-1, np.ones(149)])


def test_partial_fit_after_early_stopping_works_O23():
    X, y = load_iris(return_X_y=True)
    classifier = small(early_stopping=True, max_iter=30).fit(X, y)
    before = log_loss(y, classifier.predict_proba(X))
    for _ in range(20):
        classifier.partial_fit(X, y)
    assert log_loss(y, classifier.predict_proba(X)) < before


def test_loss_and_best_iter_describe_the_weights_that_are_kept_O24():
    X, y = load_iris(return_X_y=True)
    X, X_val, y, y_val = train_test_split(X, y, random_state=0)
    last = small(max_iter=20).fit(X, y)
    assert last.best_iter_ == last.n_iter_ == 20
    assert last.loss_ == last.loss_curve_[-1]
    options = {"max_iter": 60, "learning_rate": 0.3, "n_iter_no_change": 60, "alpha": 0.0}
    best = small(early_stopping=True, schedule="constant", **options)
    best.fit(X, y, X_val=X_val, y_val=y_val)
    assert best.best_iter_ == 1 + np.argmax(best.validation_scores_) < best.n_iter_
    assert best.loss_ == best.loss_curve_[best.best_iter_ - 1]
    loss = log_loss(y_val, best.predict_proba(X_val))
    assert -loss == pytest.approx(best.best_validation_score_, rel=1e-9)


@pytest.mark.fast(2)
@pytest.mark.parametrize("solver", SOLVERS)
def test_features_need_no_scaling_by_hand_O25(solver):
    X, y = make_classification(400, 5, n_redundant=0, class_sep=2, flip_y=0, random_state=0)
    X = X * [1e-3, 1, 1e2, 1e4, 1e6] + [0, 5, 0, 1e5, 0]
    options = {"solver": solver, "alpha": 0.01, "tol": 1e-3, "learning_rate": 0.05}
    options["max_iter"] = 300 if solver in ("gd", "lbfgs") else 100
    raw = small(**options).fit(X, y)
    scaled = make_pipeline(StandardScaler(), small(**options, standardize=False)).fit(X, y)
    assert raw.score(X, y) == pytest.approx(scaled.score(X, y), abs=0.01)
    straight = LogisticRegression().fit(scale(X), y).score(scale(X), y)
    assert raw.score(X, y) >= straight - 0.01


@pytest.mark.parametrize("early_stopping", [True, False])
def test_data_loss_and_penalty_are_told_apart_O26(early_stopping):
    X, y = load_iris(return_X_y=True)
    X = scale(X)
    options = {"alpha": 0.7, "standardize": False, "solver": "gd", **STANDING}
    classifier = small(early_stopping=early_stopping, **options)
    classifier.fit(X, y, **({"X_val": X, "y_val": y} if early_stopping else {}))
    loss = log_loss(y, classifier.predict_proba(X))
    np.testing.assert_allclose(classifier.loss_curve_, [loss], rtol=1e-9)
    np.testing.assert_allclose(classifier.penalty_curve_, [0.35 * squared_norm(classifier)])
    if early_stopping:
        np.testing.assert_allclose(classifier.validation_scores_, [-loss], rtol=1e-9)


# Mended in scikit-learn, worth keeping mended here


@pytest.mark.fast(2)
@covered(solver=SOLVERS, scoring=["loss", "accuracy", "roc_auc"], strength=1)
def test_early_stopping_takes_string_labels(solver, scoring):  # 33760
    X, y = load_breast_cancer(return_X_y=True)
    labels = np.array(["malignant", "benign"], dtype=object)[y]
    options = {"early_stopping": True, "scoring": scoring, "max_iter": 20}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # few iterations of lbfgs
        classifier = small(solver=solver, **options).fit(X, labels)
    assert set(classifier.predict(X)) == {"malignant", "benign"}


@pytest.mark.parametrize("scoring", ["loss", "accuracy"])
def test_early_stopping_on_a_data_frame_does_not_warn_of_feature_names(scoring):  # 24846
    X, y = load_iris(return_X_y=True, as_frame=True)
    classifier = small(early_stopping=True, scoring=scoring).fit(X, y)
    assert classifier.feature_names_in_.tolist() == X.columns.tolist()
    other = small(early_stopping=True, scoring=scoring).fit(X.to_numpy(), y.to_numpy())
    assert_same_network(classifier, other)
    classifier.fit(X, y, X_val=X, y_val=y)


@pytest.mark.parametrize("scoring", ["loss", "accuracy", "neg_log_loss"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_early_stopping_survives_overflow(scoring):  # 29504
    X, y = load_iris(return_X_y=True)
    options = {"solver": "gd", "learning_rate": 1e150, "standardize": False}
    with pytest.warns(ConvergenceWarning, match="diverged"):
        classifier = small(early_stopping=True, scoring=scoring, **options).fit(X * 1e6, y)
    assert np.isfinite(classifier.predict_proba(X)).all()


@pytest.mark.parametrize("fraction", [0.001, 0.01, 0.999])
def test_a_part_too_small_for_validation_or_training_is_refused_by_name(fraction):  # 24713
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=f"validation_fraction={fraction}"):
        small(early_stopping=True, validation_fraction=fraction).fit(X, y)


def test_the_same_attributes_are_there_whatever_the_options():  # 24683
    X, y = load_iris(return_X_y=True)
    options = [{"solver": solver, "alpha": 0.1, "max_iter": 30} for solver in SOLVERS]
    options[-1]["max_iter"] = 300  # for lbfgs to settle
    options += [{**option, "early_stopping": True} for option in options]
    fitted = [small(**option).fit(X, y) for option in options]
    fitted += [small().partial_fit(X, y, [0, 1, 2])]
    names = [{name for name in vars(f) if name.endswith("_")} for f in fitted]
    assert all(name == names[0] for name in names)
    assert {"loss_", "loss_curve_", "validation_scores_", "best_validation_score_"} <= names[0]


@pytest.mark.parametrize("how", ["fit", "partial_fit"])
def test_partial_fit_after_unpickling_does_learn(how):  # 19626, 14826
    X, y = load_iris(return_X_y=True)
    arguments = (X, y) if how == "fit" else (X, y, [0, 1, 2])
    classifier = pickle.loads(pickle.dumps(getattr(small(max_iter=2), how)(*arguments)))
    before = log_loss(y, classifier.predict_proba(X))
    for _ in range(20):
        classifier.partial_fit(X, y)
    assert log_loss(y, classifier.predict_proba(X)) < 0.7 * before


@pytest.mark.slow
def test_the_first_batch_may_lack_a_class_and_it_is_learned_later():  # 6994
    X, y = load_iris(return_X_y=True)
    classifier = small().partial_fit(X[y < 2], y[y < 2], classes=[0, 1, 2])
    for _ in range(200):
        classifier.partial_fit(X, y)
    assert classifier.score(X, y) > 0.9


@pytest.mark.filterwarnings("ignore:no hidden unit reacts:UserWarning")  # two epochs, raw inputs
def test_shuffle_is_obeyed():  # 12582
    X, y = load_iris(return_X_y=True)
    y = (y == 1).astype(int)
    order = np.random.default_rng(0).permutation(150)
    options = {"batch_size": 10, "solver": "sgd", "standardize": False, "max_iter": 2}
    kept = small(shuffle=False, **options).fit(X, y)
    mixed = small(shuffle=True, **options).fit(X, y)
    assert not np.allclose(kept.W1_, mixed.W1_)
    assert not np.allclose(kept.W1_, small(shuffle=False, **options).fit(X[order], y[order]).W1_)
    fixed = small(shuffle=False, init=lambda rng, n, m: np.eye(n, m), **options)
    one, other = (clone(fixed).set_params(random_state=seed).fit(X, y) for seed in (0, 1))
    assert_same_network(one, other)  # nothing random is left
    one, other = (clone(fixed).set_params(random_state=seed, shuffle=True) for seed in (0, 1))
    assert not np.allclose(one.fit(X, y).W1_, other.fit(X, y).W1_)


def test_max_iter_counts_for_each_warm_fit_and_n_iter_for_all():  # 8713, 16812, 24764
    X, y = load_iris(return_X_y=True)
    classifier = small(max_iter=3, warm_start=True)
    for total in (3, 6, 9):
        assert classifier.fit(X, y).n_iter_ == len(classifier.loss_curve_) == total
    assert classifier.partial_fit(X, y).n_iter_ == 10
    assert classifier.set_params(warm_start=False).fit(X, y).n_iter_ == 3


def test_lbfgs_is_stopped_by_max_iter_alone(monkeypatch):  # 9273
    X, y = load_iris(return_X_y=True)
    seen = {}

    def minimize(objective, x, *, options, **rest):
        seen.update(options)
        return OptimizeResult(x=x, status=0)

    monkeypatch.setattr(lbfgs, "minimize", minimize)
    small(solver="lbfgs", max_iter=40_000).fit(X, y)
    assert seen["maxiter"] == 40_000
    assert seen["maxfun"] > 2 * 40_000


def test_lbfgs_says_when_max_iter_came_first():
    X, y = load_iris(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match="max_iter=7"):
        assert small(solver="lbfgs", max_iter=7).fit(X, y).n_iter_ == 7


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_loss_of_a_certain_network_is_finite(dtype):  # 16117, 24315
    X = np.repeat([[-1.0], [1.0]], 20, axis=0).astype(dtype)
    y = np.repeat([0, 1], 20)
    y[0] = 1  # certain and wrong
    classifier = small(standardize=False, alpha=0.0).fit(X, y)
    curve = classifier.fit(X * dtype(1e6), y, X_val=X * dtype(1e6), y_val=y).loss_curve_
    assert np.isfinite(curve).all()
    assert np.isfinite(classifier.validation_scores_).all()


@pytest.mark.parametrize("multilabel", [False, True])
def test_no_row_is_in_both_training_and_validation_part(multilabel):  # 9037, 8670
    X, y = np.eye(120), np.arange(120) % 3
    Y = np.eye(3, dtype=int)[y] if multilabel else y
    recorder = Recorder()
    options = {"activation": "tanh", "standardize": False, "alpha": 0.0, "early_stopping": True}
    start = small(**options, scoring=Recorder(), **STANDING).fit(X, Y)
    classifier = small(**options | {"max_iter": 1}, scoring=recorder).fit(X, Y)
    # only rows of the training part can move their column of W1; one epoch moves each of them
    moved = np.abs(classifier.W1_ - start.W1_).max(axis=0) > 1e-9
    np.testing.assert_array_equal(np.flatnonzero(~moved), recorder.X[0].argmax(axis=1))
    assert len(recorder.X[0]) == 12


def test_multilabel_probabilities_are_sigmoids_not_softmax():  # 5718
    X, Y = make_multilabel_classification(200, random_state=0)
    classifier = small().fit(X, Y)
    scores, probabilities = classifier.decision_function(X), classifier.predict_proba(X)
    np.testing.assert_allclose(probabilities, expit(scores), rtol=1e-9)
    assert np.ptp(probabilities.sum(axis=1)) > 0.1
    np.testing.assert_array_equal(classifier.predict(X), probabilities > 0.5)


def test_a_batch_size_above_the_number_of_rows_is_all_rows_without_a_word():  # 5670
    X, y = load_iris(return_X_y=True)
    one = small(batch_size=150).fit(X, y)
    assert_same_network(one, small(batch_size=10_000).fit(X, y))


@pytest.mark.fast(2)
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_second_fit_takes_other_data(solver):  # 7976
    max_iter = 400 if solver == "lbfgs" else 40
    classifier = small(solver=solver, alpha=0.1, max_iter=max_iter, tol=0.01)
    X, y = load_digits(return_X_y=True, n_class=4)
    classifier.fit(*load_iris(return_X_y=True, as_frame=True)).fit(X[:300], y[:300])
    assert_same_network(classifier, clone(classifier).fit(X[:300], y[:300]))
    assert not hasattr(classifier, "feature_names_in_")
    X, Y = make_multilabel_classification(100, random_state=0)
    assert classifier.fit(X, Y).predict(X).shape == Y.shape
    assert classifier.fit(X, Y[:, 0]).predict(X).shape == (100,)


def test_the_adaptive_rate_falls_when_the_loss_stalls_and_only_then():  # 15596
    X, y = load_iris(return_X_y=True)
    Rates.seen.clear()
    options = {"schedule": "adaptive", "n_iter_no_change": 4, "learning_rate": 1.0, "tol": 1e-6}
    classifier = small(solver=Rates(0.0), batch_size=150, max_iter=100, **options).fit(X, y)
    assert classifier.n_iter_ == 1 + 5 * 4  # first epoch, then 1, 1/5 ... 1/625 for four each
    np.testing.assert_allclose(Rates.seen, [1.0, *np.repeat(5.0 ** -np.arange(5), 4)])
    Rates.seen.clear()
    falling = small(solver=Rates(0.01), batch_size=150, max_iter=40, **options).fit(X, y)
    assert (np.diff(falling.loss_curve_) < -1e-6).all()
    assert set(Rates.seen) == {1.0}


@pytest.mark.parametrize("method", ["partial_fit", "warm fit"])
def test_the_adaptive_rate_does_not_decay_for_ever(method):  # 15596
    X, y = load_iris(return_X_y=True)
    Rates.seen.clear()
    options = {"schedule": "adaptive", "n_iter_no_change": 2, "learning_rate": 1.0}
    classifier = small(solver=Rates(0.0), max_iter=30, warm_start=True, **options)
    for _ in range(20):
        classifier.fit(X, y) if method == "warm fit" else classifier.partial_fit(X, y, [0, 1, 2])
    assert min(Rates.seen) >= 1e-3 / 5


@pytest.mark.parametrize("dtype", [np.uint8, np.uint64, np.int8, np.int32, np.float32, bool])
def test_labels_of_any_number_type_come_back_as_they_were(dtype):  # onnx 813
    X, y = load_breast_cancer(return_X_y=True)
    y = y.astype(dtype)
    classifier = small(early_stopping=True).fit(X, y)
    assert classifier.predict(X).dtype == classifier.classes_.dtype == dtype
    assert_same_network(classifier, small(early_stopping=True).fit(X, y.astype(int)))
    assert classifier.score(X, y) > 0.8


def test_the_largest_unsigned_label_and_unordered_codes_are_fine():
    X, y = load_iris(return_X_y=True)
    labels = np.array([200, 0, 255], dtype=np.uint8)[y]
    classifier = small(max_iter=100).fit(X, labels)
    assert classifier.classes_.tolist() == [0, 200, 255]
    assert classifier.score(X, labels) > 0.9


def test_the_gradient_over_several_outputs_belongs_to_the_loss():  # 34830
    X, Y = make_multilabel_classification(60, 4, n_classes=3, random_state=0)
    options = {"solver": "gd", "activation": "tanh", "alpha": 0.1, "standardize": False}
    start = small(**options, **STANDING).fit(X, Y)
    step = small(**options, learning_rate=1e-3).set_params(max_iter=1).fit(X, Y)

    def J(W2):
        Z2 = np.tanh(X @ start.W1_.T + start.b1_.T) @ W2.T + start.b2_.T
        loss = np.logaddexp(0, Z2) - Y * Z2
        return loss.sum(axis=1).mean() + 0.05 * (np.sum(start.W1_**2) + np.sum(W2**2))

    slopes = np.empty_like(start.W2_)
    for place in np.ndindex(slopes.shape):
        e = np.zeros_like(slopes)
        e[place] = 1e-5
        slopes[place] = (J(start.W2_ + e) - J(start.W2_ - e)) / 2e-5
    np.testing.assert_allclose((start.W2_ - step.W2_) / 1e-3, slopes, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(start.loss_ + start.penalty_curve_[0], J(start.W2_), rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
def test_default_training_learns_a_quadratic_boundary(activation):  # 31235
    rng = np.random.default_rng(0)
    X = rng.uniform(-3, 3, size=(1000, 2))
    y = (X[:, 1] > X[:, 0] ** 2 - 3).astype(int)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    classifier = ShallowNNClassifier(activation=activation, random_state=0).fit(X, y)
    straight = LogisticRegression().fit(X, y).score(X_test, y_test)
    assert classifier.score(X_test, y_test) > max(0.93, straight)


@pytest.mark.fast(1)
@covered(solver=SOLVERS, n_classes=[2, 3], strength=1)
def test_class_weight_decides_where_classes_overlap(n_classes, solver):  # 11723
    X, y = make_blobs(centers=n_classes, random_state=0, cluster_std=20)
    X, X_test, y, _ = train_test_split(X, y, test_size=0.5, random_state=0)
    class_weight = {0: 1000} | {k: 1e-4 for k in range(1, n_classes)}
    classifier = small(solver=solver, class_weight=class_weight, max_iter=200)
    assert np.mean(classifier.fit(X, y).predict(X_test) == 0) > 0.87


def test_class_weight_is_sample_weight_by_class():
    X, y = load_iris(return_X_y=True)
    by_class = small(class_weight={0: 1, 1: 4, 2: 2}, alpha=0.1).fit(X, y)
    assert_same_network(by_class, small(alpha=0.1).fit(X, y, np.array([1, 4, 2])[y]), rtol=1e-9)
    y = np.minimum(y, 1)
    balanced = small(class_weight="balanced", alpha=0.1).fit(X, y)
    assert_same_network(balanced, small(alpha=0.1).fit(X, y, 1 / np.bincount(y)[y]), rtol=1e-9)


# Other packages


@pytest.mark.fast(1)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_log_loss_of_the_probabilities_is_the_training_loss(n_classes):  # mlxtend
    X, y = make_blobs(300, centers=n_classes, cluster_std=2, random_state=0)
    classifier = settled(X, y, alpha=0.01)
    assert log_loss(y, classifier.predict_proba(X)) == pytest.approx(classifier.loss_, rel=1e-6)
    assert classifier.predict_proba(X).max() > 0.9


@pytest.mark.filterwarnings("ignore:no hidden unit reacts:UserWarning")  # as it should be
def test_a_stronger_penalty_makes_smaller_weights_not_just_a_larger_cost():  # mlxtend
    X, y = load_iris(return_X_y=True)
    norms = [squared_norm(settled(X, y, alpha=alpha)) for alpha in (1e-3, 1e-2, 1e-1, 10.0)]
    assert norms == sorted(norms, reverse=True)
    assert norms[-1] < 1e-3 * norms[0]


def test_dropout_is_stored_and_used():  # mlxtend
    X, y = load_iris(return_X_y=True)
    classifier = small(dropout=0.5)
    assert classifier.get_params()["dropout"] == 0.5
    without = small(dropout=0.0, max_iter=50).fit(X, y)
    assert classifier.set_params(max_iter=50).fit(X, y).loss_ > without.loss_
    np.testing.assert_array_equal(classifier.predict_proba(X), classifier.predict_proba(X))


@pytest.mark.parametrize("solver", ["gd", "lbfgs", "adam", "sgd"])
def test_twice_the_same_rows_are_the_same_fit(solver):  # mlxtend sums the gradient
    X, y = load_iris(return_X_y=True)
    max_iter = 400 if solver == "lbfgs" else 100
    classifier = small(solver=solver, alpha=0.1, batch_size=300, max_iter=max_iter, tol=1e-4)
    one = clone(classifier).fit(X, y)
    two = clone(classifier).fit(np.vstack([X, X]), np.r_[y, y])
    assert_same_network(one, two, rtol=1e-6)


@pytest.mark.parametrize("size", [1, 17, 1024])
def test_gradient_descent_takes_all_rows_whatever_the_batch_size(size):  # mlxtend
    X, y = load_iris(return_X_y=True)
    assert_same_network(small(solver="gd", batch_size=size).fit(X, y), small(solver="gd").fit(X, y))


def test_many_weights_are_no_error():  # nnet
    X, y = load_digits(return_X_y=True)
    classifier = small(hidden_units=2000, max_iter=1).fit(X[:200], y[:200])
    assert classifier.W1_.size + classifier.W2_.size > 100_000


def test_a_grid_search_loses_no_parameter():  # keras
    X, y = load_iris(return_X_y=True)
    grid = {"hidden_units": [3, 4], "max_iter": [2, 7], "batch_size": [11]}
    search = GridSearchCV(small(schedule="constant"), grid, cv=2).fit(X, y)
    best = search.best_estimator_
    assert best.n_iter_ == search.best_params_["max_iter"]
    assert_same_network(best, clone(best).fit(X, y))
    assert best.get_params() == small(schedule="constant", **search.best_params_).get_params()


@pytest.mark.parametrize("X_dtype", [np.float64, np.float32, np.float16, np.int64, np.uint8, bool])
@pytest.mark.parametrize("y_dtype", [np.int32, np.int64, np.float64])
def test_no_casting_by_hand(X_dtype, y_dtype):  # skorch 518, 554, 758
    X, y = load_iris(return_X_y=True)
    X = (X > 3) if X_dtype is bool else X
    classifier = small().fit(X.astype(X_dtype), y.astype(y_dtype))
    assert np.isin(classifier.predict(X.astype(X_dtype)), [0, 1, 2]).all()


def test_it_can_be_boosted():  # skorch 601
    X, y = load_iris(return_X_y=True)
    boosted = AdaBoostClassifier(small(max_iter=20), n_estimators=3, random_state=0).fit(X, y)
    assert boosted.score(X, y) > 0.8


def test_weights_of_one_are_no_weights():  # skorch 630
    X, y = load_iris(return_X_y=True)
    assert_same_network(small().fit(X, y), small().fit(X, y, np.ones(150)))


def test_a_fitted_grid_search_with_callbacks_can_be_copied():  # skorch 1110
    X, y = load_iris(return_X_y=True)
    classifier = small(max_iter=2).set_callbacks(ScoringMonitor(scoring="accuracy"))
    search = GridSearchCV(classifier, {"hidden_units": [3]}, cv=2).fit(X, y)
    copied = copy.deepcopy(search)
    np.testing.assert_array_equal(copied.predict_proba(X), search.predict_proba(X))


def test_global_numbers_are_neither_read_nor_moved():  # pytabkit, scikeras
    X, y = load_iris(return_X_y=True)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one = small(dropout=0.2, early_stopping=True).fit(X, y)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert_same_network(one, small(dropout=0.2, early_stopping=True).fit(X, y))


def test_labels_of_a_categorical_column_with_unused_categories_are_fine():  # pytabkit
    X, y = load_iris(return_X_y=True)
    labels = pd.Series(pd.Categorical(np.array(["a", "b", "c"])[y], categories=list("abcd")))
    assert small().fit(X, labels).classes_.tolist() == ["a", "b", "c"]


def test_class_weights_hold_for_batches_and_validation_data_that_lack_a_class():
    X, y = load_iris(return_X_y=True)
    two = y != 1
    classifier = small(class_weight={0: 2.0, 1: 3.0}, max_iter=2)
    classifier.partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X[two], y[two])
    classifier.fit(X, y, X_val=X[two], y_val=y[two])
    labels = np.column_stack([y == 0, y == 1, np.zeros(len(y))]).astype(int)
    small(class_weight={1: 5.0}, max_iter=2).fit(X, labels)


def test_balanced_validation_loss_uses_the_training_classes():
    X, y = load_iris(return_X_y=True)
    kept = np.r_[0:50, 50:60, 100:150]
    counts = np.bincount(y[kept])
    weights = (len(kept) / (3 * counts))[y]
    classifier = small(class_weight="balanced", max_iter=1, schedule="constant")
    classifier.fit(X[kept], y[kept], X_val=X, y_val=y)
    expected = -log_loss(y, classifier.predict_proba(X), sample_weight=weights)
    assert classifier.best_validation_score_ == pytest.approx(expected, rel=1e-9)


@pytest.mark.slow
def test_many_classes_do_not_fail_for_the_automatic_validation_part():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(10_000, 2)), np.arange(10_000) % 1_200
    classifier = ShallowNNClassifier(1, max_iter=1, random_state=0).fit(X, y)
    assert classifier.validation_scores_ is None
    classifier.fit(X, y % 2)
    assert len(classifier.validation_scores_) == 1
