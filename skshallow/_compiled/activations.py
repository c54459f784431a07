"""g and g' of the built-in activations: core/activations.py once more, as loops.

z and a hold Z1 and A1, all units and examples in one vector. ``*_slope`` turns d, dJ/da, into
dJ/dz in place and may use z and a as scratch. PReLU is a leaky ReLU for each hidden unit.
"""

from skshallow._compiled.elementary import tanh
from skshallow._compiled.jit import inlined, kernel
from skshallow.core import activations as reference

IDENTITY, SIGMOID, TANH, RELU, LEAKY_RELU, PRELU, SILU = range(7)
CODES = {  # of objects of exactly this type
    reference.Identity: IDENTITY,
    reference.Sigmoid: SIGMOID,
    reference.Tanh: TANH,
    reference.ReLU: RELU,
    reference.LeakyReLU: LEAKY_RELU,
    reference.PReLU: PRELU,
    reference.SiLU: SILU,
}


@kernel
def identity(z, a):
    """g(z) = z, so g' = 1."""
    for i in range(z.size):
        a[i] = z[i]


@kernel
def sigmoid(z, a):
    """g(z) = 1 / (1 + e^-z) = (1 + tanh(z / 2)) / 2."""
    half = z.dtype.type(0.5)
    for i in range(z.size):
        a[i] = half * z[i]
    tanh(a)
    for i in range(z.size):
        a[i] = half * a[i] + half


@kernel
def sigmoid_slope(a, d):
    """g' = g (1 - g)."""
    one = a.dtype.type(1)
    for i in range(a.size):
        d[i] *= a[i] * (one - a[i])


@kernel
def tanh_slope(a, d):
    """g' = 1 - g^2."""
    one = a.dtype.type(1)
    for i in range(a.size):
        d[i] *= one - a[i] * a[i]


@kernel
def relu(z, a):
    """g(z) = max(0, z)."""
    zero = z.dtype.type(0)
    for i in range(z.size):
        a[i] = zero if z[i] < zero else z[i]


@kernel
def relu_slope(z, d):
    """g' = 1 where z > 0 and 0 elsewhere."""
    zero, one = z.dtype.type(0), z.dtype.type(1)
    for i in range(z.size):
        d[i] *= one if z[i] > zero else zero


@kernel
def leaky_relu(z, a, slope):
    """g(z) = z where z > 0 and slope * z elsewhere."""
    zero = z.dtype.type(0)
    for i in range(z.size):
        a[i] = z[i] if z[i] > zero else slope * z[i]


@kernel
def leaky_relu_slope(z, d, slope):
    """g' = 1 where z > 0 and slope elsewhere. Returns dJ/dslope = sum of dJ/da * min(z, 0)."""
    zero, one = z.dtype.type(0), z.dtype.type(1)
    dslope = zero
    for i in range(z.size):
        dslope += d[i] * (zero if z[i] > zero else z[i])
        d[i] *= one if z[i] > zero else slope
    return dslope


@kernel
def silu(z, a):
    """g(z) = z s(z) with the sigmoid s."""
    sigmoid(z, a)
    for i in range(z.size):
        a[i] *= z[i]


@kernel
def silu_slope(z, a, d):
    """g' = g q - q + 1 with q = 1 - s(z) = s(-z)."""
    one = z.dtype.type(1)
    for i in range(z.size):
        z[i] = -z[i]
    sigmoid(z, z)
    for i in range(z.size):
        d[i] *= a[i] * z[i] - z[i] + one


@kernel
def prelu(Z1, A1, slope):
    """Leaky ReLU with the slope of each unit."""
    for k in range(len(Z1)):
        leaky_relu(Z1[k], A1[k], slope[k, 0])


@kernel
def prelu_slope(Z1, dA1, slope, dslope):
    """The same, backward."""
    for k in range(len(Z1)):
        dslope[k, 0] = leaky_relu_slope(Z1[k], dA1[k], slope[k, 0])


@kernel
def forward(kind, Z1, A1, learned):
    """A1 = g(Z1)."""
    z, a = Z1.ravel(), A1.ravel()
    if kind.activation == RELU:
        relu(z, a)
    elif kind.activation == LEAKY_RELU:
        leaky_relu(z, a, kind.slope)
    elif kind.activation == PRELU:
        prelu(Z1, A1, learned)
    elif kind.activation == TANH:
        identity(z, a)
        tanh(a)
    elif kind.activation == SIGMOID:
        sigmoid(z, a)
    elif kind.activation == SILU:
        silu(z, a)
    else:
        identity(z, a)


@inlined
def backward(kind, Z1, A1, dA1, slopes):
    """dZ1 = dA1 * g'(Z1), in place of dA1; Z1 and A1 are scratch.

    ``slopes`` are what PReLU has learned, and where its derivative goes.
    """
    z, a, d = Z1.ravel(), A1.ravel(), dA1.ravel()
    if kind.activation == RELU:
        relu_slope(z, d)
    elif kind.activation == LEAKY_RELU:
        leaky_relu_slope(z, d, kind.slope)
    elif kind.activation == PRELU:
        prelu_slope(Z1, dA1, slopes[0], slopes[1])
    elif kind.activation == TANH:
        tanh_slope(a, d)
    elif kind.activation == SIGMOID:
        sigmoid_slope(a, d)
    elif kind.activation == SILU:
        silu_slope(z, a, d)
