"""From rows of X to A0: gathered, standardised, turned into columns.

X (m, n0) may be C- or F-ordered or sparse (CSR); it is read where it lies and never copied
whole. ``Standardization`` puts every column on one footing:

    A0 = factor * (X.T - mean)

with the factor 1 / deviation. A column of two values is divided by their distance instead: a rare
indicator would become a huge number, and a column that says one bit should move the hidden units
less than one that says many. Sparse columns are not centred, which would make them dense, but
divided by their largest absolute value.
"""

import numpy as np
from scipy.sparse import issparse

CHUNK = 1_024  # rows that are looked at together
FEW = 128  # rows whose moments are taken together: they stay in the cache
IN_CACHE = 2**17  # hidden activations that prediction computes at a time: they stay in the cache
SMALL_PRODUCT = 1_000_000  # multiplications up to which BLAS has a quick way for few rows


class Standardization:
    """``mean`` and ``factor`` (n0, 1) of A0 = factor * (X.T - mean); mean is None if sparse."""

    def __init__(self, mean, factor):
        self.mean, self.factor = mean, factor

    @classmethod
    def measure(cls, X, rows, s=None):
        """Weighted mean and deviation of these rows of X; s (m,) weighs all rows of X."""
        if issparse(X):
            return cls(None, _inverse(_largest(X, rows), X.dtype))
        with np.errstate(over="ignore", invalid="ignore"):
            mean, square, low, high = _moments(X, rows, s)
        if not np.isfinite(square).all():
            raise ValueError(
                f"X has values up to {max(-low.min(), high.max()):.3g}, too large to standardise: "
                "divide X by a constant"
            )
        # Among all distributions on [low, high] with this mean, the two-valued one has the largest
        # variance, (high - mean)(mean - low), and no other reaches it (Bhatia and Davis, 2000).
        two_valued = square >= (1 - 1e-6) * (high - mean) * (mean - low)
        deviation = np.where(two_valued, high - low, np.sqrt(square))
        return cls(mean.astype(X.dtype)[:, None], _inverse(deviation, X.dtype))

    def apply(self, A0):
        """Standardised A0 (n0, m), in place where that can be.

        Sparse columns cannot be centred: if the mean comes from dense rows, A0 becomes dense.
        """
        if self.mean is None and issparse(A0):
            A0.data *= self.factor[A0.indices, 0]
            return A0
        A0 = A0.toarray() if issparse(A0) else A0
        if self.mean is not None:
            A0 -= self.mean
        A0 *= self.factor
        return A0

    def fold(self, W1, b1):
        """The W1, b1 that do to raw inputs what these do to standardised ones."""
        raw = W1 * self.factor.T.astype(np.float64)
        shift = 0 if self.mean is None else raw @ self.mean
        return raw.astype(W1.dtype), (b1 - shift).astype(b1.dtype)

    def unfold(self, W1, b1):
        """The inverse of fold."""
        shift = 0 if self.mean is None else W1.astype(np.float64) @ self.mean
        return W1 / self.factor.T, (b1 + shift).astype(b1.dtype)


def _moments(X, rows, s):
    """Weighted mean and variance, least and largest value, chunk after chunk (Chan et al. 1979)."""
    total, mean, square = 0.0, 0.0, 0.0
    low, high = np.inf, -np.inf
    for start in range(0, len(rows), FEW):
        chunk = rows[start : start + FEW]
        x = X[chunk]
        low, high = np.minimum(low, x.min(axis=0)), np.maximum(high, x.max(axis=0))
        weight = np.ones(len(chunk)) if s is None else s[chunk]
        here = weight.sum()
        x = x.astype(np.float64)
        here_mean = weight @ x / here
        x -= here_mean
        x *= x
        total += here
        square += weight @ x + (here_mean - mean) ** 2 * (here * (total - here) / total)
        mean += (here_mean - mean) * (here / total)
    return mean, square / total, low, high


def _largest(X, rows):
    """Largest absolute value of each column of a sparse X."""
    largest = np.zeros(X.shape[1])
    for start in range(0, len(rows), CHUNK):
        chunk = X[rows[start : start + CHUNK]]
        chunk.sum_duplicates()
        np.maximum.at(largest, chunk.indices, np.abs(chunk.data))
    return largest


def _inverse(deviation, dtype):
    """1 / deviation (n0, 1); a column that never changes keeps its scale."""
    return (1 / np.where(deviation > 0, deviation, 1)).astype(dtype)[:, None]


class Gather:
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
    """A0 (n0, m) of given rows of X, standardised."""

    def __init__(self, X, standardization=None):
        self.X, self.standardization = X, standardization
        if issparse(X):
            self._columns = lambda rows: X[rows].T
        elif X.flags.c_contiguous:
            gather = Gather(X, axis=0)
            self._columns = lambda rows: gather(rows).T
        else:  # np.take would first make a C-ordered copy of the whole of X
            self._columns = Gather(X.T, axis=1)

    @property
    def nbytes(self):
        """Bytes of X; a sparse one must never be made dense."""
        return np.inf if issparse(self.X) else self.X.nbytes

    def take(self, rows):
        """A0 of these rows; the next call with as many rows may write over it."""
        A0 = self._columns(rows)
        return A0 if self.standardization is None else self.standardization.apply(A0)


def tile_rows(multiplications):
    """Rows that go through a network of so many multiplications together in prediction.

    More are faster when there are many rows, fewer when there is only one. Eight are almost as
    fast as many where they make a product that BLAS takes its quick way with.
    """
    if 8 * multiplications > SMALL_PRODUCT:
        return 64
    if 64 * multiplications > SMALL_PRODUCT:
        return 8
    return 32 if multiplications > 1_000 else 128


def tiles(X, n1, dtype):
    """Consecutive rows of X as columns, in tiles of always the same shape for n1 hidden units.

    A product's rounding depends on its shape. If every tile has the same, filled up with zeros
    where rows are missing, then a row's scores are the same to the last bit in whatever company
    it comes. Yields (A0, n): a stack of tiles (tiles, n0, rows) with n rows in it, or one sparse
    (n0, CHUNK).
    """
    m, n0 = X.shape
    tile = tile_rows(n0 * n1)
    chunk = CHUNK if issparse(X) else tile * max(IN_CACHE // (tile * n1), 1)
    for start in range(0, m, chunk):
        x = X[start : start + chunk]
        n = x.shape[0]
        if issparse(x):
            x = x.astype(dtype)
            x.resize(CHUNK, n0)
            yield x.T, n
        else:
            if n % tile or x.dtype != dtype or not x.flags.c_contiguous:
                filled = np.zeros((-(-n // tile) * tile, n0), dtype)
                filled[:n] = x
                x = filled
            yield x.reshape(-1, tile, n0).swapaxes(-1, -2), n
