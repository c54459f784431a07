"""What is written and read again is the same estimator, and says which version it was."""

import copy
import io
import pickle
import warnings
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning, InconsistentVersionWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skshallow
from skshallow import ShallowNNClassifier, ShallowNNRegressor
from skshallow.core.activations import Activation, LeakyReLU
from skshallow.core.losses import REGRESSION_LOSSES, Huber
from skshallow.core.standardization import Standardization

IRIS, DIABETES = load_iris(), load_diabetes()
SMALL = {"hidden_units": 6, "max_iter": 3, "random_state": 0, "alpha": 0.01}
QUANTILES = {"loss": "quantile", "quantile": [0.1, 0.9]}
OTHER_VERSION = "0" * len(skshallow.__version__)


def classifier(X=IRIS.data, y=IRIS.target, **parameters):
    return ShallowNNClassifier(**SMALL | parameters).fit(X, y), X


def regressor(X=DIABETES.data, y=DIABETES.target, **parameters):
    return ShallowNNRegressor(**SMALL | parameters).fit(X, y), X


FITTED = {
    "classifier": classifier,
    "words for labels": lambda: classifier(y=IRIS.target_names.astype(object)[IRIS.target]),
    "multilabel": lambda: classifier(y=(IRIS.target[:, None] == [0, 1]).astype(int)),
    "class weight": lambda: classifier(class_weight="balanced"),
    "float32": lambda: classifier(IRIS.data.astype(np.float32)),
    "prelu": lambda: classifier(activation="prelu"),
    "leaky relu": lambda: classifier(activation="leaky_relu"),
    "raw inputs": lambda: classifier(standardize=False),
    "early stopping": lambda: classifier(early_stopping=True),
    "names of columns": lambda: classifier(load_iris(as_frame=True).data),
    "two targets": lambda: regressor(y=DIABETES.data[:, :2]),
    "several quantiles": lambda: regressor(**QUANTILES),
    **{loss: lambda loss=loss: regressor(loss=loss) for loss in REGRESSION_LOSSES},
}


def outputs(estimator, X):
    return estimator.predict_proba(X) if hasattr(estimator, "classes_") else estimator.predict(X)


def assert_same_outputs(a, b, X):
    """Bit for bit."""
    assert outputs(a, X).dtype == outputs(b, X).dtype
    np.testing.assert_array_equal(outputs(a, X), outputs(b, X))
    np.testing.assert_array_equal(a.predict(X), b.predict(X))


def through_skops(estimator):
    """Trusting what the package itself defines, and no more."""
    import skops.io

    data = skops.io.dumps(estimator)
    types = skops.io.get_untrusted_types(data=data)
    assert all(name.startswith("skshallow.") for name in types)
    return skops.io.loads(data, trusted=types)


def through_pickle(estimator):
    return pickle.loads(pickle.dumps(estimator))


NEEDS_SKOPS = pytest.mark.neighbours("skops")
SKOPS = pytest.param(through_skops, marks=NEEDS_SKOPS)


# The same estimator


@pytest.mark.parametrize("trip", [through_pickle, SKOPS])
@pytest.mark.parametrize("case", FITTED)
def test_predictions_are_the_same_bits(case, trip):
    fitted, X = FITTED[case]()
    again = trip(fitted)
    assert_same_outputs(fitted, again, X)
    assert vars(again).keys() == vars(fitted).keys()


@pytest.mark.parametrize("mmap_mode", [None, "r", "c"])
@pytest.mark.parametrize("make", [classifier, regressor])
def test_predictions_from_a_joblib_file_are_the_same_bits(make, mmap_mode, tmp_path):
    fitted, X = make()
    joblib.dump(fitted, tmp_path / "model")
    again = joblib.load(tmp_path / "model", mmap_mode=mmap_mode)
    assert isinstance(again.W1_, np.memmap) == (mmap_mode is not None)
    assert_same_outputs(fitted, again, X)


@pytest.mark.parametrize("options", [{}, {"loss": "huber"}, QUANTILES], ids=str)
def test_a_pickled_regressor_holds_little_more_than_the_weights(options):
    X, y = load_digits(return_X_y=True)
    fitted, _ = regressor(X, y, hidden_units=100, **options)
    arrays = (fitted.W1_, fitted.b1_, fitted.W2_, fitted.b2_)
    assert len(pickle.dumps(fitted)) <= 1.2 * sum(array.nbytes for array in arrays)


# What a reader has to trust


@NEEDS_SKOPS
@pytest.mark.parametrize("case", FITTED)
def test_skops_asks_for_trust_in_the_estimator_alone(case):
    import skops.io

    fitted, _ = FITTED[case]()
    kind = type(fitted)
    names = skops.io.get_untrusted_types(data=skops.io.dumps(fitted))
    assert names == [f"{kind.__module__}.{kind.__name__}"]


class Sine(Activation):
    def forward(self, Z1, A1):
        np.sin(Z1, out=A1)

    def backward(self, Z1, A1, dA1):
        dA1 *= np.cos(Z1)


@pytest.mark.parametrize("activation", [Sine(), LeakyReLU(slope=0.3)])
def test_activations_given_as_objects_come_back(activation):
    fitted, X = classifier(activation=activation)
    assert_same_outputs(fitted, through_pickle(fitted), X)


@NEEDS_SKOPS
@pytest.mark.parametrize("activation", [Sine(), LeakyReLU(slope=0.3)])
def test_activations_given_as_objects_come_back_from_skops(activation):
    import skops.io

    fitted, X = classifier(activation=activation)
    data = skops.io.dumps(fitted)
    names = skops.io.get_untrusted_types(data=data)
    assert any(name.endswith(type(activation).__name__) for name in names)
    assert_same_outputs(fitted, skops.io.loads(data, trusted=names), X)


# Going on


@pytest.mark.parametrize("trip", [through_pickle, SKOPS, copy.deepcopy])
@pytest.mark.parametrize(
    "parameters",
    [QUANTILES, {"loss": Huber(2.0)}, {"loss": "poisson", "dropout": 0.2}],
    ids=str,
)
def test_training_of_a_regressor_goes_on_after_a_round_trip(parameters, trip):
    y = DIABETES.target
    stayed, X = regressor(warm_start=True, schedule="constant", **parameters)
    travelled = trip(stayed)
    assert_same_outputs(stayed.fit(X, y), travelled.fit(X, y), X)
    assert_same_outputs(stayed.partial_fit(X, y), travelled.partial_fit(X, y), X)


@NEEDS_SKOPS
@pytest.mark.parametrize("solver", ["adam", "sgd", "gd", "lbfgs"])
def test_training_of_a_classifier_goes_on_after_skops(solver):
    y = IRIS.target
    options = {"warm_start": True, "early_stopping": True, "schedule": "constant"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # three iterations are few
        stayed, X = classifier(solver=solver, **options)
        travelled = through_skops(stayed)
        assert_same_outputs(stayed.fit(X, y), travelled.fit(X, y), X)
    assert stayed.n_iter_ == travelled.n_iter_ > 3


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_training_goes_on_from_a_map_that_must_not_be_written(method, tmp_path):
    y = IRIS.target
    stayed, X = classifier(warm_start=True, schedule="constant")
    joblib.dump(stayed, tmp_path / "model")
    mapped = joblib.load(tmp_path / "model", mmap_mode="r")
    assert_same_outputs(getattr(stayed, method)(X, y), getattr(mapped, method)(X, y), X)


# Other versions


def as_of_another_version(data):
    """The pickle that a version with another number had written."""
    version = skshallow.__version__.encode()
    assert version in data
    return data.replace(version, OTHER_VERSION.encode())


def skops_of_another_version(data):
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, as_of_another_version(content) if "schema" in name else content)
    return changed.getvalue()


@pytest.mark.parametrize("make", [classifier, regressor])
def test_a_pickle_of_another_version_is_loaded_with_a_warning_that_names_both(make):
    fitted, X = make()
    data = as_of_another_version(pickle.dumps(fitted))
    message = rf"{type(fitted).__name__}.*skshallow {OTHER_VERSION}.*{skshallow.__version__}"
    with pytest.warns(InconsistentVersionWarning, match=message) as caught:
        again = pickle.loads(data)
    assert caught[0].filename == __file__
    assert_same_outputs(fitted, again, X)


@NEEDS_SKOPS
def test_a_skops_file_of_another_version_is_loaded_with_a_warning():
    import skops.io

    fitted, X = classifier()
    data = skops_of_another_version(skops.io.dumps(fitted))
    trusted = skops.io.get_untrusted_types(data=data)
    with pytest.warns(InconsistentVersionWarning, match=rf"skshallow {OTHER_VERSION}"):
        again = skops.io.loads(data, trusted=trusted)
    assert_same_outputs(fitted, again, X)


def test_a_pickle_that_names_no_version_is_loaded_with_a_warning():
    fitted, X = classifier()
    state = {k: v for k, v in fitted.__getstate__().items() if str(v) != skshallow.__version__}
    again = ShallowNNClassifier.__new__(ShallowNNClassifier)
    with pytest.warns(InconsistentVersionWarning, match=skshallow.__version__):
        again.__setstate__(state)
    assert_same_outputs(fitted, again, X)


def test_the_warning_comes_from_inside_a_pipeline_too():
    pipeline = make_pipeline(StandardScaler(), ShallowNNClassifier(**SMALL))
    pipeline.fit(IRIS.data, IRIS.target)
    with pytest.warns(InconsistentVersionWarning, match="skshallow"):
        pickle.loads(as_of_another_version(pickle.dumps(pipeline)))


def test_what_was_loaded_with_a_warning_is_saved_as_of_this_version():
    fitted, X = classifier()
    with pytest.warns(InconsistentVersionWarning):
        again = pickle.loads(as_of_another_version(pickle.dumps(fitted)))
    assert_same_outputs(fitted, through_pickle(again), X)


@pytest.mark.parametrize("trip", [copy.copy, copy.deepcopy, clone, through_pickle, SKOPS])
@pytest.mark.parametrize("make", [classifier, regressor])
def test_the_version_is_in_the_file_and_nowhere_else(make, trip):
    fitted, _ = make()
    again = trip(fitted)
    assert again.get_params() == fitted.get_params()
    assert skshallow.__version__ not in map(str, vars(again).values())
    assert skshallow.__version__.encode() in pickle.dumps(again)


def test_what_a_derived_estimator_keeps_for_itself_is_left_alone():
    fitted, _ = classifier()
    fitted._best = ("ReLU", 0.9)
    assert through_pickle(fitted)._best == ("ReLU", 0.9)


def changed(**attributes):
    state = classifier()[0].__getstate__()
    return {k: v for k, v in (state | attributes).items() if v is not None}


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (3, "its state is 3"),
        (changed(W1_=np.ones((3, 2))), "W2_ has shape .* not"),
        (changed(b2_=np.ones(3)), "b2_ is .*not a matrix"),
        (changed(W2_="weights"), "W2_ is 'weights', not a matrix"),
        (changed(W1_=np.full((6, 4), np.nan)), "W1_ is not finite"),
        (changed(n_features_in_=7), "n_features_in_ is 7, but W1_ has 4"),
        (changed(_encoder=None, b1_=None), "it has no b1_, _encoder"),
        (changed(_encoder=("ClassEncoder", {"labels": [0]})), "labels"),
        (changed(_activation=("ReLU", {"slope": 1})), "slope|argument"),
        (changed(W1_=np.ones((6, 4), np.float16)), "W1_ is .*not a matrix"),
        (changed(_standardization=Standardization(np.ones((3, 1)), np.ones((3, 1)))), "_standard"),
        (
            changed(_state=classifier(np.ones((9, 2)), [0, 1, 2] * 3, warm_start=True)[0]._state),
            "_st",
        ),
    ],
)
def test_a_state_that_was_tampered_with_is_refused(state, words):
    new = ShallowNNClassifier.__new__(ShallowNNClassifier)
    with pytest.raises(ValueError, match=rf"(?s)no state of a ShallowNNClassifier: .*{words}"):
        new.__setstate__(state)


SAVED = Path(__file__).parent / "saved_models"


def test_every_version_saves_its_models_for_later_ones():
    """``python tests/saved_models/save.py`` does it."""
    assert (SAVED / skshallow.__version__).is_dir()


@pytest.mark.parametrize("name", ["classifier", "regressor"])
@pytest.mark.parametrize("folder", [f for f in SAVED.glob("*") if (f / "regressor.npz").exists()])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
def test_models_of_all_versions_are_loaded_and_predict_the_same(folder, name):
    model, known = (
        pickle.loads((folder / f"{name}.pickle").read_bytes()),
        np.load(folder / f"{name}.npz"),
    )
    predict = model.predict_proba if name == "classifier" else model.predict
    np.testing.assert_allclose(predict(known["X"]), known["outputs"], rtol=1e-9, atol=1e-12)
