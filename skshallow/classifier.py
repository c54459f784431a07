"""ShallowNNClassifier: labels to Y, scores to probabilities and labels."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d, compute_class_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import validate_data

from skshallow.base import DTYPES, BaseShallowNN
from skshallow.core.losses import LOSSES
from skshallow.examples import check_weights
from skshallow.settings import is_lbfgs


def _takes_single_steps(estimator):
    if is_lbfgs(estimator.solver):
        raise AttributeError("solver='lbfgs' takes no single steps: use 'adam', 'sgd' or 'gd'")
    return True


class ShallowNNClassifier(ClassifierMixin, BaseShallowNN):
    """DOC"""

    def __init__(
        self,
        hidden_units: int = 128,
        *,
        activation: Any = "relu",
        solver: Any = "adam",
        learning_rate: float = 0.01,
        schedule: str = "auto",
        init: Any = "auto",
        alpha: float | str = "auto",
        dropout: float = 0.0,
        batch_size: int | str = "auto",
        max_iter: int | str = "auto",
        shuffle: bool = True,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-5,
        scoring: Any = "loss",
        standardize: bool = True,
        class_weight: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
        random_state: Any = None,
    ):
        self.hidden_units = hidden_units
        self.activation = activation
        self.solver = solver
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.init = init
        self.alpha = alpha
        self.dropout = dropout
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.scoring = scoring
        self.standardize = standardize
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Fit."""
        return self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val))

    @available_if(_takes_single_steps)
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Partial."""
        if classes is None and not hasattr(self, "W1_"):
            raise ValueError(
                "classes=None in the first call of partial_fit: pass all labels to come"
            )
        return self._fit_one_epoch(X, y, sample_weight, classes=classes)

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Predict."""
        scores = self._outputs(X, "scores")
        if self._kind == "multilabel":
            return (scores > 0).astype(int)
        codes = (scores[:, 0] > 0).astype(int) if self._kind == "binary" else scores.argmax(axis=1)
        return self.classes_[codes]

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Scores."""
        scores = self._outputs(X, "scores")
        return scores[:, 0] if self._kind == "binary" else scores

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Probabilities."""
        return self._outputs(X, "output")

    def predict_log_proba(self, X: ArrayLike) -> np.ndarray:
        """Log."""
        return self._outputs(X, "log_output")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.input_tags.sparse = True
        return tags

    def _check_data(self, X, y, *, first, classes=None):
        """X as a float array or CSR, y as one label a row or an indicator matrix, labels known."""
        X, y = validate_data(
            self, X, y, reset=first, accept_sparse="csr", dtype=DTYPES, multi_output=True
        )
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
        if kind == "multiclass-multioutput":
            raise ValueError(
                "y has several columns that are not all 0 or 1: give one label a row, or a matrix "
                "of 0 and 1 for multilabel"
            )
        if kind == "multilabel-indicator":
            y = y.toarray() if issparse(y) else y
        else:
            y = column_or_1d(y, warn=True)
        if first:
            self._learn_classes(kind, y, classes)
        self._check_labels(kind, y)
        return X, y

    def _learn_classes(self, kind, y, classes):
        """Set classes_ and the kind of task."""
        if kind == "multilabel-indicator":
            self._kind, self.classes_ = "multilabel", np.arange(y.shape[1])
            return
        self.classes_ = np.unique(y) if classes is None else np.unique(classes)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y has one class only, {self.classes_[0]!r}: give at least two classes"
            )
        self._kind = "binary" if len(self.classes_) == 2 else "multiclass"

    def _check_labels(self, kind, y):
        """Refuse what the network has no output for."""
        if (kind == "multilabel-indicator") != (self._kind == "multilabel"):
            raise ValueError(f"y is {kind}, but the classifier was fitted on {self._kind} targets")
        if self._kind == "multilabel":
            if y.shape[1] != len(self.classes_):
                raise ValueError(f"y has {y.shape[1]} labels, the classifier {len(self.classes_)}")
            return
        unseen = np.setdiff1d(y, self.classes_)
        if len(unseen):
            raise ValueError(
                f"y has labels {unseen.tolist()} that are not in classes_={self.classes_.tolist()}: "
                "remove them, or name all classes in the first call"
            )

    def _encode(self, y, dtype):
        """Targets Y (n2, m) of zeros and ones."""
        if self._kind == "multilabel":
            return np.ascontiguousarray(y.T, dtype=dtype)
        codes = np.searchsorted(self.classes_, y)
        if self._kind == "binary":
            return codes[None, :].astype(dtype)
        return (codes == np.arange(len(self.classes_))[:, None]).astype(dtype)

    def _weigh(self, y, weights):
        """Sample weight times class weight, (1, m) or, a class weight for each label, (n2, m)."""
        if self.class_weight is None:
            return None if weights is None else weights[None, :]
        weights = np.ones(len(y)) if weights is None else weights
        columns = y.T if self._kind == "multilabel" else [y]
        s = np.stack([weights * self._by_class(column, weights) for column in columns])
        check_weights(s.sum(axis=0), len(y), "sample_weight times class_weight")
        return s

    def _by_class(self, labels, weights):
        """The class weight of every row; weights count as repetitions."""
        seen = weights > 0
        present = np.unique(labels[seen])
        values = compute_class_weight(
            self.class_weight, classes=present, y=labels[seen], sample_weight=weights[seen]
        )
        codes = np.searchsorted(present, labels[seen])
        by_class = np.zeros(len(labels))
        by_class[seen] = values[codes]
        return by_class

    def _check_targets_left(self, y):
        """Refuse to fit on one class."""
        if self._kind != "multilabel" and len(np.unique(y)) < 2:
            raise ValueError(
                f"y has one class only, {y[0]!r}, among the rows of positive weight: give rows of "
                "at least two classes"
            )

    def _strata(self, y):
        """What a validation split keeps the proportions of."""
        return None if self._kind == "multilabel" else y

    def _build_loss(self):
        return LOSSES[self._kind]()

    def _transform(self, method):
        """The function of Z2; probabilities of two classes are those of the scores (-Z2, Z2)."""
        if method == "scores":
            return lambda Z2: Z2
        function = getattr(self._build_loss(), method)
        if self._kind != "binary":
            return function
        return lambda Z2: function(np.concatenate([-Z2, Z2], axis=-2))
