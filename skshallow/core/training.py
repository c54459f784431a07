"""Gradient descent over epochs: what is repeated, when it stops, which weights are kept.

``fit_epochs`` repeats: an epoch of steps, which the engine computes, and ``end_epoch``. That is
the one place that writes the history, updates the checkpoint and decides whether to stop; L-BFGS
uses it too. All that a later call goes on from (warm start, partial_fit, after a pickle) is in
``TrainingState``.
"""

import copy
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

import numpy as np

from skshallow.core.divergence import DivergenceError, LossLimit, check_loss, max_validation_loss
from skshallow.core.early_stopping import EarlyStopping
from skshallow.core.history import Checkpoint, History
from skshallow.core.learning_rate import LearningRate

COOL_DOWN = 2  # times n_iter_no_change: the most epochs in which the rate comes down at last


@dataclass
class TrainingState:
    """What a later call of fit or partial_fit goes on from."""

    parameters: Any
    seed: int
    rng: np.random.Generator
    learning_rate: LearningRate
    early_stopping: EarlyStopping
    optimizer: Any = None
    input_scaling: Any = None
    checkpoint: Checkpoint = field(default_factory=Checkpoint)
    history: History = field(default_factory=History)

    @property
    def theta(self):
        """The parameters as a vector."""
        return self.parameters.theta

    @property
    def epoch(self):
        """Epochs taken so far."""
        return len(self.history.lines)

    @property
    def is_scored(self):
        """Whether a validation score, not the training loss, says which weights are the best."""
        return self.checkpoint.metric is not None

    def use_optimizer(self, optimizer, input_scaling=None):
        """Take the steps to come with this optimizer, without a past; None for L-BFGS."""
        self.optimizer, self.input_scaling = optimizer, input_scaling
        if optimizer is not None:
            optimizer.reset(self.theta)

    def use_input_scaling(self, input_scaling):
        """Scale the inputs from here on, or no longer; what goes on keeps its past."""
        if (input_scaling is None) != (self.input_scaling is None):
            self.input_scaling = input_scaling

    def begin(self, learning_rate, early_stopping, metric=None):
        """Start a call of fit or partial_fit; scores of another kind are not compared."""
        if (metric is not None) != self.is_scored:
            self.checkpoint, self.early_stopping = Checkpoint(), early_stopping
        self.early_stopping.n_iter_no_change = early_stopping.n_iter_no_change
        self.early_stopping.tol = early_stopping.tol
        self.learning_rate, self.checkpoint.metric = learning_rate, metric

    def end(self):
        """Whatever goes on from here starts its schedule anew."""
        rate, rule = self.learning_rate, self.early_stopping
        if rate.shortened is not None:
            rule.epochs_without_improvement = 0
        rule.end()
        self.learning_rate = replace(rate, start=self.epoch, epochs_left=None, shortened=None)

    def step(self, gradient, rate):
        """Move the parameters against their gradient."""
        if self.input_scaling is not None:
            self.input_scaling.step(self.parameters.W1, gradient.W1, gradient.b1, rate)
        self.optimizer.step(self.theta, gradient.theta, rate)

    def change_scales(self, old, new):
        """The same network for inputs and targets on another footing, the checkpoint too.

        ``old`` and ``new`` are what standardises inputs and targets; either may be None.
        """
        kept = self.checkpoint.best_weights
        for theta in (self.theta, *([] if kept is None else [kept])):
            views, each = self.parameters.views_of(theta), self.parameters.layout.by_network
            layers = (views.W1, views.b1), (each(views.W2), each(views.b2))
            for before, after, layer in zip(old, new, layers, strict=True):
                if before is not None:
                    before.change(after, *layer)

    def snapshot(self):
        """What ``go_back`` needs to undo training: copies, but of the history its length alone."""
        best, history = copy.copy(self.checkpoint.best_weights), self.history
        changing = self.rng, self.learning_rate, self.early_stopping, self.optimizer
        return {
            "theta": self.theta.copy(),
            "objects": copy.deepcopy((*changing, self.input_scaling)),
            "checkpoint": replace(self.checkpoint, best_weights=best),
            "history": (len(history.lines), history.initial_loss),
        }

    def go_back(self, snapshot):
        """Become what the state was when the snapshot was taken."""
        self.theta[...] = snapshot["theta"]
        (self.rng, self.learning_rate, self.early_stopping, self.optimizer, self.input_scaling) = (
            snapshot["objects"]
        )
        self.checkpoint, history = snapshot["checkpoint"], self.history
        n, history.initial_loss = snapshot["history"]
        del history.lines[n:]

    def restore_checkpoint(self):
        """Go back to the best weights."""
        if self.checkpoint.best_weights is not None:
            self.theta[...] = self.checkpoint.best_weights

    def rescore_checkpoint(self, scorer):
        """Score the best weights anew, because the metric is no longer what it was."""
        if self.checkpoint.best_weights is not None:
            present = self.theta.copy()
            self.restore_checkpoint()
            scorer.validation_loss()
            self.checkpoint.score = self.early_stopping.best_score = scorer.score()
            self.theta[...] = present

    def no_longer_improves(self):
        """Whether the score no longer rises, and there is no lower learning rate to go on with.

        If the score went up and down, the steps are too long: a schedule that ends is passed faster
        before training stops.
        """
        loss, _, score = self.history.lines[-1]
        rule, rate = self.early_stopping, self.learning_rate
        should_stop = rule.should_stop(score if self.is_scored else -loss)
        if rate.shortened is not None:
            should_stop = rate.epochs_left <= 0
        if not should_stop:
            return False
        rule.epochs_without_improvement = 0
        if rule.is_noisy and rate.end_within(COOL_DOWN * rule.n_iter_no_change, self.epoch):
            return False
        return not rate.schedule.lower()


@dataclass
class Outcome:
    """How training ended, which weights to keep, and after which epoch they were taken.

    ``reason`` is "finished", "early_stopped", "stopped" (by a callback), "interrupted" or
    "diverged"; for L-BFGS also "unconverged" or "line_search_failed".
    """

    reason: str
    weights: np.ndarray
    epoch: int

    @classmethod
    def of(cls, state, reason, *, restored=False):
        """The best weights if they were scored or gone back to, else the last ones."""
        if restored or state.is_scored:
            return cls(reason, state.checkpoint.best_weights, state.checkpoint.epoch)
        return cls(reason, state.theta, state.epoch)


def fit_epochs(state, engine, n_epochs, *, shuffle=True, scorer=None, callbacks=None):
    """Take so many epochs, or fewer.

    Parameters
    ----------
    state : TrainingState
    engine : Engine
    n_epochs : int
    shuffle : bool
        Whether every epoch has an order of its own.
    scorer : object or None
        ``validation_loss()`` at the present weights is asked for after each epoch, and if it is
        sensible their ``score()``, the greater the better. Training then stops when patience runs
        out. Without it the schedule alone decides.
    callbacks : object or None
        ``begin_epoch()`` is called before, ``end_epoch()`` after each epoch; true means stop.

    Returns
    -------
    Outcome
    """
    state.checkpoint.update(-inf, state.epoch, state.theta)  # something to go back to
    limit, weights, reason = LossLimit(state, engine), state.theta, None
    look = {"scorer": scorer, "callbacks": callbacks}
    together = 1 if _needs_every_epoch(state, **look) else getattr(engine, "epochs_together", 1)
    look["max_loss"] = max_validation_loss(scorer, engine.divergence_factor)
    last = state.epoch + n_epochs
    try:
        while reason is None and state.epoch < last:
            n = min(together, last - state.epoch)
            if n == 1:
                weights, reason = _one_epoch(state, engine, limit, shuffle, look)
            elif (before := _several_epochs(state, engine, limit, shuffle, n)) is not None:
                weights = before
            else:
                together = 1  # one of them diverges: which is seen one by one
        limit.check_last_step(weights)
    except (DivergenceError, KeyboardInterrupt) as stop:
        return _recover(state, "diverged" if isinstance(stop, DivergenceError) else "interrupted")
    return Outcome.of(state, reason or "finished")


def _needs_every_epoch(state, scorer, callbacks):
    """Whether something looks at the weights after each epoch, or changes what comes next."""
    return scorer is not None or callbacks is not None or state.learning_rate.schedule.adapts


def _one_epoch(state, engine, limit, shuffle, look):
    """Take the steps of an epoch and end it: the weights before, why to stop or None."""
    if look["callbacks"] is not None:
        look["callbacks"].begin_epoch()
    weights, penalty = state.theta.copy(), engine.penalty()
    losses = engine.run_epoch(*_order_and_rates(state, engine, shuffle, state.epoch))
    state.history.start(check_loss(float(losses[0])))
    return weights, end_epoch(state, limit.check(losses), penalty, weights=weights, **look)


def _several_epochs(state, engine, limit, shuffle, n_epochs):
    """Take the steps of so many epochs in one call and end them: the weights before the last.

    None if one of them diverges: the state is then what it was, as after Ctrl-C.
    """
    snapshot, last = state.snapshot(), state.epoch + n_epochs
    try:
        epochs = range(state.epoch, last)
        drawn = [_order_and_rates(state, engine, shuffle, epoch) for epoch in epochs]
        all_losses, thetas = engine.run_epochs(*map(list, zip(*drawn, strict=True)))
        for before, after, losses in zip(thetas[:-1], thetas[1:], all_losses, strict=True):
            state.theta[...] = before
            penalty = engine.penalty()
            state.theta[...] = after
            state.history.start(check_loss(float(losses[0])))
            end_epoch(state, limit.check(losses), penalty, weights=before)
        return thetas[-2]
    except (DivergenceError, KeyboardInterrupt) as stop:
        state.go_back(snapshot)
        if isinstance(stop, KeyboardInterrupt):
            raise


def _order_and_rates(state, engine, shuffle, epoch):
    """The order of the examples in this epoch, or None, and the rates of its steps."""
    order = None
    if shuffle and engine.n_steps > 1:
        order = state.rng.permutation(engine.n_examples)
    return order, state.learning_rate.of_epoch(epoch, engine.n_steps)


def end_epoch(state, loss, penalty, *, weights=None, scorer=None, max_loss=inf, callbacks=None):
    """Write the history, update the checkpoint, decide whether to stop: nowhere else.

    Parameters
    ----------
    state : TrainingState
    loss, penalty : float
        Of the epoch.
    weights : ndarray or None
        The weights from which on the loss was measured. Where nothing is scored, the best of them
        are what a divergence goes back to.
    scorer, callbacks
        As for ``fit_epochs``.
    max_loss : float
        A validation loss above it counts as divergence.

    Returns
    -------
    str or None
        Why to stop, if there is a reason.
    """
    score = None
    if scorer is not None:
        check_loss(scorer.validation_loss(), max_loss)
        score = scorer.score()
    elif weights is not None:
        state.checkpoint.update(-loss, state.epoch, weights)
    if not np.isfinite(state.theta).all():
        raise DivergenceError(loss)
    state.history.lines.append((loss, penalty, score))
    if score is not None:
        state.checkpoint.update(score, state.epoch, state.theta)
    rate = state.learning_rate
    rate.end_epoch()
    early = (score is not None or rate.schedule.adapts) and state.no_longer_improves()
    if early:
        rate.end()
    stopped = callbacks is not None and callbacks.end_epoch()  # told last: they may save the state
    return "early_stopped" if early else "stopped" if stopped else None


def _recover(state, reason):
    """The best weights, without the optimizer's momentum, unless the present ones are sane."""
    absurd = reason == "diverged" or not np.isfinite(state.theta).all()
    if absurd:
        state.restore_checkpoint()
        state.optimizer.reset(state.theta)
    return Outcome.of(state, reason, restored=absurd)
