"""Predictions of Dask collections: block by block, when somebody asks for them."""

import copy
from functools import partial

import dask
import numpy as np
from sklearn.utils.validation import check_is_fitted

from skshallow._rollback import TRAINING
from skshallow.classifier import ShallowNNClassifier
from skshallow.extras.dask.chunks import check_features, is_chunked, is_frame
from skshallow.regressor import ShallowNNRegressor

PLAIN = ShallowNNClassifier, ShallowNNRegressor


def plain(estimator):
    """The same fitted network without Dask, for workers and for scores."""
    check_is_fitted(estimator, "W1_")
    model = copy.copy(estimator)
    for name in TRAINING:
        vars(model).pop(name, None)
    model._sklearn_output_config = {"transform": "default"}  # frames are made here
    model.__class__ = next(kind for kind in PLAIN if isinstance(estimator, kind))
    return model


def lazily(estimator, X, method):
    """What this method says of each block of X: an array, of a frame a series or a frame."""
    model = plain(estimator)
    if not is_chunked(X):
        raise TypeError(f"X is of type {type(X).__name__}: give a Dask array or data frame")
    check_features(estimator, X, reset=False)
    unnamed = copy.copy(model)
    vars(unnamed).pop("feature_names_in_", None)
    one = getattr(unnamed, method)(np.zeros((1, model.n_features_in_)))
    example = one[:0]
    predict = partial(_of_block, model, method, example)
    if is_frame(X):
        names = _names(estimator, method, one)
        meta = _table(one, None, names).iloc[:0]
        return X.map_partitions(_labelled, predict, names, meta=meta)
    X = X.rechunk({1: -1})
    shape = example.shape[1:]
    return X.map_blocks(
        predict,
        drop_axis=1 if shape == () else None,
        new_axis=[2] if len(shape) == 2 else None,
        chunks=(X.chunks[0], *((n,) for n in shape)),
        dtype=example.dtype,
        meta=example,
    )


def score(estimator, X, y, sample_weight=None) -> float:
    """The score of a plain estimator: predictions and y come to the client, X does not."""
    model = plain(estimator)
    predicted, y, sample_weight = dask.compute(estimator.predict(X), y, sample_weight)
    predicted = np.asarray(predicted)
    if hasattr(model._encoder, "shape"):  # of a frame several quantiles are columns
        predicted = predicted.reshape(len(predicted), *model._encoder.shape)
    model.predict = lambda _: predicted
    return model.score(None, y, sample_weight)


def _of_block(model, method, example, X):
    return getattr(model, method)(X) if X.shape[0] else example


def _labelled(X, predict, names):
    """Predictions of a frame, with its index."""
    return _table(predict(X), X.index, names)


def _table(values, index, names):
    from pandas import DataFrame, Series  # which a Dask data frame brings

    if values.ndim == 1:
        return Series(values, index, name=names)
    return DataFrame(values.reshape(len(values), len(names)), index, names)


def _names(estimator, method, values):
    """The name of a series or of the columns of a frame: text, as files want it."""
    if values.ndim == 1:
        return "prediction" if method == "predict" else "score"
    if method == "transform":
        return list(estimator.get_feature_names_out())
    levels = getattr(estimator._encoder, "levels", ())  # quantiles of a regressor
    outputs = getattr(estimator, "target_names_", None)
    if outputs is None:
        outputs = getattr(estimator, "classes_", [f"y{k}" for k in range(values.shape[1])])
    if values.ndim == 3:
        return [f"{output}_{level}" for output in outputs for level in levels]
    return [str(output) for output in (levels if len(levels) > 1 else outputs)]
