import numpy as np
import pytest
import textbook

from skshallow.core.activations import ACTIVATIONS
from skshallow.core.health import duplicate_units, flat, hidden_layer_fault
from skshallow.core.network import Network
from skshallow.core.parameters import Layout, Parameters


def layer(name, n1=6, m=40, seed=0, shift=0.0, spread=2.0):
    """(network, Z1, A1) of a healthy layer, or of one that is shifted."""
    Z1 = shift + spread * np.random.default_rng(seed).standard_normal((n1, m))
    return given(name, Z1)


def given(name, Z1):
    activation, A1 = ACTIVATIONS[name](), np.empty_like(Z1)
    layout = Layout(2, len(Z1), 1, learned=activation.learned is not None)
    network = Network(Parameters.zeros(layout), activation)
    if layout.learned:
        network.parameters.learned[...] = activation.learned
    network.activate(Z1, A1)
    return network, Z1, A1


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_derivative_is_that_of_the_notes_and_changes_nothing(name):
    network, Z1, A1 = layer(name)
    before = Z1.copy(), A1.copy()
    slope = network.slope(Z1, A1)
    np.testing.assert_allclose(slope, textbook.ACTIVATIONS[name][1](Z1), rtol=1e-10, atol=1e-14)
    np.testing.assert_array_equal((Z1, A1), before)


def test_a_unit_is_flat_if_its_values_differ_by_rounding_alone():
    value = np.float32(3.7)
    low, high = np.array([value, 0.0, -value, 1.0]), np.array([value, 0.0, -value, 1.001])
    high[0], low[2] = np.nextafter(value, np.float32(9)), np.nextafter(-value, np.float32(-9))
    np.testing.assert_array_equal(flat(low, high), [True, True, True, False])


def test_duplicates_are_those_with_the_same_pre_activations_and_outputs():
    _, Z1, A1 = layer("tanh")
    Z1[4], A1[4] = Z1[1], A1[1]
    np.testing.assert_array_equal(duplicate_units(Z1, A1, 1), np.isin(np.arange(6), [1, 4]))


def test_units_that_are_off_for_reasons_of_their_own_are_no_duplicates():
    _, Z1, A1 = layer("relu", shift=-50)
    assert not A1.any()
    np.testing.assert_array_equal(duplicate_units(Z1, A1, 2), np.arange(6) == 2)


@pytest.mark.parametrize("n1", [1, 6])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_random_layer_has_no_fault(name, n1):
    assert hidden_layer_fault(*layer(name, n1=n1)) is None


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("scale", [0.0, 1.0])  # zero is where init="zeros" leaves most of them
def test_units_that_all_compute_the_same_are_a_fault(name, scale):
    row = scale * np.random.default_rng(1).standard_normal((1, 40))
    fault = hidden_layer_fault(*given(name, np.repeat(row, 6, axis=0)))
    assert "all 6 hidden units compute the same" in fault
    assert "skshallow.inspection.hidden_unit_report" in fault


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_one_unit_has_no_symmetry_to_break(name):
    row = np.random.default_rng(1).standard_normal((1, 40))
    assert hidden_layer_fault(*given(name, row)) is None


def test_two_units_may_be_one_in_effect():
    _, Z1, _ = layer("tanh", n1=2)
    Z1[1] = Z1[0]
    assert "all 2 hidden units compute the same" in hidden_layer_fault(*given("tanh", Z1))


def test_one_unit_of_its_own_is_enough():
    _, Z1, _ = layer("relu")
    Z1[1:] = Z1[1]
    assert hidden_layer_fault(*given("relu", Z1)) is None


@pytest.mark.parametrize("n1", [1, 6])
@pytest.mark.parametrize(
    ("name", "shift"), [("relu", -50), ("tanh", -50), ("tanh", 50), ("sigmoid", 50)]
)
def test_a_layer_that_is_off_or_saturated_everywhere_is_a_fault(name, shift, n1):
    fault = hidden_layer_fault(*layer(name, n1=n1, shift=shift))
    assert "no hidden unit reacts to its inputs (seen on 40 samples)" in fault
    assert "skshallow.inspection.hidden_unit_report" in fault


def test_one_unit_that_has_a_slope_may_still_learn():
    _, Z1, _ = layer("relu", shift=-50)
    Z1[2] = 1.0  # the same whatever the input, but g' is one
    assert hidden_layer_fault(*given("relu", Z1)) is None


def test_one_unit_that_stands_still_does_not_put_the_others_to_sleep():
    _, Z1, _ = layer("tanh")
    Z1[3] = 0.5
    network, *layers = given("tanh", Z1)
    network.alpha = 10.0
    assert hidden_layer_fault(network, *layers) is None


@pytest.mark.parametrize("name", ["leaky_relu", "prelu"])
def test_leaky_units_are_never_dead(name):
    assert hidden_layer_fault(*layer(name, shift=-50)) is None


def test_saturated_units_that_tell_rows_apart_are_no_fault():
    _, Z1, _ = layer("tanh")
    assert hidden_layer_fault(*given("tanh", 30 * np.sign(Z1))) is None
    Z1[:-1] = 1.0  # a single unit is enough
    assert hidden_layer_fault(*given("tanh", 30 * np.sign(Z1))) is None


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_layer_that_the_penalty_has_put_to_sleep_is_a_fault(name):
    _, Z1, _ = layer(name, spread=1e-3)
    network, *layers = given(name, Z1 + np.linspace(-0.5, 0.5, 6)[:, None])
    assert hidden_layer_fault(network, *layers) is None  # little to learn, as far as this tells
    network.alpha = 10.0
    fault = hidden_layer_fault(network, *layers)
    assert "no hidden unit reacts to its inputs (seen on 40 samples)" in fault
    assert "the penalty alpha=10 " in fault


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_small_pre_activations_that_large_weights_tell_apart_are_no_fault(name):
    network, Z1, A1 = layer(name, spread=1e-2)
    network.alpha = 10.0
    network.parameters.W2[...] = 100
    assert hidden_layer_fault(network, Z1, A1) is None


def test_looking_changes_nothing():
    network, Z1, A1 = layer("prelu")
    arrays = Z1, A1, network.parameters.learned
    before = [array.copy() for array in arrays]
    hidden_layer_fault(network, Z1, A1)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)
