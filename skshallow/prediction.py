"""What the fitted network says of rows: in tiles of one shape, the rows shared out to threads."""

import copy

import numpy as np

from skshallow.core.inputs import tiles
from skshallow.core.network import Network
from skshallow.threads import each, one_thread, row_parts


def outputs_of(X, layers, activation, transform, n_outputs):
    """``transform`` of the scores of every row of a checked X, (m, n_outputs).

    ``layers`` is (W1, b1, W2, b2), with the learned column if there is one; ``transform`` turns
    Z2 (..., n2, m) into (..., n_outputs, m).
    """
    outputs = np.empty((X.shape[0], n_outputs), layers[0].dtype)

    def fill(rows):
        network = Network(layers, copy.deepcopy(activation), None)
        _fill(outputs[rows], network, X[rows], transform)

    parts = row_parts(X.shape[0], layers[0].size)
    with one_thread():
        each(fill, parts)
    return outputs


def _fill(outputs, network, X, transform):
    W1, *_ = network.parameters
    done = 0
    with np.errstate(over="ignore", invalid="ignore"):
        for A0, n in tiles(X, len(W1), W1.dtype):
            Z2 = network.scores(A0)
            if not np.isfinite(Z2).all():
                raise ValueError(
                    "X has values so large that scores overflow: divide X by a constant"
                )
            A2 = transform(Z2).swapaxes(-1, -2)
            outputs[done : done + n] = A2.reshape(-1, A2.shape[-1])[:n]
            done += n
