import pickle
import sys
import warnings

import numpy as np
import pytest
import textbook
from scipy.sparse import csr_array, csr_matrix
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_iris,
    make_multilabel_classification,
)
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowNNClassifier, ShallowNNRegressor
from skshallow.core.activations import ACTIVATIONS, Activation, LeakyReLU, PReLU
from skshallow.core.losses import REGRESSION_LOSSES, RegressionLoss
from skshallow.core.network import Network
from skshallow.inspection import (
    check_gradient,
    connection_weight_importance,
    hidden_unit_report,
)

IRIS = load_iris(return_X_y=True)
CANCER = load_breast_cancer(return_X_y=True)
DIABETES = load_diabetes(return_X_y=True)
LABELS = make_multilabel_classification(60, 5, n_classes=3, random_state=0)
COLUMNS = ["active", "saturated", "dead", "group", "copies", "incoming", "outgoing"]


def weights(n, seed=0):
    return np.random.default_rng(seed).uniform(0.1, 3, n)


class OwnTanh(Activation):
    """tanh, with a derivative of the given size relative to the right one, in some units."""

    def __init__(self, factor=1.0, units=slice(None)):
        self.factor, self.units = factor, units

    def forward(self, Z1, A1):
        np.tanh(Z1, out=A1)

    def backward(self, Z1, A1, dA1):
        dA1 *= 1 - A1**2
        dA1[self.units] *= self.factor


# check_gradient


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_backpropagation_of_every_activation_is_right(activation, standardize):
    classifier = ShallowNNClassifier(
        9, activation=activation, class_weight="balanced", standardize=standardize
    )
    check = check_gradient(classifier, *CANCER, weights(len(CANCER[1])))
    assert check.passed
    assert check.error < 1e-6
    assert check.fault is None


@pytest.mark.parametrize("data", [IRIS, CANCER, LABELS], ids=["multiclass", "binary", "labels"])
def test_backpropagation_of_every_kind_of_classes_is_right(data):
    check = check_gradient(ShallowNNClassifier(7, alpha=0.1, class_weight={1: 3.0}), *data)
    assert check.error < 1e-6


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_backpropagation_of_every_regression_loss_is_right(loss, standardize):
    X, y = DIABETES
    Y = np.stack([y, y[::-1]], axis=1) / (1 if standardize else 100)
    levels = {"quantile": [0.1, 0.6]} if loss == "quantile" else {}
    regressor = ShallowNNRegressor(7, loss=loss, standardize=standardize, **levels)
    assert check_gradient(regressor, X, Y, weights(len(Y))).error < 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_kinks_inside_the_steps_are_no_false_alarm(seed):
    class Zigzag(Activation):
        def forward(self, Z1, A1):
            A1[...] = np.abs((200 * Z1) % 2 - 1)

        def backward(self, Z1, A1, dA1):
            dA1 *= np.where((200 * Z1) % 2 > 1, 200.0, -200.0)

    estimator = ShallowNNRegressor(16, activation=Zigzag(), loss="absolute_error")
    check = check_gradient(estimator, *DIABETES, random_state=seed)
    assert check.passed, str(check)


@pytest.mark.parametrize("units_of_x", [1e-6, 1e6])
def test_the_unit_of_raw_inputs_makes_no_false_alarm(units_of_x):
    X, y = CANCER
    X = X * np.where(np.arange(X.shape[1]) % 2, units_of_x, 1)
    for activation in ("relu", "tanh"):
        classifier = ShallowNNClassifier(8, activation=activation, standardize=False)
        assert check_gradient(classifier, X, y).error < 1e-6


@pytest.mark.parametrize(
    "convert",
    [
        lambda X: X.astype(np.float32),
        lambda X: np.asfortranarray(X),
        lambda X: X.tolist(),
        csr_array,
        csr_matrix,
    ],
    ids=["float32", "fortran", "list", "sparse array", "sparse matrix"],
)
def test_x_may_come_in_any_form_and_is_checked_in_double_precision(convert):
    X, y = IRIS
    check = check_gradient(ShallowNNClassifier(6), convert(X), np.array(["a", "b", "c"])[y])
    assert check.error < 1e-6


def test_data_frames_and_batches_of_any_size_will_do():
    X, y = load_iris(return_X_y=True, as_frame=True)
    for solver, batch_size in (("adam", 10), ("gd", "auto"), ("lbfgs", "auto")):
        classifier = ShallowNNClassifier(6, solver=solver, batch_size=batch_size)
        assert check_gradient(classifier, X, y).error < 1e-6


@pytest.mark.parametrize("factor", [-1.0, 0.0, 0.9, 1.001])
def test_a_wrong_derivative_is_found_and_named(factor):
    classifier = ShallowNNClassifier(6, activation=OwnTanh(factor))
    check = check_gradient(classifier, *IRIS)
    assert not check.passed
    assert check.fault == "OwnTanh.backward is not the derivative of OwnTanh.forward"
    assert check.worst[:3] in ("W1[", "b1[")
    assert max(np.max(check.errors[name]) for name in ("W2", "b2")) < 1e-6


def test_the_error_is_the_relative_size_of_the_mistake():
    classifier = ShallowNNClassifier(6, activation=OwnTanh(1.25), alpha=0.0)
    check = check_gradient(classifier, *IRIS)
    assert check.error == pytest.approx(0.25 / 1.25, rel=1e-6)
    assert check.backpropagation == pytest.approx(1.25 * check.difference, rel=1e-6)


def test_both_derivatives_are_by_the_parameter_itself():
    class Forgetful(OwnTanh):
        def backward(self, Z1, A1, dA1):
            super().backward(Z1, A1, dA1)
            dA1[:, ::2] = 0

    X, y = IRIS
    classifier = ShallowNNClassifier(6, activation=Forgetful(), alpha=0.0, standardize=False)
    check, other = (  # W1 is drawn 1024 times as small, so Z1 stays the same
        check_gradient(classifier, unit * X, y, max_entries=1) for unit in (1, 1024)
    )
    assert check.worst == other.worst
    assert check.worst.startswith("W1[")
    assert other.backpropagation == pytest.approx(1024 * check.backpropagation, rel=1e-9)
    assert other.difference == pytest.approx(1024 * check.difference, rel=1e-6)


def test_the_unit_that_is_wrong_is_named():
    check = check_gradient(ShallowNNClassifier(6, activation=OwnTanh(2.0, units=3)), *IRIS)
    name, row = check.worst.split("[")[0], int(check.worst.split("[")[1].split(",")[0])
    assert (name in ("W1", "b1"), row) == (True, 3)
    wrong = {int(row) for row in np.argwhere(check.errors["b1"] > check.tol)[:, 0]}
    assert wrong == {3}
    column = int(check.worst.rstrip("]").split(", ")[1])
    assert check.errors[name][3, column] == check.error


def test_a_mistake_on_one_side_of_the_kink_is_found():
    class Careless(LeakyReLU):
        def backward(self, Z1, A1, dA1):
            dA1 *= Z1 > 0

    check = check_gradient(ShallowNNClassifier(6, activation=Careless(slope=0.2)), *IRIS)
    assert check.fault == "Careless.backward is not the derivative of Careless.forward"


def test_a_wrong_derivative_by_the_learned_slopes_is_found_there_alone():
    class Careless(PReLU):
        def backward(self, Z1, A1, dA1, slope, dslope):
            super().backward(Z1, A1, dA1, slope, dslope)
            dslope *= 2

    check = check_gradient(ShallowNNClassifier(6, activation=Careless()), *IRIS)
    assert check.worst.startswith("slopes[")
    assert check.fault == "Careless.backward is not the derivative of Careless.forward"
    assert max(np.max(check.errors[name]) for name in ("W1", "b1", "W2", "b2")) < 1e-6


def test_a_wrong_slope_of_the_loss_is_found_and_named():
    class LogCosh(RegressionLoss):
        def __init__(self, right):
            self.right = right

        def value(self, Z2, Y):
            return np.log(np.cosh(Z2 - Y))

        def slope(self, Z2, Y):
            Z2[...] = np.tanh(Z2 - Y if self.right else Y - Z2)
            return Z2

    right, wrong = (
        check_gradient(ShallowNNRegressor(6, loss=LogCosh(right)), *DIABETES)
        for right in (True, False)
    )
    assert right.error < 1e-6
    assert wrong.fault == "LogCosh.slope is not the derivative of LogCosh.value"


def test_a_gradient_that_forgets_the_penalty_is_found(monkeypatch):
    monkeypatch.setattr(Network, "_add_penalty_gradient", lambda self: None)
    check = check_gradient(ShallowNNClassifier(6, alpha=0.1), *IRIS)
    wrong = {name for name, errors in check.errors.items() if errors.max() > check.tol}
    assert wrong == {"W1", "W2"}


def test_a_derivative_that_is_no_number_is_an_infinite_error():
    check = check_gradient(ShallowNNClassifier(6, activation=OwnTanh(np.nan)), *IRIS)
    assert check.error == np.inf
    assert not check.passed


def test_functions_that_give_no_numbers_are_refused():
    class Logarithm(OwnTanh):
        def forward(self, Z1, A1):
            np.log(Z1, out=A1)

    with pytest.raises(ValueError, match=r"J is nan.*Logarithm.forward or CategoricalCrossEntropy"):
        check_gradient(ShallowNNClassifier(6, activation=Logarithm()), *IRIS)


def test_the_report_names_the_worst_parameter_and_every_array():
    lines = str(check_gradient(ShallowNNClassifier(6, activation="prelu"), *IRIS)).splitlines()
    assert lines[0] == "gradient check on 64 samples: passed"
    assert [line.split()[0] for line in lines[2:]] == ["W1", "b1", "W2", "b2", "slopes"]
    check = check_gradient(ShallowNNClassifier(6, activation=OwnTanh(-1.0)), *IRIS)
    first, second, *_, last = str(check).splitlines()
    assert first.endswith("FAILED")
    assert check.worst in second
    assert last == check.fault
    assert check.worst in repr(check)
    assert "array" not in repr(check)


def test_the_estimator_stays_as_it_is_and_need_not_be_fitted():
    fitted = ShallowNNClassifier(6, alpha=0.01, random_state=0, max_iter=2).fit(*IRIS)
    before, fresh = pickle.dumps(fitted), clone(fitted)
    parameters = vars(fresh).copy()
    checks = [check_gradient(estimator, *IRIS) for estimator in (fitted, fresh)]
    assert pickle.dumps(fitted) == before
    assert vars(fresh) == parameters
    assert checks[0].error == checks[1].error
    assert checks[0].worst == checks[1].worst


def test_dropout_makes_no_difference():
    checks = [check_gradient(ShallowNNClassifier(6, dropout=p), *IRIS) for p in (0.0, 0.5)]
    assert checks[0].error == checks[1].error


def test_the_start_makes_no_difference_so_that_zeros_can_be_checked():
    activation = OwnTanh(2.0)
    for init in ("auto", "zeros"):
        classifier = ShallowNNClassifier(6, init=init, activation=activation)
        assert not check_gradient(classifier, *IRIS).passed


def test_rows_and_entries_are_as_many_as_asked_for_and_drawn_by_the_seed():
    X, y = CANCER
    s = np.zeros(len(y))
    s[:40] = 1
    classifier = ShallowNNClassifier(20)
    assert check_gradient(classifier, X, y).n_rows == 64
    assert check_gradient(classifier, X, y, s).n_rows == 40
    check = check_gradient(classifier, X, y, max_rows=10, max_entries=50)
    checked = {name: np.isfinite(errors).sum() for name, errors in check.errors.items()}
    assert check.n_rows == 10
    assert checked == {"W1": 50, "b1": 20, "W2": 20, "b2": 1}
    assert {name: errors.shape for name, errors in check.errors.items()} == {
        "W1": (20, 30),
        "b1": (20, 1),
        "W2": (1, 20),
        "b2": (1, 1),
    }
    again, other = (
        check_gradient(classifier, X, y, max_rows=10, max_entries=50, random_state=seed)
        for seed in (0, 1)
    )
    np.testing.assert_array_equal(again.errors["W1"], check.errors["W1"])
    assert not np.array_equal(np.isnan(other.errors["W1"]), np.isnan(check.errors["W1"]))


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"max_rows": 0}, ValueError, "max_rows=0.*give an integer"),
        ({"max_entries": 2.5}, TypeError, "max_entries=2.5.*give an integer"),
        ({"tol": 0}, ValueError, "tol=0.*give a number above 0"),
        ({"random_state": "x"}, ValueError, "random_state='x'.*give"),
        ({"sample_weight": [-1.0] * 150}, ValueError, "sample_weight has a negative weight"),
        ({"sample_weight": [1.0] * 50 + [0.0] * 100}, ValueError, "y has one class only"),
    ],
)
def test_what_cannot_be_checked_is_refused_with_a_remedy(arguments, error, match):
    with pytest.raises(error, match=match):
        check_gradient(ShallowNNClassifier(4), *IRIS, **arguments)


def test_wrong_parameters_of_the_estimator_are_refused_as_in_fit():
    with pytest.raises(ValueError, match="dropout=2"):
        check_gradient(ShallowNNClassifier(4, dropout=2), *IRIS)


@pytest.mark.parametrize(
    "call",
    [
        lambda other: check_gradient(other, *IRIS),
        lambda other: hidden_unit_report(other, IRIS[0]),
        lambda other: connection_weight_importance(other),
    ],
)
def test_of_a_pipeline_its_last_step_is_asked_for(call):
    pipeline = make_pipeline(StandardScaler(), ShallowNNClassifier(4, max_iter=1)).fit(*IRIS)
    with pytest.raises(TypeError, match="of a pipeline or a search its last step"):
        call(pipeline)


# hidden_unit_report


def planted(activation="relu", X=CANCER[0], n1=6, seed=0, **kinds):
    """A network of random weights in which units are changed by hand; its report and Z1.

    ``kinds`` gives the numbers of units: dead (never above zero), silent (no incoming weights),
    copy (of unit 0), scaled (unit 0, three times as large).
    """
    classifier = ShallowNNClassifier(
        n1, activation=activation, alpha=0.01, max_iter=1, random_state=seed
    )
    classifier.fit(X, np.arange(X.shape[0]) % 2)
    W1, b1 = classifier.W1_, classifier.b1_
    W1[...] = np.random.default_rng(seed).standard_normal(W1.shape) / X.std(axis=0) / 2
    b1[...] = -W1 @ X.mean(axis=0)[:, None]
    if activation == "prelu":
        classifier.slopes_[...] = 0.2
    for kind, i in kinds.items():
        W1[i], b1[i] = {
            "dead": (W1[i], -1e4),
            "silent": (0, 0.3),
            "copy": (W1[0], b1[0]),
            "scaled": (3 * W1[0], 3 * b1[0]),
        }[kind]
    return hidden_unit_report(classifier, X), W1 @ X.T + b1, classifier


def test_every_unit_has_a_row_and_what_is_looked_at_a_column():
    report, *_ = planted()
    assert list(report.columns) == COLUMNS
    assert list(report.index) == list(range(6))


def test_relu_is_active_where_its_pre_activation_is_above_zero():
    X = np.tile(CANCER[0], (4, 1)) + np.random.default_rng(0).standard_normal((2276, 30))
    for activation in ("relu", "leaky_relu", "prelu"):
        report, Z1, _ = planted(activation, X)
        np.testing.assert_allclose(report["active"], (Z1 > 0).mean(axis=1), atol=1e-3)
        assert report["active"].between(0.1, 0.9).all()


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "silu", "relu", "leaky_relu"])
def test_saturated_are_rows_whose_slope_is_a_twentieth_of_the_steepest(activation):
    report, Z1, _ = planted(activation)
    g_derivative = textbook.ACTIVATIONS[activation][1]
    steepest = np.abs(g_derivative(np.linspace(-8, 8, 2_001))).max()
    expected = (np.abs(g_derivative(Z1)) <= steepest / 20).mean(axis=1)
    np.testing.assert_allclose(report["saturated"], expected, atol=3e-3)
    assert report["saturated"].max() > 0.05


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "silu", "identity"])
def test_a_unit_without_kink_is_active_where_it_is_not_saturated(activation):
    report, *_ = planted(activation)
    np.testing.assert_allclose(report["active"], 1 - report["saturated"])


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_units_that_are_off_saturated_or_silenced_are_dead(activation):
    report, *_ = planted(activation, dead=2, silent=4)
    assert list(report["dead"]) == [False, False, True, False, True, False]
    assert report["active"][2] == 0
    assert report["saturated"][2] == 1
    assert report["incoming"][4] == 0


@pytest.mark.parametrize("activation", ["leaky_relu", "prelu"])
def test_a_leaky_unit_that_is_never_above_zero_is_not_dead(activation):
    report, *_ = planted(activation, dead=2)
    assert report["active"][2] == 0
    assert not report["dead"].any()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_copies_form_a_group(activation):
    report, *_ = planted(activation, copy=3, dead=5)
    assert list(report["group"]) == [0, 1, 2, 0, 4, 5]
    assert list(report["copies"]) == [1, 0, 0, 1, 0, 0]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_multiple_is_a_copy_where_the_activation_lets_factors_pass(activation):
    report, *_ = planted(activation, scaled=3)
    passes = activation in ("relu", "leaky_relu", "prelu", "identity")
    assert report["copies"].sum() == (2 if passes else 0)


def test_units_of_different_learned_slopes_are_no_copies():
    _, _, classifier = planted("prelu", copy=3)
    classifier.slopes_[3] += 0.1
    assert hidden_unit_report(classifier, CANCER[0])["copies"].sum() == 0


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_a_start_from_zeros_leaves_copies_and_a_random_one_none(activation):
    for init, copies in (("zeros", 7), ("auto", 0)):
        classifier = ShallowNNClassifier(
            8, activation=activation, init=init, alpha=0.01, max_iter=30, random_state=0
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the fit has something to say of zeros too
            classifier.fit(*IRIS)
        report = hidden_unit_report(classifier, IRIS[0])
        assert list(report["copies"]) == [copies] * 8
        assert report["active"].any() == (activation != "relu" or init != "zeros")


def test_copies_are_found_in_single_precision_and_far_from_zero():
    X, y = (IRIS[0] + 1e4).astype(np.float32), IRIS[1]
    classifier = ShallowNNClassifier(8, activation="sigmoid", init="zeros", max_iter=30)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        classifier.fit(X, y)
    assert list(hidden_unit_report(classifier, X)["copies"]) == [7] * 8


def test_norms_are_those_of_rows_and_columns_in_deviations_of_x():
    report, _, classifier = planted()
    for i in range(6):
        row = [w * x.std() for w, x in zip(classifier.W1_[i], CANCER[0].T, strict=True)]
        assert report["incoming"][i] == pytest.approx(np.sqrt(np.sum(np.square(row))))
        column = classifier.W2_[:, i]
        assert report["outgoing"][i] == pytest.approx(np.sqrt(np.sum(np.square(column))))


def test_incoming_is_the_deviation_of_the_pre_activation_if_columns_are_uncorrelated():
    X = np.linalg.qr(np.random.default_rng(0).standard_normal((200, 5)) - 0.1)[0]
    X = np.linalg.qr(X - X.mean(axis=0))[0]
    report, Z1, _ = planted(X=X)
    np.testing.assert_allclose(report["incoming"], Z1.std(axis=1))


def test_without_pandas_an_array_has_the_same_columns(monkeypatch):
    report, _, classifier = planted(dead=2, copy=3)
    monkeypatch.setitem(sys.modules, "pandas", None)
    array = hidden_unit_report(classifier, CANCER[0])
    assert isinstance(array, np.ndarray)
    assert list(array.dtype.names) == COLUMNS
    for name in COLUMNS:
        np.testing.assert_array_equal(array[name], report[name])
        assert array[name].dtype == report[name].dtype


@pytest.mark.parametrize("sparse", [csr_array, csr_matrix])
def test_sparse_inputs_give_the_same_report(sparse):
    X, y = IRIS
    classifier = ShallowNNClassifier(8, alpha=0.01, random_state=0, max_iter=5).fit(X, y)
    dense, other = hidden_unit_report(classifier, X), hidden_unit_report(classifier, sparse(X))
    np.testing.assert_allclose(other.astype(float), dense.astype(float), rtol=1e-9)


def test_float32_frames_and_regressors_have_reports():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    regressor = ShallowNNRegressor(8, alpha=0.01, random_state=0, max_iter=5).fit(
        X.astype(np.float32), y
    )
    report = hidden_unit_report(regressor, X.astype(np.float32))
    assert not report["dead"].any()
    assert (report["copies"] == 0).all()


def test_an_activation_of_the_users_own_has_a_report():
    classifier = ShallowNNClassifier(8, activation=OwnTanh(), random_state=0, max_iter=5)
    named = clone(classifier).set_params(activation="tanh")
    own, built_in = (hidden_unit_report(c.fit(*IRIS), IRIS[0]) for c in (classifier, named))
    np.testing.assert_allclose(own.astype(float), built_in.astype(float), rtol=1e-6)


def test_a_report_leaves_the_network_as_it_is():
    class Counting(OwnTanh):
        calls = 0

        def forward(self, Z1, A1):
            super().forward(Z1, A1)
            self.calls += 1

        def backward(self, Z1, A1, dA1):
            super().backward(Z1, A1, dA1)
            Z1[...] = A1[...] = self.calls = np.nan

    classifier = ShallowNNClassifier(4, activation=Counting(), max_iter=1).fit(*IRIS)
    before = [classifier._activation.calls, *map(np.copy, (classifier.W1_, classifier.b1_))]
    report = hidden_unit_report(classifier, IRIS[0])
    assert np.isfinite(report.astype(float)).all(axis=None)
    after = [classifier._activation.calls, classifier.W1_, classifier.b1_]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    ("X", "match"),
    [(IRIS[0][:1], "X has one sample.*give at least two"), (IRIS[0][:, :2], "2 features")],
)
def test_an_x_that_cannot_be_reported_on_is_refused(X, match):
    classifier = ShallowNNClassifier(4, max_iter=1).fit(*IRIS)
    with pytest.raises(ValueError, match=match):
        hidden_unit_report(classifier, X)


@pytest.mark.parametrize("function", [hidden_unit_report, connection_weight_importance])
def test_only_a_fitted_network_can_be_looked_into(function):
    with pytest.raises(NotFittedError):
        function(ShallowNNClassifier(4), IRIS[0])


# connection_weight_importance


@pytest.mark.parametrize("data", [IRIS, CANCER, LABELS], ids=["multiclass", "binary", "labels"])
def test_importance_is_the_sum_over_paths_of_the_products_of_weights(data):
    X, y = data
    classifier = ShallowNNClassifier(5, max_iter=3, random_state=0).fit(X, y)
    n_features, n_outputs = X.shape[1], len(classifier.W2_)
    raw = connection_weight_importance(classifier).importances
    scaled = connection_weight_importance(classifier, X).importances
    assert raw.shape == scaled.shape == (n_features, n_outputs)
    for j in range(n_features):
        for k in range(n_outputs):
            paths = sum(classifier.W2_[k, i] * classifier.W1_[i, j] for i in range(5))
            assert raw[j, k] == pytest.approx(paths)
            assert scaled[j, k] == pytest.approx(paths * np.std(X[:, j]))


@pytest.mark.parametrize("data", [IRIS, CANCER, LABELS], ids=["multiclass", "binary", "labels"])
def test_importance_in_a_linear_network_is_the_derivative_of_the_scores(data):
    X, y = data
    options = {"activation": "identity", "max_iter": 3, "clip_inputs": False}
    classifier = ShallowNNClassifier(5, **options, random_state=0)
    scores = classifier.fit(X, y).decision_function
    importances = connection_weight_importance(classifier).importances
    for j, importance in enumerate(importances):
        step = np.zeros(X.shape[1])
        step[j] = 1.0
        change = (scores(X + step) - scores(X)).reshape(len(X), -1)
        np.testing.assert_allclose(change, np.tile(importance, (len(X), 1)), atol=1e-9)


@pytest.mark.parametrize(("loss", "scale"), [("squared_error", np.array), ("poisson", np.log)])
def test_importance_of_a_linear_regressor_is_its_slope(loss, scale):
    X, y = DIABETES
    options = {"activation": "identity", "max_iter": 3, "alpha": 0.01, "clip_inputs": False}
    regressor = ShallowNNRegressor(5, loss=loss, **options, random_state=0)
    regressor.fit(X, np.stack([y, y**2], axis=1))
    result = connection_weight_importance(regressor)
    for j, importance in enumerate(result.importances):
        step = np.zeros(X.shape[1])
        step[j] = 0.1
        change = scale(regressor.predict(X + step)) - scale(regressor.predict(X))
        expected = np.tile(0.1 * importance, (len(X), 1))
        np.testing.assert_allclose(change, expected, rtol=1e-6, atol=1e-9 * np.abs(expected).max())
    assert list(result.output_names) == [0, 1]


def test_a_report_sees_what_predictions_see():
    X, y = DIABETES
    regressor = ShallowNNRegressor(8, max_iter=3, random_state=0).fit(X, y)
    far = X.copy()
    far[0] *= 1e9
    clipped = np.clip(far, *regressor.input_bounds_)
    reports = [hidden_unit_report(regressor, rows) for rows in (far, clipped)]
    for name in ("active", "saturated", "incoming"):
        np.testing.assert_array_equal(reports[0][name], reports[1][name])


def test_a_relu_network_may_hide_a_feature_that_decides_everything():
    X = np.random.default_rng(0).standard_normal((100, 2))
    classifier = ShallowNNClassifier(2, max_iter=1).fit(X, np.abs(X[:, 0]) > 0.7)
    classifier.W1_[...] = [[1, 0], [-1, 0]]  # relu(x) + relu(-x) = |x|
    classifier.b1_[...], classifier.W2_[...], classifier.b2_[...] = 0, 1, -0.7
    assert classifier.score(X, np.abs(X[:, 0]) > 0.7) == 1
    np.testing.assert_array_equal(connection_weight_importance(classifier).importances, 0)


def test_features_and_outputs_have_the_names_of_the_data():
    X, y = load_iris(return_X_y=True, as_frame=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    classifier = ShallowNNClassifier(4, max_iter=1).fit(X, names)
    result = connection_weight_importance(classifier, X)
    assert list(result.feature_names) == list(X.columns)
    assert list(result.output_names) == ["setosa", "versicolor", "virginica"]
    result = connection_weight_importance(classifier.fit(X.to_numpy()[:100], names[:100]))
    assert list(result.feature_names) == ["x0", "x1", "x2", "x3"]
    assert list(result.output_names) == ["versicolor"]


@pytest.mark.parametrize("sparse", [csr_array, csr_matrix])
def test_deviations_of_sparse_inputs_are_those_of_dense_ones(sparse):
    X, y = IRIS
    classifier = ShallowNNClassifier(4, max_iter=1, random_state=0).fit(X, y)
    dense, other = (connection_weight_importance(classifier, x).importances for x in (X, sparse(X)))
    np.testing.assert_allclose(other, dense, rtol=1e-9)


def test_importance_keeps_float32():
    X, y = IRIS
    classifier = ShallowNNClassifier(4, max_iter=1).fit(X.astype(np.float32), y)
    result = connection_weight_importance(classifier, X.astype(np.float32))
    assert result.importances.dtype == np.float32
