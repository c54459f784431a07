"""The learning rate over time, as a factor of the rate that the user gave.

``factor(progress, period)`` is asked before every step. Both count epochs: progress with
fractions since this round of training began, period how many the round will have (None if nobody
knows). ``lower()`` is asked when training has stalled: true if there is a lower rate to go on
with; ``adapts`` says whether that can be.
"""

import math
from dataclasses import dataclass
from typing import ClassVar


class Schedule:
    """Base of all schedules: ``factor`` to fill in; nothing to lower unless said otherwise."""

    adapts: ClassVar[bool] = False

    def factor(self, progress, period):
        """Factor of the user's learning rate.

        Parameters
        ----------
        progress : float
            Epochs since this round of training began, with fractions.
        period : int or None
            Epochs that the round will have, if that is known.

        Returns
        -------
        factor : float
            What the rate is multiplied by.
        """
        raise NotImplementedError(f"{type(self).__name__} must define factor(progress, period)")

    def lower(self):
        """Lower the factor, now that training has stalled.

        Returns
        -------
        bool
            Whether there is a lower rate to go on with.
        """
        return False


@dataclass
class Constant(Schedule):
    """The same rate for ever."""

    def factor(self, progress, period):
        return 1.0


@dataclass
class Cosine(Schedule):
    """factor = (1 + cos(pi progress / period)) / 2: from one down to zero in a period.

    After a period it starts again from one: a warm restart. Without a period it stays at one.
    Loshchilov and Hutter (2017), SGDR: stochastic gradient descent with warm restarts.
    """

    def factor(self, progress, period):
        if period is None:
            return 1.0
        return (1 + math.cos(math.pi * (progress % period) / period)) / 2


@dataclass
class Adaptive(Schedule):
    """A fifth of the rate each time training stalls, down to a thousandth at the least.

    Parameters
    ----------
    present : float, default=1.0
        The factor to begin with.
    """

    present: float = 1.0
    adapts: ClassVar[bool] = True

    def factor(self, progress, period):
        return self.present

    def lower(self):
        if self.present / 5 < 1e-3:
            return False
        self.present /= 5
        return True


SCHEDULES = {"cosine": Cosine, "constant": Constant, "adaptive": Adaptive}
