"""Warnings of values that training cannot use as they are: changes too small for the type of X,
and features with values far from all others."""

import numpy as np
from scipy.sparse import issparse

from skshallow._data import DataSet
from skshallow._warnings import warn_caller
from skshallow.core.standardization import least_deviation

LOOKED_AT = 1_000  # samples, of the columns that count as constant
NAMED = 5  # features in a message
ROUNDED = 1e-3  # deviations of y that a prediction may be rounded by


def warn_of_lost_digits(estimator, data: DataSet) -> None:
    """Warn if standardization ignores features that change, or predictions are rounded coarsely."""
    _warn_of_features(estimator, data)
    _warn_of_targets(estimator._target_standardization, data)


def warn_of_clipped(estimator, seen, bounds) -> None:
    """Say which features have training values, of the range ``seen``, that are clipped."""
    (columns,) = np.nonzero((seen.low < bounds.low) | (seen.high > bounds.high))
    warn_caller(
        f"X has values far from all others in features {_named(estimator, columns)}: they are "
        "clipped to input_bounds_. Correct them, or if they are right, transform these features, "
        "as by a logarithm, or set clip_inputs=False"
    )


def _named(estimator, columns):
    """The first names or numbers of features."""
    names = getattr(estimator, "feature_names_in_", np.arange(estimator.n_features_in_))
    return ", ".join(repr(name) for name in names[columns[:NAMED]].tolist()) + (
        ", ..." if len(columns) > NAMED else ""
    )


def _warn_of_features(estimator, data):
    (constant,) = np.nonzero(estimator._standardization.factor[:, 0] == 0)
    if len(constant) == 0:
        return
    some = data.thinned(LOOKED_AT)
    X = some.X[some.rows][:, constant]
    low, high = X.min(axis=0), X.max(axis=0)
    columns = constant[np.ravel((low != high).toarray() if issparse(X) else low != high)]
    if len(columns):
        warn_caller(
            f"X has features with standard deviations below {least_deviation(data.dtype):.0e}, "
            f"too small for {data.dtype}: {_named(estimator, columns)}. They are ignored: multiply "
            "them by a constant"
        )


def _warn_of_targets(scale, data):
    if scale is None:
        return
    dtype, some = data.dtype, data.thinned(LOOKED_AT)
    step = np.maximum(  # between two predictions
        np.finfo(dtype).eps * np.abs(scale.location), np.finfo(dtype).smallest_subnormal
    )
    rounded = step > ROUNDED * scale.spread
    rounded &= np.ptp(some.Y[:, some.rows], axis=1, keepdims=True) > 0
    if rounded.any():
        k = int(rounded[:, 0].argmax())
        location, spread = float(scale.location[k, 0]), float(scale.spread[k, 0])
        too_small = step[k, 0] == np.finfo(dtype).smallest_subnormal
        warn_caller(
            f"y lies around {location:.3g} and varies by {spread:.3g}, which predictions of type "
            f"{dtype}, the type of X, do not resolve: "
            + ("multiply y by a constant" if too_small else f"subtract {location:.3g} from y")
            + (", or make X float64" if dtype == np.float32 else "")
        )
