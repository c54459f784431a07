"""What the pictures need of a fitted network, which may be the last step of a Pipeline."""

from numbers import Integral

import numpy as np
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from skshallow._base import BaseShallowNN
from skshallow._inputs import checked
from skshallow._names import shown
from skshallow._parameter_checks import check_number
from skshallow._prediction import fitted_network, preparation


def network_of(estimator):
    """The fitted network: the estimator itself, or the last step of a Pipeline."""
    network = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    if not isinstance(network, BaseShallowNN):
        raise TypeError(
            f"estimator={shown(network)} is not a network of skshallow: give a "
            "ShallowNNClassifier, a ShallowNNRegressor or a Pipeline that ends in one; of a "
            "search, its best_estimator_"
        )
    check_is_fitted(network, "W1_")
    return network


def inputs_of(estimator, X):
    """X as the network sees it, behind the other steps of a Pipeline; None stays None."""
    network = network_of(estimator)
    if X is None:
        return None
    if network is not estimator and len(estimator.steps) > 1:
        X = estimator[:-1].transform(X)
    return checked(network, X)


def activations(network, X):
    """A1 (n1, m) for the rows of X, in float64 because X may be far from zero."""
    before = preparation(network)
    X = X.astype(np.float64) if before is None else before.apply(X.astype(np.float64))
    return fitted_network(network, np.float64).hidden(X.T)[1]


def weights_of(network, X):
    """W1 and W2; given X, times the deviations of the features and of the units."""
    if X is None:
        return network.W1_, network.W2_
    deviations = np.sqrt(StandardScaler(with_mean=False).fit(X).var_)
    return network.W1_ * deviations, network.W2_ * activations(network, X).std(axis=1)


def largest(argument, limit, importance):
    """Numbers of the most important, in their own order."""
    check_number(argument, limit, Integral, 1)
    return np.sort(np.argsort(-importance, kind="stable")[:limit])


def names_or_numbers(argument, given, letter, count):
    """The given names, or a letter with numbers from zero."""
    if given is None:
        return [f"{letter}{k}" for k in range(count)]
    if len(given) != count:
        raise ValueError(f"{argument} has {len(given)} names: give {count}, or None")
    return [str(name) for name in given]


def feature_names_of(estimator):
    """Names of the network's inputs, if they are known."""
    network = network_of(estimator)
    if hasattr(network, "feature_names_in_"):
        return network.feature_names_in_
    if network is estimator or len(estimator.steps) == 1:
        return None
    try:
        names = estimator[:-1].get_feature_names_out()
    except (AttributeError, ValueError):  # a step that cannot tell
        return None
    return names if len(names) == network.n_features_in_ else None


def describe_outputs(network):
    """What the outputs are, and their names."""
    if is_classifier(network):
        if network._encoder.kind == "binary":
            negative, positive = network.classes_
            return "class", [f"{positive}, not {negative}"]
        return "labels" if network._encoder.kind == "multilabel" else "classes", network.classes_
    n_targets, levels = network.n_targets_, network._encoder.levels
    targets = ["y"] if n_targets == 1 else names_or_numbers("y", None, "y", n_targets)
    if levels == [None]:
        return "target" if n_targets == 1 else "targets", targets
    names = [f"{level:g} quantile of {target}" for target in targets for level in levels]
    return "quantile" if len(names) == 1 else "quantiles", names
