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
from numbers import Real
from typing import Any, ClassVar, Literal

import numpy as np
from scipy.special import expit, xlogy


def softplus(Z):
    """log(1 + e^z) as max(z, 0) + log(1 + e^-|z|), which cannot overflow."""
    return np.maximum(Z, 0) + np.log1p(np.exp(-np.abs(Z)))


class _CanonicalSlope:
    """dL/dz = a - y: output and loss belong together as link and likelihood do.

    Nelder and Wedderburn (1972), Generalized linear models.
    """

    def slope(self, Z2, Y):
        A2 = self.output(Z2)
        A2 -= Y
        return A2


class BinaryCrossEntropy(_CanonicalSlope):
    """A2 = 1 / (1 + e^-Z2) and L = log(1 + e^z) - y z, so dL/dz = a - y.

    Several outputs are several yes-or-no questions (multilabel); J adds them up.
    """

    divergence_factor = 1e3  # so many times the initial loss is divergence

    def output(self, Z2):
        return expit(Z2, out=Z2)

    def log_output(self, Z2):
        return -softplus(-Z2)

    def value(self, Z2, Y):
        return softplus(Z2) - Y * Z2


class CategoricalCrossEntropy(_CanonicalSlope):
    """A2 = e^Z2 / sum_k e^Z2_k and L = log sum_k e^z_k - sum_k y_k z_k, so dL/dz = a - y.

    The largest score of an example is subtracted first: the result is the same and e^z <= 1.
    """

    divergence_factor = 1e3  # so many times the initial loss is divergence

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


class RegressionLoss:
    """Base of the losses of real targets; an own one fills in ``value`` and ``slope``.

    Scores Z2 and targets Y have a row for each output and a column for each example.

    Attributes
    ----------
    link : {"identity", "log"}, default="identity"
        Whether predictions A2 are Z2, or e^Z2, for targets that are not negative.
    target_quantile : float or None, default=None
        About what targets are centred before training: None is their mean, a number between 0
        and 1 that quantile.
    divergence_factor : float, default=1e6
        A loss of more than this many times one plus the initial one counts as divergence. 1e3 suits
        losses that grow in proportion to the scores, its square those that grow with their square.

    Examples
    --------
    An own loss, for which too little is four times as bad as too much. Most predictions then lie
    above the target:

    >>> import numpy as np
    >>> from sklearn.datasets import load_diabetes
    >>> from skshallow import ShallowNNRegressor
    >>> from skshallow.core.losses import RegressionLoss
    >>> from skshallow.inspection import check_gradient
    >>> class TooLittle(RegressionLoss):
    ...     def value(self, Z2, Y):
    ...         return np.where(Z2 < Y, 4, 1) * (Z2 - Y) ** 2 / 2
    ...     def slope(self, Z2, Y):
    ...         Z2[...] = np.where(Z2 < Y, 4, 1) * (Z2 - Y)
    ...         return Z2
    >>> X, y = load_diabetes(return_X_y=True)
    >>> network = ShallowNNRegressor(16, loss=TooLittle(), random_state=0)
    >>> check_gradient(network, X, y).passed
    True
    >>> bool(np.mean(network.fit(X, y).predict(X) > y) > 0.55)
    True
    """

    link: ClassVar[str] = "identity"
    target_quantile: ClassVar[Any] = None
    divergence_factor: ClassVar[float] = 1e6

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
        """L of every output and example.

        Parameters
        ----------
        Z2 : ndarray of shape (n2, m)
            Scores; may be written over.
        Y : ndarray of shape (n2, m)
            Targets.

        Returns
        -------
        L : ndarray of shape (n2, m)
            Losses.
        """
        raise NotImplementedError(f"{type(self).__name__} must define value(Z2, Y)")

    def slope(self, Z2, Y):
        """Derivatives of L by Z2, in its place.

        Parameters
        ----------
        Z2 : ndarray of shape (n2, m)
            Scores, to become derivatives.
        Y : ndarray of shape (n2, m)
            Targets.

        Returns
        -------
        dZ2 : ndarray of shape (n2, m)
            Z2 itself.
        """
        raise NotImplementedError(f"{type(self).__name__} must define slope(Z2, Y)")


class SquaredError(_CanonicalSlope, RegressionLoss):
    """L = (z - y)^2 / 2, so dL/dz = a - y; its best constant is the mean.

    Examples
    --------
    One large target draws the best constant from the median, 3, to the mean, 22:

    >>> import numpy as np
    >>> from skshallow.core.losses import SquaredError
    >>> Y = np.array([[1.0, 2.0, 3.0, 4.0, 100.0]])
    >>> for constant in (3.0, 22.0):
    ...     L = SquaredError().value(np.full_like(Y, constant), Y)
    ...     print(constant, L.tolist(), float(L.mean()))
    3.0 [[2.0, 0.5, 0.0, 0.5, 4704.5]] 941.5
    22.0 [[220.5, 200.0, 180.5, 162.0, 3042.0]] 761.0
    """

    def value(self, Z2, Y):
        Z2 -= Y
        return Z2 * Z2 / 2


class AbsoluteError(RegressionLoss):
    """L = ``|z - y|``, so dL/dz = sign(z - y); its best constant is the median.

    References
    ----------
    Koenker and Bassett (1978), Regression quantiles.

    Examples
    --------
    However large the last target, the median, 3, is better than the mean, 22:

    >>> import numpy as np
    >>> from skshallow.core.losses import AbsoluteError
    >>> Y = np.array([[1.0, 2.0, 3.0, 4.0, 100.0]])
    >>> for constant in (3.0, 22.0):
    ...     L = AbsoluteError().value(np.full_like(Y, constant), Y)
    ...     print(constant, L.tolist(), round(float(L.mean()), 1))
    3.0 [[2.0, 1.0, 0.0, 1.0, 97.0]] 20.2
    22.0 [[21.0, 20.0, 19.0, 18.0, 78.0]] 31.2
    """

    target_quantile = 0.5
    divergence_factor = 1e3

    def value(self, Z2, Y):
        Z2 -= Y
        return np.abs(Z2, out=Z2)

    def slope(self, Z2, Y):
        Z2 -= Y
        return np.sign(Z2, out=Z2)


@dataclass
class Huber(RegressionLoss):
    """L = ``u^2 / 2`` where ``|u| <= delta``, else ``delta (|u| - delta / 2)``; u is z - y.

    dL/dz is u, clipped at -delta and delta, so that no outlier has a larger gradient.

    Parameters
    ----------
    delta : float, default=1.0
        Where the square goes over into a line, in the unit of the targets that the network is
        trained on.

    References
    ----------
    Huber (1964), Robust estimation of a location parameter.

    Examples
    --------
    >>> import numpy as np
    >>> from skshallow import ShallowNNRegressor
    >>> from skshallow.core.losses import Huber
    >>> Z2, Y = np.array([[-4.0, -0.5, 0.5, 4.0]]), np.zeros((1, 4))
    >>> Huber().value(Z2.copy(), Y).tolist()
    [[3.5, 0.125, 0.125, 3.5]]
    >>> Huber().slope(Z2.copy(), Y).tolist()
    [[-1.0, -0.5, 0.5, 1.0]]

    A line from half a unit on:

    >>> regressor = ShallowNNRegressor(loss=Huber(delta=0.5))
    """

    target_quantile = 0.5
    divergence_factor = 1e3
    delta: float = 1.0

    def __post_init__(self):
        if not (isinstance(self.delta, Real) and self.delta > 0):
            raise ValueError(f"delta={self.delta!r} must be a number above 0")

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

    dL/dz is -q where z < y, 1 - q where z > y, and 1/2 - q where they are equal.

    Parameters
    ----------
    level : float or column (n2, 1), default=0.5
        The quantile q, for all outputs or for each of them.

    References
    ----------
    Koenker and Bassett (1978), Regression quantiles.

    Examples
    --------
    For the upper quartile, one too little costs three times as much as one too much:

    >>> import numpy as np
    >>> from skshallow.core.losses import Quantile
    >>> Z2, Y = np.array([[1.0, 2.0, 3.0]]), np.array([[2.0, 2.0, 2.0]])
    >>> Quantile(level=0.75).value(Z2.copy(), Y).tolist()
    [[0.75, 0.0, 0.25]]
    >>> Quantile(level=0.75).slope(Z2.copy(), Y).tolist()
    [[-0.75, -0.25, 0.25]]
    """

    divergence_factor = 1e3

    def __init__(self, level=0.5):
        levels = np.asarray(level, dtype=float)
        if levels.ndim not in (0, 2) or not ((levels > 0) & (levels < 1)).all():
            raise ValueError(
                f"level={level!r} must be a number above 0 and below 1, or a column of them: for "
                "several quantiles of one target set loss='quantile' and quantile to a list"
            )
        self.level = level

    @property
    def target_quantile(self):
        return self.level

    def value(self, Z2, Y):
        Z2 -= Y
        return np.maximum(-self.level * Z2, (1 - self.level) * Z2)

    def slope(self, Z2, Y):
        Z2 -= Y
        np.sign(Z2, out=Z2)
        Z2 /= 2
        Z2 += 0.5 - self.level
        return Z2


class Poisson(_CanonicalSlope, RegressionLoss):
    """A2 = e^Z2 and L = e^z - y z - (y - y log y), half the deviance, so dL/dz = a - y.

    The last term makes L zero where a = y; it does not depend on the network.

    References
    ----------
    Nelder and Wedderburn (1972), Generalized linear models.

    Examples
    --------
    Scores are logarithms of the predictions, which therefore stay positive:

    >>> import numpy as np
    >>> from skshallow.core.losses import Poisson
    >>> Z2, Y = np.log([[1.0, 2.0, 4.0]]), np.array([[1.0, 1.0, 1.0]])
    >>> Poisson().output(Z2.copy()).round(2).tolist()
    [[1.0, 2.0, 4.0]]
    >>> Poisson().value(Z2.copy(), Y).round(2).tolist()
    [[0.0, 0.31, 1.61]]
    >>> Poisson().slope(Z2.copy(), Y).round(2).tolist()
    [[0.0, 1.0, 3.0]]
    """

    link = "log"

    def value(self, Z2, Y):
        yz = Y * Z2
        return np.exp(Z2, out=Z2) - yz - (Y - xlogy(Y, Y))


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
RegressionLossName = Literal["squared_error", "absolute_error", "huber", "quantile", "poisson"]
LOSSES = CLASSIFICATION_LOSSES | REGRESSION_LOSSES
