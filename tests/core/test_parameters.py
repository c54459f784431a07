import copy
import pickle
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pytest

from skshallow.core.parameters import Layout, Parameters

N0, N1, N2 = 3, 4, 2
NAMES = ["W1", "b1", "W2", "b2", "learned"]
COPIES = {
    "itself": lambda p: p,
    "pickle": lambda p: pickle.loads(pickle.dumps(p)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "like": lambda p: p.like(),
}


def counted(learns=True, dtype=np.float64):
    """theta = 0, 1, 2, ..."""
    parameters = Parameters.zeros(Layout(N0, N1, N2, learned=learns), dtype)
    parameters.theta[...] = np.arange(parameters.theta.size)
    return parameters


@pytest.mark.parametrize("learns", [False, True])
@pytest.mark.parametrize("way", COPIES)
def test_every_view_is_memory_of_its_theta(way, learns):
    parameters = COPIES[way](counted(learns))
    for view in (*parameters.arrays().values(), parameters.weights):
        before = parameters.theta.copy()
        view[...] = -1.0
        assert np.shares_memory(view, parameters.theta)
        assert np.count_nonzero(before != parameters.theta) == view.size
        parameters.theta[...] = 7.0
        assert (view == 7.0).all()


@pytest.mark.parametrize("way", ["pickle", "deepcopy", "like"])
def test_a_real_copy_is_apart_from_the_original(way):
    original = counted()
    COPIES[way](original).theta[...] = -1.0
    np.testing.assert_array_equal(original.theta, np.arange(original.theta.size))


@pytest.mark.parametrize("way", ["pickle", "deepcopy", "copy"])
def test_a_copy_holds_the_same_numbers_type_and_sizes(way):
    original = counted(dtype=np.float32)
    twin = COPIES[way](original)
    np.testing.assert_array_equal(twin.theta, original.theta)
    assert twin.theta.dtype == np.float32
    assert twin.layout == Layout(N0, N1, N2, learned=True)


def test_the_pickle_holds_the_numbers_once():
    parameters = Parameters.zeros(Layout(50, 100, 3))
    assert len(pickle.dumps(parameters)) < 1.05 * parameters.theta.nbytes


@pytest.mark.parametrize("name", [*NAMES, "theta", "weights", "layout"])
def test_no_name_can_be_bound_anew(name):
    parameters = counted()
    with pytest.raises(AttributeError):
        setattr(parameters, name, np.zeros(1))


def test_no_name_can_be_added_by_a_slip_of_the_pen():
    with pytest.raises(AttributeError):
        counted().w1 = np.zeros((N1, N0))


def test_writing_with_an_operator_does_not_rebind_silently():
    parameters = counted()
    W1 = parameters.W1
    W1 += 1
    np.testing.assert_array_equal(parameters.theta[: W1.size], np.arange(W1.size) + 1)


def test_theta_is_w1_w2_b1_b2_learned_in_a_row():
    parameters = counted()
    p = parameters
    row = np.concatenate([view.ravel() for view in (p.W1, p.W2, p.b1, p.b2, p.learned)])
    np.testing.assert_array_equal(row, p.theta)


def test_weights_are_w1_and_w2_and_no_bias_and_no_learned_value():
    parameters = counted()
    both = np.concatenate([parameters.W1.ravel(), parameters.W2.ravel()])
    np.testing.assert_array_equal(parameters.weights, both)


def test_shapes_are_those_of_the_notes():
    shapes = {name: view.shape for name, view in counted().arrays().items()}
    biases = {"b1": (N1, 1), "b2": (N2, 1), "learned": (N1, 1)}
    assert shapes == {"W1": (N1, N0), "W2": (N2, N1), **biases}


@pytest.mark.parametrize("n1", [1, 4])
def test_without_a_learning_activation_there_is_no_learned_column(n1):
    parameters = Parameters.zeros(Layout(N0, n1, N2))
    assert parameters.learned is None
    assert parameters.arrays().keys() == {"W1", "b1", "W2", "b2"}
    assert parameters.theta.size == n1 * N0 + n1 + N2 * n1 + N2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_theta_and_views_are_contiguous_and_of_the_type_asked_for(dtype):
    parameters = counted(dtype=dtype)
    for array in (parameters.theta, parameters.weights, *parameters.arrays().values()):
        assert array.flags.c_contiguous
        assert array.dtype == dtype


def test_like_is_zero_and_has_the_same_layout():
    gradient = counted(dtype=np.float32).like()
    assert not gradient.theta.any()
    assert gradient.theta.dtype == np.float32
    assert gradient.layout == counted().layout


# Layouts


@dataclass(frozen=True)
class Skipping(Layout):
    """A layout of one's own: W0 leads past the hidden layer."""

    @cached_property
    def shapes(self):
        return {"W0": (self.n2, self.n0), **super().shapes}


@pytest.mark.parametrize("learned", [False, True])
def test_a_layout_names_the_arrays_their_shapes_and_their_order(learned):
    layout = Layout(N0, N1, N2, learned=learned)
    shapes = {"W1": (N1, N0), "W2": (N2, N1), "b1": (N1, 1), "b2": (N2, 1)}
    shapes |= {"learned": (N1, 1)} if learned else {}
    assert list(layout.shapes.items()) == list(shapes.items())
    assert layout.size == sum(a * b for a, b in shapes.values())
    assert layout.n_weights == N1 * N0 + N2 * N1


@pytest.mark.parametrize("kind", [Layout, Skipping])
def test_views_lie_in_a_row_and_cover_theta(kind):
    layout = kind(N0, N1, N2, learned=True)
    theta = np.arange(float(layout.size))
    views = layout.views(theta)
    assert views.keys() == layout.shapes.keys()
    assert {name: view.shape for name, view in views.items()} == layout.shapes
    np.testing.assert_array_equal(np.concatenate([v.ravel() for v in views.values()]), theta)
    assert all(np.shares_memory(view, theta) for view in views.values())


@pytest.mark.parametrize("way", COPIES)
def test_a_further_array_is_a_view_and_its_weights_are_penalised(way):
    original = Parameters.zeros(Skipping(N0, N1, N2))
    original.theta[...] = np.arange(original.theta.size)
    parameters = COPIES[way](original)
    assert type(parameters.layout) is Skipping
    assert parameters.arrays().keys() == {"W0", "W1", "W2", "b1", "b2"}
    assert parameters.W0.shape == (N2, N0)
    if way != "like":
        np.testing.assert_array_equal(parameters.W0, original.W0)
    parameters.W0[...] = -1.0
    assert np.count_nonzero(parameters.theta == -1) == N2 * N0
    both = [parameters.arrays()[name].ravel() for name in ("W0", "W1", "W2")]
    np.testing.assert_array_equal(np.concatenate(both), parameters.weights)


def test_layouts_are_the_same_if_their_numbers_are():
    assert Layout(N0, N1, N2) == Layout(N0, N1, N2) != Layout(N0, N1, N2, learned=True)
    layout = Layout(N0, N1, N2)
    assert pickle.loads(pickle.dumps(layout)) == layout


@pytest.mark.parametrize("networks", [1, 2, 3])
def test_a_network_that_is_divided_and_joined_again_is_the_same(networks):
    layout = Layout(4, 6, 2, networks=networks)
    rng, sizes = np.random.default_rng(0), {"W1": (6, 4), "W2": (2, 6), "b1": (6, 1), "b2": (2, 1)}
    arrays = {name: rng.standard_normal(shape) for name, shape in sizes.items()}
    divided = layout.divided(arrays)
    assert {name: array.shape for name, array in divided.items()} == layout.shapes
    for name, array in layout.joined(divided).items():
        np.testing.assert_allclose(array, arrays[name], rtol=1e-15)


def test_another_vector_has_the_same_views():
    parameters = counted()
    other = parameters.views_of(parameters.theta + 100)
    for name, view in other.arrays().items():
        np.testing.assert_array_equal(view, getattr(parameters, name) + 100)
