"""What pickle, joblib and skops write of an estimator: its version, and plain values.

The package's own small objects are written as their name and their options. A file then holds
numbers, words and one class, which is all that skops asks a reader to trust, and it does not
matter to old files where in the package such an object is defined.
"""

import numpy as np
from sklearn.exceptions import InconsistentVersionWarning

from skshallow._inputs import DTYPES
from skshallow._names import shown
from skshallow._prediction import FITTED
from skshallow._stream import Stream
from skshallow._target_encoding import ClassEncoder, ClassWeights, RealEncoder
from skshallow._version import __version__
from skshallow._warnings import warn_caller
from skshallow.core.activations import ACTIVATIONS
from skshallow.core.duplicates import DistinctSum
from skshallow.core.input_bounds import InputRange
from skshallow.core.losses import REGRESSION_LOSSES
from skshallow.core.parameters import Layout
from skshallow.core.standardization import Moments, Standardization, TargetStandardization

VERSION = "_skshallow_version"
ENCODERS = ClassEncoder, ClassWeights, RealEncoder, Standardization, TargetStandardization
OF_INPUTS = DistinctSum, InputRange, Moments, Stream
LENT = "_samples", "_seconds"  # what callbacks are lent during a fit
SCALES = "_standardization", "_target_standardization"
ATTRIBUTES = "_activation", "_class_weights", "_encoder", "_input_range", "_stream", *SCALES
KINDS = {
    k.__name__: k
    for k in (*ACTIVATIONS.values(), *REGRESSION_LOSSES.values(), *ENCODERS, *OF_INPUTS)
}


class OtherVersionWarning(InconsistentVersionWarning):
    """An estimator was saved by another version of skshallow than the one that loads it."""

    def __str__(self):
        saved = self.original_sklearn_version
        return (
            f"this {self.estimator_name} was saved by skshallow {saved} and is loaded by "
            f"{self.current_sklearn_version}: predictions may differ or fail. Load it with "
            f"skshallow {saved}, or fit it anew and save it"
        )


class Persistent:
    """A mixin for what is saved and loaded; stands before BaseEstimator."""

    def __getstate__(self):
        state = super().__getstate__()
        state = {name: value for name, value in state.items() if name not in LENT}
        return _private(_to_plain, state) | {VERSION: __version__}

    def __setstate__(self, state):
        if not isinstance(state, dict):
            raise ValueError(_damaged(self, f"its state is {shown(state)}, not a dict"))
        state = dict(state)
        saved = state.pop(VERSION, "before 0.1")
        if saved != __version__:
            known = {"current_sklearn_version": __version__, "original_sklearn_version": saved}
            warn_caller(OtherVersionWarning(estimator_name=type(self).__name__, **known))
        try:
            state = _private(_from_plain, state)
            fault = _fault_of(state) if "W1_" in state else None
        except (TypeError, AttributeError) as error:  # an object of other options
            raise ValueError(_damaged(self, str(error))) from error
        if fault is not None:
            raise ValueError(_damaged(self, fault))
        super().__setstate__(state)


def _damaged(estimator, fault):
    return (
        f"this is no state of a {type(estimator).__name__}: {fault}. The file is damaged, or was "
        "changed by hand: fit the network anew and save it"
    )


def _fault_of(state):
    """Why a state with weights cannot predict, or None."""
    arrays = {attribute: state[attribute] for attribute in FITTED.values() if attribute in state}
    for attribute, array in arrays.items():
        if not (isinstance(array, np.ndarray) and array.dtype in DTYPES and array.ndim == 2):
            return f"{attribute} is {shown(array)}, not a matrix of float32 or float64"
        if not np.isfinite(array).all():
            return f"{attribute} is not finite"
    missing = [a for a in ("W2_", "b1_", "b2_", "_encoder", "_activation") if a not in state]
    if missing:
        return f"it has no {', '.join(missing)}"
    (n1, n0), n2 = arrays["W1_"].shape, len(arrays["W2_"])
    for name, shape in Layout(n0, n1, n2, "slopes_" in arrays).shapes.items():
        found = arrays[FITTED[name]].shape
        if found != shape:
            return f"{FITTED[name]} has shape {found}, not {shape}"
    if state.get("n_features_in_") != n0:
        return f"n_features_in_ is {shown(state.get('n_features_in_'))}, but W1_ has {n0} columns"
    return _fault_of_training(state, n1, n0, n2)


def _fault_of_training(state, n1, n0, n2):
    """Why training cannot go on from a state of these shapes, or None."""
    for attribute, length in zip(SCALES, (n0, n2), strict=True):
        scales = state.get(attribute)
        if scales is not None and any(len(array) != length for array in vars(scales).values()):
            return f"{attribute} is not for {length} numbers"
    if "_state" in state:
        parameters = state["_state"].parameters
        layout, size = parameters.layout, len(parameters.theta)
        if (layout.n1, layout.n0, layout.n2, layout.size) != (n1, n0, n2, size):
            return "_state is of a network of another shape"
    return None


def _private(function, state):
    """The state with ``function`` of what is ours; the rest is as the user gave it."""
    return {name: function(v) if name in ATTRIBUTES else v for name, v in state.items()}


def _to_plain(value):
    """(name, options) of an object of the package; what is the user's own stays as it is."""
    name = type(value).__name__
    if type(value) is not KINDS.get(name):
        return value
    return name, {option: _to_plain(v) for option, v in vars(value).items()}


def _from_plain(value):
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
        name, options = value
        if name in KINDS:
            return KINDS[name](**{option: _from_plain(v) for option, v in options.items()})
    return value
