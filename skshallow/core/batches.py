"""The examples in portions: batches for stochastic steps, chunks for passes over all of them.

An epoch is dealt as evenly as possible: 201 examples in batches of at most 200 make 101 + 100,
not 200 and a noisy one. If everything fits one batch, it is gathered once and kept.
"""

from itertools import pairwise

import numpy as np
from scipy.sparse import issparse

from skshallow.core.inputs import Gather


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
        self._weights = (lambda rows: None) if s is None else Gather(s, axis=1)
        self._bounds = np.linspace(0, len(rows), -(-len(rows) // size) + 1).astype(int).tolist()
        self._kept = None

    def __len__(self):
        return len(self._bounds) - 1

    @property
    def largest(self):
        """Examples in the largest batch."""
        return max(stop - start for start, stop in pairwise(self._bounds))

    def deal(self, rng=None):
        """All batches of one epoch, in random order if there is an rng."""
        if len(self) == 1:
            self._kept = self._kept or self._gather(self.rows)
            yield self._kept
            return
        order = self.rows if rng is None else rng.permutation(self.rows)
        for start, stop in pairwise(self._bounds):
            yield self._gather(order[start:stop])

    def _gather(self, rows):
        return self.inputs.take(rows), self._targets(rows), self._weights(rows)


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
    merged = np.zeros((len(weights), X.shape[0]))
    merged[:, rows[first]] = [np.bincount(inverse, w) for w in weights]
    return rows[first], merged
