"""Learning rate schedules: the factor that the user's learning rate is multiplied by.

``factor(progress, period)`` holds for one step. Both count epochs: progress with fractions since
the schedule began, period how many it is for (None if nobody knows). ``lower()`` is asked when
training no longer improves: true if there is a lower rate to go on with; ``adapts`` says whether
that can be. A schedule that ``ends`` has low rates at the end of its period: it is then cut short.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np


class Schedule:
    """Base of all schedules: ``factor`` to fill in; nothing to lower unless said otherwise.

    Attributes
    ----------
    adapts : bool, default=False
        Whether ``lower`` may find a lower rate to go on with.
    ends : bool, default=False
        Whether the factor comes down in a period. Early stopping then passes the rest of it faster.

    Examples
    --------
    Half the rate after each epoch, for those who call ``skshallow.core.training`` themselves; the
    estimators take schedules by name:

    >>> from skshallow.core.schedules import Schedule
    >>> class Halving(Schedule):
    ...     def factor(self, progress, period):
    ...         return 0.5 ** int(progress)
    >>> [Halving().factor(progress, period=None) for progress in (0.0, 0.5, 1.0, 2.0)]
    [1.0, 1.0, 0.5, 0.25]
    >>> Halving().lower()  # there is no lower rate: training may end
    False
    """

    adapts: ClassVar[bool] = False
    ends: ClassVar[bool] = False

    def factor(self, progress, period):
        """Factor of the user's learning rate.

        Parameters
        ----------
        progress : float
            Epochs since the schedule began, with fractions.
        period : int or None
            Epochs that the schedule is for, if that is known.

        Returns
        -------
        factor : float
            What the rate is multiplied by.
        """
        raise NotImplementedError(f"{type(self).__name__} must define factor(progress, period)")

    def factors(self, start, n_steps, period):
        """Factors of all steps of one epoch.

        Parameters
        ----------
        start : int
            Epochs since the schedule began.
        n_steps : int
            Steps in the epoch.
        period : int or None
            Epochs that the schedule is for, if that is known.

        Returns
        -------
        factors : ndarray of shape (n_steps,)
            What the rate is multiplied by.
        """
        return np.array([self.factor(start + i / n_steps, period) for i in range(n_steps)])

    def lower(self):
        """Lower the factor, now that training no longer improves.

        Returns
        -------
        bool
            Whether there is a lower rate to go on with.
        """
        return False


@dataclass
class Constant(Schedule):
    """factor = 1: the same rate for ever.

    Examples
    --------
    >>> from skshallow.core.schedules import Constant
    >>> [Constant().factor(epoch, period=4) for epoch in range(5)]
    [1.0, 1.0, 1.0, 1.0, 1.0]

    As nothing depends on how long training will be, twice five epochs are ten, to the last bit, at
    a given penalty:

    >>> from sklearn.datasets import load_wine
    >>> from skshallow import ShallowNNClassifier
    >>> X, y = load_wine(return_X_y=True)
    >>> settings = dict(schedule="constant", alpha=0.01, random_state=0, warm_start=True)
    >>> ten = ShallowNNClassifier(8, max_iter=10, **settings).fit(X, y)
    >>> five = ShallowNNClassifier(8, max_iter=5, **settings).fit(X, y).fit(X, y)
    >>> ten.W1_.tolist() == five.W1_.tolist()
    True
    """

    def factor(self, progress, period):
        return 1.0

    def factors(self, start, n_steps, period):
        return np.ones(n_steps)


@dataclass
class Cosine(Schedule):
    """factor = (1 + cos(pi progress / period)) / 2: from one down to zero in a period.

    After a period it starts again from one: a warm restart. Without a period it stays at one.

    References
    ----------
    Loshchilov and Hutter (2017), SGDR: stochastic gradient descent with warm restarts.

    Examples
    --------
    A period of four epochs, and how the next begins:

    >>> from skshallow.core.schedules import Cosine
    >>> [round(Cosine().factor(epoch, period=4), 2) for epoch in range(6)]
    [1.0, 0.85, 0.5, 0.15, 1.0, 0.85]
    """

    ends: ClassVar[bool] = True

    def factor(self, progress, period):
        if period is None:
            return 1.0
        return (1 + math.cos(math.pi * (progress % period) / period)) / 2

    def factors(self, start, n_steps, period):
        if period is None:
            return np.ones(n_steps)
        progress = (start + np.arange(n_steps) / n_steps) % period
        return (1 + np.cos(np.pi * progress / period)) / 2


@dataclass
class Adaptive(Schedule):
    """A fifth of the rate each time training no longer improves, down to a thousandth at the least.

    Parameters
    ----------
    present : float, default=1.0
        The factor to begin with.

    Examples
    --------
    Training continues at a lower rate four times; then there is nothing to lower, and it ends:

    >>> from skshallow.core.schedules import Adaptive
    >>> schedule = Adaptive()
    >>> while schedule.lower():
    ...     print(round(schedule.factor(progress=0.0, period=None), 4))
    0.2
    0.04
    0.008
    0.0016
    """

    present: float = 1.0
    adapts: ClassVar[bool] = True

    def factor(self, progress, period):
        return self.present

    def factors(self, start, n_steps, period):
        return np.full(n_steps, self.present)

    def lower(self):
        if self.present / 5 < 1e-3:
            return False
        self.present /= 5
        return True


@dataclass
class InverseScaling(Schedule):
    """factor = (1 + t / scale)^-power after t steps, but at least ``least``: for endless streams.

    The rates of all steps add up to infinity, those of their squares do not (without ``least``),
    so that training neither stops short nor goes on wandering. A step is one mini-batch.

    Parameters
    ----------
    scale : float, default=300.0
        Steps after which the rate has come down noticeably.
    power : float, default=0.75
        How fast it comes down; between 1/2 and 1.
    least : float, default=0.01
        The factor does not become smaller, so that a stream that changes is still followed.
    steps_before : float, default=0.0
        Steps that count as taken before the first one.

    References
    ----------
    Robbins and Monro (1951), A stochastic approximation method.

    Examples
    --------
    >>> from skshallow.core.schedules import InverseScaling
    >>> [round(InverseScaling().factor(step, period=None), 2) for step in (0, 300, 3_000)]
    [1.0, 0.59, 0.17]
    """

    scale: float = 300.0
    power: float = 0.75
    least: float = 0.01
    steps_before: float = 0.0

    def factor(self, progress, period):
        steps = self.steps_before + progress
        return max((1 + steps / self.scale) ** -self.power, self.least)

    def factors(self, start, n_steps, period):
        steps = start * n_steps + np.arange(n_steps)
        return np.array([self.factor(t, period) for t in steps.tolist()])


SCHEDULES = {
    "cosine": Cosine,
    "constant": Constant,
    "adaptive": Adaptive,
    "inverse_scaling": InverseScaling,
}
ScheduleName = Literal["cosine", "constant", "adaptive", "inverse_scaling"]
