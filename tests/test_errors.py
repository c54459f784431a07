"""What cannot be used is refused before any training, in words that help."""

import re
import time
from fractions import Fraction

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

from skshallow import ShallowNNClassifier

REMEDY = (
    r"(did you mean|is called|give|use one of|use|set|pass|lower|raise|change|remove|leave|fit|must"
    r"|should)"
)
X, y = load_iris(return_X_y=True)
X.flags.writeable = y.flags.writeable = False
ONES = np.ones(len(y))

WRONG_TYPES = {
    "hidden_units": [3.5, "8", None, True],
    "learning_rate": ["0.1", "adaptive", None, True, 1j],
    "alpha": [None, "none", True],
    "dropout": ["0.5", None],
    "batch_size": [32.5, "all", None],
    "max_iter": [10.5, "many", None],
    "n_networks": [2.5, "many", None, True],
    "validation_fraction": ["0.1", None, [0.1]],
    "n_iter_no_change": [10.5, None],
    "tol": ["small", None],
    "verbose": ["yes", 0.5, None],
}
WRONG_VALUES = {
    "hidden_units": [0, -1],
    "activation": ["RELU", "logistic", "softmax", 3, None],
    "solver": ["newton", 1, None],
    "learning_rate": [0.0, -0.1, np.nan, np.inf],
    "schedule": ["linear", None, 1],
    "init": ["random", None, 0.01],
    "alpha": [-1e-3, np.nan, np.inf],
    "dropout": [-0.1, 1.0, 1, np.nan],
    "batch_size": [0, -5],
    "max_iter": [0, -1],
    "shuffle": ["yes", None, 2],
    "early_stopping": ["yes", None, 2],
    "validation_fraction": [0.0, 1.0, -0.1, 2, np.nan],
    "n_iter_no_change": [0, -3],
    "tol": [-1e-4, np.nan],
    "scoring": ["f2", 3, None],
    "standardize": ["auto", None, 2],
    "clip_inputs": ["auto", None, 2],
    "class_weight": ["even", 3],
    "n_networks": [0, -2],
    "warm_start": ["yes", None],
    "engine": ["torch", "Numba", None, True],
    "verbose": [-1],
    "random_state": ["seed", 0.5, -1],
}


def cases(table):
    return [(name, value) for name, values in table.items() for value in values]


def refused(error, match, *data, method="fit", parameters=None, **more):
    """The call raises, says so, and nothing has been trained."""
    classifier = ShallowNNClassifier(
        **{"hidden_units": 4, "max_iter": 2, "alpha": 0.01} | (parameters or {})
    )
    with pytest.raises(error, match=match) as caught:
        getattr(classifier, method)(*data, **more)
    assert not [name for name in vars(classifier) if name in ("W1_", "n_iter_", "loss_curve_")]
    return str(caught.value)


def spoiled(array, value, index=3):
    """A float copy with one bad entry."""
    array = np.array(array, dtype=float)
    array[index] = value
    return array


# --- parameters


def test_the_tables_know_every_parameter():
    assert WRONG_TYPES.keys() | WRONG_VALUES.keys() == set(ShallowNNClassifier().get_params())


@pytest.mark.parametrize(("name", "value"), cases(WRONG_TYPES))
def test_a_parameter_of_the_wrong_type_is_named_with_its_value_and_a_remedy(name, value):
    said = refused(TypeError, re.escape(f"{name}={value!r}"), X, y, parameters={name: value})
    assert re.search(REMEDY, said.partition(f"{value!r}")[2])


@pytest.mark.parametrize(("name", "value"), cases(WRONG_VALUES))
def test_a_parameter_out_of_range_is_named_with_its_value_and_a_remedy(name, value):
    said = refused((TypeError, ValueError), None, X, y, parameters={name: value})
    assert name in said
    assert str(value) in said
    assert re.search(REMEDY, said)


def test_partial_fit_checks_parameters_too():
    data = X, y, [0, 1, 2]
    refused(ValueError, "dropout=2.0", *data, method="partial_fit", parameters={"dropout": 2.0})


def test_parameters_are_checked_by_fit_and_not_by_the_constructor():
    assert ShallowNNClassifier("nonsense", alpha=-1).set_params(tol="x").tol == "x"


def test_bad_parameters_are_refused_before_the_data_are_looked_at():
    refused(ValueError, "learning_rate=-1", "no data", None, parameters={"learning_rate": -1})


@pytest.mark.parametrize(
    ("name", "value"), [("hidden_units", np.int64(3)), ("alpha", np.float32(0))]
)
def test_numbers_of_numpy_are_numbers(name, value):
    classifier = ShallowNNClassifier(4, max_iter=1).set_params(**{name: value})
    assert classifier.fit(X, y).n_iter_ == 1


def test_an_initialiser_of_the_wrong_shape_is_refused():
    parameters = {"init": lambda rng, n_out, n_in: np.zeros(n_in)}  # NumPy would broadcast it
    n0 = X.shape[1]
    refused(
        ValueError, rf"init returned .*{n0},.* of shape \(4, {n0}\)", X, y, parameters=parameters
    )


# --- data


@pytest.mark.parametrize("container", [np.asarray, csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_inputs_that_are_not_finite_are_refused(container, value):
    refused(ValueError, "Input X contains (NaN|infinity)", container(spoiled(X, value)), y)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_targets_that_are_not_finite_are_refused(value):
    refused(ValueError, "y contains (NaN|infinity)", X, spoiled(y, value))


@pytest.mark.parametrize(
    ("weights", "match"),
    [
        (spoiled(ONES, np.nan), "sample_weight contains NaN"),
        (spoiled(ONES, np.inf), "sample_weight contains infinity"),
        (spoiled(ONES, -2.0), r"sample_weight has a negative weight \(-2.0\).* must be"),
        (0 * ONES, "sample_weight.* all weights are zero: give"),
        (ONES[:-1], r"sample_weight has shape \(149,\): give one weight for each of 150"),
        (np.ones((150, 2)), r"sample_weight has shape \(150, 2\): give one weight for each of 150"),
    ],
    ids=["nan", "inf", "negative", "zero", "short", "2d"],
)
def test_weights_that_make_no_sense_are_refused(weights, match):
    refused(ValueError, match, X, y, sample_weight=weights)
    refused(ValueError, match, X, y, [0, 1, 2], sample_weight=weights, method="partial_fit")
    match = match.replace("sample_weight", "sample_weight_val")
    refused(ValueError, match, X, y, X_val=X, y_val=y, sample_weight_val=weights)


def test_one_class_is_refused_and_named():
    refused(ValueError, r"one class only, \['a'\].*give", X, ["a"] * len(y))
    refused(ValueError, "one class only, .*2.*give", X, y, sample_weight=(y == 2).astype(float))


@pytest.mark.parametrize("change", [lambda Y: 2 * Y - 1, lambda Y: Y + 1, lambda Y: 3 * Y])
@pytest.mark.parametrize("container", [np.asarray, csr_array])
def test_a_multilabel_y_of_other_numbers_than_0_and_1_is_refused(change, container):
    Y = np.eye(3)[y]
    refused(ValueError, "several columns that are not all 0 or 1", X, container(change(Y)))
    fitted = ShallowNNClassifier(4, max_iter=1, alpha=0.1).fit(X, container(Y))
    with pytest.raises(ValueError, match="not all 0 or 1"):
        fitted.partial_fit(X, container(change(Y)))


def test_weights_that_are_a_word_are_refused():
    refused(TypeError, "sample_weight='balanced' is no array: give", X, y, "balanced")


@pytest.mark.parametrize(
    "classes",
    [[0, 1, np.nan], np.array([0, np.nan]), np.array([0, 1, np.nan], object), ["a", np.nan]],
)
def test_nan_is_no_class(classes):
    refused(ValueError, "nan is no label", X, y, method="partial_fit", classes=classes)


@pytest.mark.parametrize("label", [None, 1])
def test_labels_of_several_types_are_named_in_streams_too(label):
    labels = np.array(["a", "b", label], dtype=object)
    match = "None is no label" if label is None else "labels of different types"
    options = {"method": "partial_fit", "classes": ["a", "b"]}
    refused(TypeError, match, X[:3], labels, **options)


def test_class_weights_that_leave_nothing_are_refused():
    weights = {0: 0, 1: 0, 2: 0}
    refused(ValueError, "class_weight.*zero", X, y, parameters={"class_weight": weights})


def test_class_weights_that_leave_one_class_are_refused():
    weights = {0: 1, 1: 0, 2: 0}
    refused(ValueError, "one class only", X, y, parameters={"class_weight": weights})


@pytest.mark.parametrize("weight", [1.0, 1e90])
def test_class_weights_that_overflow_are_refused(weight):
    weights = {0: 1e300, 1: 1.0, 2: 1.0}
    match = "sample_weight times class_weight: .*above 1e.100: divide"
    given = {"sample_weight": np.full(len(y), weight)}
    refused(ValueError, match, X, y, parameters={"class_weight": weights}, **given)


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
def test_class_weights_that_make_no_sense_are_refused(value):
    weights = {0: 1.0, 1: value, 2: 1.0}
    refused(ValueError, "class_weight", X, y, parameters={"class_weight": weights})


@pytest.mark.parametrize("rows", [slice(0, 150, 30), slice(0, 150, 15)])
def test_too_few_rows_for_a_validation_part_are_refused(rows):
    match = "validation_fraction=0.1 of .* too few: change .*X_val.*early_stopping"
    refused(ValueError, match, X[rows], y[rows], parameters={"early_stopping": True})


def test_a_validation_part_that_leaves_no_training_rows_is_refused():
    parameters = {"early_stopping": True, "validation_fraction": 0.99}
    refused(ValueError, "validation_fraction=0.99", X, y, parameters=parameters)


@pytest.mark.parametrize(
    ("inputs", "match"),
    [
        (X + 1j, "Complex data not supported"),
        (np.full(X.shape, "word"), "feature 0 of X holds text, as 'word': make numbers"),
        (np.full(X.shape, {}, dtype=object), "feature 0 of X holds objects of type dict"),
        (X[:, 0], "Expected 2D array"),
        (X[None], "dim"),
        (X[:, :0], "0 feature"),
        (X[:0], "0 sample"),
        (None, "Expected 2D array"),
    ],
    ids=["complex", "words", "objects", "1d", "3d", "no columns", "no rows", "none"],
)
def test_inputs_that_are_no_table_of_numbers_are_refused(inputs, match):
    targets = y if inputs is None else y[: len(inputs)]
    refused((ValueError, TypeError), match, inputs, targets)


def test_rows_and_labels_must_be_as_many():
    refused(ValueError, "inconsistent numbers of samples", X, y[:-1])


@pytest.mark.parametrize(
    ("targets", "match"),
    [
        (X[:, 0], "Unknown label type: continuous"),
        (X[:, :2], "Unknown label type: continuous-multioutput"),
        (np.column_stack([y, y]), "y has several columns that are not all 0 or 1: give one label"),
        (None, "requires y to be passed"),
    ],
    ids=["continuous", "continuous columns", "multiclass columns", "none"],
)
def test_targets_that_are_no_labels_are_refused(targets, match):
    refused(ValueError, match, X, targets)


# --- validation data


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"X_val": X}, "y_val is None: give X_val and y_val together"),
        ({"y_val": y}, "X_val is None: give X_val and y_val together"),
        ({"sample_weight_val": ONES}, "X_val is None: give X_val and y_val together"),
        ({"X_val": X[:, :3], "y_val": y}, "X has 3 features, but .* expecting 4"),
        ({"X_val": X, "y_val": y + 1}, r"labels \[3\], unseen in classes_=\[0, 1, 2\]: remove"),
        ({"X_val": X, "y_val": y[:-1]}, "inconsistent numbers of samples"),
        ({"X_val": spoiled(X, np.nan), "y_val": y}, "X contains NaN"),
        ({"X_val": X, "y_val": spoiled(y, np.nan)}, "y contains NaN"),
        ({"X_val": X, "y_val": np.eye(3, dtype=int)[y]}, "multilabel"),
    ],
    ids=["no y", "no X", "weights", "columns", "unseen", "lengths", "nan", "nan in y", "kind"],
)
def test_validation_data_that_do_not_fit_are_refused(given, match):
    refused(ValueError, match, X, y, **given)


@pytest.mark.parametrize(
    "given", [{"X_val": spoiled(X, np.inf), "y_val": y}, {"X_val": X, "y_val": y + 1}]
)
def test_complaints_about_validation_data_speak_of_validation_data(given):
    refused(ValueError, "X_val|y_val", X, y, **given)


def test_validation_data_without_early_stopping_are_refused():
    match = "early_stopping=False makes no use of X_val: set it to True"
    refused(ValueError, match, X, y, X_val=X, y_val=y, parameters={"early_stopping": False})


# --- going on


def test_partial_fit_wants_all_classes_in_its_first_call():
    refused(ValueError, "classes=None in the first call: pass", X, y, method="partial_fit")


def test_partial_fit_refuses_labels_that_are_not_among_the_classes():
    refused(ValueError, r"labels \[2\], unseen in .*remove", X, y, [0, 1], method="partial_fit")


@pytest.mark.parametrize(
    ("second", "match"),
    [
        ((X[:, :3], y), "X has 3 features, but .* expecting 4"),
        ((X, y + 1), r"labels \[3\], unseen in classes_=\[0, 1, 2\]: remove"),
        ((X, y, [0, 1]), r"classes=\[0, 1\] differs from classes_=\[0, 1, 2\].*leave it out"),
        ((X, np.eye(3, dtype=int)[y]), "multilabel.*multiclass"),
    ],
    ids=["columns", "label", "classes", "kind"],
)
def test_a_later_partial_fit_that_does_not_fit_leaves_the_network_as_it_was(second, match):
    classifier = ShallowNNClassifier(4).partial_fit(X, y, [0, 1, 2])
    before = classifier.W1_.copy(), classifier.n_iter_, classifier.n_features_in_
    with pytest.raises(ValueError, match=match):
        classifier.partial_fit(*second)
    np.testing.assert_array_equal(classifier.W1_, before[0])
    assert (classifier.n_iter_, classifier.n_features_in_) == before[1:]
    assert list(classifier.classes_) == [0, 1, 2]


def test_lbfgs_says_why_it_has_no_partial_fit():
    with pytest.raises(AttributeError) as caught:
        _ = ShallowNNClassifier(solver="lbfgs").partial_fit
    assert "solver='lbfgs'" in f"{caught.value} {caught.value.__cause__}"


@pytest.mark.parametrize("name", ["predict", "predict_proba", "decision_function"])
def test_prediction_refuses_what_training_refuses(name):
    fitted = ShallowNNClassifier(4, max_iter=1).fit(X, y)
    with pytest.raises(ValueError, match="X has 3 features"):
        getattr(fitted, name)(X[:, :3])
    with pytest.raises(ValueError, match="contains NaN"):
        getattr(fitted, name)(spoiled(X, np.nan))


def test_an_error_comes_at_once_however_long_training_would_take():
    start = time.perf_counter()
    refused(ValueError, "y_val", X, y, X_val=X, parameters={"max_iter": 10**9})
    assert time.perf_counter() - start < 5


def test_dropout_is_refused_where_the_loss_must_be_a_function():
    classifier = ShallowNNClassifier(dropout=0.5, solver="lbfgs")
    with pytest.raises(ValueError, match=r"dropout=0\.5.*lbfgs.*set dropout=0"):
        classifier.fit(X, y)


def test_weights_whose_sum_overflows_are_named():
    classifier = ShallowNNClassifier(4, max_iter=2)
    with pytest.raises(ValueError, match=r"sample_weight: the sum of the weights is inf.*divide"):
        classifier.fit(X, y, sample_weight=np.full(len(y), 1e308))


def test_class_weights_of_labels_that_are_no_classes_are_refused():
    classifier = ShallowNNClassifier(4, max_iter=2, class_weight={0: 1.0, 7: 2.0})
    with pytest.raises(ValueError, match=r"class_weight.*7.*give each class its weight"):
        classifier.fit(X, y)


@pytest.mark.parametrize("weight", ["a", None, [1], np.nan, -1.0])
def test_class_weights_that_are_no_numbers_are_refused(weight):
    parameters = {"class_weight": {0: weight, 1: 1.0}}
    refused((TypeError, ValueError), r"class_weight\[0\]=", X, y, parameters=parameters)


def test_initial_weights_that_are_no_numbers_are_refused():
    parameters = {"init": lambda rng, n_out, n_in: np.full((n_out, n_in), np.nan)}
    refused(ValueError, "init returned weights that are not finite", X, y, parameters=parameters)


def test_an_error_shows_a_few_of_many_labels():
    many = np.arange(5000)
    X_val = np.zeros((5000, X.shape[1]))
    message = refused(ValueError, "unseen in classes_", X, y, X_val=X_val, y_val=many)
    assert len(message) < 500


@pytest.mark.filterwarnings("ignore:Only one class is present:UserWarning")
def test_a_validation_score_that_is_nan_is_refused():
    two = y < 2
    data = {"X_val": X[y == 1], "y_val": y[y == 1]}
    refused(ValueError, "roc_auc.* nan", X[two], y[two], parameters={"scoring": "roc_auc"}, **data)


@pytest.mark.parametrize("name", ["learning_rate", "alpha", "hidden_units", "max_iter"])
def test_numbers_beyond_all_floats_are_refused(name):
    with pytest.raises(ValueError, match=f"{name}=1000.* is out of range"):
        ShallowNNClassifier(**{name: 10**400}).fit(X, y)


def test_fractions_are_numbers():
    options = {"learning_rate": Fraction(1, 50), "alpha": Fraction(1, 100), "tol": Fraction(1, 999)}
    one = ShallowNNClassifier(4, max_iter=2, random_state=0, **options).fit(X, y)
    floats = {name: float(value) for name, value in options.items()}
    other = ShallowNNClassifier(4, max_iter=2, random_state=0, **floats).fit(X, y)
    np.testing.assert_array_equal(one.W1_, other.W1_)
    with pytest.warns(ConvergenceWarning, match="10 tol=0.01"):
        ShallowNNClassifier(4, max_iter=2, solver="lbfgs", tol=options["tol"]).fit(X, y)


@pytest.mark.parametrize(
    "options", [{"hidden_units": 10**8}, {"hidden_units": 10**10}, {"n_networks": 10**10}]
)
def test_more_weights_than_memory_has_room_for_are_refused_before_they_are_made(options):
    name, value = next(iter(options.items()))
    with pytest.raises(ValueError, match=rf"{name}={value}.* needs .* bytes .* memory has"):
        ShallowNNClassifier(**options, alpha=0.1).fit(X, y)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["a", 1], "labels of different types have no order, as int and str"),
        (["a", None], "None is no label: leave out the samples that have none"),
        ([0, 1, None], "None is no label"),
    ],
)
def test_labels_without_an_order_are_named(labels, words):
    with pytest.raises(TypeError, match=words):
        ShallowNNClassifier(4).fit(X, np.array(labels * len(X), object)[: len(X)])
    with pytest.raises(TypeError, match=words):
        ShallowNNClassifier(4).partial_fit(X, y, classes=[*labels, 7])


def test_classes_may_be_a_set():
    model = ShallowNNClassifier(4).partial_fit(X, y, classes={2, 0, 1})
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
