"""alpha="auto": the penalty that the data choose."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, make_classification, make_moons

from skshallow import ShallowNNClassifier, ShallowNNRegressor
from skshallow._penalty import climb, descend, last_longer, saves
from skshallow.core.optimizers import Adam

N = 400


def sine(noise, n=N, seed=0):
    """A sine of unit size in noise of this deviation."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(0, 6, (n, 1))
    return X, np.sin(X[:, 0]) + noise * rng.normal(size=n)


def chosen(estimator, *data, **options):
    return clone(estimator).set_params(random_state=0).fit(*data, **options).alpha_


# What it does for users


@pytest.mark.slow
def test_noisy_targets_get_more_penalty_than_clean_ones():
    clean, noisy = (chosen(ShallowNNRegressor(8), *sine(noise, 200)) for noise in (0, 1.5))
    assert noisy > 10 * clean


@pytest.mark.slow
def test_labels_that_are_often_wrong_are_not_learned_by_heart():
    X, y = make_classification(1_600, flip_y=0.2, random_state=0)
    network = ShallowNNClassifier(32, random_state=0).fit(X[:600], y[:600])
    p = np.clip(network.predict_proba(X[600:])[np.arange(1_000), y[600:]], 1e-15, 1)
    assert -np.log(p).mean() < 0.5


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "silu", "relu"])
def test_a_parabola_about_its_middle_is_learned(activation):
    X = np.linspace(0, 1, 100)[:, None]
    y = (X[:, 0] - 0.5) ** 2
    assert (
        ShallowNNRegressor(32, activation=activation, random_state=0).fit(X, y).score(X, y) > 0.95
    )


@pytest.mark.slow
def test_clean_rows_are_trained_for_longer_than_noisy_ones():
    clean, noisy = (
        ShallowNNRegressor(16, random_state=0).fit(*sine(noise, n=100)).n_iter_
        for noise in (0, 1.5)
    )
    assert clean > 3 * noisy


@pytest.mark.slow
def test_a_board_is_learned():
    rng = np.random.default_rng(0)
    X = rng.uniform(0, 4, (3_000, 2))
    y = np.floor(X).sum(axis=1).astype(int) % 2
    assert ShallowNNClassifier(random_state=0).fit(X[:1_000], y[:1_000]).score(X, y) > 0.95


@pytest.mark.slow
def test_few_rows_do_not_hide_a_function_without_noise():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2_100, 2))
    y = np.sin(2 * X[:, 0]) * X[:, 1]
    assert ShallowNNRegressor(random_state=0).fit(X[:100], y[:100]).score(X[100:], y[100:]) > 0.7


def test_it_holds_for_sparse_inputs_weights_quantiles_and_several_labels():
    X, y = make_moons(200, noise=0.3, random_state=0)
    weights, kind = np.random.default_rng(0).uniform(0.5, 2, 200), {"max_iter": 5}
    both = np.column_stack([y, X[:, 0] > 0])
    fits = (
        (ShallowNNClassifier(4, **kind), (X, both, weights)),
        (ShallowNNRegressor(4, loss="quantile", quantile=[0.1, 0.9], **kind), (X, y)),
        (ShallowNNRegressor(4, loss="poisson", **kind), (X, y)),
        (ShallowNNClassifier(4, solver="lbfgs", tol=1e-2), (X, y)),
        (ShallowNNClassifier(4, batch_size=16, dropout=0.2, **kind), (X, y.astype(str))),
    )
    for estimator, data in fits:
        with np.errstate(all="ignore"):
            assert 1e-6 <= chosen(estimator, *data) <= 3.0


# What it is


def test_a_number_stays_a_number():
    assert chosen(ShallowNNRegressor(4, alpha=0.125, max_iter=2), *sine(1)) == 0.125


@pytest.mark.parametrize("kind", [ShallowNNClassifier, ShallowNNRegressor])
def test_the_choice_as_a_number_gives_the_same_network(kind):
    X, y = sine(1.0)
    y = y > 0 if kind is ShallowNNClassifier else y
    options = {"max_iter": 12, "random_state": 3}
    auto = kind(8, **options).fit(X, y)
    given = kind(8, alpha=auto.alpha_, **options).fit(X, y)
    np.testing.assert_array_equal(auto.W1_, given.W1_)


def test_epochs_that_are_given_stay_as_they_are():
    assert ShallowNNRegressor(4, max_iter=3, random_state=0).fit(*sine(0, n=100)).n_iter_ == 3


@pytest.mark.parametrize(("n", "batch_size"), [(128, 128), (129, 32), (2_000, 32), (2_001, 128)])
def test_few_rows_come_in_small_batches(n, batch_size):
    options = {"alpha": 0.01, "max_iter": 2, "random_state": 0}
    auto = ShallowNNRegressor(2, **options).fit(*sine(0.1, n=n))
    given = ShallowNNRegressor(2, batch_size=batch_size, **options).fit(*sine(0.1, n=n))
    np.testing.assert_array_equal(auto.W1_, given.W1_)


def test_few_rows_get_the_closed_form():
    X, y = sine(0, n=49)
    assert chosen(ShallowNNRegressor(4, max_iter=2), X, y) == pytest.approx(0.02)


def test_two_copies_of_every_row_count_as_weights_of_two():
    X, y = sine(0.5, n=60)
    network = ShallowNNRegressor(4, solver="lbfgs", tol=1e-2)
    doubled = chosen(network, np.repeat(X, 2, axis=0), np.repeat(y, 2))
    weighted = chosen(network, X, y, np.full(60, 2.0))
    assert doubled == weighted


def test_copies_of_a_row_are_not_held_out_from_themselves(monkeypatch):
    X, y = sine(1.0, n=60)
    rows, seen = np.random.default_rng(0).integers(0, 60, 500), []
    from skshallow import _penalty

    whole = _penalty._splits
    monkeypatch.setattr(_penalty, "_splits", lambda *args: seen.extend(whole(*args)) or seen)
    ShallowNNRegressor(2, max_iter=2, random_state=0).fit(X[rows], y[rows])
    for training, held_out in seen:
        assert not set(X[rows][training.rows, 0]) & set(X[rows][held_out.rows, 0])
        assert 50 < len(held_out.rows) < 150


def test_given_validation_data_are_those_held_out(monkeypatch):
    from skshallow import _penalty

    monkeypatch.setattr(_penalty, "_splits", lambda *args: pytest.fail("split"))
    (X, y), (X_val, y_val) = sine(0.5), sine(0.5, seed=1)
    ShallowNNRegressor(4, max_iter=2).fit(X, y, X_val=X_val, y_val=y_val)


def test_a_fit_that_goes_on_keeps_its_penalty():
    network = ShallowNNRegressor(4, max_iter=2, warm_start=True, random_state=0)
    first = network.fit(*sine(0)).alpha_
    assert network.fit(*sine(3.0)).alpha_ == first


def test_ctrl_c_while_it_chooses_is_heard():
    class Interrupted(Adam):
        def step(self, *args):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ShallowNNRegressor(4, solver=Interrupted()).fit(*sine(1))


# The search


def valley(lowest):
    """Losses of rows, equal but for the number of steps."""
    return lambda steps: np.full(50, 1.0 + abs(steps - lowest))


@pytest.mark.parametrize("lowest", [-6, -3, -1, 0, 2, 5])
def test_going_down_a_valley_ends_near_its_bottom(lowest):
    assert abs(descend(valley(lowest), -10, 10) - lowest) <= (1 if lowest < -2 else 0)


def test_it_does_not_leave_the_bounds():
    assert descend(valley(-9), -2, 4) >= -2
    assert descend(valley(9), -2, 4) == 4


def test_a_longer_training_starts_below_and_climbs():
    assert climb(valley(-2), -5) == -2
    assert climb(valley(-7), -5) == -5


@pytest.mark.parametrize("lowest", [-4, -2, -1, 0])
def test_a_longer_training_has_its_own_best_penalty(lowest):
    def short(steps):
        return valley(-1)(steps) + 9

    assert last_longer(short, valley(lowest), -2, -9) == (lowest, True)
    assert last_longer(short, valley(-4), -2, -3) == (-3, True)


def test_a_longer_training_is_tried_only_where_less_penalty_helps():
    def never(steps):
        pytest.fail("tried")

    assert last_longer(valley(0), never, 0, -9) == (0, False)
    assert last_longer(valley(2), never, 2, -9) == (2, False)
    assert last_longer(valley(-1), never, 0, 0) == (0, False)  # nothing less is allowed


def test_a_longer_training_that_saves_little_does_not_pay():
    assert last_longer(valley(-2), valley(-2), -2, -9) == (-2, False)


def test_a_longer_training_that_is_no_better_is_tried_once():
    tried = []

    def long(steps):
        tried.append(steps)
        return valley(-2)(steps) + 0.01

    assert last_longer(valley(-2), long, -2, -9) == (-2, False)
    assert set(tried) == {-2}


@pytest.mark.parametrize(("saved", "pays"), [(0.01, False), (0.02, False), (0.04, True)])
def test_a_longer_training_must_save_three_percent(saved, pays):
    def long(steps):
        return valley(-2)(steps) - saved

    assert last_longer(valley(-2), long, -2, -9) == (-2, pays)


def test_a_classifier_that_memorizes_its_rows_is_trained_no_longer(monkeypatch):
    """With many features few rows are memorized; what is held out is not learned by that."""
    asked = []
    monkeypatch.setattr(
        "skshallow._penalty.last_longer", lambda *given: asked.append(1) or (given[2], False)
    )
    X, y = load_digits(return_X_y=True)
    ShallowNNClassifier(random_state=0).fit(X[:200], y[:200])
    assert not asked
    ShallowNNClassifier(random_state=0).fit(*make_moons(200, noise=0.3, random_state=0))
    ShallowNNRegressor(random_state=0).fit(X[:200], y[:200])
    assert len(asked) == 2


def test_on_a_mere_hint_a_longer_training_must_save_more_than_chance():
    rng = np.random.default_rng(0)
    chance, loss = np.where(np.arange(100) < 53, -1.0, 1.0), rng.exponential(size=100)

    def long(steps):
        return loss + chance if steps == -1 else loss + 9

    assert last_longer(lambda steps: loss, long, -1, -9) == (-1, True)
    assert last_longer(lambda steps: loss - 0.001 * (steps == -1), long, 0, -9) == (0, False)


def test_a_smaller_penalty_must_be_better_by_more_than_chance():
    old = np.random.default_rng(0).exponential(size=100)
    better_on_some_more = old + np.where(np.arange(100) < 53, -1.0, 1.0)
    assert better_on_some_more.mean() < 0.95 * old.mean()
    assert not saves(better_on_some_more, old, 0.02)
    assert saves(better_on_some_more, old, 0.02, errors=0)
    assert saves(0.9 * old, old, 0.02)
    assert not saves(0.99 * old, old, 0.02)


def test_a_training_that_diverged_is_never_better():
    finite, infinite = np.ones(3), np.full(3, np.inf)
    assert not saves(infinite, finite, 0.02)
    assert not saves(infinite, infinite, 0.02)
    assert saves(finite, infinite, 0.02)
