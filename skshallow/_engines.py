"""Which engine computes: the compiled one where numba is installed and has a kernel, else NumPy.

Nothing is imported before it is needed: ``import skshallow`` never loads numba.
"""

from functools import cache
from importlib import import_module
from importlib.util import find_spec

from skshallow._warnings import warn_caller
from skshallow.core.engine import NumpyEngine

ENGINES = ("auto", "numpy", "numba")


def engine_class(name: str, activation, loss, optimizer):
    """The class of the engine that a parameter names.

    It depends on what is installed and on the parameters alone, so that a seed means the same
    every time.
    """
    if name == "numpy":
        return NumpyEngine
    compiled, reason = _compiled_engine()
    if compiled is not None:
        reason = compiled.unsupported(activation, loss, optimizer)
        if reason is None:
            return compiled.NumbaEngine
        reason = f"it has no kernel for {reason}: set engine='auto' or 'numpy'"
    if name == "numba":
        raise ValueError(f"engine='numba' cannot serve: {reason}")
    return NumpyEngine


@cache
def _compiled_engine():
    """The module of the compiled engine and None, or None and the reason why it is not there."""
    if find_spec("numba") is None:
        return None, "numba is not installed: pip install skshallow[fast], or set engine='auto'"
    try:
        import_module("numba")
    except Exception as error:  # another NumPy than it can do with, a library that does not load
        warn_caller(f"numba cannot be imported, NumPy computes instead: {error!r}", UserWarning)
        return None, f"numba cannot be imported ({error!r}): update it, or set engine='auto'"
    from skshallow._compiled import engine

    return engine, None
