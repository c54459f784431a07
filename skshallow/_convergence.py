"""How training went: fitted attributes that say it, and warnings where something is wrong."""

import copy
import math

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skshallow._defaults import is_auto, is_lbfgs, name_of_epoch
from skshallow._prediction import fitted_attributes
from skshallow.core.batches import Inputs
from skshallow.core.health import N_COMPARED, hidden_layer_fault
from skshallow.core.network import Network
from skshallow.core.parameters import Parameters

LARGEST_RATE = 1.0  # a larger one is to blame itself
STEEP = 1.0  # learning_rate * alpha: a larger step turns the sign of every weight
LARGEST_ALPHA = 1e6  # for L-BFGS: a larger one is to blame itself


def learned_attributes(estimator, engine, outcome, sets) -> dict:
    """All fitted attributes that training leaves, with the weights of ``outcome``."""
    return {
        "engine_": engine.name,
        "alpha_": engine.network.alpha,
        "do_early_stopping_": sets.validation is not None,
        **fitted_attributes(estimator, outcome.weights),
        **_training_summary(estimator._state, outcome),
    }


def _training_summary(state, outcome):
    """The fitted attributes that say how training went."""
    history, checkpoint = state.history, state.checkpoint
    scores = np.array(history.scores, dtype=float)
    ever = not np.isnan(scores).all()
    losses = [history.initial_loss, *history.losses]
    best_score = checkpoint.score if state.is_scored else np.nanmax(scores, initial=-math.inf)
    return {
        "n_iter_": state.epoch,
        "best_iter_": outcome.epoch,
        "loss_": math.inf if losses[outcome.epoch] is None else losses[outcome.epoch],
        "loss_curve_": np.array(history.losses),
        "penalty_curve_": np.array(history.penalties),
        "validation_scores_": scores if ever else None,
        "best_validation_score_": float(best_score) if ever else None,
    }


def trouble_of(estimator, state, outcome, data=None) -> tuple | None:
    """A warning and its category if training ended badly or left a useless hidden layer.

    That is seen on training data, if they are given.
    """
    message = convergence_warning(estimator, state, outcome.reason)
    category = UserWarning if outcome.reason == "interrupted" else ConvergenceWarning
    if message is None and data is not None:
        parameters = Parameters(outcome.weights, state.parameters.layout)
        message, category = hidden_layer_warning(estimator, data, parameters), UserWarning
    return None if message is None else (message, category)


def convergence_warning(estimator, state, reason: str) -> str | None:
    """What to tell the user about how training ended, or None."""
    epoch, iterations = state.epoch + 1, state.epoch - state.learning_rate.start
    remedy = _remedy(estimator)
    unit = name_of_epoch(estimator)
    messages = {
        "interrupted": f"training was interrupted in {unit} {epoch}: the "
        f"{'best ' if state.is_scored else ''}weights so far are kept",
        "unconverged": f"lbfgs stopped at max_iter={iterations} with derivatives above "
        f"10 tol={10 * float(estimator.tol):.3g}: raise max_iter, tol or alpha",
        "line_search_failed": f"lbfgs found no lower loss in iteration {epoch} although the "
        f"gradient promised one: {remedy}, or check the derivative of an own activation",
        "diverged": f"training diverged in {unit} {epoch}: the loss was no longer a finite, "
        f"sensible number; the best weights before are kept: {remedy}",
    }
    return messages.get(reason)


def _remedy(estimator):
    """What keeps the steps from growing without limit."""
    rate, alpha = estimator.learning_rate, estimator.alpha
    lbfgs = is_lbfgs(estimator.solver)
    steepest = LARGEST_ALPHA if lbfgs else STEEP / min(rate, LARGEST_RATE)
    if not is_auto(alpha) and alpha > steepest:
        remedy = f"lower alpha={alpha}"  # a step along the penalty alone overshoots
    else:
        remedy = "raise alpha" if lbfgs else f"lower learning_rate={rate}"
    return remedy if estimator.standardize else f"{remedy}, or set standardize=True"


def hidden_layer_warning(estimator, data, parameters) -> str | None:
    """What to tell the user about a hidden layer that is dead or symmetric, or None.

    ``parameters`` are the kept ones, for standardised X.
    """
    some = data.thinned(N_COMPARED)
    alpha = 0.0 if is_auto(estimator.alpha) else estimator.alpha  # the data asked for theirs
    network = Network(parameters, copy.deepcopy(estimator._activation), alpha=alpha)
    A0 = Inputs(some.X, some.scales[0], some.bounds).take(some.rows)
    with np.errstate(over="ignore", invalid="ignore"):
        differences = np.ptp(some.Y[:, some.rows], axis=1)
        apart = abs(A0.max(axis=1) - A0.min(axis=1)).sum(), differences.sum()
        if 0 in apart:  # no layer could tell these rows apart, or none should
            return None
        return hidden_layer_fault(network, *network.hidden(A0))
