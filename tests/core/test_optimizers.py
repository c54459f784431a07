import copy

import numpy as np
import pytest

from skshallow.core.activations import ACTIVATIONS
from skshallow.core.losses import LOSSES
from skshallow.core.network import Network
from skshallow.core.optimizers import OPTIMIZERS, SGD, STEP_BLOCK, Adam, GradientDescent, Optimizer
from skshallow.core.parameters import Layout, Parameters

RATE = 0.05
SIZES = 4, 6, 3
TORCH = {  # name -> (ours, torch.optim's of the same recursion)
    "gd": (GradientDescent(), lambda optim, p: optim.SGD(p, lr=RATE)),
    "sgd": (SGD(), lambda optim, p: optim.SGD(p, lr=RATE, momentum=0.9, nesterov=True)),
    "adam": (Adam(), lambda optim, p: optim.Adam(p, lr=RATE)),
    "sgd without Nesterov": (
        SGD(momentum=0.7, nesterov=False),
        lambda optim, p: optim.SGD(p, lr=RATE, momentum=0.7),
    ),
    "sgd without momentum": (SGD(momentum=0.0), lambda optim, p: optim.SGD(p, lr=RATE)),
    "adam with other betas": (
        Adam(beta1=0.5, beta2=0.95, epsilon=1e-3),
        lambda optim, p: optim.Adam(p, lr=RATE, betas=(0.5, 0.95), eps=1e-3),
    ),
}


def gradients(size, steps, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(size) for _ in range(steps)]


def run(optimizer, theta, slopes, rate=RATE):
    """theta after a step for each gradient."""
    theta = theta.copy()
    optimizer.reset(theta)
    for slope in slopes:
        optimizer.step(theta, slope.copy(), rate)
    return theta


def test_every_optimiser_of_the_table_has_a_rival():
    assert TORCH.keys() >= OPTIMIZERS.keys()
    assert all(type(TORCH[name][0]) is OPTIMIZERS[name] for name in OPTIMIZERS)


@pytest.mark.neighbours("torch")
@pytest.mark.parametrize("name", TORCH)
def test_fifty_steps_of_a_network_end_at_the_weights_of_torch(name):
    import torch

    rng, (n0, n1, n2) = np.random.default_rng(0), SIZES
    parameters = Parameters.zeros(Layout(*SIZES))
    parameters.theta[...] = rng.standard_normal(parameters.theta.size)
    theirs = torch.tensor(parameters.theta, requires_grad=True)
    network = Network(parameters, ACTIVATIONS["tanh"](), LOSSES["multiclass"]())
    ours, make = TORCH[name]
    ours, rival = copy.deepcopy(ours), make(torch.optim, [theirs])
    ours.reset(parameters.theta)
    for _ in range(50):
        A0, labels = rng.standard_normal((n0, 16)), rng.integers(0, n2, 16)
        network.loss_and_gradient(A0, np.eye(n2)[:, labels])
        ours.step(parameters.theta, network.gradient.theta, RATE)
        rival.zero_grad()
        W1, W2, b1, b2 = theirs.split([n1 * n0, n2 * n1, n1, n2])
        A1 = torch.tanh(W1.view(n1, n0) @ torch.tensor(A0) + b1.view(n1, 1))
        Z2 = W2.view(n2, n1) @ A1 + b2.view(n2, 1)
        torch.nn.functional.cross_entropy(Z2.T, torch.tensor(labels)).backward()
        rival.step()
    np.testing.assert_allclose(parameters.theta, theirs.detach().numpy(), rtol=0, atol=1e-8)


@pytest.mark.neighbours("torch")
@pytest.mark.parametrize("name", TORCH)
def test_a_vector_longer_than_a_block_moves_like_torch(name):
    import torch

    slopes = gradients(2 * STEP_BLOCK + 7, 5)
    theirs = torch.zeros(2 * STEP_BLOCK + 7, dtype=torch.float64, requires_grad=True)
    ours, make = TORCH[name]
    rival = make(torch.optim, [theirs])
    for slope in slopes:
        theirs.grad = torch.tensor(slope)
        rival.step()
    theta = run(copy.deepcopy(ours), np.zeros(2 * STEP_BLOCK + 7), slopes)
    np.testing.assert_allclose(theta, theirs.detach().numpy(), rtol=1e-10, atol=1e-14)


def test_gradient_descent_is_the_notes_line():
    theta, (slope,) = np.array([1.0, -2.0, 0.5]), gradients(3, 1)
    np.testing.assert_allclose(run(GradientDescent(), theta, [slope]), theta - RATE * slope)


@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd_is_the_recursion_of_its_docstring(nesterov):
    theta, slopes, velocity = np.zeros(5), gradients(5, 6), np.zeros(5)
    expected = theta.copy()
    for gradient in slopes:
        velocity = 0.8 * velocity + gradient
        expected = expected - RATE * (gradient + 0.8 * velocity if nesterov else velocity)
    ours = run(SGD(momentum=0.8, nesterov=nesterov), theta, slopes)
    np.testing.assert_allclose(ours, expected, rtol=1e-12)


def test_adam_is_the_recursion_of_its_docstring():
    theta, slopes, m, v = np.zeros(5), gradients(5, 6), np.zeros(5), np.zeros(5)
    expected = theta.copy()
    for t, gradient in enumerate(slopes, start=1):
        m = 0.6 * m + (1 - 0.6) * gradient
        v = 0.9 * v + (1 - 0.9) * gradient**2
        m_hat, v_hat = m / (1 - 0.6**t), v / (1 - 0.9**t)
        expected = expected - RATE * m_hat / (np.sqrt(v_hat) + 1e-2)
    ours = run(Adam(beta1=0.6, beta2=0.9, epsilon=1e-2), theta, slopes)
    np.testing.assert_allclose(ours, expected, rtol=1e-12)


def test_the_first_step_of_adam_is_the_rate_whatever_the_scale_of_the_gradient():
    slope = np.array([1e-3, -1.0, 1e6])
    step = run(Adam(epsilon=1e-15), np.zeros(3), [slope])
    np.testing.assert_allclose(step, -RATE * np.sign(slope), rtol=1e-9)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_rate_comes_with_every_step(name):
    slopes = gradients(4, 1)
    slow, fast = (run(OPTIMIZERS[name](), np.zeros(4), slopes, rate) for rate in (0.1, 0.3))
    np.testing.assert_allclose(fast, 3 * slow, rtol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_reset_forgets(name):
    used, slopes = OPTIMIZERS[name](), gradients(4, 3)
    run(used, np.zeros(4), gradients(4, 5, seed=1))
    fresh = run(OPTIMIZERS[name](), np.zeros(4), slopes)
    np.testing.assert_array_equal(run(used, np.zeros(4), slopes), fresh)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_theta_is_moved_in_place_and_keeps_its_type(name):
    optimizer, theta = OPTIMIZERS[name](), np.ones(4, np.float32)
    optimizer.reset(theta)
    for slope in gradients(4, 3):
        optimizer.step(theta, slope.astype(np.float32), RATE)
    state = [value for value in vars(optimizer).values() if isinstance(value, np.ndarray)]
    assert all(array.dtype == np.float32 for array in state)
    double = run(OPTIMIZERS[name](), np.ones(4), gradients(4, 3))
    np.testing.assert_allclose(theta, double, rtol=1e-5)
    assert theta.dtype == np.float32


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimiser_finds_the_bottom_of_a_bowl(name):
    optimizer, theta = OPTIMIZERS[name](), np.array([1.0, -1.0])
    optimizer.reset(theta)
    for _ in range(1000):
        optimizer.step(theta, theta * [1.0, 4.0], RATE)
    np.testing.assert_allclose(theta, 0, atol=1e-4)


def test_an_unfinished_optimiser_says_what_is_missing():
    class Unfinished(Optimizer):
        pass

    optimizer = Unfinished()
    optimizer.reset(np.zeros(3))  # nothing to forget
    with pytest.raises(NotImplementedError, match="Unfinished must define step"):
        optimizer.step(np.zeros(3), np.zeros(3), RATE)


@pytest.mark.fast(1)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_adam_lets_what_fades_become_zero_and_not_a_number_that_is_slow(dtype):
    adam, theta = Adam(), np.ones(3, dtype)
    adam.reset(theta)
    for t in range(8_000):  # after the first steps the momentum is on its way to nothing
        adam.step(theta, np.array([1.0, 0.5, -1.0] if t < 10 else [0.0] * 3, dtype), 1e-6)
        for vector in (theta, adam.m):
            size = np.abs(vector)
            assert ((size == 0) | (size >= np.finfo(dtype).tiny)).all()
    assert (adam.m == 0).all()


@pytest.mark.parametrize("value", [-1, np.nan, np.inf, "a", None])
@pytest.mark.parametrize(
    ("kind", "name"), [(SGD, "momentum"), (Adam, "epsilon"), (Adam, "input_scale_rate")]
)
def test_options_that_make_no_sense_are_refused_by_name(kind, name, value):
    with pytest.raises(ValueError, match=f"{name}={value!r}.* must be .*number.*for example"):
        kind(**{name: value})


def test_nesterov_is_true_or_false():
    with pytest.raises(ValueError, match="nesterov='no' must be True or False"):
        SGD(nesterov="no")


@pytest.mark.parametrize("betas", [{"beta1": 1.0}, {"beta2": 1.0}, {"beta1": -0.1}, {"beta2": 2}])
def test_moments_that_would_never_fade_are_refused(betas):
    ((name, value),) = betas.items()
    with pytest.raises(ValueError, match=rf"{name}={value}.* below 1, for example 0\.9"):
        Adam(**betas)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_has_faded_becomes_zero_after_eight_steps(dtype):
    least, adam = float(np.finfo(dtype).tiny), Adam()
    theta = np.array([least**0.5, least**0.3, 1, -(least**0.5)], dtype)
    adam.reset(theta)
    adam.m[...] = [least**0.6, -(least**0.4), 1, -(least**0.6)]
    for t in range(1, 9):
        assert (theta != 0).all(), t
        assert (adam.m != 0).all(), t
        adam.step(theta, np.zeros(4, dtype), 0.0)
    np.testing.assert_array_equal(theta != 0, [False, True, True, False])
    np.testing.assert_array_equal(adam.m != 0, [False, True, True, False])


def test_what_is_not_said_is_what_the_papers_recommend():
    """Kingma and Ba for Adam; Sutskever and others look ahead."""
    slopes = gradients(5, 6)
    for default, said in (
        (Adam(), Adam(beta1=0.9, beta2=0.999, epsilon=1e-8)),
        (SGD(), SGD(momentum=0.9, nesterov=True)),
    ):
        np.testing.assert_array_equal(
            run(default, np.ones(5), slopes), run(said, np.ones(5), slopes)
        )


@pytest.mark.parametrize("betas", [{"beta1": 0.0}, {"beta2": 0.0}, {"beta1": 0, "beta2": 0}])
def test_moments_without_a_memory_are_the_gradient_and_its_square(betas):
    adam, (slope,) = Adam(epsilon=0.0, **betas), gradients(5, 1)
    theta = run(adam, np.zeros(5), [slope] * 3)  # of equal gradients every mean is the same
    np.testing.assert_allclose(theta, -3 * RATE * np.sign(slope), rtol=1e-12)
