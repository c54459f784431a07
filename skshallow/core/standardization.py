"""X and y on one footing, so that the network need not learn their units; and the way back.

    A0 = factor * (X.T - mean)             Y' = (Y - location) / spread

The factor is 1 / standard deviation. A column of two values is divided by their distance instead:
a rare indicator would become a huge number, and a column that says one bit should move the hidden
units less than one that says many. Rare words of a text would become huge numbers too. So zeros
count as a tenth of a column at most: if there are more, the sum of squares is divided by 10/9 of
the weight of the other values. A rare word is then scaled much as a rare indicator is.

Sparse X is standardised as dense X is, and stays sparse. Its zeros would not stay zeros, so that
the mean is subtracted from the products, where it is a column or of rank one:

    W1 A0 = W1 S - (W1 u) 1.T      dW1 = dZ1 S.T - (dZ1 1) u.T      S = factor * X.T

with u = factor * mean and 1 a column of ones.

Trained on A0 and Y', a network gives scores Z2 = gain * Z2' + offset in the unit of y. With the
link "identity" gain is spread and offset is location; with "log", where Y is only divided by its
mean, gain is 1 and offset the logarithm of the mean. The location is the best constant under the
loss, so that training starts from it: the mean, or a quantile.

``fold`` turns the parameters of such a network into those for raw X and y, and back. A column that
does not change has the factor 0: it says nothing, and its weights become zero. Where the mean is
so far from zero that W1 x + b1 would lose digits, as of years in a column of nanoseconds, x is
taken from a centre, which is this mean and zero for all other columns.

References
----------
Chan, Golub and LeVeque (1979), Updating formulae and a pairwise algorithm for computing sample
variances. Bhatia and Davis (2000), A better bound on the variance.
"""

import numpy as np
from scipy.sparse import issparse

MOMENTS_BLOCK = 128  # rows whose moments are taken together: they stay in the cache
MANY_ZEROS = 0.9  # share of other values below which zeros do not make a deviation smaller
HARDLY = 1e8  # times the least normal number: weights for smaller deviations would overflow
HUGE = 1e-4  # times the largest number: weights for larger deviations would vanish
LOST = 1e-4  # deviations that the rounding of a value, as far from zero as the mean, may be
LEAST_SPREAD = 32 * np.finfo(float).eps  # of a target, beside its size: rounding is of this order
CLOSE = 1e-6  # deviations by which two footings may differ and count as the same
SPARSE_BLOCK = 1_024  # rows of a sparse X whose moments are taken together


class Moments:
    """Weighted mean, variance and range of columns, from parts that may be seen anywhere.

    Attributes
    ----------
    total : float
        Sum of the weights so far.
    mean, square, low, high, nonzero : ndarray of shape (n0,)
        Mean, sum of weight times squared distance from it, least and largest value, sum of the
        weights of all values but zeros.
    """

    def __init__(self, total=0.0, mean=0.0, square=0.0, low=np.inf, high=-np.inf, *, nonzero=0.0):
        self.total, self.mean, self.square, self.nonzero = total, mean, square, nonzero
        self.low, self.high = low, high

    @classmethod
    def of(cls, x, s=None):
        """Those of one block of rows x (m, n0), weights s (m,)."""
        s, squares = np.ones(len(x)) if s is None else s, x.astype(np.float64)
        nonzero = s @ (squares != 0)
        mean = s @ squares / s.sum()
        squares -= mean
        squares *= squares
        return cls(s.sum(), mean, s @ squares, x.min(axis=0), x.max(axis=0), nonzero=nonzero)

    @classmethod
    def of_sparse(cls, x, s=None):
        """The same of a CSR block, by what is stored; the other entries are zeros."""
        x.sum_duplicates()
        (m, n0), j, values = x.shape, x.indices, x.data.astype(np.float64)
        s = np.ones(m) if s is None else s
        weights = np.repeat(s, np.diff(x.indptr))
        mean = np.bincount(j, weights * values, n0) / s.sum()
        zeros = s.sum() - np.bincount(j, weights, n0)
        zeros[np.bincount(j, minlength=n0) == m] = 0  # rounding must not leave any
        square = np.bincount(j, weights * (values - mean[j]) ** 2, n0) + zeros * mean**2
        nonzero = np.bincount(j, weights * (values != 0), n0)
        low, high = (y.toarray().ravel() for y in (x.min(axis=0), x.max(axis=0)))
        return cls(s.sum(), mean, square, low, high, nonzero=nonzero)

    def update(self, X, rows, s=None, bounds=None):
        """Take in these rows of X, clipped, block after block; s (m,) weighs all rows of X."""
        of, size = (Moments.of_sparse, SPARSE_BLOCK) if issparse(X) else (Moments.of, MOMENTS_BLOCK)
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(rows), size):
                block = rows[start : start + size]
                x = X[block] if bounds is None else bounds.apply(X[block])
                self.merge(of(x, None if s is None else s[block]))
        return self

    def merge(self, other):
        """Take in what was seen elsewhere."""
        here, total, shift = other.total, self.total + other.total, other.mean - self.mean
        self.square += other.square + shift**2 * (here * ((total - here) / total))
        self.mean += shift * (here / total)
        self.low, self.high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        self.nonzero += other.nonzero
        self.total = total

    @property
    def variance(self):
        """Weighted variance of each column."""
        return self.square / self.total

    @property
    def deviation(self):
        """Root of the variance, which in a column of many zeros the other values make alone."""
        made_by = np.minimum(self.nonzero / MANY_ZEROS, self.total)
        return np.sqrt(self.square / np.where(made_by > 0, made_by, 1))


class Standardization:
    """``mean`` and ``factor`` (n0, 1) of A0 = factor * (X.T - mean)."""

    def __init__(self, mean, factor):
        self.mean, self.factor = mean, factor

    @classmethod
    def measure(cls, X, rows, s=None, bounds=None):
        """Of these rows of X, clipped; s (m,) weighs all rows of X."""
        return cls.from_moments(Moments().update(X, rows, s, bounds), X.dtype)

    @classmethod
    def from_moments(cls, moments, dtype):
        """Of columns with these moments."""
        variance = moments.variance
        low, high = (np.asarray(end, np.float64) for end in (moments.low, moments.high))
        if not (np.sqrt(variance) <= HUGE * float(np.finfo(dtype).max)).all():
            raise ValueError(
                f"X has values up to {max(-low.min(), high.max()):.3g}, too large to standardise "
                f"as {np.dtype(dtype)}: divide X by a constant"
            )
        mean = np.clip(moments.mean, low, high)  # rounding may have led out of them
        # Among all distributions on [low, high] with this mean, the two-valued one has the largest
        # variance, (high - mean)(mean - low), and no other reaches it.
        with np.errstate(over="ignore"):
            two_valued = variance >= (1 - 1e-6) * (high - mean) * (mean - low)
        deviation = np.where(two_valued, high - low, moments.deviation)
        return cls(mean.astype(dtype)[:, None], _inverse(deviation, dtype))

    def apply(self, A0):
        """Standardised A0 (n0, m), in place; of sparse columns a ``CentredSparse``."""
        if issparse(A0):
            A0.data *= self.factor[A0.indices, 0]
            return CentredSparse(A0, self.mean * self.factor, np.ones((A0.shape[1], 1), A0.dtype))
        A0 -= self.mean
        A0 *= self.factor
        return A0

    def fold(self, W1, b1):
        """The W1, b1 that do to raw inputs what these do to standardised ones."""
        raw = W1 * self.factor.T.astype(np.float64)
        return raw.astype(W1.dtype), (b1 - raw @ (self.mean - self.center)).astype(b1.dtype)

    @property
    def center(self):
        """(n0, 1): what x is taken from before the folded W1, not to lose digits; zeros mostly."""
        with np.errstate(over="ignore"):
            away = np.abs(self.mean.astype(np.float64)) * self.factor
        return np.where(away * np.finfo(self.mean.dtype).eps > LOST, self.mean, 0)

    def is_close(self, other):
        """Whether inputs would hardly differ: by less than 1e-6 deviations."""
        moved = (other.mean - self.mean) * self.factor
        stretched = other.factor - self.factor
        return bool(
            np.abs(moved).max() < CLOSE and (np.abs(stretched) <= CLOSE * self.factor).all()
        )

    def change(self, new, W1, b1):
        """W1 and b1 in place, so that the network is the same one on another footing.

        Of a column that did not change before, which it has not seen, the weights stay.
        """
        factor = np.where(self.factor > 0, self.factor, new.factor)
        raw = W1 * factor.T.astype(np.float64)
        b1 += raw @ (new.mean.astype(np.float64) - self.mean)
        W1[...] = raw / np.where(new.factor > 0, new.factor, 1).T

    def unfold(self, W1, b1):
        """The inverse of fold."""
        shift = W1.astype(np.float64) @ (self.mean - self.center)
        return W1 / np.where(self.factor > 0, self.factor, 1).T, (b1 + shift).astype(b1.dtype)


class CentredSparse:
    """S - u v.T with sparse S (n0, m), columns u (n0, 1) and v (m, 1): never made dense.

    What can be asked of it is what is asked of A0; least and largest numbers not of its transpose.
    The product A (S - u v.T) is A S - (A u) v.T.
    """

    __array_ufunc__ = None  # A @ this comes to __rmatmul__

    def __init__(self, S, u, v):
        self.S, self.u, self.v, self.shape, self.dtype = S, u, v, S.shape, S.dtype

    @property
    def T(self):
        """S.T - v u.T."""
        return CentredSparse(self.S.T, self.v, self.u)

    def __rmatmul__(self, A):
        product = self.S.T @ A.T  # a sparse matrix wants to stand on the left
        product -= self.v * (A @ self.u).T
        return product.T

    def min(self, axis):
        """Least number of each row (axis 1), as v is constant."""
        return self.S.min(axis=axis).toarray().ravel() - self.u[:, 0]

    def max(self, axis):
        """Largest number of each row (axis 1)."""
        return self.S.max(axis=axis).toarray().ravel() - self.u[:, 0]


def least_deviation(dtype):
    """Columns with a smaller standard deviation count as constant: their weights would overflow."""
    return HARDLY * np.finfo(dtype).tiny


def _inverse(deviation, dtype):
    """1 / deviation (n0, 1); 0 for a column that does not change, or too little for the type."""
    changes = deviation > least_deviation(dtype)
    return np.where(changes, 1 / np.where(changes, deviation, 1), 0).astype(dtype)[:, None]


class TargetStandardization:
    """``location``, ``spread``, ``gain`` and ``offset``, each (n2, 1)."""

    def __init__(self, location, spread, gain, offset):
        self.location, self.spread, self.gain, self.offset = location, spread, gain, offset

    @classmethod
    def measure(cls, Y, loss, s=None):
        """What suits the targets Y (n2, m), their weights s (m,) and the loss."""
        return cls.of(WeightedTargets(Y, s), loss)

    @classmethod
    def of(cls, targets, loss):
        """The same of ``WeightedTargets``, or of what answers like them."""
        if loss.link == "log":
            mean = targets.mean()
            mean = np.where(mean > 0, mean, 1)
            return cls(np.zeros_like(mean), mean, np.ones_like(mean), np.log(mean))
        if loss.target_quantile is None:
            location = targets.mean()
            spread = targets.distances_from(location).root_mean_square()
        else:
            location = targets.quantile(loss.target_quantile)
            spread = _median_deviation(targets)
        size = np.where(location != 0, np.abs(location), 1)  # of a target that never changes
        changes = spread > np.finfo(float).eps * size
        spread = np.where(changes, np.maximum(spread, LEAST_SPREAD * size), size)
        return cls(location, spread, spread, location)

    def apply(self, Y):
        """Y', what the network is trained on."""
        return (Y - self.location) / self.spread

    def raw_scores(self, Z2):
        """Z2 (n2, m) in the unit of y."""
        return self.gain * Z2 + self.offset

    def fold(self, W2, b2):
        """The W2, b2 that give scores in the unit of y."""
        return (self.gain * W2).astype(W2.dtype), self.raw_scores(b2).astype(b2.dtype)

    def is_close(self, other):
        """Whether targets would hardly differ: by less than 1e-6 deviations."""
        moved = (other.location - self.location) / self.spread
        return bool(max(np.abs(moved).max(), np.abs(other.spread / self.spread - 1).max()) < CLOSE)

    def change(self, new, W2, b2):
        """W2 and b2 in place, so that the network is the same one on another footing."""
        W2 *= self.gain / new.gain
        b2[...] = (self.raw_scores(b2) - new.offset) / new.gain

    def unfold(self, W2, b2):
        """The inverse of fold."""
        return W2 / self.gain, (b2 - self.offset) / self.gain


def fold(arrays, of_inputs=None, of_targets=None, *, back=False):
    """{name: array} for standardised X and y as new arrays for raw ones, or ``back``."""
    arrays = {name: array.copy() for name, array in arrays.items()}
    for W, b, scale in (("W1", "b1", of_inputs), ("W2", "b2", of_targets)):
        if scale is not None:
            arrays[W], arrays[b] = (scale.unfold if back else scale.fold)(arrays[W], arrays[b])
    return arrays


class WeightedTargets:
    """Statistics of targets Y (n2, m) with weights s (m,), each (n2, 1)."""

    def __init__(self, Y, s=None):
        self.Y, self.s = Y, np.ones(Y.shape[1]) if s is None else s

    def mean(self):
        """Weighted mean; of equal targets it is the target itself, which rounding would miss."""
        Y, mean = self.Y[:, self.s > 0], self.Y @ self.s / self.s.sum()
        return np.clip(mean, Y.min(axis=1), Y.max(axis=1))[:, None]

    def root_mean_square(self):
        """By way of the largest, whose square might overflow or vanish."""
        largest = np.abs(self.Y).max(axis=1, keepdims=True)
        largest[largest == 0] = 1
        return largest * np.sqrt(WeightedTargets((self.Y / largest) ** 2, self.s).mean())

    def quantile(self, level):
        """The least value with this share of the weight up to it; a level, or one for each row."""
        chosen = []
        for y, share in zip(self.Y, np.broadcast_to(level, (len(self.Y), 1)), strict=True):
            order = np.argsort(y, kind="stable")
            upto = np.cumsum(self.s[order])
            reached = share * upto[-1] * (1 - 1e-9)  # rounding of the sum must not decide
            chosen.append(y[order[np.searchsorted(upto, reached)]])
        return np.array(chosen)

    def distances_from(self, center):
        """The same of |Y - center|."""
        return WeightedTargets(np.abs(self.Y - center), self.s)


def _median_deviation(targets):
    """Median distance from the median, which outliers do not move, as a normal deviation.

    The mean distance where half of the targets or more are equal.
    """
    distances = targets.distances_from(targets.quantile(0.5))
    middle = distances.quantile(0.5)
    return np.where(middle > 0, 1.4826 * middle, distances.mean())
