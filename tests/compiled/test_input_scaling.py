import numpy as np
import pytest
from kernels import assert_close, call

pytest.importorskip("numba")
from skshallow._compiled.input_scaling import scale_inputs
from skshallow.core.input_scaling import InputScaling

pytestmark = pytest.mark.neighbours("numba")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_columns_are_multiplied_as_in_core(dtype):
    rng = np.random.default_rng(0)
    W1, dW1 = rng.standard_normal((2, 6, 5)).astype(dtype)
    dW1[:, 3], W1[:, 4] = 0, 0  # of no influence
    expected, work = W1.copy(), np.full(10, np.nan, dtype)
    InputScaling(2.0).step(expected, dW1, 0.1)
    call(scale_inputs, W1, dW1, 2.0 * 0.1, work)
    assert_close(W1, expected, ulp=6)
