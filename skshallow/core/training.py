"""Gradient descent over epochs: what is repeated, when it stops, what is kept.

``train`` repeats: one epoch of steps, a line in the history, a look at whether to stop. All that
must go on when training goes on (warm start, partial_fit, after a pickle) is in ``Training``.
"""

import math
from dataclasses import dataclass, field, replace

import numpy as np


class Divergence(ArithmeticError):
    """The loss is no longer a finite, sensible number."""


@dataclass
class Patience:
    """Counts epochs since a score last rose by more than tol above the best before it."""

    n_iter_no_change: int
    tol: float
    best: float = -math.inf
    waited: int = 0

    def exhausted(self, score):
        """Whether this is the n_iter_no_change-th epoch in a row without a rise."""
        self.waited = 0 if score > self.best + self.tol else self.waited + 1
        self.best = max(self.best, score)
        return self.waited >= self.n_iter_no_change


@dataclass
class Best:
    """The weights with the best score among those whose score was measured."""

    score: float = -math.inf
    epoch: int = 0
    theta: np.ndarray | None = None

    def offer(self, score, epoch, theta):
        """Keep a copy of theta if it is better, or if there is none yet."""
        if score > self.score or self.theta is None:
            self.score, self.epoch, self.theta = score, epoch, theta.copy()


@dataclass
class History:
    """A line for every epoch: mean data loss, penalty, validation score or None."""

    losses: list = field(default_factory=list)
    penalties: list = field(default_factory=list)
    scores: list = field(default_factory=list)


@dataclass
class Training:
    """The state of a training: everything that goes on when it is continued."""

    parameters: object
    optimizer: object
    schedule: object
    patience: Patience
    rng: np.random.Generator
    learning_rate: float = 0.01
    scaling: object = None
    history: History = field(default_factory=History)
    best: Best = field(default_factory=Best)
    first_loss: float | None = None
    blow_up: float = 1e3
    limit: float | None = None
    round_start: int = 0
    period: int | None = None
    scored: bool = False
    reverted: bool = False
    doubted: Best | None = None

    @property
    def theta(self):
        """The parameters as a vector."""
        return self.parameters.theta

    @property
    def epoch(self):
        """Epochs taken so far."""
        return len(self.history.losses)

    def begin_round(self, period, scored=False):
        """The schedule starts anew, for so many epochs; scores and losses are not compared."""
        self.round_start, self.period = self.epoch, period
        if scored != self.scored:
            self.scored, self.best = scored, Best()
            self.patience.best, self.patience.waited = -math.inf, 0

    def use(self, optimizer, scaling=None):
        """Take the steps to come with this optimiser, and scale inputs if told how."""
        self.optimizer, self.scaling = optimizer, scaling
        if optimizer is not None:
            optimizer.reset(self.theta)

    def step(self, gradient, share=0.0):
        """Move the parameters, given their gradient, when this share of the epoch is done."""
        rate = self.rate(share)
        if self.scaling is not None:
            self.scaling.step(self.parameters.W1, gradient.W1, rate)
        self.optimizer.step(self.theta, gradient.theta, rate)

    def forget_scores(self):
        """Go on from the kept weights, without a validation part."""
        self.theta[...], _ = self.kept()
        self.begin_round(None)

    def kept(self):
        """(theta, epoch) to use: the best if scored or after a divergence, else the last."""
        if self.scored or self.reverted:
            return self.best.theta, self.best.epoch
        return self.theta, self.epoch

    def begin(self):
        """Have something to go back to; what loss is absurd, the first one of these data tells."""
        self.reverted, self.limit = False, None
        self.best.offer(-math.inf, self.epoch, self.theta)

    def score_again(self, score):
        """Measure the best weights anew, because the score is no longer what it was."""
        if self.best.theta is not None:
            present = self.theta.copy()
            self.theta[...] = self.best.theta
            self.best.score = self.patience.best = score()
            self.theta[...] = present

    def rate(self, share=0.0):
        """The learning rate when this share of the present epoch is done."""
        progress = self.epoch - self.round_start + share
        return self.learning_rate * self.schedule.factor(progress, self.period)

    def check(self, loss):
        """Refuse a loss that shows divergence; another one is a word for the last weights."""
        if self.limit is None and math.isfinite(loss):
            self.limit = self.blow_up * (1 + loss)
            self.first_loss = loss if self.first_loss is None else self.first_loss
        if self.limit is None or not loss <= self.limit:
            raise Divergence(loss)
        self.doubted = None

    def record(self, loss, penalty, score):
        """Write an epoch into the history."""
        if not np.isfinite(self.theta).all():
            raise Divergence(loss)
        self.history.losses.append(loss)
        self.history.penalties.append(penalty)
        self.history.scores.append(score)
        if score is not None:
            self.doubted = replace(self.best)
            self.best.offer(score, self.epoch, self.theta)

    def stalled(self):
        """Whether patience has run out and there is no lower rate to go on with."""
        history = self.history
        score = history.scores[-1] if self.scored else -history.losses[-1]
        if not self.patience.exhausted(score):
            return False
        self.patience.waited = 0
        return not self.schedule.lower()

    def recover(self):
        """After a divergence: back to the best weights, without the optimiser's momentum.

        Weights that no step has been taken from count as blown up, however they scored.
        """
        self.best = self.doubted or self.best
        self.reverted = True
        self.theta[...] = self.best.theta
        self.optimizer.reset(self.theta)


def train(training, network, batches, epochs, *, shuffle=True, score=None, watch=None):
    """Take so many epochs, or fewer; say how it ended.

    Parameters
    ----------
    score : callable or None
        Measures the weights after each epoch; greater is better; raises Divergence if they are
        absurd. Training then stops when patience runs out. Without it the schedule alone decides.
    watch : object or None
        Its ``begin()`` is called before, its ``end()`` after each epoch; true means stop.

    Returns
    -------
    str
        "finished", "stalled", "stopped" (by watch), "interrupted" or "diverged".
    """
    may_stall = score is not None or training.schedule.adapts
    rng = training.rng if shuffle else None
    training.begin()
    try:
        for _ in range(epochs):
            if watch is not None:
                watch.begin()
            _epoch(training, network, batches, rng, score)
            if watch is not None and watch.end():
                return "stopped"
            if may_stall and training.stalled():
                return "stalled"
    except (KeyboardInterrupt, Divergence) as stop:
        diverged = isinstance(stop, Divergence)
        if diverged or not np.isfinite(training.theta).all():
            training.recover()
        return "diverged" if diverged else "interrupted"
    return "finished"


def _epoch(training, network, batches, rng, score):
    """One pass over the examples and its line in the history."""
    before, penalty = training.theta.copy(), network.penalty()
    if training.optimizer.full_batch:
        loss = _full_step(training, network, batches)
    else:
        loss = _steps(training, network, batches, rng)
    if score is None:  # the loss was measured on weights from here on, the first ones for certain
        training.best.offer(-loss, training.epoch, before)
    training.record(loss, penalty, None if score is None else score())


def _full_step(training, network, batches):
    """One step with the gradient over all examples; their mean loss."""
    loss = network.full_loss_and_gradient(batches)
    training.check(loss)
    training.step(network.gradient)
    return loss


def _steps(training, network, batches, rng):
    """A step for every batch; the mean of the losses."""
    tally = network.tally(batches.largest, training.check)
    for i, (A0, Y, s) in enumerate(batches.deal(rng)):
        network.backpropagate(A0, Y, s, tally)
        training.step(network.gradient, i / len(batches))
        if training.first_loss is None or training.doubted is not None:
            tally.compute()
        elif training.limit is None:
            tally.look()
    return tally.mean()
