"""The Dask cluster: tasks on every part, a tree that merges their results, what can go wrong.

Nothing waits for ever: a task that Dask gives up, a cluster that is closed and one without workers
end in an error.
"""

from collections.abc import Callable
from functools import partial, reduce
from time import monotonic

import dask
import numpy as np
from dask.distributed import CancelledError, Client, Future, KilledWorker, get_client, wait
from dask.sizeof import sizeof

FAN_IN = 8  # results that are merged by one task, or by the client
LARGE = 100_000  # bytes of an argument from which it is sent once, not with every task
LOOK_EVERY = 5  # seconds after which to see whether there are workers
WITHOUT_WORKERS = 60  # seconds after which a cluster that has none is given up
MEMORY = "probably it ran out of memory: make the chunks of X smaller, or give workers more memory"


class Cluster:
    """What the client asks of its workers."""

    def __init__(self, client: Client):
        self.client = client

    @classmethod
    def current(cls) -> "Cluster":
        """That of the client which was started last."""
        try:
            return cls(get_client())
        except ValueError as error:
            raise RuntimeError(
                "X is a Dask collection, but there is no Dask client: start one before fit, as "
                "client = dask.distributed.Client()"
            ) from error

    def compute(self, tasks: list) -> list[Future]:
        """Futures of delayed objects, which stay where they are computed."""
        return self.client.compute(tasks)

    def side_by_side(self, futures: list[Future]) -> list[list[int]]:
        """Numbers of futures by the worker that holds them, a group for each of its threads."""
        self.wait_for(futures)
        holders, threads = self.client.who_has(futures), self.client.nthreads()
        of_worker: dict = {}
        for i, future in enumerate(futures):
            of_worker.setdefault(next(iter(holders.get(future.key, ())), None), []).append(i)
        groups = []
        for worker, numbers in of_worker.items():
            parts = min(threads.get(worker, 1), len(numbers))
            groups += [part.tolist() for part in np.array_split(numbers, parts)]
        return sorted(groups)

    def submit(self, function: Callable, *arguments) -> Future:
        """A task, which runs where the largest of its arguments lies."""
        self._check_client()
        return self.client.submit(function, *arguments, pure=False)

    def map(self, function: Callable, parts: list[Future], **arguments) -> list[Future]:
        """``function(part, **arguments)`` of every part, where it lies.

        Large arguments are sent once, in futures. They are not left to Client.map as keywords: it
        would know them by their names alone, and take one call's for another's.
        """
        self._check_client()
        values = [v if sizeof(v) <= LARGE else self.send(v) for v in arguments.values()]
        constants = [[value] * len(parts) for value in values]
        call = partial(_call, function, tuple(arguments))
        return self.client.map(call, parts, *constants, key=function.__name__, pure=False)

    def send(self, value) -> Future:
        """A future of a value. As a task, not scattered: it outlives the worker that holds it."""
        self._check_client()
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TiB"}):
            return self.submit(_itself, value)

    def each(self, function: Callable, parts: list[Future], **arguments) -> list:
        """What comes of every part."""
        return self.results(self.map(function, parts, **arguments))

    def merged(self, function: Callable, parts: list[Future], merge: Callable, **arguments):
        """The same, merged in a tree: results are many times smaller than the parts."""
        found = self.map(function, parts, **arguments)
        while len(found) > FAN_IN:
            some = [found[i : i + FAN_IN] for i in range(0, len(found), FAN_IN)]
            found = [self.submit(_merge, merge, few) for few in some]
        return reduce(merge, self.results(found))

    def results(self, futures: list[Future]) -> list:
        """What the futures become; an error if one of them cannot."""
        self.wait_for(futures)
        try:
            return self.client.gather(futures)
        except KilledWorker as error:
            raise RuntimeError(
                f"a Dask worker was lost again and again in one task: {MEMORY}"
            ) from error
        except CancelledError as error:
            raise RuntimeError(f"the Dask cluster went away during fit: {error}") from error

    def wait_for(self, futures: list[Future]) -> None:
        """Wait until all are done, well or not; an error if nobody is there to do them."""
        seen = monotonic()
        while True:
            try:
                wait(futures, timeout=LOOK_EVERY)
                return
            except TimeoutError:
                seen = monotonic() if self._has_workers() else seen
                if monotonic() - seen > WITHOUT_WORKERS:
                    raise RuntimeError(
                        f"the Dask cluster has had no worker for {WITHOUT_WORKERS} seconds: start "
                        "workers and call fit again"
                    ) from None
            except CancelledError:
                return  # gather will say it

    def _has_workers(self):
        self._check_client()
        return bool(self.client.nthreads())

    def _check_client(self):
        if self.client.status != "running":
            raise RuntimeError("the Dask client was closed during fit: start one, and fit again")


def _itself(value):
    return value


def _call(function, names, part, *values):
    return function(part, **dict(zip(names, values, strict=True)))


def _merge(function, values):
    return reduce(function, values)
