"""What is written down in training: the curves, and the best weights so far."""

from dataclasses import dataclass, field
from math import inf
from typing import Any

import numpy as np


@dataclass
class Checkpoint:
    """The weights with the best score among those that were scored.

    ``metric`` is what the score means: None for minus the training loss, else a scorer.
    """

    metric: Any = None
    score: float = -inf
    epoch: int = 0
    best_weights: np.ndarray | None = None

    def update(self, score, epoch, theta):
        """Keep a copy of theta if it is better, or if there is none yet."""
        if score > self.score or self.best_weights is None:
            self.score, self.epoch, self.best_weights = score, epoch, theta.copy()


@dataclass
class History:
    """A line for every epoch: mean data loss, penalty, validation score or None.

    A line comes as a whole: Ctrl-C between two curves would leave them of different lengths.
    """

    lines: list = field(default_factory=list)
    initial_loss: float | None = None

    @property
    def losses(self):
        """The mean data loss of every epoch."""
        return [loss for loss, _, _ in self.lines]

    @property
    def penalties(self):
        """The penalty of every epoch."""
        return [penalty for _, penalty, _ in self.lines]

    @property
    def scores(self):
        """The validation score of every epoch, or None."""
        return [score for _, _, score in self.lines]

    def start(self, loss):
        """Note the loss of the very first weights."""
        if self.initial_loss is None:
            self.initial_loss = loss
