"""Whatever line an exception comes at, the estimator and the process are in order after it.

Ctrl-C and a failed allocation may come anywhere. Here they come at the n-th line that a call
executes in the package: in the fast tests for some n, in the slow ones once at every place that
any of the calls comes by. ``faults(name, "every", patch)`` takes every n, about 40,000 faults and
twenty minutes in all. No line is exempted.
"""

import _thread
import copy
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
ERRORS = KeyboardInterrupt, MemoryError
FAST = 5  # lines of each call in the fast tests


# What is called


class Balance:
    """A callback that predicts, and counts how often it is set up and not taken down again."""

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


def networks():
    """Two networks, early stopping, a callback."""
    options = {"early_stopping": True, "validation_fraction": 0.25, "n_networks": 2}
    return classifier(**options).set_callbacks(Balance())


def lbfgs():
    return regressor(solver="lbfgs", activation="prelu", alpha="auto")


def fitted():
    return classifier(solver="sgd", class_weight="balanced", dropout=0.1, batch_size=4).fit(X, Y)


def warm():
    """The weights that are kept were scored on other samples than those of the call."""
    return classifier(warm_start=True, early_stopping=True).fit(X, Y, X_val=X, y_val=Y)


def warm_without_scores():
    return regressor(warm_start=True, batch_size=5, schedule="adaptive").fit(X, Z)


def failing():
    """It fails on its own: then the fault comes while this is undone."""
    return warm().set_callbacks(Failing())


def diverging():
    model = regressor(solver="sgd", warm_start=True, n_networks=2).fit(X, Z)
    return model.set_params(learning_rate=1e9)


def fit(model, y=Y):
    model.fit(X, y)


def fit_validated(model):
    model.fit(X, Y, X_val=X[:5], y_val=Y[:5])


def predict(model):
    model.predict(X)


SCENARIOS = {  # what there is before the call, and the call
    "predict": (lambda: regressor().fit(X, Z), predict),
    "predict on two threads": (lambda: classifier().fit(X, Y), predict),
    "predict_proba": (lambda: classifier().fit(X, LABELS), lambda model: model.predict_proba(X)),
    "fit on two threads": (lambda: classifier(solver="sgd", batch_size=6), fit),
    "fit of L-BFGS": (lbfgs, lambda model: fit(model, Z)),
    "partial_fit": (lambda: classifier(alpha="auto"), lambda model: model.partial_fit(X, LABELS)),
    "later partial_fit": (
        lambda: regressor(loss="huber").partial_fit(X[:6], Z[:6]),
        lambda model: model.partial_fit(X[6:], Z[6:]),
    ),
    "refit": (fitted, lambda model: model.fit(2 * X, Y, sample_weight=1 + Y)),
    "warm start": (warm, fit_validated),
    "warm start without scores": (warm_without_scores, lambda model: fit(model, Z)),
    "diverging warm start": (diverging, lambda model: fit(model, Z)),
    "failing warm start": (failing, fit_validated),
    "fit of two networks": (networks, fit),
}
ANEW = "fit on two threads", "fit of L-BFGS", "refit", "fit of two networks"


# What is to hold


def plain(value):
    """The value as texts and bytes, to be compared bit for bit."""
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


def process():
    """What a call must leave as it was in the process."""
    return {
        "threads of BLAS": [library.get_num_threads() for library in _threads._blas()],
        "blocks": (dict(_threads._blocks), dict(_threads._before)),
        "lock": _threads._lock._is_owned(),
        "errors of NumPy": np.geterr(),
        "filters": list(warnings.filters),
        "warnings": warnings.showwarning,
    }


def wait_for_threads(number):
    """Helper threads end a moment after they are told to."""
    deadline = time.monotonic() + 10
    while _thread._count() > number and time.monotonic() < deadline:
        time.sleep(1e-4)
    assert _thread._count() <= number, "helper threads go on"


def assert_complete(model, whole):
    """A fitted network with all that belongs to it, as ``whole`` has it."""
    check_is_fitted(model)
    assert vars(model).keys() == vars(whole).keys()
    n, scores = model.n_iter_, model.validation_scores_
    assert len(model.loss_curve_) == len(model.penalty_curve_) == n
    assert scores is None or len(scores) == n
    assert 0 <= model.best_iter_ <= n
    for name in ("W1_", "b1_", "W2_", "b2_"):
        assert getattr(model, name).shape == getattr(whole, name).shape
        assert np.isfinite(getattr(model, name)).all()
    assert np.isfinite(model.loss_curve_).all()
    assert np.isfinite(model.predict(X)).all()


class Scenario:
    """A call, what it does undisturbed, and faults in it."""

    def __init__(self, name):
        make, self.method = SCENARIOS[name]
        self.before = make()
        for _ in range(2):  # the first finds what is looked for once and kept
            self.after, lines = copy.deepcopy(self.before), Lines()
            with lines:
                self.call(self.after)
        self.trace, self.anew = lines.trace, name in ANEW
        self.states = [plain(vars(model)) for model in (self.before, self.after)]
        self.tried = []  # states after which the call was made once more
        self.threads = _thread._count()

    def call(self, model):
        _fitting._interrupted = float("-inf")  # a first Ctrl-C, not a second one
        with suppress(Late):
            self.method(model)

    def fault(self, n, error):
        """Raise at the n-th line, and look at what is left."""
        model = copy.deepcopy(self.before)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            before = process()
            raised = self.raises(model, Lines(n, error))
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

    def raises(self, model, lines):
        """Whether the fault comes out, or scikit-learn's error of a missing method it causes."""
        try:
            with lines:
                self.call(model)
        except BaseException as outcome:
            if lines.error not in (type(outcome), type(outcome.__cause__)):
                raise
            return True
        return False

    def check_raised(self, now):
        """All is as before, or as after; or nothing is fitted, where a fit starts anew."""
        before, after = self.states
        unfitted = {name: value for name, value in before.items() if not is_of_a_fit(name)}
        allowed = [before, after] + [unfitted] * self.anew
        differences = [{k for k in {*now, *one} if now.get(k) != one.get(k)} for one in allowed]
        assert set() in differences, differences

    def check_later(self, model, now):
        """The same call does what it does undisturbed, or goes on from what is there."""
        n = getattr(model, "n_iter_", 0)
        self.call(model)
        if now == self.states[0] or self.anew:
            assert plain(vars(model)) == self.states[1]
        else:
            assert_complete(model, self.after)
            assert model.n_iter_ >= n


def scenario_of(name, patch):
    large = _threads.WORTH_SHARING if "two threads" not in name else 1
    with patch.context() as here:
        here.setattr(_threads, "WORTH_SHARING", large)
        return Scenario(name)


def chosen(name, scenario, which, patch):
    """Numbers of the lines at which a fault is to come."""
    places = {place: n for n, place in enumerate(scenario.trace, start=1)}  # at its last execution
    if which == "every":
        return range(1, len(scenario.trace) + 1)
    if which == "some":
        return np.linspace(1, len(scenario.trace), FAST).astype(int).tolist()
    for other in [*SCENARIOS][: [*SCENARIOS].index(name)]:
        for place in scenario_of(other, patch).trace:
            places.pop(place, None)
    return sorted(places.values())


def faults(name, which, patch):
    """Raise both errors at these lines: the places after which something was wrong."""
    scenario, wrong = scenario_of(name, patch), {}
    lines = chosen(name, scenario, which, patch)
    if "two threads" in name:
        patch.setattr(_threads, "WORTH_SHARING", 1)
    for n in lines:
        for error in ERRORS:
            try:
                scenario.fault(n, error)
            except Exception as fault:
                wrong[n, error.__name__] = "{}:{}".format(*scenario.trace[n - 1]), fault
    return wrong


@pytest.mark.filterwarnings("ignore:lbfgs stopped", "ignore:training diverged")
@pytest.mark.parametrize("which", ["some", pytest.param("places", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_fault_at_any_line_leaves_all_in_order(name, which, monkeypatch, two_threads):
    """Nothing has changed, or all is done; or Ctrl-C has left a complete network and a warning."""
    assert faults(name, which, monkeypatch) == {}
