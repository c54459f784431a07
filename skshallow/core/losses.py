"""Output activation, loss and dZ2, which only make sense together, in one object each.

Every loss is taken at the scores Z2, never at A2, so nothing is clipped and nothing overflows.
Z2 and Y are (..., n2, m), examples as columns. L is (..., n2, m) where every output is a question
of its own, (..., 1, m) where all outputs answer one.

``output(Z2)``          A2, in place of Z2
``log_output(Z2)``      log A2; spoils Z2 (classification)
``value(Z2, Y)``        L; spoils Z2
``slope(Z2, Y)``        dL/dZ2, in place of Z2: A2 - Y for many of them
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit, xlogy


def softplus(Z):
    """log(1 + e^z) as max(z, 0) + log(1 + e^-|z|), which cannot overflow."""
    return np.maximum(Z, 0) + np.log1p(np.exp(-np.abs(Z)))


class BinaryCrossEntropy:
    """A2 = 1 / (1 + e^-Z2) and L = log(1 + e^z) - y z, so dL/dz = a - y.

    Several outputs are several yes-or-no questions (multilabel); J adds them up.
    """

    def output(self, Z2):
        return expit(Z2, out=Z2)

    def log_output(self, Z2):
        return -softplus(-Z2)

    def value(self, Z2, Y):
        return softplus(Z2) - Y * Z2

    def slope(self, Z2, Y):
        self.output(Z2)
        Z2 -= Y
        return Z2


class CategoricalCrossEntropy:
    """A2 = e^Z2 / sum_k e^Z2_k and L = log sum_k e^z_k - sum_k y_k z_k, so dL/dz = a - y.

    The largest score of an example is subtracted first: the result is the same and e^z <= 1.
    """

    def output(self, Z2):
        Z2 -= Z2.max(axis=-2, keepdims=True)
        np.exp(Z2, out=Z2)
        Z2 /= Z2.sum(axis=-2, keepdims=True)
        return Z2

    def log_output(self, Z2):
        Z2 -= Z2.max(axis=-2, keepdims=True)
        Z2 -= np.log(np.exp(Z2).sum(axis=-2, keepdims=True))
        return Z2

    def value(self, Z2, Y):
        Z2 -= Z2.max(axis=-2, keepdims=True)
        picked = np.einsum("...km,...km->...m", Y, Z2)[..., None, :]
        return np.log(np.exp(Z2, out=Z2).sum(axis=-2, keepdims=True)) - picked

    def slope(self, Z2, Y):
        self.output(Z2)
        Z2 -= Y
        return Z2


class RegressionLoss:
    """Base of the losses of real targets; an own one fills in ``value`` and ``slope``.

    ``link`` is "identity" (A2 = Z2) or "log" (A2 = e^Z2, for targets that are not negative).
    ``level`` says about what targets are centred: None is their mean, a number between 0 and 1
    that quantile; see targets.py.
    """

    link: ClassVar[str] = "identity"
    level: ClassVar[Any] = None

    def output(self, Z2):
        """Predictions A2 of scores, in their place.

        Parameters
        ----------
        Z2 : ndarray of shape (n2, m)
            Scores.

        Returns
        -------
        A2 : ndarray of shape (n2, m)
            Predictions.
        """
        return Z2 if self.link == "identity" else np.exp(Z2, out=Z2)

    def value(self, Z2, Y):
        """L of every output and example, (n2, m).

        Parameters
        ----------
        Z2 : ndarray of shape (n2, m)
            Scores; may be written over.
        Y : ndarray of shape (n2, m)
            Targets.
        """
        raise NotImplementedError(f"{type(self).__name__} must define value(Z2, Y)")

    def slope(self, Z2, Y):
        """Derivatives of L by Z2, in its place.

        Parameters
        ----------
        Z2 : ndarray of shape (n2, m)
            Scores.
        Y : ndarray of shape (n2, m)
            Targets.
        """
        raise NotImplementedError(f"{type(self).__name__} must define slope(Z2, Y)")


class SquaredError(RegressionLoss):
    """L = (z - y)^2 / 2, so dL/dz = a - y; its best constant is the mean."""

    def value(self, Z2, Y):
        Z2 -= Y
        return Z2 * Z2 / 2

    def slope(self, Z2, Y):
        Z2 -= Y
        return Z2


class AbsoluteError(RegressionLoss):
    """L = ``|z - y|``; its best constant is the median."""

    level = 0.5

    def value(self, Z2, Y):
        Z2 -= Y
        return np.abs(Z2, out=Z2)

    def slope(self, Z2, Y):
        Z2 -= Y
        return np.sign(Z2, out=Z2)


@dataclass
class Huber(RegressionLoss):
    """L = ``u^2 / 2`` where ``|u| <= delta``, else ``delta (|u| - delta / 2)``; u is z - y.

    Parameters
    ----------
    delta : float, default=1.0
        Where the square goes over into a line, in the unit of the targets that the network is
        trained on.

    References
    ----------
    Huber (1964), Robust estimation of a location parameter.
    """

    level = 0.5
    delta: float = 1.0

    def value(self, Z2, Y):
        Z2 -= Y
        u = np.abs(Z2, out=Z2)
        inner = np.minimum(u, self.delta)
        return inner * (u - inner / 2)

    def slope(self, Z2, Y):
        Z2 -= Y
        return np.clip(Z2, -self.delta, self.delta, out=Z2)


class Quantile(RegressionLoss):
    """L = q (y - z) where z < y, else (1 - q)(z - y); its best constant is the q-quantile.

    Parameters
    ----------
    level : float or column (n2, 1), default=0.5
        The quantile q, for all outputs or for each of them.

    References
    ----------
    Koenker and Bassett (1978), Regression quantiles.
    """

    def __init__(self, level=0.5):
        self.level = level

    def value(self, Z2, Y):
        Z2 -= Y
        return np.maximum(-self.level * Z2, (1 - self.level) * Z2)

    def slope(self, Z2, Y):
        Z2 -= Y
        np.sign(Z2, out=Z2)
        Z2 /= 2
        Z2 += 0.5 - self.level
        return Z2


class Poisson(RegressionLoss):
    """A2 = e^Z2 and L = e^z - y z - (y - y log y), half the deviance, so dL/dz = a - y.

    The last term makes L zero where a = y; it does not depend on the network.
    """

    link = "log"

    def value(self, Z2, Y):
        yz = Y * Z2
        return np.exp(Z2, out=Z2) - yz - (Y - xlogy(Y, Y))

    def slope(self, Z2, Y):
        self.output(Z2)
        Z2 -= Y
        return Z2


CLASSIFICATION_LOSSES = {
    "binary": BinaryCrossEntropy,
    "multilabel": BinaryCrossEntropy,
    "multiclass": CategoricalCrossEntropy,
}
REGRESSION_LOSSES = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "quantile": Quantile,
    "poisson": Poisson,
}
LOSSES = CLASSIFICATION_LOSSES | REGRESSION_LOSSES
