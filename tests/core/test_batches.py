import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix

from skshallow.core import batches as module
from skshallow.core.activations import ACTIVATIONS
from skshallow.core.batches import Batches, Inputs, equal_rows, merge_duplicate_rows, mix
from skshallow.core.engine import BlockObjective
from skshallow.core.losses import LOSSES
from skshallow.core.network import Network
from skshallow.core.parameters import Layout, Parameters
from skshallow.core.standardization import Standardization

SPARSE = {"csr_matrix": csr_matrix, "csr_array": csr_array}
CONTAINERS = {"dense": np.asarray} | SPARSE
DENSE = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
}
LAYOUTS = DENSE | SPARSE
SIZES = [(1, 1), (10, 1), (10, 3), (10, 10), (10, 99), (201, 200), (1000, 64)]


@pytest.fixture(params=["small data", "large data"], autouse=True)
def _small_and_large(request, monkeypatch):
    """Every test runs with data that are copied once and with data that are taken each time."""
    limit = 2**40 if request.param == "small data" else -1
    monkeypatch.setattr(module, "SHUFFLE_BUFFER_BYTES", limit)


def numbered(m, size, container="dense", *, weighted=True):
    """Batches of examples whose inputs, targets and weights all carry the number of the row."""
    X = CONTAINERS[container](np.arange(1.0, m + 1)[:, None])
    numbers = np.arange(1.0, m + 1)[None]
    return Batches(Inputs(X), 2 * numbers, 3 * numbers if weighted else None, np.arange(m), size)


def epoch(batches, rng=None):
    """The examples' numbers, batch by batch, as they stand in A0, Y and s."""
    examples = []
    for A0, Y, s in batches.iterate(None if rng is None else rng.permutation(batches.n_examples)):
        A0 = A0 if isinstance(A0, np.ndarray) else A0.toarray()
        examples.append((A0[0].copy(), Y[0] / 2, s[0] / 3))
    return examples


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


# Inputs


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a0_is_the_rows_as_columns_whatever_the_memory_layout(layout):
    X, rows = np.random.default_rng(0).standard_normal((20, 5)), np.array([5, 0, 17, 17, 3])
    A0 = Inputs(LAYOUTS[layout](X)).take(rows)
    np.testing.assert_array_equal(A0 if layout in DENSE else A0.toarray(), X[rows].T)


@pytest.mark.parametrize("layout", ["C", "F"])
def test_an_epoch_copies_no_more_of_large_x_than_its_batches(layout, monkeypatch):
    monkeypatch.setattr(module, "SHUFFLE_BUFFER_BYTES", 2**22)
    X = DENSE[layout](np.random.default_rng(0).standard_normal((20_000, 50)))
    Y, rows = np.zeros((1, len(X))), np.arange(len(X))
    order = np.random.default_rng(0).permutation(len(X))
    tracemalloc.start()
    standardization = Standardization.measure(X, rows)
    for _ in Batches(Inputs(X, standardization), Y, None, rows, 200).iterate(order):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < X.nbytes / 10


# Epochs


@pytest.mark.fast(30)
@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(("m", "size"), SIZES)
def test_every_example_comes_exactly_once_an_epoch(m, size, shuffle, container):
    batches = numbered(m, size, container)
    rng = np.random.default_rng(0) if shuffle else None
    for _ in range(3):
        seen = np.concatenate([A0 for A0, _, _ in epoch(batches, rng)])
        np.testing.assert_array_equal(np.sort(seen), np.arange(1, m + 1))


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(("m", "size"), SIZES)
def test_targets_and_weights_travel_with_their_rows(m, size, shuffle):
    rng = np.random.default_rng(0) if shuffle else None
    for A0, Y, s in epoch(numbered(m, size), rng):
        np.testing.assert_array_equal(Y, A0)
        np.testing.assert_allclose(s, A0)


@pytest.mark.parametrize(("m", "size"), SIZES)
def test_batches_are_as_few_and_as_even_as_can_be(m, size):
    batches = numbered(m, size)
    sizes = [len(A0) for A0, _, _ in epoch(batches)]
    assert max(sizes) <= size
    assert max(sizes) - min(sizes) <= 1
    assert len(sizes) == len(batches) == -(-m // size)
    assert sizes == batches.sizes
    assert batches.n_examples == m


def test_without_an_order_it_is_that_of_the_rows():
    seen = np.concatenate([A0 for A0, _, _ in epoch(numbered(50, 7))])
    np.testing.assert_array_equal(seen, np.arange(1, 51))


def test_every_epoch_has_an_order_of_its_own_that_the_permutation_decides():
    rng, batches = np.random.default_rng(0), numbered(50, 7)
    first, second = (np.concatenate([A0 for A0, _, _ in epoch(batches, rng)]) for _ in range(2))
    again = np.concatenate([A0 for A0, _, _ in epoch(batches, np.random.default_rng(0))])
    assert (first != second).any()
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("size", [2, 99])
def test_only_the_given_rows_come(size):
    X, rows = np.arange(10.0)[:, None], np.array([8, 1, 5])
    batches = Batches(Inputs(X), np.arange(10.0)[None], None, rows, size)
    seen = np.concatenate([A0[0].copy() for A0, _, _ in batches.iterate()])
    np.testing.assert_array_equal(seen, rows)


@pytest.mark.parametrize("size", [7, 99])
def test_small_and_large_data_come_alike(size, monkeypatch):
    epochs = []
    for limit in (2**40, -1):
        monkeypatch.setattr(module, "SHUFFLE_BUFFER_BYTES", limit)
        batches, rng = numbered(50, size), np.random.default_rng(0)
        epochs.append([np.concatenate(batch) for _ in range(3) for batch in epoch(batches, rng)])
    for one, other in zip(*epochs, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("size", [7, 99])
def test_batches_of_the_same_data_do_not_disturb_each_other(size):
    X, numbers = np.arange(20.0)[:, None], np.arange(20.0)[None]
    both = [Batches(Inputs(X), numbers, None, np.arange(20), size) for _ in range(2)]
    order = np.random.default_rng(0).permutation(20)
    for pair in zip(*(batches.iterate(order) for batches in both), strict=True):
        for A0, Y, _ in pair:
            np.testing.assert_array_equal(A0, Y)
    np.testing.assert_array_equal(X[:, 0], np.arange(20))


def test_no_weights_come_as_none():
    assert {s for _, _, s in numbered(10, 3, weighted=False).iterate()} == {None}


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
    seeds = 1234567 + np.arange(1, 4, dtype=np.uint64) * module.GOLDEN_RATIO
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
