"""What a fit tells the outside after every epoch, and at the end if something is wrong."""

import copy
import math

import numpy as np

from skshallow.core.health import SAMPLE, hidden_layer_fault
from skshallow.core.inputs import Inputs
from skshallow.core.network import Network
from skshallow.settings import is_lbfgs


class Progress:
    """Watches a training: ``begin`` and ``end`` of every epoch; ``end`` is true to stop it.

    Parameters
    ----------
    estimator : the estimator in its fit
    context : sklearn.callback.CallbackContext of the fit
    arguments : dict
        What callbacks are given: X, y and metadata.
    training : Training
    epochs : int
        Number of epochs to come.
    """

    def __init__(self, estimator, context, arguments, training, epochs):
        self.estimator, self.context, self.arguments = estimator, context, arguments
        self.training = training
        self.last = training.epoch + epochs
        self.every = max(1, epochs // 10) if int(estimator.verbose) == 1 else 1

    def begin(self) -> None:
        """An epoch begins."""
        self.epoch_context = self.context.subcontext(task_name="epoch")
        self.epoch_context.call_on_fit_task_begin(estimator=self.estimator, **self.arguments)

    def end(self) -> bool:
        """An epoch has ended: print it, ask the callbacks."""
        if self.estimator.verbose and self.training.epoch % self.every == 0:
            print(self._line())
        return self.epoch_context.call_on_fit_task_end(
            estimator=self.estimator,
            **self.arguments,
            reconstruction_attributes=lambda: self.estimator._weights_of(self.training.theta),
        )

    def _line(self):
        history = self.training.history
        line = f"[{type(self.estimator).__name__}] epoch {self.training.epoch}/{self.last}"
        line += f"  loss {history.losses[-1]:.5f}  penalty {history.penalties[-1]:.5f}"
        return line + (f"  validation {history.scores[-1]:.5f}" if self.training.scored else "")


def record_of(training, kept: int) -> dict:
    """The fitted attributes that say how training went, if the weights after ``kept`` are kept."""
    history, best = training.history, training.best
    scores = np.array(history.scores, dtype=float)
    ever = not np.isnan(scores).all()
    losses = [training.first_loss, *history.losses]
    best_score = best.score if training.scored else np.nanmax(scores, initial=-math.inf)
    return {
        "n_iter_": training.epoch,
        "best_iter_": kept,
        "loss_": math.inf if losses[kept] is None else losses[kept],
        "loss_curve_": np.array(history.losses),
        "penalty_curve_": np.array(history.penalties),
        "validation_scores_": scores if ever else None,
        "best_validation_score_": float(best_score) if ever else None,
    }


def complaint(estimator, outcome: str, training) -> str | None:
    """What to tell the user about how training ended, or None."""
    epoch, iterations = training.epoch + 1, training.epoch - training.round_start
    if outcome == "interrupted":
        return f"training was interrupted in epoch {epoch}: the best weights so far are kept"
    if outcome == "unconverged":
        return (
            f"lbfgs stopped at max_iter={iterations} with derivatives above "
            f"10 tol={10 * estimator.tol:.3g}: raise max_iter, tol or alpha"
        )
    if outcome == "stuck":
        return (
            f"lbfgs found no lower loss in iteration {epoch} although the gradient promised "
            "one: raise alpha, or check the derivative of an own activation"
        )
    if outcome == "diverged":
        remedy = f"lower learning_rate={estimator.learning_rate}"
        if is_lbfgs(estimator.solver):
            remedy = "raise alpha"
        if not estimator.standardize:
            remedy += ", or set standardize=True"
        return (
            f"training diverged in epoch {epoch}: the loss was no longer a finite, sensible "
            f"number; the best weights before are kept: {remedy}"
        )
    return None


def layer_complaint(estimator, examples, layers: tuple) -> str | None:
    """What to tell the user about a hidden layer that is dead or symmetric, or None.

    ``layers`` are the kept parameters for standardised inputs.
    """
    rows = examples.rows[:: -(-len(examples.rows) // SAMPLE)]
    network = Network(layers, copy.deepcopy(estimator._activation), None)
    A0 = Inputs(examples.X, estimator._standardization).take(rows)
    if abs(A0.max(axis=1) - A0.min(axis=1)).sum() == 0:  # no layer could tell these rows apart
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        Z1, A1, _ = network.forward(A0)
        return hidden_layer_fault(network.activation, Z1, A1, *layers[4:])
