"""What verbose prints: how training goes, why it ended and which weights were kept."""

import time

from skshallow._defaults import is_auto, name_of_epoch
from skshallow.core.training import COOL_DOWN

ROUND = 1, 2, 5  # iterations of L-BFGS, whose number nobody knows before: 1, 2, 5, 10, 20, 50, ...


def score_name(estimator) -> str:
    """What the validation score is called: "val_loss", or by the scorer's name."""
    scoring = estimator.scoring
    return f"val_{scoring}" if isinstance(scoring, str) else "val_score"


def shown_score(estimator, score: float) -> float:
    """The score as it is printed and recorded: the loss itself, not minus it."""
    return -score if score_name(estimator) == "val_loss" else score


def counted(n: int, unit: str) -> str:
    """The number with its unit: "1 epoch", "2 epochs"."""
    return f"{n} {unit}" if n == 1 else f"{n} {unit}s"


def say(estimator, line: str) -> None:
    """Print a line of verbose."""
    print(f"[{type(estimator).__name__}] {line}")


class Progress:
    """Lines on the screen: about ten with ``verbose=1``, one for every epoch with 2.

    Parameters
    ----------
    estimator : the estimator in its fit
    state : TrainingState
    n_epochs : int
        Number of epochs to come.
    """

    def __init__(self, estimator, state, n_epochs):
        self.estimator, self.state, self.first = estimator, state, state.epoch
        self.verbose = int(estimator.verbose)
        self.unit = name_of_epoch(estimator)
        self.every = max(1, n_epochs // 10)
        self.printed, self.time = state.epoch, time.perf_counter()

    def begin(self, sets, penalty) -> None:
        """What is known before the first epoch."""
        if self.verbose:
            chosen = " chosen by the data" if penalty.tried else ""
            line = f"{sets.training.n_samples} training samples, alpha {penalty.alpha:.3g}{chosen}"
            if sets.validation is not None:
                auto = " (on by 'auto')" if is_auto(self.estimator.early_stopping) else ""
                n = sets.validation.n_samples
                line += f", early stopping{auto} on {n} validation samples, {sets.source}"
            say(self.estimator, line)

    def end_epoch(self) -> None:
        """Print an epoch if it is its turn."""
        if not (self.verbose > 1 or (self.verbose and self._has_turn())):
            return
        epoch, now = self.state.epoch, time.perf_counter()
        loss, penalty, score = self.state.history.lines[-1]
        left = self.state.learning_rate.epochs_left  # fewer once the schedule is cut short
        last = "" if self.unit == "iteration" else f"/{epoch + left}"
        seconds = (now - self.time) / (epoch - self.printed)
        line = f"{self.unit} {epoch}{last}  {seconds:.4f} s/{self.unit}"
        line += f"  loss {loss:.5f}  penalty {penalty:.5f}"
        if self.state.is_scored:
            line += f"  {self._score(score)}"
        say(self.estimator, line)
        self.printed, self.time = epoch, now

    def end(self, outcome) -> None:
        """Why training ended, and which epoch was kept."""
        if self.verbose:
            kept = f"the weights of {self.unit} {outcome.epoch} are kept"
            if self.state.is_scored:
                kept += f", {self._score(self.state.checkpoint.score)}"
            say(self.estimator, f"{self._reason(outcome.reason)}: {kept}")

    def _has_turn(self):
        done = self.state.epoch - self.first
        if self.unit == "epoch":
            return done % self.every == 0
        power = 10 ** (len(str(done)) - 1)
        return done % power == 0 and done // power in ROUND

    def _score(self, score):
        value = shown_score(self.estimator, score)
        return f"{score_name(self.estimator)} {value:.5f}"

    def _reason(self, reason):
        done = self.state.epoch - self.state.learning_rate.start  # with those before a checkpoint
        n = self.estimator.n_iter_no_change
        epochs = counted(n, self.unit)
        without = f"no better by tol={self.estimator.tol:.3g} for {epochs}"
        if self.state.learning_rate.shortened is not None:
            without += f", then a falling learning rate for {COOL_DOWN * n}"
        everything = "all " * (done > 1) + counted(done, self.unit)
        reasons = {
            "finished": f"{everything} done",
            "early_stopped": f"stopped early after {self.unit} {self.state.epoch}, {without}",
            "stopped": f"stopped by a callback after {self.unit} {self.state.epoch}",
            "interrupted": f"interrupted in {self.unit} {self.state.epoch + 1}",
            "diverged": f"diverged in {self.unit} {self.state.epoch + 1}",
            "unconverged": f"{everything} done without convergence",
            "line_search_failed": "no lower loss found",
        }
        if reason == "finished" and self.unit == "iteration":
            return f"converged after {counted(done, self.unit)}"
        return reasons[reason]
