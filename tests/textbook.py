"""The lecture notes as plain code: the oracle that the fast code is compared with.

To be read beside the notes. NumPy only, no tricks, no buffers, nothing of skshallow. The letters
and shapes are the notes': examples are columns, X is (n0, m), W1 (n1, n0), b1 (n1, 1),
W2 (n2, n1), b2 (n2, 1), Y (n2, m). ``s`` is a row (1, m) of weights of the examples.
"""

import numpy as np

# Activation functions and their derivatives


def identity(z):
    return z


def identity_derivative(z):
    return np.ones_like(z)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_derivative(z):
    return sigmoid(z) * (1 - sigmoid(z))


def tanh(z):
    return (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))


def tanh_derivative(z):
    return 1 - tanh(z) ** 2


def relu(z):
    return np.maximum(0, z)


def relu_derivative(z):
    return np.where(z > 0, 1.0, 0.0)


def leaky_relu(z, slope=0.01):
    return np.maximum(slope * z, z)


def leaky_relu_derivative(z, slope=0.01):
    return np.where(z > 0, 1.0, slope)


def prelu(z, slope=0.25):
    """The slope may be a column (n1, 1): one for each hidden unit."""
    return np.where(z > 0, z, slope * z)


def prelu_derivative(z, slope=0.25):
    return np.where(z > 0, 1.0, slope)


def prelu_slope_derivative(z):
    """dg/dslope."""
    return np.where(z > 0, 0.0, z)


def silu(z):
    return z * sigmoid(z)


def silu_derivative(z):
    return sigmoid(z) + z * sigmoid(z) * (1 - sigmoid(z))


ACTIVATIONS = {
    "identity": (identity, identity_derivative),
    "sigmoid": (sigmoid, sigmoid_derivative),
    "tanh": (tanh, tanh_derivative),
    "relu": (relu, relu_derivative),
    "leaky_relu": (leaky_relu, leaky_relu_derivative),
    "prelu": (prelu, prelu_derivative),
    "silu": (silu, silu_derivative),
}


# Output activation, loss of every example, (n2, m) or (1, m), and its derivative dz2


def softmax(z):
    return np.exp(z) / np.sum(np.exp(z), axis=0, keepdims=True)


def binary_cross_entropy(A2, Y):
    return -(Y * np.log(A2) + (1 - Y) * np.log(1 - A2))


def softmax_cross_entropy(A2, Y):
    return -np.sum(Y * np.log(A2), axis=0, keepdims=True)


def difference(A2, Y):
    """dz2 = a2 - y: of the cross-entropies, of half the squared error and of Poisson's deviance."""
    return A2 - Y


def squared_error(A2, Y):
    return (A2 - Y) ** 2 / 2


def absolute_error(A2, Y):
    return np.abs(A2 - Y)


def absolute_error_derivative(A2, Y):
    return np.where(A2 > Y, 1.0, np.where(A2 < Y, -1.0, 0.0))


def huber(A2, Y, delta=1.0):
    u = np.abs(A2 - Y)
    return np.where(u <= delta, u**2 / 2, delta * (u - delta / 2))


def huber_derivative(A2, Y, delta=1.0):
    u = A2 - Y
    return np.where(u > delta, delta, np.where(u < -delta, -delta, u))


def pinball(A2, Y, q=0.5):
    return np.where(Y >= A2, q * (Y - A2), (1 - q) * (A2 - Y))


def pinball_derivative(A2, Y, q=0.5):
    return np.where(Y > A2, -q, np.where(Y < A2, 1 - q, 0.5 - q))


def half_poisson_deviance(A2, Y):
    logarithm = np.log(np.where(Y > 0, Y, 1))
    return Y * logarithm - Y * np.log(A2) - Y + A2


OUTPUTS = {
    "binary": (sigmoid, binary_cross_entropy, difference),
    "multilabel": (sigmoid, binary_cross_entropy, difference),
    "multiclass": (softmax, softmax_cross_entropy, difference),
    "squared_error": (identity, squared_error, difference),
    "absolute_error": (identity, absolute_error, absolute_error_derivative),
    "huber": (identity, huber, huber_derivative),
    "quantile": (identity, pinball, pinball_derivative),
    "poisson": (np.exp, half_poisson_deviance, difference),
}


def targets(kind, m, rng):
    """Random targets Y (n2, m) that suit the loss: n2 is 1 for "binary", else 3."""
    if kind == "multiclass":
        return np.eye(3)[:, rng.integers(0, 3, m)]
    if kind in ("binary", "multilabel"):
        return rng.integers(0, 2, (1 if kind == "binary" else 3, m)).astype(float)
    if kind == "poisson":
        return rng.poisson(1.0, (3, m)).astype(float)
    return rng.standard_normal((3, m))


# Forward propagation


def layers(parameters):
    """[W1, b1, W2, b2], and what is learned besides if there is something."""
    p = parameters
    return [p.W1, p.b1, p.W2, p.b2] + ([] if p.learned is None else [p.learned])


def forward_loop(X, W1, b1, W2, b2, g1, g2):
    """One example after another; A2 (n2, m)."""
    columns = []
    for i in range(X.shape[1]):
        x = X[:, [i]]
        z1 = W1 @ x + b1
        a1 = g1(z1)
        z2 = W2 @ a1 + b2
        columns.append(g2(z2))
    return np.hstack(columns)


def forward(X, W1, b1, W2, b2, g1, g2):
    """All examples at once: Z1, A1, Z2, A2."""
    Z1 = W1 @ X + b1
    A1 = g1(Z1)
    Z2 = W2 @ A1 + b2
    A2 = g2(Z2)
    return Z1, A1, Z2, A2


def objective(X, Y, W1, b1, W2, b2, g1, output, s=None, alpha=0.0):
    """J = sum_i s_i L_i / sum_i s_i + alpha/2 (|W1|^2 + |W2|^2)."""
    g2, loss, _ = output
    s = np.ones((1, X.shape[1])) if s is None else s
    A2 = forward(X, W1, b1, W2, b2, g1, g2)[-1]
    penalty = alpha / 2 * (np.sum(W1**2) + np.sum(W2**2))
    return np.sum(s * loss(A2, Y)) / np.sum(s) + penalty


# Backward propagation


def backward_loop(X, Y, W1, b1, W2, b2, activation, output, s=None, alpha=0.0):
    """dW1, db1, dW2, db2 of J as the weighted mean of each example's own gradient."""
    (g1, g1_derivative), (g2, _, derivative) = activation, output
    m = X.shape[1]
    s = np.ones((1, m)) if s is None else s
    dW1, db1, dW2, db2 = np.zeros_like(W1), np.zeros_like(b1), np.zeros_like(W2), np.zeros_like(b2)
    for i in range(m):
        x, y, share = X[:, [i]], Y[:, [i]], s[0, i] / np.sum(s)
        z1, a1, _, a2 = forward(x, W1, b1, W2, b2, g1, g2)
        dz2 = derivative(a2, y)
        dz1 = W2.T @ dz2 * g1_derivative(z1)
        dW2 += share * dz2 @ a1.T
        db2 += share * dz2
        dW1 += share * dz1 @ x.T
        db1 += share * dz1
    return dW1 + alpha * W1, db1, dW2 + alpha * W2, db2


def backward(X, Y, W1, b1, W2, b2, activation, output):
    """The same for all examples at once, unweighted and without penalty: the notes' lines."""
    (g1, g1_derivative), (g2, _, derivative) = activation, output
    m = X.shape[1]
    Z1, A1, _, A2 = forward(X, W1, b1, W2, b2, g1, g2)
    dZ2 = derivative(A2, Y)
    dW2 = 1 / m * dZ2 @ A1.T
    db2 = 1 / m * np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = W2.T @ dZ2 * g1_derivative(Z1)
    dW1 = 1 / m * dZ1 @ X.T
    db1 = 1 / m * np.sum(dZ1, axis=1, keepdims=True)
    return dW1, db1, dW2, db2


def gradient_descent(X, Y, W1, b1, W2, b2, activation, output, learning_rate, steps):
    """The notes' loop; the parameters after the steps, and J before each of them."""
    costs = []
    for _ in range(steps):
        costs.append(objective(X, Y, W1, b1, W2, b2, activation[0], output))
        dW1, db1, dW2, db2 = backward(X, Y, W1, b1, W2, b2, activation, output)
        W1 = W1 - learning_rate * dW1
        b1 = b1 - learning_rate * db1
        W2 = W2 - learning_rate * dW2
        b2 = b2 - learning_rate * db2
    return (W1, b1, W2, b2), costs
