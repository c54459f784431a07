"""Pictures of a fitted network, by scikit-learn's Display convention; needs matplotlib.

``LossCurveDisplay`` shows how training went, ``NetworkDisplay`` the network as circles and lines,
``HiddenUnitsDisplay`` what its hidden units look for. Each has a constructor that takes plain
data, ``from_estimator``, and ``plot``, which draws and keeps what it drew in attributes with a
trailing underscore.

Units, and features and targets without a name, are counted from zero like the rows and columns
of ``W1_``. Colour-blind readers can tell the colours apart: blue is positive, orange or red
negative.
"""

try:
    import matplotlib.pyplot  # noqa: F401
except ImportError as error:
    raise ImportError(
        'skshallow.extras.plotting needs matplotlib: pip install "skshallow[plot]"'
    ) from error

from skshallow.extras.plotting.hidden_units import HiddenUnitsDisplay
from skshallow.extras.plotting.loss_curve import LossCurveDisplay
from skshallow.extras.plotting.network import NetworkDisplay

__all__ = ["HiddenUnitsDisplay", "LossCurveDisplay", "NetworkDisplay"]
