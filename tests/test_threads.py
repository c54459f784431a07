"""BLAS's threads are as they were after whatever happens: signals, exceptions, forks."""

import multiprocessing
import os
import signal
import sys
import threading
import time

import numpy as np
import pytest
from doubles import Lines
from threadpoolctl import ThreadpoolController

from skshallow import ShallowNNClassifier, _threads

POSIX = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs signals of POSIX")
FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 4))
WIDE = RNG.normal(size=(1_000, 50))


def numbers():
    blas = ThreadpoolController().select(user_api="blas")
    return [library.get_num_threads() for library in blas.lib_controllers]


def test_an_exception_at_any_line_leaves_blas_as_it_was(two_threads, monkeypatch):
    monkeypatch.setattr(_threads, "WORTH_SHARING", 1)
    A = np.ones((16, 16))

    def multiply():
        with _threads.one_thread(), _threads.dot_for(100) as dot:
            dot(A, A, np.empty((16, 16)))

    raised, n, lines, before = 0, 0, Lines(), threading.active_count()
    while len(lines.trace) >= n:  # until the last line has had its turn
        n, lines = n + 1, Lines(n + 1, within=_threads.__file__)
        try:
            with lines:
                multiply()
        except KeyboardInterrupt:
            raised += 1
        assert numbers() == two_threads, f"after line {n}"
        assert not _threads._blocks
        assert not _threads._before
    assert raised > 20
    assert threading.active_count() == before


@pytest.mark.slow
@POSIX
def test_exceptions_from_signals_leave_blas_as_it_was(two_threads):
    model = ShallowNNClassifier(4, max_iter=2).fit(X, X[:, 0] > 0)

    def late(*_):
        raise TimeoutError

    raised, before = 0, signal.signal(signal.SIGALRM, late)
    try:
        for delay in RNG.uniform(1e-5, 3e-3, 300):
            try:
                signal.setitimer(signal.ITIMER_REAL, delay)
                for _ in range(100):
                    model.predict(X)
            except TimeoutError:
                raised += 1
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            assert numbers() == two_threads
    finally:
        signal.signal(signal.SIGALRM, before)
    assert raised > 50


@POSIX
def test_a_signal_handler_may_predict(two_threads):
    model = ShallowNNClassifier(4, max_iter=2).fit(X, X[:, 0] > 0)
    expected, found = model.predict(X).tolist(), []
    handler = signal.signal(signal.SIGALRM, lambda *_: found.append(model.predict(X).tolist()))
    try:
        signal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-3)
        deadline = time.monotonic() + 60
        while len(found) < 100 and time.monotonic() < deadline:
            model.predict(X)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    assert len(found) >= 100
    assert all(labels == expected for labels in found)
    assert numbers() == two_threads


def predict(model, numbers_before):
    model.predict(X)
    sys.exit(numbers() != numbers_before)


@pytest.mark.slow
@FORK
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_fork_beside_a_predicting_thread_comes_back(two_threads):
    model = ShallowNNClassifier(4, max_iter=2).fit(X, X[:, 0] > 0)
    stop = threading.Event()

    def serve():
        while not stop.is_set():
            model.predict(X[:1])

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        codes = []
        for _ in range(20):
            arguments = model, two_threads
            child = multiprocessing.get_context("fork").Process(target=predict, args=arguments)
            child.start()
            child.join(20)
            codes.append(child.exitcode)
            if child.is_alive():
                child.kill()
    finally:
        stop.set()
        thread.join()
    assert codes == [0] * 20
    assert numbers() == two_threads


@FORK
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_fork_inside_a_block_goes_on_with_it(two_threads):
    with _threads.one_thread():
        child = os.fork()
        if child == 0:
            inside = numbers()
    if child == 0:
        os._exit(not (inside == [1] * len(inside) and numbers() == two_threads))
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_blocks_that_overlap_leave_blas_as_it_was(two_threads):
    first, second = (_threads.one_thread() for _ in range(2))
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert set(numbers()) == {1}
    second.__exit__(None, None, None)
    assert numbers() == two_threads


def test_products_on_the_second_thread_and_their_errors_come_back(monkeypatch):
    monkeypatch.setattr(_threads, "WORTH_SHARING", 1)
    monkeypatch.setattr(_threads, "_core_is_left", lambda: True)
    A, out = RNG.normal(size=(16, 8)), np.empty((16, 16))
    with _threads.dot_for(100) as dot:
        dot(A, A.T, out)
        np.testing.assert_allclose(out, A @ A.T)
        with pytest.raises(ValueError, match="aligned"):
            dot(A, A, out)


def test_fits_in_threads_have_the_bits_of_a_fit_alone():
    y, options = WIDE[:, 0] > 0, {"max_iter": 3, "alpha": 0.01, "random_state": 0}

    def fit(found):
        found.append(ShallowNNClassifier(64, **options).fit(WIDE, y).W1_)

    alone, beside = [], []
    fit(alone)
    threads = [threading.Thread(target=fit, args=(beside,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for W1 in beside:
        np.testing.assert_array_equal(W1, alone[0])
