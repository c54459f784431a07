import numpy as np
import pytest
import textbook

from skshallow.core.losses import LOSSES

M = 9
METHODS = ["output", "log_output", "value", "slope"]


def example(kind, seed=0, scale=2.0):
    """(loss, Z2, Y) with M examples."""
    rng = np.random.default_rng(seed)
    n2 = 1 if kind == "binary" else 3
    Z2 = rng.standard_normal((n2, M)) * scale
    Y = np.eye(3)[:, rng.integers(0, 3, M)]
    if kind != "multiclass":
        Y = rng.integers(0, 2, (n2, M)).astype(float)
    return LOSSES[kind](), Z2, Y


def call(loss, method, Z2, Y):
    """The method's result; Z2 is left alone."""
    return getattr(loss, method)(Z2.copy(), *([Y] if method in ("value", "slope") else []))


@pytest.mark.parametrize("kind", LOSSES)
def test_output_and_value_are_the_formulas_of_the_notes(kind):
    loss, Z2, Y = example(kind)
    output, cross_entropy = textbook.OUTPUTS[kind]
    np.testing.assert_allclose(call(loss, "output", Z2, Y), output(Z2), rtol=1e-12)
    value = call(loss, "value", Z2, Y)
    np.testing.assert_allclose(value, cross_entropy(output(Z2), Y), rtol=1e-11)


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
    Y = call(loss, "output", Z2, None)  # probabilities as targets
    np.testing.assert_allclose(call(loss, "slope", Z2, Y), 0, atol=1e-15)
    moved = Z2 + np.random.default_rng(5).standard_normal(Z2.shape)
    assert (call(loss, "value", moved, Y) > call(loss, "value", Z2, Y)).all()


@pytest.mark.parametrize("kind", LOSSES)
def test_log_output_is_the_logarithm_of_the_output(kind):
    loss, Z2, Y = example(kind)
    expected = np.log(call(loss, "output", Z2, Y))
    np.testing.assert_allclose(call(loss, "log_output", Z2, Y), expected, rtol=1e-12)


@pytest.mark.parametrize("kind", LOSSES)
def test_outputs_are_probabilities(kind):
    loss, Z2, _ = example(kind, scale=30.0)
    A2 = loss.output(Z2)
    assert ((A2 >= 0) & (A2 <= 1)).all()
    if kind == "multiclass":
        np.testing.assert_allclose(A2.sum(axis=0), 1, rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", LOSSES)
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


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", LOSSES)
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
