"""A call that fails leaves the estimator as it was, whatever raised: bad data, Ctrl-C, no memory.

Attributes come and go all at once, by one assignment of the estimator's ``__dict__``: an exception
that a signal raises between two of them finds none half done.
"""

from contextlib import contextmanager

import numpy as np

TRAINING = "_state", "_solver", "_stream"  # what training goes on from
OF_CALLBACKS = "_skl_", "_callback", "_parent_callback"  # scikit-learn ends what it began


def is_of_a_fit(name: str) -> bool:
    """Whether an attribute of this name is what a fit learns, or goes on from."""
    return name in TRAINING or name.endswith("_")


@contextmanager
def numpy_errors_kept():
    """What NumPy does about overflow is as before, though a signal cuts its errstate short."""
    before = np.geterr()
    try:
        yield
    finally:
        np.seterr(**before)


@contextmanager
def rolled_back(estimator, without=()):
    """A block that is undone if an exception leaves it, and another one comes meanwhile."""
    rollback = Rollback(estimator, without)
    try:
        try:
            yield rollback
        except BaseException:
            rollback.undo()
            raise
    except BaseException:  # the first time may have been cut short
        rollback.undo()
        raise


class Rollback:
    """Puts an estimator's attributes back.

    Parameters
    ----------
    estimator : object
        The estimator.
    without : iterable of str
        Attributes that are dropped at once, and not put back: those of an earlier fit.
    """

    def __init__(self, estimator, without=()):
        self.estimator, self.snapshot = estimator, None
        self.before = {k: v for k, v in vars(estimator).items() if k not in without}
        estimator.__dict__ = self.before.copy()

    def begin_training(self):
        """From here on the state that is gone on from changes bit by bit."""
        state = self.before.get("_state")
        if state is not None and state.theta.flags.writeable:  # else the call makes a copy of it
            self.snapshot = state.snapshot()

    def keep(self, attributes, drop=()):
        """Fitted attributes; what comes after cannot take them back."""
        kept = {k: v for k, v in vars(self.estimator).items() if k not in drop}
        self.before, self.snapshot = kept | attributes, None
        self.estimator.__dict__ = self.before.copy()

    def undo(self):
        """All is as before, or as ``keep`` was told; to say it twice does no harm."""
        now = vars(self.estimator)
        lent = {k: v for k, v in now.items() if k.startswith(OF_CALLBACKS)}
        if self.snapshot is not None:
            self.before["_state"].go_back(self.snapshot)
        self.estimator.__dict__ = self.before | lent
