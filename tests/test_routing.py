"""What one can ask of the class itself: metadata routing, tags, help, signatures, imports."""

import ast
import dataclasses
import doctest
import inspect
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr, get_tags
from sklearn.utils.estimator_checks import check_estimator_sparse_tag

import skshallow.classifier
from skshallow import ShallowNNClassifier, ShallowNNRegressor

PARAMETERS = [name for name in inspect.signature(ShallowNNClassifier).parameters]


def short(**parameters):
    return ShallowNNClassifier(
        **{"hidden_units": 8, "max_iter": 20, "random_state": 0, "alpha": 0.01} | parameters
    )


def documented(section):
    """Names that a section of the numpydoc class docstring explains."""
    doc = inspect.getdoc(ShallowNNClassifier)
    body = re.search(rf"^{section}\n-+\n(.*?)(?=^\S[^\n]*\n-+\n)", doc, re.MULTILINE | re.DOTALL)
    return re.findall(r"^(\w+) : \S", body.group(1), re.MULTILINE)


def parted_iris():
    X, y = load_iris(return_X_y=True)
    return X[::2], y[::2], X[1::2], y[1::2]


def modules_after(statement):
    """Top-level packages and skshallow's modules that a new interpreter has after a statement."""
    program = f"{statement}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return set(json.loads(done.stdout))


def test_a_pipeline_routes_validation_data_scaled_and_weights_as_they_are():
    X, y, X_val, y_val = parted_iris()
    weights = np.linspace(1, 2, len(y))
    scaler = StandardScaler().fit(X)
    by_hand = short().fit(
        scaler.transform(X),
        y,
        sample_weight=weights,
        X_val=scaler.transform(X_val),
        y_val=y_val,
        sample_weight_val=weights,
    )
    with config_context(enable_metadata_routing=True):
        network = short().set_fit_request(
            sample_weight=True, X_val=True, y_val=True, sample_weight_val=True
        )
        steps = [
            ("scaler", StandardScaler().set_fit_request(sample_weight=False)),
            ("net", network),
        ]
        pipeline = Pipeline(steps, transform_input=["X_val"]).fit(
            X, y, sample_weight=weights, X_val=X_val, y_val=y_val, sample_weight_val=weights
        )
    assert by_hand.validation_scores_ is not None
    np.testing.assert_array_equal(pipeline["net"].validation_scores_, by_hand.validation_scores_)
    np.testing.assert_array_equal(pipeline["net"].W1_, by_hand.W1_)


def test_a_grid_search_routes_the_weights_of_each_fold_to_fit_and_score():
    X, y, *_ = parted_iris()
    weights = np.linspace(0, 2, len(y))
    folds = StratifiedKFold(3)
    with config_context(enable_metadata_routing=True):
        network = short().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(network, {"hidden_units": [4]}, cv=folds)
        search.fit(X, y, sample_weight=weights)
    for i, (train, test) in enumerate(folds.split(X, y)):
        fitted = short(hidden_units=4).fit(X[train], y[train], sample_weight=weights[train])
        expected = accuracy_score(y[test], fitted.predict(X[test]), sample_weight=weights[test])
        assert search.cv_results_[f"split{i}_test_score"][0] == pytest.approx(expected)


def test_weights_that_nobody_asked_for_are_refused():
    X, y, *_ = parted_iris()
    with config_context(enable_metadata_routing=True):
        search = GridSearchCV(short(), {"hidden_units": [4]}, cv=2)
        with pytest.raises(ValueError, match="sample_weight"):
            search.fit(X, y, sample_weight=np.ones(len(y)))


@pytest.mark.parametrize(
    ("method", "names"),
    [
        ("fit", ("sample_weight", "X_val", "y_val", "sample_weight_val")),
        ("partial_fit", ("classes", "sample_weight")),
        ("score", ("sample_weight",)),
    ],
)
def test_every_further_argument_can_be_requested(method, names):
    with config_context(enable_metadata_routing=True):
        requests = short().get_metadata_routing()
        assert set(getattr(requests, method).requests) == set(names)
        for name in names:
            getattr(short(), f"set_{method}_request")(**{name: True})


def test_tags_tell_the_truth():
    tags = get_tags(short())
    X, y = load_iris(return_X_y=True)
    assert tags.input_tags.sparse
    assert short(max_iter=100).fit(csr_array(X), y).score(csr_array(X), y) > 0.9
    check_estimator_sparse_tag("ShallowNNClassifier", short())
    assert tags.classifier_tags.multi_label
    X, Y = make_multilabel_classification(random_state=0)
    assert short().fit(X, Y).predict(X).shape == Y.shape
    assert tags.classifier_tags.multi_class
    assert not tags.target_tags.multi_output or tags.classifier_tags.multi_label
    assert tags.target_tags.required
    assert not tags.input_tags.allow_nan
    with pytest.raises(ValueError, match="NaN"):
        short().fit([[np.nan], [1.0]], [0, 1])
    assert not tags.non_deterministic


def test_partial_fit_is_offered_by_the_solvers_that_can():
    assert all(hasattr(short(solver=solver), "partial_fit") for solver in ("adam", "sgd", "gd"))
    assert not hasattr(short(solver="lbfgs"), "partial_fit")


def test_every_constructor_parameter_is_documented_in_order():
    assert documented("Parameters") == PARAMETERS


def test_documented_defaults_are_the_defaults():
    doc = inspect.getdoc(ShallowNNClassifier)
    for name, parameter in inspect.signature(ShallowNNClassifier).parameters.items():
        said = re.search(rf"^{name} : .*default=(\S+)$", doc, re.MULTILINE).group(1)
        assert ast.literal_eval(said) == parameter.default, name


@pytest.mark.parametrize("activation", ["relu", "prelu"])
def test_every_fitted_attribute_is_documented(activation):
    import pandas as pd

    X, y, *_ = parted_iris()
    X = pd.DataFrame(X, columns=list("abcd"))
    fitted = short(activation=activation, early_stopping=True).fit(X, y)
    learned = {name for name in vars(fitted) if name.endswith("_") and not name.startswith("_")}
    promised = set(documented("Attributes")) - {"feature_importances_", "target_names_"}
    promised -= {"slopes_"} if activation == "relu" else set()
    assert learned == promised


@pytest.mark.parametrize("fitted", [False, True])
def test_html_links_to_the_documentation_and_explains_every_parameter(fitted):
    X, y, *_ = parted_iris()
    network = short().fit(X, y) if fitted else short()
    html = estimator_html_repr(network)
    page = "https://skshallow.readthedocs.io/en/stable/generated/"
    assert f'href="{page}skshallow.classifier.ShallowNNClassifier.html"' in html
    for name in PARAMETERS:
        tooltip = re.search(rf"{name}\s*<span[^>]*>\s*{name}: [^<]+<br><br>\S", html, re.DOTALL)
        assert tooltip, name


def test_signatures_are_annotated():
    public = {"fit", "partial_fit", "predict", "predict_proba", "predict_log_proba"}
    for name in (public | {"decision_function", "__init__"}) - {"partial_fit"}:
        signature = inspect.signature(getattr(ShallowNNClassifier, name))
        for parameter in list(signature.parameters.values())[1:]:
            assert parameter.annotation is not inspect.Parameter.empty, (name, parameter.name)
        if name != "__init__":
            assert signature.return_annotation is not inspect.Signature.empty, name


def test_every_public_method_says_what_it_takes_and_returns():
    for name in ("fit", "predict", "predict_proba", "predict_log_proba", "decision_function"):
        doc = inspect.getdoc(getattr(ShallowNNClassifier, name))
        assert "Parameters\n---" in doc, name
        assert "Returns\n---" in doc, name


@pytest.mark.slow
def test_import_is_silent_and_brings_little_more_than_scikit_learns_network():
    ours = modules_after("import skshallow")
    theirs = modules_after("import sklearn.neural_network")
    packages = {name.partition(".")[0] for name in ours - theirs} - sys.stdlib_module_names
    assert packages <= {"skshallow", "sklearn", "scipy", "numpy", "threadpoolctl"}


@pytest.mark.slow
def test_docstring_examples_run():
    failed, attempted = doctest.testmod(skshallow.classifier)
    assert (failed, attempted > 0) == (0, True)


@pytest.mark.parametrize("estimator", [ShallowNNClassifier, ShallowNNRegressor])
def test_an_estimator_is_no_dataclass_and_has_no_parameter_as_class_attribute(estimator):
    """Tools take a dataclass for its fields alone, and would leave out what was learned."""
    assert not dataclasses.is_dataclass(estimator)
    assert not set(vars(estimator)) & set(inspect.signature(estimator).parameters)
    assert dataclasses.asdict(Holder(estimator()))["model"].alpha == "auto"


@dataclasses.dataclass
class Holder:
    model: object


class Focal(ShallowNNClassifier):
    """With a parameter that only the regressor of the package has."""

    def __init__(self, hidden_units=8, *, loss="focal", max_iter=3, random_state=None):
        super().__init__(hidden_units, max_iter=max_iter, random_state=random_state)
        self.loss = loss


def test_a_derived_estimator_may_have_parameters_of_its_own_and_fewer_of_ours():
    X, y = load_iris(return_X_y=True)
    fitted = clone(Focal(random_state=0)).fit(X, y)
    same = ShallowNNClassifier(8, max_iter=3, random_state=0).fit(X, y)
    np.testing.assert_array_equal(fitted.W1_, same.W1_)
    assert set(fitted.get_params()) == {"hidden_units", "loss", "max_iter", "random_state"}
