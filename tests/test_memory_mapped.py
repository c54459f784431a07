"""fit and predict on an array that is mapped from a file never load it whole."""

import tracemalloc

import numpy as np
import pytest

from skshallow import ShallowNNClassifier, ShallowNNRegressor

SMALL = {"hidden_units": 4, "random_state": 0}
EPOCH = {"max_iter": 1, "alpha": 0.001, "early_stopping": False}
SHARE = 1 / 3  # of X that a fit may take: targets, order, groups of equal rows, blocks of X
FITS = {
    "adam": EPOCH,
    "adam, all automatic": {"max_iter": 1},
    "adam, a metric": EPOCH | {"early_stopping": True, "scoring": "accuracy"},
    "sgd, dropout": EPOCH | {"solver": "sgd", "dropout": 0.2},
    "gd": EPOCH | {"solver": "gd"},
    "lbfgs": EPOCH | {"solver": "lbfgs", "tol": 1.0},
}


def mapped(path, m, n0, *, order="C", dtype=np.float64):
    """X (m, n0), read where it lies in a file, and labels."""
    options = {"dtype": dtype, "shape": (m, n0), "order": order}
    X, rng = np.memmap(path, mode="w+", **options), np.random.default_rng(0)
    for start in range(0, m, 1_000):
        X[start : start + 1_000] = rng.random((1_000, n0), dtype)
    y = (X[:, 0] > 0.5).astype(int)
    X.flush()
    return np.memmap(path, mode="r", **options), y


def peak(function, *arguments):
    """The most memory that NumPy and Python held beyond what they did before."""
    tracemalloc.start()
    try:
        function(*arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def assert_never_whole(model, X, y):
    model.fit(X[:200], y[:200])  # what is loaded and compiled once is no part of it
    assert peak(model.fit, X, y) < SHARE * X.nbytes
    assert peak(model.predict, X) < SHARE * X.nbytes


def with_engine(engine):
    if engine == "numba":
        pytest.importorskip("numba")
    return {"engine": engine}


@pytest.mark.fast(2)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_mapped_array_is_never_loaded_whole(dtype, name, engine, order, tmp_path):
    n0 = 2_000 // np.dtype(dtype).itemsize
    X, y = mapped(tmp_path / "X.dat", 20_000, n0, order=order, dtype=dtype)
    assert_never_whole(ShallowNNClassifier(**SMALL, **FITS[name], **with_engine(engine)), X, y)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adam, all automatic", "lbfgs"])
def test_neither_is_a_large_one(name, tmp_path):
    X, y = mapped(tmp_path / "X.dat", 125_000, 200)
    model = ShallowNNClassifier(**SMALL, **FITS[name])
    model.fit(X[:200], y[:200])
    assert X.nbytes >= 200e6
    assert peak(model.fit, X, y) < 40e6
    assert peak(model.predict, X) < 40e6


@pytest.mark.fast(1)
@pytest.mark.fast(1)
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_call_of_partial_fit_takes_what_its_chunk_takes_however_many_came_before(order, tmp_path):
    X, y = mapped(tmp_path / "X.dat", 20_000, 250, order=order)
    model, peaks = ShallowNNRegressor(**SMALL), []
    for start in range(0, 20_000, 1_000):
        rows = slice(start, start + 1_000)
        peaks.append(peak(model.partial_fit, X[rows], y[rows]))
    assert max(peaks[10:]) < 1.05 * min(peaks[3:10])
    assert max(peaks[10:]) < SHARE * X.nbytes
