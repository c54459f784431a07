"""Examples: weights checked, rows chosen, nothing of X copied."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array

from skshallow.core.batches import Batches, merge_equal_rows
from skshallow.core.inputs import CHUNK, Inputs


@dataclass
class Examples:
    """X (m, n0), targets y as given and Y (n2, m) for core, weights, rows to use.

    ``s`` (1 or n2, m) is sample weight times class weight; ``count`` is the number of rows before
    equal ones were merged.
    """

    X: Any
    y: np.ndarray
    Y: np.ndarray
    sample_weight: np.ndarray | None
    s: np.ndarray | None
    rows: np.ndarray
    count: int

    @classmethod
    def of(cls, X, y, Y, sample_weight, s) -> "Examples":
        """All examples of positive weight, the others count as absent."""
        if not (issparse(X) or X.flags.forc):  # gathering rows wants one order or the other
            X = np.ascontiguousarray(X)
        rows = np.arange(X.shape[0]) if s is None else np.flatnonzero(s.any(axis=0))
        return cls(X, y, Y, sample_weight, s, rows, len(rows))

    def subset(self, rows) -> "Examples":
        """The same data, other rows."""
        return replace(self, rows=rows, count=len(rows))

    def merged(self) -> "Examples":
        """The same J from distinct examples in an order of their own."""
        rows, s = merge_equal_rows(self.X, self.Y, self.s, self.rows)
        return replace(self, s=s, rows=rows)

    @property
    def total_weight(self) -> float:
        """Sum of the weights of the rows, each the mean over its outputs."""
        weights = self.row_weights
        return float(len(self.rows) if weights is None else weights[self.rows].sum())

    @property
    def row_weights(self) -> np.ndarray | None:
        """One weight a row, (m,)."""
        return None if self.s is None else self.s.mean(axis=0)

    def batches(self, standardization, target_scaling=None, size: int = CHUNK) -> Batches:
        """Deal these rows, scaled; weights become of mean one, so that J is a weighted mean."""
        s = None if self.s is None else self.s * (len(self.rows) / self.total_weight)
        if s is not None and np.ptp(s[:, self.rows]) == 0:
            s = None
        s = None if s is None else s.astype(self.X.dtype)
        Y = self.Y if target_scaling is None else target_scaling.apply(self.Y)
        Y = Y.astype(self.X.dtype, copy=False)
        return Batches(Inputs(self.X, standardization), Y, s, self.rows, size)


def check_weights(weights, n: int, name: str) -> np.ndarray | None:
    """Weights as a float64 array (n,): finite, not negative, not all zero."""
    if weights is None:
        return None
    if np.isscalar(weights):
        weights = np.full(n, weights)
    weights = check_array(weights, ensure_2d=False, dtype=np.float64, input_name=name)
    if weights.shape != (n,):
        raise ValueError(f"{name} has shape {weights.shape}: give one weight for each of {n} rows")
    if (weights < 0).any():
        raise ValueError(
            f"{name} has a negative weight ({weights.min()}): weights must be zero or more"
        )
    with np.errstate(over="ignore"):
        total = weights.sum()
    if not np.isfinite(total):
        raise ValueError(f"{name}: the sum of the weights overflows: divide them by a constant")
    if not weights.any():
        raise ValueError(f"{name}: all weights are zero: give at least one row a positive weight")
    return weights
