"""The penalty that alpha="auto" stands for: chosen on rows that are held out.

How much penalty is right depends on the noise in the data. A closed form, which knows the number of
rows alone, is the start. From there the penalty is tripled, or divided by three, as long as that
lowers the loss on rows that a short training has not seen. Equal rows stay on one side, and weights
count as rows. Very few rows tell nothing: there the closed form stands.

With few rows such a training is half as long as the fit, as a shorter one would hide noise, and one
more far below the start tells whether there is a better valley behind a hill. Few rows that ask for
less penalty may be clean, and then a longer fit pays: a longer training tells, and it has its own
best penalty. A classifier that memorizes the rows it is trained with has no use for it.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

from skshallow import _training
from skshallow._data import DataSet
from skshallow._defaults import (
    FEW_ROWS,
    LEAST_ALPHA,
    Settings,
    alpha_by_rows,
    is_auto,
    resolve_epochs,
)
from skshallow._progress import say
from skshallow.core.duplicates import equal_rows

LEAST_ROWS = 50  # with fewer the closed form stands
MOST_ROWS = 10_000  # to train with: more are as good
MOST_HELD_OUT = 5_000
TRIED_TWICE = 1_000  # rows up to which two different parts are held out
PARTS, PARTS_OF_MANY = 5, 3  # of which one is held out; the latter if only some rows are taken
SHARE, SHARE_OF_FEW = 0.3, 0.5  # of the epochs of a fit to many rows and to few, but at least
LEAST_EPOCHS = 10
LONGER = 3  # times as many epochs tell of few rows whether they are clean
MEMORIZED = 0.25  # times the loss held out: a lower training loss says that rows are memorized
MOST_ITERATIONS = 200  # of L-BFGS
STEP = 3.0
FAR = -4  # steps to where there may be a better valley
LARGEST_ALPHA = 1.0
GAIN = 0.02  # share of the loss that a smaller penalty must save: the larger one is safer
LEAST_GAIN = 0.001  # the same of a larger one
GAIN_OF_LONG = 0.03  # the same of a longer training


@dataclass
class Choice:
    """The penalty, whether the rows are few and clean, so that a long training pays, and whether
    trials have chosen it.
    """

    alpha: float
    clean: bool = False
    tried: bool = False


def resolve_penalty(estimator, settings, data, held_out=None, *, first=False) -> Choice:
    """The given penalty, or what "auto" stands for: in a first fit, in a stream, in a warm start.

    Both of the latter leave the choice as it is, but a stream counts its rows.
    """
    if not is_auto(estimator.alpha):
        return Choice(float(estimator.alpha))
    if first:
        return choose_penalty(estimator, settings, data, held_out, estimator._state.seed)
    if hasattr(estimator, "_stream"):
        return Choice(alpha_by_rows(settings, estimator._stream.n_rows))
    return Choice(estimator.alpha_)


def choose_penalty(estimator, settings: Settings, data: DataSet, held_out, seed: int) -> Choice:
    """The penalty for these training data, standardised; ``held_out`` are validation data or None.

    ``estimator`` is in its fit: it knows its activation and the encoder of its targets.
    """
    n = data.effective_rows
    if n < LEAST_ROWS:
        return Choice(alpha_by_rows(settings, n))
    if estimator.verbose:
        say(estimator, "choosing alpha on held-out samples")
    rng = np.random.default_rng(seed)
    if held_out is None:
        splits = _splits(estimator, data, n, rng, seed)
    else:
        splits = [(data.sample(MOST_ROWS, rng), held_out.sample(MOST_HELD_OUT, rng))]
    trials = _Trials(estimator, settings, splits, n, seed)
    steps, clean = descend(trials.losses, *trials.bounds()), False
    if trials.are_few() and steps >= 0 and saves(trials.losses(FAR), trials.losses(steps), GAIN):
        steps = climb(trials.losses, FAR)
    if trials.may_last_longer() and not trials.memorizes(steps):
        short, long = trials.losses, trials.losses_if_long
        steps, clean = last_longer(short, long, steps, trials.bounds()[0])
    return Choice(trials.alpha(steps), clean, tried=True)


def descend(losses: Callable[[int], np.ndarray], lowest: int, largest: int) -> int:
    """The number of steps, from 0 on, where the mean loss is least, as far as small steps find it.

    ``losses`` of a number of steps are those of all rows held out.
    """

    def improves(new, old):
        if not lowest <= new <= largest:
            return False
        gain, errors = (GAIN, 1) if new < old else (LEAST_GAIN, 0)
        return saves(losses(new), losses(old), gain, errors)

    best = 0
    while improves(best + 1, best):
        best += 1
    while best <= 0 and improves(best - (stride := 1 if best > -2 else 2), best):
        best -= stride
    return best


def climb(losses: Callable[[int], np.ndarray], best: int) -> int:
    """The number of steps from ``best`` up to 0 after which the mean loss rises."""
    while best < 0 and losses(best + 1).mean() <= losses(best).mean():
        best += 1
    return best


def last_longer(
    short: Callable[[int], np.ndarray],
    long: Callable[[int], np.ndarray],
    steps: int,
    lowest: int,
) -> tuple[int, bool]:
    """The number of steps for a longer training, and whether it pays.

    ``short`` and ``long`` are the losses of both. It is tried if less penalty than at the start
    lowers the loss; if it does so by very little, what the longer training saves must be certain.
    """
    hint = steps == 0 > lowest and short(-1).mean() < short(0).mean()
    best = -1 if hint else steps
    if best >= 0 or not long(best).mean() < short(steps).mean():
        return steps, False
    best = climb(long, best)
    if not saves(long(best), short(steps), GAIN_OF_LONG, errors=1 if hint else 0):
        return steps, False
    while best > lowest and saves(long(best - 1), long(best), GAIN):
        best -= 1
    return best, True


def saves(new: np.ndarray, old: np.ndarray, gain: float, errors: float = 1) -> bool:
    """Whether losses are lower by this share, and by so many standard errors of the difference."""
    if not np.isfinite(new).all():
        return False
    if not np.isfinite(old).all():
        return True
    saved = old - new
    chance = errors * saved.std() / math.sqrt(len(saved))
    return bool(saved.mean() > max(chance, gain * abs(old.mean())))


@dataclass
class _Trials:
    """Trainings on the first data set of each split, scored on the second."""

    estimator: object
    settings: Settings
    splits: list
    n: float
    seed: int
    known: dict = field(default_factory=dict)  # losses held out, mean loss of the last epoch

    def alpha(self, steps):
        """The penalty of a fit to all rows that so many steps stand for."""
        return max(alpha_by_rows(self.settings, self.n) * STEP**steps, LEAST_ALPHA)

    @property
    def start(self):
        """The penalty that no steps stand for: that of the rows that are trained with."""
        return alpha_by_rows(self.settings, self.splits[0][0].effective_rows)

    def bounds(self):
        """The least and the largest number of steps."""
        low, high = (math.log(alpha / self.start, STEP) for alpha in (LEAST_ALPHA, LARGEST_ALPHA))
        return math.ceil(low - 1e-9), math.floor(high + 1e-9)

    def losses(self, steps):
        """Losses of all rows held out, after a training with this penalty."""
        return self._losses(steps)

    def losses_if_long(self, steps):
        """Losses after a training that is longer than a fit."""
        return self._losses(steps, long=True)

    def are_few(self):
        """Whether the rows are so few that the number of steps decides."""
        return not self.settings.full_batch and self.n <= FEW_ROWS

    def may_last_longer(self):
        """Whether a fit may go on for longer if that pays."""
        return self.are_few() and is_auto(self.estimator.max_iter)

    def memorizes(self, steps):
        """Whether a classifier with this penalty has little left to learn from its rows."""
        if self.settings.task != "classifier":
            return False  # what a regressor does between its rows goes on to improve
        held_out = self.losses(steps).mean()
        learned = np.mean([self.known[i, steps, False][1] for i in range(len(self.splits))])
        return 0 <= learned < MEMORIZED * held_out

    def _losses(self, steps, *, long=False):
        tried, alpha = (0, steps, long) in self.known, self.start * STEP**steps
        for i, split in enumerate(self.splits):
            if (i, steps, long) not in self.known:
                self.known[i, steps, long] = self._train(*split, alpha, long)
        losses = np.concatenate([self.known[i, steps, long][0] for i in range(len(self.splits))])
        if self.estimator.verbose > 1 and not tried:
            how = "a longer training" if long else "a short training"
            line = f"alpha {self.alpha(steps):.3g}: loss {losses.mean():.5f} after {how}"
            say(self.estimator, line)
        return losses

    def _train(self, training, validation, alpha, long):
        settings, state, engine = self._new_engine(training, alpha)
        n_epochs = self._n_epochs(engine.n_steps, long)
        _training.begin_fit(self.estimator, settings, state, n_epochs)
        with _training.computing(engine):
            outcome = _training.run_solver(self.estimator, state, engine, n_epochs)
            if outcome.reason == "interrupted":
                raise KeyboardInterrupt
            state.theta[...] = outcome.weights
            losses = _losses(engine.network, validation)
        if outcome.reason == "diverged":
            losses[...] = math.inf
        return losses, [math.inf, *state.history.losses][-1]  # L-BFGS may take no step

    def _new_engine(self, training, alpha):
        settings = copy.deepcopy(self.settings)
        state = _training.new_state(self.estimator, settings, training, self.seed)
        engine = _training.new_engine(self.estimator, settings, state, training, alpha)
        return settings, state, engine

    def _n_epochs(self, n_batches, long):
        """Fewer than in a fit, but no more if the user wants a fit very long; more if long."""
        n_epochs = resolve_epochs("auto", self.settings, n_batches)
        n_epochs = min(n_epochs, resolve_epochs(self.estimator.max_iter, self.settings, n_batches))
        if self.settings.optimizer is None:
            return min(n_epochs, MOST_ITERATIONS)
        if long:
            return LONGER * n_epochs
        share = SHARE_OF_FEW if self.are_few() else SHARE
        return min(n_epochs, max(math.ceil(share * n_epochs), LEAST_EPOCHS))


def _losses(network, data):
    """The losses of all rows."""
    return np.concatenate([network.losses(*batch) for batch in data.batches().iterate()])


def _splits(estimator, data, n, rng, seed):
    """(training, validation) data, with equal rows on one side; classes in equal shares."""
    some = data.sample(MOST_ROWS + MOST_HELD_OUT, rng)
    many = data.n_samples > MOST_ROWS + MOST_HELD_OUT
    n_parts = PARTS_OF_MANY if many else PARTS
    groups, labels = equal_rows(some.X, some.rows), estimator._encoder.strata(some.y)
    first = np.unique(groups, return_index=True)[1]
    if len(first) < n_parts:
        return [(some, some)]
    kind, labels = KFold, None if labels is None else labels[some.rows[first]]
    if labels is not None:
        _, labels, counts = np.unique(labels, return_inverse=True, return_counts=True)
        labels = np.where(counts[labels] < n_parts, -1, labels)  # rare ones together
        together = np.unique(labels, return_counts=True)[1]
        kind = StratifiedKFold if together.min() >= n_parts else KFold
    parts = kind(n_parts, shuffle=True, random_state=seed).split(first, labels)
    number = 2 if n <= TRIED_TWICE else 1
    sides = [[some.rows[np.isin(groups, side)] for side in pair] for pair in islice(parts, number)]
    return [(some.subset(a).sample(MOST_ROWS, rng), some.subset(b)) for a, b in sides]
