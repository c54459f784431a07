"""Neural networks with one hidden layer for scikit-learn."""

from skshallow.classifier import ShallowNNClassifier
from skshallow.regressor import ShallowNNRegressor
from skshallow.version import __version__

__all__ = ["ShallowNNClassifier", "ShallowNNRegressor", "__version__"]
