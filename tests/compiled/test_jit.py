import os
import subprocess
import sys
from pathlib import Path

import pytest
from kernels import run_python

pytest.importorskip("numba")
import numba

from skshallow._compiled import jit

pytestmark = pytest.mark.neighbours("numba")
FIT = """
import numpy as np
from skshallow import ShallowNNRegressor
X = np.random.default_rng(0).standard_normal((60, 12), "float32")
for activation in "relu", "tanh":
    for solver in "adam", "sgd":
        kind = {"activation": activation, "solver": solver, "alpha": 0.01, "max_iter": 2}
        network = ShallowNNRegressor(5, **kind, batch_size=20, random_state=0).fit(X, X[:, 0])
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
    assert "double-float32-" in entry("float32").function.__qualname__


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
    jit._announce(entry.compiled, "name that is nowhere", "float32")
    assert "compiling" in caplog.text
    assert entry.compiled.stats.cache_path in caplog.text
    entry(1.0)
    caplog.clear()
    jit._announce(entry.compiled, entry.function.__qualname__, "float32")
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


@compiled_only
@pytest.mark.parametrize("damage", ["index", "code", "unwritable"])
def test_a_damaged_file_or_a_full_disk_does_no_harm(damage, caplog, monkeypatch):
    entry = jit._Entry(double, f"float32-{damage}")
    if damage == "unwritable":

        def full(*args):
            raise OSError("no space left on device")

        monkeypatch.setattr(type(entry.compiled._cache), "save_overload", full)
    else:
        entry(1.0)
        (file,) = [
            file
            for file in Path(entry.compiled.stats.cache_path).iterdir()
            if entry.function.__qualname__ in file.name
            and file.suffix == {"index": ".nbi", "code": ".nbc"}[damage]
        ]
        file.write_bytes(file.read_bytes()[:20])
        entry = jit._Entry(double, f"float32-{damage}")
    assert [entry(1.5), entry(2.5)] == [3.0, 5.0]
    assert "cannot be kept or read" in caplog.text
    caplog.clear()
    monkeypatch.undo()
    later = jit._Entry(double, f"float32-{damage}")  # as in another process
    assert later(1.5) == 3.0
    assert "compiling" in caplog.text
    assert "cannot" not in caplog.text
    jit._remove(later.compiled.stats.cache_path, later.function.__qualname__)


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
