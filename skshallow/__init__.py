"""Neural networks with one hidden layer for scikit-learn."""

from skshallow.classifier import ShallowNNClassifier

__version__ = "0.1.0"
__all__ = ["ShallowNNClassifier", "__version__"]
