"""partial_fit over a stream: scales and penalty follow all rows seen, the network stays."""

import copy
import gc
import itertools
import pickle
import weakref

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowNNClassifier, ShallowNNRegressor

RNG = np.random.default_rng(0)
X = RNG.normal(5, 3, (900, 4)) * [1, 100, 1e-3, 1]
Y = 2_000 + 50 * (X[:, 0] + X[:, 1] / 100)
SMALL = {"hidden_units": 8, "random_state": 0}
STILL = {"learning_rate": 1e-300, "alpha": 0.0}


def stream(model, size, X=X, Y=Y):
    for start in range(0, X.shape[0], size):
        model.partial_fit(X[start : start + size], Y[start : start + size])
    return model


@pytest.mark.fast(2)
@pytest.mark.parametrize("size", [50, 900, 1])
def test_scales_end_as_those_of_all_rows(size):
    model = stream(ShallowNNRegressor(**SMALL), size)
    scaler = StandardScaler().fit(X)
    found = model._standardization
    np.testing.assert_allclose(found.mean[:, 0], scaler.mean_, rtol=1e-4)
    np.testing.assert_allclose(1 / found.factor[:, 0], scaler.scale_, rtol=1e-4)
    targets = model._target_standardization
    np.testing.assert_allclose(
        [targets.location, targets.spread], [[[Y.mean()]], [[Y.std()]]], rtol=1e-4
    )


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson"])
@pytest.mark.parametrize("convert", [np.asarray, csr_array])
def test_new_scales_do_not_change_what_the_network_says(loss, convert):
    model = ShallowNNRegressor(loss=loss, **SMALL)
    model.partial_fit(convert(X[:200]), Y[:200]).set_params(**STILL)
    before, scales = model.predict(X), copy.deepcopy(model._standardization)
    model.partial_fit(convert(3 * X[200:]), Y[200:])
    assert not scales.is_close(model._standardization)
    np.testing.assert_allclose(model.predict(X), before, rtol=1e-9)


@pytest.mark.slow
def test_a_stream_of_single_rows_is_learned():
    label = np.where(np.median(Y) < Y, "high", "low")
    classifier = ShallowNNClassifier(**SMALL)
    for i in range(900):
        classifier.partial_fit(X[i : i + 1], label[i : i + 1], classes=["high", "low"])
    assert classifier.score(X, label) > 0.9
    assert stream(ShallowNNRegressor(**SMALL), 1).score(X, Y) > 0.9


def test_the_penalty_is_that_of_all_rows_seen():
    label = Y.mean() < Y
    small, large = ShallowNNClassifier(**SMALL), ShallowNNClassifier(**SMALL)
    for start in range(0, 900, 30):
        small.partial_fit(X[start : start + 30], label[start : start + 30], classes=[False, True])
    large.partial_fit(X, label, classes=[False, True])
    assert small.alpha_ == pytest.approx(large.alpha_) == pytest.approx(2.5 / 900)


@pytest.mark.fast(1)
@pytest.mark.parametrize("size", [30, 300, 900])
@pytest.mark.parametrize("order", ["as before", "at random"])
def test_a_further_pass_over_the_same_samples_is_no_new_data(size, order):
    model, label = ShallowNNClassifier(**SMALL), (np.median(Y) < Y).astype(int)
    rng, alphas = np.random.default_rng(0), []
    for _ in range(3):
        rows = rng.permutation(900) if order == "at random" else np.arange(900)
        for chunk in np.split(rows, range(size, 900, size)):
            model.partial_fit(X[chunk], label[chunk], classes=[0, 1])
        alphas.append(model.alpha_)
    assert alphas == pytest.approx([2.5 / 900] * 3)


def test_samples_that_come_again_do_not_hide_those_that_are_new():
    model, label = ShallowNNClassifier(**SMALL), (np.median(Y) < Y).astype(int)
    calls = [slice(0, 500)] * 5 + [slice(i, i + 10) for i in range(500, 900, 10)]
    calls += [slice(0, 1)] * 20
    for rows in calls:
        model.partial_fit(X[rows], label[rows], classes=[0, 1])
    assert model.alpha_ == pytest.approx(2.5 / 900)


@pytest.mark.filterwarnings("ignore:X has values far from all others")
def test_mini_batches_are_those_of_all_rows_that_came():
    """Of 300 rows they have 32 at most, of more than 2,000 128, however the rows come."""
    model, label = ShallowNNClassifier(**SMALL), (np.median(Y) < Y).astype(int)
    sizes, steps = [], 0
    for start in range(0, 2_700, 300):
        rows = np.arange(start, start + 300) % 900
        model.partial_fit(X[rows] + start, label[rows], classes=[0, 1])
        sizes.append(300 / (model._state.optimizer.t - steps))
        steps = model._state.optimizer.t
    assert sizes[:6] == [30] * 6
    assert sizes[6:] == [100] * 3


def test_the_rate_comes_down_only_if_no_end_is_known():
    label, rates = (np.median(Y) < Y).astype(int), {}
    for name, options in {
        "endless": {},
        "constant": {"schedule": "constant"},
        "known": {"max_iter": 4},
        "gd": {"solver": "gd"},
    }.items():
        model = ShallowNNClassifier(**SMALL, **options)
        for start in range(0, 800, 200):
            rows = slice(start, start + 200)
            model.partial_fit(X[rows], label[rows], classes=[0, 1])
        rates[name] = model._state.learning_rate.of_epoch(4, 1)[0] / model.learning_rate
    assert rates["endless"] == pytest.approx((1 + 4 / 300) ** -0.75)
    assert rates["constant"] == rates["gd"] == 1
    assert rates["known"] == 1  # a new period of the cosine begins


@pytest.mark.slow
@pytest.mark.fast(1)
@pytest.mark.parametrize("max_iter", ["auto", 100])
@pytest.mark.parametrize("size", [1, 10, 100])
def test_new_samples_do_not_spoil_a_fitted_network(size, max_iter):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1_000, 3))
    Y = X[:, 0] * X[:, 1] + np.sin(2 * X[:, 2])
    model = ShallowNNRegressor(32, alpha=1e-3, max_iter=max_iter, random_state=0)
    before = model.fit(X[:500], Y[:500]).score(X[700:], Y[700:])
    worst = 1.0
    for start in range(500, 700, size):
        model.partial_fit(X[start : start + size], Y[start : start + size])
        worst = min(worst, model.score(X[700:], Y[700:]))
    assert worst > before - 0.03
    assert model.score(X[700:], Y[700:]) > before - 0.01


@pytest.mark.parametrize("size", [1, 4, 100, 1_000])
def test_balanced_class_weights_are_those_of_the_stream(size):
    """Of a chunk alone they would say little, of a single sample nothing."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2_000, 4))
    y = (X[:, 0] + rng.normal(size=2_000) > 2.3).astype(int)
    network = ShallowNNClassifier(8, class_weight="balanced", alpha=0.01, random_state=0)
    for start in range(0, 2_000, size):
        rows = slice(start, start + size)
        network.partial_fit(X[rows], y[rows], classes=[0, 1])
    assert 0.02 < y.mean() < 0.08
    assert 0.2 < network.predict_proba(X)[:, 1].mean() < 0.5


def test_sample_weights_mean_the_same_in_chunks_of_one_sample():
    rng = np.random.default_rng(0)
    X, flipped = rng.normal(size=(2_000, 4)), rng.random(2_000) < 0.4
    y = (X[:, 0] > 0) ^ flipped
    network, plain = (ShallowNNClassifier(8, alpha=0.01, random_state=0) for _ in range(2))
    for i, weight in enumerate(np.where(flipped, 0.01, 1.0)):
        row = slice(i, i + 1)
        network.partial_fit(X[row], y[row], classes=[False, True], sample_weight=[weight])
        plain.partial_fit(X[row], y[row], classes=[False, True])
    truth = X[:, 0] > 0
    assert network.score(X, truth) > 0.97
    far = np.abs(X[:, 0]) > 0.5
    assert (network.predict_proba(X[far]).max(axis=1) > 0.8).mean() > 0.9
    assert plain.predict_proba(X[far]).max(axis=1).mean() < 0.8


@pytest.mark.parametrize("size", [30, 300])
def test_chunks_may_be_sparse_or_dense_in_turn(size):
    kinds, model = itertools.cycle([csr_array, np.asarray, csr_matrix]), ShallowNNRegressor(**SMALL)
    for start in range(0, 900, size):
        rows = slice(start, start + size)
        model.partial_fit(next(kinds)(X[rows]), Y[rows])
    dense = stream(ShallowNNRegressor(**SMALL), size)
    np.testing.assert_allclose(model.W1_, dense.W1_, rtol=1e-6, atol=1e-6 * abs(dense.W1_).max())
    np.testing.assert_allclose(model.predict(X), dense.predict(X), rtol=1e-6)


def test_weights_count_as_rows():
    weights = RNG.integers(1, 4, 300)
    rows = np.repeat(np.arange(300), weights)
    one, other = (ShallowNNRegressor(**SMALL, **STILL) for _ in range(2))
    for _ in range(2):
        one.partial_fit(X[:300], Y[:300], weights)
        other.partial_fit(X[rows], Y[rows])
    assert one._standardization.is_close(other._standardization)
    assert one._stream.n_rows == other._stream.n_rows == weights.sum()  # they came twice


def test_after_a_pickle_the_stream_goes_on():
    whole = stream(ShallowNNRegressor(**SMALL), 100)
    part = stream(ShallowNNRegressor(**SMALL), 100, X[:500], Y[:500])
    part = stream(pickle.loads(pickle.dumps(part)), 100, X[500:], Y[500:])
    np.testing.assert_array_equal(part.W1_, whole.W1_)


def test_after_a_fit_scales_and_penalty_stay():
    model = ShallowNNRegressor(max_iter=3, **SMALL).fit(X, Y)
    alpha, scales = model.alpha_, copy.deepcopy(model._standardization)
    model.partial_fit(100 + X[:50], Y[:50])
    assert model.alpha_ == alpha
    assert scales.is_close(model._standardization)


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_a_chunk_is_let_go_as_soon_as_the_call_ends(engine):
    if engine == "numba":
        pytest.importorskip("numba")
    chunk = X[:200].copy()
    kept = weakref.ref(chunk)
    gc.disable()  # which comes when many objects, not when large ones, wait for it
    try:
        ShallowNNRegressor(engine=engine, **SMALL).partial_fit(chunk, Y[:200])
        del chunk
        assert kept() is None
    finally:
        gc.enable()
