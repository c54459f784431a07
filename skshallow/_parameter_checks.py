"""What the constructor's parameters may be.

Every error names the parameter, its value and the remedy.
"""

from collections.abc import Callable
from functools import partial
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import is_regressor
from sklearn.metrics import get_scorer_names
from sklearn.utils import check_random_state

from skshallow._engines import ENGINES
from skshallow.core.activations import ACTIVATIONS, Activation
from skshallow.core.initializers import INITIALIZERS
from skshallow.core.losses import REGRESSION_LOSSES, RegressionLoss
from skshallow.core.optimizers import OPTIMIZERS, Optimizer
from skshallow.core.schedules import SCHEDULES


def check_option(name: str, value: Any, table: Any, base: Any = None) -> None:
    """``value`` is a key of ``table`` or an instance of ``base``."""
    known = isinstance(value, str) and value in table
    if known or (base is not None and isinstance(value, base)):
        return
    extra = f" or an object derived from {base.__module__}.{base.__name__}" if base else ""
    extra = " or a function" if base is Callable else extra
    raise ValueError(f"{name}={value!r} is not known: use one of {sorted(table)}{extra}")


def check_number(name, value, kind, low, high=np.inf, *, closed="left", words=()) -> None:
    """``value`` is one of ``words`` or a number of this kind in the interval."""
    if isinstance(value, (str, bool, np.bool_)) and value in words:
        return
    noun = "an integer" if kind is Integral else "a number"
    remedy = f"give {noun} {_interval(low, high, closed)}" + "".join(f" or {w!r}" for w in words)
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
        levels = np.array([*quantile], dtype=float)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name}={quantile!r} is not made of numbers: {rising}") from error
    inside = levels.ndim == 1 and levels.size > 0 and ((levels > 0) & (levels < 1)).all()
    if not (inside and (np.diff(levels) > 0).all()):
        raise ValueError(f"{name}={quantile!r} is no such list: {rising}")


def check_class_weight(name: str, class_weight: Any) -> None:
    """``class_weight`` is None, "balanced" or a dict; the dict's keys wait for the labels."""
    balanced = isinstance(class_weight, str) and class_weight == "balanced"
    if not (class_weight is None or balanced or isinstance(class_weight, dict)):
        raise ValueError(
            f"{name}={class_weight!r} is not known: give None, 'balanced' or a dict "
            "{label: weight}"
        )
    for label, weight in class_weight.items() if isinstance(class_weight, dict) else ():
        check_number(f"{name}[{label!r}]", weight, Real, 0)


def check_seed(name: str, random_state: Any) -> None:
    """``random_state`` is something that scikit-learn makes random numbers of."""
    try:
        check_random_state(random_state)
    except ValueError as error:
        raise ValueError(
            f"{name}={random_state!r} cannot seed random numbers: give None, an integer "
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
    """Raise TypeError or ValueError for the first parameter that is not usable."""
    others = () if is_regressor(estimator) else ("loss", "quantile")
    for name, check in CHECKS.items():
        if hasattr(estimator, name) and name not in others:
            check(name, getattr(estimator, name))
    if estimator.dropout and isinstance(estimator.solver, str) and estimator.solver == "lbfgs":
        raise ValueError(
            f"dropout={estimator.dropout!r} is random and solver='lbfgs' needs a fixed function: "
            "set dropout=0 or solver='adam'"
        )
