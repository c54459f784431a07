"""Scaling the columns of W1, core/input_scaling.py once more, as loops."""

from skshallow._compiled.elementary import exp
from skshallow._compiled.jit import inlined
from skshallow.core.input_scaling import MEMORY, NEGLIGIBLE


@inlined
def scale_inputs(W1, gradients, magnitude, how, work):
    """Column j of W1 times exp(-rate * a_j), a_j = sum_i dW1_ij W1_ij / mean of b_j.

    b_j = sum_i (|dW1_ij| + |db1_i|) |W1_ij|; ``how`` is the rate, and how many b_j there were by
    now. ``work`` is room for two sums.
    """
    (dW1, db1), kind, n0 = gradients, W1.dtype.type, W1.shape[1]
    rate, factor = kind(-how[0]), kind((1 - MEMORY) / (1 - MEMORY ** how[1]))
    above, below = work[:n0], work[n0 : 2 * n0]
    for j in range(n0):
        above[j], below[j] = 0, 0
    for i in range(len(W1)):
        db = abs(db1[i, 0])
        for j in range(n0):
            above[j] += dW1[i, j] * W1[i, j]
            below[j] += (abs(dW1[i, j]) + db) * abs(W1[i, j])
    for j in range(n0):
        magnitude[j] = kind(MEMORY) * magnitude[j] + below[j]
        a = above[j] / (magnitude[j] * factor + kind(NEGLIGIBLE))
        above[j] = min(max(a, kind(-1)), kind(1)) * rate
    exp(above)
    for i in range(len(W1)):
        for j in range(n0):
            W1[i, j] *= above[j]
