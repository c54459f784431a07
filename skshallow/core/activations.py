"""The hidden layer's g and g'.

``forward(Z1, A1)`` writes A1 = g(Z1) and leaves Z1 alone; ``backward(Z1, A1, dA1)`` turns dA1
into dZ1 = dA1 * g'(Z1) in place. The backward pass is the last to read Z1 and A1 and may use
them as scratch. All three are (n1, m), examples as columns.

An activation that learns a value for each hidden unit sets ``learned`` to the value it starts
from; ``forward`` is then also given the column (n1, 1) of values, ``backward`` that column and
the one for its derivative.

What "auto" needs to know: ``initializer`` names the initialisation that fits, ``slope_at_zero`` is
g'(0) of one that saturates on both sides. A unit with a small slope there needs weights as much
larger for the same signal, so its initial W1 is divided by it and its automatic penalty multiplied
by it.

A custom activation derives from ``Activation``, fills in the two methods, and is handed to the
estimator as an object. ``supports_batched`` says that forward may be given a whole stack
(tiles, n1, m) at once, as all elementwise functions may.
"""

from dataclasses import dataclass
from numbers import Real
from typing import ClassVar, Literal

import numpy as np


def sigmoid(Z, out):
    """1 / (1 + e^-z) = (1 + tanh(z / 2)) / 2: tanh is several times faster than exp here."""
    np.multiply(Z, 0.5, out=out)
    np.tanh(out, out=out)
    out += 1
    out *= 0.5


class Activation:
    """Base of all activations: two methods to fill in.

    Attributes
    ----------
    initializer : {"he", "xavier"}, default="he"
        Initial weights that fit, for ``init="auto"``.
    slope_at_zero : float, default=1.0
        g'(0) of an activation that saturates on both sides, if it is positive: ``init="auto"``
        divides W1 by it, ``alpha="auto"`` is multiplied by it. It is 1/4 for ``Sigmoid`` and 1 for
        all others here.
    learned : float or None, default=None
        Where the value that each hidden unit learns starts from; None if nothing is learned.
    supports_batched : bool, default=False
        Whether ``forward`` may be given a stack of shape (tiles, n1, m) at once, as all elementwise
        functions may; prediction is then faster.

    Examples
    --------
    A custom activation, and a check of its derivative:

    >>> import numpy as np
    >>> from sklearn.datasets import load_wine
    >>> from skshallow import ShallowNNClassifier
    >>> from skshallow.core.activations import Activation
    >>> from skshallow.inspection import check_gradient
    >>> class Sine(Activation):
    ...     def forward(self, Z1, A1):
    ...         np.sin(Z1, out=A1)
    ...     def backward(self, Z1, A1, dA1):
    ...         dA1 *= np.cos(Z1)
    >>> X, y = load_wine(return_X_y=True)
    >>> check_gradient(ShallowNNClassifier(activation=Sine()), X, y).passed
    True
    """

    initializer: ClassVar[str] = "he"
    slope_at_zero: ClassVar[float] = 1.0
    learned: ClassVar[float | None] = None
    supports_batched: ClassVar[bool] = False

    def forward(self, Z1, A1):
        """Write g(Z1) into A1.

        Parameters
        ----------
        Z1, A1 : ndarray of shape (n1, m)
            Pre-activations of m examples, and where the activations go.
        """
        raise NotImplementedError(f"{type(self).__name__} must define forward(Z1, A1)")

    def backward(self, Z1, A1, dA1):
        """Multiply dA1 by g'(Z1) in place.

        Parameters
        ----------
        Z1, A1 : ndarray of shape (n1, m)
            Pre-activations and activations; both may be written over.
        dA1 : ndarray of shape (n1, m)
            Derivatives of J by A1, to become those by Z1.
        """
        raise NotImplementedError(f"{type(self).__name__} must define backward(Z1, A1, dA1)")


class _Elementwise(Activation):
    """Base of activations that treat every number by itself, so that forward takes stacks."""

    supports_batched: ClassVar[bool] = True


@dataclass
class Identity(_Elementwise):
    """g(z) = z, so g' = 1: the network is a linear model, factored in two.

    Examples
    --------
    Behind two units the scores are still one matrix times X, of rank two:

    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from skshallow import ShallowNNClassifier
    >>> from skshallow.core.activations import Identity
    >>> X, y = load_digits(return_X_y=True)
    >>> network = ShallowNNClassifier(2, activation=Identity(), max_iter=5, random_state=0)
    >>> W = network.fit(X, y).W2_ @ network.W1_
    >>> b = network.W2_ @ network.b1_ + network.b2_
    >>> np.allclose(network.decision_function(X).T, W @ X.T + b)
    True
    >>> W.shape, int(np.linalg.matrix_rank(W))
    ((10, 64), 2)
    """

    def forward(self, Z1, A1):
        np.copyto(A1, Z1)

    def backward(self, Z1, A1, dA1):
        pass  # times one


@dataclass
class Sigmoid(_Elementwise):
    """g(z) = 1 / (1 + e^-z), so g' = g (1 - g), a quarter at most.

    References
    ----------
    Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors.

    Examples
    --------
    >>> import numpy as np
    >>> from skshallow.core.activations import Sigmoid
    >>> Z1 = np.array([[-2.0, 0.0, 2.0]])  # one unit, three examples
    >>> A1, slope = np.empty_like(Z1), np.ones_like(Z1)
    >>> Sigmoid().forward(Z1, A1)
    >>> A1.round(2).tolist()
    [[0.12, 0.5, 0.88]]
    >>> Sigmoid().backward(Z1, A1, slope)  # multiplies by g'
    >>> slope.round(2).tolist()
    [[0.1, 0.25, 0.1]]
    """

    slope_at_zero: ClassVar[float] = 0.25

    def forward(self, Z1, A1):
        sigmoid(Z1, out=A1)

    def backward(self, Z1, A1, dA1):
        np.subtract(1, A1, out=Z1)
        A1 *= Z1
        dA1 *= A1


@dataclass
class Tanh(_Elementwise):
    """g(z) = (e^z - e^-z) / (e^z + e^-z), so g' = 1 - g^2: a sigmoid around zero, and steeper.

    References
    ----------
    LeCun, Bottou, Orr and Müller (1998), Efficient backprop.

    Examples
    --------
    >>> import numpy as np
    >>> from skshallow.core.activations import Tanh
    >>> Z1 = np.array([[-2.0, 0.0, 2.0]])  # one unit, three examples
    >>> A1, slope = np.empty_like(Z1), np.ones_like(Z1)
    >>> Tanh().forward(Z1, A1)
    >>> A1.round(2).tolist()
    [[-0.96, 0.0, 0.96]]
    >>> Tanh().backward(Z1, A1, slope)  # multiplies by g'
    >>> slope.round(2).tolist()
    [[0.07, 1.0, 0.07]]
    """

    def forward(self, Z1, A1):
        np.tanh(Z1, out=A1)

    def backward(self, Z1, A1, dA1):
        A1 *= A1
        np.subtract(1, A1, out=A1)
        dA1 *= A1


@dataclass
class ReLU(_Elementwise):
    """g(z) = max(0, z), so g' = 1 where z > 0 and 0 elsewhere.

    References
    ----------
    Nair and Hinton (2010), Rectified linear units improve restricted Boltzmann machines.
    Glorot, Bordes and Bengio (2011), Deep sparse rectifier neural networks.

    Examples
    --------
    >>> import numpy as np
    >>> from skshallow.core.activations import ReLU
    >>> Z1 = np.array([[-2.0, 0.0, 2.0]])  # one unit, three examples
    >>> A1, slope = np.empty_like(Z1), np.ones_like(Z1)
    >>> ReLU().forward(Z1, A1)
    >>> A1.round(2).tolist()
    [[0.0, 0.0, 2.0]]
    >>> ReLU().backward(Z1, A1, slope)  # nothing is learned where z <= 0
    >>> slope.round(2).tolist()
    [[0.0, 0.0, 1.0]]
    """

    def forward(self, Z1, A1):
        np.maximum(Z1, 0, out=A1)

    def backward(self, Z1, A1, dA1):
        np.greater(Z1, 0, out=A1)
        dA1 *= A1


@dataclass
class LeakyReLU(_Elementwise):
    """g(z) = z where z > 0 and slope * z elsewhere, so g' = 1 or slope.

    Parameters
    ----------
    slope : float, default=0.01
        Derivative for negative z; below one.

    Raises
    ------
    ValueError
        If the slope is not below one: g is then no longer max(z, slope * z).

    References
    ----------
    Maas, Hannun and Ng (2013), Rectifier nonlinearities improve neural network acoustic models.

    Examples
    --------
    >>> import numpy as np
    >>> from skshallow import ShallowNNClassifier
    >>> from skshallow.core.activations import LeakyReLU
    >>> leaky = LeakyReLU(slope=0.1)
    >>> Z1 = np.array([[-2.0, 0.0, 2.0]])  # one unit, three examples
    >>> A1, slope = np.empty_like(Z1), np.ones_like(Z1)
    >>> leaky.forward(Z1, A1)
    >>> A1.round(2).tolist()
    [[-0.2, 0.0, 2.0]]
    >>> leaky.backward(Z1, A1, slope)  # something is learned everywhere
    >>> slope.round(2).tolist()
    [[0.1, 0.1, 1.0]]
    >>> classifier = ShallowNNClassifier(activation=leaky)
    """

    slope: float = 0.01

    def __post_init__(self):
        if not (isinstance(self.slope, Real) and self.slope < 1):
            raise ValueError(f"slope={self.slope!r} must be a number below 1, for example 0.01")

    def forward(self, Z1, A1):
        np.multiply(Z1, self.slope, out=A1)
        np.maximum(Z1, A1, out=A1)

    def backward(self, Z1, A1, dA1):
        np.greater(Z1, 0, out=A1)
        A1 *= 1 - self.slope
        A1 += self.slope
        dA1 *= A1


@dataclass
class PReLU(_Elementwise):
    """Leaky ReLU with a slope learned for each hidden unit: dL/dslope = sum of dA1 * min(z, 0).

    g(z) = z where z > 0 and slope * z elsewhere, so g' = 1 or slope. ``forward`` and ``backward``
    are given the column (n1, 1) of slopes, ``backward`` also the one for their derivatives. Slopes
    start at 0.25 and are not penalised.

    References
    ----------
    He, Zhang, Ren and Sun (2015), Delving deep into rectifiers.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_wine
    >>> from skshallow import ShallowNNClassifier
    >>> from skshallow.core.activations import PReLU
    >>> Z1 = np.array([[-2.0, 0.0, 2.0], [-2.0, 0.0, 2.0]])  # two units, three examples
    >>> A1 = np.empty_like(Z1)
    >>> PReLU().forward(Z1, A1, np.array([[0.25], [0.5]]))
    >>> A1.tolist()
    [[-0.5, 0.0, 2.0], [-1.0, 0.0, 2.0]]

    After training, units have slopes of their own:

    >>> X, y = load_wine(return_X_y=True)
    >>> network = ShallowNNClassifier(16, activation=PReLU(), random_state=0).fit(X, y)
    >>> network.slopes_.shape, len(np.unique(network.slopes_)) > 8
    ((16, 1), True)
    """

    learned: ClassVar[float] = 0.25

    def forward(self, Z1, A1, slope):
        np.minimum(Z1, 0, out=A1)  # z + (slope - 1) min(z, 0)
        A1 *= slope - 1
        A1 += Z1

    def backward(self, Z1, A1, dA1, slope, dslope):
        np.minimum(Z1, 0, out=A1)
        A1 *= dA1
        np.sum(A1, axis=-1, keepdims=True, out=dslope)
        np.greater(Z1, 0, out=A1)
        A1 *= 1 - slope
        A1 += slope
        dA1 *= A1


@dataclass
class SiLU(_Elementwise):
    """g(z) = z s(z) with the sigmoid s, so g' = s + g (1 - s) = g q - q + 1 with q = 1 - s.

    References
    ----------
    Elfwing, Uchibe and Doya (2018), Sigmoid-weighted linear units for neural network function
    approximation in reinforcement learning.

    Examples
    --------
    >>> import numpy as np
    >>> from skshallow.core.activations import SiLU
    >>> Z1 = np.array([[-2.0, 0.0, 2.0]])  # one unit, three examples
    >>> A1, slope = np.empty_like(Z1), np.ones_like(Z1)
    >>> SiLU().forward(Z1, A1)
    >>> A1.round(2).tolist()
    [[-0.24, 0.0, 1.76]]
    >>> SiLU().backward(Z1, A1, slope)  # g falls, then rises
    >>> slope.round(2).tolist()
    [[-0.09, 0.5, 1.09]]
    """

    def forward(self, Z1, A1):
        sigmoid(Z1, out=A1)
        A1 *= Z1

    def backward(self, Z1, A1, dA1):
        np.negative(Z1, out=Z1)
        sigmoid(Z1, out=Z1)
        A1 *= Z1
        A1 -= Z1
        A1 += 1
        dA1 *= A1


ACTIVATIONS = {
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "prelu": PReLU,
    "tanh": Tanh,
    "sigmoid": Sigmoid,
    "silu": SiLU,
    "identity": Identity,
}
ActivationName = Literal["relu", "leaky_relu", "prelu", "tanh", "sigmoid", "silu", "identity"]
