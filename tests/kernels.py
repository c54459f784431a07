"""Calls kernels of the compiled engine from Python, which by themselves have no door to it."""

import os
import subprocess
import sys
from functools import cache

import numpy as np


@cache
def _door(kernel):
    import numba

    if numba.config.DISABLE_JIT or kernel.targetoptions.get("inline") == "always":
        return kernel
    return numba.njit(lambda *args: kernel(*args))


def call(kernel, *args):
    """kernel(*args), compiled or, under NUMBA_DISABLE_JIT, as it stands."""
    with np.errstate(all="ignore"):
        return _door(kernel)(*args)


def assert_close(found, expected, ulp):
    """Equal up to so many units in the last place, of one where numbers are smaller."""
    unit = np.finfo(expected.dtype).eps * np.maximum(np.abs(expected), 1)
    np.testing.assert_array_less(np.abs(found - expected), (ulp + 0.01) * unit)


def run_python(code, **environment):
    """What a new process prints, (stdout, stderr)."""
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout, result.stderr
