import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix

from skshallow.core import batches as module
from skshallow.core.batches import Batches, Inputs
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


# Tiles


def test_a_stack_of_tiles_is_the_block_cut_in_pieces():
    A1 = np.arange(24.0).reshape(2, 12)
    stack = module.in_tiles(A1, 3)
    assert stack.shape == (4, 2, 3)
    assert np.shares_memory(stack, A1)
    for k, tile in enumerate(stack):
        np.testing.assert_array_equal(tile, A1[:, 3 * k : 3 * k + 3])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("convert", [np.asarray, csr_array])
@pytest.mark.parametrize(
    ("m", "n0", "n1"), [(1, 3, 4), (300, 3, 4), (2_100, 40, 900), (70, 900, 40)]
)
def test_tiles_are_all_rows_in_their_order_filled_up_with_zeros(m, n0, n1, convert, dtype):
    X = np.random.default_rng(0).standard_normal((m, n0), "float32").astype(float)
    parts, shapes = [], set()
    for A0, n in module.tiles(convert(X), n1, np.dtype(dtype)):
        dense = A0.toarray() if convert is csr_array else np.hstack(list(A0))
        shapes.add(A0.shape[-2:])
        assert A0.dtype == dtype
        parts.append(dense[:, :n])
        assert not dense[:, n:].any()
    np.testing.assert_array_equal(np.hstack(parts), X.T)
    assert len(shapes) == 1
