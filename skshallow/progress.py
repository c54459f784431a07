"""What a fit tells the outside after every epoch: a line on the screen, and callbacks."""


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
        return line + (f"  validation {history.scores[-1]:.5f}" if history.scores else "")
