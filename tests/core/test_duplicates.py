import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix

from skshallow.core.activations import ACTIVATIONS
from skshallow.core.batches import Batches, Inputs
from skshallow.core.duplicates import (
    GOLDEN_RATIO,
    KEPT,
    DistinctSum,
    equal_rows,
    hashes_of_examples,
    merge_duplicate_rows,
    mix,
)
from skshallow.core.engine import BlockObjective
from skshallow.core.losses import LOSSES
from skshallow.core.network import Network
from skshallow.core.parameters import Layout, Parameters

CONTAINERS = {"dense": np.asarray, "csr_matrix": csr_matrix, "csr_array": csr_array}
LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "csr_matrix": csr_matrix,
    "csr_array": csr_array,
}


def few_values(m=60):
    """X, Y with many equal rows, and equal rows of X whose targets differ."""
    rng = np.random.default_rng(0)
    X, Y = rng.integers(0, 2, (m, 3)) * [1.0, -0.5, 3.0], rng.integers(0, 2, (1, m)).astype(float)
    return X, Y


def merged_objective(X, Y, s, rows=None):
    """Loss and gradient over the merged rows, the weights brought to mean one."""
    rows = np.arange(X.shape[0]) if rows is None else rows
    rows, s = merge_duplicate_rows(X, Y, s, rows)
    return objective(X, Y, s, rows)


def objective(X, Y, s, rows):
    s = s * (len(rows) / s[:, rows].sum() * len(s))
    parameters = Parameters.zeros(Layout(X.shape[1], 4, 1))
    parameters.theta[...] = np.random.default_rng(1).standard_normal(parameters.theta.size)
    network = Network(parameters, ACTIVATIONS["tanh"](), LOSSES["binary"](), alpha=0.1)
    batches = Batches(Inputs(X), Y, s, rows, len(rows))
    loss, _, gradient = BlockObjective(network, batches)(parameters.theta)
    return loss, gradient


# Equal rows

EQUAL_ROWS = {
    "small integers": lambda rng: rng.integers(-2, 3, (800, 4)),
    "zeros of either sign": lambda rng: rng.choice([0.0, -0.0, 1.0], (800, 5)),
    "powers of two": lambda rng: 2.0 ** rng.integers(-2, 3, (800, 3)),
    "a value in turn with its negative": lambda rng: rng.choice([-1.0, 1.0], (800, 8)),
    "one-hot": lambda rng: np.eye(300)[rng.integers(0, 300, 800)],
    "real numbers, some twice": lambda rng: rng.standard_normal((500, 3))[
        rng.integers(0, 500, 800)
    ],
    "permuted": lambda rng: rng.permuted(np.tile(np.arange(5.0), (800, 1)), axis=1),
}


@pytest.mark.parametrize("kind", EQUAL_ROWS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_equal_rows_are_those_of_equal_bytes_numbered_as_they_appear(kind, dtype):
    rng = np.random.default_rng(0)
    X, rows = EQUAL_ROWS[kind](rng).astype(dtype), rng.permutation(800)[:700]
    numbers = {}
    expected = [numbers.setdefault((x + 0.0).tobytes(), len(numbers)) for x in X[rows]]
    for layout in LAYOUTS.values():
        np.testing.assert_array_equal(equal_rows(layout(X), rows), expected)


def test_zeros_and_parts_that_a_sparse_matrix_stores_do_not_tell_rows_apart():
    parts = csr_array(([1.0, 2.0, 0.0, 3.0], [0, 0, 1, 0], [0, 2, 4]), shape=(2, 2))
    np.testing.assert_array_equal(equal_rows(parts, np.arange(2)), [0, 0])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_equal_rows_are_found_without_a_copy_of_x(layout):
    X = LAYOUTS[layout](np.random.default_rng(0).integers(0, 9, (4_000, 500)).astype(float))
    tracemalloc.start()
    equal_rows(X, np.arange(4_000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000 * 500 * 8 / 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "of", [lambda X: X, lambda X: X - 8, np.exp2], ids=["0 to 15", "-8 to 7", "powers of two"]
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_million_rows_of_small_numbers_are_all_different(of, dtype):
    X = of(np.stack(np.unravel_index(np.arange(2**20), (16,) * 5), axis=1).astype(dtype))
    np.testing.assert_array_equal(equal_rows(X, np.arange(2**20)), np.arange(2**20))


def test_the_mixing_function_is_that_of_splitmix64():
    # The numbers that SplitMix64 gives from the seed 1234567, of its reference implementation.
    seeds = 1234567 + np.arange(1, 4, dtype=np.uint64) * GOLDEN_RATIO
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    np.testing.assert_array_equal(mix(seeds), np.array(expected, np.uint64))


# Merging


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("weighted", [False, True])
def test_merging_equal_rows_keeps_the_objective_and_its_gradient(weighted, container):
    X, Y = few_values()
    m = len(X)
    s = np.random.default_rng(2).uniform(0.2, 3, (1, m)) if weighted else None
    loss, gradient = merged_objective(CONTAINERS[container](X), Y, s)
    whole, slope = objective(X, Y, np.ones((1, m)) if s is None else s, np.arange(m))
    assert loss == pytest.approx(whole, rel=1e-12)
    np.testing.assert_allclose(gradient, slope, atol=1e-13)


@pytest.mark.parametrize("container", CONTAINERS)
def test_merged_rows_are_all_different_and_only_the_given_ones(container):
    X, Y = few_values()
    given = np.arange(5, 40)
    rows, s = merge_duplicate_rows(CONTAINERS[container](X), Y, None, given)
    content = np.hstack([X[rows], Y[:, rows].T])
    assert len(np.unique(content, axis=0)) == len(rows)
    assert set(rows) <= set(given)
    assert s[0, rows].sum() == s.sum() == len(given)


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_repeated_row_and_a_weighted_one_give_the_same_bits(container):
    X, Y = few_values()
    counts = np.random.default_rng(3).integers(1, 4, len(X))
    weighted = merged_objective(CONTAINERS[container](X), Y, counts[None].astype(float))
    X, Y = np.repeat(X, counts, axis=0), np.repeat(Y, counts, axis=1)
    repeated = merged_objective(CONTAINERS[container](X), Y, None)
    assert weighted[0] == repeated[0]
    np.testing.assert_array_equal(weighted[1], repeated[1])


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("weights", ["none", "whole", "fractional"])
def test_the_order_of_the_examples_does_not_change_a_bit(weights, container):
    X, Y = few_values()
    rng, m = np.random.default_rng(3), len(X)
    s = {
        "none": None,
        "whole": rng.integers(1, 4, (1, m)).astype(float),
        "fractional": rng.uniform(0.1, 3, (1, m)),
    }[weights]
    loss, gradient = merged_objective(CONTAINERS[container](X), Y, s)
    for _ in range(5):
        order = rng.permutation(m)
        permuted = (CONTAINERS[container](X[order]), Y[:, order])
        other = merged_objective(*permuted, None if s is None else s[:, order])
        assert other[0] == loss
        np.testing.assert_array_equal(other[1], gradient)


def test_each_output_keeps_weights_of_its_own_when_merged():
    X, Y = np.array([[1.0], [2.0], [1.0]]), np.array([[0.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    s = np.array([[1.0, 2.0, 4.0], [0.5, 8.0, 16.0]])
    rows, merged = merge_duplicate_rows(X, Y, s, np.arange(3))
    by_x = merged[:, rows[np.argsort(X[rows, 0])]]
    np.testing.assert_array_equal(by_x, [[5.0, 2.0], [16.5, 8.0]])


# Counting


@pytest.mark.parametrize("container", CONTAINERS)
def test_hashes_of_examples_tell_rows_and_targets_apart(container):
    X, Y = few_values()
    order = np.random.default_rng(0).permutation(60)
    found = hashes_of_examples(CONTAINERS[container](X), Y, order)
    content = np.hstack([X, Y.T])[order]
    _, expected = np.unique(content, axis=0, return_inverse=True)
    np.testing.assert_array_equal(
        found[:, None] == found, expected.ravel()[:, None] == expected.ravel()
    )


def many_hashes(n):
    return mix(np.arange(1, n + 1, dtype=np.uint64))


@pytest.mark.fast(6)
@pytest.mark.parametrize("passes", [1, 2, 7])
@pytest.mark.parametrize("different", [1, 300, KEPT - 1, 40_000])
def test_examples_of_several_passes_count_once(different, passes):
    hashes = many_hashes(different)
    rng, weights = np.random.default_rng(0), np.random.default_rng(1).uniform(0, 3, different)
    sums = DistinctSum()
    for _ in range(passes):
        for part in np.array_split(rng.permutation(different), -(-different // 500)):
            sums.add(hashes[part], np.array([np.ones(len(part)), weights[part]]))
    exact = different < KEPT or passes == 1
    expected = [different, weights.sum()]
    np.testing.assert_allclose(sums.totals, expected, rtol=1e-12 if exact else 0.06)
    assert len(sums.smallest) <= KEPT


def test_equal_examples_of_one_chunk_are_examples_of_their_own():
    hashes, sums = many_hashes(3), DistinctSum()
    sums.add(hashes[[0, 1, 1, 1]], np.ones((1, 4)))
    sums.add(hashes[[0, 0, 1, 2]], np.ones((1, 4)))
    assert sums.totals == [2 + 3 + 1]


def test_few_examples_that_come_again_count_once_too():
    hashes, sums = many_hashes(1_000), DistinctSum()
    sums.add(hashes, np.ones((1, 1_000)))
    sums.add(hashes[:50], np.ones((1, 50)))
    assert sums.totals == [1_000]


@pytest.mark.parametrize("first", [10, 10_000])
def test_one_long_chunk_that_comes_again_does_not_hide_new_examples(first):
    hashes, sums = many_hashes(first + 500), DistinctSum()
    for _ in range(10):
        sums.add(hashes[:first], np.ones((1, first)))
    for one in hashes[first:]:
        sums.add(one[None], np.ones((1, 1)))
    assert sums.totals[0] == pytest.approx(first + 500, rel=0.06)
