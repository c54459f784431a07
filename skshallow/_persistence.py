"""What pickle, joblib and skops write of an estimator: its version, and plain values.

The package's own small objects are written as their name and their options. A file then holds
numbers, words and one class, which is all that skops asks a reader to trust, and it does not
matter to old files where in the package such an object is defined.
"""

from sklearn.exceptions import InconsistentVersionWarning

from skshallow._target_encoding import ClassEncoder, ClassWeights, RealEncoder
from skshallow._version import __version__
from skshallow._warnings import warn_caller
from skshallow.core.activations import ACTIVATIONS
from skshallow.core.losses import REGRESSION_LOSSES
from skshallow.core.standardization import Standardization, TargetStandardization

VERSION = "_skshallow_version"
ATTRIBUTES = (
    "_activation",
    "_encoder",
    "_class_weights",
    "_standardization",
    "_target_standardization",
)
KINDS = {
    **ACTIVATIONS,
    **REGRESSION_LOSSES,
    "class encoder": ClassEncoder,
    "class weights": ClassWeights,
    "real encoder": RealEncoder,
    "standardization": Standardization,
    "target standardization": TargetStandardization,
}
NAMES = {kind: name for name, kind in KINDS.items()}


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
        for attribute in state.keys() & set(ATTRIBUTES):
            state[attribute] = _to_plain(state[attribute])
        return state

    def __setstate__(self, state):
        state = dict(state)
        saved = state.pop(VERSION, "before 0.1")
        if saved != __version__:
            known = {"current_sklearn_version": __version__, "original_sklearn_version": saved}
            name = type(self).__name__
            warn_caller(OtherVersionWarning(estimator_name=name, **known))
        for attribute in state.keys() & set(ATTRIBUTES):
            state[attribute] = _from_plain(state[attribute])
        super().__setstate__(state)


def _to_plain(value):
    """(name, options) of an object of the package; what is the user's own stays as it is."""
    if type(value) not in NAMES:
        return value
    options = {name: _to_plain(option) for name, option in vars(value).items()}
    return NAMES[type(value)], options


def _from_plain(value):
    if isinstance(value, tuple) and len(value) == 2 and value[0] in KINDS:
        name, options = value
        return KINDS[name](**{option: _from_plain(v) for option, v in options.items()})
    return value
