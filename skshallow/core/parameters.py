"""theta: all parameters of the network as one contiguous vector, and its views by name.

An optimiser sees the vector, the network sees ``W1, b1, W2, b2``; both are the same memory.
The weights, which the penalty touches, come first, so that they are one slice of theta:

    theta = [ W1 | W2 | b1 | b2 | learned ]

``learned`` holds what an activation learns for each hidden unit (the slope of PReLU).
"""

import numpy as np


class Parameters:
    """theta and its views.

    Write through a view (``parameters.W1[...] = W``): the names cannot be bound anew, so a view
    never comes apart from theta. Copies and pickles are built from theta and keep that promise.

    Iterating gives ``W1, b1, W2, b2`` and, if the activation learns, its ``learned`` column.
    """

    __slots__ = ("_in_order", "_sizes", "_theta", "_views", "_weights")

    def __init__(self, theta, n0, n1, n2):
        self._theta, self._sizes = theta, (n0, n1, n2)
        shapes = {"W1": (n1, n0), "W2": (n2, n1), "b1": (n1, 1), "b2": (n2, 1), "learned": (n1, 1)}
        self._views, start = {}, 0
        for name, (rows, columns) in shapes.items():
            if start < theta.size:
                stop = start + rows * columns
                self._views[name] = theta[start:stop].reshape(rows, columns)
                start = stop
        self._in_order = [
            self._views[n] for n in ("W1", "b1", "W2", "b2", "learned") if n in self._views
        ]
        self._weights = theta[: n1 * (n0 + n2)]

    @classmethod
    def zeros(cls, n0, n1, n2, *, learns=False, dtype=np.float64):
        """All-zero parameters; ``learns`` adds one learned value for each hidden unit."""
        return cls(np.zeros(n1 * (n0 + n2 + 1 + learns) + n2, dtype), n0, n1, n2)

    def __iter__(self):
        return iter(self._in_order)

    def __reduce__(self):
        return Parameters, (self._theta, *self._sizes)

    def like(self):
        """Zeros of the same layout: the gradient is a second such object."""
        return Parameters(np.zeros_like(self._theta), *self._sizes)

    @property
    def theta(self):
        """The vector itself."""
        return self._theta

    @property
    def weights(self):
        """W1 and W2 as one slice of theta: what the penalty touches."""
        return self._weights

    @property
    def sizes(self):
        """(n0, n1, n2): inputs, hidden units, outputs."""
        return self._sizes

    W1 = property(lambda self: self._views["W1"], doc="(n1, n0)")
    b1 = property(lambda self: self._views["b1"], doc="(n1, 1)")
    W2 = property(lambda self: self._views["W2"], doc="(n2, n1)")
    b2 = property(lambda self: self._views["b2"], doc="(n2, 1)")
    learned = property(lambda self: self._views.get("learned"), doc="(n1, 1), or None")
