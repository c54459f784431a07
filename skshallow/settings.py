"""The constructor's parameters, checked and turned into the objects of core.

Every error names the parameter, its value and what to give instead.
"""

import copy
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import is_regressor
from sklearn.metrics import get_scorer_names
from sklearn.utils import check_random_state

from skshallow.core.activations import ACTIVATIONS, Activation
from skshallow.core.initializers import INITIALIZERS
from skshallow.core.inputs import CHUNK
from skshallow.core.optimizers import OPTIMIZERS, Optimizer
from skshallow.core.scaling import InputScaling
from skshallow.core.schedules import SCHEDULES

AUTO_BATCH_SIZE = 128
AUTO_EPOCHS = 40  # passes over the data at least, and
AUTO_STEPS = 1_000  # steps at least: few rows need many epochs
AUTO_ITERATIONS = {"gd": 1_000, "lbfgs": 5_000}
AUTO_ALPHA = 0.0025  # of 1,000 rows
ALPHA_FALL = {"classifier": 1.0, "regressor": 1.75}  # powers of the number of rows it falls with
MAX_AUTO_ALPHA = 0.02
LEAST_ALPHA = 1e-6  # a penalty below it does not hold the learned scales of the inputs
AUTO_VALIDATION_ROWS = 10_000  # from here on a validation part costs little


def check_option(name: str, value: Any, table: Any, base: type | None = None) -> None:
    """``value`` is a key of ``table`` or an instance of ``base``."""
    known = isinstance(value, str) and value in table
    if known or (base is not None and isinstance(value, base)):
        return
    extra = f" or an object derived from {base.__module__}.{base.__name__}" if base else ""
    raise ValueError(f"{name}={value!r} is not known: use one of {sorted(table)}{extra}")


def check_number(name, value, kind, low, high=np.inf, *, closed="left", words=()) -> None:
    """``value`` is one of ``words`` or a number of this kind in the interval."""
    if any(value is word or (isinstance(value, str) and value == word) for word in words):
        return
    noun = "an integer" if kind is Integral else "a number"
    remedy = f"give {noun} {_interval(low, high, closed)}"
    remedy += "".join(f" or {word!r}" for word in words)
    if not isinstance(value, kind) or isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}={value!r} is of the wrong type: {remedy}")
    above = value >= low if closed in ("left", "both") else value > low
    below = value <= high if closed in ("right", "both") else value < high
    if not (above and below and np.isfinite(value)):
        raise ValueError(f"{name}={value!r} is out of range: {remedy}")


def _interval(low, high, closed):
    left = "of at least" if closed in ("left", "both") else "above"
    if high == np.inf:
        return f"{left} {low}"
    right = "at most" if closed in ("right", "both") else "below"
    return f"{left} {low} and {right} {high}"


def check_flag(name: str, value: Any, words: tuple = ()) -> None:
    """``value`` is True, False or one of ``words``."""
    if isinstance(value, (bool, np.bool_)) or (isinstance(value, str) and value in words):
        return
    choices = ", ".join(["True", "False", *map(repr, words)])
    raise ValueError(f"{name}={value!r} is not known: use one of {choices}")


def check_parameters(estimator) -> None:
    """Raise TypeError or ValueError for the first parameter that is not usable."""
    p = estimator.get_params(deep=False)
    check_number("hidden_units", p["hidden_units"], Integral, 1)
    check_option("activation", p["activation"], ACTIVATIONS, Activation)
    check_option("solver", p["solver"], (*OPTIMIZERS, "lbfgs"), Optimizer)
    check_number("learning_rate", p["learning_rate"], Real, 0, closed="neither")
    check_option("schedule", p["schedule"], ("auto", *SCHEDULES))
    if not callable(p["init"]):
        check_option("init", p["init"], ("auto", *INITIALIZERS))
    check_number("alpha", p["alpha"], Real, 0, words=("auto",))
    check_number("dropout", p["dropout"], Real, 0, 1)
    if p["dropout"] and is_lbfgs(p["solver"]):
        raise ValueError(
            f"dropout={p['dropout']!r} is random and solver='lbfgs' needs a fixed function: set "
            "dropout=0 or solver='adam'"
        )
    check_number("batch_size", p["batch_size"], Integral, 1, words=("auto",))
    check_number("max_iter", p["max_iter"], Integral, 1, words=("auto",))
    for name in ("shuffle", "standardize", "warm_start"):
        check_flag(name, p[name])
    check_flag("early_stopping", p["early_stopping"], ("auto",))
    check_number("validation_fraction", p["validation_fraction"], Real, 0, 1, closed="neither")
    check_number("n_iter_no_change", p["n_iter_no_change"], Integral, 1)
    check_number("tol", p["tol"], Real, 0)
    if not callable(p["scoring"]):
        check_option("scoring", p["scoring"], ("loss", *get_scorer_names()))
    check_class_weight(p.get("class_weight"))
    if not isinstance(p["verbose"], (bool, np.bool_)):
        check_number("verbose", p["verbose"], Integral, 0)
    check_seed(p["random_state"])


def check_class_weight(class_weight: Any) -> None:
    """``class_weight`` is None, "balanced" or a dict; the dict's keys wait for the labels."""
    balanced = isinstance(class_weight, str) and class_weight == "balanced"
    if not (class_weight is None or balanced or isinstance(class_weight, dict)):
        raise ValueError(
            f"class_weight={class_weight!r} is not known: give None, 'balanced' or a dict "
            "{label: weight}"
        )
    for label, weight in class_weight.items() if isinstance(class_weight, dict) else ():
        check_number(f"class_weight[{label!r}]", weight, Real, 0)


def check_seed(random_state: Any) -> None:
    """``random_state`` is something that scikit-learn makes random numbers of."""
    try:
        check_random_state(random_state)
    except ValueError as error:
        raise ValueError(
            f"random_state={random_state!r} cannot seed random numbers: give None, an integer "
            "from 0 to 2**32 - 1 or a RandomState"
        ) from error


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

    @classmethod
    def of(cls, estimator) -> "Settings":
        """Check all parameters of an estimator and build the objects."""
        check_parameters(estimator)
        activation, solver = _build(estimator.activation, ACTIVATIONS), estimator.solver
        optimizer = None if is_lbfgs(solver) else _build(solver, OPTIMIZERS)
        init, schedule = estimator.init, estimator.schedule
        gain = 1 / activation.steepness if is_auto(init) else 1.0
        if is_auto(init):
            init = activation.initializer
        if schedule == "auto":
            schedule = "constant" if optimizer is None or optimizer.full_batch else "cosine"
        initializer = init if callable(init) else INITIALIZERS[init]
        task = "regressor" if is_regressor(estimator) else "classifier"
        schedule, factor = SCHEDULES[schedule](), activation.steepness
        return cls(activation, optimizer, schedule, initializer, gain, task, factor)

    def scaling_for(self, X: Any, alpha: Any) -> InputScaling | None:
        """What scales the inputs, if the optimiser wants it.

        The many of a sparse X gain nothing; and without a penalty nothing holds the scales.
        """
        pace = 0 if self.optimizer is None else self.optimizer.input_pace
        if issparse(X) or not (is_auto(alpha) or alpha >= LEAST_ALPHA):
            pace = 0
        return InputScaling(pace) if pace else None

    @property
    def full_batch(self) -> bool:
        """Whether every step takes all rows."""
        return self.optimizer is None or self.optimizer.full_batch


def is_auto(value: Any) -> bool:
    """Whether the choice is left to us."""
    return isinstance(value, str) and value == "auto"


def is_lbfgs(solver: Any) -> bool:
    """Whether SciPy's solver is meant, which is no optimiser object."""
    return isinstance(solver, str) and solver == "lbfgs"


def _build(value, table):
    """A new object for a name, a copy of an object: fit never changes a parameter."""
    return table[value]() if isinstance(value, str) else copy.deepcopy(value)


def alike(old: Any, new: Any) -> bool:
    """Whether two names, or two objects with their options, mean the same."""
    if isinstance(old, str) or isinstance(new, str):
        return isinstance(old, str) and isinstance(new, str) and old == new
    if type(old) is not type(new) or vars(old).keys() != vars(new).keys():
        return False
    return all(_equal(value, vars(new)[name]) for name, value in vars(old).items())


def _equal(old, new):
    """Whether two options are the same; nan is nan, and objects are what is in them."""
    if hasattr(old, "__dict__") and not callable(old):
        return alike(old, new)
    both_nan = isinstance(old, float) and isinstance(new, float) and old != old and new != new
    return both_nan or np.array_equal(old, new)


def resolve_alpha(alpha, settings: Settings, total_weight: float, n_rows: int) -> float:
    """The number that "auto" stands for."""
    if not is_auto(alpha):
        return float(alpha)
    by_rows = AUTO_ALPHA * (1_000 / max(total_weight, n_rows)) ** ALPHA_FALL[settings.task]
    by_rows = min(max(by_rows, LEAST_ALPHA), MAX_AUTO_ALPHA)
    return by_rows * settings.alpha_factor


def resolve_batch_size(batch_size, settings: Settings, n_rows: int) -> int:
    """Rows in a step, or in a portion of a step that takes all rows."""
    if settings.full_batch:
        return CHUNK
    return min(AUTO_BATCH_SIZE if is_auto(batch_size) else int(batch_size), n_rows)


def resolve_epochs(max_iter, settings: Settings, n_batches: int) -> int:
    """The number of epochs, or of iterations, that "auto" stands for."""
    if not is_auto(max_iter):
        return int(max_iter)
    if settings.full_batch:
        return AUTO_ITERATIONS["lbfgs" if settings.optimizer is None else "gd"]
    return max(AUTO_EPOCHS, -(-AUTO_STEPS // n_batches))
