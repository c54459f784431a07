"""L-BFGS through SciPy: the whole set, a step length from a line search, no learning rate.

SciPy works on its own float64 vector: each point is copied into theta, each gradient out of the
buffer, because a solver may keep what it is given.

References
----------
Liu and Nocedal (1989), On the limited memory BFGS method for large scale optimization.
"""

import math

import numpy as np
from scipy.optimize import minimize

from skshallow.core.divergence import DivergenceError, check_loss
from skshallow.core.training import Outcome, end_epoch

LARGE = 100  # a J from which on outliers make most of it: standardised targets make less than one


def minimize_lbfgs(state, objective, max_iter, tol, *, scorer=None, callbacks=None):
    """Take so many iterations, or fewer.

    Parameters
    ----------
    state : TrainingState
    objective : callable
        (loss, penalty, gradient) of J at theta, a vector of the state's type.
    max_iter : int
    tol : float
        Training ends when every derivative is at most 10 tol, or J comes down by less than
        tol / 1,000 of it.
    scorer, callbacks
        As for ``fit_epochs``; an iteration is an epoch.

    Returns
    -------
    Outcome
        "unconverged" says that max_iter came first, "line_search_failed" that no lower J was found
        although the gradient promised one.
    """
    run = _Run(state, objective, scorer, callbacks)
    options = {"maxiter": max_iter, "maxfun": 20 * max_iter, "gtol": 10 * tol}
    options["ftol"] = max(1e-3 * tol, 4 * float(np.finfo(state.theta.dtype).eps))
    how = {"method": "L-BFGS-B", "jac": True, "callback": run.after_iteration}
    state.checkpoint.update(-math.inf, state.epoch, state.theta)  # something to go back to
    try:
        result = minimize(run.value_and_gradient, run.accepted, options=options, **how)
    except (KeyboardInterrupt, DivergenceError) as stop:
        run.reason = "diverged" if isinstance(stop, DivergenceError) else "interrupted"
    state.theta[...] = run.accepted
    return Outcome.of(state, run.reason or _reason(result))


def _reason(result):
    """What SciPy's status means; rounding ends many a line search when all is done."""
    failed = result.status == 2 and np.abs(result.jac).max() > 1e-3
    return "line_search_failed" if failed else "unconverged" if result.status == 1 else "finished"


class _Run:
    """What SciPy calls: the objective J, and the end of every iteration."""

    def __init__(self, state, objective, scorer, callbacks):
        self.state, self.objective = state, objective
        self.scorer, self.callbacks = scorer, callbacks
        self.accepted, self.under_way, self.reason = state.theta.astype(np.float64), False, None
        self.start = None  # what J is counted from

    def value_and_gradient(self, x):
        """J and its gradient at x."""
        if self.callbacks is not None and not self.under_way:
            self.callbacks.begin_epoch()
        self.under_way = True
        self.state.theta[...] = x
        self.loss, self.penalty, gradient = self.objective(self.state.theta)
        check_loss(self.loss + self.penalty)
        self.state.history.start(self.loss)
        J = self.state.parameters.layout.networks * (self.loss + self.penalty)
        if self.start is None:  # a tolerance that is relative to J shall not be one to an outlier
            self.start = J if abs(J) > LARGE else 0.0
        return J - self.start, gradient.astype(np.float64)

    def after_iteration(self, intermediate_result):
        """End the iteration; stop if there is a reason."""
        self.under_way = False
        self.state.theta[...] = self.accepted = intermediate_result.x.copy()
        look = {"scorer": self.scorer, "callbacks": self.callbacks}
        self.reason = end_epoch(self.state, self.loss, self.penalty, **look)
        if self.reason is not None:
            raise StopIteration
