"""
Gradient descent and the learning rate
======================================

Gradient descent, as in the :doc:`lecture notes </notes_to_code>` that this package follows,
computes the gradient of the cost over all samples and moves every parameter a step against it. The
learning rate is the length of the step. If it is small, the cost falls in every step, but slowly;
if it is too large, the cost oscillates or diverges.
"""

# sphinx_gallery_tags = ["learning rate", "lecture notes"]

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skshallow import ShallowNNClassifier

# %%
# The points of a flower in the plane, ``r = 4 |sin 4t|``, whose eight petals belong to two classes
# in turn, with noise. The classes are not linearly separable.

rng = np.random.default_rng(0)
angle = rng.uniform(0, 2 * np.pi, 400)
y = (angle // (np.pi / 4)).astype(int) % 2
radius = 4 * np.abs(np.sin(4 * angle)) + rng.normal(0, 0.2, 400)
angle += rng.normal(0, 0.05, 400)
X = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])

# %%
# The same network, from the same random weights, at four learning rates. ``solver="gd"`` is the
# loop of the notes; without standardization and regularization it minimizes their cost on the raw
# data. When the cost diverges, training stops, the best weights so far are kept, and a warning says
# so.

networks = {}
for rate in (0.01, 0.1, 1, 10):
    network = ShallowNNClassifier(
        hidden_units=16,
        solver="gd",
        learning_rate=rate,
        max_iter=3000,
        alpha=0,
        standardize=False,
        random_state=1,
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        networks[rate] = network.fit(X, y)
    costs = np.array(network.loss_curve_)
    rises = np.count_nonzero(np.diff(costs) > 0)
    print(
        f"rate {rate:4}: {len(costs):4} steps, the cost rises in {rises:4}, ends at {costs[-1]:.3g}"
    )
    for warning in caught:
        print(f"  {str(warning.message).partition(':')[0]}")

# %%
# At 0.01 and 0.1 the cost falls in every step, and the longer steps get further. At 1 it rises in
# every other step, and the network learns next to nothing; at 10 training diverges within a few
# steps.

colours = ["#56B4E9", "#0072B2", "#E69F00", "#D55E00"]
figure, axes = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
for colour, (rate, network) in zip(colours, networks.items(), strict=True):
    steps = np.arange(1, len(network.loss_curve_) + 1)
    axes.loglog(steps, network.loss_curve_, color=colour, linewidth=2, label=f"rate {rate}")
last = len(steps), network.loss_curve_[-1]
axes.plot(*last, "X", color=colour, markersize=9)
axes.annotate("diverged", last, xytext=(10, 0), textcoords="offset points", va="center")
axes.set(xlabel="step", ylabel="cost", title="16 hidden units on the flower")
axes.legend(loc="upper right")

plt.show()
