"""An epoch of steps in one call: ``NumbaEngine`` does what core's NumpyEngine does.

The batches, the order of the examples and the random numbers of dropout are the same; rounding is
not, as sums are taken in another order.
"""

from typing import NamedTuple

import numpy as np

from skshallow._compiled import activations, losses, optimizers
from skshallow._compiled.batches import source_of, take, take_columns
from skshallow._compiled.input_scaling import scale_inputs
from skshallow._compiled.jit import entry_point, inlined, kernel
from skshallow._compiled.network import (
    Layers,
    Parameters,
    backward,
    forward,
    kind_of,
    loss_and_slope,
    multiply_inputs,
    multiply_slopes_by_inputs,
)
from skshallow.core.engine import BlockObjective, NumpyEngine, step_over_blocks
from skshallow.core.optimizers import GradientDescent

TAKE, FORWARD, PROPAGATE, BACKWARD, ADD, STEP = (2**i for i in range(6))  # stages of a batch
GRADIENT = TAKE | FORWARD | PROPAGATE | BACKWARD
PORTION = 2_000_000_000  # multiplications in one call: a fraction of a second, then Ctrl-C is heard
SHORT = 10_000_000  # multiplications in an epoch up to which one call takes several, but at most
SHORT_PORTION, MOST_STEPS, MOST_KEPT = 100_000_000, 5_000, 1_000_000  # and numbers of theta kept
RANDOM_PORTION = 2**22  # random numbers of dropout in one call


class Vectors(NamedTuple):
    """theta, its gradient, the optimizer's moments, that of the scaling of the inputs, the layout.

    ADD adds the gradient to m.
    """

    theta: np.ndarray
    gradient: np.ndarray
    m: np.ndarray
    v: np.ndarray
    magnitude: np.ndarray
    n0: int
    n1: int
    n2: int
    n_learned: int
    networks: int


class Plan(NamedTuple):
    """Which stages of which batches: rows[bounds[i]:bounds[i + 1]] are those of batch i.

    ``U`` are the random numbers of dropout, ``scale`` is that of the gradient, 0 for 1 / m.
    ``taken`` counts the steps of the optimizer and of the scaling, also if Ctrl-C comes in between.
    ``thetas`` become theta before each of the epochs that the batches are of, unless it is empty.
    """

    stages: int
    rows: np.ndarray
    bounds: np.ndarray
    rates: np.ndarray
    U: np.ndarray
    scale: float
    taken: np.ndarray
    thetas: np.ndarray


@entry_point
def run(kind, vectors, source, work, plan, rule, loss):
    """The stages of every batch; ``loss`` becomes the sum of s * L over each of them.

    ``work`` is room for all that is computed of the largest batch.
    """
    theta, gradient, m, _, _, n0, n1, n2, n_learned, networks = vectors
    parameters = views(theta, n0, n1, n2, n_learned, networks)
    dparameters = views(gradient, n0, n1, n2, n_learned, networks)
    n_outputs = networks * n2
    dense, dropped = 0 if source.sparse else n0, n1 if len(plan.U) > 0 else 0
    for i in range(len(plan.bounds) - 1):
        keep_theta(theta, plan, i)
        first, stop = plan.bounds[i], plan.bounds[i + 1]
        rows, size = plan.rows[first:stop], stop - first
        layers = layers_of(work, size, dense, n1, n_outputs)
        end = size * (dense + 3 * n1 + 3 * n_outputs)
        Y, s = matrix(work, end, n2, size), matrix(work, end + size * n2, len(source.s), size)
        U = matrix(plan.U, dropped * (first - plan.bounds[0]), dropped, size)
        if plan.stages & TAKE:
            take(source, rows, layers.X)
            take_columns(source.Y, rows, Y)
            take_columns(source.s, rows, s)
        if plan.stages & FORWARD:
            multiply_inputs(parameters.W1, source, rows, layers.X, layers.Z1)
        if plan.stages & PROPAGATE:
            forward(kind, parameters, layers, U)
            loss[i] = loss_and_slope(kind, layers, Y, s, plan.scale or 1 / size)
            backward(kind, parameters, dparameters, layers, U)
        if plan.stages & BACKWARD:
            multiply_slopes_by_inputs(layers.dZ1, source, rows, layers.X, dparameters.W1)
        if plan.stages & ADD:
            optimizers.add(gradient, m)
        if plan.stages & STEP:
            move(vectors, parameters.W1, dparameters, (plan, rule, i), work)


@inlined
def keep_theta(theta, plan, i):
    """Note theta if batch i is the first of an epoch, and it is asked for."""
    n_batches, n_epochs = len(plan.bounds) - 1, len(plan.thetas)
    if n_epochs > 0 and i % (n_batches // n_epochs) == 0:
        plan.thetas[i // (n_batches // n_epochs)] = theta


@inlined
def move(vectors, W1, dparameters, which, work):
    """Scale the inputs if it is time to, and take a step. The penalty touches the weights alone."""
    theta, gradient, m, v, magnitude, n0, n1, n2, _, _ = vectors
    plan, rule, i = which
    plan.taken[0] += 1
    plan.taken[1] += 1
    n, t, rate, alpha = n1 * (n0 + n2), plan.taken[0], plan.rates[i], rule.alpha
    if rule.scaling_period > 0 and plan.taken[1] % rule.scaling_period == 0:
        optimizers.add_penalty(theta[:n], gradient[:n], alpha)
        alpha = 0.0
        scaling_rate = rule.scaling_rate * rate * rule.scaling_period
        how = scaling_rate, plan.taken[1] // rule.scaling_period
        scale_inputs(W1, (dparameters.W1, dparameters.b1), magnitude, how, work)
    optimizers.step(rule, (theta[:n], gradient[:n], m[:n], v[:n]), t, rate, alpha)
    optimizers.step(rule, (theta[n:], gradient[n:], m[n:], v[n:]), t, rate, 0.0)


@kernel
def matrix(vector, start, n, m):
    """The (n, m) numbers from start on, as a matrix."""
    return vector[start : start + n * m].reshape(n, m)


@inlined
def views(theta, n0, n1, n2, n_learned, networks):
    """The parameters in theta, as core's Layout has them."""
    biases, n_outputs = n1 * (n0 + n2), networks * n2
    return Parameters(
        matrix(theta, 0, n1, n0),
        matrix(theta, biases, n1, 1),
        matrix(theta, n1 * n0, n_outputs, n1 // networks),
        matrix(theta, biases + n1, n_outputs, 1),
        matrix(theta, biases + n1 + n_outputs, n_learned, 1),
    )


@inlined
def layers_of(work, m, n0, n1, n2):
    """The buffers of m examples, one after the other."""
    hidden, outputs = m * n0, m * (n0 + 3 * n1)
    return Layers(
        matrix(work, 0, m, n0),
        matrix(work, hidden, n1, m),
        matrix(work, hidden + m * n1, n1, m),
        matrix(work, hidden + 2 * m * n1, n1, m),
        matrix(work, outputs, n2, m),
        matrix(work, outputs + m * n2, n2, m),
        matrix(work, outputs + 2 * m * n2, n2, m),
    )


def unsupported(activation, loss, optimizer):
    """What there is no kernel for, as a text, or None. Objects of derived types may do anything.

    The loss is None for a classifier, whose losses are all there.
    """
    if type(activation) not in activations.CODES:
        return f"activation={activation!r}"
    if loss is not None and type(loss) not in losses.CODES:
        return f"loss={loss!r}"
    if optimizer is None or type(optimizer) in (GradientDescent, *optimizers.CODES):
        return None
    return f"solver={optimizer!r}"


class NumbaEngine:
    """The loops of ``run``; products that go to two threads are taken out of them.

    Parameters
    ----------
    state : TrainingState
        Takes the steps.
    network : Network
        Of the state's parameters, made of what is not ``unsupported``.
    batches : Batches
    """

    name = "numba"

    def __init__(self, state, network, batches):
        self.state, self.network, self.batches = state, network, batches
        reference = NumpyEngine(state, network, batches)
        self.whole, self.divergence_factor = reference.whole, reference.divergence_factor
        self.n_examples, self.n_steps = reference.n_examples, reference.n_steps
        self.shares = reference.shares
        self.penalty, self.mean_loss = network.penalty, network.mean_loss
        self.batch_losses = reference.batch_losses
        layout, most = network.parameters.layout, max(batches.sizes)
        learned = layout.n1 if layout.learned else 0
        self._layout = layout.n0, layout.n1, layout.n2, learned, layout.networks
        self._kind, self._run = kind_of(network), run(state.theta.dtype.name)
        self._source, self._rows = source_of(batches)
        self._rule = optimizers.rule_of(state.optimizer, network, state.input_scaling)
        self._work = np.empty(self._room(most), state.theta.dtype)
        self._sizes, self._bounds = np.array(batches.sizes), np.cumsum([0, *batches.sizes])
        self._together = self._batches_in_a_portion(most)
        self.epochs_together = self._epochs_in_a_call()

    def _room(self, most):
        """Numbers that are computed of a batch of so many examples, and two for each input."""
        n0, n1, n2, _, networks = self._layout
        dense, outputs = 0 if self._source.sparse else n0, (3 * networks + 1) * n2
        return 2 * n0 + most * (dense + 3 * n1 + outputs + len(self._source.s))

    def _batches_in_a_portion(self, most):
        """How many batches one call may take."""
        n0, n1, *_ = self._layout
        together = PORTION // ((n0 + 10) * n1 * most)
        if self.network.dropout is not None:
            together = min(together, RANDOM_PORTION // (n1 * most))
        return max(together, 1)

    def _epochs_in_a_call(self):
        """How many epochs one call takes at most: one, unless calls are what takes the time."""
        n0, n1, *_ = self._layout
        if self.whole or self.network.dropout is not None:  # which draws between the orders
            return 1
        work = (n0 + 10) * n1 * self.n_examples
        if work > SHORT:
            return 1
        kept, steps = MOST_KEPT // self.state.theta.size, MOST_STEPS // self.n_steps
        return max(min(SHORT_PORTION // work, kept, steps), 1)

    def run_epoch(self, order, rates):
        if self.whole:
            return step_over_blocks(self.state, self.network, self.objective, rates)
        return self._steps([order], rates) / self._sizes

    def run_epochs(self, orders, rates):
        thetas = np.empty((len(rates) + 1, self.state.theta.size), self.state.theta.dtype)
        losses = self._steps(orders, np.concatenate(rates), thetas[:-1])
        thetas[-1] = self.state.theta
        return losses.reshape(len(rates), -1) / self._sizes, thetas

    def _steps(self, orders, rates, *thetas):
        """Sum of s * L over each batch, before a step; the examples in these orders."""
        rows = [self._rows if order is None else self._rows[order] for order in orders]
        rows = rows[0] if len(rows) == 1 else np.concatenate(rows)
        moments = (*optimizers.moments_of(self.state.optimizer), self._magnitude())
        return self._pass(GRADIENT | STEP, rows, rates, moments, 0.0, *thetas)

    def _magnitude(self):
        """What the scaling of the inputs keeps, or nothing."""
        scaling, W1 = self.state.input_scaling, self.network.parameters.W1
        if scaling is None:
            return np.empty(0, W1.dtype)
        scaling.begin(W1)
        return scaling.magnitude

    def objective(self, theta):
        """(loss, penalty, gradient) of J at theta."""
        return BlockObjective(self.network, self.batches, self.sum_over_blocks)(theta)

    def sum_over_blocks(self, scale):
        """Sum of s * L over all examples; scale times its gradient."""
        total = np.zeros_like(self.state.theta)
        losses = self._pass(GRADIENT | ADD, self._rows, self.shares, (total, total, total), scale)
        return float(losses.sum()), total

    def _pass(self, stages, rows, rates, moments, scale, thetas=None):
        """Run over all batches, portion by portion: the sum of s * L over each of them.

        ``thetas`` (n_epochs, theta.size) say that the rows are those of several epochs.
        """
        thetas = np.empty((0, 0), self._work.dtype) if thetas is None else thetas
        starts = np.arange(max(len(thetas), 1))[:, None] * self.n_examples
        all_bounds = np.append(starts + self._bounds[:-1], len(rows))
        vectors = Vectors(self.state.theta, self.network.gradient.theta, *moments, *self._layout)
        loss, same = np.empty(len(all_bounds) - 1), (self._kind, vectors, self._source, self._work)
        two_threads = self.network.dot is not np.dot and not self._source.sparse
        run_batches = self._run_on_two_threads if two_threads else self._run
        together = 1 if two_threads else self._together
        counters = self.state.optimizer, self.state.input_scaling
        for i in range(0, len(loss), together):
            bounds = all_bounds[i : i + together + 1]
            U = self._random_numbers(bounds[-1] - bounds[0])
            taken = np.array([getattr(counter, "t", 0) for counter in counters])
            plan = Plan(stages, rows, bounds, rates[i:], U, scale, taken, thetas)
            try:
                run_batches(*same, plan, self._rule, loss[i:])
            finally:
                for counter, t in zip(counters, taken.tolist(), strict=True):
                    if hasattr(counter, "t"):
                        counter.t = t
        return loss

    def _random_numbers(self, n_examples):
        """Those of dropout, or none."""
        dropout, dtype = self.network.dropout, self._work.dtype
        n1 = 0 if dropout is None else self._layout[1]
        return np.empty(0, dtype) if n1 == 0 else dropout.rng.random(n_examples * n1, dtype)

    def _run_on_two_threads(self, kind, vectors, source, work, plan, rule, loss):
        """The same for one batch, stage after stage; the large products are shared."""
        W1, dW1 = self.network.parameters.W1, self.network.gradient.W1
        size, n0, n1 = plan.bounds[1] - plan.bounds[0], vectors.n0, vectors.n1
        X, hidden = work[: size * n0].reshape(size, n0), work[size * n0 :][: 3 * n1 * size]
        Z1, _, dZ1 = hidden.reshape(3, n1, size)
        for stages, product in (
            (TAKE, (W1, X.T, Z1)),
            (PROPAGATE, (dZ1, X, dW1)),
            (plan.stages & (ADD | STEP), None),
        ):
            self._run(kind, vectors, source, work, plan._replace(stages=stages), rule, loss)
            if product is not None:
                self.network.dot(*product)
