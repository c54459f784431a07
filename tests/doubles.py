"""Stand-ins for what a training meets: somebody who watches it, a loss that fails."""

import numpy as np

from skshallow.core.losses import LOSSES


class Watch:
    """Notes its calls; at the given epoch it stops training or raises."""

    def __init__(self, at=None, error=None):
        self.at, self.error, self.calls = at, error, []

    def begin(self):
        self.calls.append("begin")

    def end(self):
        self.calls.append("end")
        if self.calls.count("end") != self.at:
            return False
        if self.error is not None:
            raise self.error
        return True


class Failing(LOSSES["binary"]):
    """Binary cross-entropy that raises, or turns into a number, at the given call."""

    def __init__(self, at, error=None, number=np.nan):
        self.at, self.error, self.number, self.calls = at, error, number, 0

    def slope(self, Z2, Y):
        self.calls += 1
        if self.calls == self.at and self.error is not None:
            raise self.error
        L = super().slope(Z2, Y)
        return L if self.calls != self.at else np.full_like(L, self.number)
