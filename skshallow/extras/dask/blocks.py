"""What runs on a worker: its blocks of rows are checked, described and summed over where they lie.

A ``Block`` is a chunk of X with its y and weights, a ``Part`` the blocks of one thread as data
sets of the package. Whatever leaves a worker is as small as theta, but for a sample of rows.
"""

import copy
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skshallow._data import DataSet, check_weights
from skshallow._engines import engine_class
from skshallow._inputs import checked, plain_targets
from skshallow._target_encoding import distinct_labels
from skshallow.core.input_bounds import Distances, InputRange
from skshallow.core.network import Network
from skshallow.core.parameters import Parameters
from skshallow.core.standardization import Moments, WeightedTargets
from skshallow.core.training import EarlyStopping, TrainingState

HEAD = 100  # rows of y that tell its kind


@dataclass
class Block:
    """Rows X (m, n0) of one chunk with y and weights, checked; None if there are none."""

    X: Any
    y: np.ndarray
    weights: np.ndarray | None

    def __sizeof__(self):
        return _nbytes(self.X) + self.y.nbytes


def load(estimator, number, suffix, X, y, weights) -> Block | None:
    """Check a chunk; an error names it. ``suffix`` is that of the names in messages."""
    if len(X) == 0 if hasattr(X, "columns") else X.shape[0] == 0:
        return None
    return _naming(number, suffix, _checked_block, estimator, X, y, weights, suffix)


def _checked_block(estimator, X, y, weights, suffix):
    X, y = checked(estimator, X, plain_targets(y), multi_output=True)
    name = f"sample_weight{suffix}"
    return Block(X, y, check_weights(weights, X.shape[0], name, of_part=True))


def _naming(number, suffix, function, *arguments):
    """What the function says of a chunk; an error names it."""
    try:
        return function(*arguments)
    except (TypeError, ValueError) as error:
        raise type(error)(f"chunk {number} of X{suffix} and y{suffix}: {error}") from error


@dataclass
class Facts:
    """What must be known of all blocks before y can be encoded.

    ``labels`` are, for each column of y, its distinct values and the sums of their weights.
    """

    dtype: np.dtype
    head: np.ndarray
    total_weight: float
    labels: list

    def merge(self, other: "Facts") -> "Facts":
        """Those of the blocks of both."""
        labels = [_added(*pair) for pair in zip(self.labels, other.labels, strict=True)]
        total = self.total_weight + other.total_weight
        return Facts(np.result_type(self.dtype, other.dtype), self.head, total, labels)


def facts(block, with_labels) -> Facts | None:
    """Those of a block."""
    if block is None:
        return None
    y, weights = block.y, np.ones(len(block.y)) if block.weights is None else block.weights
    columns = y.T if y.ndim == 2 else [y]
    labels = [_sums(column, weights) for column in columns] if with_labels else []
    return Facts(block.X.dtype, y[:HEAD], float(weights.sum()), labels)


def merge_facts(a, b):
    """Of both, either of which may be None."""
    return b if a is None else a if b is None else a.merge(b)


def _sums(values, weights):
    """The distinct values, and the sum of the weights of each."""
    labels, inverse = distinct_labels(values)
    return labels, np.bincount(inverse, weights)


def _added(a, b):
    examples = [one[0][0] for one in (a, b)]
    if len({isinstance(label, str) for label in examples}) > 1:
        raise TypeError(
            f"y holds text and numbers in different chunks, as {examples[0]!r} and "
            f"{examples[1]!r}: make all of them text, or all numbers"
        )
    return _sums(np.concatenate([a[0], b[0]]), np.concatenate([a[1], b[1]]))


@dataclass
class Plan:
    """How a network computes: what workers need of it besides theta."""

    engine: str
    layout: Any
    dtype: np.dtype
    activation: Any
    loss: Any
    scales: tuple
    bounds: Any
    weight_scale: float


class Engines:
    """What computes for each of some data sets, all with the one network."""

    def __init__(self, plan, data_sets):
        self.plan = plan
        parameters = Parameters.zeros(plan.layout, plan.dtype)
        functions = copy.deepcopy((plan.activation, plan.loss))  # other threads have the plan, too
        self.network = network = Network(parameters, *functions)
        kind = engine_class(plan.engine, plan.activation, plan.loss, None)
        idle = np.random.default_rng(0), None, EarlyStopping(1, 0.0)  # the client trains
        state = TrainingState(parameters, 0, *idle)
        footing = {"scales": plan.scales, "bounds": plan.bounds, "weight_scale": plan.weight_scale}
        blocks = [replace(data, **footing) for data in data_sets]
        self.of_blocks = [kind(state, network, data.batches()) for data in blocks]

    def at(self, theta) -> list:
        """The engines, at this theta."""
        self.network.parameters.theta[...] = theta
        return self.of_blocks


class Part:
    """Data sets of some blocks, by the numbers of the blocks."""

    def __init__(self, data_sets: dict[int, DataSet]):
        self.data_sets = data_sets
        self._engines: Engines | None = None

    def __getstate__(self):
        return {"data_sets": self.data_sets, "_engines": None}  # they are made where they compute

    def __sizeof__(self):
        return sum(_nbytes(data.X) + data.Y.nbytes for data in self.data_sets.values())

    def engines(self, plan) -> Engines:
        """What computes for these data sets: made at the first call, kept until the next plan."""
        if self._engines is None or self._engines.plan is not plan:
            self._engines = Engines(plan, self.data_sets.values())
        return self._engines


def part_of(blocks, numbers, encoder, class_weights, dtype, suffix) -> Part:
    """The blocks with encoded targets; rows without weight count as absent."""
    data_sets = {}
    for number, block in zip(numbers, blocks, strict=True):
        if block is not None:
            y, weights = _naming(number, suffix, encoder.check, block.y), block.weights
            s = None if weights is None else weights[None, :]
            if class_weights is not None:
                s = class_weights.weigh(y, weights)
            X = block.X.astype(dtype, copy=False)
            data_sets[number] = DataSet.of(X, y, encoder.encode(y, dtype), weights, s)
    return Part({number: data for number, data in data_sets.items() if data.n_samples})


@dataclass
class Description:
    """``n_by_block``, the samples of each block, their total weight, and distinct labels."""

    n_by_block: dict
    total_weight: float
    targets: np.ndarray

    def merge(self, other: "Description") -> "Description":
        """That of both parts."""
        total = self.total_weight + other.total_weight
        targets = np.unique(np.concatenate([self.targets, other.targets]))
        return Description(self.n_by_block | other.n_by_block, total, targets)


def describe(part, with_labels) -> Description:
    """Of a part."""
    data_sets = part.data_sets.values()
    n_by_block = {number: data.n_samples for number, data in part.data_sets.items()}
    labels = [np.unique(data.targets) for data in data_sets] if with_labels else []
    targets = np.unique(np.concatenate(labels)) if labels else np.empty(0, int)
    return Description(n_by_block, sum(data.total_weight for data in data_sets), targets)


def take(part, wanted) -> list:
    """(number of the block, X, y, Y, weights, s) of ``wanted`` samples of each block."""
    found = []
    for number, samples in wanted.items():
        if (data := part.data_sets.get(number)) is not None:
            rows = data.rows[samples]
            per_row = (None if a is None else a[..., rows] for a in (data.sample_weight, data.s))
            found.append((number, data.X[rows], data.y[rows], data.Y[:, rows], *per_row))
    return found


def input_range(part) -> InputRange:
    """That of a part, absurd values included."""
    ranges = (InputRange.of(data.X, data.rows) for data in part.data_sets.values())
    return reduce(InputRange.merge, ranges)


def distances(part, suspects) -> Distances:
    """Of the values of some columns from their centres."""
    total = Distances(*suspects)
    for data in part.data_sets.values():
        total.merge(Distances.of(data.X, data.rows, suspects, data.row_weights))
    return total


def moments(part, bounds) -> Moments:
    """Of the columns, clipped."""
    total = Moments()
    with np.errstate(over="ignore", invalid="ignore"):
        for data in part.data_sets.values():
            total.update(data.X, data.rows, data.row_weights, bounds)
    return total


def targets(part, center=None) -> list[WeightedTargets]:
    """The targets of each block, or their distances from a centre."""
    found = [data.weighted_targets() for data in part.data_sets.values()]
    return found if center is None else [t.distances_from(center) for t in found]


def power_sums(part, center, power):
    """Sums of the weights and of weight times target to this power, (n2, 1)."""
    pairs = targets(part, center)
    sums = sum((t.Y**power @ t.s)[:, None] for t in pairs)
    return np.array([np.full_like(sums, sum(t.s.sum() for t in pairs)), sums])


def weights_up_to(part, center, thresholds):
    """Weights of the targets at most as large as each of the thresholds (n2, k), and of all."""
    total = np.zeros((len(thresholds), thresholds.shape[1] + 1))
    for t in targets(part, center):
        for row, y, limits in zip(total, t.Y, thresholds, strict=True):
            row += np.bincount(np.searchsorted(limits, y), t.s, len(row))
    return np.cumsum(total, axis=1)


def name_of_engine(part, plan) -> set:
    """What computes here."""
    return {engine.name for engine in part.engines(plan).of_blocks}


def sum_over_blocks(part, plan, theta, scale):
    """Sum of s * L over all blocks; scale times its gradient.

    In float64, where the order of the blocks, which is that of the workers, does not matter.
    """
    loss, total = 0.0, np.zeros(len(theta))
    with np.errstate(over="ignore", invalid="ignore"):
        for engine in part.engines(plan).at(theta):
            loss_of_block, of_block = engine.sum_over_blocks(scale)
            loss += loss_of_block
            total += of_block
    return loss, total


def sum_of_losses(part, plan, theta):
    """Sum of s * L over all blocks."""
    with np.errstate(over="ignore", invalid="ignore"):
        engines = part.engines(plan).at(theta)
        return sum(engine.mean_loss(engine.batches) * engine.n_examples for engine in engines)


def _nbytes(X):
    return X.data.nbytes + X.indices.nbytes if issparse(X) else X.nbytes
