"""The validation part of early stopping: given or split off, and how weights are scored on it."""

import copy
import inspect
import math
import warnings

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split

from skshallow.data import Examples
from skshallow.settings import AUTO_VALIDATION_ROWS, is_auto


def is_given(X_val, y_val, sample_weight_val, early_stopping) -> bool:
    """Whether the user brings a validation part; half of one, or one without use, is refused."""
    if X_val is None and y_val is None and sample_weight_val is None:
        return False
    for name, value in (("X_val", X_val), ("y_val", y_val)):
        if value is None:
            raise ValueError(f"{name} is None: give X_val and y_val together, or neither")
    if not early_stopping:
        raise ValueError(
            "early_stopping=False makes no use of X_val: set it to True or 'auto', or do not "
            "pass X_val"
        )
    return True


def wants_validation(estimator, settings, examples: Examples, strata) -> bool:
    """Whether to split a validation part off: "auto" does where the rows are many."""
    if not is_auto(estimator.early_stopping):
        return bool(estimator.early_stopping)
    n = len(examples.rows)
    many = n >= AUTO_VALIDATION_ROWS and not settings.full_batch
    return many and (strata is None or n >= 100 * len(np.unique(strata)))


def split(examples: Examples, fraction: float, seed: int, labels=None):
    """(training, validation) examples, stratified by labels.

    A class with one row stays in the training part.
    """
    rows = examples.rows
    n_validation = round(fraction * len(rows))
    always = np.array([], int)
    if labels is not None:
        _, inverse, counts = np.unique(labels[rows], return_inverse=True, return_counts=True)
        always, rows = rows[counts[inverse] == 1], rows[counts[inverse] > 1]
        labels = labels[rows]
    n_classes = 1 if labels is None else len(np.unique(labels))
    n_training = len(rows) - n_validation
    if min(n_validation, n_training) < max(2, n_classes):
        raise ValueError(
            f"validation_fraction={fraction!r} of {len(examples.rows)} rows leaves {n_training} "
            f"for training and {n_validation} for validation, which is too "
            "few: change validation_fraction, pass X_val and y_val, or set early_stopping=False"
        )
    if len(always):
        warnings.warn(
            f"classes {examples.y[always].tolist()} have a single row, which stays in the training "
            "part: early stopping cannot see them",
            UserWarning,
            stacklevel=7,
        )
    training, validation = train_test_split(
        rows, test_size=n_validation, stratify=labels, random_state=seed
    )
    training = np.sort(np.concatenate([training, always]))
    return examples.subset(training), examples.subset(np.sort(validation))


def build_score(estimator, held_out: Examples, network, batches):
    """A function that measures the present weights of the network, the higher the better.

    ``batches`` deals the examples of ``held_out``.
    """
    training, scoring = estimator._state.training, estimator.scoring

    def minus_loss():
        loss = network.mean_loss(batches)
        training.check(loss)
        return -loss

    if isinstance(scoring, str) and scoring == "loss":
        return minus_loss
    scorer, rows = check_scoring(estimator, scoring), held_out.rows
    X, y, weights = held_out.X[rows], held_out.y[rows], {}
    weighed = held_out.sample_weight is not None
    if weighed and "sample_weight" in inspect.signature(scorer).parameters:
        weights = {"sample_weight": held_out.sample_weight[rows]}

    def score():
        minus_loss()  # absurd weights have no score
        model = copy.copy(estimator)
        vars(model).update(estimator._weights_of(network.parameters.theta))
        vars(model).pop("feature_names_in_", None)  # X is an array by now
        return _number(scorer, scoring, model, X, y, weights)

    return score


def _number(scorer, scoring, model, X, y, weights):
    """What the scorer says; what is no number would never be the best."""
    try:
        value = float(scorer(model, X, y, **weights))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"scoring={scoring!r} cannot score {len(y)} validation rows: {error}. Set "
            "scoring='loss', or another scorer"
        ) from error
    if math.isnan(value):
        raise ValueError(
            f"scoring={scoring!r} is nan on the {len(y)} validation rows: give more rows, of all "
            "classes, or set scoring='loss'"
        )
    return value
