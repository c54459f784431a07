"""The engine whose blocks lie on workers: theta goes out, sums of losses and gradients come back.

The objective over blocks is core's; here is another way to add the blocks up.

References
----------
Chu, Kim, Lin, Yu, Bradski, Ng and Olukotun (2006), Map-reduce for machine learning on multicore.
"""

import copy
from operator import add

import numpy as np

from skshallow.core.batches import BLOCK_SIZE, Batches
from skshallow.core.engine import BlockObjective, step_over_blocks
from skshallow.extras.dask import blocks


class DaskEngine:
    """Asks the workers for sums over their blocks; the client takes the steps.

    What is asked of a few samples, the best constant after a divergence, is asked of ``batches``,
    which are at the client.

    Parameters
    ----------
    data : DistributedData
        What is trained on.
    state : TrainingState
        Takes the steps.
    network : Network
        Of the state's parameters, whose gradient becomes that of J.
    name : str
        The parameter ``engine``: what workers compute with.
    """

    n_steps, shares = 1, np.ones(1)

    def __init__(self, data, state, network, name):
        self.cluster, self.state, self.network = data.cluster, state, network
        self.n_examples, self.batches = data.n_samples, data.thinned(BLOCK_SIZE).batches()
        self.penalty, self.divergence_factor = network.penalty, network.loss.divergence_factor
        self._wanted, self._training, self._plans = name, data, {}
        names = self._merged(blocks.name_of_engine, data, set.union)
        self.name = " and ".join(sorted(names))

    def run_epoch(self, order, rates):
        """One step over all samples; the mean loss before it, (1,)."""
        return step_over_blocks(self.state, self.network, self.objective, rates)

    def batch_losses(self):
        """The mean loss at the present theta, (1,): all examples are one batch."""
        return self.objective(self.state.theta)[0] * np.ones(1)

    def objective(self, theta):
        """(loss, penalty, gradient) of J at theta; theta becomes that of the network."""
        return BlockObjective(self.network, self, self.sum_over_blocks)(theta)

    def sum_over_blocks(self, scale):
        """Sum of s * L over all examples; scale times its gradient."""
        at = {"theta": self.network.parameters.theta, "scale": scale}
        return self._merged(blocks.sum_over_blocks, self._training, _add, **at)

    def mean_loss(self, batches):
        """Mean loss of other examples, here or on workers, at the present theta."""
        if isinstance(batches, Batches):
            return self.network.mean_loss(batches)
        at = {"theta": self.network.parameters.theta}
        return self._merged(blocks.sum_of_losses, batches, add, **at) / batches.n_samples

    def _merged(self, function, data, merge, **arguments):
        plan = self._plan_of(data)
        return self.cluster.merged(function, data.parts, merge, plan=plan, **arguments)

    def _plan_of(self, data):
        """A future of how the network computes for a data set, sent once."""
        if id(data) not in self._plans:
            network = self.network
            functions = copy.deepcopy(network.activation), network.loss
            parameters = network.parameters
            weight_scale = data.n_samples / data.found.total_weight
            how = parameters.layout, parameters.theta.dtype, *functions
            plan = blocks.Plan(self._wanted, *how, data.scales, data.bounds, weight_scale)
            self._plans[id(data)] = data, self.cluster.send(plan)
        return self._plans[id(data)][1]


def _add(a, b):
    return a[0] + b[0], a[1] + b[1]
