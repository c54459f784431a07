import copy
import pickle

import numpy as np
import pytest

from skshallow.core.activations import Tanh
from skshallow.core.input_scaling import MANY, MEMORY, InputScaling
from skshallow.core.losses import LOSSES
from skshallow.core.network import Network
from skshallow.core.parameters import Layout, Parameters

N0, N1, N2, M = 3, 5, 3, 11


def build():
    """A penalised network with its gradient, and the batch."""
    rng = np.random.default_rng(0)
    parameters = Parameters.zeros(Layout(N0, N1, N2))
    parameters.theta[...] = rng.standard_normal(parameters.theta.size)
    network = Network(parameters, Tanh(), LOSSES["multiclass"](), alpha=0.1)
    A0, Y = rng.standard_normal((N0, M)), np.eye(N2)[:, rng.integers(0, N2, M)]
    return network, A0, Y


def objective(network, A0, Y):
    return network.loss_and_gradient(A0, Y) + network.penalty()


def moved(W1, dW1, db1, rate, speed=1.0):
    """W1 after a step."""
    W1 = W1.copy()
    InputScaling(speed).step(W1, dW1, db1, rate)
    return W1


def no_bias(W1):
    """No derivatives by the biases."""
    return np.zeros((len(W1), 1), W1.dtype)


def test_every_column_is_multiplied_by_the_formula():
    network, A0, Y = build()
    network.backpropagate(A0, network.forward(A0), Y)
    W1, dW1, db1 = network.parameters.W1, network.gradient.W1, network.gradient.b1
    found, scaling, seen = W1.copy(), InputScaling(3.0), []
    for step in range(3):
        expected, gradient = found.copy(), dW1 * (-2) ** step
        seen.append([])
        for j in range(N0):
            above = sum(gradient[i, j] * found[i, j] for i in range(N1))
            rows = range(N1)
            b = sum((abs(gradient[i, j]) + abs(db1[i, 0])) * abs(found[i, j]) for i in rows)
            seen[-1].append(b)
            of_j = [b[j] for b in seen]
            mean = np.average(of_j, weights=[MEMORY ** (step - u) for u in range(step + 1)])
            expected[:, j] *= np.exp(-3.0 * 0.1 * min(max(above / mean, -1), 1))
        scaling.step(found, gradient, db1, 0.1)
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_the_sum_above_the_line_is_the_derivative_by_the_logarithm_of_a_scale():
    network, A0, Y = build()
    W1, h = network.parameters.W1, 1e-6
    network.backpropagate(A0, network.forward(A0), Y)
    slope = (network.gradient.W1 * W1).sum(axis=0)
    start = W1.copy()
    for j in range(N0):
        values = []
        for sign in (1, -1):
            W1[:, j] = start[:, j] * np.exp(sign * h)
            values.append(objective(network, A0, Y))
        W1[...] = start
        assert (values[0] - values[1]) / (2 * h) == pytest.approx(slope[j], rel=1e-6)


def test_a_small_step_lowers_the_objective():
    network, A0, Y = build()
    before = objective(network, A0, Y)
    network.loss_and_gradient(A0, Y)
    gradient = network.gradient
    InputScaling(1.0).step(network.parameters.W1, gradient.W1, gradient.b1, 1e-3)
    assert objective(network, A0, Y) < before


def test_units_that_agree_move_their_input_by_the_whole_rate_and_others_by_less():
    W1 = np.array([[1.0, 2.0, 1.0], [-3.0, 4.0, 1.0]])
    dW1 = np.array([[0.5, -0.1, 1.0], [-0.1, -9.0, -1.0]])
    factors = moved(W1, dW1, no_bias(W1), 0.01, speed=12.0) / W1
    np.testing.assert_allclose(factors, [[np.exp(-0.12), np.exp(0.12), 1]] * 2, rtol=1e-9)


@pytest.mark.parametrize("factor", [1e-3, 1e20])
def test_the_size_of_the_gradient_does_not_matter(factor):
    network, A0, Y = build()
    network.backpropagate(A0, network.forward(A0), Y)
    W1, dW1, db1 = network.parameters.W1, network.gradient.W1, network.gradient.b1
    scaled = moved(W1, dW1 * factor, db1 * factor, 0.1)
    np.testing.assert_allclose(scaled, moved(W1, dW1, db1, 0.1), rtol=1e-7)


def test_where_the_data_cancel_the_penalty_alone_moves_an_input_little():
    W1 = np.random.default_rng(0).standard_normal((N1, N0))
    factors = moved(W1, 1e-3 * W1, np.full((N1, 1), 0.1), 0.1, speed=3.0) / W1
    assert (factors > 0.99).all()


def test_steps_are_zero_on_average_where_the_derivative_is():
    """Of noise, whose size changes with its sign, no drift is left."""
    rng, W1, scaling = np.random.default_rng(0), np.ones((N1, 1)), InputScaling(1.0)
    for _ in range(4_000):
        size = -1 / 3 if rng.random() < 0.75 else 1
        scaling.step(W1, np.full((N1, 1), size), np.full((N1, 1), 1.0), 0.01)
    assert abs(np.log(W1[0, 0])) < 3 * 0.01 * np.sqrt(4_000 / 12)


@pytest.mark.fast(1)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_unwanted_input_fades_but_never_to_numbers_that_are_slow(dtype):
    W1, scaling = np.ones((N1, 1), dtype), InputScaling(12.0)
    for _ in range(10_000):
        scaling.step(W1, 1e-4 * W1, no_bias(W1), 0.1)  # all that pulls is the penalty
    assert (W1 < 1e-3).all()
    assert (1e6 * np.finfo(dtype).tiny < W1 * W1).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_input_without_gradient_or_weights_keeps_its_scale(dtype):
    W1, dW1 = np.ones((N1, 3), dtype), np.ones((N1, 3), dtype)
    W1[:, 0], dW1[:, 1] = 0, 0
    after = moved(W1, dW1, no_bias(W1), 0.1)
    np.testing.assert_array_equal(after[:, :2], W1[:, :2])
    assert (after[:, 2] < 1).all()
    assert after.dtype == dtype


def test_many_weights_are_scaled_every_fourth_step_four_times_as_far(monkeypatch):
    W1, dW1 = np.random.default_rng(0).standard_normal((2, N1, N0))
    often, seldom = W1.copy(), W1.copy()
    InputScaling(3.0).step(often, dW1, no_bias(W1), 0.4)
    monkeypatch.setattr("skshallow.core.input_scaling.MANY", W1.size)
    scaling = InputScaling(3.0)
    for step in range(4):
        np.testing.assert_array_equal(seldom, W1, err_msg=f"{step}")
        scaling.step(seldom, dW1, no_bias(W1), 0.1)
    np.testing.assert_allclose(seldom, often, rtol=1e-14)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_copies_and_pickles_go_on_alike_and_carry_no_buffers(again):
    network, A0, Y = build()
    network.backpropagate(A0, network.forward(A0), Y)
    W1, dW1, scaling = network.parameters.W1, network.gradient.W1, InputScaling(2.0)
    db1 = network.gradient.b1
    scaling.step(W1.copy(), dW1, db1, 0.1)
    twin = again(scaling)
    ends = [W1.copy(), W1.copy()]
    for end, it in zip(ends, (scaling, twin), strict=True):
        it.step(end, dW1, db1, 0.1)
    np.testing.assert_array_equal(*ends)
    assert len(pickle.dumps(scaling)) < 400


def test_how_often_columns_are_scaled_depends_on_one_network():
    n0, n1 = 64, MANY // 64 - 1
    one, four = np.ones((n1, n0)), np.ones((4 * n1, n0))
    assert InputScaling(1.0).period(one) == InputScaling(1.0, networks=4).period(four)
    assert InputScaling(1.0).period(four) > InputScaling(1.0).period(one)


@pytest.mark.parametrize("block", [1, N0, 2 * N0, 99])
def test_how_many_rows_are_looked_at_together_does_not_matter(block, monkeypatch):
    W1, dW1 = np.random.default_rng(0).standard_normal((2, N1, N0))
    db1 = np.linspace(-1, 1, N1)[:, None]
    expected = moved(W1, dW1, db1, 0.1)
    monkeypatch.setattr("skshallow.core.input_scaling.SCALING_BLOCK", block)
    np.testing.assert_allclose(moved(W1, dW1, db1, 0.1), expected, rtol=1e-12)
