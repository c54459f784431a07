"""What the fitted network says of rows: in tiles of one shape, the rows shared out to threads."""

import copy
import math
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import check_is_fitted

from skshallow._inputs import DTYPES, checked
from skshallow._rollback import numpy_errors_kept
from skshallow._threads import each, one_thread, row_parts
from skshallow.core.activations import ACTIVATIONS
from skshallow.core.batches import in_tiles, tile_size, tiles
from skshallow.core.input_bounds import InputBounds
from skshallow.core.network import Network
from skshallow.core.parameters import Layout, Parameters
from skshallow.core.standardization import fold

FITTED = {name: f"{name}_" for name in Layout.NAMES} | {"learned": "slopes_"}


def fitted_attributes(estimator, theta) -> dict:
    """theta as fitted attributes, for raw X and y, and where X is clipped."""
    layout = estimator._state.parameters.layout
    arrays = layout.joined(Parameters(theta, layout).arrays())
    scales = estimator._standardization, estimator._target_standardization
    seen = estimator._input_range
    bounds = None if seen is None else seen.bounds()
    attributes = {FITTED[name]: array for name, array in fold(arrays, *scales).items()}
    attributes["input_bounds_"] = None if bounds is None else np.array([bounds.low, bounds.high])
    center = None if scales[0] is None else scales[0].center[:, 0]
    attributes["input_center_"] = center if center is not None and center.any() else None
    return attributes


def fitted_parameters(estimator, dtype=None) -> SimpleNamespace:
    """The fitted arrays by their names in core, for raw X; None where there is no such array."""
    arrays = {name: getattr(estimator, attribute, None) for name, attribute in FITTED.items()}
    if dtype is not None:
        arrays = {name: a if a is None else a.astype(dtype) for name, a in arrays.items()}
    return SimpleNamespace(**arrays)


def fitted_network(estimator, dtype=None) -> Network:
    """The fitted network, to go forward with raw X."""
    activation = estimator._activation
    if type(activation) not in ACTIVATIONS.values():  # the user's own may keep anything
        activation = copy.deepcopy(activation)
    return Network(fitted_parameters(estimator, dtype), activation)


@dataclass
class Preparation:
    """What raw X goes through before W1_: it is clipped, and taken from a centre (n0,)."""

    bounds: InputBounds | None
    center: np.ndarray | None

    def leaves(self, x) -> bool:
        """Whether rows x (m, n0) stay as they are; nan does not."""
        return self.center is None and self.bounds is not None and self.bounds.hold(x)

    def apply(self, x):
        """Rows x (m, n0), prepared; a sparse x becomes dense if there is a centre."""
        x = x if self.bounds is None else self.bounds.apply(x)
        if self.center is None:
            return x
        return type(x)(x.toarray() - self.center) if issparse(x) else x - self.center


def preparation(estimator) -> Preparation | None:
    """What raw X goes through before W1_, if anything."""
    bounds, center = input_bounds(estimator), getattr(estimator, "input_center_", None)
    return None if bounds is None and center is None else Preparation(bounds, center)


def input_bounds(estimator) -> InputBounds | None:
    """What clips the inputs of the fitted network, if anything."""
    bounds = getattr(estimator, "input_bounds_", None)
    if bounds is None:
        return None
    bounds, expected = np.asarray(bounds), (2, estimator.n_features_in_)
    if bounds.shape != expected:
        raise ValueError(f"input_bounds_ has shape {bounds.shape}: give an array {expected}")
    return InputBounds(*bounds)


@numpy_errors_kept()
def predicted_outputs(estimator, X, method):
    """What the network says of every row, (m, n_outputs).

    ``method`` is "scores", "output" or "log_output" of the loss, or "hidden" for A1.
    """
    estimator = _as_it_is_now(estimator)
    if not hasattr(estimator, "W1_"):
        check_is_fitted(estimator, "W1_")
    before, plain = preparation(estimator), _is_plain(estimator, X)
    if plain and before is not None and before.leaves(X):
        before = None
    elif not (plain and _is_finite(X)):
        X = checked(estimator, X)
    transform, n_outputs = None, len(estimator.W1_)
    if method != "hidden":
        transform, n_outputs = estimator._encoder.transform(method)
    outputs = np.empty((X.shape[0], n_outputs), estimator.W1_.dtype)
    parts = row_parts(X.shape[0], estimator.W1_.size)
    with one_thread():
        each(lambda i: _fill(outputs[i], estimator, (X[i], before), transform), parts)
    return outputs


def _as_it_is_now(estimator):
    """The same estimator, whatever another thread makes it learn meanwhile, all at once."""
    now = object.__new__(type(estimator))
    now.__dict__ = vars(estimator)
    return now


def _is_plain(estimator, X):
    """Whether validate_data, slow for one row, could find no fault in X but in single numbers."""
    return (
        type(X) is np.ndarray
        and X.dtype in DTYPES
        and X.shape[1:] == (estimator.n_features_in_,)
        and len(X) > 0
        and not hasattr(estimator, "feature_names_in_")
    )


def _is_finite(X):
    with np.errstate(over="ignore", invalid="ignore"):
        return math.isfinite(X.sum())


def _fill(outputs, estimator, inputs, transform):
    (X, before), network = inputs, fitted_network(estimator)
    W1, done = network.parameters.W1, 0
    with np.errstate(over="ignore", invalid="ignore"):
        for A0, n in tiles(X, len(W1), W1.dtype, before):
            _, A1 = network.hidden(A0)
            if issparse(A0):
                A1 = in_tiles(A1, tile_size(W1.size, W1.dtype))
            Z = A1 if transform is None else network.output(A1)
            if not np.isfinite(Z).all():
                raise ValueError("X has values so large that scores overflow: scale X")
            A = (Z if transform is None else transform(Z)).swapaxes(-1, -2)
            if np.isposinf(A).any():  # as of a Poisson loss
                raise ValueError("X has values so large that predictions overflow: scale X")
            outputs[done : done + n] = A.reshape(-1, A.shape[-1])[:n]
            done += n
