"""What computes: one epoch of steps, the objective with its gradient, a mean loss.

``fit_epochs`` and ``minimize_lbfgs`` ask for nothing else, so that the arithmetic can be replaced.
``NumpyEngine`` is the readable reference.

The objective over all examples is a reduction over blocks,

    J = sum over blocks of (sum_i s_i L_i) / n  +  alpha/2 (|W1|^2 + |W2|^2)

with weights s of mean one. Here the blocks are a loop; they may as well lie on other machines. Of
several networks side by side J is the mean, but the gradient that of the sum: each has its own.
"""

from typing import Any, Protocol

import numpy as np

LOSS_BLOCK = 1_024  # examples whose losses are computed together


class Engine(Protocol):
    """What training needs of whoever computes for it.

    An engine may also have ``epochs_together``, a number of epochs so short that calls would take
    most of their time, and ``run_epochs(orders, rates)``: the orders and rates of so many epochs at
    most, one of each for an epoch. It returns the losses (n_epochs, n_steps), and theta before each
    epoch and after the last, (n_epochs + 1, theta.size).

    Attributes
    ----------
    network : Network
        With the parameters that training moves: what a scorer's predictions come from.
    n_examples, n_steps : int
        Examples and steps in an epoch.
    shares : ndarray of shape (n_steps,)
        Share of the examples that each step sees: the weights of its loss in the epoch's mean.
    name : str
        What users call it: ``engine_``.
    divergence_factor : float
        A loss above this many times (1 + |loss of the same examples before the first step|)
        counts as divergence.
    """

    name: str
    network: Any
    n_examples: int
    n_steps: int
    shares: np.ndarray
    divergence_factor: float

    def run_epoch(self, order, rates):
        """Take a step at each of the rates (n_steps,), the examples in this order (n_examples,).

        Moves theta; ``order`` None leaves the examples as they are. Returns the mean loss of each
        batch, (n_steps,), before its step. Divergence is judged on their means over some in a row.
        """

    def batch_losses(self):
        """The mean loss of each batch at the present theta, (n_steps,), without a step."""

    def objective(self, theta):
        """(loss, penalty, gradient) of J at theta; theta becomes that of the network."""

    def penalty(self):
        """The penalty at the present theta."""

    def mean_loss(self, batches):
        """Mean loss of other examples at the present theta, without penalty."""


class BlockObjective:
    """J and its gradient, as a sum over blocks of examples.

    Parameters
    ----------
    network : Network
    batches : Batches
        The blocks; their weights are of mean one.
    add_up : callable or None
        Another way than a loop here to do what ``sum_over_blocks`` does.
    """

    def __init__(self, network, batches, add_up=None):
        self.network, self.batches, self.add_up = network, batches, add_up

    def __call__(self, theta):
        """(loss, penalty, gradient); the next call writes over the gradient, a vector."""
        network, n = self.network, self.batches.n_examples
        if theta is not network.parameters.theta:
            network.parameters.theta[...] = theta
        loss, total = (self.add_up or self.sum_over_blocks)(1 / n)
        network.take_sum(total)
        return loss / n, network.penalty(), network.gradient.theta

    def sum_over_blocks(self, scale):
        """Sum of s * L over all examples; scale times its gradient."""
        total = np.zeros_like(self.network.gradient.theta)
        blocks = self.batches.iterate()
        loss = sum(self.network.add_block(*block, total, scale) for block in blocks)
        return loss, total


def step_over_blocks(state, network, objective, rates):
    """One step of gradient descent over all examples; the mean loss before it, (1,)."""
    loss, _, _ = objective(state.theta)
    state.step(network.gradient, float(rates[0]))
    return np.array([loss])


class NumpyEngine:
    """The reference: the network of network.py, a step for each batch or over all blocks.

    Parameters
    ----------
    state : TrainingState
        Takes the steps.
    network : Network
        Of the state's parameters.
    batches : Batches
    """

    name = "numpy"

    def __init__(self, state, network, batches):
        self.state, self.network, self.batches = state, network, batches
        self.objective = BlockObjective(network, batches)
        self.penalty, self.mean_loss = network.penalty, network.mean_loss
        self.whole = state.optimizer is None or state.optimizer.full_batch
        self.n_examples = batches.n_examples
        sizes = [self.n_examples] if self.whole else batches.sizes
        self.n_steps, self.shares = len(sizes), np.divide(sizes, self.n_examples)
        self.divergence_factor = network.loss.divergence_factor
        self._batch_losses = MeanLoss(network, state.theta.dtype, max(batches.sizes))

    def sum_over_blocks(self, scale):
        """Sum of s * L over all examples; scale times its gradient."""
        return self.objective.sum_over_blocks(scale)

    def batch_losses(self):
        network = self.network
        if self.whole:
            return np.array([network.mean_loss(self.batches)])
        for A0, Y, s in self.batches.iterate():
            self._batch_losses.update(network.output(network.hidden(A0)[1]), Y, s)
        return self._batch_losses.of_batches()

    def run_epoch(self, order, rates):
        if self.whole:
            return step_over_blocks(self.state, self.network, self.objective, rates)
        network, losses = self.network, self._batch_losses
        for (A0, Y, s), rate in zip(self.batches.iterate(order), rates.tolist(), strict=True):
            layers = network.forward(A0)
            losses.update(layers[2], Y, s)
            network.backpropagate(A0, layers, Y, s)
            self.state.step(network.gradient, rate)
        return losses.of_batches()


class MeanLoss:
    """The mean of s * L over each of the batches that come one by one.

    The scores of several batches are put together before L is computed: a step of training does
    without a dozen calls on small arrays.

    Parameters
    ----------
    loss : loss object, or a Network for the mean over several
    dtype : NumPy type of the scores
    largest : int
        Examples in the largest batch.
    """

    def __init__(self, loss, dtype, largest):
        self.loss, self.dtype = loss, dtype
        self._room = largest * max(LOSS_BLOCK // largest, 1)
        self._kept, self._starts, self._filled, self._means = None, [], 0, []

    def update(self, Z2, Y, s=None):
        """Keep copies of the scores, the targets and the weights of the next batch."""
        arrays = (Z2, Y) if s is None else (Z2, Y, s)
        m = Z2.shape[1]
        if self._filled + m > self._room:
            self.flush()
        if self._kept is None:
            self._kept = [np.empty((len(array), self._room), self.dtype) for array in arrays]
        here = slice(self._filled, self._filled + m)
        for kept, array in zip(self._kept, arrays, strict=True):
            kept[:, here] = array
        self._starts.append(self._filled)
        self._filled += m

    def flush(self):
        """Compute the means of the batches that are kept."""
        Z2, Y, *s = [kept[:, : self._filled] for kept in self._kept]
        L = self.loss.value(Z2, Y)
        L = (L * s[0] if s else L).sum(axis=0, dtype=np.float64)
        sizes = np.diff([*self._starts, self._filled])
        self._means.append(np.add.reduceat(L, self._starts) / sizes)
        self._starts, self._filled = [], 0

    def of_batches(self):
        """The mean of each batch, in their order; what comes next is a new epoch."""
        self.flush()
        means, self._means = np.concatenate(self._means), []
        return means
