from itertools import pairwise

import numpy as np
import pytest

from skshallow.core.activations import ACTIVATIONS
from skshallow.core.initializers import INITIALIZERS, initialize
from skshallow.core.losses import LOSSES
from skshallow.core.network import Network
from skshallow.core.optimizers import GradientDescent
from skshallow.core.parameters import Layout, Parameters

VARIANCES = {  # the formulas of He et al. (2015), Glorot and Bengio (2010) and the notes
    "he": lambda n_out, n_in: 2 / n_in,
    "xavier": lambda n_out, n_in: 2 / (n_in + n_out),
    "normal": lambda n_out, n_in: 0.01**2,
    "zeros": lambda n_out, n_in: 0,
}


def descend(initializer, activation, steps=200):
    """Parameters after gradient descent on a small binary problem."""
    rng = np.random.default_rng(0)
    A0 = rng.standard_normal((3, 40))
    Y = (A0[:1] * A0[1:2] + A0[2:] > 0).astype(float)
    activation = ACTIVATIONS[activation]()
    parameters = Parameters.zeros(Layout(3, 5, 1, learned=activation.learned is not None))
    initialize(parameters, initializer, activation, rng)
    network = Network(parameters, activation, LOSSES["binary"]())
    for _ in range(steps):
        network.loss_and_gradient(A0, Y)
        GradientDescent().step(parameters.theta, network.gradient.theta, 1.0)
    return parameters


@pytest.mark.parametrize("shape", [(200, 300), (500, 120)])
@pytest.mark.parametrize("name", INITIALIZERS)
def test_mean_is_zero_and_variance_is_that_of_the_paper(name, shape):
    W = INITIALIZERS[name](np.random.default_rng(0), *shape)
    variance = VARIANCES[name](*shape)
    assert W.shape == shape
    assert abs(W.mean()) <= 5 * np.sqrt(variance / W.size)
    assert abs(W.var() - variance) <= 5 * variance * np.sqrt(2 / W.size)


def test_normal_is_randn_times_a_hundredth_of_the_same_stream():
    W = INITIALIZERS["normal"](np.random.default_rng(3), 4, 5)
    np.testing.assert_array_equal(W, np.random.default_rng(3).standard_normal((4, 5)) * 0.01)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", INITIALIZERS)
def test_biases_start_at_zero_and_learned_values_where_the_activation_says(name, activation):
    activation = ACTIVATIONS[activation]()
    parameters = Parameters.zeros(Layout(3, 4, 2, learned=activation.learned is not None))
    parameters.theta[...] = np.nan  # whatever was there is gone
    initialize(parameters, INITIALIZERS[name], activation, np.random.default_rng(0))
    assert not parameters.b1.any()
    assert not parameters.b2.any()
    assert np.isfinite(parameters.theta).all()
    if activation.learned is not None:
        assert (parameters.learned == activation.learned).all()


def test_each_layer_is_drawn_for_its_own_width():
    parameters = Parameters.zeros(Layout(800, 400, 100))
    initialize(parameters, INITIALIZERS["he"], ACTIVATIONS["relu"](), np.random.default_rng(0))
    assert parameters.W1.var() == pytest.approx(2 / 800, rel=0.05)
    assert parameters.W2.var() == pytest.approx(2 / 400, rel=0.05)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_from_zeros_all_hidden_units_stay_copies_of_each_other(activation):
    parameters = descend(INITIALIZERS["zeros"], activation)
    assert parameters.b2.any()  # it did train
    np.testing.assert_allclose(parameters.W1, parameters.W1[[0] * 5], rtol=1e-9)
    np.testing.assert_allclose(parameters.W2, parameters.W2[:, [0] * 5], rtol=1e-9)


def test_sigmoid_units_leave_zero_but_together():
    parameters = descend(INITIALIZERS["zeros"], "sigmoid")
    assert np.abs(parameters.W1).min() > 1e-6


@pytest.mark.fast(7)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", sorted(INITIALIZERS.keys() - {"zeros"}))
def test_random_weights_break_the_symmetry(name, activation):
    W1 = descend(INITIALIZERS[name], activation).W1
    for one, other in pairwise(W1):
        assert not np.allclose(one, other, rtol=1e-3, atol=0)


def test_networks_side_by_side_are_drawn_one_after_the_other():
    layout, rng = Layout(5, 12, 2, networks=3), np.random.default_rng(0)
    parameters = Parameters.zeros(layout)
    initialize(parameters, INITIALIZERS["he"], ACTIVATIONS["relu"](), np.random.default_rng(0))
    for i in range(3):
        alone = Parameters.zeros(Layout(5, 4, 2))
        initialize(alone, INITIALIZERS["he"], ACTIVATIONS["relu"](), rng)
        np.testing.assert_array_equal(parameters.W1[4 * i : 4 * i + 4], alone.W1)
        np.testing.assert_array_equal(parameters.W2[2 * i : 2 * i + 2], alone.W2)


def test_the_gain_is_that_of_the_hidden_layer():
    plain, wide = (Parameters.zeros(Layout(5, 4, 2)) for _ in range(2))
    for parameters, gain in ((plain, 1.0), (wide, 3.0)):
        rng = np.random.default_rng(0)
        initialize(parameters, INITIALIZERS["he"], ACTIVATIONS["relu"](), rng, gain)
    np.testing.assert_allclose(wide.W1, 3 * plain.W1)
    np.testing.assert_array_equal(wide.W2, plain.W2)


@pytest.mark.parametrize(
    ("own", "match"),
    [
        (lambda rng, n_out, n_in: np.ones((n_in, n_out)), "return weights of shape"),
        (lambda rng, n_out, n_in: np.where(np.eye(n_out, n_in), np.nan, 1), "not finite"),
        (lambda rng, n_out, n_in: np.where(np.eye(n_out, n_in), 1, np.inf), "not finite"),
    ],
)
def test_an_own_initialisation_returns_finite_weights_of_the_shape_asked_for(own, match):
    with pytest.raises(ValueError, match=match):
        initialize(Parameters.zeros(Layout(5, 4, 2)), own, ACTIVATIONS["relu"](), None)
