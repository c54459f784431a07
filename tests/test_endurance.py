"""Many threads, many processes, many calls: the same answers, and nothing grows."""

import gc
import multiprocessing
import os
import pickle
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from joblib import Parallel, delayed
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError

from skshallow import ShallowNNClassifier, ShallowNNRegressor, _threads

pytestmark = pytest.mark.slow
X, Y = load_iris(return_X_y=True)
WIDE = np.random.default_rng(0).normal(size=(2_000, 300))
ENGINES = ["numpy", pytest.param("numba", marks=pytest.mark.neighbours("numba"))]
STARTS = [name for name in multiprocessing.get_all_start_methods() if name != "fork"]
PROC = Path("/proc/self")


def network(engine="numpy", **options):
    parameters = {"hidden_units": 8, "max_iter": 5, "alpha": 0.01, "random_state": 0}
    return ShallowNNClassifier(**parameters | {"engine": engine} | options)


def bits(engine="numpy"):
    """The weights of two fits, one with products that are shared out to two threads."""
    small = network(engine).fit(X, Y)
    wide = network(engine, hidden_units=64, max_iter=2, batch_size=1_000)
    wide.fit(WIDE, WIDE[:, 0] > 0)
    return b"".join(a.tobytes() for n in (small, wide) for a in (n.W1_, n.b1_, n.W2_, n.b2_))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_bits_for_any_n_jobs_in_any_thread_and_process(engine):
    expected = bits(engine)
    for backend in ("threading", "loky", "multiprocessing"):
        for n_jobs in (1, 2, 5):
            found = Parallel(n_jobs, backend=backend)(delayed(bits)(engine) for _ in range(6))
            assert found == [expected] * 6, (backend, n_jobs)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(bits, [engine] * 16)) == [expected] * 16


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_bits_in_a_process_that_was_started_anew(engine, start):
    with ProcessPoolExecutor(2, multiprocessing.get_context(start)) as pool:
        assert list(pool.map(bits, [engine] * 2)) == [bits(engine)] * 2


def test_threads_predict_while_others_fit_and_pickle():
    shared, before = network().fit(X, Y), threading.active_count()
    expected, weights, stop = shared.predict_proba(X).tobytes(), bits(), threading.Event()

    def predict():
        n = 0
        while not stop.is_set() or n < 100:
            assert shared.predict_proba(X).tobytes() == expected
            n += 1
        return n

    def fit_and_pickle():
        for _ in range(8):
            assert bits() == weights
            again = pickle.loads(pickle.dumps(shared))
            assert again.predict_proba(X).tobytes() == expected

    with ThreadPoolExecutor(20) as pool:
        serving = [pool.submit(predict) for _ in range(16)]
        fitting = [pool.submit(fit_and_pickle) for _ in range(4)]
        try:
            for task in fitting:
                task.result()
        finally:
            stop.set()
        assert sum(task.result() for task in serving) >= 1_600
    assert threading.active_count() == before
    assert not _threads._blocks


def test_threads_predict_with_an_estimator_that_is_fitted_meanwhile():
    """They get what one fit or another has learned, never half of each, or hear of no fit."""
    model = network(max_iter=2).fit(X, Y)
    known = [network(max_iter=2, random_state=seed).fit(X, Y) for seed in (0, 1)]
    known = {n.predict_proba(X).tobytes() for n in known}
    stop = threading.Event()

    def predict():
        found = set()
        while not stop.is_set():
            with suppress(NotFittedError):
                found.add(model.predict_proba(X).tobytes())
        return found

    with ThreadPoolExecutor(4) as pool:
        tasks = [pool.submit(predict) for _ in range(4)]
        for seed in [0, 1] * 20:
            model.set_params(random_state=seed).fit(X, Y)
        stop.set()
        assert set().union(*(task.result() for task in tasks)) <= known


def test_threads_predict_with_a_network_that_learns_from_a_stream():
    model, stop = network(), threading.Event()
    model.partial_fit(X, Y, classes=[0, 1, 2])

    def predict():
        found = set()
        while not stop.is_set():
            found.add(model.predict_proba(X).tobytes())
        return found

    with ThreadPoolExecutor(4) as pool:
        known = [model.predict_proba(X).tobytes()]
        tasks = [pool.submit(predict) for _ in range(4)]
        known += [model.partial_fit(X, Y).predict_proba(X).tobytes() for _ in range(60)]
        stop.set()
        found = set().union(*(task.result() for task in tasks))
    assert len(found) > 1
    assert found <= set(known)


def resources():
    """Megabytes in memory, threads, open files."""
    gc.collect()
    pages = int((PROC / "statm").read_text().split()[1])
    megabytes = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return megabytes, len(list((PROC / "task").iterdir())), len(list((PROC / "fd").iterdir()))


def soak(n_fits, n_predictions):
    """So many fits of four kinds, and predictions of one sample."""
    for i in range(n_fits):
        options = {"max_iter": 2, "solver": ("adam", "lbfgs", "gd")[i % 3], "random_state": i}
        kind = (ShallowNNClassifier, ShallowNNRegressor)[i % 2]
        model = kind(8, alpha=1.0, tol=0.1, **options | {"early_stopping": i % 4 == 0})
        model.fit(X, Y)
    for i in range(n_predictions):
        model.predict(X[i % 150 : i % 150 + 1])


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.skipif(not PROC.exists(), reason="needs /proc")
@pytest.mark.skipif(sys.gettrace() is not None, reason="a tracer takes memory of its own")
def test_nothing_grows_in_two_thousand_fits_and_two_hundred_thousand_predictions():
    soak(200, 2_000)
    megabytes, threads, files = resources()
    soak(2_000, 200_000)
    after = resources()
    assert after[1:] == (threads, files)
    assert after[0] < megabytes + 8
