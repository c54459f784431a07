"""A data set whose rows lie on workers: it answers as ``DataSet`` does, by asking them."""

from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from scipy.sparse import issparse, vstack
from sklearn.base import is_classifier

from skshallow._data import DataSet, check_total_weight
from skshallow._inputs import column_names
from skshallow.core.batches import BLOCK_SIZE
from skshallow.core.input_bounds import InputBounds, InputRange, sample_size
from skshallow.core.standardization import Standardization, TargetStandardization
from skshallow.extras.dask import blocks
from skshallow.extras.dask.blocks import Description
from skshallow.extras.dask.cluster import Cluster
from skshallow.extras.dask.engine import DaskEngine

THRESHOLDS = 255  # that a quantile is looked for with at a time


def learn(estimator, cluster, chunks, y, *, first) -> dict:
    """What y is and how its classes weigh, by all chunks; the type that all become."""
    labels = is_classifier(estimator)
    found = cluster.merged(blocks.facts, chunks, blocks.merge_facts, with_labels=labels)
    if found is None:
        raise ValueError("X has 0 samples: all of its chunks are empty")
    check_total_weight(found.total_weight, "sample_weight")
    head, sums = found.head, None
    if found.labels and head.shape[1:] in ((), (1,)):
        head, sums = found.labels[0]
    elif found.labels:  # multilabel, if they are zeros and ones
        head = np.concatenate([head, np.zeros_like(head[:1]), np.ones_like(head[:1])])
    if first:
        if (names := column_names(y)) is not None:
            estimator.target_names_ = names
        estimator._encoder = estimator._learn_targets(head, None)
    return {"dtype": found.dtype, "class_weights": _class_weights(estimator, found, head, sums)}


def _class_weights(estimator, found, head, sums):
    if sums is not None:
        return estimator._learn_class_weights(head, sums)
    if not found.labels:
        return None
    return estimator._learn_class_weights(*_of_labels(found.labels))


def _of_labels(labels):
    """Zeros and ones of each column (2, n2), and how much they weigh."""
    weights = [[sums[values == bit].sum() for values, sums in labels] for bit in (0, 1)]
    return np.repeat([[0], [1]], len(labels), axis=1), np.array(weights)


@dataclass
class DistributedData:
    """Checked rows on workers, of which ``parts`` are futures; other fields as in ``DataSet``.

    No row leaves its worker but for a sample. What ``DataSet`` knows of X and y themselves, this
    knows not.
    """

    cluster: Cluster
    parts: list
    found: Description
    estimator: Any
    example: Any = None
    scales: tuple = (None, None)
    bounds: InputBounds | None = None
    distinct: bool = False
    y: None = None

    @classmethod
    def of(
        cls, estimator, cluster, chunks, dtype, class_weights, *, suffix=""
    ) -> "DistributedData":
        """Of these checked chunks, whose targets are encoded."""
        groups = cluster.side_by_side(chunks)
        how = estimator._encoder, class_weights, dtype, suffix
        parts = [
            cluster.submit(blocks.part_of, [chunks[i] for i in group], group, *how)
            for group in groups
        ]
        found = cluster.each(blocks.describe, parts, with_labels=is_classifier(estimator))
        whole = reduce(Description.merge, found)
        if not any(whole.n_by_block.values()):
            raise ValueError(f"X{suffix} has no sample of positive weight: give one at least")
        check_total_weight(whole.total_weight, "sample_weight times class_weight")
        parts = [part for part, of_part in zip(parts, found, strict=True) if of_part.n_by_block]
        self = cls(cluster, parts, whole, estimator)
        self.example = self.thinned(1)
        return self

    @property
    def n_samples(self) -> int:
        """Samples of positive weight."""
        return sum(self.found.n_by_block.values())

    @property
    def n_features(self) -> int:
        """Columns of X."""
        return self.example.n_features

    @property
    def n_outputs(self) -> int:
        """Rows of Y."""
        return self.example.n_outputs

    @property
    def dtype(self):
        """NumPy's type of X, and of all that is computed from it."""
        return self.example.dtype

    @property
    def targets(self):
        """The distinct labels."""
        return self.found.targets

    @property
    def effective_rows(self) -> float:
        """As of ``DataSet``."""
        return max(self.found.total_weight, self.n_samples)

    def without_duplicates(self) -> "DistributedData":
        """J is the same without them; what is taken of all samples will be without."""
        return replace(self, distinct=True)

    def samples(self) -> None:
        """X and y are not here."""

    def sample(self, most, rng) -> DataSet:
        """At most so many of the samples, drawn at random: those that a ``DataSet`` draws."""
        n = self.n_samples
        if n > most:
            return self._take(np.sort(rng.choice(n, most, replace=False)))
        everything = self._take(np.arange(n))
        return everything.without_duplicates() if self.distinct else everything

    def thinned(self, most) -> DataSet:
        """At most so many of the samples, evenly spaced."""
        return self._take(np.arange(0, self.n_samples, -(-self.n_samples // most)))

    def _take(self, samples):
        """These samples, in the order of the blocks, at the client."""
        wanted, start = {}, 0
        for number, n in sorted(self.found.n_by_block.items()):
            inside = samples[(start <= samples) & (samples < start + n)] - start
            wanted |= {number: inside} if len(inside) else {}
            start += n
        pieces = [
            p for found in self.cluster.each(blocks.take, self.parts, wanted=wanted) for p in found
        ]
        _, X, y, Y, weights, s = zip(*sorted(pieces, key=lambda piece: piece[0]), strict=True)
        X = vstack(X, format="csr") if issparse(X[0]) else np.concatenate(X)
        weights, s = (None if a[0] is None else np.concatenate(a, axis=-1) for a in (weights, s))
        rows, scales = np.arange(X.shape[0]), {"scales": self.scales, "bounds": self.bounds}
        y, Y = np.concatenate(y), np.concatenate(Y, axis=1)
        return DataSet(X, y, Y, weights, s, rows, len(rows), **scales)

    def input_range(self):
        """As of ``DataSet``."""
        seen = self._merged(blocks.input_range, InputRange.merge)
        some = self.thinned(sample_size(self.example.X))
        suspects = seen.suspects(some.X, some.rows, self.n_samples)
        if len(suspects[0]) == 0:
            return seen, seen
        return seen, seen.without_absurd(self._merged(blocks.distances, _merge, suspects=suspects))

    def moments(self, bounds=None):
        """As of ``DataSet``."""
        return self._merged(blocks.moments, _merge, bounds=bounds)

    def standardization(self) -> Standardization:
        """As of ``DataSet``."""
        return Standardization.from_moments(self.moments(self.bounds), self.dtype)

    def target_standardization(self, loss) -> TargetStandardization:
        """As of ``DataSet``."""
        return TargetStandardization.of(DistributedTargets(self), loss)

    def _merged(self, function, merge, **arguments):
        return self.cluster.merged(function, self.parts, merge, **arguments)

    def batches(self, size: int = BLOCK_SIZE) -> "DistributedData":
        """The blocks on workers are the batches."""
        return self

    def engine(self, kind, state, network, size: int) -> DaskEngine:
        """What has the workers compute."""
        return DaskEngine(self, state, network, self.estimator.engine)


def _merge(a, b):
    """Of two objects that merge in place."""
    a.merge(b)
    return a


class DistributedTargets:
    """Statistics of the targets on workers, as ``WeightedTargets`` has them, each (n2, 1).

    A quantile is found between the thresholds of one round after the other, until they are
    neighbours among floating-point numbers.
    """

    def __init__(self, data, center=None):
        self.data, self.center = data, center

    def mean(self):
        """Weighted mean."""
        weights, sums = self._merged(blocks.power_sums, power=1)
        return sums / weights

    def root_mean_square(self):
        """Root of the mean of squares."""
        weights, squares = self._merged(blocks.power_sums, power=2)
        return np.sqrt(squares / weights)

    def quantile(self, level):
        """The least value with this share of the weight up to it; a level, or one for each row."""
        rows, steps = np.arange(self.data.n_outputs), np.arange(1, THRESHOLDS + 1, dtype=np.uint64)
        low, high = (np.repeat(_place(end), len(rows)) for end in (-np.inf, np.inf))
        share = np.broadcast_to(level, (len(rows), 1))
        while (apart := (high - low).view(np.uint64)).max() > 1:
            step = np.maximum(apart // np.uint64(THRESHOLDS + 1), np.uint64(1))
            inside = np.minimum(step[:, None] * steps, apart[:, None])
            inside = low[:, None] + inside.view(np.int64)
            upto = self._merged(blocks.weights_up_to, thresholds=_number(inside))
            reached = upto >= share * upto[:, -1:] * (1 - 1e-9)
            first = reached.argmax(axis=1)
            edges = np.column_stack([low, inside, high])
            low, high = edges[rows, first], edges[rows, first + 1]
        return _number(high)[:, None]

    def distances_from(self, center):
        """The same of |Y - center|."""
        return DistributedTargets(self.data, center)

    def _merged(self, function, **arguments):
        return self.data._merged(function, add, center=self.center, **arguments)


def _place(x):
    """The places, as integers, of numbers in the order of all floating-point numbers, (1,)."""
    bits = np.atleast_1d(np.float64(x)).view(np.int64)
    magnitude = bits & np.iinfo(np.int64).max
    return np.where(bits < 0, -magnitude, magnitude)


def _number(place):
    """The inverse."""
    return np.where(place < 0, -place | np.iinfo(np.int64).min, place).view(np.float64)
