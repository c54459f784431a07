"""Whatever line an exception comes at, the estimator and the process are in order after it.

Ctrl-C and a failed allocation may come anywhere. Here they come at the n-th line that a call
executes in the package, for every n: what the call was to change is then as before, or as after it.
"""

import _thread
import copy
import sys
import time
import warnings
from contextlib import suppress
from functools import cached_property
from types import FunctionType

import numpy as np
import pytest
from doubles import Lines
from sklearn.utils.validation import check_is_fitted

from skshallow import ShallowNNClassifier, ShallowNNRegressor, _fitting, _threads
from skshallow._rollback import is_of_a_fit

RNG = np.random.default_rng(0)
X, Z = RNG.normal(size=(12, 3)), RNG.normal(size=(12, 2))
Y, LABELS = (X[:, 0] > 0).astype(int), (Z > 0).astype(int)
TINY = {"hidden_units": 2, "max_iter": 2, "alpha": 0.01, "engine": "numpy", "random_state": 0}
FAULTS = KeyboardInterrupt, MemoryError
FAST = 12  # lines of each call in the fast run


class Balance:
    """A callback that counts how often it is set up, and taken down again."""

    def __init__(self):
        self.open = 0

    def setup(self, estimator, context):
        self.open += 1

    def teardown(self, estimator, context):
        self.open -= 1

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None):
        """Nothing to do."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None, **_):
        fitted_estimator.predict(X)


class Late(Exception):
    """What the callback below raises."""


class Failing(Balance):
    """A callback that fails after the second epoch."""

    def on_fit_task_end(self, estimator, context, **_):
        if context.task_name == "epoch" and context.task_id == 1:
            raise Late


def classifier(**options):
    return ShallowNNClassifier(**TINY | options)


def regressor(**options):
    return ShallowNNRegressor(**TINY | options)


def validated():
    """Early stopping, two networks, callbacks."""
    options = {"early_stopping": True, "validation_fraction": 0.25, "n_networks": 2}
    return classifier(**options).set_callbacks(Balance())


def lbfgs():
    return regressor(solver="lbfgs", activation="prelu", alpha="auto")


def refitted():
    return classifier(solver="sgd", class_weight="balanced", dropout=0.1, batch_size=4).fit(X, Y)


def warm():
    """The weights that are kept were scored on other samples than those of the call."""
    return classifier(warm_start=True, early_stopping=True).fit(X, Y, X_val=X, y_val=Y)


def warm_on_training_loss():
    return regressor(warm_start=True, batch_size=5, schedule="adaptive").fit(X, Z)


def failing():
    """A fit that fails on its own: the fault comes on its way out as well."""
    return warm().set_callbacks(Failing())


def first_part():
    return classifier(alpha="auto")


def later_part():
    return regressor(loss="huber").partial_fit(X[:6], Z[:6])


def shared():
    """Batches whose products are large enough for a second thread, as the test has it."""
    return classifier(solver="gd", batch_size=6)


def fit(model):
    model.fit(X, Y)


def fit_validated(model):
    model.fit(X, Y, X_val=X[:5], y_val=Y[:5])


SCENARIOS = {  # what is there before the call, and the call
    "fit": (validated, fit),
    "fit of L-BFGS": (lbfgs, lambda model: model.fit(X, Z)),
    "refit": (refitted, lambda model: model.fit(2 * X, Y, sample_weight=1 + Y)),
    "warm start": (warm, fit_validated),
    "warm start without scores": (warm_on_training_loss, lambda model: model.fit(X, Z)),
    "failing warm start": (failing, fit_validated),
    "partial_fit": (first_part, lambda model: model.partial_fit(X, LABELS)),
    "later partial_fit": (later_part, lambda model: model.partial_fit(X[6:], Z[6:])),
    "fit on two threads": (shared, fit),
    "predict": (lambda: regressor().fit(X, Z), lambda model: model.predict(X)),
    "predict on two threads": (lambda: classifier().fit(X, Y), lambda model: model.predict(X)),
    "predict_proba": (lambda: classifier().fit(X, LABELS), lambda model: model.predict_proba(X)),
}
ANEW = "fit", "fit of L-BFGS", "refit", "fit on two threads"  # earlier weights are given up


def plain(value):
    """The value as tuples, words and bytes, to be compared bit for bit."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, np.random.Generator):
        return str(value.bit_generator.state)
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if hasattr(value, "__dict__") and not isinstance(value, type | FunctionType):
        kind, state = type(value), value.__getstate__() or {}
        state = {k: v for k, v in state.items() if type(getattr(kind, k, 0)) is not cached_property}
        return kind.__name__, plain(state)
    return repr(value)


def learned(model):
    return {name for name in vars(model) if name.endswith("_")}


def process():
    """What a call must leave as it was in the process."""
    return {
        "threads of BLAS": [library.get_num_threads() for library in _threads._blas()],
        "blocks": (dict(_threads._blocks), dict(_threads._before)),
        "lock": _threads._lock._is_owned(),
        "word of NumPy's": np.geterr(),
        "filters": list(warnings.filters),
        "showwarning": warnings.showwarning,
    }


def wait_for_threads(number):
    deadline = time.monotonic() + 10
    while _thread._count() > number and time.monotonic() < deadline:
        time.sleep(1e-4)
    assert _thread._count() <= number, "helper threads have not ended"


def assert_complete(model, whole, *, y=None):
    """A fitted network with all that belongs to it, as ``whole`` has it."""
    check_is_fitted(model)
    assert vars(model).keys() == vars(whole).keys()
    n = model.n_iter_
    assert len(model.loss_curve_) == len(model.penalty_curve_) == n
    assert model.validation_scores_ is None or len(model.validation_scores_) == n
    assert 0 <= model.best_iter_ <= n
    for name in ("W1_", "b1_", "W2_", "b2_"):
        assert getattr(model, name).shape == getattr(whole, name).shape
        assert np.isfinite(getattr(model, name)).all()
    assert np.isfinite(model.loss_curve_).all()
    assert np.isfinite(model.predict(X)).all()


class Scenario:
    """A call, what it does undisturbed, and what is to hold after a fault in it."""

    def __init__(self, name):
        make, self.method = SCENARIOS[name]
        self.before = make()
        for _ in range(2):  # what is found once and kept, is found in the first
            self.after, lines = self.copy(), Lines()
            with lines:
                self.call(self.after)
        self.trace, self.goes_on = lines.trace, name not in ANEW
        self.states = [plain(vars(model)) for model in (self.before, self.after)]
        self.tried = []  # states after which the call was made once more
        self.process, self.threads = process(), _thread._count()

    def copy(self):
        return copy.deepcopy(self.before)

    def call(self, model):
        _fitting._interrupted = float("-inf")
        with suppress(Late):
            self.method(model)

    def lines(self, which):
        """Numbers of the lines at which there is to be a fault."""
        if which == "every":
            return range(1, len(self.trace) + 1)
        if which == "sampled":
            return np.linspace(1, len(self.trace), FAST).astype(int).tolist()
        last = {place: n for n, place in enumerate(self.trace, start=1)}
        return sorted(last.values())

    def fault(self, n, error):
        """Raise at the n-th line, and look at what is left."""
        model = self.copy()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            before = process()
            raised = self.raised(model, n, error)
            assert process() == before
        wait_for_threads(self.threads)
        assert all(callback.open == 0 for callback in getattr(model, "_skl_callbacks", ()))
        now = plain(vars(model))
        if raised:
            self.check_raised(now)
        else:
            assert error is KeyboardInterrupt, "the fault was swallowed"
            assert any("interrupted" in str(warning.message) for warning in caught)
            assert_complete(model, self.after)
        if now not in self.tried:  # what it does later depends on nothing else
            self.tried.append(now)
            self.check_later(model, now)

    def raised(self, model, n, error):
        """Whether the fault at the n-th line comes out, or scikit-learn's error that it causes."""
        try:
            with Lines(n, error) as lines:
                self.call(model)
        except BaseException as outcome:
            if error not in (type(outcome), type(outcome.__cause__)):
                raise
            return True
        finally:
            assert len(lines.trace) == n
        return False

    def check_raised(self, now):
        """All is as before, or as after, or nothing is fitted: what a fit anew gives up."""
        before, after = self.states
        given_up = {name: value for name, value in before.items() if not is_of_a_fit(name)}
        allowed = [before, after] if self.goes_on else [before, after, given_up]
        differences = [{k for k in {*now, *one} if now.get(k) != one.get(k)} for one in allowed]
        assert set() in differences, differences

    def check_later(self, model, now):
        """The same call again does what it does undisturbed, or goes on from what is there."""
        n = getattr(model, "n_iter_", 0)
        self.call(model)
        if now == self.states[0] or not (n and self.goes_on):
            assert plain(vars(model)) == self.states[1]
        else:
            assert_complete(model, self.after)
            assert model.n_iter_ >= n


def faults(name, which, patch):
    """All of them in one scenario; places and what was wrong there."""
    if "two threads" in name:
        patch.setattr(_threads, "WORTH_SHARING", 1)
    scenario, wrong, number = Scenario(name), {}, 0
    for n in scenario.lines(which):
        for error in FAULTS:
            number += 1
            try:
                scenario.fault(n, error)
            except AssertionError as fault:
                path, line = scenario.trace[n - 1]
                wrong.setdefault(f"{path}:{line} {error.__name__}", []).append((n, str(fault)[:300]))
                np.seterr(**scenario.process["word of NumPy's"])
    return wrong, number


@pytest.mark.filterwarnings("ignore:lbfgs stopped")
@pytest.mark.parametrize("which", ["sampled", pytest.param("distinct", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_fault_at_any_line_leaves_all_in_order(name, which, monkeypatch, two_threads):
    """Either all is as before the call, or as after it; or Ctrl-C has left a complete network."""
    wrong, _ = faults(name, which, monkeypatch)
    assert wrong == {}
