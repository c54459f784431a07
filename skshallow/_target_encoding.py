"""From y to the targets Y of core, and from scores Z2 back: labels, and real numbers.

An encoder is learned from the first y and does not change. ``check`` refuses what it has no
output for, ``encode`` gives Y (n2, m), ``new_loss`` the loss that belongs to Y, and ``transform``
what turns scores into what is predicted.
"""

import copy
from dataclasses import dataclass, field
from numbers import Number
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from skshallow._defaults import new_object, wants_quantiles
from skshallow._equality import same_options
from skshallow._names import shown
from skshallow._own_objects import check_own_loss
from skshallow.core import losses


@dataclass
class ClassEncoder:
    """Labels to zeros and ones: a row of Y for the second of two classes, else one for each."""

    kind: str  # "binary", "multiclass" or "multilabel"
    classes: np.ndarray

    @classmethod
    def learn(cls, y, classes=None) -> "ClassEncoder":
        """From the first y, and from all labels that will come if they are known."""
        kind = _kind_of(y, known=classes is not None)
        if kind == "multilabel-indicator":
            labels = np.arange(y.shape[1])
            if not (classes is None or np.array_equal(np.unique(classes), labels)):
                raise ValueError(
                    f"classes={shown(classes)} does not fit a y of {y.shape[1]} labels: leave it "
                    "out"
                )
            return cls("multilabel", labels)
        labels, _ = distinct_labels(column_or_1d(y) if classes is None else classes)
        if len(labels) < 2:
            raise ValueError(f"y has one class only, {labels.tolist()}: give at least two classes")
        return cls("binary" if len(labels) == 2 else "multiclass", labels)

    def check(self, y):
        """y as one known label a row, or as an indicator matrix."""
        kind = _kind_of(y, known=True)
        if (kind == "multilabel-indicator") != (self.kind == "multilabel"):
            raise ValueError(f"y is {kind}, but the classifier was fitted on {self.kind} targets")
        if self.kind == "multilabel":
            if y.shape[1] != len(self.classes):
                raise ValueError(f"y has {y.shape[1]} labels, the classifier {len(self.classes)}")
            return y.toarray() if issparse(y) else y
        y = column_or_1d(y, warn=True)
        if y.dtype.kind == "O":
            distinct_labels(y)  # says what is wrong with labels of several types
        if len(unseen := np.setdiff1d(y, self.classes)):
            raise ValueError(
                f"y has labels {_first(unseen)}, unseen in classes_={_first(self.classes)}: "
                "remove these samples, or fit a new classifier on all labels"
            )
        return y

    def check_trainable(self, y):
        """Refuse one class in the rows of positive weight."""
        if self.kind != "multilabel" and len(np.unique(y)) < 2:
            raise ValueError(
                f"y has one class only, {_first(y[:1])}, in samples of positive weight: give "
                "samples of at least two classes"
            )

    def encode(self, y, dtype):
        """Targets Y (n2, m)."""
        if self.kind == "multilabel":
            return np.ascontiguousarray(y.T, dtype=dtype)
        codes = np.searchsorted(self.classes, y)
        if self.kind == "binary":
            return codes[None, :].astype(dtype)
        return (codes == np.arange(len(self.classes))[:, None]).astype(dtype)

    def decode(self, scores, classes):
        """Labels of scores (m, n2), by the names that classes now have."""
        if self.kind == "multilabel":
            return (scores > 0).astype(int)
        codes = scores[:, 0] > 0 if self.kind == "binary" else scores.argmax(axis=1)
        return classes[codes.astype(int)]

    def strata(self, y):
        """What a validation split keeps the proportions of."""
        return None if self.kind == "multilabel" else y

    def new_loss(self):
        """The loss of these targets."""
        return losses.CLASSIFICATION_LOSSES[self.kind]()

    def difference(self, classifier):
        """Labels have one loss, which no parameter changes."""

    def measure(self, data):
        """Labels have no unit."""

    def transform(self, method):
        """A function of Z2 and its number of outputs; two classes have the scores 0 and Z2."""
        n_outputs = 1 if self.kind == "binary" else len(self.classes)
        if method == "scores":
            return lambda Z2: Z2, n_outputs
        if self.kind != "binary":
            return getattr(self.new_loss(), method), n_outputs
        function = getattr(losses.CategoricalCrossEntropy(), method)
        return lambda Z2: function(np.concatenate([np.zeros_like(Z2), Z2], axis=-2)), 2


def _kind_of(y, known):
    """scikit-learn's name for these targets; few rows of known classes say too little."""
    if known and y.ndim == 1:
        return "multiclass"
    if y.ndim == 1 and y.dtype.kind == "O":
        distinct_labels(y)  # says what is wrong with labels of several types
    kind = type_of_target(y, input_name="y")
    if kind == "multilabel-indicator" and not np.isin(y.data if issparse(y) else y, (0, 1)).all():
        kind = "multiclass-multioutput"  # two numbers, but others
    if not kind.startswith("multi") and kind != "binary":
        check_classification_targets(y)  # says what they are instead
    if kind == "multiclass-multioutput":
        raise ValueError(
            "y has several columns that are not all 0 or 1: give one label a sample, or a matrix "
            "of 0 and 1 for multilabel"
        )
    return kind


def _first(labels):
    """The first ten labels, for a message."""
    words = ", ".join(map(shown, np.asarray(labels, dtype=object)[:10].tolist()))
    return f"[{words}]" if len(labels) <= 10 else f"[{words}, ... {len(labels)} in all]"


@dataclass
class ClassWeights:
    """A weight for each label, learned from training samples; for multilabel, of 0 and 1."""

    labels: np.ndarray
    values: list  # an array for each column of y
    counts: list = field(default_factory=list)  # likewise, of the samples with each label

    @classmethod
    def learn(cls, class_weight, encoder, y, weights, earlier=None) -> "ClassWeights":
        """Of these samples, whose weights count as repetitions; each column may have its own.

        "balanced" also counts the samples that ``earlier`` class weights were learned from.
        """
        labels = np.array([0, 1]) if encoder.kind == "multilabel" else encoder.classes
        weights = np.ones(y.shape) if weights is None else weights
        columns = _columns(y)
        listed = isinstance(class_weight, list)
        if listed and (y.ndim == 1 or len(class_weight) != len(columns)):
            raise ValueError(
                f"class_weight={shown(class_weight)} is a list of {len(class_weight)}: give one "
                "dict, or for a multilabel y a list with a dict for each label"
            )
        each = class_weight if listed else [class_weight] * len(columns)
        of_columns = _columns(weights) if weights.ndim == 2 else [weights] * len(columns)
        counts = [_counts(labels, *column) for column in zip(columns, of_columns, strict=True)]
        values = [_by_class(one, labels, n) for one, n in zip(each, counts, strict=True)]
        if earlier is None or not earlier.counts:
            return cls(labels, values, counts)
        counts = [a + b for a, b in zip(counts, earlier.counts, strict=True)]
        of_all = [_by_class(one, labels, n) for one, n in zip(each, counts, strict=True)]
        same = np.allclose(values, of_all, rtol=1e-12, atol=0)  # the same samples once more
        return cls(labels, values if same else of_all, counts)

    def weigh(self, y, weights):
        """Sample weight times class weight, (1, m), or (n2, m) for multilabel."""
        weights = np.ones(len(y)) if weights is None else weights
        pairs = zip(self.values, _columns(y), strict=True)
        return np.stack([weights * v[np.searchsorted(self.labels, c)] for v, c in pairs])


def _columns(y):
    return y.T if y.ndim == 2 else [y]


def _counts(labels, y, weights):
    """How many samples have each label."""
    return np.bincount(np.searchsorted(labels, y), weights, minlength=len(labels))


def _by_class(class_weight, labels, counts):
    """The weight of each label. "balanced" is scikit-learn's; a label of no sample has none."""
    if isinstance(class_weight, dict):
        known = labels.tolist()
        unknown = [key for key in class_weight if key not in known]
        if unknown and not all(label in class_weight for label in known):
            raise ValueError(
                f"class_weight has keys {_first(unknown)} that are no classes, and some of "
                f"{_first(known)} have no weight: give each class its weight"
            )
        return np.array([class_weight.get(label, 1.0) for label in known])
    seen = counts > 0
    mean = counts.sum() / max(np.count_nonzero(seen), 1)
    return np.divide(mean, counts, out=np.zeros(len(labels)), where=seen)


def distinct_labels(y):
    """The labels in order, and which of them each of y is."""
    y = list(y) if isinstance(y, set) else y
    if isinstance(y, list | tuple) and len({isinstance(label, str) for label in y}) > 1:
        y = np.array(y, object)  # or NumPy would make text of numbers
    try:
        labels, codes = np.unique(y, return_inverse=True)
    except TypeError as error:
        labels = list(np.ravel(np.array(y, object)))
        _check_not_missing(labels, error)
        found = " and ".join(sorted({type(label).__name__ for label in labels}))
        raise TypeError(
            f"labels of different types have no order, as {found}: make all of them text, or all "
            "numbers"
        ) from error
    _check_not_missing(labels.tolist())
    return labels, codes


def _check_not_missing(labels, cause=None):
    """None, nan and pandas' NA are no labels."""
    for label in labels:
        nan = isinstance(label, Number) and label != label
        if label is None or nan or type(label).__name__ in ("NAType", "NaTType"):
            raise (ValueError if nan else TypeError)(
                f"{label} is no label: leave out the samples that have none, or name a class for "
                "them"
            ) from cause


@dataclass
class RealEncoder:
    """Real targets: a row of Y for each of them, or for each of its quantiles."""

    loss: Any
    loss_name: str  # as the user gave it, for messages
    levels: list  # the quantiles, or [None]
    shape: tuple  # of the prediction for one sample
    n_targets: int
    takes_matrix: bool

    @classmethod
    def learn(cls, y, regressor, takes_matrix) -> "RealEncoder":
        """From the first y and the regressor's loss; a matrix of one column may be a vector."""
        shape = y.shape[1:] if takes_matrix or y.shape[1:] != (1,) else ()
        n_targets = y.shape[1] if y.ndim == 2 else 1
        levels = np.ravel(regressor.quantile).tolist() if wants_quantiles(regressor) else [None]
        several = (len(levels),) if len(levels) > 1 else ()
        loss = new_regression_loss(regressor, n_targets)
        return cls(loss, repr(regressor.loss), levels, shape + several, n_targets, takes_matrix)

    def check(self, y):
        """y as float64, one number a row or a matrix of as many columns as in the first call."""
        y = _real_numbers(y.toarray() if issparse(y) else y)
        if y.shape[1:] == (1,) and not self.takes_matrix:
            y = column_or_1d(y, warn=True)
        n_targets = y.shape[1] if y.ndim == 2 else 1
        if n_targets != self.n_targets:
            raise ValueError(f"y has {n_targets} columns, the regressor {self.n_targets} targets")
        if self.loss.link == "log" and (y < 0).any():
            raise ValueError(
                f"y has negative values ({y.min():.3g}), which loss={self.loss_name} cannot "
                "predict: use loss='squared_error'"
            )
        return y

    def check_trainable(self, y):
        """Any real targets will do."""

    def encode(self, y, dtype):
        """Targets Y (n2, m); the square of what is predicted should not overflow in this type."""
        largest, limit = np.abs(y).max(), float(np.finfo(dtype).max) ** 0.5
        if largest > limit:
            raise ValueError(
                f"y has values up to {largest:.3g}, too large for {np.dtype(dtype)} (the type of "
                f"X): divide y by a constant"
            )
        return np.repeat(y.reshape(len(y), -1).T, len(self.levels), axis=0)

    def decode(self, outputs):
        """Predictions of outputs (m, n2)."""
        return outputs.reshape(len(outputs), *self.shape)

    def strata(self, y):
        """Real targets have no classes to keep the proportions of."""

    def new_loss(self):
        """A copy of the loss."""
        return copy.deepcopy(self.loss)

    def difference(self, regressor):
        """How the loss that the parameters name differs from this one, or None."""
        if same_options(new_regression_loss(regressor, self.n_targets), self.loss):
            return None
        return (
            f"loss={regressor.loss!r} with quantile={shown(regressor.quantile)} differs from that"
        )

    def measure(self, data):
        """What puts the training targets on one footing."""
        return data.target_standardization(self.loss)

    def transform(self, method):
        """A function of Z2 and its number of outputs; quantiles that cross are sorted."""
        output, n_quantiles = getattr(self.loss, method), len(self.levels)
        if n_quantiles == 1:
            return output, self.n_targets

        def ordered(Z2):
            *tiles, n_outputs, m = Z2.shape
            A2 = output(Z2).reshape(*tiles, -1, n_quantiles, m)
            return np.sort(A2, axis=-2).reshape(*tiles, n_outputs, m)

        return ordered, self.n_targets * n_quantiles


def new_regression_loss(regressor, n_targets):
    """The loss that a regressor's parameters name; for quantiles with a level for every output."""
    if wants_quantiles(regressor):
        levels = np.atleast_1d(np.asarray(regressor.quantile, dtype=float))
        return losses.Quantile(np.tile(levels, n_targets)[:, None])
    loss = new_object(regressor.loss, losses.REGRESSION_LOSSES)
    n_levels = np.size(loss.target_quantile)
    if isinstance(loss, losses.Quantile) and n_levels not in (1, n_targets):
        raise ValueError(
            f"loss is a Quantile of {n_levels} levels, and y has {n_targets} targets: give one "
            "level, or one for each target"
        )
    if type(loss) not in losses.REGRESSION_LOSSES.values():
        check_own_loss(loss, n_targets)
    return loss


def _real_numbers(y):
    if y.dtype.kind not in "biufO":
        raise ValueError(f"y is of type {y.dtype}: give real numbers")
    try:
        y = y.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"y is not made of real numbers: {error}") from error
    assert_all_finite(y, input_name="y")
    return y
