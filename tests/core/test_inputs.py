import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix

from skshallow.core.batches import Batches
from skshallow.core.inputs import CHUNK, FEW, Inputs, Standardization

M = 3 * FEW + 11  # several chunks and a remainder
DENSE = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
}
SPARSE = {"csr_matrix": csr_matrix, "csr_array": csr_array}
LAYOUTS = DENSE | SPARSE


def table(m=M, dtype=np.float64, seed=0):
    """Columns: plain, shifted, rare indicator, two values, constant."""
    rng = np.random.default_rng(seed)
    X = np.zeros((m, 5), dtype)
    X[:, 0] = rng.standard_normal(m)
    X[:, 1] = rng.exponential(3, m) + 20
    X[:: m // 4, 2] = 1
    X[:, 3] = rng.choice([-3, 5], m)
    X[:, 4] = 0.1
    return X


def counts(m=M):
    """Weights that are whole numbers from one."""
    return np.random.default_rng(1).integers(1, 5, m)


def standardise(X, rows=None, s=None):
    """The standardisation, and A0 of the rows as a dense array."""
    rows = np.arange(X.shape[0]) if rows is None else rows
    standardization = Standardization.measure(X, rows, s)
    A0 = Inputs(X, standardization).take(rows)
    return standardization, A0 if isinstance(A0, np.ndarray) else A0.toarray()


# Gathering


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a0_is_the_rows_as_columns_whatever_the_memory_layout(layout):
    X, rows = table(), np.array([5, 0, 17, 17, 3])
    A0 = Inputs(LAYOUTS[layout](X)).take(rows)
    np.testing.assert_array_equal(A0 if layout in DENSE else A0.toarray(), X[rows].T)


@pytest.mark.parametrize("layout", DENSE)
def test_standardised_inputs_are_the_same_bits_whatever_the_memory_layout(layout):
    X, rows = table(), np.arange(3, M, 2)
    _, reference = standardise(X, rows)
    np.testing.assert_array_equal(standardise(DENSE[layout](X), rows)[1], reference)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_taking_rows_leaves_x_alone(layout):
    X = LAYOUTS[layout](table())
    before = X.copy()
    standardise(X)
    assert abs(X - before).sum() == 0


@pytest.mark.parametrize("standardised", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_float32_stays_float32(layout, standardised):
    X, rows = LAYOUTS[layout](table(dtype=np.float32)), np.arange(10)
    standardization = Standardization.measure(X, np.arange(M)) if standardised else None
    assert Inputs(X, standardization).take(rows).dtype == np.float32


@pytest.mark.parametrize("layout", ["C", "F"])
def test_an_epoch_copies_no_more_of_large_x_than_its_batches(layout, monkeypatch):
    monkeypatch.setattr("skshallow.core.batches.SMALL", 2**22)
    X = DENSE[layout](np.random.default_rng(0).standard_normal((20_000, 50)))
    Y, rows = np.zeros((1, len(X))), np.arange(len(X))
    rng = np.random.default_rng(0)
    tracemalloc.start()
    standardization = Standardization.measure(X, rows)
    for _ in Batches(Inputs(X, standardization), Y, None, rows, 200).deal(rng):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < X.nbytes / 10


# Standardisation


@pytest.mark.parametrize("weighted", [False, True])
def test_columns_get_weighted_mean_zero_and_deviation_one(weighted):
    s = np.random.default_rng(1).uniform(0.1, 3, M) if weighted else None
    _, A0 = standardise(table(), s=s)
    mean = np.average(A0, axis=1, weights=s)
    variance = np.average((A0 - mean[:, None]) ** 2, axis=1, weights=s)
    np.testing.assert_allclose(mean[:4], 0, atol=1e-13)
    np.testing.assert_allclose(variance[:2], 1, rtol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_column_of_two_values_is_scaled_by_their_distance(weighted):
    s = np.random.default_rng(1).uniform(0.1, 3, M) if weighted else None
    X = table()
    _, A0 = standardise(X, s=s)
    for column in (2, 3):
        low, high = np.unique(A0[column])
        assert high - low == pytest.approx(1, rel=1e-12)
    assert np.abs(A0[2]).max() <= 1  # the rare indicator is no huge number


def test_a_column_of_three_values_is_not_taken_for_one_of_two():
    X = table()
    X[:2, 3] = 1  # two rows among hundreds
    _, A0 = standardise(X)
    assert A0[3].std() == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6 + 0.1, -1e-30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_constant_column_is_harmless(value, dtype):
    X = np.full((M, 1), value, dtype)
    for s in (None, np.random.default_rng(1).uniform(0.1, 3, M)):
        standardization, A0 = standardise(X, s=s)
        assert standardization.factor == 1
        np.testing.assert_allclose(A0, 0, atol=1e-15 + np.finfo(dtype).eps * abs(value))


def test_a_large_offset_costs_no_precision():
    noise = np.random.default_rng(0).standard_normal((M, 1))
    _, A0 = standardise(1e6 + noise)
    _, expected = standardise(noise)
    np.testing.assert_allclose(A0, expected, atol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_unit_of_a_column_does_not_matter(dtype):
    X = table(dtype=dtype)
    _, A0 = standardise(X)
    _, rescaled = standardise(X * np.array([2.0**-20, 2, 2**20, 8, 1], dtype))
    np.testing.assert_allclose(rescaled, A0, rtol=1e-5)


def test_a_weight_is_a_repetition():
    X, s = table(), counts()
    weighted, _ = standardise(X, s=s.astype(float))
    repeated, _ = standardise(np.repeat(X, s, axis=0))
    np.testing.assert_allclose(weighted.mean, repeated.mean, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(weighted.factor, repeated.factor, rtol=1e-12)


def test_the_scale_of_the_weights_does_not_matter():
    X, s = table(), counts().astype(float)
    one, other = standardise(X, s=s)[0], standardise(X, s=1e-6 * s)[0]
    np.testing.assert_allclose(one.mean, other.mean, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(one.factor, other.factor, rtol=1e-12)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_only_the_given_rows_are_measured(layout):
    X, rows = table(), np.arange(0, M, 3)
    of_rows, _ = standardise(LAYOUTS[layout](X), rows)
    X[np.setdiff1d(np.arange(M), rows)] = 1e9
    spoiled, _ = standardise(LAYOUTS[layout](X), rows)
    np.testing.assert_array_equal(of_rows.factor, spoiled.factor)
    if layout in DENSE:
        np.testing.assert_array_equal(of_rows.mean, spoiled.mean)


@pytest.mark.parametrize("layout", SPARSE)
def test_sparse_columns_are_scaled_to_one_and_zeros_stay_zeros(layout):
    X = -np.tile(table(), (CHUNK // M + 2, 1))  # more than one chunk
    X[:, 0] = 0
    standardization, A0 = standardise(SPARSE[layout](X))
    assert standardization.mean is None
    np.testing.assert_allclose(np.abs(A0).max(axis=1)[1:], 1, rtol=1e-12)
    np.testing.assert_array_equal(A0 == 0, X.T == 0)


# Back to raw inputs


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-4), (np.float64, 1e-11)])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_folded_weights_do_to_raw_inputs_what_the_others_do_to_standardised(
    layout, dtype, tolerance
):
    X, rng = table(dtype=dtype), np.random.default_rng(2)
    standardization, A0 = standardise(LAYOUTS[layout](X))
    W1 = rng.standard_normal((4, 5)).astype(dtype)
    b1 = rng.standard_normal((4, 1)).astype(dtype)
    raw_W1, raw_b1 = standardization.fold(W1, b1)
    assert raw_W1.dtype == raw_b1.dtype == dtype
    np.testing.assert_allclose(raw_W1 @ X.T + raw_b1, W1 @ A0 + b1, atol=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-13)])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_unfold_takes_fold_back(layout, dtype, tolerance):
    standardization, _ = standardise(LAYOUTS[layout](table(dtype=dtype)))
    rng = np.random.default_rng(2)
    W1 = rng.standard_normal((4, 5)).astype(dtype)
    b1 = rng.standard_normal((4, 1)).astype(dtype)
    there_and_back = standardization.unfold(*standardization.fold(W1, b1))
    for original, copy in zip((W1, b1), there_and_back, strict=True):
        assert copy.dtype == dtype
        np.testing.assert_allclose(copy, original, atol=tolerance * 10)
