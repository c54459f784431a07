"""What predictions make of rows far from those of training, and training of absurd values."""

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array, csr_matrix
from sklearn.base import clone

from skshallow import ShallowNNClassifier, ShallowNNRegressor
from skshallow.core import batches as core_batches
from skshallow.core.input_bounds import MARGIN

LAYOUTS = [np.ascontiguousarray, np.asfortranarray, csr_array, csr_matrix]
ENGINES = ["numpy", pytest.param("numba", marks=pytest.mark.neighbours("numba"))]


def rows_of(m, seed=0):
    """X, and y that follows its first two columns."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, 4))
    return X, np.sin(2 * X[:, 0]) + X[:, 1] / 2 + 0.1 * rng.standard_normal(m)


X, y = rows_of(400)
OTHER_SIZE = pytest.mark.filterwarnings("ignore:X_val is of another size:UserWarning")
FAR = X * np.where(np.arange(400) % 3 == 0, 100.0, 1.0)[:, None]


def regressor(**parameters):
    defaults = {"hidden_units": 16, "alpha": 1e-3, "max_iter": 5, "random_state": 0}
    return ShallowNNRegressor(**defaults | parameters)


def classifier(**parameters):
    defaults = {"hidden_units": 16, "alpha": 1e-3, "max_iter": 5, "random_state": 0}
    return ShallowNNClassifier(**defaults | parameters)


def without_bounds(estimator):
    """The same network, unbounded."""
    other = copy.deepcopy(estimator)
    other.input_bounds_ = None
    return other


def bounds_of(X):
    low, high = X.min(axis=0), X.max(axis=0)
    return np.array([low - MARGIN * (high - low), high + MARGIN * (high - low)])


# --- prediction


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("convert", LAYOUTS)
def test_inside_of_the_bounds_every_bit_is_as_without_them(convert, dtype):
    rows = convert(X.astype(dtype))
    bounded, free = (regressor(clip_inputs=clip).fit(rows, y) for clip in (True, False))
    assert free.input_bounds_ is None
    np.testing.assert_array_equal(bounded.W1_, free.W1_)
    np.testing.assert_array_equal(bounded.predict(rows), free.predict(rows))
    np.testing.assert_array_equal(bounded.predict(rows[:1]), free.predict(rows[:1]))


@pytest.mark.parametrize("convert", LAYOUTS)
@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_a_row_outside_is_one_at_the_bounds(method, convert):
    fitted = classifier().fit(convert(X), y > 0)
    np.testing.assert_allclose(fitted.input_bounds_, bounds_of(X), rtol=1e-12)
    expected = getattr(without_bounds(fitted), method)(np.clip(FAR, *fitted.input_bounds_))
    np.testing.assert_allclose(getattr(fitted, method)(convert(FAR)), expected, rtol=1e-9)
    for i in range(4):
        row = getattr(fitted, method)(convert(FAR[i : i + 1]))
        np.testing.assert_allclose(row, expected[i : i + 1], rtol=1e-9)


def test_sparse_rows_of_columns_that_were_never_zero_are_bounded_as_dense_ones():
    fitted = regressor().fit(X**2 + 1, y)
    rows = np.where(np.abs(X) > 1, X**2 + 1, 0)  # what is not stored lies outside
    np.testing.assert_allclose(fitted.predict(csr_array(rows)), fitted.predict(rows), rtol=1e-9)


def test_a_misplaced_decimal_point_gives_no_absurd_answer():
    fitted = regressor(max_iter=30).fit(X, y)
    rows, targets = rows_of(300, seed=1)
    rows[0, 1] = 41.0
    spread = np.ptp(y)
    assert y.min() - spread < fitted.predict(rows)[0] < y.max() + spread
    assert fitted.score(rows, targets) > fitted.score(rows[1:], targets[1:]) - 0.05
    assert without_bounds(fitted).score(rows, targets) < 0


def test_values_that_no_float32_can_hold_are_bounded_too():
    fitted = regressor().fit(X.astype(np.float32), y)
    far = np.full((1, 4), 1e300)
    np.testing.assert_array_equal(fitted.predict(far), fitted.predict(fitted.input_bounds_[1:]))


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("m", [1, 3000])
def test_what_is_no_number_is_refused_as_ever(m, number):
    fitted, rows = regressor().fit(X, y), np.zeros((m, 4))
    rows[-1, -1] = number
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        fitted.predict(rows)


def test_bounds_may_be_set_by_who_knows_better():
    fitted = regressor().fit(X, y)
    fitted.input_bounds_ = np.array([[-1.0] * 4, [1.0] * 4])
    expected = without_bounds(fitted).predict(np.clip(X, -1, 1))
    np.testing.assert_array_equal(fitted.predict(X), expected)


# --- what counts as seen


def test_rows_of_weight_zero_count_as_absent():
    weights = (np.abs(X) < 1).all(axis=1).astype(float)
    fitted = regressor().fit(X, y, sample_weight=weights)
    np.testing.assert_allclose(fitted.input_bounds_, bounds_of(X[weights > 0]), rtol=1e-12)


@OTHER_SIZE
def test_the_validation_set_does_not_count():
    fitted = regressor().fit(X, y, X_val=FAR, y_val=y)
    np.testing.assert_allclose(fitted.input_bounds_, bounds_of(X), rtol=1e-12)


@pytest.mark.parametrize("size", [1, 7, 400])
@pytest.mark.parametrize("convert", [np.asarray, csr_array])
def test_a_stream_has_the_bounds_of_all_its_rows(convert, size):
    rows, stream = convert(np.abs(X[:40])), regressor()
    for start in range(0, 40, size):
        stream.partial_fit(rows[start : start + size], y[start : min(start + size, 40)])
    fitted = regressor().fit(rows, y[:40])
    np.testing.assert_array_equal(stream.input_bounds_, fitted.input_bounds_)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_training_that_goes_on_widens_the_bounds(method):
    fitted = regressor(warm_start=method == "fit").fit(X, y)
    getattr(fitted, method)(2 * X[:200], y[:200])
    expected = bounds_of(np.vstack([X, 2 * X[:200]]))
    np.testing.assert_allclose(fitted.input_bounds_, expected, rtol=1e-12)


@pytest.mark.parametrize("clip", [True, False])
def test_whether_inputs_are_clipped_cannot_change_on_the_way(clip):
    fitted = regressor(warm_start=True, clip_inputs=not clip).fit(X, y)
    assert (fitted.input_bounds_ is None) == clip
    fitted.set_params(clip_inputs=clip)
    for go_on in (fitted.fit, fitted.partial_fit):
        with pytest.raises(ValueError, match=f"clip_inputs={clip} differs from that"):
            go_on(X[:100], y[:100])
    assert (clone(fitted).fit(X, y).input_bounds_ is not None) == clip


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:X has values far from all others")
def test_one_absurd_row_does_not_ruin_a_stream():
    network = regressor()
    for i in range(300):
        network.partial_fit(X[i : i + 1], y[i : i + 1])
    before, score, wrong = network.input_bounds_, network.score(X, y), X[:1].copy()
    wrong[0, 0] = 1e5
    network.partial_fit(wrong, y[:1])
    np.testing.assert_array_equal(network.input_bounds_, before)
    assert network.score(X, y) > score - 0.1


def test_bounds_of_ones_own_may_be_a_list_of_the_right_shape():
    fitted = regressor().fit(X, y)
    fitted.input_bounds_ = fitted.input_bounds_.tolist()
    for container in (np.asarray, csr_array):
        assert fitted.predict(container(X)).shape == y.shape
    fitted.input_bounds_ = [0, 1]
    with pytest.raises(ValueError, match=r"input_bounds_ has shape \(2,\): give"):
        fitted.predict(X)


def test_bounds_survive_pickle_and_go_on():
    fitted = regressor(warm_start=True).fit(X, y)
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.predict(FAR), fitted.predict(FAR))
    for one in (loaded, fitted):
        one.fit(3 * X[:50], y[:50])
    np.testing.assert_array_equal(loaded.input_bounds_, fitted.input_bounds_)


# --- absurd values in training


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("convert", [np.asarray, np.asfortranarray, csr_array])
@pytest.mark.parametrize("copied", [True, False], ids=["small data", "large data"])
@pytest.mark.fast(2)
@pytest.mark.filterwarnings("ignore:X has values far from all others")
def test_absurd_values_do_not_flatten_the_rest(copied, convert, engine, monkeypatch):
    limit = 2**40 if copied else -1
    monkeypatch.setattr(core_batches, "SHUFFLE_BUFFER_BYTES", limit)
    if engine == "numba":
        from skshallow._compiled import batches as compiled_batches

        monkeypatch.setattr(compiled_batches, "SHUFFLE_BUFFER_BYTES", limit)
    rows, (new, targets) = X.copy(), rows_of(500, seed=1)
    rows[:3, 0] = 1e6, -1e6, 1e9
    options = {"hidden_units": 32, "max_iter": 60, "engine": engine}
    fitted = regressor(**options).fit(convert(rows), y)
    clean = regressor(**options).fit(convert(X), y)
    assert fitted.score(new, targets) > clean.score(new, targets) - 0.1
    assert fitted.score(new, targets) > 0.8
    flat = regressor(**options, clip_inputs=False).fit(convert(rows), y)
    assert flat.score(new, targets) < 0.5
    np.testing.assert_allclose(fitted.input_bounds_, bounds_of(X[3:]), rtol=1e-12)


@pytest.mark.parametrize(
    "convert", [np.asarray, csr_array, lambda A: pd.DataFrame(A, columns=list("0123"))]
)
def test_features_with_values_that_are_clipped_are_named(convert):
    rows = X.copy()
    rows[:3, 2] = 1e6, -1e6, 1e9
    with pytest.warns(UserWarning, match=r"far from all others in features '?2'?: .* are clipped"):
        regressor().fit(convert(rows), y)
    with warnings.catch_warnings(action="error"):
        regressor().fit(convert(X), y).predict(convert(1e3 * X))
        regressor(clip_inputs=False).fit(convert(rows), y)


@pytest.mark.parametrize("convert", [np.asarray, csr_array])
@pytest.mark.filterwarnings("ignore:X has values far from all others")
def test_epochs_of_partial_fit_are_those_of_fit_with_absurd_values_too(convert):
    rows = X.copy()
    rows[:3, 0] = 1e6, -1e6, 1e9
    rows, stream = convert(rows), regressor(schedule="constant")
    for _ in range(3):
        stream.partial_fit(rows, y)
    fitted = regressor(max_iter=3, schedule="constant").fit(rows, y)
    np.testing.assert_array_equal(stream.W1_, fitted.W1_)
    np.testing.assert_array_equal(stream.predict(rows), fitted.predict(rows))


# --- the validation score


@OTHER_SIZE
@pytest.mark.parametrize("convert", [np.asarray, csr_array])
def test_the_validation_loss_is_that_of_predictions(convert):
    fitted = classifier(early_stopping=True)
    fitted.fit(convert(X), y > 0, X_val=convert(FAR), y_val=y > 0)
    p = fitted.predict_log_proba(convert(FAR))[np.arange(400), (y > 0).astype(int)]
    assert fitted.best_validation_score_ == pytest.approx(p.mean(), rel=1e-9)


def outside_and_in(estimator, X, y):
    return estimator.score(X, y)


@OTHER_SIZE
@pytest.mark.parametrize("scoring", ["r2", outside_and_in])
def test_a_metric_sees_what_predictions_are(scoring):
    fitted = regressor(early_stopping=True, scoring=scoring).fit(X, y, X_val=FAR, y_val=y)
    assert fitted.best_validation_score_ == pytest.approx(fitted.score(FAR, y), rel=1e-9)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_one_absurd_validation_value_does_not_end_training(loss):
    targets = np.exp(y) if loss == "poisson" else y
    far = X[:100].copy()
    far[0, 0] = 1e6
    fitted = regressor(loss=loss, max_iter=20).fit(X, targets, X_val=far, y_val=targets[:100])
    assert fitted.n_iter_ > 10
    assert fitted.score(X, targets) > 0.5
