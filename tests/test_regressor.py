"""The regressor: its losses, the unit of its targets, quantiles. What it shares is tested too."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import textbook
from covering import covered, slow
from scipy.optimize import minimize
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_linnerud, make_regression
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.linear_model import LinearRegression, PoissonRegressor, QuantileRegressor, Ridge
from sklearn.metrics import d2_pinball_score, make_scorer, mean_absolute_error, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_predict, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowNNRegressor
from skshallow.core.activations import ACTIVATIONS
from skshallow.core.losses import REGRESSION_LOSSES, Huber, Quantile, RegressionLoss, SquaredError
from skshallow.core.optimizers import Adam

X, y = load_diabetes(return_X_y=True)
X.flags.writeable = y.flags.writeable = False
PAIR = np.column_stack([y, 1000 - 3 * y])
SMALL = {"hidden_units": 8, "max_iter": 20, "random_state": 0, "alpha": 0.01}
LAYERS = ("W1_", "b1_", "W2_", "b2_")
QUIET_LBFGS = pytest.mark.filterwarnings("ignore:lbfgs:sklearn.exceptions.ConvergenceWarning")


class LogCosh(RegressionLoss):
    """A user's loss, smooth between square and line."""

    def value(self, Z2, Y):
        return np.logaddexp(Z2 - Y, Y - Z2) - np.log(2)

    def slope(self, Z2, Y):
        return np.tanh(np.subtract(Z2, Y, out=Z2), out=Z2)


def short(**parameters):
    return ShallowNNRegressor(**SMALL | parameters)


def layers(regressor):
    return [getattr(regressor, name) for name in LAYERS]


# --- the mathematics


@covered(loss=REGRESSION_LOSSES, activation=["identity", "tanh", "relu"], strength=1)
def test_gd_takes_the_textbooks_steps(loss, activation):
    rng = np.random.default_rng(0)
    inputs, targets = rng.standard_normal((30, 3)), rng.poisson(2.0, (30, 2)).astype(float)
    start = [rng.standard_normal(shape) * 0.3 for shape in ((4, 3), (2, 4))]
    regressor = ShallowNNRegressor(
        4,
        loss=loss,
        activation=activation,
        solver="gd",
        init=lambda rng, n_out, n_in: start[0] if n_out == 4 else start[1],
        learning_rate=0.1,
        alpha=0,
        max_iter=30,
        standardize=False,
    ).fit(inputs, targets)
    given = start[0], np.zeros((4, 1)), start[1], np.zeros((2, 1))
    expected, costs = textbook.gradient_descent(
        inputs.T,
        targets.T,
        *given,
        textbook.ACTIVATIONS[activation],
        textbook.OUTPUTS[loss],
        0.1,
        30,
    )
    for ours, theirs in zip(layers(regressor), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(regressor.loss_curve_, costs, rtol=1e-10)


@covered(
    activation=[name for name in ACTIVATIONS if name != "prelu"],
    loss=REGRESSION_LOSSES,
    strength=1,
)
def test_predictions_are_the_forward_pass_of_the_fitted_weights(activation, loss):
    regressor = short(loss=loss, activation=activation).fit(X, PAIR - PAIR.min())
    g1, output = textbook.ACTIVATIONS[activation][0], textbook.OUTPUTS[loss][0]
    A2 = textbook.forward(X.T, *layers(regressor), g1, output)[-1]
    np.testing.assert_allclose(regressor.predict(X), A2.T, rtol=1e-9)


@pytest.mark.neighbours("torch")
@pytest.mark.parametrize("loss", ["squared_error", "huber", "poisson"])
def test_adam_follows_torch(loss):
    import torch

    F, rng = torch.nn.functional, np.random.default_rng(0)
    inputs, targets = rng.standard_normal((40, 3)), rng.poisson(2.0, (40, 1)).astype(float)
    start = {4: rng.standard_normal((4, 3)) * 0.3, 1: rng.standard_normal((1, 4)) * 0.3}
    regressor = ShallowNNRegressor(
        4,
        loss=loss,
        activation="tanh",
        solver=Adam(input_scale_rate=0),
        init=lambda rng, n_out, n_in: start[n_out],
        learning_rate=0.01,
        schedule="constant",
        alpha=0,
        batch_size=40,
        max_iter=50,
        standardize=False,
    ).fit(inputs, targets[:, 0])
    zeros = np.zeros((4, 1)), np.zeros((1, 1))
    theirs = [torch.tensor(a, requires_grad=True) for a in (start[4], zeros[0], start[1], zeros[1])]
    W1, b1, W2, b2 = theirs
    x, t = torch.tensor(inputs.T), torch.tensor(targets.T)
    optimizer = torch.optim.Adam(theirs, lr=0.01)
    for _ in range(50):
        z = W2 @ torch.tanh(W1 @ x + b1) + b2
        cost = {
            "squared_error": lambda z: F.mse_loss(z, t) / 2,
            "huber": lambda z: F.huber_loss(z, t, delta=Huber().delta),
            "poisson": lambda z: F.poisson_nll_loss(z, t),
        }[loss](z)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
    for ours, other in zip(layers(regressor), theirs, strict=True):
        np.testing.assert_allclose(ours, other.detach().numpy(), rtol=1e-8, atol=1e-10)


@QUIET_LBFGS
def test_a_linear_network_finds_least_squares():
    regressor = ShallowNNRegressor(
        4, activation="identity", solver="lbfgs", alpha=1e-9, tol=1e-9, random_state=0
    ).fit(X, y)
    expected = LinearRegression().fit(X, y).predict(X)
    np.testing.assert_allclose(regressor.predict(X), expected, rtol=1e-3)


@QUIET_LBFGS
def test_a_linear_network_finds_the_poisson_regression():
    regressor = ShallowNNRegressor(
        4,
        loss="poisson",
        activation="identity",
        solver="lbfgs",
        alpha=1e-9,
        tol=1e-9,
        random_state=0,
    ).fit(X, y)
    theirs = make_pipeline(StandardScaler(), PoissonRegressor(alpha=0, max_iter=10_000, tol=1e-9))
    np.testing.assert_allclose(regressor.predict(X), theirs.fit(X, y).predict(X), rtol=1e-3)


@pytest.mark.parametrize("quantile", [0.9, *slow(0.2, 0.5)])
def test_a_linear_network_finds_the_quantile_regression(quantile):
    regressor = ShallowNNRegressor(
        4,
        loss="quantile",
        quantile=quantile,
        activation="identity",
        alpha=1e-7,
        max_iter=400,
        random_state=0,
    ).fit(X, y)
    theirs = make_pipeline(StandardScaler(), QuantileRegressor(quantile=quantile, alpha=0))
    best, ours = (
        d2_pinball_score(y, fitted.predict(X), alpha=quantile)
        for fitted in (theirs.fit(X, y), regressor)
    )
    assert best - 0.005 < ours <= best + 1e-9


@pytest.mark.fast(2)
@covered(
    loss=["squared_error", "absolute_error", "quantile", "poisson"],
    solver=["adam", "lbfgs"],
    strength=1,
)
@pytest.mark.filterwarnings("ignore:no hidden unit reacts:UserWarning")  # as it should be
@QUIET_LBFGS
def test_under_a_crushing_penalty_the_best_constant_is_left(loss, solver):
    level = {"quantile": 0.8} if loss == "quantile" else {}
    regressor = short(loss=loss, solver=solver, alpha=1e3, max_iter=200, **level).fit(X, y)
    constant = {
        "squared_error": y.mean(),
        "absolute_error": np.median(y),
        "quantile": np.quantile(y, 0.8),
        "poisson": y.mean(),
    }[loss]
    np.testing.assert_allclose(regressor.predict(X), constant, rtol=0.02)


# --- the unit of the targets


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
@pytest.mark.parametrize("solver", ["adam", "gd"])
def test_the_unit_of_y_does_not_matter(loss, solver):
    regressor, shift = short(loss=loss, solver=solver), 0 if loss == "poisson" else 5e5
    expected = regressor.fit(X, y).predict(X)
    in_dollars = regressor.fit(X, 1000 * y + shift).predict(X)
    np.testing.assert_allclose((in_dollars - shift) / 1000, expected, rtol=1e-6)


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_standardising_is_what_one_would_do_outside(loss):
    """Scaled targets and standardize=False give the same network, seen in another unit."""
    rows = slice(441)  # an odd number has one median
    inputs, targets = StandardScaler().fit_transform(X[rows]), y[rows]
    inputs[:, 1] /= np.ptp(inputs[:, 1])  # sex has two values: their distance is one
    center = {"squared_error": targets.mean(), "poisson": 0}.get(loss, np.median(targets))
    robust = 1.4826 * np.median(np.abs(targets - np.median(targets)))
    spread = {"squared_error": targets.std(), "poisson": targets.mean()}.get(loss, robust)
    inside = short(loss=loss).fit(X[rows], targets).predict(X[rows])
    scaled = short(loss=loss, standardize=False).fit(inputs, (targets - center) / spread)
    np.testing.assert_allclose(inside, spread * scaled.predict(inputs) + center, rtol=1e-6)


@pytest.mark.slow
def test_a_constant_target_is_predicted():
    for loss in REGRESSION_LOSSES:
        regressor = short(loss=loss, max_iter=200).fit(X, np.full(len(y), 7.0))
        np.testing.assert_allclose(regressor.predict(X), 7, rtol=0.02)


def test_poisson_predicts_nothing_below_zero_and_counts_may_be_zero():
    counts = np.random.default_rng(0).poisson(np.exp(3 * X[:, 2] - 1))
    regressor = short(loss="poisson").fit(X, counts)
    assert (regressor.predict(X) > 0).all()
    assert short(loss="poisson").fit(X, 0 * counts).predict(X).max() < 0.5


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_float32_stays_float32(loss):
    regressor = short(loss=loss).fit(X.astype(np.float32), y)
    assert all(layer.dtype == np.float32 for layer in layers(regressor))
    predicted = regressor.predict(X.astype(np.float32))
    assert predicted.dtype == np.float32
    np.testing.assert_allclose(predicted, short(loss=loss).fit(X, y).predict(X), rtol=0.01)


def test_robust_losses_do_not_follow_an_outlier():
    wild = y.copy()
    wild[:5] = 1e6
    robust = {
        loss: mean_absolute_error(y[5:], short(loss=loss).fit(X, wild).predict(X[5:]))
        for loss in ("squared_error", "absolute_error", "huber")
    }
    by_median = mean_absolute_error(y[5:], np.full(len(y) - 5, np.median(y)))
    assert robust["absolute_error"] < by_median
    assert robust["huber"] < by_median < robust["squared_error"]


# --- shapes


@pytest.mark.parametrize(
    ("targets", "quantile", "shape"),
    [
        (y, 0.5, (442,)),
        (y[:, None], 0.5, (442, 1)),
        (PAIR, 0.5, (442, 2)),
        (y, [0.1, 0.5, 0.9], (442, 3)),
        (PAIR, [0.1, 0.5, 0.9], (442, 2, 3)),
        (y, [0.3], (442,)),
    ],
)
def test_predictions_have_the_shape_of_y_and_an_axis_for_several_quantiles(
    targets, quantile, shape
):
    regressor = short(loss="quantile", quantile=quantile).fit(X, targets)
    assert regressor.predict(X).shape == shape
    assert np.isscalar(regressor.score(X, targets))


def test_several_targets_are_predicted_as_well_as_one_by_one():
    exercises, body = load_linnerud(return_X_y=True)
    together = short(hidden_units=64, max_iter=300).fit(exercises, body)
    alone = [short(hidden_units=64, max_iter=300).fit(exercises, column) for column in body.T]
    scores = [r.score(exercises, column) for r, column in zip(alone, body.T, strict=True)]
    assert together.score(exercises, body) > np.mean(scores) - 0.2
    assert together.n_targets_ == 3


@pytest.mark.parametrize("container", [csr_array, pd.DataFrame, list])
def test_inputs_may_be_sparse_frames_or_lists(container):
    given = container(X.tolist() if container is list else X)
    assert short(hidden_units=32).fit(given, y).score(given, y) > 0.4


def test_targets_may_be_a_series_of_integers():
    expected = short().fit(X, y).predict(X)
    as_series = short().fit(X, pd.Series(y.astype(int))).predict(X)
    np.testing.assert_array_equal(as_series, expected)


# --- quantiles


def pinball(y_true, y_pred, levels):
    return [d2_pinball_score(y_true, p, alpha=q) for q, p in zip(levels, y_pred.T, strict=True)]


def noisy_slopes():
    """Targets whose noise is skewed and grows with one of the features."""
    rng = np.random.default_rng(0)
    inputs = rng.uniform(-1, 1, (3000, 4))
    scale = 1 + inputs[:, 0]
    return inputs, np.sin(3 * inputs[:, 1]) + inputs[:, 2] + scale * rng.gamma(2, 1, 3000)


@pytest.mark.slow
@pytest.mark.parametrize("data", [lambda: (X, y), *slow(noisy_slopes)], ids=["diabetes", "skewed"])
def test_quantiles_cover_their_share_of_held_out_targets(data):
    inputs, targets = data()
    levels = [0.1, 0.5, 0.9]
    regressor = ShallowNNRegressor(loss="quantile", quantile=levels, random_state=0)
    predicted = cross_val_predict(regressor, inputs, targets, method="predict")
    below = (targets[:, None] < predicted).mean(axis=0)
    np.testing.assert_allclose(below, levels, atol=0.03)


def test_quantiles_never_cross():
    quantiles = {"loss": "quantile", "quantile": np.linspace(0.05, 0.95, 19)}
    regressor = short(**quantiles, hidden_units=64, clip_inputs=False)
    predicted = regressor.fit(X[:40], PAIR[:40]).predict(10 * X)
    assert (np.diff(predicted, axis=-1) >= 0).all()
    raw = textbook.forward(10 * X.T, *layers(regressor), textbook.relu, textbook.identity)[-1]
    raw = raw.T.reshape(len(X), 2, 19)
    assert (np.diff(raw, axis=-1) < 0).any()  # without sorting they would have
    np.testing.assert_allclose(predicted, np.sort(raw, axis=-1), rtol=1e-9)


def test_sorting_crossed_quantiles_lowers_their_loss():
    regressor = short(loss="quantile", quantile=[0.4, 0.45, 0.5, 0.55], hidden_units=64)
    regressor.fit(X[:60], y[:60])
    raw = textbook.forward(X.T, *layers(regressor), textbook.relu, textbook.identity)[-1].T
    levels = [0.4, 0.45, 0.5, 0.55]
    assert sum(pinball(y, regressor.predict(X), levels)) >= sum(pinball(y, raw, levels))


def test_the_score_of_quantiles_is_the_mean_of_their_d2_scores():
    regressor = short(loss="quantile", quantile=[0.1, 0.9]).fit(X, y)
    expected = np.mean(pinball(y, regressor.predict(X), [0.1, 0.9]))
    assert regressor.score(X, y) == pytest.approx(expected)
    weights = np.arange(len(y))
    assert regressor.score(X, y, weights) != pytest.approx(expected)
    one = short(loss="quantile", quantile=0.3).fit(X, y)
    assert one.score(X, y) == pytest.approx(d2_pinball_score(y, one.predict(X), alpha=0.3))


def test_what_is_set_after_a_fit_does_not_change_its_predictions():
    regressor = short(loss="quantile", quantile=[0.1, 0.9]).fit(X, y)
    before = regressor.predict(X), regressor.score(X, y)
    regressor.set_params(loss="poisson", quantile=0.5)
    np.testing.assert_array_equal(regressor.predict(X), before[0])
    assert regressor.score(X, y) == before[1]


# --- fit, shared with the classifier


@covered(solver=["adam", "sgd", "gd"], loss=REGRESSION_LOSSES, strength=1)
def test_ten_epochs_and_ten_more_are_twenty(solver, loss):
    whole = short(loss=loss, solver=solver, schedule="constant").fit(X, y)
    halves = short(loss=loss, solver=solver, schedule="constant", max_iter=10, warm_start=True).fit(
        X, y
    )
    halves = pickle.loads(pickle.dumps(halves)).fit(X, y)
    np.testing.assert_array_equal(whole.predict(X), halves.predict(X))
    np.testing.assert_array_equal(whole.loss_curve_, halves.loss_curve_)


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_calls_of_partial_fit_are_epochs_of_fit(loss):
    whole = short(loss=loss, schedule="constant").fit(X, y)
    steps = short(loss=loss, schedule="constant")
    for _ in range(20):
        steps.partial_fit(X, y)
    np.testing.assert_array_equal(whole.predict(X), steps.predict(X))


def test_training_goes_on_from_fitted_weights_alone():
    """A fit without warm_start forgets its state; partial_fit starts from its weights."""
    regressor = short(hidden_units=32, max_iter=100).fit(X, y)
    before = regressor.predict(X)
    regressor.set_params(learning_rate=1e-12).partial_fit(X, y)
    np.testing.assert_allclose(regressor.predict(X), before, rtol=1e-6)


@pytest.mark.slow
def test_a_stream_may_begin_with_a_single_row():
    regressor = short(hidden_units=16, alpha=1e-3)
    for row in np.tile(np.arange(len(y)), 3):
        regressor.partial_fit(X[[row]], y[[row]])
    assert np.isfinite(regressor.predict(X)).all()


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_weights_are_repetitions(loss):
    weights = np.random.default_rng(0).integers(0, 3, 60)
    of_weights = short(loss=loss).fit(X[:60], y[:60], sample_weight=weights).predict(X)
    repeated = np.repeat(np.arange(60), weights)
    of_rows = short(loss=loss).fit(X[repeated], y[repeated]).predict(X)
    np.testing.assert_allclose(of_weights, of_rows, rtol=1e-7)


def test_early_stopping_keeps_the_best_epoch_on_the_users_validation_part():
    X_train, X_val, y_train, y_val = train_test_split(X, y, random_state=0)
    regressor = short(hidden_units=64, max_iter=200, alpha=0, early_stopping=True)
    regressor.fit(X_train, y_train, X_val=X_val, y_val=y_val)
    scores = regressor.validation_scores_
    assert regressor.best_iter_ == np.nanargmax(scores) + 1 < regressor.n_iter_ <= 200
    half_square = np.mean((regressor.predict(X_val) - y_val) ** 2) / 2 / y_train.var()
    assert -regressor.best_validation_score_ == pytest.approx(half_square)


def test_early_stopping_by_a_scorer_sees_targets_in_their_unit():
    error = make_scorer(mean_absolute_error, greater_is_better=False)
    X_train, X_val, y_train, y_val = train_test_split(X, y, random_state=0)
    regressor = short(early_stopping=True, scoring=error)
    regressor.fit(X_train, y_train, X_val=X_val, y_val=y_val)
    expected = mean_absolute_error(y_val, regressor.predict(X_val))
    assert -regressor.best_validation_score_ == pytest.approx(expected)


def test_an_own_loss_is_trained():
    inside = short(loss=LogCosh(), hidden_units=32, max_iter=60).fit(X, y)
    assert inside.score(X, y) > 0.45
    line = ShallowNNRegressor(
        1, loss=LogCosh(), activation="identity", solver="lbfgs", alpha=0, tol=1e-8, random_state=1
    ).fit(X, y)
    design, targets = np.column_stack([100 * X, np.ones(len(X))]), (y - y.mean()) / y.std()
    best = minimize(lambda w: np.log(np.cosh(design @ w - targets)).mean(), np.zeros(11)).fun
    assert line.loss_ == pytest.approx(best, rel=1e-4)


def test_options_of_a_loss_object_count():
    narrow, wide = (short(loss=Huber(delta=delta)).fit(X, y) for delta in (0.01, 100.0))
    assert not np.allclose(narrow.predict(X), wide.predict(X), rtol=0.01)


@pytest.mark.slow
def test_it_searches_and_clones():
    grid = {"loss": ["squared_error", "huber"], "hidden_units": [4, 16]}
    search = GridSearchCV(short(), grid, n_jobs=1).fit(X, y)
    assert search.best_score_ > 0
    assert clone(search.best_estimator_).get_params() == search.best_estimator_.get_params()


@pytest.mark.slow
def test_defaults_are_as_good_as_a_tuned_line_on_few_rows():
    ours = cross_val_predict(ShallowNNRegressor(random_state=0), X, y)
    theirs = cross_val_predict(make_pipeline(StandardScaler(), Ridge(10.0)), X, y)
    assert r2_score(y, ours) > r2_score(y, theirs) - 0.06


# --- errors


@pytest.mark.parametrize(
    ("parameters", "error", "match"),
    [
        ({"loss": "mse"}, ValueError, "loss='mse' is not known: it is called 'squared_error' here"),
        ({"loss": None}, ValueError, "loss=None is not known"),
        ({"quantile": 0.0}, ValueError, "quantile=0.0 is out of range: give a number above 0"),
        ({"quantile": 1}, ValueError, "quantile=1 is out of range"),
        ({"quantile": [0.9, 0.1]}, ValueError, "in increasing order"),
        ({"quantile": [0.1, 0.1]}, ValueError, "in increasing order"),
        ({"quantile": []}, ValueError, "in increasing order"),
        ({"quantile": [0.1, 2]}, ValueError, "quantile=.* is no such list: give"),
        ({"quantile": "median"}, TypeError, "quantile='median' is not made of numbers: give"),
        ({"quantile": {0.1, 0.9}}, TypeError, "quantile=.* is not made of numbers: give .* a list"),
        ({"quantile": None}, TypeError, "quantile=None"),
    ],
)
def test_bad_parameters_are_refused_before_any_work(parameters, error, match):
    with pytest.raises(error, match=match):
        ShallowNNRegressor(**parameters).fit(X, y)


def test_poisson_refuses_negative_targets():
    with pytest.raises(ValueError, match=r"negative values \(-1\).* use loss='squared_error'"):
        short(loss="poisson").fit(X, np.where(np.arange(len(y)) == 3, -1, y))


@pytest.mark.parametrize("bad", [np.array(["a"] * len(y)), y.astype(complex), 1e30 * y])
def test_targets_that_are_no_real_numbers_of_sensible_size_are_refused(bad):
    inputs = X.astype(np.float32)
    with pytest.raises(ValueError, match=r"y is of type|y has values up to|[Cc]omplex"):
        short().fit(inputs, bad)


@pytest.mark.parametrize("change", [{"loss": "huber"}, {"loss": "quantile", "quantile": 0.3}])
def test_a_fitted_network_keeps_its_loss(change):
    regressor = short(loss="quantile", quantile=0.5, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=r"loss=.* differs .* set it back"):
        regressor.set_params(**change).fit(X, y)


def test_later_targets_must_have_as_many_columns():
    regressor = short().partial_fit(X, PAIR)
    with pytest.raises(ValueError, match="y has 1 columns, the regressor 2 targets"):
        regressor.partial_fit(X, y)


def test_a_column_of_counts_counts_as_one_target():
    """scikit-learn's way where its check of several targets would give negative ones."""
    with pytest.warns(DataConversionWarning, match="column-vector"):
        regressor = short(loss="poisson").fit(X, y[:, None])
    assert regressor.predict(X).shape == y.shape
    assert short(loss="poisson").fit(X, np.column_stack([y, 2 * y])).predict(X).shape == (442, 2)


def test_lbfgs_takes_no_single_steps():
    assert not hasattr(ShallowNNRegressor(solver="lbfgs"), "partial_fit")


# --- divergence is judged by the data at hand


def wide(n_features, random_state=0):
    """Many columns that follow a few hidden causes, which the target depends on."""
    rng = np.random.default_rng(random_state)
    causes = rng.standard_normal((200, 20))
    X = causes @ rng.standard_normal((20, n_features))
    return X + 2 * rng.standard_normal(X.shape), causes[:, 0] + causes[:, 1]


@pytest.mark.slow
def test_many_columns_that_go_together_are_no_divergence():
    X, y = wide(6000)
    regressor = ShallowNNRegressor(16, random_state=0).fit(X[:150], y[:150])
    assert regressor.score(X[150:], y[150:]) > 0.9


@pytest.mark.slow
def test_a_small_first_target_does_not_forbid_later_ones():
    X, y = make_regression(60, 3, noise=1, random_state=0)
    regressor = ShallowNNRegressor(16, random_state=0).partial_fit(X[:1], [1e-3])
    for _ in range(20):
        for i in range(0, 60, 10):
            regressor.partial_fit(X[i : i + 10], y[i : i + 10] / 50)
    assert regressor.score(X, y / 50) > 0.8


def test_training_goes_on_with_targets_of_another_scale():
    X, y = make_regression(100, 3, noise=1, random_state=0)
    regressor = short(max_iter=200, warm_start=True).fit(X, y)
    assert regressor.fit(X, 1000 * y).score(X, 1000 * y) > 0.9


@pytest.mark.parametrize("bad", [None, "a", 1 + 2j, np.nan])
@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
def test_targets_that_are_no_real_numbers_are_refused(bad):
    X, y = make_regression(60, 3, random_state=0)
    y = y.astype(object)
    y[3] = bad
    with pytest.raises(ValueError, match=r"y is not made of real numbers|contains NaN"):
        ShallowNNRegressor(4).fit(X, y)


@pytest.mark.parametrize(
    ("options", "data"),
    [
        ({"scoring": "accuracy"}, slice(0, 20)),
        ({"scoring": "r2"}, slice(0, 1)),
        ({"scoring": "r2", "loss": "quantile", "quantile": [0.1, 0.9]}, slice(0, 20)),
    ],
)
@pytest.mark.filterwarnings("ignore:R.2 score is not well-defined")
def test_a_scorer_that_cannot_score_is_named(options, data):
    X, y = make_regression(60, 3, random_state=0)
    with pytest.raises(ValueError, match=f"scoring='{options['scoring']}'.*scoring='loss'"):
        short(**options).fit(X, y, X_val=X[data], y_val=y[data])


@pytest.mark.parametrize("loss", ["huber", "absolute_error", "quantile"])
def test_the_scale_of_all_weights_means_nothing(loss):
    rng = np.random.default_rng(1)
    level = {"quantile": 0.9} if loss == "quantile" else {}
    for n in (10, 30, 50):
        X, y = rng.standard_normal((n, 2)), rng.standard_normal(n)
        one, other = (
            ShallowNNRegressor(4, loss=loss, alpha=0.01, max_iter=5, random_state=0, **level)
            .fit(X, y, sample_weight=np.full(n, weight))
            .predict(X)
            for weight in (1.0, 0.1)
        )
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize(
    "make", [lambda: Quantile(1.5), lambda: Quantile([0.1]), lambda: Huber(0), lambda: Huber("a")]
)
def test_losses_refuse_what_makes_no_sense(make):
    with pytest.raises(ValueError, match=r"(level|delta)=.* must be a number above 0"):
        make()


def test_an_own_loss_with_parts_goes_on():
    class Parts(SquaredError):
        def __init__(self):
            self.part, self.cut = SquaredError(), np.nan

    X, y = make_regression(60, 3, random_state=0)
    regressor = ShallowNNRegressor(4, loss=Parts(), random_state=0).partial_fit(X, y)
    assert regressor.partial_fit(X, y).n_iter_ == 2


def test_lbfgs_tells_how_many_iterations_it_had():
    X, y = make_regression(60, 3, random_state=0)
    regressor = ShallowNNRegressor(4, solver="lbfgs", max_iter=3, warm_start=True, random_state=0)
    for _ in range(2):
        with pytest.warns(ConvergenceWarning, match="stopped at max_iter=3 "):
            regressor.fit(X, y)


def test_a_small_integer_of_numpy_is_a_batch_size():
    X, y = make_regression(600, 3, random_state=0)
    assert ShallowNNRegressor(3, batch_size=np.int8(100), max_iter=1).fit(X, y).n_iter_ == 1


def test_duplicate_entries_of_sparse_inputs_add_up():
    rows = csr_array((np.ones(4), np.array([0, 0, 1, 2]), np.array([0, 2, 3, 4])), shape=(3, 3))
    y = [1.0, 2.0, 3.0]
    twice, once = (
        ShallowNNRegressor(3, max_iter=3, random_state=0).fit(X, y).predict(rows.toarray())
        for X in (rows, csr_array(rows.toarray()))
    )
    np.testing.assert_allclose(twice, once, rtol=1e-12)


def test_a_refit_that_fails_leaves_nothing_of_the_fit_before():
    X, y = make_regression(60, 3, random_state=0)
    regressor = ShallowNNRegressor(3, max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match="y"):
        regressor.fit(X, ["a"] * 60)
    assert not {"W1_", "n_iter_", "loss_curve_"} & set(vars(regressor))


@pytest.mark.parametrize("level", [0.3, np.array([[0.3]])])
def test_a_quantile_object_is_the_quantile_by_name(level):
    with warnings.catch_warnings(action="error"):
        by_object = short(loss=REGRESSION_LOSSES["quantile"](level), alpha=1e-3).fit(X, y)
    by_name = short(loss="quantile", quantile=0.3, alpha=1e-3).fit(X, y)
    np.testing.assert_allclose(by_object.predict(X), by_name.predict(X), rtol=1e-6)


def test_a_quantile_object_of_other_levels_than_targets_is_refused():
    levels = np.array([[0.1], [0.9]])
    with pytest.raises(ValueError, match="2 levels, and y has 1 targets: give one level"):
        short(loss=REGRESSION_LOSSES["quantile"](levels)).fit(X, y)
    short(loss=REGRESSION_LOSSES["quantile"](levels)).fit(X, PAIR)
