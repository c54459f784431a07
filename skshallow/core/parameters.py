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

    __slots__ = ("_sizes", "_theta", "_views", "_weights")

    def __init__(self, theta, n0, n1, n2):
        self._theta, self._sizes = theta, (n0, n1, n2)
        shapes = [(n1, n0), (n2, n1), (n1, 1), (n2, 1)]
        if theta.size > n1 * (n0 + n2 + 1) + n2:
            shapes.append((n1, 1))
        stops = np.cumsum([rows * columns for rows, columns in shapes])
        pieces = np.split(theta, stops[:-1])
        W1, W2, b1, b2, *learned = (p.reshape(s) for p, s in zip(pieces, shapes, strict=True))
        self._views = (W1, b1, W2, b2, *learned)
        self._weights = theta[: stops[1]]

    @classmethod
    def zeros(cls, n0, n1, n2, *, learns=False, dtype=np.float64):
        """All-zero parameters; ``learns`` adds one learned value for each hidden unit."""
        return cls(np.zeros(n1 * (n0 + n2 + 1 + learns) + n2, dtype), n0, n1, n2)

    def __iter__(self):
        return iter(self._views)

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

    W1 = property(lambda self: self._views[0], doc="(n1, n0)")
    b1 = property(lambda self: self._views[1], doc="(n1, 1)")
    W2 = property(lambda self: self._views[2], doc="(n2, n1)")
    b2 = property(lambda self: self._views[3], doc="(n2, 1)")
    learned = property(
        lambda self: self._views[4] if len(self._views) > 4 else None, doc="(n1, 1), or None"
    )
