"""L and dL/dZ2 of the built-in losses: core/losses.py once more, as loops.

Z2, Y and L are (n2, m). Each function writes L and turns Z2 into dL/dZ2 in place, as both need the
same numbers. Where all outputs answer one question, L stands in its first row, and the others are
zero.
"""

import math

import numpy as np

from skshallow._compiled.elementary import exp, log1p
from skshallow._compiled.jit import inlined, kernel
from skshallow.core import losses as reference

BINARY, CATEGORICAL, SQUARED, ABSOLUTE, HUBER, QUANTILE, POISSON = range(7)
CODES = {  # of objects of exactly this type
    reference.BinaryCrossEntropy: BINARY,
    reference.CategoricalCrossEntropy: CATEGORICAL,
    reference.SquaredError: SQUARED,
    reference.AbsoluteError: ABSOLUTE,
    reference.Huber: HUBER,
    reference.Quantile: QUANTILE,
    reference.Poisson: POISSON,
}


@kernel
def binary(Z2, Y, L, E):
    """L = log(1 + e^z) - y z and dL/dz = a - y with a = 1 / (1 + e^-z).

    Both by way of e = e^-|z|, which cannot overflow: log(1 + e^z) = max(z, 0) + log(1 + e).
    """
    z, y, loss, e = Z2.ravel(), Y.ravel(), L.ravel(), E.ravel()
    zero, one = z.dtype.type(0), z.dtype.type(1)
    for i in range(z.size):
        e[i] = -abs(z[i])
    exp(e)
    for i in range(z.size):
        loss[i] = e[i]
    log1p(loss)
    for i in range(z.size):
        positive = z[i] > zero
        loss[i] += (z[i] if positive else zero) - y[i] * z[i]
        z[i] = (one if positive else e[i]) / (one + e[i]) - y[i]


@kernel
def fill(v, x):
    """v = x everywhere."""
    for i in range(v.size):
        v[i] = x


@kernel
def categorical(Z2, Y, L, E):
    """L = log sum_k e^z_k - sum_k y_k z_k and dL/dz = a - y with a = e^z / sum_k e^z_k.

    The largest score of an example is subtracted first: the result is the same and e^z <= 1.
    """
    largest, total, loss = E[0], E[1], L[0]
    for i in range(largest.size):
        largest[i] = Z2[0, i]
    for k in range(1, len(Z2)):
        for i in range(largest.size):
            largest[i] = Z2[k, i] if Z2[k, i] > largest[i] else largest[i]
    fill(L.ravel(), 0)
    for k in range(len(Z2)):
        for i in range(largest.size):
            Z2[k, i] -= largest[i]
            loss[i] -= Y[k, i] * Z2[k, i]
    exp(Z2.ravel())
    fill(total, 0)
    for k in range(len(Z2)):
        for i in range(total.size):
            total[i] += Z2[k, i]
    for i in range(total.size):
        loss[i] += math.log(total[i])
    for k in range(len(Z2)):
        for i in range(total.size):
            Z2[k, i] = Z2[k, i] / total[i] - Y[k, i]


@kernel
def squared_error(z, y, loss):
    """L = (z - y)^2 / 2 and dL/dz = z - y."""
    half = z.dtype.type(0.5)
    for i in range(z.size):
        z[i] -= y[i]
        loss[i] = half * z[i] * z[i]


@kernel
def absolute_error(z, y, loss):
    """L = |z - y| and dL/dz = sign(z - y)."""
    for i in range(z.size):
        u = z[i] - y[i]
        loss[i] = abs(u)
        z[i] = np.sign(u)


@kernel
def huber(z, y, loss, delta):
    """L = u^2 / 2 where |u| <= delta, else delta (|u| - delta / 2); u = z - y.

    dL/dz is u, cut off at -delta and delta.
    """
    half = z.dtype.type(0.5)
    for i in range(z.size):
        u = z[i] - y[i]
        size = abs(u)
        loss[i] = half * u * u if size <= delta else delta * (size - half * delta)
        z[i] = u if size <= delta else delta * np.sign(u)


@kernel
def quantile(Z2, Y, L, level):
    """L = max(-q u, (1 - q) u) with u = z - y and dL/dz = sign(u) / 2 + 1/2 - q."""
    half, one = Z2.dtype.type(0.5), Z2.dtype.type(1)
    for k in range(len(Z2)):
        q = level[k, 0]
        for i in range(Z2.shape[1]):
            u = Z2[k, i] - Y[k, i]
            L[k, i] = max(-q * u, (one - q) * u)
            Z2[k, i] = half * np.sign(u) + (half - q)


@kernel
def poisson(z, y, loss):
    """L = e^z - y z - (y - y log y) and dL/dz = e^z - y."""
    zero = z.dtype.type(0)
    for i in range(z.size):
        constant = y[i] - y[i] * math.log(y[i]) if y[i] > zero else zero
        loss[i] = -y[i] * z[i] - constant
    exp(z)
    for i in range(z.size):
        loss[i] += z[i]
        z[i] -= y[i]


@inlined
def value_and_slope(kind, Z2, Y, L, E):
    """Write L, and dL/dZ2 into Z2; E is scratch of the same shape."""
    z, y, loss = Z2.ravel(), Y.ravel(), L.ravel()
    if kind.loss == BINARY:
        binary(Z2, Y, L, E)
    elif kind.loss == CATEGORICAL:
        categorical(Z2, Y, L, E)
    elif kind.loss == SQUARED:
        squared_error(z, y, loss)
    elif kind.loss == ABSOLUTE:
        absolute_error(z, y, loss)
    elif kind.loss == HUBER:
        huber(z, y, loss, kind.delta)
    elif kind.loss == QUANTILE:
        quantile(Z2, Y, L, kind.level)
    else:
        poisson(z, y, loss)
