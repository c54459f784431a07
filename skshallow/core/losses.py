"""Output activation, loss and dZ2, which only make sense together, in one object each.

Every loss is taken at the scores Z2, never at A2, so nothing is clipped and nothing overflows.
Z2 and Y are (..., n2, m), examples as columns. L is (..., n2, m) where every output is a question
of its own, (..., 1, m) where all outputs answer one.

``output(Z2)``          A2, in place of Z2
``log_output(Z2)``      log A2; spoils Z2
``value(Z2, Y)``        L; spoils Z2
``slope(Z2, Y)``        dL/dZ2 = A2 - Y, in place of Z2
"""

import numpy as np
from scipy.special import expit


def softplus(Z):
    """log(1 + e^z) as max(z, 0) + log(1 + e^-|z|), which cannot overflow."""
    return np.maximum(Z, 0) + np.log1p(np.exp(-np.abs(Z)))


class BinaryCrossEntropy:
    """A2 = 1 / (1 + e^-Z2) and L = log(1 + e^z) - y z, so dL/dz = a - y.

    Several outputs are several yes-or-no questions (multilabel); J adds them up.
    """

    def output(self, Z2):
        return expit(Z2, out=Z2)

    def log_output(self, Z2):
        return -softplus(-Z2)

    def value(self, Z2, Y):
        return softplus(Z2) - Y * Z2

    def slope(self, Z2, Y):
        self.output(Z2)
        Z2 -= Y
        return Z2


class CategoricalCrossEntropy:
    """A2 = e^Z2 / sum_k e^Z2_k and L = log sum_k e^z_k - sum_k y_k z_k, so dL/dz = a - y.

    The largest score of an example is subtracted first: the result is the same and e^z <= 1.
    """

    def output(self, Z2):
        Z2 -= Z2.max(axis=-2, keepdims=True)
        np.exp(Z2, out=Z2)
        Z2 /= Z2.sum(axis=-2, keepdims=True)
        return Z2

    def log_output(self, Z2):
        Z2 -= Z2.max(axis=-2, keepdims=True)
        Z2 -= np.log(np.exp(Z2).sum(axis=-2, keepdims=True))
        return Z2

    def value(self, Z2, Y):
        Z2 -= Z2.max(axis=-2, keepdims=True)
        picked = np.einsum("...km,...km->...m", Y, Z2)[..., None, :]
        return np.log(np.exp(Z2, out=Z2).sum(axis=-2, keepdims=True)) - picked

    def slope(self, Z2, Y):
        self.output(Z2)
        Z2 -= Y
        return Z2


LOSSES = {
    "binary": BinaryCrossEntropy,
    "multilabel": BinaryCrossEntropy,
    "multiclass": CategoricalCrossEntropy,
}
