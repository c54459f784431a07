"""A data set: X and targets checked, weights checked, rows chosen, nothing of X copied."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array

from skshallow.core.batches import BLOCK_SIZE, Batches, Inputs
from skshallow.core.duplicates import hashes_of_examples, merge_duplicate_rows
from skshallow.core.input_bounds import Distances, InputBounds, InputRange, sample_size
from skshallow.core.standardization import (
    Moments,
    Standardization,
    TargetStandardization,
    WeightedTargets,
)

LARGEST_WEIGHT = 1e100  # of all samples together, times squares of X


@dataclass
class DataSet:
    """X (m, n0), targets y as given and Y (n2, m) for core, weights, rows to use.

    ``s`` (1 or n2, m) is sample weight times class weight; ``count`` is the number of rows before
    duplicates were merged; ``scales`` are what standardises X and Y, or None; ``bounds`` clip X
    before, unless they are None. ``weight_scale`` makes weights of mean one; it is given if this is
    a part of a larger set.
    """

    X: Any
    y: np.ndarray
    Y: np.ndarray
    sample_weight: np.ndarray | None
    s: np.ndarray | None
    rows: np.ndarray
    count: int
    scales: tuple = (None, None)
    bounds: InputBounds | None = None
    weight_scale: float | None = None

    @classmethod
    def of(cls, X, y, Y, sample_weight, s) -> "DataSet":
        """All samples of positive weight, the others count as absent."""
        if not (issparse(X) or X.flags.forc):  # taking rows wants one order or the other
            X = np.ascontiguousarray(X)
        rows = np.arange(X.shape[0]) if s is None else np.flatnonzero(s.any(axis=0))
        return cls(X, y, Y, sample_weight, s, rows, len(rows))

    @property
    def n_samples(self) -> int:
        """How many rows are used."""
        return len(self.rows)

    @property
    def n_features(self) -> int:
        """Columns of X."""
        return self.X.shape[1]

    @property
    def n_outputs(self) -> int:
        """Rows of Y."""
        return len(self.Y)

    @property
    def dtype(self):
        """NumPy's type of X, and of all that is computed from it."""
        return self.X.dtype

    @property
    def targets(self):
        """y of these rows, as given."""
        return self.y[self.rows]

    def subset(self, rows) -> "DataSet":
        """The same data, other rows."""
        return replace(self, rows=rows, count=len(rows))

    def sample(self, most: int, rng) -> "DataSet":
        """At most so many of the rows, drawn at random."""
        if len(self.rows) <= most:
            return self
        return self.subset(np.sort(rng.choice(self.rows, most, replace=False)))

    def thinned(self, most: int) -> "DataSet":
        """At most so many of the rows, evenly spaced."""
        return self.subset(self.rows[:: -(-len(self.rows) // most)])

    def hashes(self) -> np.ndarray:
        """A number for each of these rows and its targets: the same whenever they come."""
        return hashes_of_examples(self.X, self.Y, self.rows)

    def without_duplicates(self) -> "DataSet":
        """The same J from distinct samples in an order of their own."""
        rows, s = merge_duplicate_rows(self.X, self.Y, self.s, self.rows)
        return replace(self, s=s, rows=rows)

    def samples(self) -> tuple:
        """X, y and sample weights (or None) of these rows, as they were given."""
        weights = self.sample_weight
        return self.X[self.rows], self.y[self.rows], None if weights is None else weights[self.rows]

    @property
    def total_weight(self) -> float:
        """Sum of the weights of the rows, each the mean over its outputs."""
        weights = self.row_weights
        return float(len(self.rows) if weights is None else weights[self.rows].sum())

    @property
    def effective_rows(self) -> float:
        """How many rows a penalty is for: weights count as rows, but do not make them fewer."""
        return max(self.total_weight, self.count)

    @property
    def row_weights(self) -> np.ndarray | None:
        """One weight a row, (m,)."""
        return None if self.s is None else self.s.mean(axis=0)

    def moments(self, bounds: InputBounds | None = None) -> Moments:
        """Those of the columns of these rows, clipped."""
        return Moments().update(self.X, self.rows, self.row_weights, bounds)

    def standardization(self) -> Standardization:
        """What puts the columns of these rows on one footing."""
        return Standardization.measure(self.X, self.rows, self.row_weights, self.bounds)

    def target_standardization(self, loss) -> TargetStandardization:
        """The same for the targets under this loss."""
        return TargetStandardization.of(self.weighted_targets(), loss)

    def weighted_targets(self) -> WeightedTargets:
        """Y and weights of these rows."""
        weights = self.row_weights
        return WeightedTargets(
            self.Y[:, self.rows], None if weights is None else weights[self.rows]
        )

    def input_range(self) -> tuple[InputRange, InputRange]:
        """That of these rows, and the same without absurd values."""
        seen = InputRange.of(self.X, self.rows)
        some = self.thinned(sample_size(self.X))
        suspects = seen.suspects(some.X, some.rows, self.n_samples)
        distances = Distances.of(self.X, self.rows, suspects, self.row_weights)
        return seen, seen.without_absurd(distances)

    def engine(self, kind, state, network, size: int):
        """What computes for these rows, of this class, in steps of so many."""
        return kind(state, network, self.batches(size))

    def batches(self, size: int = BLOCK_SIZE) -> Batches:
        """These rows in batches, standardised; weights become of mean one, so that J is a mean."""
        s, scale = None, self.weight_scale
        if self.s is not None and (scale is not None or np.ptp(self.s[:, self.rows]) > 0):
            s = (self.s * (scale or len(self.rows) / self.total_weight)).astype(self.X.dtype)
        Y = self.Y if self.scales[1] is None else self.scales[1].apply(self.Y)
        Y = Y.astype(self.X.dtype, copy=False)
        return Batches(Inputs(self.X, self.scales[0], self.bounds), Y, s, self.rows, size)


def check_weights(weights, n: int, name: str, *, of_part: bool = False) -> np.ndarray | None:
    """Weights as a float64 array (n,): finite, not negative; all are zero at most in a part."""
    if weights is None:
        return None
    if isinstance(weights, str):
        raise TypeError(f"{name}={weights!r} is no array: give a number for each sample")
    if np.isscalar(weights):
        weights = np.full(n, weights)
    weights = check_array(weights, ensure_2d=False, dtype=np.float64, input_name=name)
    if weights.shape != (n,):
        raise ValueError(f"{name} has shape {weights.shape}: give one weight for each of {n}")
    if (weights < 0).any():
        raise ValueError(f"{name} has a negative weight ({weights.min()}): all must be >= 0")
    if weights.any() or not of_part:
        check_total_weight(weights, name)
    return weights


def check_total_weight(weights, name: str) -> None:
    """The sum of all weights is a number above zero."""
    with np.errstate(over="ignore"):
        total = np.sum(weights)
    if not total <= LARGEST_WEIGHT:
        raise ValueError(
            f"{name}: the sum of the weights is {total:.3g}, above {LARGEST_WEIGHT:.0e}: divide "
            "them by a constant"
        )
    if not total > 0:
        raise ValueError(f"{name}: all weights are zero: give one sample at least a weight")
