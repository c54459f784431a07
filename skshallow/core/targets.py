"""Real targets on one footing, as inputs.py puts inputs: the network need not learn their unit.

    Y' = (Y - location) / spread        what the network is trained on
    Z2 = gain * Z2' + offset            its scores in the unit of y

With the link "identity" gain is spread and offset is location; with "log", where Y is only divided
by its mean, gain is 1 and offset the logarithm of the mean. The location is the best constant under
the loss, so that training starts from it: the mean, or a quantile.
"""

import numpy as np


class TargetScaling:
    """``location``, ``spread``, ``gain`` and ``offset``, each (n2, 1)."""

    def __init__(self, location, spread, gain, offset):
        self.location, self.spread, self.gain, self.offset = location, spread, gain, offset

    @classmethod
    def measure(cls, Y, loss, s=None):
        """What suits the targets Y (n2, m), their weights s (m,) and the loss."""
        s = np.ones(Y.shape[1]) if s is None else s
        if loss.link == "log":
            mean = _mean(Y, s)
            mean = np.where(mean > 0, mean, 1)
            return cls(np.zeros_like(mean), mean, np.ones_like(mean), np.log(mean))
        if loss.level is None:
            location = _mean(Y, s)
            spread = _root_mean_square(Y - location, s)
        else:
            location = _quantile(Y, s, loss.level)
            spread = _median_deviation(Y, s)
        size = np.where(location != 0, np.abs(location), 1)  # of a target that never changes
        spread = np.where(spread > 1e-12 * size, spread, size)
        return cls(location, spread, spread, location)

    def apply(self, Y):
        """Y', what the network is trained on."""
        return (Y - self.location) / self.spread

    def fold(self, W2, b2):
        """The W2, b2 that give scores in the unit of y."""
        return (self.gain * W2).astype(W2.dtype), (self.gain * b2 + self.offset).astype(b2.dtype)

    def unfold(self, W2, b2):
        """The inverse of fold."""
        return W2 / self.gain, (b2 - self.offset) / self.gain


def _mean(Y, s):
    """Weighted mean of each row, (n2, 1)."""
    return (Y @ s / s.sum())[:, None]


def _root_mean_square(U, s):
    """By way of the largest, whose square might overflow or vanish."""
    largest = np.abs(U).max(axis=1, keepdims=True)
    largest[largest == 0] = 1
    return largest * np.sqrt(_mean((U / largest) ** 2, s))


def _median_deviation(Y, s):
    """Median distance from the median, which outliers do not move, as a normal deviation.

    The mean distance where half of the targets or more are alike.
    """
    distance = np.abs(Y - _quantile(Y, s, 0.5))
    middle = _quantile(distance, s, 0.5)
    return np.where(middle > 0, 1.4826 * middle, _mean(distance, s))


def _quantile(Y, s, level):
    """Weighted quantile of each row: the least value with this share of the weight up to it."""
    chosen = []
    for y, share in zip(Y, np.broadcast_to(level, (len(Y), 1)), strict=True):
        order = np.argsort(y, kind="stable")
        upto = np.cumsum(s[order])
        reached = share * upto[-1] * (1 - 1e-9)  # rounding of the sum must not decide
        chosen.append(y[order[np.searchsorted(upto, reached)]])
    return np.array(chosen)
