"""Stand-ins for what a training meets: callbacks, a scorer, an engine that does not compute."""

import sys
from pathlib import Path

import numpy as np

import skshallow
from skshallow.core.losses import LOSSES
from skshallow.core.optimizers import GradientDescent

ROOT = Path(skshallow.__file__).parent


class Callbacks:
    """Notes its calls; at the given epoch it stops training or raises."""

    def __init__(self, at=None, error=None):
        self.at, self.error, self.calls = at, error, []

    def begin_epoch(self):
        self.calls.append("begin")

    def end_epoch(self):
        self.calls.append("end")
        if self.calls.count("end") != self.at:
            return False
        if self.error is not None:
            raise self.error
        return True


class Scorer:
    """Reads scores and validation losses from lists, and notes the weights it is asked about."""

    def __init__(self, state, scores, losses=()):
        self.state, self.scores, self.losses, self.seen = state, iter(scores), iter(losses), []

    def validation_loss(self):
        return next(self.losses, 0.0)

    def score(self):
        self.seen.append(self.state.theta.copy())
        return next(self.scores)


class Spy(GradientDescent):
    """Gradient descent that takes mini-batches and notes resets, rates and weights."""

    full_batch = False

    def __init__(self):
        self.resets = 0

    def reset(self, theta):
        self.resets += 1
        self.rates, self.thetas = [], [theta.copy()]  # new lists: the old ones stay readable

    def step(self, theta, gradient, learning_rate):
        super().step(theta, gradient, learning_rate)
        self.rates.append(learning_rate)
        self.thetas.append(theta.copy())


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


class FakeEngine:
    """An engine that computes nothing: it notes its calls and moves theta by a marker.

    Parameters
    ----------
    state : TrainingState
    losses : iterable
        For each epoch the losses of its batches, one for all of them, or an error to raise; one
        after the last.
    moves : iterable
        What is added to theta in each epoch; one after the last.
    """

    n_examples, n_steps, divergence_factor = 10, 3, 100.0
    shares = np.array([0.4, 0.3, 0.3])

    def __init__(self, state, losses=(), moves=()):
        self.state, self.losses, self.moves = state, iter(losses), iter(moves)
        self.orders, self.rates, self.thetas = [], [], [state.theta.copy()]
        self.first = None

    def batch_losses(self):
        """Before the first step all batches had the loss of the first one."""
        return np.full(self.n_steps, self.first)

    def run_epoch(self, order, rates):
        self.orders.append(order)
        self.rates.append(rates)
        self.state.theta[...] += next(self.moves, 1.0)
        self.thetas.append(self.state.theta.copy())
        losses = next(self.losses, 1.0)
        if isinstance(losses, BaseException):
            raise losses
        losses = np.full(self.n_steps, losses)
        self.first = losses[0] if self.first is None else self.first
        return losses

    def penalty(self):
        return float(self.state.theta[0]) / 8


class FakeObjective:
    """A long bowl round theta = 1 in place of J; notes what it is asked, at a call it fails.

    ``number`` is then the loss, or ``error`` is raised.
    """

    def __init__(self, at=None, *, error=None, number=np.nan, penalty=0.25):
        self.at, self.error, self.number, self.penalty, self.asked = at, error, number, penalty, []

    def __call__(self, theta):
        self.asked.append(theta.copy())
        distance, curvature = theta - 1, np.arange(1.0, len(theta) + 1) ** 2
        loss = float(curvature @ distance**2) / 2
        if len(self.asked) == self.at:
            if self.error is not None:
                raise self.error
            loss = self.number
        self.gradient = curvature * distance
        return loss, self.penalty, self.gradient


class Lines:
    """A block that notes the lines it executes in the package, and raises at the n-th.

    ``trace`` has the (file, line) of each; ``within`` is a folder or a file of the package.
    """

    def __init__(self, n=None, error=KeyboardInterrupt, within=ROOT):
        self.n, self.error, self.within, self.trace = n, error, str(within), []

    def __enter__(self):
        self.outer = sys.gettrace()
        sys.settrace(self)
        return self

    def __exit__(self, *_):
        sys.settrace(self.outer)

    def __call__(self, frame, event, _):
        if not frame.f_code.co_filename.startswith(self.within):
            return None
        if event == "line":
            self.trace.append((frame.f_code.co_filename, frame.f_lineno))
            if len(self.trace) == self.n:
                raise self.error
        return self


class FakeEngineOfManyEpochs(FakeEngine):
    """The same, but one call may take four epochs: it notes how many each took.

    Losses and moves, which are lists here, belong to the epochs: what is done again is the same.
    """

    epochs_together = 4

    def __init__(self, state, losses=(), moves=()):
        super().__init__(state)
        self.given, self.calls = (list(losses), list(moves)), []

    def run_epoch(self, order, rates, ahead=0):
        done = self.state.epoch + ahead
        self.losses, self.moves = (iter(values[done:]) for values in self.given)
        return super().run_epoch(order, rates)

    def run_epochs(self, orders, rates):
        self.calls.append(len(rates))
        losses, thetas = [], [self.state.theta.copy()]
        for ahead, how in enumerate(zip(orders, rates, strict=True)):
            losses.append(self.run_epoch(*how, ahead))
            thetas.append(self.state.theta.copy())
        return np.array(losses), np.array(thetas)
