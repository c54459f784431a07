"""What the constructor's parameters may be.

Every error names the parameter, its value and the remedy.
"""

import math
from collections.abc import Callable, Mapping, Set
from functools import cache, partial
from inspect import Parameter, signature
from itertools import chain
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import is_regressor
from sklearn.metrics import get_scorer_names
from sklearn.utils import check_random_state

from skshallow._engines import ENGINES
from skshallow._names import remedy_for, shown
from skshallow._warnings import warn_caller
from skshallow.core.activations import ACTIVATIONS, Activation
from skshallow.core.initializers import INITIALIZERS
from skshallow.core.losses import REGRESSION_LOSSES, RegressionLoss
from skshallow.core.optimizers import OPTIMIZERS, Optimizer
from skshallow.core.schedules import SCHEDULES

LISTED = 12  # words that an error lists: of more it names those that are near
SCORER_NAMES = "sklearn.metrics.get_scorer_names()"
NO_VALIDATION = "there is no validation set: set early_stopping=True or pass X_val and y_val"
LBFGS = "solver='lbfgs' takes all samples in every step and finds how long it is"
GD = "solver='gd' takes all samples in every step"


def check_option(name: str, value: Any, table: Any, base: Any = None) -> None:
    """``value`` is a key of ``table`` or an instance of ``base``."""
    known = isinstance(value, str) and value in table
    if known or (base is not None and isinstance(value, base)):
        return
    remedy = remedy_for(name, value, table)
    if remedy is None:
        remedy = f"use one of {sorted(table) if len(table) <= LISTED else SCORER_NAMES}"
        extra = f" or an object derived from {base.__module__}.{base.__name__}" if base else ""
        remedy += " or a function" if base is Callable else extra
    raise ValueError(f"{name}={shown(value)} is not known: {remedy}")


def check_number(name, value, kind, low, high=np.inf, *, closed="left", words=()) -> None:
    """``value`` is one of ``words`` or a number of this kind in the interval; 64.0 is whole."""
    if isinstance(value, (str, bool, np.bool_)) and value in words:
        return
    noun = "an integer" if kind is Integral else "a number"
    remedy = f"give {noun} {_interval(low, high, closed)}" + "".join(f" or {w!r}" for w in words)
    whole = kind is Integral and isinstance(value, float | np.floating) and value.is_integer()
    if not (whole or isinstance(value, kind)) or isinstance(value, (bool, np.bool_)):
        remedy = remedy_for(name, value, words) or remedy
        raise TypeError(f"{name}={shown(value)} is of the wrong type: {remedy}")
    above = value >= low if closed in ("left", "both") else value > low
    below = value <= high if closed in ("right", "both") else value < high
    if not (above and below and _is_finite(value)):
        raise ValueError(f"{name}={shown(value)} is out of range: {remedy}")


def _is_finite(value):
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond all floats
        return False


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
    raise ValueError(f"{name}={shown(value)} is not known: use one of {choices}")


def check_loss(name: str, loss: Any) -> None:
    """``loss`` is a regression loss, with a link that is known."""
    check_option(name, loss, REGRESSION_LOSSES, RegressionLoss)
    if isinstance(loss, RegressionLoss):
        check_option(f"link of {name}", loss.link, ("identity", "log"))


def check_quantile(name: str, quantile: Any) -> None:
    """``quantile`` is a number between 0 and 1 or a rising list of them."""
    if isinstance(quantile, Real):
        check_number(name, quantile, Real, 0, 1, closed="neither")
        return
    rising = "give a number between 0 and 1 or a list of them in increasing order"
    try:
        if isinstance(quantile, Set | Mapping):
            raise TypeError("it has no order")
        levels = np.array([*quantile], dtype=float)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name}={shown(quantile)} is not made of numbers: {rising}") from error
    inside = levels.ndim == 1 and levels.size > 0 and ((levels > 0) & (levels < 1)).all()
    if not (inside and (np.diff(levels) > 0).all()):
        raise ValueError(f"{name}={shown(quantile)} is no such list: {rising}")


def check_class_weight(name: str, class_weight: Any) -> None:
    """None, "balanced", a dict or a list of dicts; their keys wait for the labels."""
    dicts = class_weight if isinstance(class_weight, list) else [class_weight]
    of_dicts = all(isinstance(one, dict) for one in dicts)
    if not (class_weight is None or _is(class_weight, "balanced") or of_dicts):
        raise ValueError(
            f"{name}={shown(class_weight)} is not known: give None, 'balanced', a "
            "dict {label: weight}, or for multilabel a list of them"
        )
    for label, weight in chain(*(one.items() for one in dicts)) if of_dicts else ():
        check_number(f"{name}[{shown(label)}]", weight, Real, 0)


def check_seed(name: str, random_state: Any) -> None:
    """``random_state`` is something that scikit-learn makes random numbers of."""
    try:
        check_random_state(random_state)
    except ValueError as error:
        raise ValueError(
            f"{name}={shown(random_state)} cannot seed random numbers: give None, an integer "
            "from 0 to 2**32 - 1 or a RandomState"
        ) from error


positive_count = partial(check_number, kind=Integral, low=1)
at_least_zero = partial(check_number, kind=Real, low=0)
CHECKS: dict[str, Callable] = {
    "hidden_units": positive_count,
    "n_networks": positive_count,
    "loss": check_loss,
    "quantile": check_quantile,
    "activation": partial(check_option, table=ACTIVATIONS, base=Activation),
    "solver": partial(check_option, table=(*OPTIMIZERS, "lbfgs"), base=Optimizer),
    "learning_rate": partial(at_least_zero, closed="neither"),
    "schedule": partial(check_option, table=("auto", *SCHEDULES)),
    "init": partial(check_option, table=("auto", *INITIALIZERS), base=Callable),
    "alpha": partial(at_least_zero, words=("auto",)),
    "dropout": partial(at_least_zero, high=1),
    "batch_size": partial(positive_count, words=("auto",)),
    "max_iter": partial(positive_count, words=("auto",)),
    "shuffle": check_flag,
    "early_stopping": partial(check_flag, words=("auto",)),
    "validation_fraction": partial(at_least_zero, high=1, closed="neither"),
    "n_iter_no_change": positive_count,
    "tol": at_least_zero,
    "scoring": partial(check_option, table=("loss", *get_scorer_names()), base=Callable),
    "standardize": check_flag,
    "clip_inputs": check_flag,
    "class_weight": check_class_weight,
    "warm_start": check_flag,
    "engine": partial(check_option, table=ENGINES),
    "verbose": partial(check_number, kind=Integral, low=0, words=(True, False)),
    "random_state": check_seed,
}


def check_parameters(estimator) -> None:
    """Raise TypeError or ValueError for the first parameter that is not usable.

    Some are usable and yet without effect beside others: of them warn_of_no_effect tells.
    """
    others = () if is_regressor(estimator) else ("loss", "quantile")
    for name, check in CHECKS.items():
        if hasattr(estimator, name) and name not in others:
            check(name, getattr(estimator, name))
    if estimator.dropout and _is(estimator.solver, "lbfgs"):
        raise ValueError(
            f"dropout={estimator.dropout!r} is random and solver='lbfgs' needs a fixed function: "
            "set dropout=0 or solver='adam'"
        )
    loss = estimator.loss if is_regressor(estimator) else "quantile"
    if not _is(loss, "quantile") and is_changed(estimator, "quantile"):
        raise ValueError(
            f"quantile={shown(estimator.quantile)} has no effect with loss={loss!r}: set "
            "loss='quantile'"
        )


def warn_of_no_effect(estimator, validation: str) -> None:
    """Warn of parameters that were given and do nothing beside the others.

    ``validation`` is where the validation set comes from: "given", "split off" or "none".
    """
    idle = {}
    if validation != "split off":
        idle["validation_fraction"] = "X_val is given" if validation == "given" else NO_VALIDATION
    if validation == "none":
        idle["scoring"] = NO_VALIDATION
        if not _is(estimator.schedule, "adaptive"):
            idle["n_iter_no_change"] = NO_VALIDATION
    if _is(estimator.solver, "lbfgs"):
        idle |= dict.fromkeys(("learning_rate", "batch_size", "shuffle"), LBFGS)
        if not _is(estimator.schedule, "constant"):  # whose promises hold
            idle["schedule"] = LBFGS
    elif _is(estimator.solver, "gd"):
        idle |= dict.fromkeys(("batch_size", "shuffle"), GD)
    for name, why in idle.items():
        if is_changed(estimator, name):
            value = shown(getattr(estimator, name))
            warn_caller(f"{name}={value} has no effect: {why}", UserWarning)


def is_changed(estimator, name: str) -> bool:
    """Whether a parameter is another than by default."""
    parameters = _parameters(type(estimator))  # type: ignore[arg-type]
    if name not in parameters:  # a derived class may have fewer
        return False
    value, default = getattr(estimator, name), parameters[name].default
    return default is not Parameter.empty and (np.ndim(value) > 0 or bool(value != default))


@cache
def _parameters(cls: Any):
    """Those of the constructor."""
    return signature(cls).parameters


def _is(value, word):
    return isinstance(value, str) and value == word
