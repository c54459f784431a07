"""Neural networks with one hidden layer for scikit-learn."""

from skshallow import core, extras, inspection  # noqa: F401
from skshallow._version import __version__
from skshallow.classifier import ShallowNNClassifier
from skshallow.regressor import ShallowNNRegressor

__all__ = ["ShallowNNClassifier", "ShallowNNRegressor", "__version__"]


def __dir__():
    return [*__all__, "core", "extras", "inspection"]
