"""How many threads a matrix product may use.

Two threads are slower than one on small products, and the last bits depend on their number. So
products that are too small to share run on one thread, whatever the environment says.
"""

from contextlib import contextmanager, nullcontext
from functools import cache
from threading import Lock

from threadpoolctl import ThreadpoolController

WORTH_SHARING = 16_000_000  # multiplications in a product from which a second thread pays

_lock = Lock()
_running: list = []  # one entry for each block in one_thread; the first one set the limit


@cache
def _controller():
    """Looking for the loaded BLAS takes milliseconds: once is enough."""
    return ThreadpoolController()


@contextmanager
def one_thread():
    """Products on one thread until the last of the blocks that run at the same time has ended."""
    with _lock:
        limit = _running[0] if _running else _controller().limit(limits=1, user_api="blas")
        _running.append(limit)
    try:
        yield
    finally:
        with _lock:
            _running.pop()
            if not _running:
                limit.restore_original_limits()


def threads_for(multiplications: int):
    """A context in which products of this size run on as many threads as serve them."""
    return one_thread() if multiplications < WORTH_SHARING else nullcontext()
