"""Every way to take rows of X, and the columns A0 they become.

X (m, n0) may be C- or F-ordered or sparse (CSR). Batches for stochastic steps, blocks for passes
over all examples, and tiles for prediction are read where X lies, and X is never copied whole.
Only small data are copied and standardised once, into a buffer that is shuffled for every epoch.

An epoch is divided as evenly as possible: 201 examples in batches of at most 200 make 101 + 100,
not 200 and a noisy one.
"""

from itertools import pairwise

import numpy as np
from scipy.sparse import issparse

BLOCK_SIZE = 1_024  # examples that are looked at together
SHUFFLE_BUFFER_BYTES = 2**25  # of X that is copied rather than taken batch after batch
TILE_CACHE = 2**17  # hidden activations that prediction computes at a time: they stay in the cache
TILE_INPUTS = 2**19  # inputs that prediction takes at a time, at most, if hidden units are few
SMALL_PRODUCT = 1_000_000  # multiplications up to which BLAS has a quick way for few rows
FLOAT32_TILE = 16  # columns in which every BLAS kernel rounds a float32 product alike


def even_slices(n, parts):
    """n things in so many parts, whose sizes differ by one at most."""
    bounds = [n * i // parts for i in range(parts + 1)]
    return [slice(start, stop) for start, stop in pairwise(bounds)]


class Take:
    """Rows (axis 0) or columns (axis 1) of an array, into a buffer made once for each number."""

    def __init__(self, array, axis):
        self.array, self.axis, self._buffers = array, axis, {}

    def __call__(self, where):
        """The next call with as many writes over the result."""
        buffer = self._buffers.get(len(where))
        if buffer is None:
            shape = list(self.array.shape)
            shape[self.axis] = len(where)
            buffer = self._buffers[len(where)] = np.empty(shape, self.array.dtype)
        return np.take(self.array, where, axis=self.axis, out=buffer, mode="clip")


class Inputs:
    """A0 (n0, m) of given rows of X, clipped if there are bounds, standardised."""

    def __init__(self, X, standardization=None, bounds=None):
        self.X, self.standardization, self.bounds = X, standardization, bounds
        self.nbytes = np.inf if issparse(X) else X.nbytes  # a sparse X must never be made dense
        if issparse(X):
            self._columns = lambda rows: X[rows].T
        elif X.flags.c_contiguous:
            take = Take(X, axis=0)
            self._columns = lambda rows: take(rows).T
        else:  # np.take would first make a C-ordered copy of the whole of X
            self._columns = Take(X.T, axis=1)

    def take(self, rows):
        """A0 of these rows; the next call with as many rows may write over it."""
        A0 = self._columns(rows)
        A0 = A0 if self.bounds is None else self.bounds.apply(A0.T).T
        return A0 if self.standardization is None else self.standardization.apply(A0)


class Batches:
    """Batches ``(A0, Y, s)``: inputs (n0, m), targets (n2, m), weights (1, m), (n2, m) or None.

    Parameters
    ----------
    inputs : Inputs
        Gives A0 of some rows. Not to be shared with another Batches: its buffers are reused.
    Y : ndarray of shape (n2, n)
        Targets of all examples.
    s : ndarray of shape (1, n) or (n2, n), or None
        Weights of all examples, of mean one over ``rows``.
    rows : ndarray of int
        The examples to go through.
    size : int
        Examples in a batch, at most.

    Attributes
    ----------
    n_examples : int
        Examples in all batches together.
    sizes : list of int
        Examples in each batch.
    """

    def __init__(self, inputs, Y, s, rows, size):
        self.inputs, self.rows, self.n_examples = inputs, rows, len(rows)
        self.Y, self.s = Y, s
        self._targets = Take(Y, axis=1)
        self._weights = None if s is None else Take(s, axis=1)
        self._slices = even_slices(len(rows), -(-len(rows) // size))
        self.sizes = [batch.stop - batch.start for batch in self._slices]
        self._buffer = None

    def __len__(self):
        return len(self._slices)

    def iterate(self, order=None):
        """All batches of one epoch, the examples in this order if one is given."""
        if len(self) == 1 or self.inputs.nbytes <= SHUFFLE_BUFFER_BYTES:
            if self._buffer is None:
                self._buffer = ShuffleBuffer(*self._take(self.rows), self._slices)
            yield from self._buffer.iterate(order)
        else:
            rows = self.rows if order is None else self.rows[order]
            for batch in self._slices:
                yield self._take(rows[batch])

    def _take(self, rows):
        s = None if self._weights is None else self._weights(rows)
        return self.inputs.take(rows), self._targets(rows), s


class ShuffleBuffer:
    """All examples, copied; the batches of every order are the same views of one copy."""

    def __init__(self, A0, Y, s, slices):
        self._takes, self._batches = [], [(A0, Y, s)]
        if len(slices) > 1:
            self._takes = [Take(np.ascontiguousarray(A0.T), axis=0), Take(Y, axis=1)]
            self._takes += [] if s is None else [Take(s, axis=1)]
            X, Y, *weights = self._lay(np.arange(Y.shape[1]))
            A0, s = X.T, weights[0] if weights else None
            self._batches = [(A0[:, i], Y[:, i], None if s is None else s[:, i]) for i in slices]

    def iterate(self, order=None):
        """The batches, after the examples were put in this order if one is given."""
        if order is not None:
            self._lay(order)
        return self._batches

    def _lay(self, order):
        return [take(order) for take in self._takes]


def tile_size(multiplications, dtype=np.float64):
    """Rows that go through a network of so many multiplications together in prediction.

    More are faster when there are many rows, fewer when there is only one. Eight are almost as
    fast as many where they make a product that BLAS takes its quick way with.
    """
    most = FLOAT32_TILE if np.dtype(dtype) == np.float32 else 128
    if 8 * multiplications > SMALL_PRODUCT:
        return min(64, most)
    if 64 * multiplications > SMALL_PRODUCT:
        return 8
    return min(32 if multiplications > 1_000 else 128, most)


def tiles(X, n1, dtype, before=None):
    """Consecutive rows of X as columns, in tiles of always the same shape for n1 hidden units.

    A product's rounding depends on its shape, and on the place in it where the shape is not one
    that BLAS computes in one go. If every tile has the same, filled up with zeros where rows are
    missing, then a row's scores are the same to the last bit in whatever company it comes.
    ``before``, if there is anything, prepares rows by its ``apply``. Yields (A0, n): a stack of
    tiles (tiles, n0, rows) with n rows in it, or one sparse (n0, BLOCK_SIZE).
    """
    m, n0 = X.shape
    tile = tile_size(n0 * n1, dtype)
    together = min(TILE_CACHE // (tile * n1), TILE_INPUTS // (tile * n0))
    chunk = BLOCK_SIZE if issparse(X) else tile * max(together, 1)
    for start in range(0, m, chunk):
        x = X[start : start + chunk]
        x, n = x if before is None else before.apply(x), x.shape[0]
        if issparse(x):
            x = x.astype(dtype)
            x.resize(BLOCK_SIZE, n0)
            yield x.T, n
        else:
            if n % tile or x.dtype != dtype or not x.flags.c_contiguous:
                filled = np.zeros((-(-n // tile) * tile, n0), dtype)
                filled[:n] = x
                x = filled
            yield x.reshape(-1, tile, n0).swapaxes(-1, -2), n


def in_tiles(A1, tile):
    """A1 (n1, m) of a sparse block as a stack of tiles (tiles, n1, rows), without a copy."""
    return A1.reshape(len(A1), -1, tile).swapaxes(0, 1)
