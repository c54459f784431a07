import numpy as np
import pytest
import textbook

from skshallow.core.activations import ACTIVATIONS, Activation, LeakyReLU, PReLU
from skshallow.core.initializers import INITIALIZERS
from skshallow.core.losses import LOSSES
from skshallow.core.network import Network
from skshallow.core.parameters import Layout, Parameters

# (2, m): saturated, moderate, tiny, and zero with both signs
Z = np.concatenate([np.linspace(-50, 50, 402), [-1e-9, 1e-9, 0.0, -0.0]]).reshape(2, -1)


def learned_of(activation, n1=2):
    """The learned column, in a list that is empty if nothing is learned."""
    return [] if activation.learned is None else [np.full((n1, 1), activation.learned)]


def forward(activation, Z1):
    A1 = np.empty_like(Z1)
    activation.forward(Z1, A1, *learned_of(activation))
    return A1


def backward(activation, Z1, dA1):
    """dZ1 as it comes out of the backward pass."""
    dZ1, columns = dA1.copy(), learned_of(activation)
    derivatives = [np.empty_like(column) for column in columns]
    activation.backward(Z1.copy(), forward(activation, Z1), dZ1, *columns, *derivatives)
    return dZ1


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_value_is_the_formula_of_the_notes(name):
    g, _ = textbook.ACTIVATIONS[name]
    np.testing.assert_allclose(forward(ACTIVATIONS[name](), Z), g(Z), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_backward_multiplies_by_the_derivative_of_the_notes(name):
    _, g_derivative = textbook.ACTIVATIONS[name]
    dA1 = np.random.default_rng(0).standard_normal(Z.shape)
    dZ1 = backward(ACTIVATIONS[name](), Z, dA1)
    np.testing.assert_allclose(dZ1, dA1 * g_derivative(Z), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivative_is_the_slope_of_the_value(name):
    activation, h = ACTIVATIONS[name](), 1e-5
    smooth = Z[:, np.all(np.abs(Z) > 2 * h, axis=0)]
    slope = (forward(activation, smooth + h) - forward(activation, smooth - h)) / (2 * h)
    dZ1 = backward(activation, smooth, np.ones_like(smooth))
    np.testing.assert_allclose(dZ1, slope, atol=1e-8)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_forward_leaves_z1_alone(name):
    Z1 = Z.copy()
    forward(ACTIVATIONS[name](), Z1)
    np.testing.assert_array_equal(Z1, Z)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_hopelessly_saturated_units_stay_finite_without_a_warning(name, dtype):
    activation, extreme = ACTIVATIONS[name](), np.array([[-1e4, -800, 800, 1e4]] * 2, dtype)
    assert np.isfinite(forward(activation, extreme)).all()
    assert np.isfinite(backward(activation, extreme, np.ones_like(extreme))).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_initialisation_that_fits_exists(name):
    assert ACTIVATIONS[name].initializer in INITIALIZERS


@pytest.mark.parametrize("slope", [-0.5, 0.0, 0.2, 0.99])
def test_leaky_relu_has_the_slope_it_is_given(slope):
    activation = LeakyReLU(slope=slope)
    np.testing.assert_allclose(forward(activation, Z), textbook.leaky_relu(Z, slope), rtol=1e-12)
    dZ1 = backward(activation, Z, np.ones_like(Z))
    expected = textbook.leaky_relu_derivative(Z, slope)
    np.testing.assert_allclose(dZ1, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("slope", [1, 1.5, np.inf, np.nan])
def test_a_slope_that_is_not_below_one_is_refused_with_a_remedy(slope):
    with pytest.raises(ValueError, match=f"slope={slope!r}.*below 1"):
        LeakyReLU(slope=slope)


def test_each_unit_of_prelu_has_a_slope_and_its_derivative_of_its_own():
    rng = np.random.default_rng(1)
    slopes, dA1 = np.array([[0.1], [-0.4]]), rng.standard_normal(Z.shape)
    A1, dslopes = np.empty_like(Z), np.empty((2, 1))
    PReLU().forward(Z, A1, slopes)
    np.testing.assert_allclose(A1, textbook.prelu(Z, slopes), rtol=1e-12, atol=1e-14)
    dZ1 = dA1.copy()
    PReLU().backward(Z.copy(), A1, dZ1, slopes, dslopes)
    np.testing.assert_allclose(dZ1, dA1 * textbook.prelu_derivative(Z, slopes), rtol=1e-12)
    expected = np.sum(dA1 * textbook.prelu_slope_derivative(Z), axis=1, keepdims=True)
    np.testing.assert_allclose(dslopes, expected, rtol=1e-12)


@pytest.mark.parametrize("method", ["forward", "backward"])
def test_an_unfinished_activation_says_what_is_missing(method):
    class Unfinished(Activation):
        pass

    arguments = [None, None] if method == "forward" else [None, None, None]
    with pytest.raises(NotImplementedError, match=f"Unfinished must define {method}"):
        getattr(Unfinished(), method)(*arguments)


def test_an_activation_of_the_users_own_works_in_the_network():
    class Softplus(Activation):
        def forward(self, Z1, A1):
            A1[...] = np.logaddexp(0, Z1)

        def backward(self, Z1, A1, dA1):
            dA1 *= 1 / (1 + np.exp(-Z1))

    rng = np.random.default_rng(2)
    parameters = Parameters.zeros(Layout(3, 4, 1))
    parameters.theta[...] = rng.standard_normal(parameters.theta.size)
    X, Y = rng.standard_normal((3, 6)), rng.integers(0, 2, (1, 6)).astype(float)
    network = Network(parameters, Softplus(), LOSSES["binary"]())
    loss = network.loss_and_gradient(X, Y)
    own = (lambda z: np.log(1 + np.exp(z)), textbook.sigmoid)
    W1, b1, W2, b2 = textbook.layers(parameters)
    output = textbook.OUTPUTS["binary"]
    J = textbook.objective(X, Y, W1, b1, W2, b2, own[0], output)
    assert loss == pytest.approx(J, rel=1e-12)
    expected = textbook.backward(X, Y, W1, b1, W2, b2, own, output)
    for ours, theirs in zip(textbook.layers(network.gradient), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10)


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_the_slope_at_zero_of_one_that_saturates_is_its_derivative_there(name):
    _, g_derivative = textbook.ACTIVATIONS[name]
    assert ACTIVATIONS[name].slope_at_zero == g_derivative(np.zeros(1))[0]
