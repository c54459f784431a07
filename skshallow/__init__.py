"""Neural networks with one hidden layer for scikit-learn."""

from importlib import import_module

from skshallow._version import __version__
from skshallow.classifier import ShallowNNClassifier
from skshallow.regressor import ShallowNNRegressor

__all__ = ["ShallowNNClassifier", "ShallowNNRegressor", "__version__"]
MODULES = ("core", "extras", "inspection")  # loaded when they are first asked for


def __getattr__(name):
    if name in MODULES:
        return import_module(f"skshallow.{name}")
    raise AttributeError(f"module 'skshallow' has no attribute {name!r}")


def __dir__():
    return [*__all__, *MODULES]
