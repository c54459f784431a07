"""The learning rate of every step, and how it comes down when training no longer improves."""

from dataclasses import dataclass
from typing import Any


@dataclass
class LearningRate:
    """The rates of every step: ``initial`` times the factors of the schedule.

    ``start`` is the epoch in which the schedule began, ``n_epochs`` how many it is for, and
    ``epochs_left`` how many of them are to come; None between fits. If the schedule was cut short,
    ``shortened`` are start and period of the shorter one with the remaining factors, else None.
    """

    initial: float
    schedule: Any
    start: int = 0
    n_epochs: int | None = None
    epochs_left: int | None = None
    shortened: tuple[float, float] | None = None

    def of_epoch(self, epoch, n_steps):
        """The rates of all steps after so many epochs, (n_steps,)."""
        start, period = self.shortened or (self.start, self.n_epochs)
        return self.initial * self.schedule.factors(epoch - start, n_steps, period)

    def end_epoch(self):
        """Count an epoch of the fit under way."""
        if self.epochs_left is not None:
            self.epochs_left -= 1

    def end(self):
        """No epoch of this fit is to come."""
        if self.epochs_left is not None:
            self.epochs_left = 0

    def end_within(self, n_epochs, epoch):
        """Pass what is left of the schedule after ``epoch`` in so many epochs at most.

        Returns
        -------
        bool
            False if the schedule has no end, or was cut short before.
        """
        if not self.schedule.ends or self.epochs_left is None or self.shortened is not None:
            return False
        if n_epochs < self.epochs_left:
            done = (epoch - self.start) / self.n_epochs
            period = n_epochs / (1 - done)
            self.shortened, self.epochs_left = (epoch - done * period, period), n_epochs
        return True
