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

from skshallow.core.training import Divergence


def train_lbfgs(training, network, batches, max_iter, tol, *, score=None, watch=None):
    """Take so many iterations, or fewer; say how it ended.

    Arguments and result are those of ``train``; besides, "unconverged" says that max_iter came
    before every derivative was at most 10 tol, or J came down by less than tol / 1,000 of it, and
    "stuck" that no lower J was found although the gradient promised one.
    """
    run = _Run(training, network, batches, score, watch)
    rounding = 4 * float(np.finfo(training.theta.dtype).eps)
    options = {"maxiter": max_iter, "maxfun": 20 * max_iter, "gtol": 10 * tol}
    options["ftol"] = max(1e-3 * tol, rounding)
    training.begin()
    try:
        result = minimize(
            run.objective,
            run.accepted,
            jac=True,
            method="L-BFGS-B",
            callback=run.after_iteration,
            options=options,
        )
    except (KeyboardInterrupt, Divergence) as stop:
        run.ended = "diverged" if isinstance(stop, Divergence) else "interrupted"
    training.theta[...] = run.accepted
    return run.ended or _ending(result)


def _ending(result):
    """What SciPy's status means; rounding ends many a line search when all is done."""
    stuck = result.status == 2 and np.abs(result.jac).max() > 1e-3
    return "stuck" if stuck else "unconverged" if result.status == 1 else "finished"


class _Run:
    """What SciPy calls: the objective J, and a look after every iteration."""

    def __init__(self, training, network, batches, score, watch):
        self.training, self.network, self.batches = training, network, batches
        self.score, self.watch, self.ended = score, watch, None
        self.accepted, self.under_way = training.theta.astype(np.float64), False

    def objective(self, x):
        """J and its gradient at x."""
        if self.watch is not None and not self.under_way:
            self.watch.begin()
        self.under_way = True
        self.training.theta[...] = x
        self.loss = self.network.full_loss_and_gradient(self.batches)
        self.penalty = self.network.penalty()
        if not math.isfinite(self.loss + self.penalty):
            raise Divergence(self.loss)
        if self.training.first_loss is None:
            self.training.first_loss = self.loss
        return self.loss + self.penalty, self.network.gradient.theta.astype(np.float64)

    def after_iteration(self, intermediate_result):
        """Write the iteration into the history; stop if there is a reason."""
        training, self.under_way = self.training, False
        training.theta[...] = self.accepted = intermediate_result.x.copy()
        training.record(self.loss, self.penalty, self.score() if self.score else None)
        if self.watch is not None and self.watch.end():
            self.ended = "stopped"
        elif self.score is not None and training.stalled():
            self.ended = "stalled"
        if self.ended:
            raise StopIteration
