"""The engine whose blocks lie on workers: theta goes out, sums of losses and gradients come back.

The objective over blocks is core's; here is another way to add the blocks up.

References
----------
Chu, Kim, Lin, Yu, Bradski, Ng and Olukotun (2006), Map-reduce for machine learning on multicore.
"""

import copy
from operator import add

import numpy as np

from skshallow.core.batches import BLOCK_SIZE
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
        self._wanted, self._engines = name, {}
        self.training = self._engines_of(data)
        names = self.cluster.merged(blocks.name_of_engine, self.training, set.union)
        self.name = " and ".join(sorted(names))

    def run_epoch(self, order, rates):
        """One step over all samples; the mean loss before it, (1,)."""
        return step_over_blocks(self.state, self.network, self.objective, rates)

    def objective(self, theta):
        """(loss, penalty, gradient) of J at theta; theta becomes that of the network."""
        return BlockObjective(self.network, self, self.sum_over_blocks)(theta)

    def sum_over_blocks(self, scale):
        """Sum of s * L over all examples; scale times its gradient."""
        at = {"theta": self.network.parameters.theta, "scale": scale}
        return self.cluster.merged(blocks.sum_over_blocks, self.training, _add, **at)

    def mean_loss(self, batches):
        """Mean loss of other examples, here or on workers, at the present theta."""
        if not hasattr(batches, "cluster"):
            return self.network.mean_loss(batches)
        engines, at = self._engines_of(batches), {"theta": self.network.parameters.theta}
        total = self.cluster.merged(blocks.sum_of_losses, engines, add, **at)
        return total / batches.n_samples

    def _engines_of(self, data):
        """Futures of the engines of a data set, made once."""
        if id(data) not in self._engines:
            network = self.network
            functions = copy.deepcopy(network.activation), network.loss
            parameters = network.parameters
            weight_scale = data.n_samples / data.found.total_weight
            how = parameters.layout, parameters.theta.dtype, *functions
            plan = blocks.Plan(self._wanted, *how, data.scales, data.bounds, weight_scale)
            submit = data.cluster.submit
            made = [submit(blocks.Engines, part, plan) for part in data.parts]
            self._engines[id(data)] = data, made
        return self._engines[id(data)][1]


def _add(a, b):
    return a[0] + b[0], a[1] + b[1]
