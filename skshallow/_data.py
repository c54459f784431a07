"""A data set: X and targets checked, weights checked, rows chosen, nothing of X copied."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array

from skshallow.core.batches import BLOCK_SIZE, Batches, Inputs, merge_duplicate_rows
from skshallow.core.input_bounds import InputBounds, InputRange
from skshallow.core.standardization import Standardization


@dataclass
class DataSet:
    """X (m, n0), targets y as given and Y (n2, m) for core, weights, rows to use.

    ``s`` (1 or n2, m) is sample weight times class weight; ``count`` is the number of rows before
    duplicates were merged; ``scales`` are what standardises X and Y, or None; ``bounds`` clip X
    before, unless they are None.
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

    @classmethod
    def of(cls, X, y, Y, sample_weight, s) -> "DataSet":
        """All samples of positive weight, the others count as absent."""
        if not (issparse(X) or X.flags.forc):  # taking rows wants one order or the other
            X = np.ascontiguousarray(X)
        rows = np.arange(X.shape[0]) if s is None else np.flatnonzero(s.any(axis=0))
        return cls(X, y, Y, sample_weight, s, rows, len(rows))

    def subset(self, rows) -> "DataSet":
        """The same data, other rows."""
        return replace(self, rows=rows, count=len(rows))

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

    def standardization(self) -> Standardization:
        """What puts the columns of these rows on one footing."""
        return Standardization.measure(self.X, self.rows, self.row_weights, self.bounds)

    def input_range(self) -> tuple[InputRange, InputRange]:
        """That of these rows, and the same without absurd values."""
        seen = InputRange.of(self.X, self.rows)
        return seen, seen.without_absurd(self.X, self.rows, self.row_weights)

    def batches(self, size: int = BLOCK_SIZE) -> Batches:
        """These rows in batches, standardised; weights become of mean one, so that J is a mean."""
        s = None
        if self.s is not None and np.ptp(self.s[:, self.rows]) > 0:
            s = (self.s * (len(self.rows) / self.total_weight)).astype(self.X.dtype)
        Y = self.Y if self.scales[1] is None else self.scales[1].apply(self.Y)
        Y = Y.astype(self.X.dtype, copy=False)
        return Batches(Inputs(self.X, self.scales[0], self.bounds), Y, s, self.rows, size)


def check_weights(weights, n: int, name: str) -> np.ndarray | None:
    """Weights as a float64 array (n,): finite, not negative, not all zero."""
    if weights is None:
        return None
    if np.isscalar(weights):
        weights = np.full(n, weights)
    weights = check_array(weights, ensure_2d=False, dtype=np.float64, input_name=name)
    if weights.shape != (n,):
        raise ValueError(f"{name} has shape {weights.shape}: give one weight for each of {n}")
    if (weights < 0).any():
        raise ValueError(f"{name} has a negative weight ({weights.min()}): all must be >= 0")
    with np.errstate(over="ignore"):
        total = weights.sum()
    if not np.isfinite(total):
        raise ValueError(f"{name}: the sum of the weights overflows: divide them by a constant")
    if not weights.any():
        raise ValueError(f"{name}: all weights are zero: give one sample at least a weight")
    return weights
