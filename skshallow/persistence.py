"""What pickle, joblib and skops write of an estimator: its version, and plain values.

The package's own small objects are written as their name and their options. A file then holds
numbers, words and one class, which is all that skops asks a reader to trust, and it does not
matter to old files where in the package such an object is defined.
"""

import warnings

from sklearn.exceptions import InconsistentVersionWarning

from skshallow.core.activations import ACTIVATIONS
from skshallow.core.inputs import Standardization
from skshallow.core.losses import REGRESSION_LOSSES
from skshallow.core.targets import TargetScaling
from skshallow.version import __version__

VERSION = "_skshallow_version"
NAMES = {
    "_activation": ACTIVATIONS,
    "_loss": REGRESSION_LOSSES,
    "_standardization": {"standardization": Standardization},
    "_target_scaling": {"target scaling": TargetScaling},
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
        state = {**super().__getstate__(), VERSION: __version__}
        for attribute in NAMES.keys() & state.keys():
            state[attribute] = _in_words(state[attribute], NAMES[attribute])
        return state

    def __setstate__(self, state):
        state = dict(state)
        saved = state.pop(VERSION, "before 0.1")
        if saved != __version__:
            known = {"current_sklearn_version": __version__, "original_sklearn_version": saved}
            name = type(self).__name__
            warnings.warn(OtherVersionWarning(estimator_name=name, **known), stacklevel=2)
        for attribute in NAMES.keys() & state.keys():
            state[attribute] = _from_words(state[attribute], NAMES[attribute])
        super().__setstate__(state)


def _in_words(value, names):
    """(name, options) of an object of the package; what is the user's own stays as it is."""
    for name, kind in names.items():
        if type(value) is kind:
            return name, dict(vars(value))
    return value


def _from_words(value, names):
    if isinstance(value, tuple):
        name, options = value
        return names[name](**options)
    return value
