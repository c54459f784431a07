"""Forward and backward propagation of a batch: core/network.py once more, as loops.

    Z1 = W1 A0 + b1        A1 = g(Z1)        Z2 = W2 A1 + b2

    dZ2 = s * dL/dZ2 * scale      dW2 = dZ2 A1.T    db2 = sum of dZ2 over examples
    dZ1 = W2.T dZ2 * g'(Z1)
    dW1 = dZ1 A0.T                db1 = sum of dZ1 over examples

The two products with A0 are BLAS's, unless X is sparse; the three with W2 are too if there are many
outputs: with few of them loops do better. Several networks side by side share all that goes on in
the hidden layer; what touches W2 is done for one after the other.
"""

from typing import NamedTuple

import numpy as np

from skshallow._compiled import activations, losses
from skshallow._compiled.jit import inlined, kernel

MANY_OUTPUTS = 12  # from here on BLAS multiplies by W2


class Kind(NamedTuple):
    """What is computed: codes of activation and loss, their options, the share that is dropped."""

    activation: int
    slope: float
    loss: int
    delta: float
    level: np.ndarray
    share: float


class Parameters(NamedTuple):
    """Views of theta, or of its gradient, as core's Layout has them; ``learned`` may be empty."""

    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray
    learned: np.ndarray


class Layers(NamedTuple):
    """Buffers of a batch: A0.T (m, n0), hidden layer (n1, m), outputs (n2, m); Z2 becomes dZ2."""

    X: np.ndarray
    Z1: np.ndarray
    A1: np.ndarray
    dZ1: np.ndarray
    Z2: np.ndarray
    L: np.ndarray
    E: np.ndarray


def kind_of(network):
    """The codes and options of a Network of core."""
    activation, loss, dropout = network.activation, network.loss, network.dropout
    n2, dtype = network.parameters.layout.n2, network.parameters.theta.dtype
    return Kind(
        activations.CODES[type(activation)],
        dtype.type(getattr(activation, "slope", 0)),
        losses.CODES[type(loss)],
        dtype.type(getattr(loss, "delta", 0)),
        np.full((n2, 1), getattr(loss, "level", 0), dtype),
        0.0 if dropout is None else float(dropout.share),
    )


@inlined
def forward(kind, parameters, layers, U):
    """From W1 A0, in Z1, to Z2."""
    _, b1, W2, b2, learned = parameters
    _, Z1, A1, _, Z2, _, _ = layers
    add_column(Z1, b1)
    activations.forward(kind, Z1, A1, learned)
    if len(U) > 0:
        drop(kind.share, U, A1)
    n1 = W2.shape[1]
    networks = len(A1) // n1
    n2 = len(W2) // networks
    for i in range(networks):
        multiply_hidden(group(W2, i, n2), group(A1, i, n1), group(Z2, i, n2))
    add_column(Z2, b2)


@inlined
def backward(kind, parameters, gradient, layers, U):
    """From dZ2, in Z2, to dZ1 and all derivatives but dW1."""
    _, _, W2, _, learned = parameters
    _, db1, dW2, db2, dlearned = gradient
    _, Z1, A1, dZ1, dZ2, _, _ = layers
    sum_examples(dZ2, db2)
    n1 = W2.shape[1]
    networks = len(A1) // n1
    n2 = len(W2) // networks
    for i in range(networks):
        multiply_slopes(group(dZ2, i, n2), group(A1, i, n1), group(dW2, i, n2))
        multiply_back(group(W2, i, n2), group(dZ2, i, n2), group(dZ1, i, n1))
    if len(U) > 0:
        drop(kind.share, U, dZ1)
        activations.forward(kind, Z1, A1, learned)  # A1 as it was before units were dropped
    activations.backward(kind, Z1, A1, dZ1, (learned, dlearned))
    sum_examples(dZ1, db1)


@kernel
def group(array, i, n):
    """The n rows of network i."""
    return array[i * n : (i + 1) * n]


@kernel
def loss_and_slope(kind, layers, Y, s, scale):
    """Sum of s * L, the mean of the networks; Z2 becomes dZ2 = s * dL/dZ2 * scale."""
    loss, n2 = 0.0, len(Y)
    networks = len(layers.Z2) // n2
    for i in range(networks):
        Z2, L, E = group(layers.Z2, i, n2), group(layers.L, i, n2), group(layers.E, i, n2)
        losses.value_and_slope(kind, Z2, Y, L, E)
        loss += weigh(s, L, Z2, scale)
    return loss / networks


@kernel
def add_column(Z, b):
    """Z := Z + b."""
    for k in range(len(Z)):
        bias = b[k, 0]
        for i in range(Z.shape[1]):
            Z[k, i] += bias


@kernel
def sum_examples(dZ, db):
    """db = sum of dZ over examples."""
    for k in range(len(dZ)):
        total = dZ.dtype.type(0)
        for i in range(dZ.shape[1]):
            total += dZ[k, i]
        db[k, 0] = total


@kernel
def drop(share, U, A1):
    """Where a random number in [0, 1) is below share, A1 is zero, else A1 / (1 - share)."""
    zero, least = A1.dtype.type(0), A1.dtype.type(share)
    kept = A1.dtype.type(1 / (1 - share))
    for k in range(len(A1)):
        for i in range(A1.shape[1]):
            A1[k, i] *= zero if U[k, i] < least else kept


@kernel
def multiply_hidden(W2, A1, Z2):
    """Z2 = W2 A1."""
    if len(W2) >= MANY_OUTPUTS:
        np.dot(W2, A1, Z2)
        return
    for k in range(len(A1)):
        for o in range(len(W2)):
            w = W2[o, k]
            for i in range(Z2.shape[1]):
                Z2[o, i] = w * A1[k, i] if k == 0 else Z2[o, i] + w * A1[k, i]


@kernel
def multiply_slopes(dZ2, A1, dW2):
    """dW2 = dZ2 A1.T."""
    if len(dW2) >= MANY_OUTPUTS:
        np.dot(dZ2, A1.T, dW2)
        return
    for k in range(len(A1)):
        for o in range(len(dW2)):
            total = dZ2.dtype.type(0)
            for i in range(A1.shape[1]):
                total += dZ2[o, i] * A1[k, i]
            dW2[o, k] = total


@kernel
def multiply_back(W2, dZ2, dA1):
    """dA1 = W2.T dZ2."""
    if len(W2) >= MANY_OUTPUTS:
        np.dot(W2.T, dZ2, dA1)
        return
    for k in range(len(dA1)):
        for o in range(len(W2)):
            w = W2[o, k]
            for i in range(dA1.shape[1]):
                dA1[k, i] = w * dZ2[o, i] if o == 0 else dA1[k, i] + w * dZ2[o, i]


@kernel
def weigh(s, L, dZ2, scale):
    """Sum of s * L; dZ2 := s * dZ2 * scale. s has one row, or one for each output, or none."""
    loss, scale = 0.0, dZ2.dtype.type(scale)
    for o in range(len(L)):
        if len(s) > 0:
            row = min(o, len(s) - 1)
            for i in range(L.shape[1]):
                L[o, i] *= s[row, i]
                dZ2[o, i] *= s[row, i]
        for i in range(L.shape[1]):
            loss += L[o, i]
            dZ2[o, i] *= scale
    return loss


@inlined
def multiply_inputs(W1, source, rows, X, Z1):
    """Z1 = W1 A0."""
    if source.sparse:
        multiply_sparse(W1, source, rows, Z1)
    else:
        np.dot(W1, X.T, Z1)


@inlined
def multiply_slopes_by_inputs(dZ1, source, rows, X, dW1):
    """dW1 = dZ1 A0.T."""
    if source.sparse:
        multiply_sparse_slopes(dZ1, source, rows, dW1)
    else:
        np.dot(dZ1, X, dW1)


@kernel
def multiply_sparse(W1, source, rows, Z1):
    """Z1 = W1 A0 of sparse rows: W1 (factor X.T) less one column, W1 (factor mean)."""
    zero, scaled = Z1.dtype.type(0), len(source.factor) > 0
    for k in range(len(W1)):
        of_zeros = zero
        for j in range(len(source.mean)):
            of_zeros -= W1[k, j] * (source.mean[j] * source.factor[j])
        for i in range(len(rows)):
            z = of_zeros
            for p in range(source.indptr[rows[i]], source.indptr[rows[i] + 1]):
                j = source.indices[p]
                x = source.values[p] * source.factor[j] if scaled else source.values[p]
                z += W1[k, j] * x
            Z1[k, i] = z


@kernel
def multiply_sparse_slopes(dZ1, source, rows, dW1):
    """dW1 = dZ1 A0.T of sparse rows: dZ1 (X factor) less the sum of dZ1 times (factor mean).T."""
    zero, scaled = dW1.dtype.type(0), len(source.factor) > 0
    for k in range(len(dW1)):
        total = zero
        for i in range(len(rows)):
            total -= dZ1[k, i]
        for j in range(dW1.shape[1]):
            dW1[k, j] = total * (source.mean[j] * source.factor[j]) if scaled else zero
        for i in range(len(rows)):
            for p in range(source.indptr[rows[i]], source.indptr[rows[i] + 1]):
                j = source.indices[p]
                x = source.values[p] * source.factor[j] if scaled else source.values[p]
                dW1[k, j] += dZ1[k, i] * x
