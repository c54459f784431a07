"""Matrix products on one thread, and large ones on two.

BLAS's own threads slow small products down, and the last bits of a product depend on their
number. So BLAS is kept to one thread. A product that is large enough is cut into two parts,
always the same, so that the bits are the same on any number of cores. One of them runs on a thread
of ours if a core is left for it: not in a worker whose BLAS was told to keep to one thread, nor
beside as many fits as there are cores. Prediction shares out rows, which do not touch each other.
"""

import os
from _thread import start_new_thread  # a signal may leave half of a threading.Thread
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from queue import SimpleQueue
from threading import RLock, get_ident

import numpy as np
from threadpoolctl import ThreadpoolController

from skshallow.core.batches import even_slices

WORTH_SHARING = 10_000_000  # multiplications in a product from which a second thread pays

_lock = RLock()  # a signal handler may predict while its thread holds it
_blocks: dict = {}  # the blocks in one_thread at this moment, with the threads they run in
_before: dict = {}  # "numbers": of threads of each BLAS before them


@cache
def _blas():
    """The loaded BLAS libraries; looking for them takes milliseconds: once is enough."""
    return ThreadpoolController().select(user_api="blas").lib_controllers


def _limit(numbers):
    """Set the numbers of threads, whatever thread of Python this is.

    Of an OpenBLAS with one number for the process, threadpoolctl (from 3.8 on) obeys the thread
    alone that set it first; what others set has no effect, and they are not told.
    """
    for library, number in zip(_blas(), numbers, strict=True):
        release = getattr(library, "clear_controlling_thread", lambda force: None)
        release(force=True)
        library.set_num_threads(number)
        release(force=True)


def _locked(function, *arguments):
    # On one line: an exception that a tracer raises at its end would leave the lock taken.
    with _lock: return function(*arguments)  # fmt: skip  # noqa: E701


@contextmanager
def one_thread():
    """BLAS on one thread until the last of the blocks that run at the same time has ended.

    An exception may come between any two lines, from a signal: then the block has ended, and
    BLAS is as it was before.
    """
    block = object()
    try:
        try:
            _locked(_begin, block)
            yield
        finally:
            _locked(_end, block)
    finally:  # the first time may have been cut short
        _locked(_end, block)


def _begin(block):
    _blocks[block] = get_ident()
    if "numbers" not in _before:
        _before.setdefault("numbers", [library.get_num_threads() for library in _blas()])
        _limit([1] * len(_before["numbers"]))


def _end(block):
    """To say it twice does no harm."""
    _blocks.pop(block, None)
    if not _blocks and "numbers" in _before:
        _limit(_before["numbers"])
        _before.pop("numbers", None)


def _before_fork():
    """Wait until no thread is inside BLAS's call for its threads: a child would wait forever."""
    _lock.acquire()


def _after_fork_in_parent():
    _lock.release()


def _after_fork_in_child():
    """Of the threads there is only the one that forked: the other blocks have ended."""
    global _lock
    _lock = RLock()
    for block in [block for block, thread in _blocks.items() if thread != get_ident()]:
        _blocks.pop(block)
    _end(None)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )


def _core_is_left():
    """Whether BLAS had more threads than there are blocks now; yes if it cannot be asked."""
    return len(_blocks) < max(_before.get("numbers", ()), default=len(_blocks) + 1)


def row_parts(n: int, multiplications: int) -> list[slice]:
    """n rows of so many multiplications each, in parts for as many threads as BLAS would use."""
    if n * multiplications <= 10 * WORTH_SHARING:
        return [slice(0, n)]
    return even_slices(n, max((library.get_num_threads() for library in _blas()), default=1))


def each(function: Callable, parts: list) -> list:
    """``function`` of every part, each on a thread of its own."""
    if len(parts) == 1:
        return [function(parts[0])]
    with ThreadPoolExecutor(len(parts)) as pool:
        return list(pool.map(function, parts))


@contextmanager
def dot_for(multiplications: int):
    """The ``dot(A, B, out)`` for products of this size, inside a block of one_thread."""
    if multiplications < WORTH_SHARING:
        yield np.dot
        return
    tasks: SimpleQueue = SimpleQueue()  # a pool would wake its thread more slowly
    done: SimpleQueue = SimpleQueue()
    try:
        try:
            start_new_thread(_serve, (tasks, done))
            yield partial(_dot_in_two_parts, tasks, done)
        finally:
            tasks.put(None)
    finally:  # the first time may have been cut short; a second None is never taken
        tasks.put(None)


def _dot_in_two_parts(tasks, done, A, B, out):
    """out = A B in two parts of A's rows; the second thread's is smaller, as it has to wake up."""
    part = len(A) * 7 // 16
    if not _core_is_left():
        np.dot(A[:part], B, out=out[:part])
        np.dot(A[part:], B, out=out[part:])
        return
    tasks.put((A[:part], B, out[:part]))
    np.dot(A[part:], B, out=out[part:])
    outcome = done.get()
    if isinstance(outcome, Exception):
        raise outcome


def _serve(tasks, done):
    """Products on the second thread, until there is None."""
    with np.errstate(over="ignore", invalid="ignore"):
        for A, B, out in iter(tasks.get, None):
            try:
                done.put(np.dot(A, B, out=out))
            except Exception as error:
                done.put(error)
