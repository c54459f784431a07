import copy

import numpy as np
import pytest
from kernels import assert_close, call

pytest.importorskip("numba")
from skshallow._compiled import optimizers
from skshallow.core.input_scaling import InputScaling
from skshallow.core.optimizers import SGD, Adam, GradientDescent

pytestmark = pytest.mark.neighbours("numba")
N, ALPHA = 37, 0.3
RULES = {
    "adam": Adam(),
    "slow adam": Adam(beta1=0.5, beta2=0.9, epsilon=1e-3),
    "sgd": SGD(),
    "plain momentum": SGD(momentum=0.7, nesterov=False),
    "no momentum": SGD(momentum=0),
}


class Penalised:
    """As much of a network as a rule looks at."""

    alpha = ALPHA


def start(optimizer, dtype):
    """theta, and a copy of the optimizer, ready for it."""
    theta = np.random.default_rng(0).standard_normal(N).astype(dtype)
    optimizer = copy.deepcopy(optimizer)
    optimizer.reset(theta)
    return theta, optimizer


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", RULES)
def test_a_step_is_that_of_core_with_the_penalty_in_the_gradient(name, dtype):
    (theta, core), (ours, optimizer) = (start(RULES[name], dtype) for _ in range(2))
    rule, rng = optimizers.rule_of(optimizer, Penalised, None), np.random.default_rng(1)
    moments = optimizers.moments_of(optimizer)
    for t in range(1, 10):
        g = rng.standard_normal(N).astype(dtype)
        call(optimizers.step, rule, (ours, g.copy(), *moments), t, 0.05, ALPHA)
        core.step(theta, g + theta.dtype.type(ALPHA) * theta, 0.05)
        assert_close(ours, theta, ulp=4 * t)


def test_a_vector_may_be_moved_in_parts():
    (whole, _), (parts, optimizer) = (start(Adam(), "float64") for _ in range(2))
    rule, g = optimizers.rule_of(optimizer, Penalised, None), np.linspace(-1, 1, N)
    call(optimizers.step, rule, (whole, g, np.zeros(N), np.zeros(N)), 8, 0.1, ALPHA)
    for part in (slice(0, 10), slice(10, N)):
        vectors = parts[part], g[part], np.zeros(N)[part], np.zeros(N)[part]
        call(optimizers.step, rule, vectors, 8, 0.1, ALPHA)
    np.testing.assert_array_equal(parts, whole)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_has_faded_becomes_zero_as_in_core(dtype):
    least, adam = float(np.finfo(dtype).tiny), Adam()
    theta = np.array([least**0.5, least**0.3, 1, -(least**0.5)], dtype)
    ours = theta.copy()
    adam.reset(theta)
    rule = optimizers.rule_of(adam, Penalised, None)
    adam.m[...] = [least**0.6, -(least**0.4), 1, -(least**0.6)]
    for t in range(1, 9):
        assert (ours != 0).all(), t
        assert (adam.m != 0).all(), t
        call(optimizers.step, rule, (ours, np.zeros(4, dtype), adam.m, adam.v), t, 0.0, 0.0)
    np.testing.assert_array_equal(ours != 0, [False, True, True, False])
    np.testing.assert_array_equal(adam.m != 0, [False, True, True, False])


def test_a_rule_knows_the_options_of_its_optimizer():
    scaling, network = InputScaling(3.0), Penalised()
    network.parameters = type("Views", (), {"W1": np.ones((200, 300))})
    rule = optimizers.rule_of(Adam(beta1=0, epsilon=1), network, scaling)
    assert (rule.beta1, rule.epsilon, rule.alpha) == (0.0, 1.0, ALPHA)
    assert {type(number) for number in rule[1:5]} == {float}  # one type, one compilation
    assert (rule.scaling_rate, rule.scaling_period) == (3.0, scaling.period(network.parameters.W1))
    assert optimizers.rule_of(GradientDescent(), Penalised, None).scaling_period == 0


def test_sums_and_penalties_are_added_in_place():
    theta, gradient, total = np.linspace(1, 2, 5), np.ones(5), np.full(5, 3.0)
    call(optimizers.add_penalty, theta, gradient, 2.0)
    np.testing.assert_allclose(gradient, 1 + 2 * theta)
    call(optimizers.add, gradient, total)
    np.testing.assert_allclose(total, 4 + 2 * theta)
