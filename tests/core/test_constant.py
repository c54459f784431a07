import numpy as np
import pytest
import textbook
from textbook import targets

from skshallow.core.activations import Tanh
from skshallow.core.batches import Batches, Inputs
from skshallow.core.constant import become_constant
from skshallow.core.losses import LOSSES
from skshallow.core.network import Network
from skshallow.core.parameters import Layout, Parameters

M = 40


def build(kind, s=None, networks=1):
    rng = np.random.default_rng(0)
    Y = np.ascontiguousarray(targets(kind, M, rng), float)
    layout = Layout(2, 3 * networks, len(Y), networks=networks)
    parameters = Parameters(rng.standard_normal(layout.size), layout)
    network = Network(parameters, Tanh(), LOSSES[kind]())
    return network, Y, Batches(Inputs(rng.standard_normal((M, 2))), Y, s, np.arange(M), 7)


@pytest.mark.parametrize("kind", LOSSES)
def test_no_other_constant_has_a_lower_loss(kind):
    network, Y, batches = build(kind)
    become_constant(network, batches)
    least = network.mean_loss(batches)
    for step in np.random.default_rng(1).normal(0, 0.3, (20, len(Y), 1)):
        network.parameters.b2[...] += step
        assert network.mean_loss(batches) > least - 1e-9
        network.parameters.b2[...] -= step


def test_of_squared_errors_it_is_the_weighted_mean_and_of_classes_their_shares():
    s = np.random.default_rng(2).uniform(0, 2, (1, M))
    network, Y, batches = build("squared_error", s / s.mean())
    become_constant(network, batches)
    np.testing.assert_allclose(network.parameters.b2[:, 0], Y @ s[0] / s.sum(), rtol=1e-4)
    network, Y, batches = build("multiclass")
    become_constant(network, batches)
    shares = network.loss.output(network.parameters.b2.copy())[:, 0]
    np.testing.assert_allclose(shares, Y.mean(axis=1), rtol=1e-3)


def test_the_hidden_layer_stays():
    network, _, batches = build("binary")
    W1 = network.parameters.W1.copy()
    become_constant(network, batches)
    np.testing.assert_array_equal(network.parameters.W1, W1)


@pytest.mark.parametrize("kind", ["multilabel", "multiclass", "poisson"])
def test_there_the_mean_slope_of_the_loss_is_zero(kind):
    """Also of weighted examples, and of several networks, which all say the same."""
    s = np.random.default_rng(2).uniform(0, 2, (1, M))
    network, Y, batches = build(kind, s / s.mean(), networks=2)
    become_constant(network, batches)
    b2 = network.parameters.b2.reshape(2, len(Y), 1)
    np.testing.assert_array_equal(b2[0], b2[1])
    assert not network.parameters.W2.any()
    slope = textbook.difference(textbook.OUTPUTS[kind][0](b2[0]), Y) @ s[0] / s.sum()
    np.testing.assert_allclose(slope, 0, atol=1e-4)
