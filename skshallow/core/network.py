"""Forward and backward propagation: the only backprop of the package.

    Z1 = W1 A0 + b1        A1 = g(Z1)        Z2 = W2 A1 + b2

    dZ2 = s * dL/dZ2 / m   dW2 = dZ2 A1.T    db2 = sum of dZ2 over examples
    dZ1 = W2.T dZ2 * g'(Z1)
    dW1 = dZ1 A0.T         db1 = sum of dZ1 over examples

Differences from the notes, all for speed: results are written with ``out=`` into buffers made
once, 1/m stands in dZ2 instead of in four places, sums over examples are products with a column
of ones, and what is no longer needed is written over (Z2 becomes dZ2, A1 and Z1 are scratch for
g'). The loss and dZ2 come from one object, at Z2.
"""

import numpy as np

BLOCK = 65_536  # weights that the penalty is added for at a time: they stay in the cache
TOGETHER = 1_024  # examples whose losses are computed together


class Network:
    """The network with its buffers.

    ``dot(A, B, out)`` takes the two products with A0, the large ones; another may be put in.

    Parameters
    ----------
    parameters : Parameters, or a tuple (W1, b1, W2, b2) with the learned column if there is one
        A tuple is enough to go forward.
    activation : Activation
    loss : loss object of losses.py
    alpha : float
        Strength of the penalty alpha/2 (|W1|^2 + |W2|^2).
    dropout : Dropout or None
        Drops hidden units in training.
    """

    def __init__(self, parameters, activation, loss, *, alpha=0.0, dropout=None):
        self.parameters, self.activation, self.loss = parameters, activation, loss
        self.alpha, self.dropout, self.dot = alpha, dropout, np.dot
        if isinstance(parameters, tuple):
            self.gradient = None
        else:
            self.gradient = parameters.like()
            self._penalised = _blocks(parameters.weights, self.gradient.weights)
        self._forward_buffers, self._backward_buffers = {}, {}

    def backpropagate(self, A0, Y, s=None, tally=None):
        """``gradient`` becomes that of J over the batch; the tally keeps the scores."""
        Z1, A1, Z2 = self.forward(A0, self.dropout)
        if tally is not None:
            tally.add(Z2, Y, s)
        self.loss.slope(Z2, Y)
        Z2 *= 1 / Z2.shape[1]
        if s is not None:
            Z2 *= s
        self._backward(A0, Z1, A1, Z2)
        self._add_penalty_gradient()

    def tally(self, largest, check=None):
        """An empty tally of this network's loss, for batches of at most so many examples."""
        room = largest * max(TOGETHER // largest, 1)
        return Tally(self.loss, self.parameters.theta.dtype, room, check)

    def loss_and_gradient(self, A0, Y, s=None):
        """Sum of s * L / m over the batch; ``gradient`` becomes that of J, penalty included."""
        tally = Tally(self.loss, self.parameters.theta.dtype, A0.shape[1])
        self.backpropagate(A0, Y, s, tally)
        return tally.mean()

    def full_loss_and_gradient(self, batches):
        """The same over all examples, batch after batch, so that X is never copied whole."""
        if len(batches) == 1:
            return self.loss_and_gradient(*next(batches.deal()))
        loss, total = 0.0, np.zeros_like(self.gradient.theta)
        for A0, Y, s in batches.deal():
            share = A0.shape[1] / len(batches.rows)
            loss += share * self.loss_and_gradient(A0, Y, s)
            total += share * self.gradient.theta
        self.gradient.theta[...] = total
        return loss

    def scores(self, A0):
        """Z2 (..., n2, m); the next call with as many examples writes over it."""
        return self.forward(A0)[-1]

    def mean_loss(self, batches):
        """Sum of s * L / m over all examples, without dropout and penalty."""
        tally = self.tally(batches.largest)
        for A0, Y, s in batches.deal():
            tally.add(self.scores(A0), Y, s)
        return tally.mean()

    def penalty(self):
        """alpha/2 (|W1|^2 + |W2|^2)."""
        weights = self.parameters.weights
        return self.alpha / 2 * float(weights @ weights)

    def _product(self, A, B, out):
        """out = A B; B may be sparse, or a stack of tiles."""
        if not isinstance(B, np.ndarray):
            out[...] = (B.T @ A.T).T  # a sparse matrix wants to stand on the left
        elif B.ndim > 2:
            np.matmul(A, B, out=out)
        else:
            self.dot(A, B, out)

    def forward(self, A0, dropout=None):
        """Z1, A1 (..., n1, m) and Z2 (..., n2, m); the next call with as many writes over them."""
        W1, b1, W2, b2, *learned = self.parameters
        Z1, A1, Z2 = self._buffers_to_go_forward(A0.shape)
        self._product(W1, A0, out=Z1)
        Z1 += b1
        self._activate(Z1, A1, *learned)
        if dropout is not None:
            A1 *= dropout.draw(A1)
        (np.dot if A1.ndim == 2 else np.matmul)(W2, A1, out=Z2)
        Z2 += b2
        return Z1, A1, Z2

    def _activate(self, Z1, A1, *learned):
        if Z1.ndim == 2 or self.activation.stacks:
            self.activation.forward(Z1, A1, *learned)
        else:
            for Z, A in zip(Z1, A1, strict=True):
                self.activation.forward(Z, A, *learned)

    def _backward(self, A0, Z1, A1, dZ2):
        _, _, W2, _, *learned = self.parameters
        dW1, db1, dW2, db2, *dlearned = self.gradient
        dZ1, ones = self._buffers_to_go_back(Z1)
        np.dot(dZ2, A1.T, out=dW2)
        np.dot(dZ2, ones, out=db2)
        np.dot(W2.T, dZ2, out=dZ1)
        if self.dropout is not None:
            dZ1 *= self.dropout.mask
            self.activation.forward(Z1, A1, *learned)  # A1 as it was before the mask
        self.activation.backward(Z1, A1, dZ1, *learned, *dlearned)
        self._product(dZ1, A0.T, out=dW1)
        np.dot(dZ1, ones, out=db1)

    def _add_penalty_gradient(self):
        if self.alpha:
            for weights, dweights, scratch in self._penalised:
                dweights += np.multiply(weights, self.alpha, out=scratch)

    def _buffers_to_go_forward(self, shape):
        """Z1, A1 (..., n1, m) and Z2 (..., n2, m), made once for each shape of A0."""
        if shape not in self._forward_buffers:
            W1, _, W2, *_ = self.parameters
            *tiles, _, m = shape
            units = (len(W1), len(W1), len(W2))
            buffers = [np.empty((*tiles, n, m), W1.dtype) for n in units]
            self._forward_buffers[shape] = buffers
        return self._forward_buffers[shape]

    def _buffers_to_go_back(self, Z1):
        """dZ1 like Z1 (n1, m) and the column of ones (m, 1), made once for each shape."""
        if Z1.shape not in self._backward_buffers:
            ones = np.ones((Z1.shape[1], 1), Z1.dtype)
            self._backward_buffers[Z1.shape] = np.empty_like(Z1), ones
        return self._backward_buffers[Z1.shape]


def _blocks(*vectors):
    """Views of corresponding parts of vectors that stay in the cache, and a scratch buffer each."""
    scratch = np.empty_like(vectors[0][:BLOCK])
    starts = range(0, vectors[0].size, BLOCK)
    parts = [[vector[start : start + BLOCK] for vector in vectors] for start in starts]
    return [(*views, scratch[: views[0].size]) for views in parts]


class Dropout:
    """Inverted dropout: each hidden unit is zero with probability ``share``, else 1 / (1 - share).

    Srivastava et al. (2014), Dropout: a simple way to prevent neural networks from overfitting.
    """

    def __init__(self, share, rng):
        self.share, self.rng, self.mask = share, rng, None

    def draw(self, A1):
        """A new mask of the shape and type of A1."""
        if self.mask is None or self.mask.shape != A1.shape:
            self.mask = np.empty_like(A1)
        self.rng.random(out=self.mask, dtype=self.mask.dtype)
        np.greater_equal(self.mask, self.share, out=self.mask)
        self.mask *= 1 / (1 - self.share)
        return self.mask


class Tally:
    """The mean of s * L over batches that come one by one.

    The scores of several batches are put together before L is computed: a step of training does
    without a dozen calls on small arrays.

    Parameters
    ----------
    loss : loss object
    dtype : NumPy type of the scores
    room : int
        Examples whose losses are computed together; no batch is larger.
    check : callable or None
        Given the mean of every computed portion; may raise.
    """

    def __init__(self, loss, dtype, room, check=None):
        self.loss, self.dtype, self.room, self.check = loss, dtype, room, check
        self._kept, self._filled, self._total, self._n = None, 0, 0.0, 0

    def add(self, Z2, Y, s=None):
        """Keep copies of the scores, the targets and the weights of a batch."""
        arrays = (Z2, Y) if s is None else (Z2, Y, s)
        m = Z2.shape[1]
        if self._filled + m > self.room:
            self.compute()
        if self._kept is None:
            self._kept = [np.empty((len(array), self.room), self.dtype) for array in arrays]
        here = slice(self._filled, self._filled + m)
        for kept, array in zip(self._kept, arrays, strict=True):
            kept[:, here] = array
        self._filled += m

    def compute(self):
        """Bring the total up to date."""
        m = self._filled
        if m:
            part = self._sum([kept[:, :m] for kept in self._kept])
            self._total, self._n, self._filled = self._total + part, self._n + m, 0
            if self.check is not None:
                self.check(part / m)

    def look(self):
        """Have what is kept checked, and go on keeping it."""
        m = self._filled
        self.check(self._sum([kept[:, :m].copy() for kept in self._kept]) / m)

    def _sum(self, arrays):
        """Sum of s * L; the loss may write over the arrays."""
        Z2, Y, *s = arrays
        L = self.loss.value(Z2, Y)
        return float((L * s[0] if s else L).sum())

    def mean(self):
        """Sum of s * L over the number of examples."""
        self.compute()
        return self._total / self._n
