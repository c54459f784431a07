"""Large products of cases: the fast run takes a covering, the marker ``slow`` more of them."""

from itertools import combinations, product

import numpy as np
import pytest


def covering(sizes, strength=2):
    """Few rows of np.ndindex(*sizes): any ``strength`` columns show all their combinations.

    Greedy: next comes the first of the rows that show most of what has not been shown.
    """
    rows = np.array([*np.ndindex(*sizes)])
    columns = [list(chosen) for chosen in combinations(range(len(sizes)), strength)]
    shown = [np.ravel_multi_index(rows[:, c].T, np.take(sizes, c)) for c in columns]
    starts = np.cumsum([0, *(np.prod(np.take(sizes, c)) for c in columns)])
    shown = np.stack(shown, axis=1) + starts[:-1]
    missing, taken = np.ones(starts[-1], dtype=bool), []
    while missing.any():
        taken.append(missing[shown].sum(axis=1).argmax())
        missing[shown[taken[-1]]] = False
    return [tuple(map(int, row)) for row in rows[taken]]


def covered(strength=2, most=None, **factors):
    """Parametrize by the product of the factors; those outside a covering are slow.

    With strength 2 every pair of values of two factors is in the fast run, with 1 every value. Of a
    product that is very large, ``most=3`` takes into the slow run what shows every triple.
    """
    factors = {name: list(values) for name, values in factors.items()}
    sizes = [len(values) for values in factors.values()]
    fast = set(covering(sizes, strength))
    taken = set(np.ndindex(*sizes)) if most is None else fast.union(covering(sizes, most))
    cases = [
        pytest.param(*case, marks=() if row in fast else pytest.mark.slow)
        for row, case in zip(np.ndindex(*sizes), product(*factors.values()), strict=True)
        if row in taken
    ]
    return pytest.mark.parametrize(list(factors), cases)


def slow(*values):
    """Values of a parameter that the fast run leaves out."""
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]
