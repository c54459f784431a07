"""What training tells scikit-learn's callbacks: every epoch, with the network as it is by then."""

import copy
import time

from skshallow._convergence import learned_attributes
from skshallow.core.training import Outcome


class EpochCallbacks:
    """``begin_epoch`` and ``end_epoch`` of every epoch; ``end_epoch`` is true to stop training.

    Parameters
    ----------
    estimator : the estimator in its fit
    context : sklearn.callback.CallbackContext of the fit
    arguments : dict
        What callbacks are given: X, y and metadata.
    engine : Engine
    sets : DataSets
        What is trained and validated on.
    progress : Progress
        What prints.
    """

    def __init__(self, estimator, context, arguments, engine, sets, progress):
        self.estimator, self.context, self.arguments = estimator, context, arguments
        self.engine, self.sets, self.progress = engine, sets, progress
        self.began = time.perf_counter()
        self.listened = bool(getattr(context, "_callbacks", True))  # an epoch may take microseconds

    @property
    def are_needed(self) -> bool:
        """Whether anything is told or printed between epochs."""
        return self.listened or self.progress.verbose > 0

    def begin_epoch(self) -> None:
        """Tell the callbacks that an epoch begins."""
        if not self.listened:
            return
        self.epoch_context = self.context.subcontext(task_name="epoch")
        self.epoch_context.call_on_fit_task_begin(estimator=self.estimator, **self.arguments)

    def end_epoch(self) -> bool:
        """An epoch has ended: print it, ask the callbacks."""
        self.progress.end_epoch()
        if not self.listened:
            return False
        return self.epoch_context.call_on_fit_task_end(
            estimator=self.estimator,
            **self.arguments,
            reconstruction_attributes=self._attributes,
        )

    def _attributes(self):
        """The network of this epoch with its history, and what monitoring.LossMonitor scores."""
        state = self.estimator._state
        best = state.checkpoint.epoch if state.is_scored else state.epoch
        outcome = Outcome("running", state.theta, best)
        seconds = time.perf_counter() - self.began
        lent = {"_samples": self.sets.samples, "_seconds": seconds}
        lent["_state"] = copy.deepcopy(state)  # what goes on from it must not change this training
        return learned_attributes(self.estimator, self.engine, outcome, self.sets) | lent
