"""Exported models give what the estimators give, wherever they run."""

import builtins
import importlib
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from scipy.special import expit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_iris,
    make_multilabel_classification,
)
from sklearn.ensemble import VotingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import skshallow
from skshallow import ShallowNNClassifier, ShallowNNRegressor
from skshallow.core.activations import ACTIVATIONS, Activation, LeakyReLU
from skshallow.core.losses import REGRESSION_LOSSES, Huber, SquaredError

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
skl2onnx = pytest.importorskip("skl2onnx")
from skshallow.extras.onnx import register_converters, to_onnx  # noqa: E402, needs onnx

pytestmark = pytest.mark.neighbours("onnx", "onnxruntime", "skl2onnx")
QUANTILES = {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}


def multilabel_data():
    return make_multilabel_classification(150, n_features=6, n_classes=3, random_state=0)


DATA = {
    "binary": lambda: load_breast_cancer(return_X_y=True),
    "multiclass": lambda: load_iris(return_X_y=True),
    "multilabel": multilabel_data,
}
DEFAULTS = {"hidden_units": 8, "random_state": 0, "alpha": 0.01}


def small(**parameters):
    return ShallowNNClassifier(**DEFAULTS | {"max_iter": 5} | parameters)


def small_regressor(**parameters):
    return ShallowNNRegressor(**DEFAULTS | {"max_iter": 20} | parameters)


def run(model, X):
    """Outputs by name of a model with one input, after the strictest check that onnx has."""
    onnx.checker.check_model(model, full_check=True)
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {model.graph.input[0].name: X}), strict=True))


def assert_same_classifier(model, classifier, X, **tolerance):
    outputs = run(model, X)
    np.testing.assert_allclose(
        outputs["probabilities"], classifier.predict_proba(X), **{"atol": 1e-5} | tolerance
    )
    np.testing.assert_array_equal(outputs["label"], classifier.predict(X))


# Classifiers


@pytest.mark.parametrize("kind", DATA)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_probabilities_and_labels_are_those_of_the_classifier(activation, kind):
    X, y = DATA[kind]()
    X = X.astype(np.float32)
    classifier = small(activation=activation).fit(X.astype(float), y)
    model = to_onnx(classifier)
    for rows in (1, 1_000):
        assert_same_classifier(model, classifier, np.resize(X, (rows, X.shape[1])))


@pytest.mark.parametrize("kind", DATA)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_model_in_float64_is_as_exact_as_the_classifier(activation, kind):
    X, y = DATA[kind]()
    classifier = small(activation=activation).fit(X, y)
    model = to_onnx(classifier, dtype=np.float64)
    assert_same_classifier(model, classifier, X, rtol=1e-9, atol=1e-13)
    assert run(model, X)["probabilities"].dtype == np.float64


@pytest.mark.parametrize("slope", [-0.5, 0.0, 0.3])
def test_a_leaky_relu_keeps_its_slope(slope):
    X, y = load_iris(return_X_y=True)
    classifier = small(activation=LeakyReLU(slope=slope)).fit(X, y)
    assert_same_classifier(to_onnx(classifier), classifier, X.astype(np.float32))


def test_a_prelu_has_the_learned_slope_of_each_unit():
    X, y = load_iris(return_X_y=True)
    classifier = small(activation="prelu").fit(X, y)
    classifier.slopes_[:, 0] = np.linspace(-2, 3, 8)
    assert_same_classifier(to_onnx(classifier), classifier, X.astype(np.float32))


@pytest.mark.parametrize(
    ("labels", "dtype"),
    [
        (np.array([7, -3, 40]), np.int64),
        (np.array([7, 3, 250], dtype=np.uint8), np.int64),
        (np.array([0.0, 1.0, 2.0]), np.int64),
        (np.array([False, True, True]), np.int64),
        (np.array(["setosa", "versicolor", "vierzählig"]), np.object_),
        (np.array(["b", "a", "c"], dtype=object), np.object_),
    ],
)
def test_labels_are_integers_or_strings_as_in_the_classifier(labels, dtype):
    X, y = load_iris(return_X_y=True)
    classifier = small().fit(X, labels[y])
    model = to_onnx(classifier)
    assert_same_classifier(model, classifier, X.astype(np.float32))
    assert run(model, X.astype(np.float32))["label"].dtype == dtype


@pytest.mark.parametrize("dtype", ["Int64", "UInt8", "boolean"])
def test_nullable_labels_of_pandas_are_those_of_numpy(dtype):
    X, y = load_breast_cancer(return_X_y=True)
    nullable, plain = small().fit(X, pd.Series(y, dtype=dtype)), small().fit(X, y)
    np.testing.assert_array_equal(nullable.predict(X), plain.predict(X))
    assert nullable.classes_.dtype.kind in "biu"
    label = run(to_onnx(nullable), X.astype(np.float32))["label"]
    np.testing.assert_array_equal(label, run(to_onnx(plain), X.astype(np.float32))["label"])


def test_rows_given_as_skl2onnx_takes_them_decide_the_type():
    X, y = load_iris(return_X_y=True)
    classifier = small().fit(X, y)
    assert to_onnx(classifier, X) == to_onnx(classifier, dtype=np.float64)
    assert to_onnx(classifier, X[:1].astype(np.float32)) == to_onnx(classifier)
    assert to_onnx(classifier, X, dtype=np.float32) == to_onnx(classifier)


@pytest.mark.parametrize("labels", [np.array([1, 2**63], np.uint64)])
def test_other_labels_are_refused_with_a_remedy(labels):
    X, y = load_breast_cancer(return_X_y=True)
    classifier = small(max_iter=1).fit(X, np.array(labels)[y])
    with pytest.raises(ValueError, match=r"classes_=.*astype\(int\)"):
        to_onnx(classifier)


def test_small_probabilities_keep_their_digits_on_both_sides():
    X, y = load_breast_cancer(return_X_y=True)
    classifier = small(activation="tanh", alpha=0).fit(X, y)
    classifier.W2_ *= 30 / np.abs(classifier.decision_function(X)).max()
    X = X.astype(np.float32)
    probabilities = run(to_onnx(classifier), X)["probabilities"]
    expected = classifier.predict_log_proba(X)
    assert (expected.min(axis=0) < -15).all()  # where 1 - p is 0 or a multiple of 6e-8
    np.testing.assert_allclose(np.log(probabilities.astype(float)), expected, atol=1e-4)


def test_small_probabilities_of_labels_keep_their_digits():
    X, y = multilabel_data()
    classifier = small(activation="tanh").fit(X, y)
    scores = classifier.decision_function(X)
    classifier.W2_ *= 60 / np.abs(scores).max()
    X = X.astype(np.float32)
    probabilities = run(to_onnx(classifier), X)["probabilities"]
    expected = expit(classifier.decision_function(X.astype(float)))
    assert expected.min() < 1e-20
    np.testing.assert_allclose(probabilities, expected, rtol=1e-4)


@pytest.mark.parametrize("kind", DATA)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_inputs_far_out_give_the_classifiers_probabilities(activation, kind):
    X, y = DATA[kind]()
    classifier = small(activation=activation, clip_inputs=False).fit(X, y)
    X = np.float32(1e6) * np.sign(X - X.mean(axis=0)).astype(np.float32)
    outputs = run(to_onnx(classifier), X)
    np.testing.assert_allclose(outputs["probabilities"], classifier.predict_proba(X), atol=1e-4)


@pytest.mark.parametrize("convert", [np.asarray, csr_array])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_columns_are_clipped_as_in_the_estimator(dtype, convert):
    X, y = load_diabetes(return_X_y=True)
    regressor = small_regressor().fit(convert(X), y)
    far = (X * np.logspace(-1, 6, len(X))[:, None]).astype(dtype)
    assert (far > regressor.input_bounds_[1]).any()
    found = run(to_onnx(regressor, dtype=dtype), far)["variable"][:, 0]
    np.testing.assert_allclose(found, regressor.predict(far.astype(float)), rtol=1e-4)
    regressor.input_bounds_ = None
    assert {"Max", "Min"}.isdisjoint(node.op_type for node in to_onnx(regressor).graph.node)


def test_large_means_cost_no_digits():
    X, y = make_multilabel_classification(200, n_features=5, random_state=0)
    X, y = X / 16 + 1e6, y[:, 0]  # float32 holds these numbers exactly
    classifier = small(max_iter=100).fit(X, y)
    assert_same_classifier(to_onnx(classifier), classifier, X.astype(np.float32))
    Z1 = X.astype(np.float32) @ classifier.W1_.T.astype(np.float32)
    Z1 += classifier.b1_.T.astype(np.float32)
    Z2 = np.maximum(Z1, 0) @ classifier.W2_.T + classifier.b2_
    lost = np.abs(expit(Z2[:, 0]) - classifier.predict_proba(X)[:, 1]).max()
    assert lost > 1e-3  # the plain formula in float32


@pytest.mark.parametrize("clip", [True, False])
def test_far_from_zero_estimator_and_model_are_exact_in_float32(clip):
    X, y = make_multilabel_classification(200, n_features=5, random_state=0)
    X, y = (X / 16 + 1e6).astype(np.float32), y[:, 0]
    classifier = small(max_iter=100, clip_inputs=clip).fit(X, y)
    W1, b1, W2, b2 = (
        getattr(classifier, name).astype(float) for name in ("W1_", "b1_", "W2_", "b2_")
    )
    centred = X.astype(float) - classifier.input_center_
    exact = expit(W2 @ np.maximum(W1 @ centred.T + b1, 0) + b2)[0]
    by_model = np.abs(run(to_onnx(classifier), X)["probabilities"][:, 1] - exact).max()
    by_estimator = np.abs(classifier.predict_proba(X)[:, 1] - exact).max()
    assert by_model < 1e-5
    assert by_estimator < 1e-5


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("convert", [np.float32, csr_array, lambda X: csr_array(X, dtype="f4")])
def test_estimators_of_other_data_are_exported_too(convert, standardize):
    X, y = load_breast_cancer(return_X_y=True)
    X = X[:, :4] / 100
    classifier = small(standardize=standardize).fit(convert(X), y)
    assert_same_classifier(to_onnx(classifier), classifier, X.astype(np.float32))


def test_the_model_is_what_was_fitted_not_what_the_parameters_say_now():
    X, y = load_iris(return_X_y=True)
    classifier = small(activation="tanh", standardize=True).fit(X, y)
    classifier.set_params(activation="relu", standardize=False, hidden_units=99)
    assert_same_classifier(to_onnx(classifier), classifier, X.astype(np.float32))


def test_the_model_tells_what_made_it_and_what_it_takes():
    X, y = load_iris(return_X_y=True)
    model = to_onnx(small().fit(X, y))
    assert (model.producer_name, model.producer_version) == ("skshallow", skshallow.__version__)
    assert {opset.domain for opset in model.opset_import} == {""}
    (given,) = model.graph.input
    rows, columns = given.type.tensor_type.shape.dim
    assert (given.name, columns.dim_value) == ("X", 4)
    assert rows.dim_param
    assert not rows.dim_value


# Regressors


@pytest.mark.filterwarnings("ignore:A column-vector:sklearn.exceptions.DataConversionWarning")
@pytest.mark.parametrize("targets", ["one", "a column", "two"])
@pytest.mark.parametrize("loss", [*REGRESSION_LOSSES, "several quantiles", Huber(delta=2.0)])
def test_predictions_are_those_of_the_regressor(loss, targets):
    X, y = load_diabetes(return_X_y=True)
    y = {"one": y, "a column": y[:, None], "two": np.column_stack([y, 1000 + y[::-1]])}[targets]
    options = QUANTILES if loss == "several quantiles" else {"loss": loss}
    regressor = small_regressor(**options).fit(X, y)
    model = to_onnx(regressor)
    for rows in (1, 1_000):
        x = np.resize(X, (rows, X.shape[1])).astype(np.float32)
        expected, found = regressor.predict(x), run(model, x)["variable"]
        assert found.shape == (expected.shape if expected.ndim > 1 else (rows, 1))
        np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_regression_model_in_float64_is_as_exact_as_the_regressor(activation):
    X, y = load_diabetes(return_X_y=True)
    y = np.column_stack([y, -y])
    regressor = small_regressor(activation=activation, **QUANTILES).fit(X, y)
    found = run(to_onnx(regressor, dtype=np.float64), X)["variable"]
    np.testing.assert_allclose(found, regressor.predict(X), rtol=1e-9)


def test_quantiles_that_cross_come_out_in_order():
    X, y = load_diabetes(return_X_y=True)
    regressor = small_regressor(**QUANTILES).fit(X, y)
    regressor.W2_, regressor.b2_ = regressor.W2_[::-1].copy(), regressor.b2_[::-1].copy()
    found = run(to_onnx(regressor), X.astype(np.float32))["variable"]
    assert (np.diff(found, axis=1) >= 0).all()
    np.testing.assert_allclose(found, regressor.predict(X), rtol=1e-5, atol=1e-4)


def test_a_loss_of_ones_own_does_no_harm_if_predictions_are_scores():
    class Quartic(SquaredError):
        def slope(self, Z2, Y):
            return (Z2 - Y) ** 3

    X, y = load_diabetes(return_X_y=True)
    regressor = small_regressor(loss=Quartic(), learning_rate=1e-4, max_iter=2).fit(X, y)
    found = run(to_onnx(regressor), X.astype(np.float32))["variable"]
    np.testing.assert_allclose(found[:, 0], regressor.predict(X), rtol=1e-5, atol=1e-4)


# Refusals


class Sine(Activation):
    def forward(self, Z1, A1):
        np.sin(Z1, out=A1)

    def backward(self, Z1, A1, dA1):
        dA1 *= np.cos(Z1)


def test_an_activation_of_ones_own_is_refused_and_the_others_are_named():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=r"Sine.*'leaky_relu'.*'tanh'.*LeakyReLU"):
        to_onnx(small(activation=Sine()).fit(X, y))


def test_predictions_of_ones_own_making_are_refused_with_a_remedy():
    class Squared(SquaredError):
        def output(self, Z2):
            return Z2 * Z2

    X, y = load_diabetes(return_X_y=True)
    with pytest.raises(ValueError, match=r"Squared.*link.*'log'"):
        to_onnx(small_regressor(loss=Squared(), max_iter=1).fit(X, y))


@pytest.mark.parametrize("make", [small, small_regressor])
def test_an_estimator_must_be_fitted(make):
    with pytest.raises(NotFittedError):
        to_onnx(make())


def test_a_pipeline_is_sent_to_skl2onnx():
    with pytest.raises(TypeError, match=r"Pipeline.*register_converters\(\).*skl2onnx\.to_onnx"):
        to_onnx(make_pipeline(small()))


@pytest.mark.parametrize("dtype", [np.float16, np.int64])
def test_other_types_than_float32_and_float64_are_refused(dtype):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=r"dtype=(float16|int64).*numpy\.float32"):
        to_onnx(small().fit(X, y), dtype=dtype)


def test_weights_beyond_float32_are_refused_with_a_remedy():
    X, y = load_iris(return_X_y=True)
    classifier = small().fit(X * 1e-60, y)
    with pytest.raises(ValueError, match=r"W1 has values.*float32.*dtype=numpy\.float64"):
        to_onnx(classifier)
    assert_same_classifier(to_onnx(classifier, dtype=np.float64), classifier, X * 1e-60)


@pytest.mark.parametrize("package", ["onnx", "skl2onnx"])
def test_a_missing_package_is_named_with_the_way_to_install_it(package, monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **options):
        if name.split(".")[0] == package:
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.delitem(sys.modules, "skshallow.extras.onnx")
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=rf"package {package}: pip install .skshallow\[onnx\]"):
        importlib.import_module("skshallow.extras.onnx").register_converters()


# In pipelines, by skl2onnx

PLAIN = {"zipmap": False}


@pytest.fixture(autouse=True)
def _converters():
    register_converters()


@pytest.mark.parametrize("kind", DATA)
def test_a_pipeline_with_a_scaler_is_converted(kind):
    X, y = DATA[kind]()
    X = X.astype(np.float32)
    pipeline = make_pipeline(StandardScaler(), small(activation="silu")).fit(X, y)
    assert_same_classifier(skl2onnx.to_onnx(pipeline, X[:1], options=PLAIN), pipeline, X)


def test_a_pipeline_with_columns_of_words_is_converted():
    X, y = load_breast_cancer(return_X_y=True)
    words = np.array(["low", "middle", "high"])[np.digitize(X[:, 0], [12, 15])]
    frame = pd.DataFrame({"size": words, "a": X[:, 1], "b": X[:, 2]}).astype({"size": object})
    columns = ColumnTransformer(
        [("words", OneHotEncoder(), ["size"]), ("numbers", StandardScaler(), ["a", "b"])]
    )
    pipeline = make_pipeline(columns, small()).fit(frame, np.array(["no", "yes"])[y])
    real = skl2onnx.common.data_types.FloatTensorType([None, 1])
    word = skl2onnx.common.data_types.StringTensorType([None, 1])
    model = skl2onnx.to_onnx(
        pipeline, initial_types=[("size", word), ("a", real), ("b", real)], options=PLAIN
    )
    onnx.checker.check_model(model, full_check=True)
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    given = {name: frame[[name]].to_numpy(np.float32) for name in "ab"}
    label, probabilities = session.run(None, {"size": frame[["size"]].to_numpy(), **given})
    np.testing.assert_allclose(probabilities, pipeline.predict_proba(frame), atol=1e-5)
    np.testing.assert_array_equal(label, pipeline.predict(frame))


def test_a_pipeline_ending_in_a_regressor_is_converted():
    X, y = load_diabetes(return_X_y=True)
    X, y = X.astype(np.float32), np.column_stack([y, -y])
    pipeline = make_pipeline(StandardScaler(), small_regressor(**QUANTILES)).fit(X, y)
    X[0] *= 1e4  # outside of the bounds
    found = run(skl2onnx.to_onnx(pipeline, X[:1]), X)["variable"]
    np.testing.assert_allclose(found, pipeline.predict(X), rtol=1e-5, atol=1e-3)


def test_the_converted_classifier_is_the_exported_one():
    X, y = load_iris(return_X_y=True)
    X = X.astype(np.float32)
    classifier = small().fit(X, y)
    converted = run(skl2onnx.to_onnx(classifier, X[:1], options=PLAIN), X)
    for name, value in run(to_onnx(classifier), X).items():
        np.testing.assert_array_equal(converted[name], value)


def test_zipmap_is_on_unless_switched_off():
    X, y = load_iris(return_X_y=True)
    X = X.astype(np.float32)
    classifier = small().fit(X, np.array(["a", "b", "c"])[y])
    expected = pd.DataFrame(classifier.predict_proba(X), columns=["a", "b", "c"])
    zipped = run(skl2onnx.to_onnx(classifier, X[:1]), X)
    found = pd.DataFrame(zipped["output_probability"])
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, atol=1e-5)
    np.testing.assert_array_equal(zipped["output_label"], classifier.predict(X))


def test_labels_may_be_left_out_in_favour_of_their_numbers():
    X, y = load_iris(return_X_y=True)
    X = X.astype(np.float32)
    classifier = small().fit(X, np.array(["a", "b", "c"])[y])
    model = skl2onnx.to_onnx(classifier, X[:1], options={"nocl": True, "zipmap": False})
    label = run(model, X)["label"]
    assert label.dtype == np.int64
    np.testing.assert_array_equal(classifier.classes_[label], classifier.predict(X))


def test_a_float64_input_is_computed_in_float64():
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), small()).fit(X, y)
    model = skl2onnx.to_onnx(pipeline, X[:1], options=PLAIN)
    assert_same_classifier(model, pipeline, X, rtol=1e-9, atol=1e-13)


def test_integer_inputs_are_converted():
    X, y = load_breast_cancer(return_X_y=True)
    X = X.astype(np.int64)
    classifier = small().fit(X, y)
    assert_same_classifier(skl2onnx.to_onnx(classifier, X[:1], options=PLAIN), classifier, X)


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_a_calibrated_classifier_is_converted_with_the_scores_it_was_calibrated_on(kind):
    X, y = DATA[kind]()
    X = X.astype(np.float32)
    calibrated = CalibratedClassifierCV(small(), cv=2).fit(X, y)
    assert_same_classifier(skl2onnx.to_onnx(calibrated, X[:1], options=PLAIN), calibrated, X)


def test_a_regressor_votes_with_others():
    X, y = load_diabetes(return_X_y=True)
    X = X.astype(np.float32)
    voting = VotingRegressor([("net", small_regressor()), ("ridge", Ridge())]).fit(X, y)
    found = run(skl2onnx.to_onnx(voting, X[:1]), X)["variable"]
    np.testing.assert_allclose(found[:, 0], voting.predict(X), rtol=1e-5)


def test_two_networks_in_one_pipeline_do_not_mix_their_constants():
    X, y = load_diabetes(return_X_y=True)
    X = X.astype(np.float32)
    nets = [("narrow", small_regressor()), ("wide", small_regressor(hidden_units=20))]
    voting = VotingRegressor(nets).fit(X, y)
    found = run(skl2onnx.to_onnx(voting, X[:1]), X)["variable"]
    np.testing.assert_allclose(found[:, 0], voting.predict(X), rtol=1e-5)


def test_registering_twice_does_no_harm_and_leaves_others_alone():
    register_converters()
    X, y = load_iris(return_X_y=True)
    X = X.astype(np.float32)
    for classifier in (small().fit(X, y), LogisticRegression(max_iter=1_000).fit(X, y)):
        assert_same_classifier(skl2onnx.to_onnx(classifier, X[:1], options=PLAIN), classifier, X)


def test_what_cannot_be_exported_cannot_be_converted():
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), small(activation=Sine())).fit(X, y)
    with pytest.raises(ValueError, match="Sine"):
        skl2onnx.to_onnx(pipeline, X[:1])
