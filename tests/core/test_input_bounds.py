import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix

from skshallow.core import input_bounds as module
from skshallow.core.input_bounds import (
    Distances,
    InputBounds,
    InputRange,
    column_range,
    sample_size,
)

SPARSE = [csr_array, csr_matrix]
LAYOUTS = [np.ascontiguousarray, np.asfortranarray, *SPARSE]


def normal(m=300, n0=4, seed=0):
    return np.random.default_rng(seed).standard_normal((m, n0))


def measured(X, rows=None, s=None):
    """The range of these rows without absurd values."""
    rows = np.arange(X.shape[0]) if rows is None else rows
    seen = InputRange.of(X, rows)
    some = rows[:: -(-len(rows) // sample_size(X))]
    suspects = seen.suspects(X, some, len(rows))
    return seen.without_absurd(Distances.of(X, rows, suspects, s))


def assert_same_range(a, b):
    np.testing.assert_array_equal([a.low, a.high], [b.low, b.high])


def dense(x):
    return x if isinstance(x, np.ndarray) else x.toarray()


# --- the range


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 1), (100, 3), (1030, 5), (40, 700)])
def test_the_range_is_that_of_the_columns(shape, dtype):
    X = normal(*shape).astype(dtype)
    for x in (X, np.asfortranarray(X), X[::2], X[:, ::2]):
        low, high = column_range(x)
        np.testing.assert_array_equal(low, x.min(axis=0))
        np.testing.assert_array_equal(high, x.max(axis=0))
        assert low.dtype == dtype


@pytest.mark.parametrize("convert", LAYOUTS)
def test_rows_that_are_left_out_do_not_count(convert):
    X = normal(2500)
    X[np.abs(X) < 0.5] = 0
    rows = np.arange(3, 2400, 2)
    seen = InputRange.of(convert(X), rows)
    assert_same_range(seen, InputRange(X[rows].min(axis=0), X[rows].max(axis=0)))


@pytest.mark.parametrize("convert", SPARSE)
def test_zero_is_inside_of_every_sparse_column(convert):
    seen = InputRange.of(convert(normal() ** 2 + 1), np.arange(300))
    np.testing.assert_array_equal(seen.low, 0)


def test_two_parts_have_the_range_of_all_rows():
    X = normal()
    parts = [InputRange.of(X, rows) for rows in (np.arange(100), np.arange(100, 300))]
    assert_same_range(parts[0].merge(parts[1]), InputRange.of(X, np.arange(300)))


# --- bounds


def test_bounds_are_the_range_and_the_same_share_of_it_on_either_side():
    bounds = InputRange(np.array([0.0, -2.0, 5.0]), np.array([8.0, 2.0, 5.0])).bounds()
    np.testing.assert_array_equal(bounds.low, [0 - 8 * module.MARGIN, -2 - 4 * module.MARGIN, 5])
    np.testing.assert_array_equal(bounds.high, [8 + 8 * module.MARGIN, 2 + 4 * module.MARGIN, 5])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bounds_are_numbers_however_large_the_range(dtype):
    most = np.finfo(dtype).max
    bounds = InputRange(np.array([-most, 0], dtype), np.array([most, most], dtype)).bounds()
    assert np.isfinite([bounds.low, bounds.high]).all()
    assert bounds.low.dtype == dtype


@pytest.mark.parametrize("m", [1, 40, 50_000])
@pytest.mark.parametrize("convert", LAYOUTS)
def test_rows_are_clipped_column_by_column(convert, m):
    X = normal(m)
    X[np.abs(X) < 0.5] = 0
    before = X.copy()
    for low in (-1.0, 0.25):  # if zero lies outside, what is not stored does too
        bounds = InputBounds(np.array([low, -1, -2, -9]), np.array([1.0, 2, -0.5, 9]))
        clipped = bounds.apply(convert(X))
        np.testing.assert_array_equal(dense(clipped), np.clip(X, bounds.low, bounds.high))
        assert type(clipped) is type(convert(X))
        np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("m", [1, 40, 50_000])
def test_nothing_is_copied_if_nothing_lies_outside(m):
    X = normal(m)
    bounds = InputRange.of(X, np.arange(m)).bounds()
    assert bounds.apply(X) is X
    X[-1, -1] = np.nan
    assert not bounds.hold(X)


@pytest.mark.parametrize("convert", SPARSE)
def test_of_entries_stored_twice_the_sum_is_clipped(convert):
    X = convert((np.array([3.0, 4.0, -5.0]), np.array([1, 1, 0]), np.array([0, 3])), shape=(1, 2))
    clipped = InputBounds(np.array([-2.0, -2.0]), np.array([6.0, 6.0])).apply(X)
    np.testing.assert_array_equal(clipped.toarray(), [[-2, 6]])
    assert X.nnz == 3


# --- absurd values


@pytest.mark.parametrize("convert", LAYOUTS)
@pytest.mark.parametrize("absurd", [[1e6], [-1e6], [1e6, -1e6, 3e8, 1e300]])
@pytest.mark.parametrize("m", [400, 10_000])
def test_few_absurd_values_leave_the_range_to_the_others(m, absurd, convert):
    X = normal(m)
    X[np.abs(X) < 0.5] = 0
    X[5 : 5 + len(absurd), 1] = absurd
    rest = np.delete(np.arange(m), np.arange(5, 5 + len(absurd)))
    usual, expected = measured(convert(X)), InputRange.of(X, rest)
    assert (usual.low[1], usual.high[1]) == (expected.low[1], expected.high[1])
    others = [0, 2, 3]
    np.testing.assert_array_equal(usual.low[others], X[:, others].min(axis=0))
    np.testing.assert_array_equal(usual.high[others], X[:, others].max(axis=0))


def skewed(rng, m):
    """Columns of a kind that real tables have."""
    return {
        "lognormal": rng.lognormal(0, 1, m),
        "wide lognormal": rng.lognormal(0, 2, m),
        "t": rng.standard_t(2, m),
        "gains": (rng.random(m) < 0.08) * rng.lognormal(8, 1, m),  # of few people
        "counts": rng.negative_binomial(0.05, 0.01, m),
        "a rare indicator": np.arange(m) < 2,
        "too many to be an error": np.where(np.arange(m) < m // 10, 1e6, rng.standard_normal(m)),
        "seldom another": np.where(np.arange(m) < 3, [*range(1, 4), *[0] * (m - 3)], 0) ** 20,
        "large and far": 1e9 + rng.standard_normal(m),
        "constant": np.full(m, 3.0),
    }


@pytest.mark.parametrize("convert", [np.asarray, csr_array])
@pytest.mark.parametrize("m", [60, 1000, 10_000])
def test_the_range_of_ordinary_columns_is_that_of_all_their_values(m, convert):
    columns = skewed(np.random.default_rng(0), m)
    X = convert(np.column_stack([*columns.values()]).astype(float))
    assert_same_range(measured(X), InputRange.of(X, np.arange(m)))


def test_one_value_in_few_rows_is_not_few():
    X = normal(module.LEAST_ROWS - 1)
    X[0] = 1e9
    assert_same_range(measured(X), InputRange.of(X, np.arange(len(X))))


@pytest.mark.parametrize("convert", [np.asarray, csr_array])
def test_weights_count_as_repeated_rows(convert):
    counts = np.random.default_rng(0).integers(1, 5, 200)
    for n_absurd in range(1, 10):
        X = normal(200, 2)
        X[:n_absurd, 0] = 1e6
        weighted = measured(convert(X), s=counts.astype(float))
        assert_same_range(weighted, measured(convert(X.repeat(counts, axis=0))))


@pytest.mark.parametrize("convert", [np.asarray, csr_array])
def test_distances_of_parts_tell_the_range_that_those_of_all_rows_do(convert):
    X = normal(400) * [1, 1e-3, 1, 1]
    X[[3, 200, 390], 1], X[7, 2] = [1e6, -1e9, 1e4], 1e300
    X, rows = convert(X), np.arange(400)
    suspects = np.arange(4), np.zeros(4)
    whole, parts = Distances.of(X, rows, suspects), Distances(*suspects)
    for part in np.split(rows, [10, 11, 250]):
        parts.merge(Distances.of(X, part, suspects))
    seen = InputRange.of(X, rows)
    assert_same_range(seen.without_absurd(parts), seen.without_absurd(whole))
    assert seen.without_absurd(parts).high[2] < 10


@pytest.mark.parametrize("factor", [1.01, 0.99])
def test_absurd_begins_at_a_gap_by_a_factor_of_100(factor):
    """Wherever it lies in an octave: the other values end at 1.5, or at a power of two."""
    for largest in (1.5, 1.0, 2.0, 1.999):
        x = np.linspace(-1, 1, 101) * largest
        x[7] = 100 * factor * largest
        column = x[:, None]
        distances = Distances.of(column, np.arange(101), (np.array([0]), np.zeros(1)))
        assert (distances.range_of_the_rest(0) is not None) == (factor > 1)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("shift", [0, 1e3, -1e3, 3e5])
def test_absurd_is_what_lies_far_from_the_rest_wherever_that_is(shift, sign):
    X = normal(400, 3)
    X[7, 0], X[9, 1] = 2e3, -3e5
    ordinary = measured(X)
    assert (ordinary.high[0], ordinary.low[1]) == (
        np.delete(X[:, 0], 7).max(),
        X[:, 1][X[:, 1] > -9].min(),
    )
    ends = [ordinary.low, ordinary.high][::sign]
    moved = measured(sign * X + shift)
    np.testing.assert_allclose(
        [moved.low, moved.high], [sign * end + shift for end in ends], atol=1e-9
    )


@pytest.mark.parametrize("m", [42, 70])
def test_one_value_is_few_as_soon_as_it_is_one_in_forty(m):
    X = normal(m)
    X[3, 0] = 1e9
    rest = InputRange.of(X, np.delete(np.arange(m), 3))
    assert (measured(X).low[0], measured(X).high[0]) == (rest.low[0], rest.high[0])


def test_wide_sparse_rows_are_clipped_without_being_made_dense():
    rng, shape = np.random.default_rng(0), (100, 20_000)
    where = rng.integers(0, shape[0], 900), rng.integers(100, shape[1], 900)
    X = csr_array((rng.standard_normal(900), where), shape=shape)
    bounds = InputRange.of(X, np.arange(80)).bounds()
    assert not bounds.high[:100].any()  # columns that are never filled
    tracemalloc.start()
    clipped = bounds.apply(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * shape[0] * shape[1] / 20
    np.testing.assert_array_equal(dense(clipped), np.clip(dense(X), bounds.low, bounds.high))


@pytest.mark.parametrize("center", [0.0, 1e4, -1e4])
@pytest.mark.parametrize(("far", "absurd"), [(99, False), (101, True), (-99, False), (-101, True)])
def test_in_a_stream_absurd_is_a_hundred_ranges_beyond_what_was_seen(far, absurd, center):
    """On one side, in one column; where nothing has varied yet, nothing is far."""
    before = InputRange(
        np.array([center - 1, center, 3.0]), np.array([center + 1, center + 4, 3.0])
    )
    now = InputRange(before.low - 0.5, before.high + 0.5)
    end = now.high if far > 0 else now.low
    end[0] = (before.high if far > 0 else before.low)[0] + 2 * far
    end[2] = 1e9 if far > 0 else -1e9
    expected = now.low.copy(), now.high.copy()
    if absurd:
        expected[far > 0][0] = (before.high if far > 0 else before.low)[0]
    assert_same_range(now.unless_absurd(before), InputRange(*expected))
