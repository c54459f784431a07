"""Scaling the columns of W1, core/input_scaling.py once more, as loops."""

from skshallow._compiled.elementary import exp
from skshallow._compiled.jit import kernel
from skshallow.core.input_scaling import NEGLIGIBLE


@kernel
def scale_inputs(W1, dW1, rate, work):
    """Column j of W1 times exp(-rate * a_j), a_j = sum_k dW1_kj W1_kj / sum_k |dW1_kj W1_kj|.

    ``work`` is room for the two sums.
    """
    n0 = W1.shape[1]
    above, below = work[:n0], work[n0 : 2 * n0]
    for j in range(n0):
        above[j], below[j] = 0, NEGLIGIBLE
    for k in range(len(W1)):
        for j in range(n0):
            product = dW1[k, j] * W1[k, j]
            above[j] += product
            below[j] += abs(product)
    rate = W1.dtype.type(-rate)
    for j in range(n0):
        above[j] = above[j] / below[j] * rate
    exp(above)
    for k in range(len(W1)):
        for j in range(n0):
            W1[k, j] *= above[j]
