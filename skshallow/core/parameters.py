"""theta: all parameters of the network as one contiguous vector, and its views by name.

An optimiser sees the vector, the network sees ``W1, b1, W2, b2``; both are the same memory.
``Layout`` alone knows which arrays there are, their shapes and their order. The weights, which
the penalty touches, come first, so that they are one slice of theta:

    theta = [ W1 | W2 | b1 | b2 | learned ]

``learned`` holds what an activation learns for each hidden unit (the slope of PReLU).

Several networks may be trained side by side on the same batches: their hidden units stand one group
below the other in W1 and b1, the rows of W2 and b2 in the same order. The mean of their scores is
that of one network with all hidden units,

    Z2 = [W2 of the first | W2 of the second | ...] / k  A1  +  mean of the b2

which is what ``joined`` makes of them.

References
----------
Hansen and Salamon (1990), Neural network ensembles. Perrone and Cooper (1993), When networks
disagree.
"""

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import ClassVar

import numpy as np


@dataclass(frozen=True)
class Layout:
    """Names and shapes of the arrays in theta, for n0 inputs, n1 hidden units and n2 outputs.

    Of several ``networks`` side by side, n1 counts the hidden units of all, n2 the outputs of one.
    """

    NAMES: ClassVar = ("W1", "b1", "W2", "b2", "learned")  # of all arrays that there may be
    n0: int
    n1: int
    n2: int
    learned: bool = False
    networks: int = 1

    @cached_property
    def shapes(self):
        """{name: shape}, in the order of theta."""
        n0, n1, n2, k = self.n0, self.n1, self.n2, self.networks
        shapes = {"W1": (n1, n0), "W2": (k * n2, n1 // k), "b1": (n1, 1), "b2": (k * n2, 1)}
        return shapes | {"learned": (n1, 1)} if self.learned else shapes

    @property
    def size(self):
        """Length of theta."""
        return sum(map(prod, self.shapes.values()))

    @property
    def n_weights(self):
        """Length of the part that is penalised: the arrays named W."""
        return sum(prod(shape) for name, shape in self.shapes.items() if name[0] == "W")

    def views(self, theta):
        """{name: view of theta}."""
        views, start = {}, 0
        for name, shape in self.shapes.items():
            views[name] = theta[start : start + prod(shape)].reshape(shape)
            start += prod(shape)
        return views

    def by_network(self, array):
        """A view of W2, b2, Z2 or another array of outputs with an axis in front: the networks."""
        return array.reshape(self.networks, self.n2, -1)

    def joined(self, arrays):
        """{name: array} of the network that says the mean of what the networks here say."""
        if self.networks == 1:
            return arrays
        W2, b2 = self.by_network(arrays["W2"]), self.by_network(arrays["b2"])
        W2 = np.hstack(W2 / W2.dtype.type(self.networks))
        return arrays | {"W2": W2, "b2": b2.mean(axis=0)}

    def divided(self, arrays):
        """Networks whose mean is this one: the inverse of ``joined``, but for the b2, now equal."""
        if self.networks == 1:
            return arrays
        W2 = np.vstack(np.split(arrays["W2"] * self.networks, self.networks, axis=1))
        return arrays | {"W2": W2, "b2": np.tile(arrays["b2"], (self.networks, 1))}


class Parameters:
    """theta and its views: ``W1``, ``b1``, ``W2``, ``b2``, and ``learned``, an array or None.

    Write through a view (``parameters.W1[...] = W``): the names cannot be bound anew, so a view
    never comes apart from theta. Copies and pickles are built from theta and keep that promise.

    Parameters
    ----------
    theta : ndarray of shape (layout.size,)
    layout : Layout

    Attributes
    ----------
    weights : ndarray of shape (layout.n_weights,)
        All weights as one slice of theta: what the penalty touches.
    """

    def __init__(self, theta, layout):
        views = dict.fromkeys(Layout.NAMES) | layout.views(theta)
        weights = theta[: layout.n_weights]
        vars(self).update(theta=theta, layout=layout, weights=weights, **views)

    def __setattr__(self, name, value):
        raise AttributeError(f"{name} is a view of theta: write parameters.{name}[...] = value")

    def views_of(self, theta):
        """The same views of another vector."""
        return Parameters(theta, self.layout)

    @classmethod
    def zeros(cls, layout, dtype=np.float64):
        """All-zero parameters."""
        return cls(np.zeros(layout.size, dtype), layout)

    def __reduce__(self):
        return Parameters, (self.theta, self.layout)

    def like(self):
        """Zeros of the same layout: the gradient is a second such object."""
        return Parameters(np.zeros_like(self.theta), self.layout)

    def arrays(self):
        """{name: view} of the arrays that there are."""
        return {name: getattr(self, name) for name in self.layout.shapes}
