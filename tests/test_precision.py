"""What training knew, prediction knows: whatever the size and offset of features and targets."""

import warnings

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score

from skshallow import ShallowNNClassifier, ShallowNNRegressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 4))
Y = X[:, 0] + X[:, 1] ** 2
SOLVERS = {
    "adam": {},
    "sgd": {"learning_rate": 0.01},
    "gd": {"learning_rate": 0.1, "max_iter": 200},
    "lbfgs": {"max_iter": 50},
}
FITTED = "W1_", "b1_", "W2_", "b2_"

pytestmark = pytest.mark.filterwarnings("ignore:lbfgs stopped at max_iter")


def fitted(X, y=Y, **options):
    return ShallowNNRegressor(16, **{"max_iter": 40, "random_state": 0} | options).fit(X, y)


def assert_finite(model):
    assert all(np.isfinite(getattr(model, name)).all() for name in FITTED)


def with_column(value, dtype):
    changed = X.astype(dtype)
    changed[:, 3] = value
    return changed


# Features


@pytest.mark.fast(2)
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("value", [1_700_000_000_123_456_789, 1_700_000_000, 3e38, -1e-30, 0.1])
def test_a_constant_column_has_no_weight_and_changes_nothing(value, dtype, solver):
    options = {"solver": solver, "alpha": 0.0} | SOLVERS[solver]
    changed = with_column(value, dtype)
    model, without = fitted(changed, **options), fitted(with_column(0, dtype), **options)
    np.testing.assert_array_equal(model.W1_[:, 3], 0)
    np.testing.assert_allclose(model.predict(changed), without.predict(changed), rtol=1e-5)
    assert model.score(changed, Y) > 0.8
    assert model.input_center_ is None


def test_a_nearly_constant_column_does_no_harm():
    value = 1_700_000_000_123_456_789.0
    changed = with_column(value, np.float64)
    changed[::3, 3] = np.nextafter(value, np.inf)
    changed[::5, 3] = np.nextafter(value, -np.inf)
    model = fitted(changed)
    assert_finite(model)
    assert model.score(changed, Y) > 0.9


@pytest.mark.fast(2)
@pytest.mark.parametrize("call", ["fit", "partial_fit", "warm_start"])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("scale", [1e-25, 1e-12, 1e15, 1e20, 1e33])
def test_float32_features_of_any_size_are_learned(scale, solver, call):
    options = {"solver": solver, "alpha": 1e-3} | SOLVERS[solver]
    model = ShallowNNRegressor(16, max_iter=20, random_state=0, **options)
    scaled = (X * scale).astype(np.float32)
    if call == "partial_fit":
        for _ in range(40):
            model.partial_fit(scaled, Y)
    else:
        model.set_params(warm_start=call == "warm_start").fit(scaled, Y).fit(scaled, Y)
    assert_finite(model)
    assert model.score(scaled, Y) > 0.7


@pytest.mark.fast(2)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("tiny", [1e-39, 1e-42])
@pytest.mark.parametrize("convert", [np.asarray, csr_array])
def test_features_too_small_for_their_type_are_named(tiny, dtype, convert):
    tiny = tiny if dtype == np.float32 else tiny * 1e-270
    changed = with_column(0, dtype)
    changed[:, 3] = tiny * (np.arange(400) % 3)
    with pytest.warns(UserWarning, match=rf"too small for {np.dtype(dtype)}: 3\. They are ignored"):
        model = fitted(convert(changed))
    assert_finite(model)
    np.testing.assert_array_equal(model.W1_[:, 3], 0)


def test_one_residue_in_a_column_of_zeros_does_no_harm():
    changed = with_column(0, np.float32)
    changed[7, 3] = 1e-42
    with warnings.catch_warnings(action="ignore"):
        model = fitted(changed)
    assert_finite(model)
    assert model.score(changed, Y) > 0.9


@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_features_too_large_for_their_type_are_refused(call):
    changed = with_column(np.where(np.arange(400) % 2, 3e38, -3e38), np.float32)
    with pytest.raises(ValueError, match=r"3e\+38, too large to standardise as float32: divide X"):
        getattr(ShallowNNRegressor(4), call)(changed, Y)


@pytest.mark.fast(1)
@pytest.mark.parametrize("call", ["fit", "partial_fit"])
@pytest.mark.parametrize("convert", [np.asarray, csr_array])
@pytest.mark.parametrize("clip_inputs", [True, False])
@pytest.mark.parametrize(("dtype", "offset"), [(np.float32, 2.0**17), (np.float64, 2.0**46)])
def test_predictions_far_from_zero_are_those_of_training(dtype, offset, clip_inputs, convert, call):
    """A grid of sixteenths is moved without rounding, so that only the fold could lose digits."""
    grid = (np.round(X * 16) / 16).astype(dtype)
    near, far = (
        ShallowNNRegressor(16, clip_inputs=clip_inputs, max_iter=40, random_state=0)
        for _ in range(2)
    )
    moved = convert((grid + offset).astype(dtype))
    assert (grid + offset - offset == grid).all()
    for _ in range(1 if call == "fit" else 40):
        getattr(near, call)(grid, Y)
        getattr(far, call)(moved, Y)
    assert far.input_center_ is not None
    assert near.score(grid, Y) > 0.9
    assert far.score(moved, Y) == pytest.approx(near.score(grid, Y), abs=0.02)
    loss = np.mean((far.predict(moved) - Y) ** 2) / np.var(Y) / 2
    assert far._mean_loss(moved, Y) == pytest.approx(loss, rel=0.1)


def test_training_goes_on_from_a_network_far_from_zero():
    far = (np.round(X * 16) / 16 + 2.0**17).astype(np.float32)
    model = fitted(far, alpha=1e-3)
    before = model.predict(far)
    model.set_params(learning_rate=1e-12).partial_fit(far, Y)
    np.testing.assert_allclose(model.predict(far), before, rtol=1e-4, atol=1e-4)


def test_the_weights_predict_by_the_formula_of_the_docs():
    model = fitted((X + 1e6).astype(np.float32), activation="tanh")
    centred = (X + 1e6).astype(np.float32) - model.input_center_
    A1 = np.tanh(model.W1_ @ centred.T + model.b1_)
    np.testing.assert_allclose(
        (model.W2_ @ A1 + model.b2_)[0], model.predict((X + 1e6).astype(np.float32)), atol=1e-4
    )


@pytest.mark.slow
@pytest.mark.fast(1)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_column_that_begins_to_change_is_learned(dtype):
    changed, y = X.astype(dtype), X[:, 3]
    model = ShallowNNRegressor(16, random_state=0)
    constant = changed.copy()
    constant[:, 3] = 5
    for _ in range(3):
        model.partial_fit(constant, y)
    for _ in range(150):
        model.partial_fit(changed, y)
    assert model.score(changed, y) > 0.9


# Targets


@pytest.mark.fast(2)
@pytest.mark.parametrize("offset", [1e9, 2e12])
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
def test_targets_with_a_large_offset_are_learned(offset, loss):
    model = fitted(X, offset + Y, loss=loss)
    assert r2_score(Y, model.predict(X) - offset) > 0.9


@pytest.mark.fast(3)
@pytest.mark.parametrize("value", [0.0, 0.1, -3e9, 1e-300, 1.23456789e100])
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
def test_a_constant_target_is_predicted(value, loss):
    model = fitted(X, np.full(400, value), loss=loss)
    np.testing.assert_allclose(model.predict(X), value, rtol=1e-3, atol=1e-4)


@pytest.mark.fast(1)
@pytest.mark.parametrize(("dtype", "offset"), [(np.float32, 1e7), (np.float64, 1e14)])
def test_targets_that_the_type_of_x_does_not_resolve_are_named(dtype, offset):
    with pytest.warns(
        UserWarning, match=rf"y lies around .* varies by .* of type {np.dtype(dtype)}"
    ):
        fitted(X.astype(dtype), offset + Y)
    with warnings.catch_warnings(action="error"):
        fitted(X.astype(dtype), offset / 1e5 + Y)


@pytest.mark.parametrize("y", [Y * 1e-43, Y * 1e-142, np.c_[Y, Y * 1e-142]])
def test_targets_too_small_for_the_type_of_x_are_named(y):
    with pytest.warns(UserWarning, match=r"do not resolve: multiply y by a constant, or make X"):
        fitted(X.astype(np.float32), y)
    with warnings.catch_warnings(action="error"):
        fitted(X, y)
        fitted(X.astype(np.float32), Y * 1e-39)


def test_predictions_that_overflow_are_refused():
    counts = ShallowNNRegressor(8, loss="poisson", clip_inputs=False, max_iter=40, random_state=0)
    counts.fit(X, np.exp(X[:, 0]))
    with pytest.raises(ValueError, match="so large that predictions overflow"):
        counts.predict(X * 1e5)


def test_targets_at_the_limit_of_rounding_are_named_and_no_worse_than_a_constant():
    y = X[:, 0] + 1e15
    with pytest.warns(UserWarning, match="y lies around 1e"):
        model = fitted(X, y, alpha=1e-3)
    assert np.mean((model.predict(X) - y) ** 2) < 1.1 * np.var(y)


# Weights


@pytest.mark.fast(2)
@pytest.mark.parametrize("weight", [1e-310, 1e-200, 1e-20])
@pytest.mark.parametrize("estimator", [ShallowNNClassifier, ShallowNNRegressor])
def test_small_weights_are_weights_of_one(weight, estimator):
    y = Y if estimator is ShallowNNRegressor else Y > 0.5
    models = [
        estimator(8, max_iter=5, random_state=0).fit(X, y, sample_weight=np.full(400, w))
        for w in (1.0, weight)
    ]
    assert models[0].alpha_ == models[1].alpha_
    np.testing.assert_allclose(models[0].W1_, models[1].W1_, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("weight", [1e153, 1e300])
def test_large_weights_are_refused_as_such(weight):
    with pytest.raises(ValueError, match=r"sample_weight: the sum of the weights is .*divide"):
        ShallowNNRegressor(8).fit(X, Y, sample_weight=np.full(400, weight))


# Outcomes


def test_finite_or_refused_over_the_whole_range_of_numbers():
    for exponent in range(-320, 309, 37):
        scaled = X * 10.0**exponent
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", (UserWarning, ConvergenceWarning))
            if exponent > 150:
                with pytest.raises(ValueError, match="too large to standardise"):
                    fitted(scaled)
                continue
            model = fitted(scaled, max_iter=2)
        assert_finite(model)
        assert np.isfinite(model.predict(scaled)).all()
