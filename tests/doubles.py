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
    """Binary cross-entropy that at the given slope raises, or whose value is then a number once."""

    def __init__(self, at, error=None, number=np.nan):
        self.at, self.error, self.number, self.calls = at, error, number, 0

    def slope(self, Z2, Y):
        self.calls += 1
        if self.calls == self.at and self.error is not None:
            raise self.error
        return super().slope(Z2, Y)

    def value(self, Z2, Y):
        L = super().value(Z2, Y)
        if self.number is None or self.calls < self.at or self.error is not None:
            return L
        L[...], self.number = self.number, None
        return L
