"""What the parameters stand for: the objects of core they name, the numbers that "auto" means."""

import copy
from dataclasses import dataclass
from typing import Any

from sklearn.base import is_regressor

from skshallow._engines import engine_class
from skshallow._own_objects import check_own_activation
from skshallow._parameter_checks import check_parameters
from skshallow._warnings import warn_caller
from skshallow.core.activations import ACTIVATIONS, Activation
from skshallow.core.batches import BLOCK_SIZE
from skshallow.core.initializers import INITIALIZERS
from skshallow.core.input_scaling import InputScaling
from skshallow.core.losses import REGRESSION_LOSSES
from skshallow.core.optimizers import OPTIMIZERS, Optimizer
from skshallow.core.schedules import SCHEDULES, InverseScaling

AUTO_BATCH_SIZE = 128
FEW_ROWS = 2_000  # up to here the number of steps decides, and
FEW_BATCH_SIZE = 32  # small batches make more steps of the same time
AUTO_EPOCHS = 40  # passes over the data at least, and
AUTO_STEPS = 1_000  # steps at least: few rows need many epochs,
AUTO_STEPS_CLEAN = 12_000  # and clean ones, which ask for little penalty, need more
STEPS_OF_FIT = 16_000  # that a fit stands for: partial_fit goes on at a twentieth of the rate
AUTO_ITERATIONS = {"gd": 1_000, "lbfgs": 5_000}
AUTO_ALPHA = 0.0025  # of 1,000 rows
ALPHA_FALL = {"classifier": 1.0, "regressor": 1.75}  # powers of the number of rows it falls with
MAX_AUTO_ALPHA = 0.02
LEAST_ALPHA = 1e-6  # a penalty below it does not hold the learned scales of the inputs
QUANTILE_ALPHA = 4  # times as much: tails, made of few targets, take noise for signal
AUTO_VALIDATION_ROWS = 10_000  # from here on a validation set costs little

RENAMED = {  # attributes of users' objects: the old names work until version 0.2
    "steepness": "slope_at_zero",
    "stacks": "supports_batched",
    "level": "target_quantile",
    "blow_up": "divergence_factor",
    "input_pace": "input_scale_rate",
}


@dataclass
class Settings:
    """The objects of core that the parameters name; ``optimizer`` is None for L-BFGS."""

    activation: Activation
    optimizer: Optimizer | None
    schedule: Any
    initializer: Any
    gain: float
    task: str
    alpha_factor: float
    engine: type

    @classmethod
    def of(cls, estimator) -> "Settings":
        """Check all parameters of an estimator and build the objects."""
        check_parameters(estimator)
        activation, solver = new_object(estimator.activation, ACTIVATIONS), estimator.solver
        if type(activation) not in ACTIVATIONS.values():
            n_units = int(estimator.n_networks) * int(estimator.hidden_units)
            check_own_activation(activation, n_units)
        optimizer = None if is_lbfgs(solver) else new_object(solver, OPTIMIZERS)
        init, gain = estimator.init, 1.0
        if is_auto(init):
            init, gain = activation.initializer, 1 / activation.slope_at_zero
        initializer = init if callable(init) else INITIALIZERS[init]
        schedule = _new_schedule(estimator.schedule, optimizer)
        task = "regressor" if is_regressor(estimator) else "classifier"
        factor = activation.slope_at_zero * (QUANTILE_ALPHA if wants_quantiles(estimator) else 1)
        loss = estimator.loss if task == "regressor" else None
        loss = REGRESSION_LOSSES[loss]() if isinstance(loss, str) else loss
        engine = engine_class(estimator.engine, activation, loss, optimizer)
        return cls(activation, optimizer, schedule, initializer, gain, task, factor, engine)

    def scaling_for(self, alpha: Any, networks: int = 1) -> InputScaling | None:
        """What scales the inputs, if the optimizer wants it: a penalty must hold the scales."""
        rate = 0 if self.optimizer is None else self.optimizer.input_scale_rate
        held = is_auto(alpha) or alpha >= LEAST_ALPHA
        return InputScaling(rate, networks) if rate and held else None

    @property
    def full_batch(self) -> bool:
        """Whether every step takes all rows."""
        return self.optimizer is None or self.optimizer.full_batch


def is_auto(value: Any) -> bool:
    """Whether the choice is left to us."""
    return isinstance(value, str) and value == "auto"


def is_lbfgs(solver: Any) -> bool:
    """Whether SciPy's solver is meant, which is no optimizer object."""
    return isinstance(solver, str) and solver == "lbfgs"


def name_of_epoch(estimator) -> str:
    """What the user calls a step of the history: L-BFGS has iterations."""
    return "iteration" if is_lbfgs(estimator.solver) else "epoch"


def wants_quantiles(estimator) -> bool:
    """Whether the outputs are quantiles named by a parameter."""
    loss = estimator.loss if is_regressor(estimator) else None
    return isinstance(loss, str) and loss == "quantile"


def schedule_of_stream(estimator, settings: Settings, *, after_fit: bool) -> Any:
    """The schedule of partial_fit: "auto" comes down for ever where nobody knows how many calls.

    After a fit the network is good already, and a few samples shall not spoil it.
    """
    if settings.full_batch or not is_auto(estimator.schedule):
        return settings.schedule
    if after_fit:
        return InverseScaling(steps_before=STEPS_OF_FIT)
    return InverseScaling() if is_auto(estimator.max_iter) else settings.schedule


def _new_schedule(name, optimizer):
    """The schedule of this name; L-BFGS has a line search instead."""
    if optimizer is None:
        name = "constant"
    elif is_auto(name):
        name = "constant" if optimizer.full_batch else "cosine"
    return SCHEDULES[name]()


def new_object(value, table):
    """A new object for a name, a copy of an object: fit never changes a parameter."""
    if isinstance(value, str):
        return table[value]()
    value = copy.deepcopy(value)
    for old, new in RENAMED.items():
        owners = [vars(value), *map(vars, type(value).__mro__)]  # the first that has a name counts
        owner = next((names for names in owners if old in names or new in names), {})
        derived = isinstance(getattr(type(value), new, None), property)  # from what the old one is
        if new not in owner and old in owner and hasattr(value, new) and not derived:
            warn_caller(
                f"{type(value).__name__}.{old} is called {new} now: rename it; the old name works "
                "until version 0.2",
                FutureWarning,
            )
            object.__setattr__(value, new, getattr(value, old))  # it may be frozen
    return value


def alpha_by_rows(settings: Settings, n_rows: float) -> float:
    """What "auto" stands for as far as the number of rows tells, or the sum of their weights."""
    by_rows = AUTO_ALPHA * (1_000 / n_rows) ** ALPHA_FALL[settings.task]
    by_rows = min(max(by_rows, LEAST_ALPHA), MAX_AUTO_ALPHA)
    return by_rows * settings.alpha_factor


def resolve_batch_size(
    batch_size, settings: Settings, n_rows: int, n_known: int | None = None
) -> int:
    """Rows in a step, or in a block of a step that takes all rows.

    ``n_known`` is how many rows there are in all, if these are a part of a stream.
    """
    if settings.full_batch:
        return BLOCK_SIZE
    if is_auto(batch_size):
        n_known = n_rows if n_known is None else n_known
        few = AUTO_BATCH_SIZE < n_known <= FEW_ROWS  # still fewer rows make one whole batch
        batch_size = FEW_BATCH_SIZE if few else AUTO_BATCH_SIZE
    return min(int(batch_size), n_rows)


def resolve_epochs(max_iter, settings: Settings, n_batches: int, *, clean: bool = False) -> int:
    """The number of epochs, or of iterations, that "auto" stands for."""
    if not is_auto(max_iter):
        return int(max_iter)
    if settings.full_batch:
        return AUTO_ITERATIONS["lbfgs" if settings.optimizer is None else "gd"]
    steps = AUTO_STEPS_CLEAN if clean else AUTO_STEPS
    return max(AUTO_EPOCHS, -(-steps // n_batches))
