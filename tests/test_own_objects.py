"""Activations and losses of the user's own that cannot work are refused before any work."""

import numpy as np
import pytest

from skshallow import ShallowNNClassifier, ShallowNNRegressor
from skshallow.core.activations import ACTIVATIONS, Activation
from skshallow.core.losses import REGRESSION_LOSSES, RegressionLoss, SquaredError

X = np.random.default_rng(0).normal(size=(60, 3))
Y = X[:, 0] * X[:, 1]


class Returning(Activation):
    """Returns g(Z1), as most would write it."""

    def forward(self, Z1, A1):
        return np.tanh(Z1)

    def backward(self, Z1, A1, dA1):
        dA1 *= 1 - A1**2


class ReturningSlope(Returning):
    """Forgets that dA1 is to be changed."""

    def forward(self, Z1, A1):
        np.tanh(Z1, out=A1)

    def backward(self, Z1, A1, dA1):
        return dA1 * (1 - A1**2)


class Idle(Returning):
    """Does nothing."""

    def forward(self, Z1, A1):
        pass


class Linear(Activation):
    """Has the derivative one, so that dA1 stays."""

    def forward(self, Z1, A1):
        A1[...] = Z1

    def backward(self, Z1, A1, dA1):
        pass


class Same(SquaredError):
    """The squared error under another name."""


class NoValue(SquaredError):
    def value(self, Z2, Y):
        (Z2 - Y) ** 2


class NoSlope(SquaredError):
    def slope(self, Z2, Y):
        pass


class Summed(SquaredError):
    def value(self, Z2, Y):
        return float(((Z2 - Y) ** 2).sum())


class Transposed(SquaredError):
    def slope(self, Z2, Y):
        return (Z2 - Y).T


@pytest.mark.parametrize("call", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    ("activation", "message"),
    [
        (Returning(), "forward returns an array and leaves A1 as it is: write into it"),
        (Idle(), "forward ends and leaves A1 as it is"),
        (ReturningSlope(), "backward returns an array and leaves dA1 as it is"),
    ],
)
def test_activations_that_do_not_work_in_place_are_refused(activation, message, call):
    model = ShallowNNClassifier(4, activation=activation)
    arguments = {"classes": [False, True]} if call == "partial_fit" else {}
    with pytest.raises(TypeError, match=message):
        getattr(model, call)(X, Y > 0, **arguments)
    assert not hasattr(model, "W1_")


@pytest.mark.parametrize("loss", [NoValue(), NoSlope(), Summed(), Transposed()])
@pytest.mark.parametrize("target", [Y, np.column_stack([Y, -Y, Y])])
def test_losses_that_return_something_else_are_refused(loss, target):
    message = r"loss=.*(value|slope) of arrays \((1|3), 2\) returns .*: return an array"
    with pytest.raises(TypeError, match=message):
        ShallowNNRegressor(4, loss=loss).fit(X, target)


def test_what_works_is_not_refused():
    options = {"max_iter": 3, "alpha": 0.01, "random_state": 0, "engine": "numpy"}
    own = ShallowNNRegressor(4, activation=Linear(), loss=Same(), **options).fit(X, Y)
    built_in = ShallowNNRegressor(4, activation="identity", **options).fit(X, Y)
    np.testing.assert_allclose(own.predict(X), built_in.predict(X))
    for name in ACTIVATIONS:
        derived = type("Derived", (ACTIVATIONS[name],), {})()
        ShallowNNRegressor(4, activation=derived, **options).fit(X, Y)
    for kind in REGRESSION_LOSSES.values():
        derived = type("Derived", (kind,), {})()
        assert isinstance(derived, RegressionLoss)
        ShallowNNRegressor(4, loss=derived, **options).fit(X, np.abs(Y))


@pytest.mark.parametrize("slope", [0, -0.5, np.nan, np.inf, "steep"])
def test_a_slope_that_cannot_divide_weights_is_refused(slope):
    class Bent(ReturningSlope):
        slope_at_zero = slope

    with pytest.raises(ValueError, match=r"slope_at_zero=.* must be a positive number"):
        ShallowNNRegressor(activation=Bent()).fit(X, Y)
