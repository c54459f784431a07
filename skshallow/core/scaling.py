"""A scale for every input, learned beside the weights.

A step for single weights cannot tell an input that matters from one that does not. So before each
step all weights of input j, column j of W1, are multiplied by

    exp(-rate * agreement_j)      agreement_j = sum_i dW1_ij W1_ij / sum_i |dW1_ij W1_ij|

The sum above the line is the derivative of J by the logarithm of the column's scale. Divided by
the one below, it lies between -1 and 1: it is 1 where all hidden units would gain if the column
were smaller, -1 where all want it larger, and near 0 where they do not agree. Inputs that matter
grow quickly, the others fade; J and its minimum stay what they are. A column that has faded is
left alone: numbers near the smallest that the type can hold would make everything slow.

References
----------
Kivinen and Warmuth (1997), Exponentiated gradient versus gradient descent for linear predictors:
steps that multiply. Holzmüller, Grinsztajn and Steinwart (2024), Better by default: strong
pre-tuned MLPs and boosted trees on tabular data: a learned scale for every input.
"""

import numpy as np

BLOCK = 16_384  # weights that are looked at together: they stay in the cache
MANY = 2**15  # weights from which on every fourth step, four times as long, does as well
NEGLIGIBLE = 1e-12  # added below the line: a column that J hardly sees shrinks no more


class InputScaling:
    """Scales the columns of W1, ``pace`` times as fast as the learning rate.

    Parameters
    ----------
    pace : float
        A step with the learning rate r multiplies a column by exp(pace * r) at most.
    """

    def __init__(self, pace):
        self.pace, self.t, self._products = pace, 0, None

    def step(self, W1, dW1, learning_rate):
        """Multiply the columns of W1 (n1, n0) in place, or wait for a later step."""
        every = 1 if W1.size < MANY else 4
        self.t += 1
        if self.t % every == 0:
            agreement = self._agreement(W1, dW1)
            agreement *= -self.pace * learning_rate * every
            W1 *= np.exp(agreement, out=agreement)

    def _agreement(self, W1, dW1):
        rows = max(BLOCK // W1.shape[1], 1)
        if self._products is None:
            self._products = np.empty((min(rows, len(W1)), W1.shape[1]), W1.dtype)
            self._ones = np.ones(len(W1), W1.dtype)
        above, below = 0, NEGLIGIBLE
        for start in range(0, len(W1), rows):
            W, dW = W1[start : start + rows], dW1[start : start + rows]
            ones, products = self._ones[: len(W)], self._products[: len(W)]
            above += np.dot(ones, np.multiply(dW, W, out=products))
            below += np.dot(ones, np.abs(products, out=products))
        above /= below
        return above

    def __getstate__(self):
        return {"pace": self.pace, "t": self.t, "_products": None}
