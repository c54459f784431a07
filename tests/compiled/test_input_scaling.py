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
    db1 = rng.standard_normal((6, 1)).astype(dtype)
    db1[:, 0] *= 0.1
    dW1[:, 3], W1[:, 4] = 0, 0  # of no influence
    expected, work, scaling = W1.copy(), np.full(10, np.nan, dtype), InputScaling(2.0)
    magnitude = np.zeros(5, dtype)
    for step in range(1, 4):
        scaling.step(expected, dW1, db1, 0.1)
        call(scale_inputs, W1, (dW1, db1), magnitude, (2.0 * 0.1, step), work)
        assert_close(W1, expected, ulp=6 * step)
    assert_close(magnitude, scaling.magnitude, ulp=20)
