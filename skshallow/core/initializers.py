"""Where training starts: functions ``(rng, n_out, n_in) -> W`` of shape (n_out, n_in).

Biases start at zero, which is harmless. Weights may not: with equal weights all hidden units
compute the same, receive the same gradient and stay the same for ever. ``zeros`` is here to
show just that.

References
----------
Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural
networks. He, Zhang, Ren and Sun (2015), Delving deep into rectifiers.
"""

import numpy as np


def he(rng, n_out, n_in):
    """Var W = 2 / n_in keeps the scale of the signal through ReLU, which drops half of it."""
    return rng.standard_normal((n_out, n_in)) * np.sqrt(2 / n_in)


def xavier(rng, n_out, n_in):
    """Var W = 2 / (n_in + n_out): signal and gradient keep their scale where g'(0) = 1."""
    return rng.standard_normal((n_out, n_in)) * np.sqrt(2 / (n_in + n_out))


def normal(rng, n_out, n_in):
    """The notes' ``randn * 0.01``: small, so that sigmoid and tanh do not start saturated."""
    return rng.standard_normal((n_out, n_in)) * 0.01


def zeros(rng, n_out, n_in):
    """No symmetry is broken: every hidden unit stays a copy of the others."""
    return np.zeros((n_out, n_in))


def initialize(parameters, initializer, activation, rng, gain=1.0):
    """Draw gain * W1, then W2; set biases to zero and learned slopes to the activation's start."""
    n0, n1, n2 = parameters.sizes
    parameters.theta[...] = 0
    parameters.W1[...] = gain * initializer(rng, n1, n0)
    parameters.W2[...] = initializer(rng, n2, n1)
    if parameters.learned is not None:
        parameters.learned[...] = activation.learned


INITIALIZERS = {"he": he, "xavier": xavier, "normal": normal, "zeros": zeros}
