"""The examples of a batch, taken from where they lie: standardised rows, targets, weights.

X is one vector with two strides, for both orders of memory, or the three vectors of a CSR matrix.
"""

from typing import NamedTuple

import numpy as np
from scipy.sparse import issparse

from skshallow._compiled.jit import inlined, kernel
from skshallow.core.batches import SHUFFLE_BUFFER_BYTES


class Source(NamedTuple):
    """Where examples come from: X (n, n0) and what standardises it, Y (n2, n), s ((1 or n2), n).

    ``mean`` and ``factor`` are empty without standardisation, ``s`` without weights. A sparse X has
    ``indices`` and ``indptr``, and a mean only if its rows are to become dense.
    """

    values: np.ndarray
    row_stride: int
    column_stride: int
    indices: np.ndarray
    indptr: np.ndarray
    mean: np.ndarray
    factor: np.ndarray
    Y: np.ndarray
    s: np.ndarray


def source_of(batches):
    """The Source of core's Batches, and the rows to go through. Small X are copied, in order."""
    inputs, rows, Y, s = batches.inputs, batches.rows, batches.Y, batches.s
    X, scales, (n, n0) = inputs.X, inputs.standardization, inputs.X.shape
    if inputs.nbytes <= SHUFFLE_BUFFER_BYTES:
        X, scales = np.ascontiguousarray(inputs.take(rows).T), None
        Y, s, n, rows = (
            Y[:, rows],
            None if s is None else s[:, rows],
            len(rows),
            np.arange(len(rows)),
        )
    if issparse(X):
        data = X.data, 0, 0, X.indices.astype(np.int32, copy=False), X.indptr.astype(np.int64)
    else:
        strides = (n0, 1) if X.flags.c_contiguous else (1, n)
        data = X.ravel(order="K"), *strides, np.empty(0, np.int32), np.empty(0, np.int64)
    mean = None if scales is None else scales.mean
    none = np.empty(0, X.dtype)
    if mean is None:
        mean = none if scales is None or issparse(X) else np.zeros_like(scales.factor)
    factor = none if scales is None else scales.factor
    s = np.empty((0, n), X.dtype) if s is None else s
    scales_ = [a.ravel().astype(X.dtype) for a in (mean, factor)]
    return Source(*map(_as_input, (*data, *scales_, Y, s))), rows.astype(np.int64, copy=False)


def _as_input(array):
    """An aligned C-ordered view that cannot be written to: all arrays are then of one type."""
    if isinstance(array, int):
        return array
    view = np.require(array, requirements=["C", "A"]).view(np.ndarray)
    view.flags.writeable = False
    return view


@inlined
def is_sparse(source):
    """Whether X is sparse and stays so."""
    return len(source.indptr) > 0 and len(source.mean) == 0


@inlined
def take(source, rows, X):
    """X (m, n0), the standardised rows; not if they are sparse and stay so."""
    if len(source.indptr) > 0:
        if len(source.mean) > 0:
            take_sparse_rows(source, rows, X)
    elif source.column_stride == 1:
        take_contiguous_rows(source, rows, X)
    else:
        take_strided_rows(source, rows, X)


@kernel
def take_columns(array, columns, out):
    """out = array[:, columns]."""
    for k in range(len(array)):
        for i in range(len(columns)):
            out[k, i] = array[k, columns[i]]


@kernel
def take_contiguous_rows(source, rows, X):
    """X = (rows - mean) * factor."""
    n0, standardized = X.shape[1], len(source.factor) > 0
    for i in range(len(rows)):
        start = rows[i] * source.row_stride
        x, out = source.values[start : start + n0], X[i]
        if standardized:
            for j in range(n0):
                out[j] = (x[j] - source.mean[j]) * source.factor[j]
        else:
            for j in range(n0):
                out[j] = x[j]


@kernel
def take_strided_rows(source, rows, X):
    """The same of an X whose columns are contiguous."""
    one = X.dtype.type(1)
    standardized = len(source.factor) > 0
    for j in range(X.shape[1]):
        column = source.values[j * source.column_stride :]
        mean = source.mean[j] if standardized else one - one
        factor = source.factor[j] if standardized else one
        for i in range(len(rows)):
            X[i, j] = (column[rows[i]] - mean) * factor


@kernel
def take_sparse_rows(source, rows, X):
    """The same of a sparse X, made dense."""
    for i in range(len(rows)):
        for j in range(X.shape[1]):
            X[i, j] = -source.mean[j] * source.factor[j]
        for p in range(source.indptr[rows[i]], source.indptr[rows[i] + 1]):
            j = source.indices[p]
            X[i, j] += source.values[p] * source.factor[j]
