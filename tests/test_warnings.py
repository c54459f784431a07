"""Warnings: they point at the user's line, and earlier names of attributes still do their work."""

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowNNClassifier, ShallowNNRegressor
from skshallow.core.activations import Activation, Tanh
from skshallow.core.losses import Huber, SquaredError
from skshallow.core.optimizers import SGD, Adam

X, Y = load_iris(return_X_y=True)
WORD = "is called {} now: rename it; the old name works until version 0.2"


class Renamed(SGD):
    """An optimizer as a user of an earlier version wrote it."""

    input_pace = 1.0


TROUBLE = {  # parameters that bring a warning, and what it says
    "diverged": ({"solver": "sgd", "learning_rate": 1e6, "standardize": False}, "diverged"),
    "symmetric": ({"init": "zeros", "max_iter": 2}, "compute the same"),
    "unconverged": ({"solver": "lbfgs", "max_iter": 1}, "max_iter=1"),
    "renamed": ({"solver": Renamed(), "max_iter": 2}, "input_scale_rate"),
}


def classifier(**parameters):
    return ShallowNNClassifier(4, random_state=0, **{"alpha": 0.01} | parameters)


def caught(action, match):
    """The one warning that says so."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        action()
    (warning,) = [warning for warning in found if match in str(warning.message)]
    return warning


def variant(base, **attributes):
    """A class as a user of an earlier version wrote it."""
    return type("Own", (base,), attributes)


# Where they point


@pytest.mark.parametrize("kind", TROUBLE)
def test_warnings_of_fit_point_at_the_users_line(kind):
    parameters, match = TROUBLE[kind]
    warning = caught(lambda: classifier(**parameters).fit(X * 1e3, Y), match)
    assert warning.filename == __file__
    assert issubclass(warning.category, UserWarning | FutureWarning)


@pytest.mark.parametrize("kind", ["diverged", "renamed"])
def test_warnings_of_partial_fit_point_at_the_users_line(kind):
    parameters, match = TROUBLE[kind]
    network = classifier(**parameters, batch_size=10)
    warning = caught(lambda: network.partial_fit(X * 1e6, Y, np.unique(Y)), match)
    assert warning.filename == __file__


def test_a_warning_about_the_split_points_at_the_users_line():
    rows, labels = np.vstack([X, X[:1]]), np.append(Y, 9)
    network = classifier(early_stopping=True, max_iter=2)
    assert caught(lambda: network.fit(rows, labels), "single sample").filename == __file__


@pytest.mark.parametrize("kind", TROUBLE)
def test_inside_a_pipeline_they_point_at_the_line_that_called_fit(kind):
    parameters, match = TROUBLE[kind]
    if kind == "diverged":
        parameters = parameters | {"learning_rate": 1e12}
    chain = make_pipeline(StandardScaler(), classifier(**parameters))
    warning = caught(lambda: chain.fit(X, Y), match)
    assert "skshallow" not in warning.filename.replace(__file__, "")
    assert warning.filename.endswith("pipeline.py")


def test_a_search_tells_of_trouble_too():
    search = GridSearchCV(classifier(solver="lbfgs", max_iter=1), {"alpha": [1e-5]}, cv=2)
    with pytest.warns(ConvergenceWarning, match="max_iter=1"):
        search.fit(X, Y)


# Earlier names


def renamed(network, new, *data):
    """Fit, which must warn of the new name, once and at this file."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        network.fit(*data)
    (warning,) = [w for w in found if issubclass(w.category, FutureWarning)]
    assert WORD.format(new) in str(warning.message)
    assert warning.filename == __file__
    return network


def weights_of(network):
    return np.concatenate([network.W1_.ravel(), network.W2_.ravel()])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_steepness_still_scales_the_initial_weights_and_the_penalty():
    old, new = variant(Tanh, steepness=0.25), variant(Tanh, slope_at_zero=0.25)
    ours = renamed(classifier(activation=old(), max_iter=3), "slope_at_zero", X, Y)
    theirs = classifier(activation=new(), max_iter=3).fit(X, Y)
    np.testing.assert_array_equal(weights_of(ours), weights_of(theirs))
    plain = classifier(activation=Tanh(), max_iter=3).fit(X, Y)
    assert not np.allclose(weights_of(ours), weights_of(plain))


def test_stacks_still_lets_prediction_hand_over_stacks():
    dimensions = set()

    def forward(self, Z1, A1):
        dimensions.add(Z1.ndim)
        np.tanh(Z1, out=A1)

    plain = {"forward": forward, "supports_batched": False}
    old = variant(variant(Tanh, **plain), stacks=True)
    network = renamed(classifier(activation=old(), max_iter=2), "supports_batched", X, Y)
    dimensions.clear()
    network.predict(X)
    assert dimensions == {3}


def test_level_still_says_about_what_targets_are_centred():
    data = load_diabetes(return_X_y=True)
    old, new = variant(SquaredError, level=0.9), variant(SquaredError, target_quantile=0.9)
    parameters = {"hidden_units": 4, "max_iter": 2, "random_state": 0}
    ours = renamed(ShallowNNRegressor(loss=old(), **parameters), "target_quantile", *data)
    theirs = ShallowNNRegressor(loss=new(), **parameters).fit(*data)
    np.testing.assert_array_equal(weights_of(ours), weights_of(theirs))
    plain = ShallowNNRegressor(loss="squared_error", **parameters).fit(*data)
    assert not np.allclose(weights_of(ours), weights_of(plain))


def test_blow_up_still_says_how_far_a_loss_may_rise():
    old, data = variant(SquaredError, blow_up=1e-9), load_diabetes(return_X_y=True)
    network = ShallowNNRegressor(4, loss=old(), random_state=0)
    renamed(network, "divergence_factor", *data)
    assert caught(lambda: network.fit(*data), "diverged in epoch 1:").filename == __file__


@pytest.mark.parametrize("pace", [0, 3.0, 40.0])
def test_input_pace_still_says_how_fast_scales_of_inputs_are_learned(pace):
    with pytest.warns(FutureWarning, match="input_scale_rate") as found:
        solver = Adam(input_pace=pace)
    assert found[0].filename == __file__
    assert solver == Adam(input_scale_rate=pace)
    ours = classifier(solver=solver, max_iter=3).fit(X, Y)
    theirs = classifier(solver=Adam(input_scale_rate=pace), max_iter=3).fit(X, Y)
    np.testing.assert_array_equal(weights_of(ours), weights_of(theirs))


def test_of_both_names_the_later_one_counts():
    class Median(SquaredError):
        level = None  # a loss that has an option of this name, and says what is meant
        target_quantile = 0.5

    class Mean(Huber):
        level = None  # as one wrote it before, to centre about the mean

    data = load_diabetes(return_X_y=True)
    ShallowNNRegressor(4, loss=Median(), max_iter=2).fit(*data)
    network = ShallowNNRegressor(4, loss=Mean(), max_iter=2)
    with pytest.warns(FutureWarning, match="target_quantile"):
        network.fit(*data)
    assert network._encoder.loss.target_quantile is None


def test_input_pace_of_an_optimiser_of_ones_own_too():
    old, new = variant(SGD, input_pace=3.0), variant(SGD, input_scale_rate=3.0)
    ours = renamed(classifier(solver=old(), max_iter=3), "input_scale_rate", X, Y)
    theirs = classifier(solver=new(), max_iter=3).fit(X, Y)
    np.testing.assert_array_equal(weights_of(ours), weights_of(theirs))
    assert not np.allclose(weights_of(ours), weights_of(classifier(solver="sgd").fit(X, Y)))


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_new_names_bring_no_warning(name):
    classifier(activation=name, solver=Adam(input_scale_rate=3.0), max_iter=2).fit(X, Y)
    regressor = ShallowNNRegressor(4, loss="quantile", quantile=[0.1, 0.9], max_iter=2)
    regressor.fit(*load_diabetes(return_X_y=True))


def test_code_without_a_module_name_is_warned_too():
    parameters, match = TROUBLE["unconverged"]
    network, names = classifier(**parameters), {}
    names |= {"network": network, "X": X, "Y": Y, "__builtins__": __builtins__}
    caught(lambda: exec("network.fit(X, Y)", names), match)


def test_earlier_names_work_on_frozen_objects():
    @dataclass(frozen=True)
    class Frozen(Activation):
        steepness: float = 0.5
        forward, backward = Tanh.forward, Tanh.backward

    with pytest.warns(FutureWarning, match="slope_at_zero"):
        network = classifier(activation=Frozen(), max_iter=2).fit(X, Y)
    assert network.n_iter_ == 2
