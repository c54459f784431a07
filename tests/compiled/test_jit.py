import os
import subprocess
import sys

import pytest
from kernels import run_python

pytest.importorskip("numba")
import numba

from skshallow._compiled import jit

pytestmark = pytest.mark.neighbours("numba")
FIT = """
import numpy as np
from skshallow import ShallowNNRegressor
X = np.linspace(-1, 1, 40, dtype="float32")[:, None]
network = ShallowNNRegressor(3, max_iter=2, random_state=0).fit(X, X[:, 0])
print(network.engine_, network.W1_.tobytes().hex())
"""
compiled_only = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")


def double(x):
    """Twice x."""
    return 2 * x


@compiled_only
def test_an_entry_point_is_compiled_for_each_type_under_a_name_of_its_own():
    entry = jit.entry_point(double)
    assert entry("float32") is entry("float32")
    assert entry("float32") is not entry("float64")
    assert entry("float64")(2.5) == 5.0
    assert "double-float32-" in entry("float32").py_func.__qualname__


@compiled_only
def test_the_name_on_disk_changes_with_the_text_of_any_kernel(monkeypatch, tmp_path):
    names = []
    for text in ("a = 1", "a = 2"):
        (tmp_path / "kernels.py").write_text(text)
        monkeypatch.setattr(jit, "__file__", str(tmp_path / "jit.py"))
        jit._fingerprint.cache_clear()
        names.append(jit._fingerprint())
    jit._fingerprint.cache_clear()
    assert names[0] != names[1]


@compiled_only
def test_the_first_compilation_is_announced_and_says_where_it_is_kept(caplog, tmp_path):
    entry = jit.entry_point(double)("float32")
    caplog.clear()
    jit._announce(entry, "name that is nowhere", "float32")
    assert "compiling" in caplog.text
    assert entry.stats.cache_path in caplog.text
    entry(1.0)
    caplog.clear()
    jit._announce(entry, entry.py_func.__qualname__, "float32")
    assert caplog.text == ""


@compiled_only
def test_without_a_place_on_disk_a_process_compiles_for_itself(caplog, monkeypatch):
    njit = numba.njit

    def nowhere(*args, **options):
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return njit(*args, **options)

    monkeypatch.setattr(jit.numba, "njit", nowhere)
    assert jit.entry_point(double)("float32")(1.5) == 3.0
    assert "for this process alone" in caplog.text


@pytest.mark.slow
@compiled_only
def test_processes_that_compile_at_the_same_time_and_later_ones_agree(tmp_path):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    start = [sys.executable, "-c", FIT]
    both = [
        subprocess.Popen(start, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    first, second = (process.communicate(timeout=300) for process in both)
    later = run_python(FIT, NUMBA_CACHE_DIR=str(tmp_path))
    assert first[0] == second[0] == later[0].encode()
    assert b"numba" in first[0]
    assert b"compiling" in first[1]
    assert later[1] == ""


@pytest.mark.slow
def test_the_kernels_are_plain_python_too(tmp_path):
    plain, _ = run_python(FIT, NUMBA_DISABLE_JIT="1")
    assert plain.startswith("numba")
