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

    ``mean`` and ``factor`` are empty without standardisation, ``s`` without weights. ``low`` and
    ``high``, at which standardised rows are clipped, are empty without bounds. If X is ``sparse``,
    it has ``indices`` and ``indptr``, and its rows are read where they are.
    """

    sparse: bool
    row_stride: int
    column_stride: int
    values: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray
    mean: np.ndarray
    factor: np.ndarray
    low: np.ndarray
    high: np.ndarray
    Y: np.ndarray
    s: np.ndarray


def source_of(batches):
    """The Source of core's Batches, and the rows to go through. Small X are copied, in order."""
    inputs, rows, Y, s = batches.inputs, batches.rows, batches.Y, batches.s
    X, scales, bounds = inputs.X, inputs.standardization, inputs.bounds
    if inputs.nbytes <= SHUFFLE_BUFFER_BYTES:
        X, scales, bounds = np.ascontiguousarray(inputs.take(rows).T), None, None
        Y, s = Y[:, rows], None if s is None else s[:, rows]
        rows = np.arange(len(rows))
    if issparse(X) and bounds is not None:
        X, bounds = bounds.apply(X), None
    s = np.empty((0, X.shape[0]), X.dtype) if s is None else s
    scales = *_scales(scales, X.dtype), *_limits(bounds, scales, X.dtype)
    arrays = map(_as_input, (*_content(X), *scales, Y, s))
    return Source(issparse(X), *_strides(X), *arrays), rows.astype(np.int64, copy=False)


def _strides(X):
    """From one row to the next, and from one column to the next; zero for CSR."""
    if issparse(X):
        return 0, 0
    return (X.shape[1], 1) if X.flags.c_contiguous else (1, X.shape[0])


def _content(X):
    """The numbers of X as one vector, and where they belong if it is CSR."""
    if issparse(X):
        return X.data, X.indices.astype(np.int32, copy=False), X.indptr.astype(np.int64)
    return X.ravel(order="K"), np.empty(0, np.int32), np.empty(0, np.int64)


def _scales(standardization, dtype):
    """Mean and factor of the columns; both empty if there are none."""
    if standardization is None:
        return np.empty(0, dtype), np.empty(0, dtype)
    return [a.ravel().astype(dtype) for a in (standardization.mean, standardization.factor)]


def _limits(bounds, standardization, dtype):
    """The least and the largest value of standardised columns; empty without bounds."""
    if bounds is None:
        return np.empty(0, dtype), np.empty(0, dtype)
    A0 = np.stack([bounds.low, bounds.high], axis=1)
    A0 = A0 if standardization is None else standardization.apply(A0)
    return A0[:, 0].astype(dtype), A0[:, 1].astype(dtype)


def _as_input(array):
    """An aligned C-ordered view that cannot be written to: all arrays are then of one type."""
    view = np.require(array, requirements=["C", "A"]).view(np.ndarray)
    view.flags.writeable = False
    return view


@inlined
def take(source, rows, X):
    """X (m, n0), the standardised rows; sparse ones stay where they are."""
    if source.sparse:
        return
    if source.column_stride == 1:
        take_contiguous_rows(source, rows, X)
    else:
        take_strided_rows(source, rows, X)
    if len(source.low) > 0:
        clip(source, X)


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
def clip(source, X):
    """X := min(max(X, low), high)."""
    for i in range(len(X)):
        for j in range(X.shape[1]):
            X[i, j] = min(max(X[i, j], source.low[j]), source.high[j])
