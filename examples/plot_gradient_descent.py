"""
Gradient descent: how long a step
=================================

The notes' loop computes the gradient of the cost over all examples and moves every parameter a
step against it. The learning rate says how long the step is. If it is small, the cost falls with
every step, only slowly; if it is too large, the cost jumps about or explodes.

Run as a script, the figure is shown, or saved if a file name follows.
"""

import sys
import warnings

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import DecisionBoundaryDisplay

from skshallow import ShallowNNClassifier

# %%
# The points of a flower in the plane, ``r = 4 |sin 4t|``, whose eight petals belong to two classes
# in turn, with noise. No straight line parts the classes.

rng = np.random.default_rng(0)
angle = rng.uniform(0, 2 * np.pi, 400)
y = (angle // (np.pi / 4)).astype(int) % 2
radius = 4 * np.abs(np.sin(4 * angle)) + rng.normal(0, 0.2, 400)
angle += rng.normal(0, 0.05, 400)
X = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])

# %%
# The same network, from the same random weights, at four rates. ``solver="gd"`` is the notes'
# loop; without standardisation and penalty it minimises the notes' cost on the data as they are.
# When a cost is no longer sensible, training stops, the best weights so far are kept, and a
# warning says so.

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
    print(f"rate {rate:4}: {len(costs):4} steps, {rises:4} of them uphill, cost {costs[-1]:.3g}")
    for warning in caught:
        print(f"  {str(warning.message).partition(':')[0]}")

# %%
# At 0.01 and 0.1 no step leads uphill, and the longer steps get further. At 1 every other step
# does, and the network learns next to nothing; at 10 the cost explodes within a few steps. On the
# right is what the network has learned at rate 0.1.

colours = ["#56B4E9", "#0072B2", "#E69F00", "#D55E00"]
figure, (left, right) = plt.subplots(
    1, 2, figsize=(9, 3.8), width_ratios=[1.35, 1], layout="constrained"
)
for colour, (rate, network) in zip(colours, networks.items(), strict=True):
    steps = np.arange(1, len(network.loss_curve_) + 1)
    left.loglog(steps, network.loss_curve_, color=colour, linewidth=1.5, label=f"rate {rate}")
last = len(steps), network.loss_curve_[-1]
left.plot(*last, "X", color=colour, markersize=9)
left.annotate("diverged", last, xytext=(10, 0), textcoords="offset points", va="center")
left.set(xlabel="step", ylabel="cost", title="The cost on its way")
left.legend(loc="upper right")

classes = ListedColormap(["#D55E00", "#0072B2"])
DecisionBoundaryDisplay.from_estimator(
    networks[0.1], X, response_method="predict", ax=right, cmap=classes, alpha=0.3, eps=0.3
)
right.scatter(*X.T, c=y, cmap=classes, s=10, edgecolors="white", linewidths=0.3)
right.set(title="16 hidden units, rate 0.1", xticks=[], yticks=[], aspect="equal")

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=120)
    print(f"figure saved to {sys.argv[1]}")
else:
    plt.show()
