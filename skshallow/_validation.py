"""The validation set of early stopping: given or split off, and how weights are scored on it."""

import copy
import inspect
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split

from skshallow._data import DataSet
from skshallow._defaults import AUTO_VALIDATION_ROWS, is_auto
from skshallow._names import shown
from skshallow._prediction import fitted_attributes
from skshallow._warnings import warn_caller
from skshallow.core.duplicates import equal_rows

LEAST_DISTINCT = 2  # rows that can be told apart, on the smaller side of a split
SPREAD_OUT = 5  # times the deviation of X, and beyond its range, is another size,
SHRUNK = 50  # and so is a deviation as many times smaller; and a mean outside of the range of X
LEAST_COMPARED = 20  # rows whose mean and deviation say something
LONGEST_ERROR = 200  # characters of a scorer's error


@dataclass
class DataSets:
    """What is trained on, and what is validated on if anything; ``given`` by the user or not."""

    training: DataSet
    validation: DataSet | None = None
    given: bool = False

    @property
    def source(self) -> str:
        """Where the validation set comes from: "given", "split off" or "none"."""
        return "none" if self.validation is None else "given" if self.given else "split off"

    @cached_property
    def samples(self) -> dict:
        """{"train": (X, y, sample_weight), "val": the same}, as given; only those that are here."""
        sets = {"train": self.training, "val": self.validation}
        samples = {name: data.samples() for name, data in sets.items() if data is not None}
        return {name: known for name, known in samples.items() if known is not None}


def data_sets(estimator, settings, data: DataSet, held_out: DataSet | None, seed: int) -> DataSets:
    """The user's validation set, or one that is split off, or none."""
    if held_out is not None:
        return DataSets(data, held_out, given=True)
    strata = estimator._encoder.strata(data.y)
    if not wants_validation(estimator, settings, data, strata):
        return DataSets(data)
    return DataSets(*split(data, estimator.validation_fraction, seed, strata))


def is_given(X_val, y_val, sample_weight_val, early_stopping) -> bool:
    """Whether the user brings a validation set; half of one, or one without use, is refused."""
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


def wants_validation(estimator, settings, data: DataSet, strata) -> bool:
    """Whether to split a validation set off: "auto" does where the rows are many."""
    if not is_auto(estimator.early_stopping):
        return bool(estimator.early_stopping)
    n = data.n_samples
    many = n >= AUTO_VALIDATION_ROWS and not settings.full_batch
    return many and (strata is None or n >= 100 * len(np.unique(strata)))


def split(data: DataSet, fraction: float, seed: int, labels=None):
    """(training, validation) data, stratified by labels.

    Equal rows, as an oversampler makes them, stay on one side: the split is one of distinct rows,
    unless hardly any are. A class with one row stays in the training set.
    """
    groups = equal_rows(data.X, data.rows)
    if fraction * (groups.max() + 1) < LEAST_DISTINCT:
        groups = np.arange(len(groups))
    rows = data.rows[np.unique(groups, return_index=True)[1]]
    n_validation = round(fraction * len(rows))
    always = np.array([], int)
    if labels is not None:
        always = _only_ones(labels[data.rows], groups)
        rows = np.setdiff1d(rows, data.rows[np.isin(groups, groups[always])])
        labels = labels[rows]
    n_classes = 1 if labels is None else len(np.unique(labels))
    n_training = len(rows) - n_validation
    if min(n_validation, n_training) < max(2, n_classes):
        raise ValueError(
            f"validation_fraction={fraction!r} of {len(data.rows)} samples leaves {n_training} "
            f"for training and {n_validation} for validation, which is too "
            "few: change validation_fraction, pass X_val and y_val, or set early_stopping=False"
        )
    _warn_of_only_ones(data.y[data.rows[always]].tolist())
    _, validation = train_test_split(
        rows, test_size=n_validation, stratify=labels, random_state=seed
    )
    held_out = np.isin(groups, groups[np.isin(data.rows, validation)])
    return data.subset(data.rows[~held_out]), data.subset(data.rows[held_out])


def _only_ones(labels, groups):
    """The places of one sample of each class that is in one group alone."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    pairs = np.unique(np.column_stack([inverse, groups]), axis=0)
    return first[np.bincount(pairs[:, 0]) == 1]


def _warn_of_only_ones(classes):
    if classes:
        warn_caller(
            f"classes {shown(classes)} have a single sample, which stays in the training set: "
            "early stopping cannot see them",
            UserWarning,
        )


def warn_if_elsewhere(training: DataSet, validation: DataSet) -> None:
    """Warn if half of the features of X_val or more are of another size than those of X.

    A scaler in a pipeline, which X went through and X_val did not, is the usual reason.
    """
    if min(training.n_samples, validation.n_samples) < LEAST_COMPARED:
        return
    with np.errstate(all="ignore"):
        of_X, of_X_val = (_moments(data) for data in (training, validation))
        deviation, other = np.sqrt(of_X.variance), np.sqrt(of_X_val.variance)
        elsewhere = (of_X_val.mean < of_X.low) | (of_X_val.mean > of_X.high)
        beyond = (of_X_val.low < of_X.low) | (of_X_val.high > of_X.high)
        spread = beyond & ~(other <= SPREAD_OUT * deviation)
        shrunk = (other > 0) & (SHRUNK * other < deviation)
    vary = np.flatnonzero(deviation > 0)
    others = vary[(elsewhere | spread | shrunk)[vary]]
    if len(others) > 0 and 2 * len(others) >= len(vary):
        j = others[0]
        warn_caller(
            f"X_val is of another size than X in {len(others)} of {len(vary)} features: feature "
            f"{j} has mean {of_X_val.mean[j]:.3g} and deviation {other[j]:.3g}, in X "
            f"{of_X.mean[j]:.3g} and {deviation[j]:.3g}. If X went through a pipeline's "
            "transformers, X_val must too: Pipeline(steps, transform_input=['X_val']), with "
            "metadata routing and set_fit_request(X_val=True, y_val=True). Else the data drift",
            UserWarning,
        )


def _moments(data):
    """Those of the features, without values that are absurdly far out."""
    return data.moments(data.input_range()[1].bounds())


def new_scorer(estimator, engine, data: DataSet):
    """What scores the present weights on the validation set, as ``scoring`` says."""
    if isinstance(estimator.scoring, str) and estimator.scoring == "loss":
        return LossScorer(engine, data.batches())
    return MetricScorer(estimator, engine.network, data)


class LossScorer:
    """Scores the present weights by minus the validation loss.

    Parameters
    ----------
    engine : Engine
    batches : Batches
        The validation set.
    """

    def __init__(self, engine, batches):
        self.engine, self.batches, self.loss = engine, batches, math.inf

    def validation_loss(self):
        """Mean loss at the present weights."""
        self.loss = self.engine.mean_loss(self.batches)
        return self.loss

    def score(self):
        """What validation_loss found, the greater the better."""
        return -self.loss


def weights_for(scorer, weights) -> dict:
    """Keywords for a scorer: the weights, if there are any and it takes them."""
    if weights is None:
        return {}
    metric = getattr(scorer, "_score_func", scorer)  # a scorer takes any, its metric may not
    try:
        takes_them = "sample_weight" in inspect.signature(metric).parameters
    except ValueError:  # a function without a signature
        takes_them = False
    return {"sample_weight": weights} if takes_them else {}


class MetricScorer:
    """Scores the present weights by a scorer of scikit-learn.

    The network runs once over the validation set: its loss and the predictions that a scorer of
    scikit-learn asks for come from the same scores Z2. A function of the user's may do anything
    with the estimator, so it is given one of its own.

    Parameters
    ----------
    estimator : the estimator in its fit
    network : Network
        At the present weights.
    data : DataSet
        The validation set.
    """

    def __init__(self, estimator, network, data):
        self.estimator, self.network = estimator, network
        self.batches = data.batches()
        self.scorer = check_scoring(estimator, estimator.scoring)
        self.X, self.y, weights = data.samples()
        self.weights = weights_for(self.scorer, weights)
        self.model = copy.copy(estimator)  # what the scorer sees
        vars(self.model).pop("feature_names_in_", None)  # X is an array by now
        self.is_named = isinstance(estimator.scoring, str)
        if self.is_named:  # then it asks for predictions, and keeps and changes nothing
            self.model._outputs = self._outputs

    def validation_loss(self):
        """Mean loss at the present weights; keeps the scores Z2."""
        blocks, loss = [], 0.0
        for A0, Y, s in self.batches.iterate():
            Z2 = self.network.scores(A0)
            loss += self.network.sum_loss(Z2, Y, s)
            blocks.append(Z2.copy())
        self.Z2 = np.concatenate(blocks, axis=1)
        return loss / self.batches.n_examples

    def score(self):
        """What the scorer says of the scores that validation_loss found."""
        model = self.model if self.is_named else copy.copy(self.model)
        vars(model).update(fitted_attributes(self.estimator, self.network.parameters.theta))
        return self._number(model)

    def _outputs(self, X, method):
        """Predictions of the validation set from its scores, of other rows as ever."""
        if X is not self.X:
            return type(self.model)._outputs(self.model, X, method)
        Z2, of_targets = self.Z2.copy(), self.model._target_standardization
        if of_targets is not None:
            Z2 = of_targets.raw_scores(Z2).astype(Z2.dtype)
        transform, _ = self.model._encoder.transform(method)
        return np.ascontiguousarray(transform(Z2).T)

    def _number(self, model):
        """A score that is no number would never be the best."""
        scoring = self.estimator.scoring
        try:
            value = float(self.scorer(model, self.X, self.y, **self.weights))
        except (AttributeError, TypeError, ValueError) as error:
            said = str(error)[:LONGEST_ERROR]
            raise ValueError(
                f"scoring={shown(scoring)} cannot score {len(self.y)} validation samples: {said}. "
                "Set scoring='loss', or another scorer"
            ) from error
        if math.isnan(value):
            raise ValueError(
                f"scoring={shown(scoring)} is nan on the {len(self.y)} validation samples: give "
                "more samples, of all classes, or set scoring='loss'"
            )
        return value
