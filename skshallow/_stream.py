"""What partial_fit has seen so far: how many rows, and the scales of their columns and targets.

A stream's first rows need not look like the others. With every call the scales become those of all
rows seen, and the weights change so that the network stays what it is; the penalty becomes that of
so many rows. Of its very first rows a network knows nothing that is worth keeping, and their scales
may be far off: then the weights stay, and mean what they mean on the new scales.
"""

import copy
import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from skshallow._data import DataSet
from skshallow.core.duplicates import DistinctSum
from skshallow.core.standardization import Moments, Standardization

NOVICE = 100  # rows, weighted, after which the network knows something to be kept
TARGETS_KEPT = 2_000  # of which the scale of the targets is taken: it is settled by then


def follow_stream(estimator, data: DataSet, *, first: bool) -> DataSet:
    """The data on the scales of all rows that partial_fit has seen; so is the network.

    Scales of a fit, from which partial_fit goes on, stay.
    """
    if first:
        estimator._stream = Stream()
    elif not hasattr(estimator, "_stream"):
        return data
    stream = copy.deepcopy(estimator._stream)  # it shall change with the call, or not at all
    stream.update(data)
    estimator._stream = stream
    if data.s is not None:
        scale = stream.n_weighed / stream.total_weight
        if not math.isclose(scale, data.n_samples / data.total_weight, rel_tol=1e-12):
            data = replace(data, weight_scale=scale)
    if not estimator.standardize:
        return data
    old = data.scales
    new = stream.scales(data, estimator._encoder, old[1])
    if all(
        before is None or before.is_close(after) for before, after in zip(old, new, strict=True)
    ):
        return data
    if is_familiar(estimator):
        estimator._state.change_scales(old, new)
    estimator._standardization, estimator._target_standardization = new
    return replace(data, scales=new)


def is_familiar(estimator) -> bool:
    """Whether partial_fit has seen enough rows to tell what is usual."""
    return hasattr(estimator, "_stream") and estimator._stream.weight > NOVICE


@dataclass
class Stream:
    """Counts rows, keeps moments of the columns and the first targets (n2, m) with weights (m,).

    ``weight`` is that of the rows of all calls. Samples that came in a call before, as in a further
    pass over the data, add nothing to what there is to learn: ``distinct`` counts them once.
    ``n_weighed`` and ``total_weight`` make weights of mean one over all calls: a sample weighs as
    much in a small chunk as in a large one.
    """

    weight: float = 0.0
    distinct: DistinctSum = field(default_factory=DistinctSum)
    moments: Moments = field(default_factory=Moments)
    targets: Any = None
    weights: Any = None
    settled: bool = False
    n_weighed: int = 0
    total_weight: float = 0.0

    def update(self, data: DataSet) -> None:
        """Take in the rows of a call."""
        self.weight += data.effective_rows
        self.n_weighed += data.n_samples
        self.total_weight += data.total_weight
        self.distinct.add(data.hashes(), _counts(data))
        self.moments.update(data.X, data.rows, data.row_weights, data.bounds)
        self._keep_targets(data)

    @property
    def n_samples(self) -> int:
        """Samples that came, each of them once."""
        return round(self.distinct.totals[0])

    @property
    def n_rows(self) -> float:
        """The same with weights that count as rows."""
        return float(self.distinct.totals[1])

    def _keep_targets(self, data):
        """All of a call, or none once they are enough: then their scale stays."""
        self.settled = self.targets is not None and self.targets.shape[1] >= TARGETS_KEPT
        if self.settled:
            return
        new = data.weighted_targets()
        self.targets = new.Y if self.targets is None else np.hstack([self.targets, new.Y])
        self.weights = new.s if self.weights is None else np.hstack([self.weights, new.s])

    def scales(self, data: DataSet, encoder, of_targets) -> tuple:
        """What puts the columns, and the targets, of all rows seen on one footing.

        ``of_targets`` is what did so for the targets before.
        """
        if not self.settled:
            rows = np.arange(len(self.weights))
            seen = replace(data, Y=self.targets, s=self.weights[None], rows=rows)
            of_targets = encoder.measure(seen)
        return Standardization.from_moments(self.moments, data.X.dtype), of_targets


def _counts(data):
    """Of each row: one, and how many rows it weighs as, (2, m)."""
    weights, ones = data.row_weights, np.ones(data.n_samples)
    weights = ones if weights is None else weights[data.rows]
    return np.array([ones, weights * (data.effective_rows / data.total_weight)])
