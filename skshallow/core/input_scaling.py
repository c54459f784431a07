"""A scale for every input, learned beside the weights.

A step for single weights cannot tell an input that matters from one that does not. So before each
step all weights of input j, column j of W1, are multiplied by

    exp(-rate * a_j)      a_j = sum_i dW1_ij W1_ij / sum_i |dW1_ij W1_ij|

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

SCALING_BLOCK = 16_384  # weights whose signs are compared together: they stay in the cache
MANY = 2**15  # weights from which on every fourth step, four times as long, does as well
NEGLIGIBLE = 1e-12  # added below the line: a column that J hardly sees shrinks no more


class InputScaling:
    """Scales the columns of W1, ``rate`` times as fast as the learning rate.

    Parameters
    ----------
    rate : float
        A step with the learning rate r multiplies a column by exp(rate * r) at most.
    """

    def __init__(self, rate):
        self.rate, self.t, self._products = rate, 0, None

    def step(self, W1, dW1, learning_rate):
        """Multiply the columns of W1 (n1, n0) in place, or wait for a later step."""
        period = self.period(W1)
        self.t += 1
        if self.t % period == 0:
            exponent = self._sign_agreement(W1, dW1)
            exponent *= -self.rate * learning_rate * period
            W1 *= np.exp(exponent, out=exponent)

    def period(self, W1):
        """Every how many steps the columns are multiplied."""
        return 1 if W1.size < MANY else 4

    def _sign_agreement(self, W1, dW1):
        """a_j of every column (n0,), block after block of rows."""
        rows = max(SCALING_BLOCK // W1.shape[1], 1)
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
        return {"rate": self.rate, "t": self.t, "_products": None}
