import numpy as np
import pytest
import textbook
from sklearn import metrics

from skshallow.core.losses import (
    CLASSIFICATION_LOSSES,
    LOSSES,
    REGRESSION_LOSSES,
    Huber,
    Quantile,
    RegressionLoss,
)

M = 9
METHODS = ["output", "log_output", "value", "slope"]
PAIRS = [
    (kind, method)
    for kind in LOSSES
    for method in METHODS
    if kind in CLASSIFICATION_LOSSES or method != "log_output"
]


def example(kind, seed=0, scale=2.0):
    """(loss, Z2, Y) with M examples."""
    rng = np.random.default_rng(seed)
    n2 = 1 if kind == "binary" else 3
    Z2 = rng.standard_normal((n2, M)) * scale
    return LOSSES[kind](), Z2, textbook.targets(kind, M, rng)


def call(loss, method, Z2, Y):
    """The method's result; Z2 is left alone."""
    return getattr(loss, method)(Z2.copy(), *([Y] if method in ("value", "slope") else []))


@pytest.mark.parametrize("kind", LOSSES)
def test_output_and_value_are_the_formulas_of_the_notes(kind):
    loss, Z2, Y = example(kind)
    output, formula, derivative = textbook.OUTPUTS[kind]
    np.testing.assert_allclose(call(loss, "output", Z2, Y), output(Z2), rtol=1e-12)
    value, slope = call(loss, "value", Z2, Y), call(loss, "slope", Z2, Y)
    np.testing.assert_allclose(value, formula(output(Z2), Y), rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(slope, derivative(output(Z2), Y), rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("kind", LOSSES)
def test_slope_is_the_derivative_of_the_value(kind):
    loss, Z2, Y = example(kind)
    dZ2 = call(loss, "slope", Z2, Y)
    numeric, h = np.empty_like(Z2), 1e-5
    for k in range(len(Z2)):
        up, down = Z2.copy(), Z2.copy()
        up[k] += h
        down[k] -= h
        difference = loss.value(up, Y) - loss.value(down, Y)
        numeric[k] = difference.sum(axis=0) / (2 * h)
    np.testing.assert_allclose(dZ2, numeric, atol=1e-9)


@pytest.mark.parametrize("method", ["output", "slope"])
@pytest.mark.parametrize("kind", LOSSES)
def test_output_and_slope_stand_in_place_of_the_scores(kind, method):
    loss, Z2, Y = example(kind)
    expected = call(loss, method, Z2, Y)
    getattr(loss, method)(Z2, *([Y] if method == "slope" else []))
    np.testing.assert_array_equal(Z2, expected)


@pytest.mark.parametrize("kind", LOSSES)
def test_the_value_is_least_where_the_output_is_the_target(kind):
    loss, Z2, _ = example(kind)
    Y = call(loss, "output", Z2, None)  # probabilities or means as targets
    np.testing.assert_allclose(call(loss, "slope", Z2, Y), 0, atol=1e-15)
    moved = Z2 + np.random.default_rng(5).standard_normal(Z2.shape)
    assert (call(loss, "value", moved, Y) > call(loss, "value", Z2, Y)).all()


@pytest.mark.parametrize("kind", CLASSIFICATION_LOSSES)
def test_log_output_is_the_logarithm_of_the_output(kind):
    loss, Z2, Y = example(kind)
    expected = np.log(call(loss, "output", Z2, Y))
    np.testing.assert_allclose(call(loss, "log_output", Z2, Y), expected, rtol=1e-12)


@pytest.mark.parametrize("kind", CLASSIFICATION_LOSSES)
def test_outputs_are_probabilities(kind):
    loss, Z2, _ = example(kind, scale=30.0)
    A2 = loss.output(Z2)
    assert ((A2 >= 0) & (A2 <= 1)).all()
    if kind == "multiclass":
        np.testing.assert_allclose(A2.sum(axis=0), 1, rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("kind", "method"), [pair for pair in PAIRS if "poisson" not in pair])
def test_scores_of_800_overflow_nowhere(kind, method, dtype):
    loss, Z2, Y = example(kind)
    Z2 = (np.sign(Z2) * 800).astype(dtype)
    result = call(loss, method, Z2, Y.astype(dtype))
    assert np.isfinite(result).all()
    assert result.dtype == dtype


@pytest.mark.parametrize("score", [-800.0, 800.0])
def test_a_sure_wrong_answer_costs_its_score_and_a_sure_right_one_nothing(score):
    Y = np.array([[0.0, 1.0]])
    cost = [800.0, 0.0] if score > 0 else [0.0, 800.0]
    binary = LOSSES["binary"]()
    np.testing.assert_allclose(binary.value(np.full((1, 2), score), Y), [cost], atol=1e-12)
    scores = np.array([[0.0, 0.0], [score, score]])
    multiclass = LOSSES["multiclass"]()
    np.testing.assert_allclose(multiclass.value(scores, np.vstack([1 - Y, Y])), [cost], atol=1e-12)


@pytest.mark.parametrize(("kind", "method"), PAIRS)
def test_tiles_stacked_on_a_leading_axis_are_each_treated_alone(kind, method):
    loss, Z2, Y = example(kind)
    _, other, _ = example(kind, seed=1)
    stacked = call(loss, method, np.stack([Z2, other]), np.stack([Y, Y]))
    for i, scores in enumerate([Z2, other]):
        np.testing.assert_allclose(stacked[i], call(loss, method, scores, Y), rtol=1e-14)


def test_softmax_does_not_see_a_constant_added_to_all_scores():
    loss, Z2, Y = example("multiclass")
    shifted = Z2 + 1e3 * np.arange(M)
    for method in METHODS:
        np.testing.assert_allclose(
            call(loss, method, shifted, Y), call(loss, method, Z2, Y), atol=1e-11
        )


def test_softmax_over_two_classes_is_the_sigmoid_of_their_difference():
    loss, Z2, Y = example("binary")
    pair, targets = np.vstack([np.zeros((1, M)), Z2]), np.vstack([1 - Y, Y])
    multiclass = LOSSES["multiclass"]()
    value, slope = (call(multiclass, method, pair, targets) for method in ("value", "slope"))
    np.testing.assert_allclose(value, call(loss, "value", Z2, Y), rtol=1e-12)
    np.testing.assert_allclose(slope[1:], call(loss, "slope", Z2, Y), rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_multilabel_is_one_binary_question_for_each_output(method):
    loss, Z2, Y = example("multilabel")
    together = call(loss, method, Z2, Y)
    for k in range(len(Z2)):
        alone = call(LOSSES["binary"](), method, Z2[[k]], Y[[k]])
        np.testing.assert_array_equal(together[[k]], alone)


@pytest.mark.parametrize("kind", REGRESSION_LOSSES)
def test_several_targets_are_each_treated_alone(kind):
    loss, Z2, Y = example(kind)
    for method in ("output", "value", "slope"):
        together = call(loss, method, Z2, Y)
        for k in range(len(Z2)):
            np.testing.assert_array_equal(together[[k]], call(loss, method, Z2[[k]], Y[[k]]))


@pytest.mark.parametrize(
    ("kind", "measure", "factor"),
    [
        ("squared_error", metrics.mean_squared_error, 2),
        ("absolute_error", metrics.mean_absolute_error, 1),
        ("quantile", metrics.mean_absolute_error, 2),
    ],
)
def test_errors_are_those_that_scikit_learn_measures(kind, measure, factor):
    loss, Z2, Y = example(kind)
    assert factor * call(loss, "value", Z2, Y).mean() == pytest.approx(measure(Y, Z2))


def test_huber_grows_from_half_the_square_into_a_line():
    loss, u = Huber(delta=2.0), np.array([[0.5, 2.0, 10.0]])
    np.testing.assert_allclose(loss.value(u.copy(), 0 * u), [[0.125, 2.0, 18.0]])
    np.testing.assert_allclose(loss.slope(-u, 0 * u), [[-0.5, -2.0, -2.0]])


def test_poisson_is_half_the_deviance_of_scikit_learn():
    loss, Z2, Y = example("poisson")
    deviance = metrics.mean_poisson_deviance(Y.ravel(), np.exp(Z2).ravel())
    assert 2 * call(loss, "value", Z2, Y).mean() == pytest.approx(deviance)


@pytest.mark.parametrize("q", [0.05, 0.5, 0.8])
def test_quantile_is_the_pinball_loss_of_scikit_learn(q):
    _, Z2, Y = example("quantile")
    loss = Quantile(q)
    pinball = metrics.mean_pinball_loss(Y.ravel(), Z2.ravel(), alpha=q)
    assert call(loss, "value", Z2, Y).mean() == pytest.approx(pinball)
    expected = textbook.pinball_derivative(Z2, Y, q)
    np.testing.assert_allclose(call(loss, "slope", Z2, Y), expected, atol=1e-15)


def test_every_output_may_have_a_quantile_of_its_own():
    _, Z2, Y = example("quantile")
    levels = [0.1, 0.4, 0.9]
    together = Quantile(np.array(levels)[:, None])
    for method in ("value", "slope"):
        for k, level in enumerate(levels):
            alone = call(Quantile(level), method, Z2[[k]], Y[[k]])
            np.testing.assert_array_equal(call(together, method, Z2, Y)[[k]], alone)


@pytest.mark.parametrize("method", ["value", "slope"])
def test_an_own_loss_must_say_its_value_and_slope(method):
    with pytest.raises(NotImplementedError, match=f"RegressionLoss must define {method}"):
        getattr(RegressionLoss(), method)(np.zeros((1, 2)), np.zeros((1, 2)))


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, np.nan, [0.5], [[0.5], [1.5]], [[0.0], [0.5]]])
def test_a_quantile_level_outside_of_zero_to_one_is_refused(level):
    with pytest.raises(ValueError, match="above 0 and below 1"):
        Quantile(level)
