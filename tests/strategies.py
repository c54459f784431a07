"""Estimators, data and problems that hypothesis makes up for the tests of properties."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from scipy import sparse

from skshallow import ShallowNNClassifier, ShallowNNRegressor

MANY = settings.default.max_examples
ESTIMATORS = ShallowNNClassifier, ShallowNNRegressor
ACTIVATIONS = "relu", "leaky_relu", "prelu", "tanh", "sigmoid", "silu", "identity"
LOSSES = "squared_error", "absolute_error", "huber", "poisson", "quantile"
SOLVERS = "adam", "sgd", "gd", "lbfgs"
ENGINES = ("numpy",) if MANY < 1_000 else ("numpy", "numpy", "numpy", "auto")


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
    n = draw(one_of(1, 2, 3, 5, 8, 12, 20, 20, 40, 40, 150))
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


# Problems whose answers are compared


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


CLASSES = {"two": 2, "three": 3, "four": 4}


@st.composite
def problems(draw, kinds=("two", "three", "four", "multilabel", *LOSSES[:4]), **fixed):
    """Moderate numbers: rounding should not decide anything.

    Biases of the identity have derivatives of zero but for rounding, which Adam makes steps of.
    """
    kind, rng = draw(one_of(*kinds)), np.random.default_rng(draw(SEEDS))
    n, n0, n2 = draw(st.integers(8, 30)), draw(st.integers(1, 4)), draw(st.integers(2, 3))
    solver = draw(one_of(*SOLVERS))
    parameters = {
        "hidden_units": 7,
        "max_iter": draw(st.integers(1, 5)),
        "solver": solver,
        "activation": draw(one_of(*ACTIVATIONS[: -1 if solver == "adam" else None])),
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
