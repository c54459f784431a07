"""Errors speak the language of those who come from other packages; nothing given is ignored."""

import inspect
import warnings
from datetime import timedelta
from typing import get_args

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowNNClassifier, ShallowNNRegressor
from skshallow.core import activations, initializers, losses, optimizers, schedules

LONGEST = 500  # characters of an error
X, y = load_iris(return_X_y=True)


def classifier(**parameters):
    return ShallowNNClassifier(
        **{"hidden_units": 4, "max_iter": 2, "alpha": 0.01, "random_state": 0} | parameters
    )


def regressor(**parameters):
    return ShallowNNRegressor(
        **{"hidden_units": 4, "max_iter": 2, "alpha": 0.01, "random_state": 0} | parameters
    )


# --- names of other packages


PEERS = [
    ("hidden_layer_sizes", "hidden_units"),
    ("learning_rate_init", "learning_rate"),
    ("callbacks", "set_callbacks"),
    ("momentum", "SGD"),
    ("weight_decay", "alpha"),
    ("max_epochs", "max_iter"),
    ("patience", "n_iter_no_change"),
    ("alhpa", "alpha"),
]


@pytest.mark.parametrize(("theirs", "ours"), PEERS)
def test_the_constructor_says_what_a_parameter_is_called_here(theirs, ours):
    with pytest.raises(TypeError, match=rf"'{theirs}'.*{ours}"):
        ShallowNNClassifier(**{theirs: 1})


@pytest.mark.parametrize(("theirs", "ours"), PEERS)
def test_set_params_and_a_search_say_so_too(theirs, ours):
    with pytest.raises(ValueError, match=rf"'{theirs}'.*{ours}"):
        classifier().set_params(**{theirs: 1})
    with pytest.raises(ValueError, match=rf"'{theirs}'.*{ours}"):
        GridSearchCV(classifier(), {theirs: [1]}, cv=2).fit(X, y)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("eval_set", "X_val"),
        ("validation_data", "X_val"),
        ("epochs", "max_iter here, and is a parameter of the constructor"),
        ("batch_size", "a parameter of the constructor"),
    ],
)
def test_fit_says_what_an_argument_is_called_here(theirs, ours):
    with pytest.raises(TypeError, match=rf"fit: '{theirs}'.*{ours}"):
        classifier().fit(X, y, **{theirs: 1})


def test_a_hint_names_only_what_the_estimator_has():
    with pytest.raises(TypeError) as caught:
        ShallowNNClassifier(objective="log")
    assert "loss" not in str(caught.value)
    with pytest.raises(TypeError, match="'X_val' is an argument of fit"):
        ShallowNNClassifier(X_val=X)


class Wrapped(ShallowNNClassifier):
    """A derived class with an estimator for a parameter, and one that has no default."""

    def __init__(self, scoring, inner=None, hidden_units=4):
        super().__init__(hidden_units, scoring=scoring, max_iter=2, alpha=0.01)
        self.inner = inner


def test_derived_classes_may_have_nested_parameters_and_ones_without_default():
    grid = {"inner__with_mean": [True, False]}
    search = GridSearchCV(Wrapped("loss", StandardScaler()), grid, cv=2).fit(X, y)
    assert set(search.best_params_) == {"inner__with_mean"}


def test_partial_fit_says_what_an_argument_is_called_here():
    with pytest.raises(TypeError, match=r"partial_fit: 'sample_weights'.*sample_weight"):
        classifier().partial_fit(X, y, sample_weights=1)


@pytest.mark.parametrize(
    ("estimator", "remedy"),
    [
        (classifier(activation="logistic"), "'sigmoid'"),
        (classifier(activation="tahn"), "'tanh'"),
        (classifier(learning_rate="adaptive"), "schedule='adaptive'"),
        (classifier(learning_rate="invscaling"), "schedule='inverse_scaling'"),
        (classifier(init="glorot"), "'xavier'"),
        (classifier(init="kaiming"), "'he'"),
        (classifier(solver="l-bfgs"), "'lbfgs'"),
        (classifier(solver="Adam"), "'adam'"),
        (classifier(scoring="acuracy"), "'accuracy'"),
        (classifier(scoring="auc"), "'roc_auc'"),
        (regressor(loss="mse"), "'squared_error'"),
        (regressor(loss="mae"), "'absolute_error'"),
        (regressor(loss="pinball"), "'quantile'"),
        (regressor(scoring="rmse"), "'neg_root_mean_squared_error'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_word_of_another_package_is_answered_with_ours(estimator, remedy):
    with pytest.raises((TypeError, ValueError), match=remedy):
        estimator.fit(X, y)


def test_our_words_are_accepted_where_an_error_names_them():
    hinted = {
        "activation": ["sigmoid", "identity", "silu"],
        "init": ["xavier", "he"],
        "solver": ["lbfgs"],
    }
    for name, values in hinted.items():
        for value in values:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                classifier(**{name: value}).fit(X, y)


# --- what is no number


TABLE = pd.DataFrame({"length": X[:, 0], "city": "Oslo", "day": pd.Timestamp("2024-02-29")})


@pytest.mark.parametrize(
    ("inputs", "match"),
    [
        (TABLE[["length", "city"]], r"feature 'city' of X holds text, as 'Oslo'.*OneHotEncoder"),
        (TABLE[["length", "city"]].to_numpy(), r"feature 1 of X holds text"),
        (TABLE[["length", "city"]].to_numpy().tolist(), r"feature 1 of X holds text"),
        (TABLE[["length", "day"]], r"feature 'day' of X holds dates.*DatetimeEncoder"),
        (TABLE[["day"]], r"feature 'day' of X holds dates"),
        (TABLE[["day"]].to_numpy(), r"feature 0 of X holds dates"),
        (TABLE[["length", "day"]].to_numpy(), r"feature 1 of X holds dates"),
        (TABLE[["length", "city"]].astype({"city": "category"}), r"feature 'city' of X holds text"),
    ],
)
@pytest.mark.filterwarnings("ignore:X has feature names, but")
def test_features_that_are_no_numbers_are_named_with_their_encoder(inputs, match):
    with pytest.raises(ValueError, match=match) as caught:
        classifier().fit(inputs, y)
    assert len(str(caught.value)) < LONGEST
    fitted = classifier().fit(X[:, : np.shape(inputs)[1]], y)
    with pytest.raises(ValueError, match=match):
        fitted.predict(inputs)


def test_missing_values_are_answered_with_an_imputer_in_a_few_words():
    rows = X.copy()
    rows[3, 1] = np.nan
    for table in (rows, pd.DataFrame(rows), rows.astype(object)):
        with pytest.raises(ValueError, match=r"X contains NaN.*imputer") as caught:
            classifier().fit(table, y)
        assert len(str(caught.value)) < LONGEST


@pytest.mark.filterwarnings("ignore:X has feature names, but")
def test_types_that_are_no_numbers_are_named():
    for value in (pd.Period("2024-01"), pd.Interval(0, 1), timedelta(1)):
        table = pd.DataFrame({"length": X[:, 0], "what": [value] * len(X)}).astype(object)
        with pytest.raises((TypeError, ValueError), match="feature 'what' of X holds"):
            classifier().fit(table, y)


def test_polars_dates_and_words_are_named():
    table = pl.DataFrame({name: TABLE[name].to_list() for name in TABLE})
    with pytest.raises(ValueError, match="'day' of X holds dates"):
        classifier().fit(table.select("length", "day"), y)
    with pytest.raises(ValueError, match="'city' of X holds text"):
        classifier().fit(table.select("length", "city"), y)


# --- how long errors are


@pytest.mark.parametrize(
    "estimator",
    [
        classifier(scoring="nothing of the kind"),
        classifier(activation="x" * 2_000),
        classifier(class_weight="x" * 2_000),
        classifier(class_weight={f"class {i}": 1.0 for i in range(2_000)}),
        classifier(random_state="x" * 2_000),
        classifier(batch_size=list(range(2_000))),
        regressor(loss="quantile", quantile=np.linspace(1.5, 0.5, 1_000)),
        regressor(loss="quantile", quantile="x" * 2_000),
    ],
    ids=str,
)
def test_no_error_is_longer_than_a_reader_has_patience_for(estimator):
    with pytest.raises((TypeError, ValueError)) as caught:
        estimator.fit(X, y)
    assert len(str(caught.value)) < LONGEST


def test_errors_about_many_labels_are_short():
    many = np.arange(len(y) * 4)
    fitted = classifier(max_iter=1).fit(np.repeat(X, 4, axis=0), many // 2)
    for labels in (many.astype(float) + 0.5, many + 10**6):
        with pytest.raises(ValueError) as caught:
            fitted.partial_fit(np.repeat(X, 4, axis=0), labels)
        assert len(str(caught.value)) < LONGEST


# --- parameters without effect


@pytest.mark.parametrize(
    "parameters",
    [
        {"scoring": "accuracy"},
        {"validation_fraction": 0.2},
        {"n_iter_no_change": 3},
        {"solver": "lbfgs", "learning_rate": 0.1},
        {"solver": "lbfgs", "batch_size": 20},
        {"solver": "lbfgs", "schedule": "cosine"},
        {"solver": "lbfgs", "shuffle": False},
        {"solver": "gd", "batch_size": 20},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:lbfgs stopped")
def test_a_parameter_without_effect_says_so_once(parameters):
    (name, value) = [*parameters.items()][-1]
    with pytest.warns(UserWarning, match=f"{name}={value!r} has no effect") as caught:
        network = classifier(**parameters).fit(X, y)
    assert len([w for w in caught if "no effect" in str(w.message)]) == 1
    plain = {key: v for key, v in parameters.items() if key != name}
    np.testing.assert_array_equal(network.W1_, classifier(**plain).fit(X, y).W1_)


def test_the_share_of_the_validation_set_has_no_effect_beside_a_given_one():
    with pytest.warns(UserWarning, match=r"validation_fraction=0.3 has no effect: X_val is given"):
        classifier(validation_fraction=0.3).fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])


@pytest.mark.parametrize(
    "parameters",
    [
        {"scoring": "accuracy", "n_iter_no_change": 3, "early_stopping": True},
        {"schedule": "adaptive", "n_iter_no_change": 3},
        {"solver": "lbfgs", "schedule": "constant", "tol": 0.1},
        {"solver": "sgd", "batch_size": 20, "learning_rate": 0.1},
        {"validation_fraction": np.float64(0.1), "n_iter_no_change": np.int64(10)},
    ],
    ids=str,
)
def test_parameters_with_effect_bring_no_warning(parameters):
    classifier(**parameters).fit(X, y)  # warnings are errors in these tests


def test_a_quantile_without_its_loss_is_an_error():
    with pytest.raises(ValueError, match=r"quantile=0.9 has no effect .* set loss='quantile'"):
        regressor(quantile=0.9).fit(*load_diabetes(return_X_y=True))


def test_no_warning_comes_of_what_a_clone_or_a_search_does():
    network = clone(classifier(early_stopping=True, scoring="accuracy"))
    GridSearchCV(network, {"hidden_units": [2, 3]}, cv=2).fit(X, y)


# --- validation data that missed a transformer


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("raw", [100 * X + 500, 1e-3 * X, X])
@pytest.mark.filterwarnings("ignore:training diverged", "ignore:lbfgs")
def test_validation_data_that_missed_the_scaler_are_noticed(solver, raw):
    scaled = StandardScaler().fit_transform(raw)
    for train, other in ((scaled, raw), (raw, scaled)):
        with pytest.warns(UserWarning, match=r"X_val is of another size than X.*transform_input"):
            classifier(solver=solver).fit(train[::2], y[::2], X_val=other[1::2], y_val=y[1::2])


@pytest.mark.parametrize("seed", range(20))
def test_validation_data_of_the_same_kind_bring_no_warning(seed):
    rng = np.random.default_rng(seed)
    n_train, n_val = rng.integers(20, 200, 2)
    rows = np.column_stack(
        [
            rng.standard_normal((n_train + n_val, 2)),
            rng.random((n_train + n_val, 3)) < 0.05,  # rare indicators
            np.arange(n_train + n_val),  # time goes on
            np.exp(3 * rng.standard_normal(n_train + n_val)),
            np.sin(np.arange(n_train + n_val) / 365),
        ]
    )
    labels = np.arange(n_train + n_val) % 2
    train, val = slice(n_train), slice(n_train, None)
    classifier().fit(rows[train], labels[train], X_val=rows[val], y_val=labels[val])


def test_one_validation_value_far_out_is_no_other_size():
    X_val = X[1::2, :1].copy()
    X_val[0] = 1e6
    classifier().fit(X[::2, :1], y[::2], X_val=X_val, y_val=y[1::2])


# --- numbers and types


@pytest.mark.parametrize("name", ["hidden_units", "max_iter", "batch_size", "n_iter_no_change"])
def test_a_whole_float_is_an_integer(name):
    given = {"early_stopping": True, name: 5}
    one = classifier(**given).fit(X, y)
    other = classifier(**given | {name: 5.0}).fit(X, y)
    np.testing.assert_array_equal(one.W1_, other.W1_)
    warm = classifier(**given | {name: np.float64(5)}, warm_start=True).fit(X, y).fit(X, y)
    assert warm.n_iter_ > one.n_iter_


@pytest.mark.parametrize(
    ("names", "table"),
    [
        (activations.ActivationName, activations.ACTIVATIONS),
        (initializers.InitializerName, initializers.INITIALIZERS),
        (losses.RegressionLossName, losses.REGRESSION_LOSSES),
        (optimizers.OptimizerName, optimizers.OPTIMIZERS),
        (schedules.ScheduleName, schedules.SCHEDULES),
    ],
)
def test_editors_know_the_names_that_there_are(names, table):
    assert set(get_args(names)) == set(table)


@pytest.mark.parametrize("estimator", [ShallowNNClassifier, ShallowNNRegressor])
@pytest.mark.parametrize("method", ["fit", "partial_fit", "predict"])
def test_a_signature_is_a_few_lines(estimator, method):
    signature = inspect.signature(getattr(estimator, method))
    assert len(str(signature)) < 250
    assert "ArrayLike" in str(signature)
    assert "X" in signature.parameters
