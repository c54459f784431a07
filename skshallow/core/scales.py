"""A learned scale for every input, as coordinates that an optimiser takes its steps in.

    W1 = V * c        c = 1 + rate * u, a factor for each column of V

The network is the same, and so is J; only the path to its minimum differs. A step in u makes all
weights of one input larger or smaller at once, so inputs that matter grow quickly and the others
fade, which no penalty on single weights can do. By the chain rule

    dV = dW1 * c      du = rate * sum over hidden units of dW1 * V

References
----------
Holzmüller, Grinsztajn and Steinwart (2024), Better by default: strong pre-tuned MLPs and boosted
trees on tabular data (their "scaling layer").
"""

import numpy as np


class InputScales:
    """phi = [V | what follows W1 in theta | u]; gradients are brought there, steps back.

    Parameters
    ----------
    parameters : Parameters
        phi begins at their theta, with u = 0.
    rate : float
        How much faster c learns than a single weight.
    """

    def __init__(self, parameters, rate):
        self.rate, (self.n0, self.n1, _) = rate, parameters.sizes
        self.phi = np.append(parameters.theta, np.zeros(self.n0, parameters.theta.dtype))
        self.dphi = np.empty_like(self.phi)

    def begin_at(self, theta):
        """V = W1 and c = 1."""
        self.phi[: theta.size], self.phi[theta.size :] = theta, 0

    def gradient(self, dtheta):
        """The gradient in phi, from that in theta."""
        n = dtheta.size
        V, dV, dW1 = (self._first_layer(vector) for vector in (self.phi, self.dphi, dtheta))
        self.dphi[dV.size : n] = dtheta[dV.size :]
        np.einsum("ij,ij->j", dW1, V, out=self.dphi[n:])
        self.dphi[n:] *= self.rate
        np.multiply(dW1, self._factors(), out=dV)
        return self.dphi

    def apply(self, theta):
        """Write phi into theta."""
        V, W1 = (self._first_layer(vector) for vector in (self.phi, theta))
        theta[V.size :] = self.phi[V.size : theta.size]
        np.multiply(V, self._factors(), out=W1)

    def _first_layer(self, vector):
        return vector[: self.n1 * self.n0].reshape(self.n1, self.n0)

    def _factors(self):
        c = self.phi[-self.n0 :] * self.rate
        c += 1
        return c
