"""The update rules of core/optimizers.py once more, each in one pass over the vectors.

``constants`` have theta's type.
"""

import math
from typing import NamedTuple

import numpy as np

from skshallow._compiled.jit import kernel
from skshallow.core import optimizers as reference

ADAM, SGD = range(2)
CODES = {reference.Adam: ADAM, reference.SGD: SGD}  # of objects of exactly this type


class Rule(NamedTuple):
    """An update rule: its code, the options of all of them; penalty, and scaling of the inputs."""

    code: int
    beta1: float
    beta2: float
    epsilon: float
    momentum: float
    nesterov: bool
    alpha: float
    scaling_rate: float = 0.0
    scaling_period: int = 0


def rule_of(optimizer, network, scaling):
    """The Rule of an optimizer of core, a network's penalty, and an InputScaling or None.

    An optimizer of whole batches takes its steps itself.
    """
    options = {
        n: float(getattr(optimizer, n, 0)) for n in ("beta1", "beta2", "epsilon", "momentum")
    }
    nesterov, alpha = bool(getattr(optimizer, "nesterov", False)), float(network.alpha)
    rule = Rule(CODES.get(type(optimizer), SGD), **options, nesterov=nesterov, alpha=alpha)
    if scaling is None:
        return rule
    return rule._replace(
        scaling_rate=float(scaling.rate), scaling_period=scaling.period(network.parameters.W1)
    )


def moments_of(optimizer):
    """The two vectors that an optimizer of core keeps."""
    if type(optimizer) is reference.Adam:
        return optimizer.m, optimizer.v
    return optimizer.velocity, optimizer.velocity


@kernel
def sgd(theta, gradient, velocity, nesterov, constants):
    """velocity := momentum * velocity + g; theta := theta - rate * velocity.

    Nesterov's variant moves along g + momentum * velocity. g = gradient + alpha * theta.
    """
    momentum, rate, alpha = constants
    if nesterov:
        for i in range(theta.size):
            g = gradient[i] + alpha * theta[i]
            velocity[i] = momentum * velocity[i] + g
            theta[i] -= rate * (g + momentum * velocity[i])
    else:
        for i in range(theta.size):
            velocity[i] = momentum * velocity[i] + (gradient[i] + alpha * theta[i])
            theta[i] -= rate * velocity[i]


@kernel
def adam(theta, gradient, moments, betas, constants):
    """m := beta1 m + g; v := beta2 v + g^2; theta := theta - rate * m / (sqrt(v) + epsilon).

    As in NumPy's version m and v lack the factors 1 - beta1 and 1 - beta2, which are in the rate
    and in epsilon. g = gradient + alpha * theta.
    """
    m, v = moments
    beta1, beta2 = betas
    rate, epsilon, alpha = constants
    for i in range(theta.size):
        g = gradient[i] + alpha * theta[i]
        m[i] = beta1 * m[i] + g
        v[i] = beta2 * v[i] + g * g
        theta[i] -= rate * (m[i] / (np.sqrt(v[i]) + epsilon))


@kernel
def flush(vector, least):
    """What has faded becomes zero before it comes near the least number of its type."""
    zero = vector.dtype.type(0)
    for i in range(vector.size):
        vector[i] = zero if abs(vector[i]) < least else vector[i]


@kernel
def add_penalty(theta, gradient, alpha):
    """gradient := gradient + alpha * theta."""
    alpha = theta.dtype.type(alpha)
    for i in range(theta.size):
        gradient[i] += alpha * theta[i]


@kernel
def step(rule, vectors, t, rate, alpha):
    """Step number t over theta, or over a part of it."""
    theta, gradient, m, v = vectors
    kind = theta.dtype.type
    if rule.code == SGD:
        sgd(theta, gradient, m, rule.nesterov, (kind(rule.momentum), kind(rate), kind(alpha)))
        return
    root = math.sqrt((1 - rule.beta2) / (1 - rule.beta2**t))
    rate = rate * (1 - rule.beta1) / (1 - rule.beta1**t) / root
    constants = kind(rate), kind(rule.epsilon / root), kind(alpha)
    adam(theta, gradient, (m, v), (kind(rule.beta1), kind(rule.beta2)), constants)
    if t % 8 == 0:
        least = np.finfo(theta.dtype).tiny
        flush(theta, kind(least**0.4))
        flush(m, kind(least**0.5))


@kernel
def add(gradient, total):
    """total := total + gradient."""
    for i in range(total.size):
        total[i] += gradient[i]
