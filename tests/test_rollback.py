"""A call that fails leaves the estimator as it was; Ctrl-C ends what the user means."""

import copy
import time
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.utils.validation import check_is_fitted

from skshallow import ShallowNNClassifier, ShallowNNRegressor
from skshallow.core import standardization
from skshallow.core.optimizers import Adam
from skshallow.core.schedules import Cosine

X, Y = load_iris(return_X_y=True)
SMALL = {"hidden_units": 4, "alpha": 0.01, "batch_size": 150, "max_iter": 5, "random_state": 0}
FAULTS = MemoryError, KeyboardInterrupt


class Fault(BaseException):
    """What no code expects."""


class FailingAdam(Adam):
    """Fails in the step of this number, as an allocation may."""

    fails_at, error, steps = 10**9, Fault, 0

    def step(self, theta, gradient, learning_rate):
        type(self).steps += 1
        if type(self).steps == self.fails_at:
            raise self.error
        super().step(theta, gradient, learning_rate)


def failing(error, at, **options):
    solver = type("FailingAdam", (FailingAdam,), {"fails_at": at, "error": error})()
    return ShallowNNClassifier(**SMALL | {"solver": solver} | options)


def learned(estimator):
    """All fitted attributes."""
    return {k: v for k, v in vars(estimator).items() if k.endswith("_")}


def assert_same(before, after):
    assert before.keys() == after.keys()
    for name, value in before.items():
        np.testing.assert_equal(after[name], value, err_msg=name)


@pytest.mark.parametrize("error", [MemoryError, Fault])
def test_after_a_failed_first_fit_nothing_is_fitted(error):
    model = failing(error, 3)
    with pytest.raises(error):
        model.fit(X, Y)
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    assert not learned(model)
    assert model.fit(X, Y).score(X, Y) > 0.3  # its steps go on being counted


@pytest.mark.parametrize("error", [MemoryError, Fault])
def test_after_a_failed_refit_nothing_is_fitted(error):
    model = failing(error, 8).fit(X, Y)
    with pytest.raises(error):
        model.fit(X[:, :2], Y)
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    assert not learned(model)


@pytest.mark.parametrize("error", [MemoryError, Fault])
def test_a_failed_warm_start_leaves_the_network_and_what_goes_on_starts_from_it(error):
    model = failing(error, 8, warm_start=True).fit(X, Y)
    before = learned(copy.deepcopy(model))
    with pytest.raises(error):
        model.fit(X, Y)
    assert_same(before, learned(model))
    undisturbed = failing(error, 10**9, warm_start=True).fit(X, Y).fit(X, Y)
    np.testing.assert_array_equal(model.fit(X, Y).W1_, undisturbed.W1_)


@pytest.mark.parametrize("error", [*FAULTS, Fault])
@pytest.mark.parametrize("at", [1, 2, 9])
def test_a_failed_partial_fit_leaves_the_network_of_the_last_call(error, at):
    model = failing(error, at)
    before = {}
    for k in range(12):
        before = learned(copy.deepcopy(model))
        rows = slice(12 * k, 12 * k + 12)
        try:
            model.partial_fit(X[rows], Y[rows], classes=[0, 1, 2])
        except error:
            break
    assert FailingAdam.steps == 0  # each model has a count of its own
    assert_same(before, learned(model))
    undisturbed = failing(error, 10**9)
    for k in range(at + 2):
        rows = slice(12 * k, 12 * k + 12)
        undisturbed.partial_fit(X[rows], Y[rows], classes=[0, 1, 2])
        if k >= at - 1:
            model.partial_fit(X[rows], Y[rows], classes=[0, 1, 2])
    np.testing.assert_array_equal(model.loss_curve_, undisturbed.loss_curve_)
    np.testing.assert_array_equal(model.W1_, undisturbed.W1_)


def test_data_that_are_refused_leave_the_moments_of_the_optimizer():
    one, other = (ShallowNNClassifier(**SMALL) for _ in range(2))
    for model in (one, other):
        model.partial_fit(X, Y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="NaN"):
        one.partial_fit(np.full((3, 4), np.nan), [0, 1, 2])
    with pytest.raises(ValueError, match="unseen"):
        one.partial_fit(X, Y + 1)
    for model in (one, other):
        model.partial_fit(X, Y)
    np.testing.assert_array_equal(one.W1_, other.W1_)


@pytest.mark.parametrize("activation", ["prelu", "relu"])
def test_an_exception_while_attributes_are_made_leaves_those_of_before(activation, monkeypatch):
    """As an allocation in fold may raise, or Ctrl-C there."""
    model = ShallowNNRegressor(4, activation=activation, random_state=0).partial_fit(X, Y)
    before = learned(copy.deepcopy(model))

    def no_memory(self, W2, b2):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(standardization.TargetStandardization, "fold", no_memory)
        with pytest.raises(MemoryError):
            model.partial_fit(X, Y)
    assert_same(before, learned(model))
    model.predict(X)


class Loud:
    """A callback that fails when all is done."""

    def setup(self, estimator, context):
        """Nothing to prepare."""

    teardown = setup

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None):
        """Nothing to do."""

    def on_fit_task_end(self, estimator, context, **_):
        """After the fit."""
        if context.task_name == "fit":
            raise RuntimeError("late")


def test_what_was_learned_stays_whatever_comes_after():
    model = ShallowNNClassifier(**SMALL).set_callbacks(Loud())
    with pytest.raises(RuntimeError, match="late"):
        model.fit(X, Y)
    assert model.n_iter_ == 5
    model.predict(X)
    diverging = ShallowNNClassifier(**SMALL | {"learning_rate": 1e9, "solver": "sgd"})
    with warnings.catch_warnings(action="error"), pytest.raises(Warning, match="diverged"):
        diverging.fit(X, Y)
    assert np.isfinite(diverging.predict_proba(X)).all()


# Ctrl-C


class Interrupting(Cosine):
    """Presses Ctrl-C in every fit after so many epochs."""

    epochs = 2

    def factors(self, start, n_steps, period):
        if start >= self.epochs:
            raise KeyboardInterrupt
        return super().factors(start, n_steps, period)


@pytest.fixture
def ctrl_c(monkeypatch):
    from skshallow.core import schedules

    monkeypatch.setitem(schedules.SCHEDULES, "cosine", Interrupting)


def test_ctrl_c_keeps_the_weights_of_a_fit(ctrl_c):
    model = ShallowNNClassifier(**SMALL, engine="numpy")  # which asks for rates epoch by epoch
    with pytest.warns(UserWarning, match="interrupted in epoch 3"):
        model.fit(X, Y)
    assert model.n_iter_ == len(model.loss_curve_) == 2


def test_ctrl_c_twice_ends_a_search(ctrl_c):
    """The first ends a fit, the second, a moment later in the next fit, ends the search."""
    search = GridSearchCV(ShallowNNClassifier(**SMALL), {"alpha": [0.1, 0.01]}, cv=3)
    with pytest.warns(UserWarning, match="interrupted"), pytest.raises(KeyboardInterrupt):
        search.fit(X, Y)


def test_two_times_ctrl_c_far_apart_end_two_fits(ctrl_c, monkeypatch):
    from skshallow import _fitting

    model = ShallowNNClassifier(**SMALL)
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(X, Y)
    later = time.monotonic() + 2 * _fitting.TWICE
    monkeypatch.setattr(time, "monotonic", lambda: later)
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(X, Y)


def test_ctrl_c_ends_a_loop_of_partial_fit():
    model = failing(KeyboardInterrupt, 4)
    for _ in range(3):
        model.partial_fit(X, Y, classes=[0, 1, 2])
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(X, Y)
    assert model.n_iter_ == 3
    model.predict(X)
