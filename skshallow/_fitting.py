"""One fit on data that are checked: the penalty, the solver, the callbacks, what was learned."""

import time
from contextlib import contextmanager

from skshallow import _training
from skshallow._callbacks import EpochCallbacks
from skshallow._convergence import learned_attributes, trouble_of
from skshallow._data import DataSet
from skshallow._defaults import Settings, name_of_epoch, resolve_epochs
from skshallow._parameter_checks import warn_of_no_effect
from skshallow._penalty import resolve_penalty
from skshallow._progress import Progress
from skshallow._rollback import TRAINING, is_of_a_fit, numpy_errors_kept, rolled_back
from skshallow._threads import one_thread
from skshallow._validation import DataSets, new_scorer, warn_if_elsewhere
from skshallow._warnings import warn_caller

TWICE = 2  # seconds within which a second Ctrl-C is not held back
_interrupted = float("-inf")  # when a fit was


@contextmanager
def attempt(estimator, *, first=False):
    """A block that trains: on one thread of BLAS, and undone if an exception leaves it.

    ``first`` says that what an earlier fit learned is given up.
    """
    earlier = [name for name in vars(estimator) if first and is_of_a_fit(name)]
    if {"n_iter_", "_state"} <= set(earlier) and estimator._state.learning_rate.epochs_left:
        warn_caller(
            f"the fit of this network was cut off after {name_of_epoch(estimator)} "
            f"{estimator.n_iter_} and starts anew: set warm_start=True to go on with it"
        )
    with numpy_errors_kept(), one_thread(), rolled_back(estimator, earlier) as rollback:
        yield rollback


def train(
    estimator, settings: Settings, data: DataSet, sets: DataSets, arguments, rollback, *, first
):
    """Train on ``data``, which are those of ``sets`` on their scales, and tell the callbacks.

    ``arguments`` are those of fit as callbacks are given them; ``first`` says that no earlier fit
    is gone on from. ``rollback`` keeps what was learned.
    """
    warn_of_no_effect(estimator, sets.source)
    held_out = _held_out(estimator, sets)
    penalty = resolve_penalty(estimator, settings, data, held_out, first=first)
    engine = _training.new_engine(estimator, settings, estimator._state, data, penalty.alpha)
    most = resolve_epochs(estimator.max_iter, settings, engine.n_steps, clean=penalty.clean)
    scorer, n_epochs = _begin(estimator, settings, engine, most, held_out, given=sets.given)
    context = estimator._init_callback_context(max_subtasks=n_epochs)
    context.call_on_fit_task_begin(estimator=estimator, **arguments)
    progress = Progress(estimator, estimator._state, n_epochs)
    progress.begin(sets, penalty)
    callbacks = EpochCallbacks(estimator, context, arguments, engine, sets, progress)
    look = {"scorer": scorer, "callbacks": callbacks if callbacks.are_needed else None}
    with _training.computing(engine):
        outcome = _training.run_solver(estimator, estimator._state, engine, n_epochs, **look)
        outcome = _training.at_least_constant(estimator._state, engine, outcome)
    progress.end(outcome)
    if outcome.reason == "interrupted" and _again():
        raise KeyboardInterrupt
    drop = () if estimator.warm_start else TRAINING
    _keep(estimator, rollback, engine, outcome, sets, data=data, drop=drop)
    end = {"estimator": estimator, **arguments, "reconstruction_attributes": dict}
    context.call_on_fit_task_end(**end)


def _held_out(estimator, sets):
    """The validation set as it is predicted, or None."""
    if sets.validation is None:
        return None
    if sets.given:
        warn_if_elsewhere(sets.training, sets.validation)
    return _training.as_predicted(estimator, sets.validation)


def _begin(estimator, settings, engine, n_epochs, held_out, *, given):
    """Begin a fit: what scores its epochs, or None, and how many are to come.

    What was kept before is scored anew.
    """
    state, metric = estimator._state, None if held_out is None else estimator.scoring
    rescore = given or state.checkpoint.metric != metric
    scorer = None if held_out is None else new_scorer(estimator, engine, held_out)
    n_epochs = _training.begin_fit(estimator, settings, state, n_epochs, metric)
    if scorer is not None and rescore:
        with _training.computing(engine):
            state.rescore_checkpoint(scorer)
    return scorer, n_epochs


def train_epoch(estimator, settings: Settings, data: DataSet, rollback) -> None:
    """One epoch of partial_fit, on data that are on their scales."""
    penalty = resolve_penalty(estimator, settings, data)
    engine = _training.new_engine(estimator, settings, estimator._state, data, penalty.alpha)
    with _training.computing(engine):
        outcome = _training.run_solver(estimator, estimator._state, engine, 1)
    if outcome.reason == "interrupted":
        raise KeyboardInterrupt
    _keep(estimator, rollback, engine, outcome, DataSets(data))


def _keep(estimator, rollback, engine, outcome, sets, *, data=None, drop=()):
    """Keep what was learned, all at once; warn of what went wrong."""
    state = estimator._state
    trouble = trouble_of(estimator, state, outcome, data)
    attributes = learned_attributes(estimator, engine, outcome, sets)
    if data is not None:  # a fit
        state.end()
    rollback.keep(attributes, drop=("slopes_", *drop))
    if trouble is not None:
        warn_caller(*trouble)


def _again():
    """Whether the last Ctrl-C was a moment ago: then it is for what called fit, as a search."""
    global _interrupted
    before, _interrupted = _interrupted, time.monotonic()
    return _interrupted - before < TWICE
