"""The engine whose blocks lie on workers: theta goes out, sums of losses and gradients come back.

The objective over blocks is core's; here is another way to add the blocks up.

References
----------
Chu, Kim, Lin, Yu, Bradski, Ng and Olukotun (2006), Map-reduce for machine learning on multicore.
"""

import copy
from operator import add

from skshallow.core.batches import BLOCK_SIZE
from skshallow.core.engine import BlockObjective, NumpyEngine
from skshallow.extras.dask import blocks


class DaskEngine(NumpyEngine):
    """Asks the workers for sums over their blocks; what is asked of a few samples is asked here.

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

    def __init__(self, data, state, network, name):
        super().__init__(state, network, data.thinned(BLOCK_SIZE).batches())
        self.n_examples, self._engines = data.n_samples, {}
        self._name = name
        self.training = self._engines_of(data)
        names = data.cluster.merged(blocks.name_of_engine, self.training, set.union)
        self.name = " and ".join(sorted(names))
        self.objective = BlockObjective(network, self, self.sum_over_blocks)
        self.mean_loss = self._mean_loss
        self.cluster = data.cluster

    def sum_over_blocks(self, scale):
        """Sum of s * L over all examples; scale times its gradient."""
        at = {"theta": self.network.parameters.theta, "scale": scale}
        return self.cluster.merged(blocks.sum_over_blocks, self.training, _add, **at)

    def _mean_loss(self, batches):
        """Of examples that are here, or on workers."""
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
            plan = blocks.Plan(self._name, *how, data.scales, data.bounds, weight_scale)
            submit = data.cluster.submit
            made = [submit(blocks.Engines, part, plan) for part in data.parts]
            self._engines[id(data)] = data, made
        return self._engines[id(data)][1]


def _add(a, b):
    return a[0] + b[0], a[1] + b[1]
