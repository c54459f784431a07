"""
Activation functions and their derivatives
==========================================

What hidden units compute, g, and what backpropagation multiplies by, g'. Where g' is near zero, a
unit hardly learns (it is saturated); if g is linear, more units add nothing.
"""

# sphinx_gallery_tags = ["activation functions", "lecture notes"]

import matplotlib.pyplot as plt
import numpy as np

from skshallow import ShallowNNClassifier
from skshallow.core.activations import ACTIVATIONS

names = ["identity", "sigmoid", "tanh", "relu", "leaky_relu", "prelu", "silu"]

# %%
# g and g' as the network computes them. ``forward`` writes g(Z1) into A1; ``backward`` multiplies
# by g'(Z1) in place, here a row of ones. "prelu" is also given the slope of every unit, and a
# place for the slope's derivative.


def curves(name, z):
    """g(z) and g'(z)."""
    activation, Z1 = ACTIVATIONS[name](), z[None, :]
    slope = [] if activation.learned is None else [np.full((1, 1), activation.learned)]
    dslope = [np.empty_like(column) for column in slope]
    A1, derivative = np.empty_like(Z1), np.ones_like(Z1)
    activation.forward(Z1, A1, *slope)
    value = A1.copy()  # backward may use Z1 and A1 as scratch
    activation.backward(Z1.copy(), A1, derivative, *slope, *dslope)
    return value[0], derivative[0]


# %%
# The task: the points of a flower whose eight petals belong to two classes in turn. 16 hidden
# units, a training set of 400 points, a test set of 4,000, five random seeds.


def flower(n, rng):
    """n points of the plane, and whether each belongs to an odd petal."""
    angle = rng.uniform(0, 2 * np.pi, n)
    y = (angle // (np.pi / 4)).astype(int) % 2
    radius = 4 * np.abs(np.sin(4 * angle)) + rng.normal(0, 0.2, n)
    angle += rng.normal(0, 0.05, n)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), y


rng = np.random.default_rng(0)
X, y = flower(400, rng)
X_test, y_test = flower(4000, rng)
scores = {name: [] for name in names}
for name in names:
    for seed in range(5):
        network = ShallowNNClassifier(16, activation=name, alpha=1e-4, random_state=seed)
        scores[name].append(network.fit(X, y).score(X_test, y_test))
    low, high = min(scores[name]), max(scores[name])
    print(f"{name:10} accuracy {low:.3f} to {high:.3f}")

# %%
# "identity" is no better than chance: its network is a linear model, and no line separates the
# petals. The sigmoid is the worst of the others: its derivative is a quarter at most, and nearly
# zero from z = 5 on. The petals have straight sides, which suits the ReLU family; on other data the
# order of the nonlinear ones may differ.

figure = plt.figure(figsize=(9, 6), layout="constrained")
above, below = figure.subfigures(2, 1, height_ratios=[1.5, 1])
cells = above.subplots(2, 4, sharex=True)
z = np.linspace(-5, 5, 501)
for cell, name in zip(cells.flat, names, strict=False):
    value, derivative = curves(name, z)
    cell.axhline(0, color="0.8", linewidth=0.8)
    cell.plot(z, value, color="#0072B2", linewidth=2, label="g(z)")
    cell.plot(z, derivative, "--", color="#D55E00", linewidth=2, label="g'(z)")
    cell.set(title=name, ylim=(-1.3, 2.3), xticks=[-4, 0, 4])
cells[0, 3].tick_params(labelbottom=True)
cells.flat[-1].set_axis_off()
cells.flat[-1].legend(*cells.flat[0].get_legend_handles_labels(), loc="center")

axes = below.subplots()
for place, name in enumerate(names):
    axes.plot(scores[name], [place] * 5, "o", color="#0072B2", alpha=0.6)
axes.set_yticks(range(len(names)), names)
axes.invert_yaxis()
axes.grid(axis="x", color="0.9")
axes.set(xlabel="test accuracy, five random seeds each")

plt.show()
