"""A scale for every input, learned beside the weights.

A step for single weights cannot tell an input that matters from one that does not. So before each
step all weights of input j, column j of W1, are multiplied by

    exp(-rate * a_j)      a_j = sum_i dW1_ij W1_ij / running mean of b_j, between -1 and 1
                          b_j = sum_i (|dW1_ij| + |db1_i|) |W1_ij|

The sum above the line is the derivative of J by the logarithm of the column's scale. The one below
says how large it would be if all hidden units agreed: a_j is near 1 where all would gain if the
column were smaller, near -1 where all want it larger, and near 0 where they do not agree. Inputs
that matter grow quickly, the others fade.

b_j is a mean over some steps, so that the noise of single batches does not decide, and the steps
are zero on average where the derivative is: the minimum of J stays where it is. The derivatives by
the biases, which are weights of an input that is always one, give a measure where those by W1
vanish: if they cancel because the targets are symmetric, the penalty alone is left in dW1, and
it must not be taken for the data's wish. A column that has faded is left alone: numbers near the
smallest that the type can hold would make everything slow.

References
----------
Kivinen and Warmuth (1997), Exponentiated gradient versus gradient descent for linear predictors:
steps that multiply. Holzmüller, Grinsztajn and Steinwart (2024), Better by default: strong
pre-tuned MLPs and boosted trees on tabular data: a learned scale for every input.
"""

import numpy as np

SCALING_BLOCK = 16_384  # weights that are looked at together: they stay in the cache
MANY = 2**15  # weights from which on every fourth step, four times as long, does as well
NEGLIGIBLE = 1e-12  # added below the line: a column that J hardly sees shrinks no more
MEMORY = 0.9  # share of the running mean that is kept from one step to the next


class InputScaling:
    """Scales the columns of W1, ``rate`` times as fast as the learning rate.

    Parameters
    ----------
    rate : float
        A step with the learning rate r multiplies a column by exp(rate * r) at most.
    networks : int, default=1
        How many networks stand side by side in W1. They have the scales in common.

    Attributes
    ----------
    t : int
        Steps so far.
    magnitude : ndarray of shape (n0,), or None before the first step
        Sum of the b_j, older ones with less weight; (1 - MEMORY) / (1 - MEMORY^n) of it is their
        mean over n steps.
    """

    def __init__(self, rate, networks=1):
        self.rate, self.networks = rate, networks
        self.t, self.magnitude, self._products = 0, None, None

    def step(self, W1, dW1, db1, learning_rate):
        """Multiply the columns of W1 (n1, n0) in place, or wait for a later step."""
        period = self.period(W1)
        self.begin(W1)
        self.t += 1
        if self.t % period == 0:
            above, below = self._sums(W1, dW1, np.abs(db1.ravel()))
            self.magnitude *= MEMORY
            self.magnitude += below
            mean = self.magnitude * ((1 - MEMORY) / (1 - MEMORY ** (self.t // period)))
            above /= mean + NEGLIGIBLE
            exponent = np.clip(above, -1, 1, out=above)
            exponent *= -self.rate * learning_rate * period
            W1 *= np.exp(exponent, out=exponent)

    def begin(self, W1):
        """Get ready for the columns of W1."""
        if self.magnitude is None:
            self.magnitude = np.zeros(W1.shape[1], W1.dtype)

    def period(self, W1):
        """Every how many steps the columns are multiplied."""
        return 1 if W1.size // self.networks < MANY else 4

    def _sums(self, W1, dW1, db1):
        """sum_i dW1_ij W1_ij and b_j of every column, (n0,), block after block of rows."""
        rows = max(SCALING_BLOCK // W1.shape[1], 1)
        if self._products is None:
            self._products = np.empty((min(rows, len(W1)), W1.shape[1]), W1.dtype)
            self._ones = np.ones(len(W1), W1.dtype)
        above, below = 0, 0
        for start in range(0, len(W1), rows):
            block = slice(start, start + rows)
            W, dW, db = W1[block], dW1[block], db1[block]
            ones, products = self._ones[: len(W)], self._products[: len(W)]
            above += np.dot(ones, np.multiply(dW, W, out=products))
            below += np.dot(ones, np.abs(products, out=products))
            below += np.dot(db, np.abs(W, out=products))
        return above, below

    def __getstate__(self):
        return vars(self) | {"_products": None, "_ones": None}
