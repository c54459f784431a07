import numpy as np
import pytest
from scipy.stats import norm

from skshallow.core.losses import (
    REGRESSION_LOSSES,
    AbsoluteError,
    Poisson,
    Quantile,
    SquaredError,
)
from skshallow.core.targets import TargetScaling

RNG = np.random.default_rng(0)
Y = RNG.gamma(2.0, [[1.0], [1e4]], (2, 201))


@pytest.mark.parametrize("kind", REGRESSION_LOSSES)
def test_folded_weights_give_the_outputs_in_the_unit_of_y(kind):
    """f(W2 A1 + b2) with folded weights undoes what was done to the targets."""
    loss = REGRESSION_LOSSES[kind]()
    scaling = TargetScaling.measure(Y, loss)
    W2, b2, A1 = RNG.standard_normal((2, 3)), RNG.standard_normal((2, 1)), RNG.random((3, 5))
    folded_W2, folded_b2 = scaling.fold(W2, b2)
    scaled_outputs = loss.output(W2 @ A1 + b2)
    outputs = loss.output(folded_W2 @ A1 + folded_b2)
    np.testing.assert_allclose(scaling.apply(outputs), scaled_outputs, rtol=1e-10)


@pytest.mark.parametrize("kind", REGRESSION_LOSSES)
def test_unfold_undoes_fold(kind):
    scaling = TargetScaling.measure(Y, REGRESSION_LOSSES[kind]())
    W2, b2 = RNG.standard_normal((2, 3)), RNG.standard_normal((2, 1))
    for ours, expected in zip(scaling.unfold(*scaling.fold(W2, b2)), (W2, b2), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-10)


@pytest.mark.parametrize("kind", REGRESSION_LOSSES)
def test_a_score_of_zero_is_the_best_constant_under_the_loss(kind):
    loss = REGRESSION_LOSSES[kind]()
    scaled = TargetScaling.measure(Y, loss).apply(Y)
    constants = np.linspace(-0.3, 0.3, 121)
    losses = [loss.value(np.full_like(Y, c), scaled).mean() for c in constants]
    slack = 0.15 if kind == "huber" else 0.01  # between median and mean; we take the median
    assert abs(constants[np.argmin(losses)]) <= slack


def test_squared_error_has_zero_mean_and_unit_deviation():
    scaled = TargetScaling.measure(Y, SquaredError()).apply(Y)
    np.testing.assert_allclose(scaled.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.std(axis=1), 1, rtol=1e-12)


def test_absolute_error_has_median_zero_and_the_median_deviation_of_a_normal_variable():
    scaled = TargetScaling.measure(Y, AbsoluteError()).apply(Y)
    np.testing.assert_allclose(np.median(scaled, axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(np.median(np.abs(scaled), axis=1), norm.ppf(0.75), rtol=1e-4)


def test_where_most_targets_are_alike_their_mean_deviation_counts():
    counts = np.array([[0.0, 0, 0, 0, 5, 9]])
    scaled = TargetScaling.measure(counts, AbsoluteError()).apply(counts)
    assert np.abs(scaled).mean() == pytest.approx(1)


def test_poisson_targets_keep_zero_and_get_the_mean_one():
    scaled = TargetScaling.measure(Y * (Y > 1), Poisson()).apply(Y * (Y > 1))
    assert scaled.min() == 0
    np.testing.assert_allclose(scaled.mean(axis=1), 1, rtol=1e-12)


def test_quantiles_of_one_target_share_its_spread_and_have_their_own_location():
    levels = np.array([[0.1], [0.75]])
    pair = np.repeat(Y[:1], 2, axis=0)
    scaling = TargetScaling.measure(pair, Quantile(levels))
    assert scaling.spread[0] == scaling.spread[1]
    np.testing.assert_allclose((pair <= scaling.location).mean(axis=1), levels[:, 0], atol=0.01)


@pytest.mark.parametrize("kind", REGRESSION_LOSSES)
def test_weights_are_repetitions(kind):
    loss, weights = REGRESSION_LOSSES[kind](), RNG.integers(0, 4, Y.shape[1])
    weighted = TargetScaling.measure(Y, loss, weights)
    repeated = TargetScaling.measure(np.repeat(Y, weights, axis=1), loss)
    for name in ("location", "spread", "gain", "offset"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-12)


@pytest.mark.parametrize("value", [0.0, 3.0, -1e8, 1e-20])
@pytest.mark.parametrize("kind", REGRESSION_LOSSES)
def test_a_constant_target_is_measured_by_its_size(kind, value):
    """Not by one, which may be tiny or huge beside the targets of later calls of partial_fit."""
    value = abs(value) if kind == "poisson" else value
    scaling = TargetScaling.measure(np.full((1, 7), value), REGRESSION_LOSSES[kind]())
    assert scaling.spread[0, 0] == pytest.approx(abs(value) or 1)
    assert np.abs(scaling.apply(np.full((1, 7), value))).max() <= 1 + 1e-12


@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_squares_neither_overflow_nor_vanish(unit):
    scaled = TargetScaling.measure(unit * Y, SquaredError()).apply(unit * Y)
    np.testing.assert_allclose(scaled.std(axis=1), 1, rtol=1e-10)
