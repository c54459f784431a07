"""Dask collections as users give them: which are taken, how they are cut, and checked by chunks."""

import dask
import dask.array
import numpy as np

from skshallow._inputs import checked
from skshallow.extras.dask import blocks
from skshallow.extras.dask.cluster import Cluster


def is_frame(X) -> bool:
    """Whether X is a Dask data frame, which the array alone does not need."""
    return is_chunked(X) and hasattr(X, "columns")


def is_chunked(X) -> bool:
    """Whether X is a Dask array, data frame or series."""
    return dask.is_dask_collection(X) and hasattr(type(X), "partitions")


def check_collections(collections: dict) -> None:
    """Refuse what has no chunks of rows, or not everything that is needed; None is not given."""
    (of_X, _), (of_y, y), *_ = collections.items()
    if y is None:
        raise ValueError(f"{of_y}=None: give the targets of {of_X}")
    for name, value in collections.items():
        if value is not None and is_chunked(value):
            if value.ndim == 0:
                raise ValueError(f"{name} is a single number: give one for each sample")
        elif value is not None:
            remedy = f"dask.array.from_array({name}, chunks=...)"
            if dask.is_dask_collection(value):
                remedy = "dask.array.from_delayed()"
            raise TypeError(
                f"{name} is of type {type(value).__name__}: make a Dask array or data frame of it, "
                f"as by {remedy}{'' if name == of_X else f', as {of_X} is one'}"
            )


def load(estimator, X, y, weights=None, *, suffix="") -> tuple[Cluster, list]:
    """The cluster, and futures of the checked chunks of X, y and weights."""
    cluster = Cluster.current()
    chunks = _aligned({"X": X, "y": y, "sample_weight": weights}, suffix)
    missing = [None] * len(chunks["X"])
    rows = zip(chunks["X"], chunks["y"], chunks.get("sample_weight", missing), strict=True)
    judge, task = dask.delayed(_judge(estimator)), dask.delayed(blocks.load, pure=False)
    return cluster, cluster.compute(
        [task(judge, i, suffix, *chunk) for i, chunk in enumerate(rows)]
    )


def _judge(estimator):
    """What checks chunks as the estimator does; its callbacks and its past stay here."""
    judge = type(estimator)(**estimator.get_params(deep=False))
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(estimator, name):
            setattr(judge, name, getattr(estimator, name))
    return judge


def _aligned(collections, suffix):
    """{name: delayed chunks}, of which the same rows belong together."""
    found, rows, of_X = {}, None, None
    for name, collection in collections.items():
        if collection is None:
            continue
        if isinstance(collection, dask.array.Array):
            collection = _chunked_by_rows(collection, rows)
            rows = rows or collection.chunks[0]
        found[name] = np.ravel(collection.to_delayed()).tolist()
        of_X = of_X or len(found[name])
        if len(found[name]) != of_X:
            raise ValueError(
                f"{name}{suffix} has {len(found[name])} chunks and X{suffix} {of_X}: call "
                "compute_chunk_sizes() of arrays, or repartition both alike"
            )
    return found


def _chunked_by_rows(array, rows):
    """The array in chunks of whole rows, these rows if both are known."""
    if array.ndim == 2 and array.numblocks[1] > 1:
        array = array.rechunk({1: -1})
    known = rows is not None and not np.isnan([*rows, *array.chunks[0]]).any()
    differs = known and array.chunks[0] != rows and sum(array.chunks[0]) == sum(rows)
    return array.rechunk({0: rows}) if differs else array


def check_features(estimator, X, *, reset) -> None:
    """Number and names of the columns, seen without any row."""
    if is_frame(X):
        from pandas import DataFrame  # which a Dask data frame brings

        example = DataFrame(np.zeros((1, len(X.columns))), columns=X.columns)
    else:
        if X.ndim != 2:
            raise ValueError(f"X has {X.ndim} dimensions: give one row for each sample")
        example = np.zeros((1, X.shape[1]))
    checked(estimator, example, reset=reset)
