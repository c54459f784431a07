"""The best network that says the same of every example: the least that training must reach."""

import numpy as np
from scipy.optimize import minimize


def become_constant(network, batches):
    """W2 = 0, and b2 is what minimises the mean loss over these batches.

    The hidden layer stays as it is, so that training may go on from here.
    """
    p, loss = network.parameters, network.loss
    n2 = len(p.b2) // network.networks
    p.W2[...] = 0

    def mean_and_slope(b2):
        total, slope = 0.0, np.zeros(len(b2))
        for A0, Y, s in batches.iterate():
            Z2 = np.repeat(b2.astype(Y.dtype)[:, None], A0.shape[1], axis=1)
            total += network.sum_loss(Z2, Y, s)
            dZ2 = loss.slope(Z2, Y)
            slope += (dZ2 if s is None else dZ2 * s).sum(axis=1, dtype=np.float64)
        return total / batches.n_examples, slope / batches.n_examples

    b2 = minimize(mean_and_slope, np.zeros(n2), jac=True, method="L-BFGS-B").x
    p.b2[:, 0] = np.tile(b2, network.networks)
