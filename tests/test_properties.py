"""What holds for all data and parameters, tried on examples that hypothesis makes up.

``pytest --hypothesis-profile=long tests/test_properties.py`` tries many more of them.
"""

import contextlib
import copy
import pickle
import warnings
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from scipy import sparse
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning

from skshallow import ShallowNNClassifier, ShallowNNRegressor, _training

MANY = settings.default.max_examples
ESTIMATORS = ShallowNNClassifier, ShallowNNRegressor
ACTIVATIONS = "relu", "leaky_relu", "prelu", "tanh", "sigmoid", "silu", "identity"
LOSSES = "squared_error", "absolute_error", "huber", "poisson", "quantile"
SOLVERS = "adam", "sgd", "gd", "lbfgs"
WEIGHTS = "W1_", "b1_", "W2_", "b2_", "slopes_"
ENGINES = ("numpy",) if MANY < 1_000 else ("numpy", "numpy", "numpy", "auto")
LONGEST_MESSAGE = 500
ABSURD = 1e6  # a kept loss above so many times the first is a fit that went wrong


def one_of(*values):
    return st.sampled_from(values)


# Robustness: few rows and units, so that an example takes milliseconds

SEEDS = st.integers(0, 2**32 - 1)
PARAMETERS = {
    "hidden_units": st.integers(1, 5),
    "activation": one_of(*ACTIVATIONS),
    "solver": one_of(*SOLVERS),
    "learning_rate": one_of(1e-300, 1e-3, 0.02, 1.0, 1e3, 1e30, 1e300),
    "schedule": one_of("auto", "cosine", "constant", "adaptive", "inverse_scaling"),
    "init": one_of("auto", "he", "xavier", "normal", "zeros"),
    "alpha": one_of("auto", 0, 1e-300, 1e-4, 1.0, 1e30, 1e300),
    "dropout": one_of(0, 0.3, 0.999),
    "batch_size": one_of("auto", 1, 2, 7, 1000),
    "shuffle": st.booleans(),
    "early_stopping": one_of(False, True, "auto"),
    "validation_fraction": one_of(0.1, 0.3, 0.5, 0.9),
    "n_iter_no_change": st.integers(1, 3),
    "tol": one_of(0, 1e-5, 1e300),
    "scoring": one_of(
        "loss", "accuracy", "r2", "neg_log_loss", "roc_auc", "d2_absolute_error_score"
    ),
    "standardize": st.booleans(),
    "clip_inputs": st.booleans(),
    "n_networks": st.integers(1, 2),
    "warm_start": st.booleans(),
    "random_state": st.integers(0, 3),
}
OWN = {  # parameters of one of the estimators
    ShallowNNClassifier: {
        "class_weight": one_of(None, "balanced", {0: 0, 1: 1e300}, {0: 1, 1: 2}, {"a": 2}, {})
    },
    ShallowNNRegressor: {
        "loss": one_of(*LOSSES),
        "quantile": one_of(0.5, 0.01, [0.1, 0.9], [0.9, 0.1]),
    },
}
BEYOND = one_of(
    *(0, -1, 0.5, 1.5, 1, 2.0, 10**400, 5e-324, float("nan"), float("inf"), -float("inf")),
    *(True, np.True_, None, "", "x", "x" * 1000, b"adam", (), [], {}, 1j, object(), len),
    *(np.array([1, 2]), np.array(3), np.float32(0.25), np.int8(2), ["a"] * 1000, {"a": -1}),
)
COLUMNS = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "far": lambda rng, n: 1e8 + rng.standard_normal(n),
    "heavy": lambda rng, n: rng.standard_cauchy(n) ** 3,
    "wild": lambda rng, n: np.exp(80 * rng.standard_normal(n)),
    "outlier": lambda rng, n: np.where(np.arange(n) == n // 2, 1e12, rng.standard_normal(n)),
    "constant": lambda rng, n: np.full(n, rng.standard_normal()),
    "zero": lambda rng, n: np.zeros(n),
    "indicator": lambda rng, n: 1.0 * (rng.random(n) < 0.3),
    "counts": lambda rng, n: 1.0 * rng.poisson(2, n),
    "holes": lambda rng, n: rng.standard_normal(n) * (rng.random(n) < 0.3),
    "nearly constant": lambda rng, n: 1 + 2e-16 * rng.integers(0, 3, n),
}
EXPONENTS = one_of(0, 0, 0, 0, 3, -3, 20, -20, 38, -38, 150, -150, 300, -300)
TYPES = {
    "float64": lambda X: X,
    "float32": lambda X: X.astype(np.float32),
    "int64": lambda X: np.clip(X, -1e18, 1e18).astype(np.int64),
    "bool": lambda X: X > 0.5,
    "csr": sparse.csr_array,
    "csc float32": lambda X: sparse.csc_array(X.astype(np.float32)),
    "Fortran": np.asfortranarray,
    "nan": lambda X: np.where(X.max() == X, np.nan, X),
}
SAMPLE_WEIGHTS = {
    "none": lambda rng, n: None,
    "ones": lambda rng, n: np.ones(n),
    "random": lambda rng, n: rng.random(n),
    "some zero": lambda rng, n: rng.random(n) * (rng.random(n) < 0.6),
    "all zero": lambda rng, n: np.zeros(n),
    "negative": lambda rng, n: rng.standard_normal(n),
    "wild": lambda rng, n: np.exp(40 * rng.standard_normal(n)),
    "tiny": lambda rng, n: rng.random(n) * 1e-300,
    "huge": lambda rng, n: rng.random(n) * 1e99,
    "infinite": lambda rng, n: np.full(n, np.inf),
}
LABELS = {
    "two": lambda rng, n: rng.integers(0, 2, n),
    "three": lambda rng, n: rng.integers(0, 3, n),
    "many": lambda rng, n: np.arange(n),
    "one": lambda rng, n: np.zeros(n, int),
    "rare": lambda rng, n: np.where(np.arange(n) == 0, "b", "a"),
    "text": lambda rng, n: np.array(["a", "b", "c"])[rng.integers(0, 3, n)],
    "bool": lambda rng, n: rng.random(n) < 0.5,
    "float": lambda rng, n: rng.standard_normal(n),
    "multilabel": lambda rng, n: rng.integers(0, 2, (n, 3)),
    "multilabel of one": lambda rng, n: np.ones((n, 2), int),
}


@st.composite
def estimators(draw):
    """Any parameters, seldom with one beyond its range."""
    kind = draw(one_of(*ESTIMATORS))
    known = PARAMETERS | OWN[kind]
    names = draw(st.sets(one_of(*known), max_size=6))
    parameters = {"hidden_units": 3, "max_iter": draw(st.integers(1, 5)), "alpha": 0.01}
    parameters |= {name: draw(known[name]) for name in sorted(names)}
    parameters["engine"] = draw(one_of(*ENGINES))
    if draw(st.integers(0, 9)) == 9:
        parameters[draw(one_of(*known, "max_iter", "verbose", "engine"))] = draw(BEYOND)
    return kind(**parameters)


@st.composite
def data_sets(draw, classifier):
    """X, y and weights of any size and kind."""
    n = draw(one_of(1, 2, 3, 5, 8, 12, 20, 40, 150))
    rng = np.random.default_rng(draw(SEEDS))
    kinds = draw(st.lists(st.tuples(one_of(*COLUMNS), EXPONENTS), min_size=1, max_size=4))
    kinds += kinds[:1] * draw(st.integers(0, 1))
    of_X, of_weights = (
        TYPES[draw(one_of(*["float64"] * 4, *TYPES))],
        draw(one_of(*["none"] * 9, *SAMPLE_WEIGHTS)),
    )
    rows = rng.integers(0, n, n) if draw(st.booleans()) else slice(None)
    with np.errstate(all="ignore"):
        X = of_X(matrix(rng, n, kinds)[rows])
        y = draw(labels(rng, n) if classifier else targets(rng, n))
        return X, y, SAMPLE_WEIGHTS[of_weights](rng, n)


def matrix(rng, n, kinds):
    """Columns of these kinds and exponents; equal ones for equal kinds."""
    columns = {(k, e): COLUMNS[k](rng, n) * 10.0**e for k, e in kinds}
    return np.stack([columns[kind] for kind in kinds], axis=1)


def labels(rng, n):
    return one_of(*LABELS).map(lambda kind: LABELS[kind](rng, n))


def targets(rng, n):
    """One or two columns, or a vector."""
    kinds = st.lists(st.tuples(one_of(*COLUMNS), EXPONENTS), min_size=1, max_size=2)
    y = kinds.map(lambda kinds: matrix(rng, n, kinds))
    return y | y.map(lambda y: y[:, 0])


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


def went_wrong(model, comparable):
    """Whether the losses tell of a divergence: they grow, if they are of the same examples."""
    losses = np.append(model.loss_curve_, model.loss_)
    limit = ABSURD * (1 + abs(losses[0])) if comparable else np.inf
    return not (np.isfinite(losses) & (losses <= limit)).all()


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
        assert_finite(model, X)
    if went_wrong(model, comparable=way is not fit_in_parts and model.dropout == 0):
        assert any(issubclass(w.category, ConvergenceWarning) for w in caught)


# Related problems: how the answer to one follows from the answer to the other


class Given:
    """Initial weights that are given, not drawn."""

    def __init__(self, *weights):
        self.weights = {W.shape: W for W in weights}

    def __call__(self, rng, n_out, n_in):
        return self.weights[n_out, n_in]


@dataclass
class Problem:
    """A training that takes all rows in every step and draws nothing; ``asked`` is predicted."""

    model: Any
    X: Any
    y: Any
    W1: np.ndarray
    W2: np.ndarray
    asked: np.ndarray
    weights: np.ndarray | None = None

    def answer(self, **changes):
        """Scores or predicted targets, (rows, outputs), after these changes."""
        p = replace(self, **changes)
        model = clone(p.model).set_params(init=Given(p.W1, p.W2))
        with recorded_warnings():
            model.fit(p.X, p.y, p.weights)
        how = model.decision_function if is_classifier(model) else model.predict
        return how(p.asked).reshape(len(p.asked), -1)


CLASSES = {"two": 2, "three": 3, "four": 4}


@st.composite
def problems(draw, kinds=("two", "three", "four", "multilabel", *LOSSES[:4]), **fixed):
    """Moderate numbers: rounding should not decide anything."""
    kind, rng = draw(one_of(*kinds)), np.random.default_rng(draw(SEEDS))
    n, n0, n2 = draw(st.integers(8, 30)), draw(st.integers(1, 4)), draw(st.integers(2, 3))
    parameters = {
        "hidden_units": 7,
        "max_iter": draw(st.integers(1, 5)),
        "solver": draw(one_of(*SOLVERS)),
        "activation": draw(one_of(*ACTIVATIONS)),
        "alpha": draw(one_of(1e-3, 0.1)),
        "standardize": draw(st.booleans()),
        "clip_inputs": draw(st.booleans()),
        "engine": "numpy",
    }
    if kind in LOSSES:
        model = ShallowNNRegressor(**parameters | fixed, loss=kind)
        y = rng.standard_normal((n, n2)) if kind != "poisson" else 0.5 + rng.poisson(3, (n, n2))
    else:
        balance = draw(one_of(None, "balanced"))
        model = ShallowNNClassifier(**parameters | fixed, class_weight=balance)
        labels = kind == "multilabel"
        y = rng.integers(0, 2, (n, n2)) if labels else np.arange(n) % CLASSES[kind]
    n2 = {"two": 1, "three": 3, "four": 4}.get(kind, n2)
    X, W1, W2 = (rng.standard_normal(shape) for shape in ((n, n0), (7, n0), (n2, 7)))
    return Problem(model, X, y, W1 / 2, W2 / 4, X)


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
    moved = p.answer(X=p.X[:, order], W1=p.W1[:, order], asked=p.asked[:, order])
    assert_same_answer(moved, p.answer())


@related()
def test_the_order_of_the_rows_does_not_matter(p, data):
    order = data.draw(st.permutations(range(len(p.X))))
    assert_same_answer(p.answer(X=p.X[order], y=p.y[order]), p.answer())


@related(kinds=["three", "four", "multilabel", *LOSSES[:4]])
def test_the_order_of_the_outputs_does_not_matter(p, data):
    order = np.array(data.draw(st.permutations(range(len(p.W2)))))
    y = p.y[:, order] if p.y.ndim == 2 else np.argsort(order)[p.y]
    assert_same_answer(p.answer(y=y, W2=p.W2[order]), p.answer()[:, order])


@related(kinds=["two"])
def test_two_classes_may_change_their_places(p, data):
    assert_same_answer(p.answer(y=1 - p.y, W2=-p.W2), -p.answer())


@related(standardize=True)
def test_the_unit_and_the_origin_of_a_feature_do_not_matter(p, data):
    """A negative unit turns the sign of the initial weights."""
    n0 = p.X.shape[1]
    units = one_of(1.0, -1.0, 1e-30, -1e-3, 7.0, 1e30)
    unit = np.array(data.draw(st.lists(units, min_size=n0, max_size=n0)))
    origin = unit * data.draw(one_of(0, 1, -100))
    moved = {"X": p.X * unit + origin, "asked": p.asked * unit + origin}
    assert_same_answer(p.answer(**moved, W1=p.W1 * np.sign(unit)), p.answer())


@related(kinds=LOSSES[:3], standardize=True)
def test_the_unit_and_the_origin_of_a_target_do_not_matter(p, data):
    unit, origin = data.draw(one_of(1.0, 1e-30, 7.0, 1e30)), data.draw(one_of(0, 1, -100))
    found = p.answer(y=unit * (p.y + origin)) / unit - origin
    assert_same_answer(found, p.answer())


@related(kinds=["poisson"], standardize=True)
def test_the_unit_of_a_count_does_not_matter(p, data):
    unit = data.draw(one_of(1e-30, 7.0, 1e30))
    assert_same_answer(p.answer(y=unit * p.y) / unit, p.answer())


@related()
def test_a_factor_of_all_weights_does_not_matter(p, data):
    weights, factor = some_weights(data.draw, p), data.draw(one_of(1e-30, 0.3, 1e30))
    assert_same_answer(p.answer(weights=factor * weights), p.answer(weights=weights))


@related()
def test_whole_weights_are_repetitions(p, data):
    weights = some_weights(data.draw, p)
    repeated = p.answer(X=np.repeat(p.X, weights, axis=0), y=np.repeat(p.y, weights, axis=0))
    assert_same_answer(p.answer(weights=weights), repeated)


@related()
def test_rows_of_weight_zero_are_absent(p, data):
    weights = some_weights(data.draw, p) / 3
    present = weights > 0
    absent = p.answer(X=p.X[present], y=p.y[present], weights=weights[present])
    X = np.where(present[:, None], p.X, data.draw(one_of(-1e300, 0, 1e100)))
    assert_same_answer(p.answer(X=X, weights=weights), absent)


@related()
def test_sparse_inputs_are_as_dense_ones(p, data):
    weights, shown = some_weights(data.draw, p), data.draw(one_of(0, 0.3, 0.8))
    X = np.where(np.random.default_rng(0).random(p.X.shape) < shown, p.X, 0)
    answers = [p.answer(X=x, weights=weights, asked=X) for x in (sparse.csr_array(X), X)]
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
