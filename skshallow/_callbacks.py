"""What training tells the outside: scikit-learn's callbacks, and lines on the screen."""

from skshallow._prediction import fitted_attributes


class EpochCallbacks:
    """``begin_epoch`` and ``end_epoch`` of every epoch; ``end_epoch`` is true to stop training.

    Parameters
    ----------
    estimator : the estimator in its fit
    context : sklearn.callback.CallbackContext of the fit
    arguments : dict
        What callbacks are given: X, y and metadata.
    state : TrainingState
    n_epochs : int
        Number of epochs to come.
    """

    def __init__(self, estimator, context, arguments, state, n_epochs):
        self.estimator, self.context, self.arguments = estimator, context, arguments
        self.state, self.last = state, state.epoch + n_epochs
        self.every = max(1, n_epochs // 10) if int(estimator.verbose) == 1 else 1

    def begin_epoch(self) -> None:
        """Tell the callbacks that an epoch begins."""
        self.epoch_context = self.context.subcontext(task_name="epoch")
        self.epoch_context.call_on_fit_task_begin(estimator=self.estimator, **self.arguments)

    def end_epoch(self) -> bool:
        """An epoch has ended: print it, ask the callbacks."""
        if self.estimator.verbose and self.state.epoch % self.every == 0:
            print(self._line())
        return self.epoch_context.call_on_fit_task_end(
            estimator=self.estimator,
            **self.arguments,
            reconstruction_attributes=lambda: fitted_attributes(self.estimator, self.state.theta),
        )

    def _line(self):
        history = self.state.history
        line = f"[{type(self.estimator).__name__}] epoch {self.state.epoch}/{self.last}"
        line += f"  loss {history.losses[-1]:.5f}  penalty {history.penalties[-1]:.5f}"
        return line + (f"  validation {history.scores[-1]:.5f}" if self.state.is_scored else "")
