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

PENALTY_BLOCK = 65_536  # weights that the penalty is added for at a time: they stay in the cache


class Network:
    """The network with its buffers; or several, side by side as ``Layout`` has them.

    Z2 then holds the outputs of one network below those of the other, (n2 of all, m), and each has
    the gradient of its own J. A loss or a penalty is the mean over them.

    ``dot(A, B, out)`` takes the two products with A0, the large ones; another may be put in.

    Parameters
    ----------
    parameters : Parameters, or any object with their views
        Views are enough to go forward.
    activation : Activation
    loss : loss object of losses.py, or None to go forward only
    alpha : float
        Strength of the penalty alpha/2 (|W1|^2 + |W2|^2).
    dropout : Dropout or None
        Drops hidden units in training.
    """

    def __init__(self, parameters, activation, loss=None, *, alpha=0.0, dropout=None):
        self.parameters, self.activation, self.loss = parameters, activation, loss
        self.alpha, self.dropout, self.dot = alpha, dropout, np.dot
        self.networks = len(parameters.W1) // parameters.W2.shape[1]
        if loss is not None:
            self.gradient = parameters.like()
            self._penalty_blocks = _blocks(parameters.weights, self.gradient.weights)
        self._hidden_buffers, self._output_buffers, self._backward_buffers = {}, {}, {}

    # Forward

    def forward(self, A0):
        """Z1, A1 (n1, m) and Z2 (n2, m); the next call with as many examples writes over them."""
        Z1, A1 = self.hidden(A0)
        if self.dropout is not None:
            A1 *= self.dropout.draw(A1)
        return Z1, A1, self.output(A1)

    def hidden(self, A0):
        """Z1 and A1 (..., n1, m); the next call with as many examples writes over them."""
        p, buffers = self.parameters, self._hidden_buffers
        if A0.shape not in buffers:
            shape = *A0.shape[:-2], len(p.W1), A0.shape[-1]
            buffers[A0.shape] = np.empty(shape, p.W1.dtype), np.empty(shape, p.W1.dtype)
        Z1, A1 = buffers[A0.shape]
        self._product(p.W1, A0, out=Z1)
        Z1 += p.b1
        self.activate(Z1, A1)
        return Z1, A1

    def output(self, A1):
        """Z2 (..., n2 of all, m); the next call with as many examples writes over it."""
        p, buffers = self.parameters, self._output_buffers
        if A1.shape not in buffers:
            shape = *A1.shape[:-2], len(p.W2), A1.shape[-1]
            buffers[A1.shape] = np.empty(shape, p.W2.dtype)
        Z2 = buffers[A1.shape]
        if self.networks > 1:
            np.matmul(self._each(p.W2), self._each(A1), out=self._each(Z2))
        else:
            (np.dot if A1.ndim == 2 else np.matmul)(p.W2, A1, out=Z2)
        Z2 += p.b2
        return Z2

    def _each(self, array):
        """Rows that belong to one network after the other, with an axis in front: the networks."""
        k = self.networks
        return array.reshape(k, len(array) // k, array.shape[1])

    def scores(self, A0):
        """Z2 (..., n2, m) without dropout, the mean of the networks'.

        The next call with as many examples writes over it.
        """
        Z2 = self.output(self.hidden(A0)[1])
        return Z2 if self.networks == 1 else self._each(Z2).mean(axis=0)

    def _product(self, A, B, out):
        """out = A B; B may be sparse, or a stack of tiles."""
        if not isinstance(B, np.ndarray):
            out[...] = A @ B  # sparse inputs know their products
        elif B.ndim > 2:
            np.matmul(A, B, out=out)
        else:
            self.dot(A, B, out)

    def activate(self, Z1, A1):
        """A1 = g(Z1)."""
        if Z1.ndim == 2 or self.activation.supports_batched:
            self.activation.forward(Z1, A1, *_learned(self.parameters))
        else:
            for Z, A in zip(Z1, A1, strict=True):
                self.activation.forward(Z, A, *_learned(self.parameters))

    # Backward

    def backward(self, A0, layers, Y, s, scale):
        """``gradient`` becomes that of scale * sum of s * L over the batch, without penalty.

        ``layers`` is what ``forward`` returned for A0, and is written over.
        """
        Z1, A1, Z2 = layers
        dZ2 = self._slope_of_loss(Z2, Y)
        dZ2 *= scale
        if s is not None:
            each = self._each(dZ2)
            each *= s
        d, learned = self.gradient, _learned(self.parameters)
        dZ1, ones = self._buffers_to_go_back(Z1)
        np.dot(dZ2, ones, out=d.b2)
        self._through_output(dZ2, A1, dZ1)
        if self.dropout is not None:
            dZ1 *= self.dropout.mask
            self.activate(Z1, A1)  # A1 as it was before the mask
        self.activation.backward(Z1, A1, dZ1, *learned, *_learned(d))
        self._product(dZ1, A0.T, out=d.W1)
        np.dot(dZ1, ones, out=d.b1)

    def _slope_of_loss(self, Z2, Y):
        """dL/dZ2 of every network; it may be written over Z2."""
        if self.networks == 1:
            return self.loss.slope(Z2, Y)
        return np.concatenate([self.loss.slope(Z, Y) for Z in self._each(Z2)])

    def _through_output(self, dZ2, A1, dA1):
        """dW2 = dZ2 A1.T and dA1 = W2.T dZ2, of every network."""
        W2, dW2 = self.parameters.W2, self.gradient.W2
        if self.networks == 1:
            np.dot(dZ2, A1.T, out=dW2)
            np.dot(W2.T, dZ2, out=dA1)
        else:
            W2, dW2, dZ2, A1, dA1 = map(self._each, (W2, dW2, dZ2, A1, dA1))
            np.matmul(dZ2, A1.swapaxes(1, 2), out=dW2)
            np.matmul(W2.swapaxes(1, 2), dZ2, out=dA1)

    def slope(self, Z1, A1):
        """g'(Z1) as the backward pass uses it."""
        slope = np.ones_like(Z1)
        learned = _learned(self.parameters)
        spare = [np.empty_like(column) for column in learned]
        self.activation.backward(Z1.copy(), A1.copy(), slope, *learned, *spare)
        return slope

    def _buffers_to_go_back(self, Z1):
        """dZ1 like Z1 (n1, m) and the column of ones (m, 1), made once for each shape."""
        if Z1.shape not in self._backward_buffers:
            ones = np.ones((Z1.shape[1], 1), Z1.dtype)
            self._backward_buffers[Z1.shape] = np.empty_like(Z1), ones
        return self._backward_buffers[Z1.shape]

    # The objective: a batch, a sum over blocks, the penalty

    def backpropagate(self, A0, layers, Y, s=None):
        """``gradient`` becomes that of J over a batch, penalty included."""
        self.backward(A0, layers, Y, s, 1 / A0.shape[1])
        self._add_penalty_gradient()

    def take_sum(self, total):
        """``gradient`` becomes that of J, given the sum over blocks without the penalty."""
        self.gradient.theta[...] = total
        self._add_penalty_gradient()

    def add_block(self, A0, Y, s, total, scale=1.0):
        """Sum of s * L over a block; scale times its gradient is added to ``total``, a vector."""
        layers = self.forward(A0)
        loss = self.sum_loss(layers[2], Y, s)
        self.backward(A0, layers, Y, s, scale)
        total += self.gradient.theta
        return loss

    def value(self, Z2, Y):
        """L (n2, m), the mean over the networks; Z2 may be written over."""
        networks = len(Z2) // len(Y)
        if networks == 1:
            return self.loss.value(Z2, Y)
        return sum(self.loss.value(Z, Y) for Z in Z2.reshape(networks, *Y.shape)) / networks

    def sum_loss(self, Z2, Y, s=None):
        """Sum of s * L at the scores Z2, which stay as they are."""
        L = self.value(Z2.copy(), Y)
        return float((L if s is None else L * s).sum())

    def mean_loss(self, batches):
        """Sum of s * L / m over all examples, without dropout and penalty."""
        blocks = batches.iterate()
        return sum(self.sum_loss(self.scores(A0), Y, s) for A0, Y, s in blocks) / batches.n_examples

    def losses(self, A0, Y, s=None):
        """s * L of each example of a batch, (m,), without dropout and penalty."""
        L = self.loss.value(self.scores(A0).copy(), Y)
        return (L if s is None else L * s).sum(axis=0, dtype=np.float64)

    def loss_and_gradient(self, A0, Y, s=None):
        """Sum of s * L / m over one batch; ``gradient`` becomes that of J, penalty included."""
        layers = self.forward(A0)
        loss = self.sum_loss(layers[2], Y, s) / A0.shape[1]
        self.backpropagate(A0, layers, Y, s)
        return loss

    def penalty(self):
        """alpha/2 (|W1|^2 + |W2|^2)."""
        weights = self.parameters.weights
        return self.alpha / (2 * self.networks) * float(weights @ weights)

    def _add_penalty_gradient(self):
        """Add alpha * W to the derivatives by the weights."""
        if self.alpha:
            for weights, dweights, scratch in self._penalty_blocks:
                dweights += np.multiply(weights, self.alpha, out=scratch)


def _learned(parameters):
    """What the activation is given besides: its learned column, if it learns."""
    return () if parameters.learned is None else (parameters.learned,)


def _blocks(weights, dweights):
    """Views of corresponding parts that stay in the cache, and a scratch buffer for each."""
    scratch = np.empty_like(weights[:PENALTY_BLOCK])
    starts = range(0, weights.size, PENALTY_BLOCK)
    parts = [[v[i : i + PENALTY_BLOCK] for v in (weights, dweights)] for i in starts]
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
