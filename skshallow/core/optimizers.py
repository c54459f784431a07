"""Optimisers: they know a vector, its gradient and a learning rate, and nothing else.

``reset(theta)`` prepares the state for a vector of that size; ``step(theta, gradient,
learning_rate)`` moves theta in place and may use the gradient as scratch. The learning rate
comes with every step, so a schedule needs no optimiser's help. ``full_batch`` says that every
step wants the gradient over all examples; a positive ``input_scale_rate`` that scales of the inputs
are to be learned beside, see input_scaling.py. A custom optimiser has the same two methods.
"""

import math
import warnings
from dataclasses import InitVar, dataclass
from numbers import Real
from typing import ClassVar, Literal

import numpy as np

STEP_BLOCK = 65_536  # elements that the passes of Adam work on at a time: they stay in the cache


class Optimizer:
    """Base of all optimisers: ``step`` to fill in, ``reset`` where there is a state.

    Attributes
    ----------
    full_batch : bool, default=False
        Whether every step takes the gradient over all samples.
    input_scale_rate : float, default=0.0
        How fast feature scales are learned in addition, as in ``Adam``; 0 for not at all.

    Examples
    --------
    A custom optimiser, which uses the signs of the gradient alone:

    >>> import numpy as np
    >>> from sklearn.datasets import load_wine
    >>> from skshallow import ShallowNNClassifier
    >>> from skshallow.core.optimizers import Optimizer
    >>> class SignDescent(Optimizer):
    ...     def step(self, theta, gradient, learning_rate):
    ...         theta -= learning_rate * np.sign(gradient)
    >>> X, y = load_wine(return_X_y=True)
    >>> network = ShallowNNClassifier(16, solver=SignDescent(), random_state=0).fit(X, y)
    >>> bool(network.score(X, y) > 0.9)
    True
    """

    full_batch: ClassVar[bool] = False
    input_scale_rate: float = 0.0

    def reset(self, theta):
        """Forget the past; get ready for a vector like theta.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
            All parameters.
        """

    def step(self, theta, gradient, learning_rate):
        """Move theta in place.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
            All parameters.
        gradient : ndarray of shape (n_parameters,)
            Derivatives of J; may be written over.
        learning_rate : float
            Of this step, as the schedule has it.
        """
        raise NotImplementedError(f"{type(self).__name__} must define step")


@dataclass
class GradientDescent(Optimizer):
    """Gradient descent: ``theta := theta - learning_rate * gradient``, over all examples.

    This is the loop of the lecture notes that the package follows.

    References
    ----------
    Cauchy (1847), Méthode générale pour la résolution des systèmes d'équations simultanées.

    Examples
    --------
    Towards the minimum of (theta - 3)^2, whose gradient is 2 (theta - 3). At this learning rate
    every step halves the distance:

    >>> import numpy as np
    >>> from skshallow.core.optimizers import GradientDescent
    >>> theta = np.zeros(1)
    >>> for _ in range(3):
    ...     GradientDescent().step(theta, 2 * (theta - 3), learning_rate=0.25)
    ...     print(theta.tolist())
    [1.5]
    [2.25]
    [2.625]
    """

    full_batch: ClassVar[bool] = True

    def step(self, theta, gradient, learning_rate):
        gradient *= learning_rate
        theta -= gradient


@dataclass
class SGD(Optimizer):
    """Stochastic gradient descent with momentum.

    ``velocity := momentum * velocity + gradient``
    ``theta := theta - learning_rate * velocity``

    Nesterov's variant looks one step ahead: it moves along ``gradient + momentum * velocity``.

    Parameters
    ----------
    momentum : float in [0, 1), default=0.9
        Share of the velocity that stays.
    nesterov : bool, default=True
        Whether to look one step ahead.

    References
    ----------
    Robbins and Monro (1951), A stochastic approximation method. Polyak (1964), Some methods of
    speeding up the convergence of iteration methods. Sutskever, Martens, Dahl and Hinton (2013),
    On the importance of initialization and momentum in deep learning.

    Examples
    --------
    On an even slope steps grow, here to twice the first, in general to 1 / (1 - momentum) times:

    >>> import numpy as np
    >>> from skshallow.core.optimizers import SGD
    >>> solver, theta = SGD(momentum=0.5, nesterov=False), np.zeros(1)
    >>> solver.reset(theta)
    >>> for _ in range(3):
    ...     solver.step(theta, np.ones(1), learning_rate=1.0)
    ...     print(theta.tolist())
    [-1.0]
    [-2.5]
    [-4.25]

    In an estimator:

    >>> from sklearn.datasets import load_wine
    >>> from skshallow import ShallowNNClassifier
    >>> X, y = load_wine(return_X_y=True)
    >>> network = ShallowNNClassifier(16, solver=SGD(momentum=0.8), random_state=0).fit(X, y)
    >>> bool(network.score(X, y) > 0.9)
    True
    """

    momentum: float = 0.9
    nesterov: bool = True

    def __post_init__(self):
        if not (isinstance(self.momentum, Real) and 0 <= self.momentum < 1):
            raise ValueError(
                f"momentum={self.momentum!r} must be a number, at least 0 and below 1, for example "
                "0.9"
            )
        if not isinstance(self.nesterov, bool | np.bool_):
            raise ValueError(f"nesterov={self.nesterov!r} must be True or False")

    def reset(self, theta):
        self.velocity = np.zeros_like(theta)

    def step(self, theta, gradient, learning_rate):
        velocity = self.velocity
        velocity *= self.momentum
        velocity += gradient
        if self.nesterov:
            gradient += self.momentum * velocity
        else:
            np.copyto(gradient, velocity)
        gradient *= learning_rate
        theta -= gradient


@dataclass
class Adam(Optimizer):
    """Adaptive moments.

    ``m := beta1 m + (1 - beta1) gradient``, ``v := beta2 v + (1 - beta2) gradient^2``
    ``theta := theta - learning_rate * m_hat / (sqrt(v_hat) + epsilon)``
    with ``m_hat = m / (1 - beta1^t)``, ``v_hat = v / (1 - beta2^t)``

    Kept are m / (1 - beta1) and v / (1 - beta2), the constants moved into the rate and epsilon:
    the same numbers in ten passes over the vector instead of fourteen.

    Parameters
    ----------
    beta1 : float in [0, 1), default=0.9
        Share of the first moment, the mean gradient, that stays.
    beta2 : float in [0, 1), default=0.999
        Share of the second moment, the mean squared gradient, that stays.
    epsilon : float, default=1e-8
        Added to the denominator, so that small gradients are not amplified.
    input_scale_rate : float, default=16
        Features get a learned scale, whose logarithm moves by input_scale_rate * learning_rate in a
        step at most; 0 for none. See ``skshallow.core.input_scaling``.
    input_pace : float or None, default=None
        Earlier name of ``input_scale_rate``, which works until version 0.2.

    Raises
    ------
    ValueError
        If beta1 or beta2 is not in [0, 1).

    References
    ----------
    Kingma and Ba (2015), Adam: a method for stochastic optimization. Holzmüller, Grinsztajn and
    Steinwart (2024), Better by default: strong pre-tuned MLPs and boosted trees on tabular data
    (feature scales).

    Examples
    --------
    The first step is as long as the learning rate, however large or small the derivatives are:

    >>> import numpy as np
    >>> from skshallow.core.optimizers import Adam
    >>> solver, theta = Adam(), np.zeros(3)
    >>> solver.reset(theta)
    >>> solver.step(theta, np.array([0.001, -1.0, 1000.0]), learning_rate=0.02)
    >>> theta.round(4).tolist()
    [-0.02, 0.02, -0.02]

    In an estimator, with a shorter memory and no scales of the inputs:

    >>> from skshallow import ShallowNNClassifier
    >>> classifier = ShallowNNClassifier(solver=Adam(beta2=0.99, input_scale_rate=0))
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    input_scale_rate: float = 16.0
    input_pace: InitVar[float | None] = None

    def __post_init__(self, input_pace):
        if input_pace is not None:
            message = "input_pace is called input_scale_rate now; the old name works until 0.2"
            warnings.warn(message, FutureWarning, stacklevel=3)
            self.input_scale_rate = input_pace
        betas, others = (self.beta1, self.beta2), (self.epsilon, self.input_scale_rate)
        if not all(isinstance(beta, Real) and 0 <= beta < 1 for beta in betas):
            raise ValueError(
                f"beta1={self.beta1!r} and beta2={self.beta2!r} must be at least 0 and below 1, "
                "for example 0.9 and 0.999"
            )
        if not all(isinstance(value, Real) and 0 <= value < math.inf for value in others):
            raise ValueError(
                f"epsilon={self.epsilon!r} and input_scale_rate={self.input_scale_rate!r} must be "
                "numbers, at least 0, for example 1e-8 and 16"
            )

    def reset(self, theta):
        self.t, self.m, self.v = 0, np.zeros_like(theta), np.zeros_like(theta)

    def step(self, theta, gradient, learning_rate):
        self.t += 1
        root = math.sqrt((1 - self.beta2) / (1 - self.beta2**self.t))
        rate = float(learning_rate * (1 - self.beta1) / (1 - self.beta1**self.t) / root)
        epsilon = self.epsilon / root
        for start in range(0, theta.size, STEP_BLOCK):
            block = slice(start, start + STEP_BLOCK)
            self._step(theta[block], gradient[block], block, (rate, epsilon))
        if self.t % 8 == 0:
            self._flush(theta)

    def _step(self, theta, g, block, constants):
        m, v = self.m[block], self.v[block]
        rate, epsilon = constants
        m *= self.beta1
        m += g
        v *= self.beta2
        g *= g
        v += g
        np.sqrt(v, out=g)
        g += epsilon
        np.divide(m, g, out=g)
        g *= rate
        theta -= g

    def _flush(self, theta):
        """What has faded becomes zero before it comes near the least number of its type.

        Processors compute with those numbers many times more slowly.
        """
        least = float(np.finfo(theta.dtype).tiny)
        theta[np.abs(theta) < least**0.4] = 0
        self.m[np.abs(self.m) < least**0.5] = 0


OPTIMIZERS = {"adam": Adam, "sgd": SGD, "gd": GradientDescent}
OptimizerName = Literal["adam", "sgd", "gd"]
