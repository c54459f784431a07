import numpy as np
import pytest
from kernels import assert_close, call

pytest.importorskip("numba")
from skshallow._compiled import elementary

pytestmark = pytest.mark.neighbours("numba")
RANGES = {  # where the result is neither zero nor infinite, and near zero
    ("exp", "float32"): (-87, 88.7),
    ("exp", "float64"): (-708, 709.7),
    ("tanh", "float32"): (-20, 20),
    ("tanh", "float64"): (-40, 40),
    ("log1p", "float32"): (0, 1),
    ("log1p", "float64"): (0, 1),
}
ULP = {"exp": (1, 2), "tanh": (6, 4), "log1p": (2.5, 2.5)}  # as the docstrings say


@pytest.mark.parametrize(("name", "dtype"), RANGES)
def test_the_error_over_the_whole_range_is_what_the_docstring_says(name, dtype):
    rng, (low, high) = np.random.default_rng(0), RANGES[name, dtype]
    z = np.concatenate([rng.uniform(low, high, 4_000), high * rng.uniform(0, 1e-3, 1_000)])
    z = z.astype(dtype)
    out = z.copy()
    call(getattr(elementary, name), out)
    exact = getattr(np, name)(z.astype(np.longdouble))
    error = np.abs(out - exact) / np.spacing(np.abs(exact).astype(dtype))
    assert error.max() <= ULP[name][dtype == "float64"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["exp", "tanh"])
def test_infinity_nan_and_zero_are_what_they_should_be(name, dtype):
    largest = np.finfo(dtype).max
    z = np.array([np.inf, -np.inf, np.nan, 0, -0.0, largest, -largest], dtype)
    out = z.copy()
    call(getattr(elementary, name), out)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(out, getattr(np, name)(z))


@pytest.mark.parametrize(("dtype", "low"), [("float32", -104), ("float64", -745)])
def test_exp_fades_by_way_of_the_subnormal_numbers(dtype, low):
    z = np.linspace(low, low * 0.83, 200).astype(dtype)
    out = z.copy()
    call(elementary.exp, out)
    smallest = np.finfo(dtype).smallest_subnormal
    np.testing.assert_allclose(out, np.exp(z), rtol=1e-6, atol=2 * float(smallest))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_small_numbers_keep_all_their_digits(dtype):
    z = np.array([1e-30, 1e-10, 1e-5], dtype)
    for kernel in (elementary.tanh, elementary.log1p):
        out = z.copy()
        call(kernel, out)
        np.testing.assert_allclose(out, z, rtol=2e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tanh_stays_between_its_limits_so_that_no_slope_is_negative(dtype):
    z = np.linspace(-12, 12, 4_001).astype(dtype)
    out = z.copy()
    call(elementary.tanh, out)
    assert np.abs(out).max() <= 1
    assert_close(out, -out[::-1], ulp=8)  # odd
