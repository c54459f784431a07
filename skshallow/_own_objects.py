"""Activations and losses of the user's own: what they do on a few numbers, before any work."""

import copy
import math
from numbers import Real

import numpy as np

from skshallow._names import shown

MOST_UNITS = 10_000  # more take noticeable time


def check_own_activation(activation, n_units: int) -> None:
    """``forward`` must write into A1, ``backward`` change dA1, ``slope_at_zero`` be positive."""
    slope = activation.slope_at_zero
    if not (isinstance(slope, Real) and 0 < float(slope) < math.inf):
        raise ValueError(
            f"activation={shown(activation)}: slope_at_zero={shown(slope)} must be a positive "
            "number, as it divides the initial W1: leave it at 1 where g'(0) is none"
        )
    if n_units > MOST_UNITS:
        return
    activation, name = copy.deepcopy(activation), shown(activation)
    Z1 = np.resize(np.linspace(-1.5, 1.5, 7), (n_units, 3))
    learned = activation.learned
    column = () if learned is None else (np.full((n_units, 1), float(learned)),)
    derivatives = () if learned is None else (np.zeros((n_units, 1)),)
    A1, dA1 = np.full_like(Z1, np.nan), np.ones_like(Z1)
    with np.errstate(all="ignore"):
        returned = activation.forward(Z1.copy(), A1, *column)
        _check_written("forward", "A1", name, returned, untouched=np.isnan(A1).all())
        returned = activation.backward(Z1.copy(), A1.copy(), dA1, *column, *derivatives)
        _check_written("backward", "dA1", name, returned, untouched=(dA1 == 1).all())


def _check_written(method, target, name, returned, *, untouched):
    """A derivative of one everywhere leaves dA1, but then nothing is returned."""
    if untouched and (isinstance(returned, np.ndarray) or method == "forward"):
        what = "returns an array" if isinstance(returned, np.ndarray) else "ends"
        raise TypeError(
            f"activation={name}: {method} {what} and leaves {target} as it is: write into it, as "
            f"{target}[...] = or np.tanh(..., out={target})"
        )


def check_own_loss(loss, n_outputs: int) -> None:
    """``value`` and ``slope`` must return a number for each example, or for each of its outputs."""
    loss, name = copy.deepcopy(loss), shown(loss)
    for method in ("value", "slope"):
        with np.errstate(all="ignore"):
            found = getattr(loss, method)(np.zeros((n_outputs, 2)), np.ones((n_outputs, 2)))
        shapes = [(n_outputs, 2)] + [(1, 2)] * (method == "value")
        if np.shape(found) not in shapes:
            said = f"an array {found.shape}" if isinstance(found, np.ndarray) else shown(found)
            raise TypeError(
                f"loss={name}: {method} of arrays ({n_outputs}, 2) returns {said}: return an array "
                f"({n_outputs}, 2)"
            )
