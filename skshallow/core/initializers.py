"""Weight initialisation: functions ``(rng, n_out, n_in) -> W`` of shape (n_out, n_in).

Biases start at zero, which is harmless. Weights may not: with equal weights all hidden units
compute the same, receive the same gradient and stay the same for ever. ``zeros`` is here to
show just that.
"""

from typing import Literal

import numpy as np


def he(rng, n_out, n_in):
    """Var W = 2 / n_in keeps the scale of the signal through ReLU, which drops half of it.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of random numbers.
    n_out, n_in : int
        Units of the layer, and of what goes into it.

    Returns
    -------
    W : ndarray of shape (n_out, n_in)
        Weights of the layer.

    References
    ----------
    He, Zhang, Ren and Sun (2015), Delving deep into rectifiers.

    Examples
    --------
    The mean square of what comes out of the layer is that of what goes in:

    >>> import numpy as np
    >>> from skshallow.core.initializers import he
    >>> rng = np.random.default_rng(0)
    >>> A0 = rng.standard_normal((500, 200))
    >>> A1 = np.maximum(0, he(rng, 400, 500) @ A0)
    >>> round(float(np.mean(A1**2) / np.mean(A0**2)), 1)
    1.0
    """
    return rng.standard_normal((n_out, n_in)) * np.sqrt(2 / n_in)


def xavier(rng, n_out, n_in):
    """Var W = 2 / (n_in + n_out): signal and gradient keep their scale where g'(0) = 1.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of random numbers.
    n_out, n_in : int
        Units of the layer, and of what goes into it.

    Returns
    -------
    W : ndarray of shape (n_out, n_in)
        Weights of the layer.

    References
    ----------
    Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural
    networks.

    Examples
    --------
    Between layers of one size the mean square stays, forwards through W and backwards through
    its transpose:

    >>> import numpy as np
    >>> from skshallow.core.initializers import xavier
    >>> rng = np.random.default_rng(0)
    >>> W1, A0 = xavier(rng, 400, 400), rng.standard_normal((400, 200))
    >>> round(float(np.mean((W1 @ A0) ** 2)), 1), round(float(np.mean((W1.T @ A0) ** 2)), 1)
    (1.0, 1.0)
    """
    return rng.standard_normal((n_out, n_in)) * np.sqrt(2 / (n_in + n_out))


def normal(rng, n_out, n_in):
    """``randn * 0.01``, as in the lecture notes: sigmoid and tanh do not start saturated.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of random numbers.
    n_out, n_in : int
        Units of the layer, and of what goes into it.

    Returns
    -------
    W : ndarray of shape (n_out, n_in)
        Weights of the layer.

    Examples
    --------
    Of 50 standardised inputs a unit makes a Z1 near zero, where tanh is still nearly straight:

    >>> import numpy as np
    >>> from skshallow.core.initializers import normal
    >>> rng = np.random.default_rng(0)
    >>> Z1 = normal(rng, 100, 50) @ rng.standard_normal((50, 200))
    >>> bool(np.abs(Z1).max() < 0.5), bool((1 - np.tanh(Z1) ** 2).min() > 0.75)
    (True, True)
    """
    return rng.standard_normal((n_out, n_in)) * 0.01


def zeros(rng, n_out, n_in):
    """No symmetry is broken: every hidden unit stays a copy of the others.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of random numbers.
    n_out, n_in : int
        Units of the layer, and of what goes into it.

    Returns
    -------
    W : ndarray of shape (n_out, n_in)
        Weights of the layer.

    References
    ----------
    Rumelhart, Hinton and Williams (1986), Learning internal representations by error propagation
    (symmetry breaking).

    Examples
    --------
    After training each of four units has the other three as copies. ``fit`` warns of it.

    >>> import warnings
    >>> from sklearn.datasets import load_wine
    >>> from skshallow import ShallowNNClassifier
    >>> from skshallow.core.initializers import zeros
    >>> from skshallow.inspection import hidden_unit_report
    >>> X, y = load_wine(return_X_y=True)
    >>> network = ShallowNNClassifier(4, activation="sigmoid", init=zeros)
    >>> with warnings.catch_warnings(action="ignore"):
    ...     report = hidden_unit_report(network.fit(X, y), X)
    >>> report["copies"].tolist()
    [3, 3, 3, 3]
    """
    return np.zeros((n_out, n_in))


def initialize(parameters, initializer, activation, rng, gain=1.0):
    """Draw gain * W1, then W2; set biases to zero and learned slopes to the activation's start."""
    layout = parameters.layout
    n0, n1, n2 = layout.n0, layout.n1 // layout.networks, layout.n2
    parameters.theta[...] = 0
    for i in range(layout.networks):
        parameters.W1[i * n1 : (i + 1) * n1] = gain * _draw(initializer, rng, n1, n0)
        parameters.W2[i * n2 : (i + 1) * n2] = _draw(initializer, rng, n2, n1)
    if parameters.learned is not None:
        parameters.learned[...] = activation.learned


def _draw(initializer, rng, n_out, n_in):
    """W of an initialiser that may be the user's own."""
    W = np.asarray(initializer(rng, n_out, n_in))
    if W.shape != (n_out, n_in):
        raise ValueError(f"init returned {W.shape}: return weights of shape {(n_out, n_in)}")
    if not np.isfinite(W).all():
        raise ValueError("init returned weights that are not finite numbers: return finite ones")
    return W


INITIALIZERS = {"he": he, "xavier": xavier, "normal": normal, "zeros": zeros}
InitializerName = Literal["he", "xavier", "normal", "zeros"]
