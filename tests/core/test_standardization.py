import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix, random_array
from scipy.stats import norm

from skshallow.core.batches import Inputs
from skshallow.core.losses import (
    REGRESSION_LOSSES,
    AbsoluteError,
    Poisson,
    Quantile,
    SquaredError,
)
from skshallow.core.standardization import (
    MOMENTS_BLOCK,
    SPARSE_BLOCK,
    CentredSparse,
    Moments,
    Standardization,
    TargetStandardization,
    WeightedTargets,
    fold,
)

M = 3 * MOMENTS_BLOCK + 11  # several blocks and a remainder
DENSE = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
}
SPARSE = {"csr_matrix": csr_matrix, "csr_array": csr_array}
LAYOUTS = DENSE | SPARSE
RNG = np.random.default_rng(0)
Y = RNG.gamma(2.0, [[1.0], [1e4]], (2, 201))


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
    return standardization, np.eye(A0.shape[0]) @ A0


# Inputs, whatever their memory layout


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


# Moments


def formulas(X, s=None):
    """Mean, variance and range by the formulas of np.average."""
    mean = np.average(X, axis=0, weights=s)
    return mean, np.average((X - mean) ** 2, axis=0, weights=s), X.min(axis=0), X.max(axis=0)


def moments_of_parts(X, parts, s=None):
    """Moments merged in the order of the parts, which are arrays of rows."""
    merged = Moments()
    for rows in parts:
        merged.merge(Moments.of(X[rows], None if s is None else s[rows]))
    return merged


def assert_moments(moments, X, s=None):
    mean, variance, low, high = formulas(X, s)
    np.testing.assert_allclose(moments.mean, mean, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(moments.variance, variance, rtol=1e-10, atol=1e-14)
    np.testing.assert_array_equal(moments.low, low)
    np.testing.assert_array_equal(moments.high, high)
    assert moments.total == pytest.approx(len(X) if s is None else s.sum(), rel=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_moments_of_a_block_are_the_averages(weighted):
    s = np.random.default_rng(1).uniform(0.1, 3, M) if weighted else None
    assert_moments(Moments.of(table(), s), table(), s)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("cuts", [[], [1], [1, 2, 3, 200], [M // 2], [*range(1, M)]], ids=len)
def test_the_moments_of_every_partition_merge_into_those_of_the_whole(cuts, weighted):
    s = np.random.default_rng(1).uniform(0.1, 3, M) if weighted else None
    rows = np.random.default_rng(2).permutation(M)
    assert_moments(moments_of_parts(table(), np.split(rows, cuts), s), table(), s)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_order_of_merging_does_not_matter(weighted):
    X, rng = table(), np.random.default_rng(3)
    s = rng.uniform(0.1, 3, M) if weighted else None
    parts = np.split(rng.permutation(M), [5, 6, 40, 300])
    first = moments_of_parts(X, parts, s)
    for _ in range(5):
        other = moments_of_parts(X, [parts[i] for i in rng.permutation(len(parts))], s)
        np.testing.assert_allclose(other.mean, first.mean, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(other.variance, first.variance, rtol=1e-12, atol=1e-14)
        np.testing.assert_array_equal((other.low, other.high), (first.low, first.high))


def test_moments_may_be_merged_as_a_tree():
    X, s = table(), np.random.default_rng(1).uniform(0.1, 3, M)
    quarters = np.array_split(np.arange(M), 4)
    left, right = (moments_of_parts(X, pair, s) for pair in (quarters[:2], quarters[2:]))
    left.merge(right)
    assert_moments(left, X, s)


@pytest.mark.parametrize("weighted", [False, True])
def test_moments_of_chosen_rows_are_taken_block_after_block(weighted):
    s = np.random.default_rng(1).uniform(0.1, 3, M) if weighted else None
    rows = np.arange(0, M, 2)
    assert len(rows) > MOMENTS_BLOCK
    moments = Moments().update(table(), rows, s)
    assert_moments(moments, table()[rows], None if s is None else s[rows])


@pytest.mark.parametrize("weighted", [False, True])
def test_a_standardisation_may_be_made_of_moments_seen_elsewhere(weighted):
    X, s = table(), np.random.default_rng(1).uniform(0.1, 3, M) if weighted else None
    there = moments_of_parts(X, np.array_split(np.arange(M), 3), s)
    one = Standardization.measure(X, np.arange(M), s)
    other = Standardization.from_moments(there, X.dtype)
    np.testing.assert_allclose(other.mean, one.mean, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(other.factor, one.factor, rtol=1e-12)


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
        assert standardization.factor == 0
        np.testing.assert_array_equal(A0, 0)
        W1, _ = standardization.fold(np.ones((3, 1), dtype), np.zeros((3, 1), dtype))
        np.testing.assert_array_equal(W1, 0)


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


# Sparse columns


def tall(m=SPARSE_BLOCK + 400):
    """More than one block of everything, with holes: weights, and a CSR whose entries are odd.

    It stores zeros, and some numbers as two that add up, in no order.
    """
    X, rng = table(m), np.random.default_rng(4)
    X[rng.random(X.shape) < 0.5] = 0
    X[:, 1] = rng.normal(2_000, 3, m)  # a year, say: every entry is stored
    i, j = map(np.ravel, np.indices(X.shape))
    kept = rng.permutation(np.flatnonzero((X.ravel() != 0) | (rng.random(X.size) < 0.1)))
    part = rng.uniform(0.3, 0.7, kept.size) * X.ravel()[kept]
    values = np.concatenate([part, X.ravel()[kept] - part])
    order = np.argsort(np.tile(i[kept], 2), kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(np.tile(i[kept], 2), minlength=m))])
    odd = csr_array((values[order], np.tile(j[kept], 2)[order], indptr), X.shape)
    assert not odd.has_canonical_format
    assert odd.nnz > 2 * np.count_nonzero(X)
    return odd.toarray(), odd, rng.uniform(0.1, 3, m)


@pytest.mark.parametrize("weighted", [False, True])
def test_moments_of_sparse_rows_are_those_of_dense_ones(weighted):
    X, odd, s = tall()
    rows, s = np.random.default_rng(5).permutation(len(X))[10:], s if weighted else None
    dense, moments = (Moments().update(x, rows, s) for x in (X, odd))
    for name in ("total", "mean", "square", "nonzero", "low", "high"):
        found, expected = getattr(moments, name), getattr(dense, name)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12, err_msg=name)


def test_moments_of_sparse_and_of_dense_rows_merge():
    X, odd, s = tall()
    first, second = np.split(np.arange(len(X)), [500])
    mixed = Moments().update(odd, first, s).update(X, second, s)
    assert_moments(mixed, X, s)


def test_a_stored_column_that_never_changes_has_no_variance_whatever_the_weights():
    x, s = np.full((M, 1), 0.1), np.random.default_rng(1).uniform(0.1, 3, M)
    assert Moments.of_sparse(csr_array(x), s).variance < 1e-30


@pytest.mark.parametrize("layout", SPARSE)
@pytest.mark.parametrize("weighted", [False, True])
def test_sparse_columns_are_standardised_as_dense_ones(layout, weighted):
    X, _, s = tall()
    (dense, A0), (sparse, products) = (
        standardise(x, s=s if weighted else None) for x in (X, SPARSE[layout](X))
    )
    np.testing.assert_allclose(sparse.mean, dense.mean, rtol=1e-10)
    np.testing.assert_allclose(sparse.factor, dense.factor, rtol=1e-10)
    np.testing.assert_allclose(products, A0, atol=1e-9)


def test_centred_columns_multiply_from_both_sides_as_the_dense_matrix_does():
    rng = np.random.default_rng(0)
    S, u = rng.standard_normal((4, 6)) * (rng.random((4, 6)) < 0.5), rng.standard_normal((4, 1))
    A0, dense = CentredSparse(csr_array(S), u, np.ones((6, 1))), S - u
    W1, dZ1 = rng.standard_normal((3, 4)), rng.standard_normal((3, 6))
    np.testing.assert_allclose(W1 @ A0, W1 @ dense, atol=1e-14)
    np.testing.assert_allclose(dZ1 @ A0.T, dZ1 @ dense.T, atol=1e-14)
    np.testing.assert_allclose(A0.min(axis=1), dense.min(axis=1))
    np.testing.assert_allclose(A0.max(axis=1), dense.max(axis=1))


def test_wide_sparse_rows_are_never_made_dense():
    X = random_array((300, 10_000), density=1e-4, format="csr", random_state=0)
    W1 = np.ones((1, 10_000))
    tracemalloc.start()
    scale = Standardization.measure(X, np.arange(300))
    A0 = Inputs(X, scale).take(np.arange(300))
    (W1 @ A0) @ A0.T
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300 * 10_000 * 8 / 10


def test_float32_leaves_a_sparse_year_an_error_far_below_its_deviation():
    """Its mean, hundreds of deviations, is subtracted after the product: eps times as many."""
    rng = np.random.default_rng(0)
    X = rng.integers(1990, 2026, (500, 1)).astype(np.float32)
    W1 = rng.standard_normal((8, 1)).astype(np.float32)
    scale = Standardization.measure(csr_array(X), np.arange(500))
    exact = W1.astype(np.float64) * ((X.T - X.mean(dtype=np.float64)) / X.std(dtype=np.float64))
    Z1 = W1 @ Inputs(csr_array(X), scale).take(np.arange(500))
    size = X.mean() / X.std()
    assert Z1.dtype == np.float32
    assert np.abs(Z1 - exact).max() < 4 * size * np.finfo(np.float32).eps * np.abs(W1).max()


# Rare columns


def rare(share, m=20_000, width=1.0):
    """One column: zeros and, in this share of the rows, numbers about one."""
    numbers = np.random.default_rng(0).uniform(1 - width / 2, 1 + width / 2, m)
    return np.where(np.arange(m) < share * m, numbers, 0)[:, None]


@pytest.mark.parametrize("share", [1e-4, 1e-3, 0.01, 0.05])
def test_the_numbers_of_a_rare_column_are_scaled_to_about_one_not_to_its_deviation(share):
    X = rare(share)
    _, A0 = standardise(X)
    numbers = A0[0, X[:, 0] > 0] - A0[0, -1]
    assert np.sqrt(np.mean(numbers**2)) == pytest.approx(1, abs=0.1)
    assert np.ptp(A0) < 2


def test_a_rare_column_of_almost_two_values_is_scaled_almost_as_one_of_two():
    almost, exact = (standardise(rare(0.003, width=width))[0] for width in (0.01, 0))
    np.testing.assert_allclose(almost.factor, exact.factor, rtol=0.1)


@pytest.mark.parametrize("share", [0.9, 0.95, 1.0])
def test_a_few_zeros_count_as_any_value(share):
    X = rare(share)
    np.testing.assert_allclose(standardise(X)[0].factor, 1 / X.std(), rtol=1e-12)


def test_the_factor_does_not_jump_where_zeros_become_many():
    here, beyond = (standardise(rare(share))[0].factor for share in (0.9001, 0.8999))
    np.testing.assert_allclose(here, beyond, rtol=1e-3)


def test_weights_say_how_rare_a_number_is():
    X, s = rare(0.1, m=300), np.random.default_rng(1).integers(1, 5, 300)
    weighted, repeated = standardise(X, s=s)[0], standardise(np.repeat(X, s, axis=0))[0]
    np.testing.assert_allclose(weighted.factor, repeated.factor, rtol=1e-12)


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
    W1 = rng.standard_normal((4, 5)).astype(dtype) * (standardization.factor.T > 0)
    b1 = rng.standard_normal((4, 1)).astype(dtype)
    there_and_back = standardization.unfold(*standardization.fold(W1, b1))
    for original, copy in zip((W1, b1), there_and_back, strict=True):
        assert copy.dtype == dtype
        np.testing.assert_allclose(copy, original, atol=tolerance * 10)


def test_arrays_of_other_names_are_left_alone():
    """A layout may have more arrays than the inputs and the targets are about."""
    rng = np.random.default_rng(2)
    arrays = {"W1": (4, 5), "W2": (2, 4), "W0": (2, 5), "b1": (4, 1), "b2": (2, 1)}
    arrays = {name: rng.standard_normal(shape) for name, shape in arrays.items()}
    scales = standardise(table())[0], TargetStandardization.measure(Y, SquaredError())
    arrays["W1"] *= scales[0].factor.T > 0  # a constant column has no weight
    before = {name: array.copy() for name, array in arrays.items()}
    folded = fold(arrays, *scales)
    assert not np.shares_memory(folded["W0"], arrays["W0"])  # all that fold returns is new
    back = fold(folded, *scales, back=True)
    for name in arrays:
        np.testing.assert_array_equal(arrays[name], before[name])
        np.testing.assert_allclose(back[name], before[name], rtol=1e-9, atol=1e-11)
        assert np.array_equal(folded[name], before[name]) == (name == "W0")
    assert list(folded) == list(back) == list(arrays)


@pytest.mark.parametrize("kind", ["inputs", "targets", "neither"])
def test_what_was_not_standardised_is_not_folded(kind):
    rng = np.random.default_rng(2)
    shapes = {"W1": (4, 5), "W2": (2, 4), "b1": (4, 1), "b2": (2, 1)}
    arrays = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    of_inputs = standardise(table())[0] if kind == "inputs" else None
    of_targets = TargetStandardization.measure(Y, SquaredError()) if kind == "targets" else None
    for back in (False, True):
        changed = fold(arrays, of_inputs, of_targets, back=back)
        names = {n for n in arrays if not np.array_equal(changed[n], arrays[n])}
        assert names == {"inputs": {"W1", "b1"}, "targets": {"W2", "b2"}, "neither": set()}[kind]


# Targets


@pytest.mark.parametrize("kind", REGRESSION_LOSSES)
def test_folded_weights_give_the_outputs_in_the_unit_of_y(kind):
    """f(W2 A1 + b2) with folded weights undoes what was done to the targets."""
    loss = REGRESSION_LOSSES[kind]()
    scaling = TargetStandardization.measure(Y, loss)
    W2, b2, A1 = RNG.standard_normal((2, 3)), RNG.standard_normal((2, 1)), RNG.random((3, 5))
    folded_W2, folded_b2 = scaling.fold(W2, b2)
    scaled_outputs = loss.output(W2 @ A1 + b2)
    outputs = loss.output(folded_W2 @ A1 + folded_b2)
    np.testing.assert_allclose(scaling.apply(outputs), scaled_outputs, rtol=1e-10)


@pytest.mark.parametrize("kind", REGRESSION_LOSSES)
def test_unfold_undoes_fold(kind):
    scaling = TargetStandardization.measure(Y, REGRESSION_LOSSES[kind]())
    W2, b2 = RNG.standard_normal((2, 3)), RNG.standard_normal((2, 1))
    for ours, expected in zip(scaling.unfold(*scaling.fold(W2, b2)), (W2, b2), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-10)


@pytest.mark.parametrize("kind", REGRESSION_LOSSES)
def test_a_score_of_zero_is_the_best_constant_under_the_loss(kind):
    loss = REGRESSION_LOSSES[kind]()
    scaled = TargetStandardization.measure(Y, loss).apply(Y)
    constants = np.linspace(-0.3, 0.3, 121)
    losses = [loss.value(np.full_like(Y, c), scaled).mean() for c in constants]
    slack = 0.15 if kind == "huber" else 0.01  # between median and mean; we take the median
    assert abs(constants[np.argmin(losses)]) <= slack


def test_squared_error_has_zero_mean_and_unit_deviation():
    scaled = TargetStandardization.measure(Y, SquaredError()).apply(Y)
    np.testing.assert_allclose(scaled.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.std(axis=1), 1, rtol=1e-12)


def test_absolute_error_has_median_zero_and_the_median_deviation_of_a_normal_variable():
    scaled = TargetStandardization.measure(Y, AbsoluteError()).apply(Y)
    np.testing.assert_allclose(np.median(scaled, axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(np.median(np.abs(scaled), axis=1), norm.ppf(0.75), rtol=1e-4)


def test_where_most_targets_are_alike_their_mean_deviation_counts():
    counts = np.array([[0.0, 0, 0, 0, 5, 9]])
    scaled = TargetStandardization.measure(counts, AbsoluteError()).apply(counts)
    assert np.abs(scaled).mean() == pytest.approx(1)


def test_poisson_targets_keep_zero_and_get_the_mean_one():
    scaled = TargetStandardization.measure(Y * (Y > 1), Poisson()).apply(Y * (Y > 1))
    assert scaled.min() == 0
    np.testing.assert_allclose(scaled.mean(axis=1), 1, rtol=1e-12)


def test_quantiles_of_one_target_share_its_spread_and_have_their_own_location():
    levels = np.array([[0.1], [0.75]])
    pair = np.repeat(Y[:1], 2, axis=0)
    scaling = TargetStandardization.measure(pair, Quantile(levels))
    assert scaling.spread[0] == scaling.spread[1]
    np.testing.assert_allclose((pair <= scaling.location).mean(axis=1), levels[:, 0], atol=0.01)


@pytest.mark.parametrize("kind", REGRESSION_LOSSES)
def test_weights_are_repetitions(kind):
    loss, weights = REGRESSION_LOSSES[kind](), RNG.integers(0, 4, Y.shape[1])
    weighted = TargetStandardization.measure(Y, loss, weights)
    repeated = TargetStandardization.measure(np.repeat(Y, weights, axis=1), loss)
    for name in ("location", "spread", "gain", "offset"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-12)


@pytest.mark.parametrize("value", [0.0, 3.0, -1e8, 1e-20])
@pytest.mark.parametrize("kind", REGRESSION_LOSSES)
def test_a_constant_target_is_measured_by_its_size(kind, value):
    """Not by one, which may be tiny or huge beside the targets of later calls of partial_fit."""
    value = abs(value) if kind == "poisson" else value
    scaling = TargetStandardization.measure(np.full((1, 7), value), REGRESSION_LOSSES[kind]())
    assert scaling.spread[0, 0] == pytest.approx(abs(value) or 1)
    assert np.abs(scaling.apply(np.full((1, 7), value))).max() <= 1 + 1e-12


@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_squares_neither_overflow_nor_vanish(unit):
    scaled = TargetStandardization.measure(unit * Y, SquaredError()).apply(unit * Y)
    np.testing.assert_allclose(scaled.std(axis=1), 1, rtol=1e-10)


@pytest.mark.parametrize(("dtype", "unit"), [("float32", 1e15), ("float64", 1e130)])
def test_a_large_unit_of_a_column_does_not_matter(dtype, unit):
    X = table(dtype=dtype)[:, :3]
    large = (X.astype(float) * unit).astype(dtype)
    tolerance = 100 * np.finfo(dtype).eps
    np.testing.assert_allclose(standardise(large)[1], standardise(X)[1], atol=tolerance)


# Another footing


def standardization(mean, deviation, dtype=np.float64):
    mean, deviation = (np.array(x, dtype)[:, None] for x in (mean, deviation))
    return Standardization(
        mean, np.where(deviation > 0, 1 / np.where(deviation > 0, deviation, 1), 0)
    )


def test_a_network_on_another_footing_is_the_same():
    rng, X = np.random.default_rng(2), table()[:, :3]
    old, new = standardization([0, 20, 0.5], [1, 3, 2]), standardization([-0.5, 22, 0], [2, 4, 0.5])
    W1, b1 = rng.standard_normal((4, 3)), rng.standard_normal((4, 1))
    before = W1 @ old.apply(X.T.copy()) + b1
    old.change(new, W1, b1)
    np.testing.assert_allclose(W1 @ new.apply(X.T.copy()) + b1, before, rtol=1e-10, atol=1e-12)


def test_the_weights_of_a_column_that_is_new_stay():
    old, new = standardization([1.0, 7.0], [2, 0]), standardization([1.0, 7.0], [2, 5])
    W1, b1 = np.array([[3.0, -4.0]]), np.array([[0.5]])
    old.change(new, W1, b1)
    np.testing.assert_allclose(W1, [[3.0, -4.0]])
    np.testing.assert_allclose(b1, [[0.5]])


@pytest.mark.parametrize("kind", REGRESSION_LOSSES)
def test_scores_in_the_unit_of_y_are_the_same_on_another_footing(kind):
    loss = REGRESSION_LOSSES[kind]()
    old, new = (TargetStandardization.measure(y, loss) for y in (Y, 3 * Y + 2))
    W2, b2, A1 = RNG.standard_normal((2, 3)), RNG.standard_normal((2, 1)), RNG.random((3, 5))
    before = old.raw_scores(W2 @ A1 + b2)
    old.change(new, W2, b2)
    np.testing.assert_allclose(new.raw_scores(W2 @ A1 + b2), before, rtol=1e-10)


@pytest.mark.parametrize(
    ("moved", "stretched", "close"),
    [
        *((0, 0, True), (5e-7, 0, True), (-5e-7, 0, True), (0, 5e-7, True), (0, -5e-7, True)),
        *((2e-6, 0, False), (-2e-6, 0, False), (0, 2e-6, False), (0, -2e-6, False)),
    ],
)
def test_two_footings_are_close_up_to_a_millionth_of_a_deviation(moved, stretched, close):
    """Also in one column of several, and whatever the unit."""
    mean, deviation = np.array([3.0, -2e5, 7e-9]), np.array([2.0, 1e4, 1e-8])
    for j in range(3):
        other = mean.copy(), deviation.copy()
        other[0][j] += moved * deviation[j]
        other[1][j] *= 1 + stretched
        assert standardization(mean, deviation).is_close(standardization(*other)) == close
        targets = [
            TargetStandardization(m[:, None], d[:, None], d[:, None], m[:, None])
            for m, d in ((mean, deviation), other)
        ]
        assert targets[0].is_close(targets[1]) == close


def test_the_root_mean_square_of_targets_that_are_zero_is_zero():
    targets = WeightedTargets(np.array([[0.0, 0.0], [3.0, -4.0]]), np.array([1.0, 3.0]))
    np.testing.assert_allclose(targets.root_mean_square(), [[0], [np.sqrt((9 + 3 * 16) / 4)]])


@pytest.mark.parametrize(("dtype", "year"), [("float32", 2e6), ("float64", 1.7e18)])
def test_a_column_far_from_zero_is_folded_about_its_mean(dtype, year):
    rng, X = np.random.default_rng(0), np.zeros((3, 50))
    X[:] = rng.standard_normal((3, 50))
    X[1] = year + np.round(1_000 * X[1]) * (1 if dtype == "float64" else 1 / 8)
    X = X.astype(dtype)
    scales = standardization(X.mean(axis=1), X.std(axis=1), dtype)
    np.testing.assert_array_equal(scales.center[:, 0] != 0, [False, True, False])
    W1, b1 = rng.standard_normal((4, 3)).astype(dtype), rng.standard_normal((4, 1)).astype(dtype)
    folded_W1, folded_b1 = scales.fold(W1, b1)
    expected = W1 @ scales.apply(X.copy()) + b1
    tolerance = 100 * np.finfo(dtype).eps
    np.testing.assert_allclose(
        folded_W1 @ (X - scales.center) + folded_b1, expected, rtol=1e-3, atol=tolerance
    )
    again = scales.unfold(folded_W1, folded_b1)
    np.testing.assert_allclose(again[0], W1, rtol=tolerance)
    np.testing.assert_allclose(again[1], b1, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("n", [20, 1_000_003])
@pytest.mark.parametrize("y", [0.1, -0.12853466294403426, 1e300, 3e-310])
def test_the_mean_of_equal_targets_is_the_target(y, n):
    """A sum of many tenths is no multiple of a tenth."""
    weights = np.random.default_rng(0).random(n)
    assert WeightedTargets(np.full((1, n), y), np.ones(n)).mean() == y
    assert WeightedTargets(np.full((1, n), y) / 1e9, weights).mean() == y / 1e9
