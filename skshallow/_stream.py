"""What partial_fit has seen so far: how many rows, and the scales of their columns and targets.

A stream's first rows need not look like the others. With every call the scales become those of all
rows seen, and the weights change so that the network stays what it is; the penalty becomes that of
so many rows. Of its very first rows a network knows nothing that is worth keeping, and their scales
may be far off: then the weights stay, and mean what they mean on the new scales.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.sparse import issparse

from skshallow._data import DataSet
from skshallow.core.standardization import Moments, Standardization, largest_values

NOVICE = 100  # rows, weighted, after which the network knows something to be kept
TARGETS_KEPT = 10_000  # of which the scale of the targets is taken: it is settled by then


def follow_stream(estimator, data: DataSet, *, first: bool) -> DataSet:
    """The data on the scales of all rows that partial_fit has seen; so is the network.

    Scales of a fit, from which partial_fit goes on, stay.
    """
    if first:
        estimator._stream = Stream()
    elif not hasattr(estimator, "_stream"):
        return data
    stream = estimator._stream
    stream.update(data)
    if not estimator.standardize:
        return data
    old, new = data.scales, stream.scales(data, estimator._encoder)
    if all(
        before is None or before.is_close(after) for before, after in zip(old, new, strict=True)
    ):
        return data
    if stream.n_rows > NOVICE:
        estimator._state.change_scales(old, new)
    estimator._standardization, estimator._target_standardization = new
    return replace(data, scales=new)


@dataclass
class Stream:
    """Counts rows, keeps moments of the columns and the first targets.

    ``largest`` takes the place of the moments if the first rows were sparse.
    """

    n_rows: float = 0.0
    moments: Moments | None = None
    largest: np.ndarray | None = None
    targets: list = field(default_factory=list)

    def update(self, data: DataSet) -> None:
        """Take in the rows of a call."""
        first, self.n_rows = self.n_rows == 0, self.n_rows + data.effective_rows
        if first and issparse(data.X):
            self.largest = np.zeros(data.X.shape[1])
        elif first:
            self.moments = Moments()
        if self.largest is not None:
            np.maximum(self.largest, largest_values(data.X, data.rows), out=self.largest)
        else:
            self.moments.update(data.X, data.rows, data.row_weights)
        room = TARGETS_KEPT - sum(len(rows) for rows, _ in self.targets)
        rows = data.rows[:room]
        if len(rows):
            weights = None if data.s is None else data.row_weights[rows]
            self.targets.append((data.Y[:, rows], weights))

    def scales(self, data: DataSet, encoder) -> tuple:
        """What puts the columns, and the targets, of all rows seen on one footing."""
        Y = np.concatenate([Y for Y, _ in self.targets], axis=1)
        s = None
        if any(weights is not None for _, weights in self.targets):
            pairs = ((np.ones(Y.shape[1]) if w is None else w) for Y, w in self.targets)
            s = np.concatenate(list(pairs))[None]
        seen = replace(data, Y=Y, s=s, rows=np.arange(Y.shape[1]))
        return self._standardization(data.X.dtype), encoder.measure(seen)

    def _standardization(self, dtype):
        if self.largest is not None:
            return Standardization.from_largest(self.largest, dtype)
        return Standardization.from_moments(self.moments, dtype)
