"""What may be handed in: containers, types, labels, shapes and scales; validation data."""

import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pytest
from covering import covered
from scipy import sparse
from sklearn.datasets import (
    load_breast_cancer,
    load_iris,
    load_wine,
    make_classification,
    make_multilabel_classification,
)
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, get_scorer, log_loss, make_scorer
from sklearn.model_selection import train_test_split

from skshallow import ShallowNNClassifier
from skshallow.inspection import connection_weight_importance

SOLVERS = ("adam", "sgd", "gd", "lbfgs")
QUIET_LBFGS = pytest.mark.filterwarnings(
    "ignore:lbfgs stopped:sklearn.exceptions.ConvergenceWarning"
)
SPARSE = (
    sparse.csr_matrix,
    sparse.csc_matrix,
    sparse.coo_matrix,
    sparse.csr_array,
    sparse.csc_array,
    sparse.coo_array,
)
NAMES = np.array(["setosa", "versicolor", "virginica"])


def short(**parameters):
    return ShallowNNClassifier(
        **{"hidden_units": 8, "max_iter": 20, "random_state": 0, "alpha": 0.01} | parameters
    )


def probabilities(X, y, **parameters):
    return short(**parameters).fit(X, y).predict_proba(X)


def read_only_memmap(X, folder):
    path = folder / "X.npy"
    np.save(path, X)
    return np.load(path, mmap_mode="r")


def holes(X):
    """X with about half of its entries zero."""
    return X * (np.random.default_rng(0).random(X.shape) < 0.5)


# --- containers of X


@QUIET_LBFGS
@covered(
    container=SPARSE,
    solver=SOLVERS,
    engine=["numpy", "auto"],
    standardize=[True, False],
    weighted=[False, True],
)
def test_sparse_inputs_give_the_model_of_dense_ones(
    container, solver, engine, standardize, weighted
):
    X, y = load_iris(return_X_y=True)
    X, s = holes(X), np.linspace(1, 2, len(y)) if weighted else None
    options = {"solver": solver, "engine": engine, "standardize": standardize, "max_iter": 5}
    dense, thin = (short(**options).fit(x, y, s) for x in (X, container(X)))
    for name in ("W1_", "b1_", "W2_", "b2_"):
        expected = getattr(dense, name)
        size = np.abs(expected).max()
        np.testing.assert_allclose(getattr(thin, name), expected, rtol=0, atol=1e-9 * size)
    np.testing.assert_allclose(thin.predict_proba(X), thin.predict_proba(container(X)), rtol=1e-12)


@pytest.mark.parametrize(
    "options", [{}, {"dropout": 0.3}, {"alpha": "auto", "max_iter": 3}], ids=str
)
def test_one_whole_batch_gives_the_same_model_sparse_or_dense(options):
    """Rows are put in an order of their own, which decides splits and random numbers."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 8)) * (rng.random((60, 8)) < 0.3)
    y = X[:, 0] + X[:, 1] > 0.1
    dense, thin = (short(**options).fit(x, y) for x in (X, sparse.csr_array(X)))
    assert thin.alpha_ == pytest.approx(dense.alpha_)
    np.testing.assert_allclose(thin.predict_proba(X), dense.predict_proba(X), rtol=1e-6)


def test_rows_that_are_equal_in_value_are_equal():
    """Zeros with a sign, zeros that are stored, columns in another order."""
    X, y = np.random.default_rng(0).integers(0, 3, (300, 3)) * 1.0, np.arange(300) % 2
    signed = np.where(X == 0, -0.0, X)
    stored = sparse.csr_array(X + 1)
    stored.data -= 1
    turned = stored.copy()
    turned.indices, turned.data = (
        a.reshape(300, 3)[:, ::-1].ravel() for a in (stored.indices, stored.data)
    )
    turned.has_sorted_indices = False
    expected = probabilities(X, y, early_stopping=True, max_iter=3)
    for other in (signed, stored, turned):
        found = short(early_stopping=True, max_iter=3).fit(other, y).predict_proba(X)
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_sparse_rows_may_be_empty():
    X, y = np.zeros((1100, 3)), np.arange(1100) % 2
    X[1024:] = np.random.default_rng(0).standard_normal((76, 3))
    dense, thin = (short(max_iter=2).fit(x, y) for x in (X, sparse.csr_array(X)))
    np.testing.assert_allclose(thin.W1_, dense.W1_, rtol=1e-7, atol=1e-12)
    thin.partial_fit(sparse.csr_array((1, 3)), [0])


def test_all_sparse_containers_give_the_same_bits():
    X, y = load_iris(return_X_y=True)
    X = holes(X)
    expected = probabilities(sparse.csr_array(X), y)
    for container in SPARSE:
        np.testing.assert_array_equal(probabilities(container(X), y), expected)


@pytest.mark.parametrize(
    "layout",
    [
        np.asfortranarray,
        lambda X: np.repeat(X, 2, axis=0)[::2],
        lambda X: np.repeat(X, 2, axis=1)[:, ::2],
        lambda X: X[::-1].copy()[::-1],
        lambda X: X.tolist(),
        pd.DataFrame,
        lambda X: pl.DataFrame(X, schema=list("abcd")),
    ],
    ids=["fortran", "rows", "columns", "backwards", "list", "pandas", "polars"],
)
def test_the_layout_of_the_inputs_does_not_matter(layout):
    X, y = load_iris(return_X_y=True)
    np.testing.assert_allclose(probabilities(layout(X), y), probabilities(X, y), rtol=1e-9)


def test_read_only_memory_maps_are_read_where_they_lie(tmp_path):
    X, y = load_iris(return_X_y=True)
    mapped = read_only_memmap(X, tmp_path)
    np.testing.assert_array_equal(probabilities(mapped, y), probabilities(X, y))
    np.testing.assert_array_equal(mapped, X)


@pytest.mark.parametrize("standardize", [True, False])
def test_the_user_s_arrays_are_left_as_they_were(standardize):
    X, y = load_iris(return_X_y=True)
    weights, given = np.ones(len(y)), (X.copy(), y.copy())
    short(standardize=standardize).fit(X, y, sample_weight=weights).predict_proba(X)
    np.testing.assert_array_equal(X, given[0])
    np.testing.assert_array_equal(y, given[1])
    np.testing.assert_array_equal(weights, 1)


@pytest.mark.parametrize("kind", [np.int64, np.int8, np.uint8, bool, np.float16])
def test_numbers_of_other_types_are_taken_as_float64(kind):
    X, y = load_iris(return_X_y=True)
    X = np.round(X / X.max(axis=0)).astype(kind)
    fitted = short().fit(X, y)
    assert fitted.W1_.dtype == fitted.predict_proba(X).dtype == np.float64
    np.testing.assert_array_equal(fitted.predict_proba(X), probabilities(X.astype(float), y))


@pytest.mark.fast(2)
@QUIET_LBFGS
@covered(
    solver=SOLVERS,
    container=[np.asarray, sparse.csr_array],
    activation=["relu", "prelu", "sigmoid"],
    strength=1,
)
def test_float32_stays_float32_and_gives_the_same_answer(solver, container, activation):
    X, y = load_iris(return_X_y=True)
    parameters = {"solver": solver, "activation": activation, "alpha": 0.1, "max_iter": 100}
    wide = short(**parameters).fit(container(X), y)
    narrow = short(**parameters).fit(container(X.astype(np.float32)), y)
    learned = [narrow.W1_, narrow.b1_, narrow.W2_, narrow.b2_]
    outputs = [
        getattr(narrow, method)(container(X.astype(np.float32)))
        for method in ("predict_proba", "predict_log_proba", "decision_function")
    ]
    assert {array.dtype for array in learned + outputs} == {np.dtype(np.float32)}
    agreement = narrow.predict(X.astype(np.float32)) == wide.predict(X)
    assert agreement.mean() > 0.95


def test_float32_weights_are_not_turned_into_float64_by_float64_weights_of_rows():
    X, y = load_iris(return_X_y=True)
    weights = np.linspace(1, 2, len(y))
    fitted = short(class_weight="balanced").fit(X.astype(np.float32), y, sample_weight=weights)
    assert fitted.W1_.dtype == np.float32


# --- class weights


def test_weights_of_absent_classes_fit_as_in_scikit_learn():
    X, y = load_iris(return_X_y=True)
    some = y < 2
    weights = {0: 1.0, 1: 3.0, 2: 7.0}
    one = short(class_weight=weights).fit(X[some], y[some])
    other = short(class_weight={0: 1.0, 1: 3.0}).fit(X[some], y[some])
    np.testing.assert_array_equal(one.W1_, other.W1_)
    LogisticRegression(class_weight=weights).fit(X[some], y[some])
    misspelt = {0: 1.0, 5: 3.0}  # a class without weight, a weight without class
    for estimator in (short(class_weight=misspelt), LogisticRegression(class_weight=misspelt)):
        with pytest.raises(ValueError, match="class"):
            estimator.fit(X[some], y[some])


def test_each_label_may_have_weights_of_its_own():
    X, y = load_iris(return_X_y=True)
    Y = np.column_stack([y > 0, y > 1]).astype(int)
    weights = [{0: 1.0, 1: 3.0}, {0: 2.0, 1: 2.0}]
    each = short(class_weight=weights).fit(X, Y)
    same = short(class_weight=[weights[0], weights[0]]).fit(X, Y)
    np.testing.assert_array_equal(same.W1_, short(class_weight=weights[0]).fit(X, Y).W1_)
    assert not np.array_equal(each.W1_, same.W1_)


@pytest.mark.parametrize("weights", [[{0: 1.0}], [{0: 1.0}] * 3])
def test_a_list_of_weights_must_fit_the_labels(weights):
    X, y = load_iris(return_X_y=True)
    Y = np.column_stack([y > 0, y > 1]).astype(int)
    for targets in (y, Y):
        with pytest.raises(ValueError, match=f"a list of {len(weights)}: give one dict, or"):
            short(class_weight=weights).fit(X, targets)


# --- labels


def test_a_lazy_frame_is_told_to_collect_its_rows():
    lazy = pl.DataFrame(np.eye(4)).lazy()
    with pytest.raises(TypeError, match=r"X is a LazyFrame.*X\.collect\(\)"):
        ShallowNNClassifier(4).fit(lazy, [0, 1, 0, 1])
    ShallowNNClassifier(4, max_iter=2).fit(lazy.collect(), [0, 1, 0, 1])


@pytest.mark.parametrize("frame", ["pandas", "polars"])
def test_names_of_the_columns_of_y_are_kept(frame):
    X, y = load_iris(return_X_y=True)
    labels = pd.DataFrame({"large": y > 0, "larger": y > 1}).astype(int)
    if frame == "polars":
        labels = pl.from_pandas(labels)
    fitted = short().fit(X, labels)
    assert fitted.target_names_.tolist() == ["large", "larger"]
    assert connection_weight_importance(fitted).output_names.tolist() == ["large", "larger"]
    assert not hasattr(short().fit(X, labels.to_numpy()), "target_names_")


@pytest.mark.fast(5)
@pytest.mark.parametrize(
    "labels",
    [
        np.array([3, -1, 7]),
        np.array(["a", "bb", "ccc"]),
        np.array(["a", "bb", "ccc"], dtype=object),
        np.array([0.0, 1.0, 5.0]),
        np.array([1, 2, 3], dtype=np.uint8),
    ],
    ids=["ints", "strings", "objects", "whole floats", "bytes"],
)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_labels_come_back_as_they_went_in(labels, n_classes):
    X, y = load_iris(return_X_y=True)
    X, y = X[y < n_classes], np.sort(labels[:n_classes])[y[y < n_classes]]
    fitted = short(max_iter=200).fit(X, y)
    np.testing.assert_array_equal(fitted.classes_, np.unique(y))
    assert fitted.predict(X).dtype == y.dtype
    assert fitted.score(X, y) > 0.9


@pytest.mark.parametrize(
    "container",
    [
        lambda y: y.tolist(),
        pd.Series,
        lambda y: pd.Series(y, dtype="category"),
        lambda y: pd.Series(y, dtype="string"),
        lambda y: pd.Series(y, dtype=object),
        pl.Series,
    ],
    ids=["list", "pandas", "categorical", "pandas string", "object", "polars"],
)
def test_the_container_of_the_labels_does_not_matter(container):
    X, y = load_iris(return_X_y=True)
    fitted = short().fit(X, container(NAMES[y]))
    assert list(fitted.classes_) == list(NAMES)
    np.testing.assert_array_equal(fitted.predict_proba(X), probabilities(X, y))


def test_booleans_are_labels():
    X, y = load_breast_cancer(return_X_y=True)
    fitted = short().fit(X, y.astype(bool))
    assert fitted.predict(X).dtype == bool
    assert fitted.score(X, y.astype(bool)) > 0.9


def test_the_order_of_classes_is_sorted_and_columns_follow_it():
    X, y = load_iris(return_X_y=True)
    backwards = np.array(["c", "b", "a"])[y]
    fitted = short(max_iter=200).fit(X, backwards)
    assert list(fitted.classes_) == ["a", "b", "c"]
    assert fitted.predict_proba(X)[backwards == "a", 0].mean() > 0.8


@pytest.mark.parametrize("container", SPARSE)
def test_multilabel_targets_may_be_sparse(container):
    X, Y = make_multilabel_classification(random_state=0)
    fitted = short().fit(X, container(Y))
    np.testing.assert_array_equal(fitted.predict_proba(X), probabilities(X, Y))
    assert fitted.predict(X).shape == Y.shape
    assert set(np.unique(fitted.predict(X))) == {0, 1}


def test_a_label_of_multilabel_is_a_sigmoid_of_its_own():
    X, Y = make_multilabel_classification(n_classes=4, random_state=0)
    fitted = short().fit(X, Y)
    scores = fitted.decision_function(X)
    np.testing.assert_allclose(fitted.predict_proba(X), 1 / (1 + np.exp(-scores)), rtol=1e-9)
    np.testing.assert_array_equal(fitted.predict(X), scores > 0)


def test_a_label_given_twice_is_predicted_as_the_binary_problem():
    """Two outputs with one target each: both learn what a single one learns."""
    X, y = load_breast_cancer(return_X_y=True)
    both = short().fit(X, np.column_stack([y, y])).predict(X)
    alone = short().fit(X, y).predict(X)
    assert (both == alone[:, None]).mean() > 0.95


# --- names, shapes, scales


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_feature_names_are_kept_and_checked(frame):
    X, y = load_iris(return_X_y=True)
    names = ["sepal length", "sepal width", "petal length", "petal width"]
    table = frame(dict(zip(names, X.T, strict=True)))
    fitted = short().fit(table, y)
    assert list(fitted.feature_names_in_) == names
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(table[names[::-1]])
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        fitted.predict(X)


@pytest.mark.parametrize("scoring", ["loss", "accuracy"])
def test_frames_with_names_pass_through_early_stopping_in_silence(scoring):
    frame, y = load_iris(return_X_y=True, as_frame=True)
    parameters = {"early_stopping": True, "scoring": scoring}
    named = short(**parameters).fit(frame, y, X_val=frame[::2], y_val=y[::2])
    plain = short(**parameters).fit(frame.to_numpy(), y, X_val=frame[::2].to_numpy(), y_val=y[::2])
    np.testing.assert_array_equal(named.W1_, plain.W1_)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
def test_one_row_gets_the_answer_it_gets_among_others(container):
    X, y = load_wine(return_X_y=True)
    fitted = short().fit(container(X), y)
    together = fitted.predict_proba(container(X))
    for i in (0, 1, 100, 177):
        np.testing.assert_array_equal(fitted.predict_proba(container(X[[i]])), together[[i]])


def test_more_columns_than_rows():
    X, y = make_classification(40, 2_000, n_informative=20, class_sep=3, random_state=0)
    fitted = short().fit(X, y)
    assert fitted.W1_.shape == (8, 2_000)
    assert fitted.score(X, y) == 1


def test_one_column_is_enough():
    x = np.linspace(-1, 1, 500)[:, None]
    y = (np.abs(x[:, 0]) > 0.5).astype(int)
    assert short(max_iter="auto").fit(x, y).score(x, y) > 0.95


@pytest.mark.parametrize("value", [0.0, 7.0, 1e6])
def test_a_constant_column_is_harmless(value):
    X, y = load_iris(return_X_y=True)
    constant = np.column_stack([X, np.full(len(y), value)])
    fitted = short(max_iter=200).fit(constant, y)
    assert fitted.score(constant, y) > 0.95


@pytest.mark.fast(3)
@pytest.mark.parametrize("load", [load_breast_cancer, load_wine, load_iris])
@pytest.mark.parametrize("shift", [0.0, 10.0])
def test_units_of_the_columns_do_not_matter(load, shift):
    X, y = load(return_X_y=True)
    units = 10.0 ** np.random.default_rng(0).uniform(-3, 6, size=X.shape[1])
    parts = train_test_split(X, y, stratify=y, random_state=0)
    X_train, X_test, y_train, _ = parts
    plain = short(max_iter=60).fit(X_train, y_train)
    other = short(max_iter=60).fit((X_train + shift) * units, y_train)
    agreement = other.predict((X_test + shift) * units) == plain.predict(X_test)
    assert agreement.mean() >= 0.99


@pytest.mark.parametrize("factor", [1e-3, 1e6])
def test_units_of_sparse_columns_do_not_matter(factor):
    X, y = load_wine(return_X_y=True)
    plain, other = (probabilities(sparse.csr_array(X * f), y) for f in (1.0, factor))
    np.testing.assert_allclose(plain, other, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_sparse_inputs_are_never_made_dense(method):
    X = sparse.random(400, 200_000, density=1e-4, format="csr", random_state=0)
    y, model = np.arange(400) % 2, short(hidden_units=1, max_iter=2, batch_size=400)
    tracemalloc.start()
    getattr(model, method)(X, y, **({} if method == "fit" else {"classes": [0, 1]})).predict(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 400 * 200_000 * 8 / 10


# --- validation data


@pytest.mark.parametrize("scoring", ["loss", "accuracy"])
def test_validation_data_of_the_user_leaves_all_training_rows_in(scoring):
    """Training does not look at the validation data, so the losses are those without it."""
    X, X_val, y, y_val = train_test_split(*load_wine(return_X_y=True), random_state=0)
    parameters = {"n_iter_no_change": 100, "scoring": scoring}
    watched = short(**parameters).fit(X, y, X_val=X_val, y_val=y_val)
    alone = short().fit(X, y)
    np.testing.assert_allclose(watched.loss_curve_, alone.loss_curve_, rtol=1e-12)
    assert len(watched.validation_scores_) == watched.n_iter_
    assert alone.validation_scores_ is None


@QUIET_LBFGS
@pytest.mark.parametrize("solver", SOLVERS)
def test_validation_loss_is_that_of_the_weights_that_are_kept(solver):
    X, X_val, y, y_val = train_test_split(*load_iris(return_X_y=True), random_state=0)
    weights = np.linspace(1, 2, len(y_val))
    fitted = short(solver=solver, max_iter=100, n_iter_no_change=5).fit(
        X, y, X_val=X_val, y_val=y_val, sample_weight_val=weights
    )
    expected = -log_loss(y_val, fitted.predict_proba(X_val), sample_weight=weights)
    assert fitted.best_validation_score_ == pytest.approx(expected, rel=1e-9)
    assert fitted.best_validation_score_ == fitted.validation_scores_.max()
    assert fitted.validation_scores_[fitted.best_iter_ - 1] == fitted.best_validation_score_


@pytest.mark.fast(3)
@covered(
    scoring=[
        "accuracy",
        "neg_log_loss",
        "roc_auc_ovr",
        "f1_macro",
        make_scorer(accuracy_score),
        lambda model, X, y: -np.abs(model.predict_proba(X).max(axis=1) - 0.9).mean(),
    ],
    container=[np.asarray, sparse.csr_array],
    strength=1,
)
def test_any_scorer_of_scikit_learn_can_watch(scoring, container):
    X, X_val, y, y_val = train_test_split(*load_iris(return_X_y=True), random_state=0)
    X, X_val, y, y_val = container(X), container(X_val), NAMES[y], NAMES[y_val]
    fitted = short(scoring=scoring).fit(X, y, X_val=X_val, y_val=y_val)
    scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring
    expected = scorer(fitted, X_val, y_val)
    assert fitted.best_validation_score_ == pytest.approx(expected, rel=1e-9)


def test_validation_data_may_be_of_another_container_than_the_training_data():
    X, X_val, y, y_val = train_test_split(*load_iris(return_X_y=True), random_state=0)
    X, X_val = holes(X), holes(X_val)
    plain = short(standardize=False).fit(X, y, X_val=X_val, y_val=y_val)
    mixed = short(standardize=False).fit(X, y, X_val=sparse.csc_array(X_val), y_val=y_val)
    np.testing.assert_allclose(mixed.validation_scores_, plain.validation_scores_, rtol=1e-9)


@pytest.mark.parametrize("dense_first", [True, False])
def test_validation_data_are_standardised_as_the_training_data_whatever_the_container(dense_first):
    X, X_val, y, y_val = train_test_split(*load_iris(return_X_y=True), random_state=0)
    first, second = (
        (np.asarray, sparse.csr_array) if dense_first else (sparse.csr_array, np.asarray)
    )
    alike = short().fit(first(X), y, X_val=first(X_val), y_val=y_val)
    mixed = short().fit(first(X), y, X_val=second(X_val), y_val=y_val)
    np.testing.assert_allclose(mixed.validation_scores_, alike.validation_scores_, rtol=1e-9)


@pytest.mark.parametrize("dense_first", [True, False])
def test_training_goes_on_with_the_same_standardisation_whatever_the_container(dense_first):
    X, y = load_iris(return_X_y=True)
    first, second = (
        (np.asarray, sparse.csr_array) if dense_first else (sparse.csr_array, np.asarray)
    )
    alike = short().partial_fit(first(X), y, np.unique(y)).partial_fit(first(X), y)
    mixed = short().partial_fit(first(X), y, np.unique(y)).partial_fit(second(X), y)
    np.testing.assert_allclose(mixed.W1_, alike.W1_, rtol=1e-6)


def test_a_float64_validation_part_does_not_widen_a_float32_network():
    X, X_val, y, y_val = train_test_split(*load_iris(return_X_y=True), random_state=0)
    fitted = short().fit(X.astype(np.float32), y, X_val=X_val, y_val=y_val)
    assert fitted.W1_.dtype == np.float32
