import copy
import pickle

import numpy as np
import pytest

from skshallow.core.activations import ACTIVATIONS
from skshallow.core.losses import LOSSES
from skshallow.core.network import Network
from skshallow.core.optimizers import SGD, Adam
from skshallow.core.parameters import Parameters
from skshallow.core.scales import InputScales

N0, N1, N2, M = 3, 4, 3, 11
RATE = 5.0


def build(activation="tanh", dtype=np.float64):
    """A penalised network, its scales in the midst of a training, and data."""
    rng, activation = np.random.default_rng(0), ACTIVATIONS[activation]()
    learns = activation.learned is not None
    parameters = Parameters.zeros(N0, N1, N2, learns=learns, dtype=dtype)
    parameters.theta[...] = rng.standard_normal(parameters.theta.size)
    network = Network(parameters, activation, LOSSES["multiclass"](), alpha=0.1)
    scales = InputScales(parameters, RATE)
    scales.phi[-N0:] = rng.uniform(-0.3, 0.3, N0)  # factors from -0.5 to 2.5
    scales.apply(parameters.theta)
    A0, Y = rng.standard_normal((N0, M)).astype(dtype), np.eye(N2)[:, rng.integers(0, N2, M)]
    return network, scales, A0, Y.astype(dtype)


def objective(network, scales, A0, Y):
    """J where phi stands."""
    scales.apply(network.parameters.theta)
    return network.loss_and_gradient(A0, Y) + network.penalty()


@pytest.mark.parametrize("activation", ["tanh", "prelu"])
def test_the_gradient_is_the_slope_of_the_objective_in_the_new_coordinates(activation):
    network, scales, A0, Y = build(activation)
    numeric, h = np.empty_like(scales.phi), 1e-6
    for i, value in enumerate(scales.phi.copy()):
        scales.phi[i] = value + h
        up = objective(network, scales, A0, Y)
        scales.phi[i] = value - h
        numeric[i] = (up - objective(network, scales, A0, Y)) / (2 * h)
        scales.phi[i] = value
    objective(network, scales, A0, Y)
    slope = scales.gradient(network.gradient.theta)
    np.testing.assert_allclose(slope, numeric, rtol=1e-6, atol=1e-9)


def test_weights_are_those_of_phi_times_the_factor_of_their_input():
    network, scales, _, _ = build()
    V = scales.phi[: N1 * N0].reshape(N1, N0)
    c = 1 + RATE * scales.phi[-N0:]
    np.testing.assert_allclose(network.parameters.W1, V * c, rtol=1e-14)
    others = network.parameters.theta[N1 * N0 :]
    np.testing.assert_array_equal(others, scales.phi[N1 * N0 : -N0])


def test_beginning_at_theta_changes_nothing():
    network, scales, _, _ = build()
    theta = network.parameters.theta.copy()
    scales.begin_at(theta)
    scales.apply(network.parameters.theta)
    np.testing.assert_array_equal(network.parameters.theta, theta)


def test_an_input_without_a_word_to_say_keeps_its_scale():
    network, scales, A0, Y = build()
    network.alpha, A0[1] = 0.0, 0.0
    network.loss_and_gradient(A0, Y)
    slope = scales.gradient(network.gradient.theta)[-N0:]
    assert slope[1] == 0
    assert (slope[[0, 2]] != 0).all()


def test_descent_in_the_new_coordinates_lowers_the_objective_to_the_same_minimum():
    """The minimum of J is where it was: with a linear network and a penalty there is one value."""
    ends = []
    for scaled in (True, False):
        network, scales, A0, Y = build("identity")
        scales.begin_at(network.parameters.theta)
        phi = scales.phi if scaled else network.parameters.theta
        optimizer = SGD()
        optimizer.reset(phi)
        for _ in range(5_000):
            network.backpropagate(A0, Y)
            slope = network.gradient.theta
            optimizer.step(phi, scales.gradient(slope) if scaled else slope, 0.01)
            if scaled:
                scales.apply(network.parameters.theta)
        ends.append(network.loss_and_gradient(A0, Y) + network.penalty())
    assert ends[0] == pytest.approx(ends[1], rel=1e-8)


def test_float32_stays_float32():
    network, scales, A0, Y = build(dtype=np.float32)
    network.loss_and_gradient(A0, Y)
    assert scales.phi.dtype == scales.gradient(network.gradient.theta).dtype == np.float32


@pytest.mark.parametrize("again", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_copies_and_pickles_go_on_alike(again):
    network, scales, A0, Y = build()
    twin, optimizer, other = again(scales), Adam(), Adam()
    ends = []
    for it, adam in ((scales, optimizer), (twin, other)):
        adam.reset(it.phi)
        for _ in range(3):
            it.apply(network.parameters.theta)
            network.backpropagate(A0, Y)
            adam.step(it.phi, it.gradient(network.gradient.theta), 0.1)
        ends.append(it.phi)
    np.testing.assert_array_equal(*ends)
