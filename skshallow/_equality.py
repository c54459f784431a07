"""Whether an object of the user's means what a copy of it, made at an earlier call, means."""

from numbers import Number
from types import FunctionType, MethodType
from typing import Any

import numpy as np


def same_options(old: Any, new: Any) -> bool:
    """Whether two names, or two objects with all that is in them, mean the same.

    nan is nan; a function is itself alone, as ``copy.deepcopy`` does not copy functions.
    """
    return _same(old, new, set())


def _same(old, new, seen):
    """``seen`` are pairs that are compared already, or just now: objects may hold each other."""
    pair = id(old), id(new)
    if old is new or pair in seen:
        return True
    seen.add(pair)
    if isinstance(old, Number) and isinstance(new, Number):
        return bool(old == new or (old != old and new != new))
    if type(old) is not type(new):
        return False
    if isinstance(old, np.ndarray):
        return _same_arrays(old, new, seen)
    if isinstance(old, dict):
        return old.keys() == new.keys() and all(_same(old[k], new[k], seen) for k in old)
    if isinstance(old, list | tuple):
        return len(old) == len(new) and all(map(lambda a, b: _same(a, b, seen), old, new))
    return _same_objects(old, new, seen)


def _same_arrays(old, new, seen):
    if old.dtype != new.dtype or old.shape != new.shape:
        return False
    if old.dtype == object:
        return _same(old.ravel().tolist(), new.ravel().tolist(), seen)
    return np.array_equal(old, new, equal_nan=old.dtype.kind in "fc")


def _same_objects(old, new, seen):
    """By what pickle would write of them, which copies are made of, too."""
    if isinstance(old, FunctionType | type):
        return False
    if isinstance(old, MethodType):
        return old.__func__ is new.__func__ and _same(old.__self__, new.__self__, seen)
    if isinstance(old, str | bytes | set | frozenset):
        return old == new
    try:
        return _same(old.__reduce_ex__(4), new.__reduce_ex__(4), seen)
    except TypeError:  # it cannot be pickled
        return False
