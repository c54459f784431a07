"""The examples in portions: batches for stochastic steps, chunks for passes over all of them.

An epoch is dealt as evenly as possible: 201 examples in batches of at most 200 make 101 + 100,
not 200 and a noisy one. Large data are gathered batch after batch and never copied whole. Small
data are copied and standardised once, as a deck that is shuffled for every epoch.
"""

from itertools import pairwise

import numpy as np
from scipy.sparse import issparse

from skshallow.core.inputs import Gather

SMALL = 2**25  # bytes of X that is copied rather than gathered batch after batch


def even_slices(n, parts):
    """n things in so many parts, whose sizes differ by one at most."""
    bounds = [n * i // parts for i in range(parts + 1)]
    return [slice(start, stop) for start, stop in pairwise(bounds)]


class Batches:
    """Deals ``(A0, Y, s)``: inputs (n0, m), targets (n2, m), weights (1, m), (n2, m) or None.

    Parameters
    ----------
    inputs : Inputs
        Gives A0 of some rows. Not to be shared with another Batches: its buffers are reused.
    Y : ndarray of shape (n2, n)
        Targets of all examples.
    s : ndarray of shape (1, n) or (n2, n), or None
        Weights of all examples, of mean one over ``rows``.
    rows : ndarray of int
        The examples to deal.
    size : int
        Examples in a batch, at most.
    """

    def __init__(self, inputs, Y, s, rows, size):
        self.inputs, self.rows = inputs, rows
        self._targets = Gather(Y, axis=1)
        self._weights = None if s is None else Gather(s, axis=1)
        self._slices = even_slices(len(rows), -(-len(rows) // size))
        self._deck = None

    def __len__(self):
        return len(self._slices)

    @property
    def largest(self):
        """Examples in the largest batch."""
        return max(batch.stop - batch.start for batch in self._slices)

    def deal(self, rng=None):
        """All batches of one epoch, in random order if there is an rng."""
        order = None
        if rng is not None and len(self) > 1:
            order = rng.permutation(len(self.rows))
        if len(self) == 1 or self.inputs.nbytes <= SMALL:
            if self._deck is None:
                self._deck = Deck(*self._gather(self.rows), self._slices)
            yield from self._deck.deal(order)
        else:
            rows = self.rows if order is None else self.rows[order]
            for batch in self._slices:
                yield self._gather(rows[batch])

    def _gather(self, rows):
        s = None if self._weights is None else self._weights(rows)
        return self.inputs.take(rows), self._targets(rows), s


class Deck:
    """All examples, copied; the batches of every order are the same views of one copy."""

    def __init__(self, A0, Y, s, slices):
        self._gathers = []
        if len(slices) > 1:
            self._gathers = [Gather(np.ascontiguousarray(A0.T), axis=0), Gather(Y, axis=1)]
            self._gathers += [] if s is None else [Gather(s, axis=1)]
            X, Y, *weights = self._lay(np.arange(Y.shape[1]))
            A0, s = X.T, weights[0] if weights else None
        self._batches = [(A0[:, i], Y[:, i], None if s is None else s[:, i]) for i in slices]

    def deal(self, order=None):
        """The batches, after the examples were put in this order if one is given."""
        if order is not None:
            self._lay(order)
        return self._batches

    def _lay(self, order):
        return [gather(order) for gather in self._gathers]


def merge_equal_rows(X, Y, s, rows):
    """(rows, s) with equal examples merged, their weights added, in an order of their own.

    J over the whole set stays as it is, and its rounding no longer depends on the order of the
    examples or on whether one is repeated or weighted.
    """
    if issparse(X):
        spans = [slice(*X.indptr[[i, i + 1]]) for i in rows]
        content = [X.indices[i].astype(np.int64).tobytes() + X.data[i].tobytes() for i in spans]
    else:
        content = [x.tobytes() for x in X[rows]]
    keys = np.empty(len(rows), object)
    keys[:] = [x + y.tobytes() for x, y in zip(content, Y[:, rows].T, strict=True)]
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    weights = np.ones((1, len(rows))) if s is None else s[:, rows]
    order = np.lexsort((weights[0], inverse))  # sums of fractions depend on their order
    merged = np.zeros((len(weights), X.shape[0]))
    merged[:, rows[first]] = [np.bincount(inverse[order], w[order]) for w in weights]
    return rows[first], merged
