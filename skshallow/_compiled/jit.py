"""How kernels are compiled, and under which name the result lies on disk.

Sums may be taken in any order and products may be fused with sums, or no loop would use vector
instructions. Nothing is assumed about infinity and NaN: divergence is seen by them. Compiled code
does not hold Python's lock, so that other threads go on.

Numba keeps compiled code in a file beside the source, or in the user's cache where that folder
cannot be written to. It looks at the source of the one function that was called from Python, not
at those that this one calls. So the name of what is kept says what it depends on: the number type,
the processor, and the text of all files of this folder and of core. Two processes that compile
different things at the same time then never write to one file.
"""

import hashlib
import logging
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from types import FunctionType

import numba
from llvmlite import binding

logger = logging.getLogger("skshallow")

OPTIONS = {"nogil": True, "error_model": "numpy"}  # 1 / 0 is infinite: a check would stop SIMD
ANY_ORDER = {"reassoc", "contract", "nsz", "arcp"}
INTERNAL = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}  # half as long to compile


def kernel(function):
    """A function that other kernels call, compiled on its own. Python itself must not call it."""
    return numba.njit(fastmath=ANY_ORDER, **OPTIONS, **INTERNAL)(function)


def exact(function):
    """A kernel whose operations keep their order: rounding errors are meant to cancel."""
    return numba.njit(fastmath={"contract"}, **OPTIONS, **INTERNAL)(function)


def inlined(function):
    """A function that becomes part of the kernel that calls it: less to compile.

    Its machine code is then the same in the process that compiles and in those that load. A kernel
    compiled on its own may round differently from its copy in the file.
    """
    return numba.njit(inline="always", fastmath=ANY_ORDER, **OPTIONS)(function)


def entry_point(function):
    """A function that Python calls: ``function(dtype)`` is what computes with this type."""
    return cache(partial(_Entry, function))


class _Entry:
    """One function for one type, compiled when it is first called, or loaded from disk."""

    def __init__(self, function, dtype):
        name = f"{function.__name__}-{dtype}-{_fingerprint()}"
        self.function = FunctionType(function.__code__, function.__globals__, name)
        self.function.__qualname__ = name
        self.options = {"fastmath": ANY_ORDER, "no_cfunc_wrapper": True, **OPTIONS}
        try:
            self.compiled = numba.njit(cache=True, **self.options)(self.function)
        except RuntimeError:  # there is no folder that can be written to
            self.compiled = numba.njit(**self.options)(self.function)
        self.called = numba.config.DISABLE_JIT
        if not self.called:
            _announce(self.compiled, name, dtype)

    def __call__(self, *args):
        """The function of these arguments."""
        if self.called:
            return self.compiled(*args)
        try:
            result = self.compiled(*args)
        except Exception as error:  # a full disk, a damaged file: nothing was computed yet
            folder = self.compiled.stats.cache_path
            message = "compiled code cannot be kept or read (%r in %s): compiling for this process"
            logger.warning(message, error, folder)
            _remove(folder, self.function.__qualname__)
            self.compiled = numba.njit(**self.options)(self.function)
            result = self.compiled(*args)
        self.called = True
        return result


def _remove(folder, name):
    """Delete what is on disk under a name, so that a later process can begin anew."""
    with suppress(OSError, TypeError):  # it may be gone, or there is no folder
        for file in Path(folder).glob(f"*{name}*.nb?"):
            file.unlink()


def _announce(entry, name, dtype):
    """Say what is going on if there is nothing on disk yet."""
    folder = entry.stats.cache_path
    if folder is None or not any(Path(folder).glob(f"*{name}*.nbc")):
        kept = "for this process alone" if folder is None else f"once, and kept in {folder}"
        message = "compiling the training loop for %s, which takes some seconds: %s"
        logger.warning(message, dtype, kept)


@cache
def _fingerprint():
    """Short name of the processor and of the text of all kernels and of core."""
    here = Path(__file__).parent
    sources = sorted([*here.glob("*.py"), *here.parent.glob("core/*.py")])
    content = binding.get_host_cpu_name().encode() + b"".join(p.read_bytes() for p in sources)
    return hashlib.sha256(content).hexdigest()[:16]
