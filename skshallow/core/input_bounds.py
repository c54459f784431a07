"""What the network sees of its inputs: no value far outside of what training rows had.

Outside of the training range a network goes on in straight lines, and a misplaced decimal point
becomes an absurd answer. So every column of X is clipped,

    x_j := min(max(x_j, low_j - c w_j), high_j + c w_j)    w_j = high_j - low_j    c = MARGIN

where low_j and high_j are the least and the largest value in training. A constant column stays the
constant.

A few training values may themselves be absurd, and all others, standardised, would become one
number. With d_j the distances from a column's median (sparse: from zero), in increasing order, the
values beyond the first k are absurd if d_(k+1) > GAP * d_k and they are FEW among those that
differ from the median. They do not count for the range, and are clipped in training too. In a
stream, whose calls may have one row, a value is absurd if it lies GAP times the range seen so far
beyond that.
"""

import math

import numpy as np
from scipy.sparse import issparse

MARGIN = 0.25  # of the range, on either side
GAP = 100  # times as far as the farthest of the rest is absurd
SUSPECT = 60  # times the typical distance: columns with such values are looked at closely
FEW = 0.025  # share of the weight that absurd values may have: more are a part of the column
LEAST_ROWS = round(1 / FEW)  # with fewer, no single value is few
SAMPLE = 1_000  # rows that columns with absurd values are looked for with, at most,
SAMPLED = 300_000  # and numbers in them if X is dense
FOR_MEDIAN = 100  # of them, from which the median is taken
RANGE_BLOCK = 1_024  # rows whose range is taken together
SIDE_BY_SIDE = 512  # numbers in a row that reductions over columns are fast for
SMALL = 16_384  # numbers that are compared one by one
LOWEST_OCTAVE = -1_073  # binary exponent of the least number, as frexp has it,
OCTAVES = 2_099  # and how many there are up to the largest, and infinity
BLOCK = 131_072  # numbers whose range is taken together: they stay in the cache


class InputRange:
    """``low`` and ``high`` (n0,): least and largest value of each column in training."""

    def __init__(self, low, high):
        self.low, self.high = low, high

    @classmethod
    def of(cls, X, rows):
        """That of these rows; what a sparse X leaves out is zero, and always counts as seen."""
        low, high = np.inf, -np.inf
        if issparse(X):
            low, high = np.zeros((2, X.shape[1]), X.dtype)
        for start in range(0, len(rows), RANGE_BLOCK):
            x = X[rows[start : start + RANGE_BLOCK]]
            if issparse(x):
                x.sum_duplicates()
                np.minimum.at(low, x.indices, x.data)
                np.maximum.at(high, x.indices, x.data)
            else:
                least, largest = column_range(x)
                low, high = np.minimum(low, least), np.maximum(high, largest)
        return cls(low.astype(X.dtype), high.astype(X.dtype))

    def suspects(self, X, rows, n):
        """Columns that may have absurd values, by some of n rows of X, and the centre of each."""
        if n < LEAST_ROWS:
            return np.empty(0, int), np.empty(0)
        with np.errstate(over="ignore"):
            center, typical = _typical_distances(X, rows)
            largest = np.maximum(self.high - center, center - self.low)
            columns = np.flatnonzero(largest > SUSPECT * typical)
        return columns, center[columns]

    def without_absurd(self, distances):
        """This range without the absurd values of the columns that ``Distances`` are of."""
        low, high = self.low.copy(), self.high.copy()
        for k, j in enumerate(distances.columns):
            low[j], high[j] = distances.range_of_the_rest(k) or (low[j], high[j])
        return InputRange(low, high)

    def unless_absurd(self, before):
        """This range, but that of ``before`` on a side where it goes absurdly far beyond it."""
        with np.errstate(over="ignore"):
            far = GAP * (before.high - before.low)
            low = np.where((far > 0) & (before.low - self.low > far), before.low, self.low)
            high = np.where((far > 0) & (self.high - before.high > far), before.high, self.high)
        return InputRange(low, high)

    def merge(self, other):
        """The range of both."""
        return InputRange(np.minimum(self.low, other.low), np.maximum(self.high, other.high))

    def bounds(self):
        """Where to clip."""
        most = np.finfo(self.low.dtype).max
        with np.errstate(over="ignore"):
            margin = np.minimum(MARGIN * (self.high - self.low), most)
            low, high = self.low - margin, self.high + margin
        return InputBounds(np.maximum(low, -most), np.minimum(high, most))


class InputBounds:
    """Clips each column at ``low`` and ``high`` (n0,)."""

    def __init__(self, low, high):
        self.low, self.high = low, high

    def apply(self, x):
        """Rows x (m, n0), clipped: x itself if nothing lies outside, else a copy."""
        if issparse(x):
            return self._apply_to_sparse(x)
        if self.hold(x):
            return x
        x = np.maximum(x, self.low)
        return np.minimum(x, self.high, out=x)

    def hold(self, x):
        """Whether all numbers of rows x (m, n0) lie within; nan does not."""
        if x.size <= SMALL:
            return self._hold(x)
        step = max(BLOCK // x.shape[1], 1)
        blocks = (x[start : start + step] for start in range(0, len(x), step))
        return all(self._hold(np.array(column_range(block))) for block in blocks)

    def _hold(self, x):
        inside = (self.low <= x) & (x <= self.high)
        return np.count_nonzero(inside) == inside.size  # faster than all()

    def _apply_to_sparse(self, x):
        """It stays sparse unless zero lies outside, as of columns that were never zero."""
        if (self.low > 0).any() or (self.high < 0).any():
            return type(x)(np.clip(x.toarray(), self.low, self.high))
        if not x.has_canonical_format:
            distinct = x.copy()
            distinct.sum_duplicates()
            x = distinct if distinct.nnz < x.nnz else x  # the order of a sum decides its last bit
        data = np.clip(x.data, self.low[x.indices], self.high[x.indices])
        return type(x)((data, x.indices, x.indptr), shape=x.shape)


def column_range(x):
    """Least and largest value of each column of x (m, n0)."""
    m, n0 = x.shape
    beside = min(SIDE_BY_SIDE // n0, math.isqrt(m))
    if beside < 2 or not x.flags.c_contiguous:
        return np.minimum.reduce(x), np.maximum.reduce(x)
    most = m // beside * beside
    parts = [f.reduce(x[:most].reshape(-1, beside * n0)) for f in (np.minimum, np.maximum)]
    low, high = (part.reshape(beside, n0) for part in parts)
    if most < m:
        low, high = (np.concatenate([part, x[most:]]) for part in (low, high))
    return np.minimum.reduce(low), np.maximum.reduce(high)


def sample_size(X):
    """With how many rows to look for columns that have absurd values; fewer if they are long."""
    return SAMPLE if issparse(X) else min(SAMPLE, max(SAMPLED // X.shape[1], LEAST_ROWS))


def _typical_distances(X, rows):
    """Medians (sparse: zeros) of columns, and geometric means of the distances that are not zero.

    Infinite for a column whose values are all equal.
    """
    x, n0 = X[rows], X.shape[1]
    if issparse(x):
        center, columns = np.zeros(n0), x.indices[x.data != 0]
        count = np.bincount(columns, minlength=n0)
        logarithms = np.log(np.abs(x.data[x.data != 0]))
        total = np.bincount(columns, logarithms, minlength=n0)
    else:
        some = np.sort(x[:: -(-len(x) // FOR_MEDIAN)], axis=0)
        center = some[len(some) // 2].astype(np.float64)
        distances = x - center
        np.abs(distances, out=distances)
        count = np.count_nonzero(distances, axis=0)
        distances[distances == 0] = 1  # whose logarithm does not count
        total = np.log(distances, out=distances).sum(axis=0)
    return center, np.where(count > 0, np.exp(total / np.maximum(count, 1)), np.inf)


def _columns(X, rows, columns, s):
    """(values, weights) of each of these columns; of a sparse one those that are stored."""
    if not issparse(X):
        yield from ((X[rows, j].astype(np.float64), s) for j in columns)
    elif len(columns):
        x = X[rows][:, columns].tocsc()
        x.sum_duplicates()
        for start, stop in zip(x.indptr[:-1], x.indptr[1:], strict=True):
            yield x.data[start:stop].astype(np.float64), s[x.indices[start:stop]]


class Distances:
    """Distances of some columns' values from the columns' centres, octave by octave.

    A gap by the factor GAP is wider than an octave, from 2^k to 2^(k+1), so that it lies between
    two of them. Of the values in each, the weight and the extremes are enough to find it, and what
    was seen elsewhere can be merged.
    """

    def __init__(self, columns, centers):
        self.columns, self.centers = columns, centers
        shape = len(columns), OCTAVES
        self.weight, self.farthest = np.zeros(shape), np.zeros(shape)
        self.nearest, self.low = np.full(shape, np.inf), np.full(shape, np.inf)
        self.high = np.full(shape, -np.inf)

    @classmethod
    def of(cls, X, rows, suspects, s=None):
        """Those of these rows; s (m,) weighs all rows of X; suspects are columns and centres."""
        self, s = cls(*suspects), np.ones(len(rows)) if s is None else s[rows]
        for k, (x, weights) in enumerate(_columns(X, rows, self.columns, s)):
            self._take_in(k, x, weights)
        return self

    def _take_in(self, k, x, s):
        with np.errstate(over="ignore"):
            d = np.abs(x - self.centers[k])
        x, s, d = x[d > 0], s[d > 0], d[d > 0]
        octave = np.where(np.isinf(d), OCTAVES - 1, np.frexp(d)[1] - LOWEST_OCTAVE)
        self.weight[k] += np.bincount(octave, s, OCTAVES)
        for least, values in ((self.nearest, d), (self.low, x)):
            np.minimum.at(least[k], octave, values)
        for largest, values in ((self.farthest, d), (self.high, x)):
            np.maximum.at(largest[k], octave, values)

    def merge(self, other):
        """Take in what was seen elsewhere."""
        self.weight += other.weight
        self.nearest = np.minimum(self.nearest, other.nearest)
        self.low = np.minimum(self.low, other.low)
        self.farthest = np.maximum(self.farthest, other.farthest)
        self.high = np.maximum(self.high, other.high)

    def range_of_the_rest(self, k):
        """(low, high) of a column without its absurd values; None if it has none."""
        (filled,) = np.nonzero(self.farthest[k])
        upto = np.cumsum(self.weight[k, filled])
        few = upto[:-1] >= (1 - FEW) * upto[-1:]
        gaps = self.nearest[k, filled[1:]] / GAP > self.farthest[k, filled[:-1]]
        (ends,) = np.nonzero(few & gaps)
        if len(ends) == 0:
            return None
        rest, center = filled[: ends[0] + 1], self.centers[k]
        return min(self.low[k, rest].min(), center), max(self.high[k, rest].max(), center)
