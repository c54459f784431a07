"""What holds for all data and parameters, tried on examples that hypothesis makes up.

``pytest --hypothesis-profile=long tests/test_properties.py`` tries many more of them.
"""

import contextlib
import copy
import pickle
import warnings
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from scipy import sparse
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning
from strategies import (
    ESTIMATORS,
    LOSSES,
    MANY,
    SOLVERS,
    Given,
    data_sets,
    estimators,
    one_of,
    problems,
)

from skshallow import _training

WEIGHTS = "W1_", "b1_", "W2_", "b2_", "slopes_"
LONGEST_MESSAGE = 500
ABSURD = 1e6  # a kept loss above so many times the first is a fit that went wrong


# Robustness


def fit(model, X, y, weights):
    model.fit(X, y, weights)


def fit_twice(model, X, y, weights):
    """The second goes on from the first under warm_start."""
    model.fit(X, y, weights).fit(X, y, weights)


def fit_in_parts(model, X, y, weights):
    """By partial_fit of two halves."""
    classes = {"classes": np.unique(y)} if is_classifier(model) and y.ndim == 1 else {}
    for rows in (slice(0, -(-len(y) // 2)), slice(len(y) // 2, None)):
        part = None if weights is None else weights[rows]
        model.partial_fit(
            sparse.csr_array(X)[rows] if sparse.issparse(X) else X[rows],
            y[rows],
            sample_weight=part,
            **classes,
        )


def ways(by_parts):
    return one_of(fit, fit, fit_twice, *[fit_in_parts] * by_parts)


@contextlib.contextmanager
def recorded_warnings():
    """All warnings; none of them may be one of NumPy's about overflow and the like."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught
    foreign = [w for w in caught if not issubclass(w.category, UserWarning)]
    assert [(w.category, str(w.message), w.filename, w.lineno) for w in foreign] == []
    assert all(len(str(w.message)) < LONGEST_MESSAGE for w in caught)


def predictions(model, X):
    """All that the network says of rows."""
    names = "predict", "predict_proba", "predict_log_proba", "decision_function", "transform"
    return {name: getattr(model, name)(X) for name in names if hasattr(model, name)}


def assert_finite(model, X):
    for name in WEIGHTS:
        assert np.isfinite(getattr(model, name, 0.0)).all(), name
    for name, values in predictions(model, X).items():
        assert values.dtype.kind not in "fc" or np.isfinite(values).all(), name


def went_wrong(model, X, y, weights):
    """Whether losses are no numbers, or that of the kept weights is absurd beside the first."""
    losses = np.append(model.loss_curve_, model.loss_)
    if not np.isfinite(losses).all():
        return True
    first, y = float(losses[0]), y[:, 0] if y.shape[1:] == (1,) else y
    loss = model._mean_loss(X, y, weights)
    if loss > absurd(first):  # its examples were seen one after the other, after some steps
        still = clone(model).set_params(max_iter=1, learning_rate=1e-30)
        with recorded_warnings():
            first = max(first, still.fit(X, y, weights).loss_)
    return loss > absurd(first)


def absurd(loss):
    """What is absurd beside a loss; of Python, as it may be infinite."""
    return ABSURD * (1 + abs(float(loss)))


@settings(max_examples=MANY)
@given(st.data())
def test_a_fit_is_refused_in_words_or_leaves_a_finite_network(data):
    """Refused before work; a fit that goes wrong brings a convergence warning."""
    model = data.draw(estimators())
    X, y, weights = data.draw(data_sets(is_classifier(model)))
    way = data.draw(ways(hasattr(model, "partial_fit")))
    with (
        recorded_warnings() as caught,
        patch.object(_training, "run_solver", wraps=_training.run_solver) as solver,
    ):
        try:
            way(model, X, y, weights)
        except (TypeError, ValueError) as error:
            assert 0 < len(str(error)) < LONGEST_MESSAGE  # noqa: PT017
            assert way is not fit or not solver.called or model.scoring != "loss"
            return
        try:
            assert_finite(model, X)
        except ValueError as error:  # of features that are neither scaled nor of a sensible size
            assert not model.standardize and str(error).endswith("scale X")  # noqa: PT017, PT018
            return
    # the first loss is of all rows, and of all units
    comparable = way is not fit_in_parts and not (model.dropout or model.do_early_stopping_)
    if comparable and went_wrong(model, X, y, weights):
        assert any(
            issubclass(w.category, ConvergenceWarning) or "do not resolve" in str(w.message)
            for w in caught
        )


# Related problems: how the answer to one follows from the answer to the other


def answer(problem, **changes):
    """Scores or predicted targets, (rows, outputs), of a problem after these changes."""
    p = replace(problem, **changes)
    model = clone(p.model).set_params(init=Given(p.W1, p.W2))
    with recorded_warnings():
        model.fit(p.X, p.y, p.weights)
    how = model.decision_function if is_classifier(model) else model.predict
    return how(p.asked).reshape(len(p.asked), -1)


def some_weights(draw, problem):
    """Whole numbers, often zero, but not for all rows of a class."""
    n = len(problem.X)
    counts = np.array(draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    counts[:4] = np.maximum(counts[:4], 1)
    return counts


def assert_same_answer(found, expected):
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * (1 + np.abs(expected).max()))


def related(**kinds):
    """A test of a problem and of more that is drawn."""

    def decorate(test):
        return settings(max_examples=MANY // 10)(given(problems(**kinds), st.data())(test))

    return decorate


@related()
def test_the_order_of_the_columns_does_not_matter(p, data):
    order = data.draw(st.permutations(range(p.X.shape[1])))
    moved = answer(p, X=p.X[:, order], W1=p.W1[:, order], asked=p.asked[:, order])
    assert_same_answer(moved, answer(p))


@related()
def test_the_order_of_the_rows_does_not_matter(p, data):
    order = data.draw(st.permutations(range(len(p.X))))
    assert_same_answer(answer(p, X=p.X[order], y=p.y[order]), answer(p))


@related(kinds=["three", "four", "multilabel", *LOSSES[:4]])
def test_the_order_of_the_outputs_does_not_matter(p, data):
    order = np.array(data.draw(st.permutations(range(len(p.W2)))))
    y = p.y[:, order] if p.y.ndim == 2 else np.argsort(order)[p.y]
    assert_same_answer(answer(p, y=y, W2=p.W2[order]), answer(p)[:, order])


@related(kinds=["two"])
def test_two_classes_may_change_their_places(p, data):
    assert_same_answer(answer(p, y=1 - p.y, W2=-p.W2), -answer(p))


@related(standardize=True)
def test_the_unit_and_the_origin_of_a_feature_do_not_matter(p, data):
    """A negative unit turns the sign of the initial weights."""
    n0 = p.X.shape[1]
    units = one_of(1.0, -1.0, 1e-30, -1e-3, 7.0, 1e30)
    unit = np.array(data.draw(st.lists(units, min_size=n0, max_size=n0)))
    origin = unit * data.draw(one_of(0, 1, -100))
    moved = {"X": p.X * unit + origin, "asked": p.asked * unit + origin}
    assert_same_answer(answer(p, **moved, W1=p.W1 * np.sign(unit)), answer(p))


@related(kinds=LOSSES[:3], standardize=True)
def test_the_unit_and_the_origin_of_a_target_do_not_matter(p, data):
    unit, origin = data.draw(one_of(1.0, 1e-30, 7.0, 1e30)), data.draw(one_of(0, 1, -100))
    found = answer(p, y=unit * (p.y + origin)) / unit - origin
    assert_same_answer(found, answer(p))


@related(kinds=["poisson"], standardize=True)
def test_the_unit_of_a_count_does_not_matter(p, data):
    unit = data.draw(one_of(1e-30, 7.0, 1e30))
    assert_same_answer(answer(p, y=unit * p.y) / unit, answer(p))


@related()
def test_a_factor_of_all_weights_does_not_matter(p, data):
    weights, factor = some_weights(data.draw, p), data.draw(one_of(1e-30, 0.3, 1e30))
    assert_same_answer(answer(p, weights=factor * weights), answer(p, weights=weights))


@related()
def test_whole_weights_are_repetitions(p, data):
    weights = some_weights(data.draw, p)
    repeated = answer(p, X=np.repeat(p.X, weights, axis=0), y=np.repeat(p.y, weights, axis=0))
    assert_same_answer(answer(p, weights=weights), repeated)


@related()
def test_rows_of_weight_zero_are_absent(p, data):
    weights = some_weights(data.draw, p) / 3
    present = weights > 0
    absent = answer(p, X=p.X[present], y=p.y[present], weights=weights[present])
    X = np.where(present[:, None], p.X, data.draw(one_of(-1e300, 0, 1e100)))
    assert_same_answer(answer(p, X=X, weights=weights), absent)


@related()
def test_sparse_inputs_are_as_dense_ones(p, data):
    weights, shown = some_weights(data.draw, p), data.draw(one_of(0, 0.3, 0.8))
    X = np.where(np.random.default_rng(0).random(p.X.shape) < shown, p.X, 0)
    answers = [answer(p, X=x, weights=weights, asked=X) for x in (sparse.csr_array(X), X)]
    assert_same_answer(*answers)


# Sequences of calls


def learned(model):
    """All fitted attributes."""
    return {k: v for k, v in copy.deepcopy(vars(model)).items() if k.endswith("_")}


def assert_same(before, after):
    assert before.keys() == after.keys()
    for name, value in before.items():
        np.testing.assert_equal(after[name], value, err_msg=name)


CHANGES = {
    "hidden_units": (2, 3),
    "activation": ("relu", "prelu"),
    "solver": SOLVERS,
    "learning_rate": (0.02, 1e30),
    "schedule": ("auto", "adaptive"),
    "alpha": (0.01, "auto", -1),
    "max_iter": (1, 3),
    "early_stopping": (False, True),
    "dropout": (0, 0.3),
    "standardize": (False, True),
    "clip_inputs": (False, True),
    "n_networks": (1, 2),
    "warm_start": (False, True),
}
RNG = np.random.default_rng(0)
TABLES = {
    "plain": RNG.standard_normal((24, 3)),
    "large": RNG.standard_normal((24, 3)) * [1, 1e9, 1e-9],
    "single": np.zeros((1, 3)),
    "narrow": RNG.standard_normal((24, 2)),
    "nan": np.full((24, 3), np.nan),
}
CALLS = one_of(*TABLES, "plain", "plain"), one_of(False, False, True)


class SequencesOfCalls(RuleBasedStateMachine):
    """Whatever is called: predictions are finite, and a call that fails has changed nothing."""

    @initialize(kind=one_of(*ESTIMATORS))
    def create(self, kind):
        self.model = kind(3, max_iter=2, alpha=0.01, engine="numpy", random_state=0)

    @rule(table=CALLS[0], thin=CALLS[1])
    def fit(self, table, thin):
        self.call("fit", TABLES[table], thin)

    @rule(table=CALLS[0], thin=CALLS[1])
    def partial_fit(self, table, thin):
        assert hasattr(self.model, "partial_fit") == (self.model.solver != "lbfgs")
        if self.model.solver != "lbfgs":
            known = {"classes": [0, 1, 2]} if is_classifier(self.model) else {}
            self.call("partial_fit", TABLES[table], thin, **known)

    def call(self, method, X, thin, **options):
        """A fresh fit may also end as an estimator that is not fitted."""
        y = np.arange(len(X)) % 3
        before, fresh = learned(self.model), method == "fit" and not self.model.warm_start
        try:
            with recorded_warnings():
                getattr(self.model, method)(sparse.csr_array(X) if thin else X, y, **options)
        except (TypeError, ValueError):
            after = learned(self.model)
            if after or not fresh:
                assert_same(before, after)

    @rule(change=one_of(*CHANGES).flatmap(lambda name: one_of(*((name, v) for v in CHANGES[name]))))
    def set_params(self, change):
        self.model.set_params(**dict([change]))

    @rule()
    def set_an_unknown_parameter(self):
        before = self.model.get_params()
        with pytest.raises(ValueError, match="hiden"):
            self.model.set_params(max_iter=7, hiden_units=3)
        assert self.model.get_params() == before

    @rule(goes_on=st.booleans())
    def clone(self, goes_on):
        model = clone(self.model)
        assert model.get_params() == self.model.get_params()
        assert learned(model) == {}
        self.model = model if goes_on else self.model

    @rule()
    def pickle(self):
        model = pickle.loads(pickle.dumps(self.model))
        assert_same(learned(self.model), learned(model))
        if hasattr(self.model, "W1_"):
            X = TABLES["plain"][:, : model.n_features_in_]
            assert_same(predictions(self.model, X), predictions(model, X))
        self.model = model

    @invariant()
    def predictions_are_finite(self):
        if hasattr(self.model, "W1_"):
            assert_finite(self.model, TABLES["plain"][:, : self.model.n_features_in_])


TestSequencesOfCalls = SequencesOfCalls.TestCase
TestSequencesOfCalls.settings = settings(max_examples=MANY // 5, stateful_step_count=12)
