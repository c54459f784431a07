"""Fitted networks as ONNX models, for runtimes that know no Python.

The graph is described once, as nodes and NumPy constants. ``to_onnx`` makes a model of it; the
converters that ``register_converters`` hands to skl2onnx put the same nodes into the graph of a
pipeline. All operators are of ONNX's standard domain.

References
----------
ONNX, operator schemas: https://onnx.ai/onnx/operators/
"""

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from skshallow._inputs import checked
from skshallow._names import shown
from skshallow._prediction import input_bounds
from skshallow._version import __version__
from skshallow.classifier import ShallowNNClassifier
from skshallow.core import activations
from skshallow.core.losses import RegressionLoss
from skshallow.regressor import ShallowNNRegressor

try:
    import onnx
except ImportError as error:
    raise ImportError(
        'skshallow.extras.onnx needs the package onnx: pip install "skshallow[onnx]"'
    ) from error

OPSET = 13  # later sets compute all that is used here alike, and old runtimes read this one


def to_onnx(
    estimator: ShallowNNClassifier | ShallowNNRegressor,
    X: ArrayLike | None = None,
    *,
    dtype: DTypeLike | None = None,
) -> onnx.ModelProto:
    """Give a fitted classifier or regressor as an ONNX model.

    The model has one input, ``X`` of shape ``(n, n_features_in_)`` with any n and the columns in
    the order of ``fit``. That of a classifier has the outputs ``label``, which is what ``predict``
    gives, and ``probabilities``, which is what ``predict_proba`` gives. That of a regressor has
    the output ``variable``, which is what ``predict`` gives, but a single number a row stands in
    a column (n, 1), as in the models that skl2onnx makes of scikit-learn's regressors. Where
    scores overflow, which the estimator refuses, the model gives inf or nan.

    Parameters
    ----------
    estimator : ShallowNNClassifier or ShallowNNRegressor
        Fitted; see Raises for what ONNX cannot say. For a pipeline see ``register_converters``.
    X : array-like of shape (n_samples, n_features), default=None
        Some rows, as skl2onnx takes them: if they are float64 and ``dtype`` is None, so is the
        model.
    dtype : numpy.float32 or numpy.float64, default=None
        Type of the input, of the computation and of the numbers that come out. float32 is what
        runtimes are made for. The means of the training columns are then subtracted before the
        first product, so that columns with large means cost no digits; but what the
        conversion of X to float32 itself loses is lost. float64 is as exact as an estimator
        fitted on float64.

    Returns
    -------
    model : onnx.ModelProto
        To be written to a file by ``onnx.save``.

    Raises
    ------
    TypeError
        If ``estimator`` is neither.
    ValueError
        If ``dtype`` is another type or too small for the weights, labels are neither whole
        numbers nor strings, the activation is the user's own, or a loss of the user's own changes
        ``output``.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skshallow import ShallowNNClassifier
    >>> from skshallow.extras.onnx import to_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> model = to_onnx(ShallowNNClassifier(8).fit(X, y))
    >>> [node.op_type for node in model.graph.node]
    ['Max', 'Min', 'Sub', 'Gemm', 'Relu', 'Gemm', 'Softmax', 'ArgMax', 'Gather']
    """
    _check(estimator)
    if dtype is None:
        dtype = np.float32 if X is None else checked(estimator, X).dtype
    dtype = np.dtype(dtype)
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"dtype={dtype} is not known: give numpy.float32 or numpy.float64")
    labels = _labels(estimator)
    graph = _Graph.of(estimator, dtype, labels)
    names = {result: name for name, result in graph.outputs.items()}
    nodes = [node.renamed(lambda name: names.get(name, name)) for node in graph.nodes]
    nodes = [onnx.helper.make_node(n.op, n.inputs, n.outputs, **n.attributes) for n in nodes]
    inputs = [_value("X", dtype, (estimator.n_features_in_,))]
    outputs = [_value(name, *of) for name, of in _outputs(estimator, dtype, labels).items()]
    constants = [onnx.numpy_helper.from_array(v, name) for name, v in graph.constants.items()]
    name = type(estimator).__name__
    model_graph = onnx.helper.make_graph(nodes, name, inputs, outputs, constants)
    opsets = [onnx.helper.make_opsetid("", OPSET)]
    versions = {"ir_version": onnx.helper.find_min_ir_version_for(opsets), "opset_imports": opsets}
    producer = {"producer_name": "skshallow", "producer_version": __version__}
    return onnx.helper.make_model(model_graph, **versions, **producer)


def register_converters() -> None:
    """Teach skl2onnx the estimators, so that it converts pipelines that hold them.

    The outputs are those of ``to_onnx``, computed in float64 if the input is, else in float32.
    Of skl2onnx's options the classifier has "zipmap" (True by default: probabilities as a
    dictionary for every row), "nocl", "output_class_labels" and "raw_scores" (scores instead of
    probabilities; for two classes a zero and the score). It does no harm to call this twice.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.

    Examples
    --------
    >>> import skl2onnx
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.pipeline import make_pipeline
    >>> from skshallow import ShallowNNClassifier
    >>> from skshallow.extras.onnx import register_converters
    >>> register_converters()
    >>> X, y = load_iris(return_X_y=True)
    >>> pipeline = make_pipeline(PCA(2), ShallowNNClassifier(8)).fit(X, y)
    >>> model = skl2onnx.to_onnx(pipeline, X[:1], options={"zipmap": False})
    >>> [output.name for output in model.graph.output]
    ['label', 'probabilities']
    """
    try:
        from skl2onnx import update_registered_converter
    except ImportError as error:
        raise ImportError(
            'register_converters needs the package skl2onnx: pip install "skshallow[onnx]"'
        ) from error
    flag: list = [True, False]
    options = {"nocl": flag, "output_class_labels": flag, "raw_scores": flag}
    options["zipmap"] = [*flag, "columns"]
    for estimator, known in ((ShallowNNClassifier, options), (ShallowNNRegressor, None)):
        update_registered_converter(
            estimator, f"Skshallow{estimator.__name__}", _set_types, _convert, options=known
        )


@dataclass
class _Node:
    op: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any]

    def renamed(self, rename):
        """The same node between other names."""
        ends = ([rename(name) for name in names] for names in (self.inputs, self.outputs))
        return _Node(self.op, *ends, self.attributes)


class _Graph:
    """Nodes from "X" on, constants by name, results that are outputs by the output's name."""

    def __init__(self, dtype):
        self.dtype, self.nodes, self.constants = dtype, [], {}
        self.outputs, self.scores = {}, None

    @classmethod
    def of(cls, estimator, dtype, labels):
        """The graph of a checked estimator; labels are None for a regressor."""
        graph = cls(dtype)
        A1 = _hidden_layer(graph, estimator)
        if labels is None:
            _regression(graph, A1, estimator)
        else:
            _classification(graph, A1, estimator, labels)
        return graph

    def numbers(self, name, values):
        """Keep a constant in the type of the graph."""
        with np.errstate(over="ignore"):
            constant = np.asarray(values).astype(self.dtype)
        if not np.isfinite(constant).all():
            raise ValueError(
                f"{name} has values up to {np.abs(values).max():.3g}, too large for {self.dtype}: "
                "give dtype=numpy.float64 (to skl2onnx an input of it), or fit on scaled columns"
            )
        return self.constant(name, constant)

    def constant(self, name, values):
        """Keep a constant as it is."""
        self.constants[name] = values
        return name

    def add(self, op, *inputs, results=1, **attributes):
        """A node; returns the name of its first result."""
        first = f"{op.lower()}_{len(self.nodes)}"
        names = [first, *(f"{first}_{i}" for i in range(1, results))]
        self.nodes.append(_Node(op, list(inputs), names, attributes))
        return first

    def layer(self, inputs, W, b, number):
        """W inputs + b, rows as examples."""
        W, b = self.numbers(f"W{number}", W), self.numbers(f"b{number}", b.ravel())
        return self.add("Gemm", inputs, W, b, transB=1)


def _hidden_layer(graph, estimator):
    W1, b1, X = estimator.W1_, estimator.b1_, _clipped(graph, estimator)
    standardization = estimator._standardization
    if graph.dtype == np.float32 and standardization is not None:
        X, b1 = _centred(graph, X, estimator, standardization.mean)
    elif estimator.input_center_ is not None:
        X = graph.add("Sub", X, graph.numbers("center", estimator.input_center_))
    Z1 = graph.layer(X, W1, b1, 1)
    return _ACTIVATIONS[type(estimator._activation)](graph, Z1, estimator)


def _clipped(graph, estimator):
    """X between its bounds, as far as they are numbers in the type of the graph."""
    bounds = input_bounds(estimator)
    if bounds is None:
        return "X"
    most = np.finfo(graph.dtype).max
    low, high = (np.clip(bound, -most, most) for bound in (bounds.low, bounds.high))
    X = graph.add("Max", "X", graph.numbers("low", low))
    return graph.add("Min", X, graph.numbers("high", high))


def _centred(graph, X, estimator, mean):
    """X - mean and the biases that fit it: W1 X + b1 = W1 (X - mean) + (b1 + W1 mean).

    On the left, terms of the size of the means cancel, and rounding leaves its errors.
    """
    W1, b1, center = estimator.W1_, estimator.b1_, estimator.input_center_
    name = graph.numbers("mean", mean.ravel())
    moved = graph.constants[name].astype(np.float64) - (0 if center is None else center)
    b1 = b1 + W1.astype(np.float64) @ moved[:, None]
    return graph.add("Sub", X, name), b1


def _leaky(graph, Z1, slope):
    """Relu(z) + slope min(z, 0): ONNX Runtime has LeakyRelu and PRelu in float32 only."""
    negative = graph.add("Min", Z1, graph.numbers("zero", 0.0))
    negative = graph.add("Mul", negative, graph.numbers("slope", slope))
    return graph.add("Add", graph.add("Relu", Z1), negative)


def _silu(graph, Z1, _):
    """z / (1 + e^-z): some ONNX Runtimes fuse z Sigmoid(z) to what they have in float32 only."""
    return graph.add("Div", Z1, _one_plus_power(graph, Z1))


def _one_plus_power(graph, Z):
    """1 + e^-z, which may overflow to infinity: what is divided by it is then zero, as it ought."""
    power = graph.add("Exp", graph.add("Neg", Z))
    return graph.add("Add", power, graph.numbers("one", 1.0))


_ACTIVATIONS = {
    activations.Identity: lambda graph, Z1, _: Z1,
    activations.ReLU: lambda graph, Z1, _: graph.add("Relu", Z1),
    activations.LeakyReLU: lambda graph, Z1, fitted: _leaky(graph, Z1, fitted._activation.slope),
    activations.PReLU: lambda graph, Z1, fitted: _leaky(graph, Z1, fitted.slopes_.ravel()),
    activations.Tanh: lambda graph, Z1, _: graph.add("Tanh", Z1),
    activations.Sigmoid: lambda graph, Z1, _: graph.add("Sigmoid", Z1),
    activations.SiLU: _silu,
}


def _classification(graph, A1, estimator, labels):
    W2, b2 = estimator.W2_, estimator.b2_
    if estimator._encoder.kind == "binary":  # two classes have the scores 0 and Z2
        W2, b2 = (np.concatenate([np.zeros_like(part), part]) for part in (W2, b2))
    Z2 = graph.layer(A1, W2, b2, 2)
    if estimator._encoder.kind == "multilabel":
        # 1 / (1 + e^-z): the Sigmoid of runtimes may be zero where this is 1e-9
        probabilities = graph.add("Reciprocal", _one_plus_power(graph, Z2))
        positive = graph.add("Greater", Z2, graph.numbers("zero", 0.0))
        label = graph.add("Cast", positive, to=onnx.TensorProto.INT64)
    else:
        probabilities = graph.add("Softmax", Z2, axis=1)
        code = graph.add("ArgMax", Z2, axis=1, keepdims=0)
        label = graph.add("Gather", graph.constant("labels", labels), code)
    graph.outputs, graph.scores = {"label": label, "probabilities": probabilities}, Z2


def _regression(graph, A1, estimator):
    result = graph.layer(A1, estimator.W2_, estimator.b2_, 2)
    if estimator._encoder.loss.link == "log":
        result = graph.add("Exp", result)
    shape, n_quantiles = estimator._encoder.shape, len(estimator._encoder.levels)
    if n_quantiles > 1:  # in increasing order
        if len(shape) > 1:
            rows_as_they_are = graph.constant("shape", np.array([0, *shape], np.int64))
            result = graph.add("Reshape", result, rows_as_they_are)
        k = graph.constant("n_quantiles", np.array([n_quantiles], np.int64))
        result = graph.add("TopK", result, k, results=2, axis=-1, largest=0, sorted=1)
    graph.outputs = {"variable": result}


def _check(estimator):
    """Raise TypeError, NotFittedError or ValueError for what cannot be exported."""
    if not isinstance(estimator, (ShallowNNClassifier, ShallowNNRegressor)):
        raise TypeError(
            f"estimator is a {type(estimator).__name__}: give a ShallowNNClassifier or "
            "ShallowNNRegressor; for a pipeline call register_converters() and skl2onnx.to_onnx"
        )
    check_is_fitted(estimator, "W1_")
    if type(estimator._activation) not in _ACTIVATIONS:
        raise ValueError(
            f"activation={estimator._activation!r} cannot be exported to ONNX: fit with one of "
            f"{sorted(activations.ACTIVATIONS)} or a LeakyReLU object"
        )
    if is_classifier(estimator):
        return
    loss = estimator._encoder.loss
    if type(loss).output is not RegressionLoss.output or loss.link not in ("identity", "log"):
        raise ValueError(
            f"loss={loss!r} turns scores into predictions in a way of its own, which cannot be "
            "exported to ONNX: set its link to 'identity' or 'log' and leave output as it is"
        )


def _labels(estimator, by_number=False):
    """Labels as int64 or strings, None for a regressor; or the positions of the classes."""
    if not is_classifier(estimator):
        return None
    labels = estimator.classes_.tolist()
    if by_number:
        return np.arange(len(labels), dtype=np.int64)
    if all(isinstance(label, str) for label in labels):
        return np.array(labels, dtype=object)
    if all(isinstance(label, Real) and label == int(label) < 2**63 for label in labels):
        return np.array(labels, dtype=np.int64)  # True counts as 1
    raise ValueError(
        f"classes_={shown(estimator.classes_)} cannot be exported to ONNX, where labels are "
        "integers (of 64 bits) or strings: fit on y.astype(int) or y.astype(str)"
    )


def _outputs(estimator, dtype, labels):
    """Type and shape, without the rows, of the outputs by name."""
    if labels is None:
        return {"variable": (dtype, estimator._encoder.shape or (1,))}
    n_classes = (len(labels),)
    shape = n_classes if estimator._encoder.kind == "multilabel" else ()
    return {"label": (labels.dtype, shape), "probabilities": (dtype, n_classes)}


def _value(name, dtype, shape):
    kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return onnx.helper.make_tensor_value_info(name, kind, ["n", *shape])


def _set_types(operator):
    """What skl2onnx calls a shape calculator: types and shapes of the outputs."""
    from skl2onnx.common import data_types
    from skl2onnx.common.utils import check_input_and_output_numbers

    check_input_and_output_numbers(operator, input_count_range=1)
    estimator, given = operator.raw_operator, operator.inputs[0]
    _check(estimator)
    number = _dtype_of(given)
    labels = _labels(estimator, by_number=_option("nocl", estimator, operator.scope_inst))
    outputs = _outputs(estimator, number, labels).values()
    kinds = {np.float32: data_types.FloatTensorType, np.float64: data_types.DoubleTensorType}
    kinds |= {np.int64: data_types.Int64TensorType, np.object_: data_types.StringTensorType}
    for variable, (dtype, shape) in zip(operator.outputs, outputs, strict=True):
        variable.set_type(kinds[np.dtype(dtype).type]([given.get_first_dimension(), *shape]))


def _option(name, estimator, holder):
    """Whether the user of skl2onnx wants this; a regressor has no options."""
    return is_classifier(estimator) and holder.get_options(estimator, {name: False})[name]


def _dtype_of(variable):
    """float64 stays, everything else becomes float32."""
    from skl2onnx.common.data_types import DoubleTensorType

    return np.dtype(np.float64 if isinstance(variable.type, DoubleTensorType) else np.float32)


def _convert(scope, operator, container):
    """What skl2onnx calls a converter: the nodes of the graph, between names of the pipeline."""
    estimator, given = operator.raw_operator, operator.inputs[0]
    dtype = _dtype_of(given)
    labels = _labels(estimator, by_number=_option("nocl", estimator, container))
    graph = _Graph.of(estimator, dtype, labels)
    if _option("raw_scores", estimator, container):
        graph.outputs["probabilities"] = graph.scores
    names = dict(zip(graph.outputs.values(), operator.output_full_names, strict=True))

    def rename(name):
        if name not in names:
            names[name] = scope.get_unique_variable_name(name)
        return names[name]

    for name, value in graph.constants.items():
        kind = onnx.helper.np_dtype_to_tensor_dtype(value.dtype)
        container.add_initializer(rename(name), kind, value.shape, value.ravel())
    number = onnx.helper.np_dtype_to_tensor_dtype(dtype)
    container.add_node("Cast", given.full_name, rename("X"), to=number)
    for node in map(lambda node: node.renamed(rename), graph.nodes):
        container.add_node(node.op, node.inputs, node.outputs, **node.attributes)
