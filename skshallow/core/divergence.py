"""What loss is absurd: training has diverged, and goes back to the best weights.

A loss is judged beside that of the same examples before the first step. What an outlier adds to it
no weights can take away, and no weights need be told.
"""

from math import inf, isfinite

import numpy as np

TOGETHER = 1_024  # examples whose mean loss says whether training has diverged
GROWTH = 2  # of all weights in an epoch, up to which its last step made no loss absurd


class DivergenceError(ArithmeticError):
    """The loss is no longer a finite, sensible number."""


class LossLimit:
    """What loss is absurd: many times that of the same examples before the first step.

    The first batch stands for them until a loss seems absurd: it may be that of an outlier, which
    is in another batch, and which no weights would fit.
    """

    def __init__(self, state, engine):
        self.engine, self.theta, self.start = engine, state.theta, state.theta.copy()
        in_a_row = max(TOGETHER * engine.n_steps // engine.n_examples, 1)
        starts = np.arange(0, engine.n_steps, in_a_row)
        self.groups = None if len(starts) == 1 else (starts, np.add.reduceat(engine.shares, starts))
        self.limit, self.worst = None, 0.0

    def check(self, losses):
        """The mean loss of an epoch, by those of its batches, if it is a sensible number."""
        loss, worst = float(losses @ self.engine.shares), self._worst(losses)
        if self.limit is None:
            self.limit = self._times(losses[0])
        if self.limit < worst < inf:
            self.limit = max(self.limit, self._times(self._worst(self._losses_at_start())))
        self.worst = check_loss(worst, self.limit)
        return loss

    def check_last_step(self, weights):
        """The losses after the last steps of an epoch, which no further one measures.

        ``weights`` are those before the epoch. If they have hardly grown, and features are of
        sensible size, as losses then are, nothing need be measured.
        """
        grown = not np.linalg.norm(self.theta) <= GROWTH * np.linalg.norm(weights)
        if grown or self.worst > self.engine.divergence_factor:
            self.check(self.engine.batch_losses())

    def _worst(self, losses):
        """The largest mean over batches in a row, in which one example counts little."""
        if self.groups is None:
            return float(losses @ self.engine.shares)
        starts, shares = self.groups
        return float((np.add.reduceat(losses * self.engine.shares, starts) / shares).max())

    def _times(self, loss):
        return self.engine.divergence_factor * (1 + abs(loss))

    def _losses_at_start(self):
        present = self.theta.copy()
        try:
            self.theta[...] = self.start
            return self.engine.batch_losses()
        finally:
            self.theta[...] = present


def check_loss(loss, max_loss=inf):
    """The loss, if it is a sensible number."""
    if not (isfinite(loss) and loss <= max_loss):
        raise DivergenceError(loss)
    return loss


def max_validation_loss(scorer, factor):
    """A validation loss is absurd beside that before the first step."""
    loss = inf if scorer is None else scorer.validation_loss()
    return factor * (1 + abs(loss)) if isfinite(loss) else inf
