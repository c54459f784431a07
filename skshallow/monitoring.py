"""Callbacks of scikit-learn: losses and scores after every epoch, and checkpoints."""

import copy
import os
import pickle
import shutil
import threading
from collections.abc import Callable, Mapping
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.callback import ScoringMonitor
from sklearn.metrics import get_scorer, get_scorer_names

from skshallow._base import BaseShallowNN
from skshallow._names import shown
from skshallow._parameter_checks import check_number, check_option
from skshallow._progress import score_name, shown_score
from skshallow._rollback import OF_CALLBACKS
from skshallow._table import table
from skshallow._validation import weights_for
from skshallow._warnings import warn_caller

OWN = "train", "val"  # sets that training knows itself
ABOUT_TASK = (  # what ScoringMonitor adds to a row
    *("task_id_path", "parent_task_id_path", "estimator_name", "task_name", "task_id"),
    "sequential_subtasks",
)


class LossMonitor(ScoringMonitor):
    """Records losses and scores after every epoch.

    Set it on a network with ``set_callbacks``, also on one inside a pipeline or a search; then
    ``history`` gives what was recorded. Monitoring does not change the weights. As all callbacks,
    it sees ``fit`` and not ``partial_fit``.

    Parameters
    ----------
    scoring : str, callable, list or tuple of str, or dict, default=()
        What to record besides the losses: names of scikit-learn's scorers, one scorer, or a dict
        {name: scorer or its name}. Each is computed on the training set, on the validation set if
        there is one, and on ``data_sets``.
    data_sets : dict, default=None
        Further sets to score, {name: (X, y)} or {name: (X, y, sample_weight)}, as the network sees
        them: in a pipeline, after its transformers.

    Raises
    ------
    TypeError, ValueError
        If a scorer is not known or ``data_sets`` is no such dict; in ``fit``, if it is set on
        something that is no network of this package.

    See Also
    --------
    sklearn.callback.ScoringMonitor : Scores on the training data alone, of any estimator.
    skshallow.extras.plotting.LossCurveDisplay : Draws the curves of a fitted network.

    Examples
    --------
    The accuracy on training, validation and test set in the first three epochs:

    >>> from sklearn.datasets import load_digits
    >>> from skshallow import ShallowNNClassifier
    >>> from skshallow.monitoring import LossMonitor
    >>> X, y = load_digits(return_X_y=True)
    >>> monitor = LossMonitor("accuracy", data_sets={"test": (X[1500:], y[1500:])})
    >>> network = ShallowNNClassifier(16, max_iter=3, early_stopping=True, random_state=0)
    >>> network = network.set_callbacks(monitor).fit(X[:1500], y[:1500])
    >>> history = monitor.history()
    >>> for name in list(history):
    ...     print(name)
    fit
    epoch
    seconds
    loss
    penalty
    val_loss
    train_accuracy
    val_accuracy
    test_loss
    test_accuracy
    """

    def __init__(
        self,
        scoring: str | Callable | list | tuple | Mapping = (),
        *,
        data_sets: Mapping[str, tuple] | None = None,
    ):
        super().__init__(scoring=_Record(_scorers(scoring), _checked(data_sets)))

    def setup(self, estimator, context):
        """Check, before a fit, what the monitor was set on; scikit-learn calls it.

        Parameters
        ----------
        estimator : object
            What the monitor was set on.
        context : sklearn.callback.CallbackContext
            Of the fit.

        Raises
        ------
        TypeError
            If it is no network of this package.
        """
        _check_network(self, estimator)
        super().setup(estimator, context)

    def history(self) -> Any:
        """What was recorded during the last fit, or the last search with all its fits.

        Of tools that call ``fit`` several times without telling callbacks, as cross_validate and
        BaggingClassifier do, that is the last of these fits; ``get_logs(select="all")`` has all.

        Returns
        -------
        history : pandas.DataFrame or structured ndarray
            A row for every epoch (iteration for "lbfgs"); a structured array if pandas is not
            installed. The columns:

            - ``fit``: number of the fit, from 0 on: a search has many;
            - ``epoch``, and ``seconds`` from the beginning of training;
            - ``loss``, ``penalty``: as in ``loss_curve_`` and ``penalty_curve_``;
            - ``val_loss``: mean loss of the validation set, if there is one, and the validation
              score by its name if ``scoring`` of the network is another;
            - ``train_``, ``val_`` and the names of ``data_sets`` before each name in ``scoring``;
              of ``data_sets`` also the mean ``loss``.

        Raises
        ------
        ValueError
            If nothing was recorded yet.
        """
        rows = [row for row in self.get_logs().data if row["task_name"] == "epoch"]
        fits = {
            path: i for i, path in enumerate(dict.fromkeys(r["parent_task_id_path"] for r in rows))
        }
        names = list(dict.fromkeys(name for row in rows for name in row if name not in ABOUT_TASK))
        columns: dict = {"fit": np.array([fits[row["parent_task_id_path"]] for row in rows])}
        columns |= {name: np.array([row.get(name, np.nan) for row in rows]) for name in names}
        return table(columns)


def _check_network(callback, estimator):
    if not isinstance(estimator, BaseShallowNN):
        raise TypeError(
            f"{type(callback).__name__} was set on a {type(estimator).__name__}: set it on the "
            "ShallowNNClassifier or ShallowNNRegressor inside"
        )


class Checkpoint:
    """Saves the network during a fit, so that a fit that was cut off can go on.

    The file holds the network of the last epoch saved and all that its training needs. It is
    replaced as a whole: whatever ends the process, and whenever, it is a complete one. Load it with
    joblib or pickle: ``fit`` on the same samples in the same order, with the same parameters, takes
    the epochs that are left. Weights and history are then those of a fit that was never cut off,
    bit for bit. Only "lbfgs" goes another way from there, as SciPy keeps its memory of earlier
    gradients to itself. ``partial_fit`` has no callbacks.

    Parameters
    ----------
    path : str or path-like
        The file. A file for every fit: in a search the fits would replace each other's. A process
        that is killed while it writes may leave a file with ".part" at the end of its name.
    every_n_epochs : int, default=1
        Save after every so many epochs (iterations for "lbfgs"), and after the last one, unless
        another callback stops training there.

    Raises
    ------
    TypeError, ValueError
        If ``path`` is no name or ``every_n_epochs`` no positive integer; in ``fit``, if it is set
        on something that is no network of this package, or on one without ``warm_start``.
    OSError
        In ``fit``, before training, if there is no folder for the file, or no right to write to it.

    Warns
    -----
    UserWarning
        If a checkpoint cannot be written, as when the disk is full or an object of yours cannot be
        pickled. Training goes on, and the file stays as it was.

    See Also
    --------
    LossMonitor : Records losses and scores.

    Examples
    --------
    Started again, as often as it takes, these lines go on where they were cut off:

    >>> import tempfile
    >>> from pathlib import Path
    >>> import joblib
    >>> from sklearn.datasets import load_digits
    >>> from skshallow import ShallowNNClassifier
    >>> from skshallow.monitoring import Checkpoint
    >>> X, y = load_digits(return_X_y=True)
    >>> path = Path(tempfile.mkdtemp()) / "network.joblib"
    >>> if path.exists():
    ...     network = joblib.load(path)
    ... else:
    ...     network = ShallowNNClassifier(16, max_iter=10, warm_start=True, random_state=0)
    >>> network = network.set_callbacks(Checkpoint(path)).fit(X, y)
    >>> joblib.load(path).n_iter_
    10
    """

    def __init__(self, path: str | os.PathLike, *, every_n_epochs: int = 1):
        if not isinstance(path, str | os.PathLike):
            raise TypeError(f"path={shown(path)} is of the wrong type: give the name of a file")
        check_number("every_n_epochs", every_n_epochs, Integral, 1)
        self.path = Path(path).expanduser().resolve()  # whatever folder is the present one later
        self.every_n_epochs = int(every_n_epochs)

    def setup(self, estimator, context):
        """Check, before a fit, the network and the file; scikit-learn calls it.

        Parameters
        ----------
        estimator : object
            What the callback was set on.
        context : sklearn.callback.CallbackContext
            Of the fit.

        Raises
        ------
        TypeError, ValueError
            If it is no network of this package, or has no ``warm_start``.
        OSError
            If there is no such folder, or it cannot be written to.
        """
        _check_network(self, estimator)
        if not estimator.warm_start:
            raise ValueError(
                f"warm_start={estimator.warm_start!r}: fit would begin anew and replace the "
                "checkpoint, not go on from it: set warm_start=True"
            )
        if self.path.exists() and not self.path.is_file():
            raise FileExistsError(f"path='{self.path}' is no plain file: give the name of one")
        if not self.path.parent.is_dir():
            raise FileNotFoundError(f"path='{self.path}' is in no folder: create the folder first")
        if not os.access(self.path.parent, os.W_OK):
            raise PermissionError(f"path='{self.path}' is in a folder that cannot be written to")
        self.failed = False

    def on_fit_task_begin(self, estimator, context):
        """Nothing is saved then.

        Parameters
        ----------
        estimator : object
            The network.
        context : sklearn.callback.CallbackContext
            Of the epoch or the fit.
        """

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        """Save the network after an epoch, if it is its turn; scikit-learn calls it.

        Parameters
        ----------
        estimator : object
            The network in its fit.
        context : sklearn.callback.CallbackContext
            Of the epoch or the fit.
        fitted_estimator : object
            The network as if training had ended here.
        """
        if context.task_name != "epoch":
            return
        state = fitted_estimator._state
        if state.learning_rate.epochs_left and state.epoch % self.every_n_epochs:
            return
        network = copy.copy(fitted_estimator)
        for name in [name for name in vars(network) if name.startswith(OF_CALLBACKS)]:
            delattr(network, name)  # they belong to this fit
        try:
            _replace(self.path, network)
            self.failed = False
        except Exception as error:  # whatever it is, training matters more
            if not self.failed:
                warn_caller(
                    f"the checkpoint of epoch {state.epoch} was not saved to '{self.path}' "
                    f"({type(error).__name__}: {error}): training goes on, and the file is as it "
                    "was"
                )
            self.failed = True

    def teardown(self, estimator, context):
        """Nothing is left to do after a fit.

        Parameters
        ----------
        estimator : object
            The network.
        context : sklearn.callback.CallbackContext
            Of the fit.
        """


def _replace(path, network):
    """Write a file beside, and when it is on the disk let it take the place of the old one."""
    part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        with open(part, "wb") as file:
            pickle.dump(network, file, protocol=5)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, part)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


class _Record:
    """What ScoringMonitor takes for a scorer of several metrics: a row of the history."""

    def __init__(self, scorers, data_sets):
        self.scorers, self.data_sets = scorers, data_sets

    def __call__(self, estimator, X, y, **metadata):
        if not hasattr(estimator, "_samples"):  # the end of the fit, not of an epoch
            return {}
        known = estimator._samples
        row = {"epoch": estimator.n_iter_, "seconds": estimator._seconds}
        unnamed = copy.copy(estimator)  # samples of training are arrays by now
        vars(unnamed).pop("feature_names_in_", None)
        row |= self._of_training(unnamed, known)
        for name, samples in known.items():
            row |= self._scores(name, unnamed, samples)
        for name, samples in self.data_sets.items():
            try:
                row[f"{name}_loss"] = estimator._mean_loss(*samples)
            except (TypeError, ValueError) as error:
                raise type(error)(f"data_sets[{name!r}]: {error}") from error
            row |= self._scores(name, estimator, samples)
        return row

    def _of_training(self, estimator, known):
        row = {"loss": estimator.loss_curve_[-1], "penalty": estimator.penalty_curve_[-1]}
        if "val" in known:
            name, score = score_name(estimator), estimator.validation_scores_[-1]
            if name != "val_loss":
                row["val_loss"] = estimator._mean_loss(*known["val"])
            row[name] = shown_score(estimator, score)
        return row

    def _scores(self, name, estimator, samples):
        X, y, weights = (*samples, None)[:3]
        return {
            f"{name}_{metric}": float(scorer(estimator, X, y, **weights_for(scorer, weights)))
            for metric, scorer in self.scorers.items()
        }


def _scorers(scoring):
    """{name: scorer}"""
    if isinstance(scoring, str):
        scoring = [scoring]
    elif callable(scoring):
        scoring = {"score": scoring}
    if isinstance(scoring, list | tuple):
        scoring = {name: name for name in scoring}
    if not (isinstance(scoring, Mapping) and all(isinstance(name, str) for name in scoring)):
        raise TypeError(
            f"scoring={shown(scoring)} is of the wrong type: give the name of a scorer, a list of "
            "names, a scorer, or a dict {name: scorer}"
        )
    if "loss" in scoring:
        raise ValueError("scoring has the name 'loss', which is recorded anyway: choose another")
    for scorer in scoring.values():
        check_option("scoring", scorer, get_scorer_names(), Callable)
    return {name: get_scorer(scorer) for name, scorer in scoring.items()}


def _checked(data_sets):
    """The sets, or an error."""
    if not (data_sets is None or isinstance(data_sets, Mapping)):
        raise TypeError(f"data_sets={shown(data_sets)} is of the wrong type: give a dict")
    for name, samples in (data_sets or {}).items():
        if name in OWN:
            raise ValueError(f"data_sets has the name {name!r}, which training has: choose another")
        if not (isinstance(samples, tuple) and len(samples) in (2, 3)):
            raise TypeError(
                f"data_sets[{name!r}]={shown(samples)} is no data set: give a tuple (X, y) or "
                "(X, y, sample_weight)"
            )
    return dict(data_sets or {})
