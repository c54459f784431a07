"""From parameters and data to the objects of core: the state, the engine, the solver that runs."""

import copy
import os
import sys
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from skshallow._data import DataSet
from skshallow._defaults import Settings, is_auto, resolve_batch_size, schedule_of_stream
from skshallow._precision import warn_of_clipped, warn_of_lost_digits
from skshallow._prediction import FITTED
from skshallow._stream import follow_stream, is_familiar
from skshallow._threads import dot_for
from skshallow.core.batches import BLOCK_SIZE
from skshallow.core.constant import become_constant
from skshallow.core.engine import Engine
from skshallow.core.initializers import initialize
from skshallow.core.lbfgs import minimize_lbfgs
from skshallow.core.learning_rate import LearningRate
from skshallow.core.network import Dropout, Network
from skshallow.core.parameters import Layout, Parameters
from skshallow.core.standardization import fold
from skshallow.core.training import EarlyStopping, Outcome, TrainingState, fit_epochs

ABSURD = 1e9  # times the loss of the best constant, and more, is a loss that is no answer
HIDDEN = 3  # arrays of a number for each hidden unit and sample of a batch
VECTORS = 4  # as long as all weights: they, their gradient, two moments


def whole_batch_data(estimator, settings: Settings, data: DataSet) -> DataSet:
    """The samples, distinct and in an order of their own if a step takes all of them."""
    n = data.n_samples
    whole = resolve_batch_size(estimator.batch_size, settings, n) >= n
    return data.without_duplicates() if whole and n <= BLOCK_SIZE else data


def bound_inputs(estimator, data: DataSet, *, first: bool) -> DataSet:
    """Widen the range of the inputs by these rows; the data, clipped if values are absurd.

    ``first`` says that no range was seen before.
    """
    before = None if first else estimator._input_range
    if not estimator.clip_inputs:
        estimator._input_range = None
        return data
    seen, usual = data.input_range()
    if is_familiar(estimator):
        usual = usual.unless_absurd(before)
    estimator._input_range = usual if before is None else usual.merge(before)
    bounds = estimator._input_range.bounds()
    if bounds.hold(np.array([seen.low, seen.high])):
        return data
    warn_of_clipped(estimator, seen, bounds)
    return replace(data, bounds=bounds)


def learn_scales(estimator, data: DataSet) -> None:
    """What puts X and y on one footing; None if they are taken as they are."""
    estimator._standardization = estimator._target_standardization = None
    if estimator.standardize:
        estimator._standardization = data.standardization()
        estimator._target_standardization = estimator._encoder.measure(data)
        warn_of_lost_digits(estimator, data)


def as_predicted(estimator, data: DataSet) -> DataSet:
    """Data that are not trained on, clipped and standardised as what is predicted."""
    scales = estimator._standardization, estimator._target_standardization
    seen = estimator._input_range
    return replace(data, scales=scales, bounds=None if seen is None else seen.bounds())


def mean_loss(estimator, data: DataSet) -> float:
    """Mean loss of these data at the fitted weights, without the penalty."""
    activation = copy.deepcopy(estimator._activation)
    (n1, n0), n2 = estimator.W1_.shape, len(estimator.W2_)
    layout = Layout(n0, n1, n2, activation.learned is not None)
    parameters = Parameters.zeros(layout, estimator.W1_.dtype)
    _copy_fitted(estimator, parameters)
    network = Network(parameters, activation, estimator._encoder.new_loss())
    batches = as_predicted(estimator, data).batches()
    total = sum(network.sum_loss(network.scores(A0), Y, s) for A0, Y, s in batches.iterate())
    return float(total / batches.n_examples)


def new_state(estimator, settings: Settings, data: DataSet, seed: int, *, drawn=True, networks=1):
    """Parameters drawn at random, or the fitted ones; an optimizer without a past."""
    activation, rng = estimator._activation, np.random.default_rng(seed)
    n0, n1, n2 = data.n_features, networks * int(estimator.hidden_units), data.n_outputs
    layout = Layout(n0, n1, n2, activation.learned is not None, networks)
    size = resolve_batch_size(estimator.batch_size, settings, data.n_samples)
    _check_memory(estimator, layout, min(size, BLOCK_SIZE), data.dtype)
    parameters = Parameters.zeros(layout, data.dtype)
    if drawn:
        initialize(parameters, settings.initializer, activation, rng, settings.gain)
    else:
        _copy_fitted(estimator, parameters)
    rate = LearningRate(float(estimator.learning_rate), settings.schedule)
    state = TrainingState(parameters, seed, rng, rate, _early_stopping(estimator))
    state.use_optimizer(settings.optimizer, settings.scaling_for(estimator.alpha, networks))
    return state


def _check_memory(estimator, layout, n_together, dtype):
    """Refuse a network that memory has no room for, before the system ends the process.

    ``n_together`` is the number of samples in a batch.
    """
    numbers = VECTORS * layout.size + HIDDEN * layout.n1 * n_together
    needed = numbers * np.dtype(dtype).itemsize
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # not every system tells
        memory = sys.maxsize
    if needed > memory:
        raise ValueError(
            f"hidden_units={estimator.hidden_units} with n_networks={estimator.n_networks} needs "
            f"{needed:.2g} bytes for {layout.n0} features, and memory has {memory:.2g}: lower it"
        )


def _copy_fitted(estimator, parameters):
    """Fitted attributes as parameters for standardised X and y."""
    layout = parameters.layout
    fitted = {name: getattr(estimator, FITTED[name]) for name in layout.shapes}
    scales = estimator._standardization, estimator._target_standardization
    for name, array in layout.divided(fold(fitted, *scales, back=True)).items():
        getattr(parameters, name)[...] = array


def begin_fit(estimator, settings: Settings, state, n_epochs: int, metric=None) -> int:
    """The number of epochs to come. The schedule starts anew, unless a fit was cut off."""
    schedule, before, start = settings.schedule, state.learning_rate, state.epoch
    left, shortened = n_epochs, None
    if before.epochs_left is not None:
        schedule, start = _present_schedule(state, schedule), before.start
        if is_auto(estimator.max_iter):
            n_epochs = before.n_epochs
        left = max(start + n_epochs - state.epoch, 0) if before.epochs_left else 0
        if before.shortened is not None and schedule.ends and metric is not None:
            shortened, left = before.shortened, min(left, before.epochs_left)
    rate = LearningRate(float(estimator.learning_rate), schedule, start, n_epochs, left, shortened)
    state.begin(rate, _early_stopping(estimator), metric)
    return left


def begin_partial_fit(estimator, settings: Settings, data: DataSet, *, first: bool) -> DataSet:
    """The schedule goes on where it is, unless it is of another kind; nothing is scored.

    The data come back on the scales of all that partial_fit has seen.
    """
    state, n_epochs = estimator._state, estimator.max_iter
    n_epochs = None if is_auto(n_epochs) else n_epochs
    if state.is_scored:
        state.restore_checkpoint()
    after_fit = not (first or hasattr(estimator, "_stream"))
    schedule = schedule_of_stream(estimator, settings, after_fit=after_fit)
    schedule, start = _present_schedule(state, schedule), state.learning_rate.start
    rate = LearningRate(float(estimator.learning_rate), schedule, start, n_epochs)
    state.begin(rate, _early_stopping(estimator))
    return follow_stream(estimator, data, first=first)


def _present_schedule(state, schedule):
    """The state's own schedule, which may have a past, if it is of the same kind."""
    present = state.learning_rate.schedule
    return present if isinstance(present, type(schedule)) else schedule


def _early_stopping(estimator):
    return EarlyStopping(estimator.n_iter_no_change, estimator.tol)


def new_engine(estimator, settings: Settings, state, data: DataSet, alpha: float) -> Engine:
    """What computes for these samples, with this penalty."""
    layout = state.parameters.layout
    if (data.n_features, data.n_outputs) != (layout.n0, layout.n2):
        raise ValueError(
            f"X and y are of {data.n_features} features and {data.n_outputs} outputs, the network "
            f"is of {layout.n0} and {layout.n2}: fit a new one"
        )
    dropout = Dropout(estimator.dropout, state.rng) if estimator.dropout else None
    functions = copy.deepcopy(estimator._activation), estimator._encoder.new_loss()
    network = Network(state.parameters, *functions, alpha=alpha, dropout=dropout)
    stream = getattr(estimator, "_stream", None)
    n_known = None if stream is None else stream.n_samples
    size = resolve_batch_size(estimator.batch_size, settings, data.n_samples, n_known)
    return data.engine(settings.engine, state, network, size)


def run_solver(estimator, state, engine, n_epochs: int, **look) -> Outcome:
    """Take so many epochs or iterations; ``look`` are scorer and callbacks."""
    if n_epochs == 0:  # of a fit that was cut off after its last
        return Outcome.of(state, "finished")
    if state.optimizer is None:
        return minimize_lbfgs(state, engine.objective, n_epochs, estimator.tol, **look)
    return fit_epochs(state, engine, n_epochs, shuffle=estimator.shuffle, **look)


def at_least_constant(state, engine, outcome: Outcome) -> Outcome:
    """The outcome; after a divergence the best constant, if that is better on the training data.

    A loss that is absurd beside that of the constant is a divergence too: that of the first weights
    may have been as absurd, as with features that are not standardized.
    """
    diverged, losses = outcome.reason == "diverged", state.history.losses
    if not diverged and not (losses and losses[-1] > ABSURD):
        return outcome
    state.theta[...] = outcome.weights
    before, found = state.theta.copy(), engine.mean_loss(engine.batches)
    become_constant(engine.network, engine.batches)
    constant = engine.mean_loss(engine.batches)
    if not found <= (constant if diverged else ABSURD * (1 + abs(constant))):  # it may be nan
        return Outcome("diverged", state.theta, outcome.epoch)
    state.theta[...] = before
    return outcome


@contextmanager
def computing(engine):
    """Large products on two threads, and no word of NumPy's about overflow."""
    layout, largest = engine.network.parameters.layout, max(engine.batches.sizes)
    quiet = np.errstate(over="ignore", invalid="ignore")
    with quiet, dot_for(layout.n0 * layout.n1 * largest) as engine.network.dot:
        yield
    engine.network.dot = np.dot
