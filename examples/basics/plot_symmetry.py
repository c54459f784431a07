"""
Weight initialization: the symmetry problem
===========================================

Hidden units with equal initial weights receive the same gradient and stay equal: four of them act
as one. Small random weights are enough to break the symmetry.
"""

# sphinx_gallery_tags = ["weight initialization", "lecture notes"]

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from sklearn.datasets import make_moons

from skshallow.core.activations import Sigmoid
from skshallow.core.initializers import initialize, normal, zeros
from skshallow.core.losses import BinaryCrossEntropy
from skshallow.core.network import Network
from skshallow.core.optimizers import GradientDescent
from skshallow.core.parameters import Layout, Parameters

X, y = make_moons(300, noise=0.15, random_state=0)
A0, Y = X.T, y[None, :].astype(float)

# %%
# Gradient descent of the lecture notes with four sigmoid units, written with the parts of the core.
# ``zeros`` starts with W1 = W2 = 0, ``normal`` with the notes' ``randn * 0.01``; biases start at
# zero in both. The rows of W1, one for each unit, are kept after every step.

networks, paths = {}, {}
for name, start in (("zeros", zeros), ("random", normal)):
    parameters = Parameters.zeros(Layout(n0=2, n1=4, n2=1))
    initialize(parameters, start, Sigmoid(), np.random.default_rng(0))
    network = networks[name] = Network(parameters, Sigmoid(), BinaryCrossEntropy())
    descent, path = GradientDescent(), [parameters.W1.copy()]
    for _ in range(3000):
        cost = network.loss_and_gradient(A0, Y)
        descent.step(parameters.theta, network.gradient.theta, learning_rate=3.0)
        path.append(parameters.W1.copy())
    paths[name] = np.array(path)
    accuracy = np.mean((network.scores(A0) > 0) == Y)
    apart = np.ptp(parameters.W1, axis=0).max()
    print(f"{name:6}: cost {cost:.3f}, accuracy {accuracy:.3f}, units {apart:.1e} apart")

# %%
# From zeros the units do change, but together: above on the left, four paths lie on top of each
# other. In effect the network has one unit, and the decision boundary is a line. From random
# weights every unit takes another path, and the boundary bends.
#
# With tanh or ReLU not even that would happen: g(0) = 0 makes dW2 zero, W2 = 0 makes dZ1 zero, and
# only b2 ever moves. ``ShallowNNClassifier(init="zeros")`` trains all the same, and warns.

colours = ["#0072B2", "#E69F00", "#009E73", "#CC79A7"]
classes = ListedColormap(["#D55E00", "#0072B2"])
ticks = np.linspace(-1.5, 2.5, 200), np.linspace(-1.2, 1.7, 200)
grid = np.array(np.meshgrid(*ticks))
figure, axes = plt.subplots(2, 2, figsize=(9, 6.6), width_ratios=[1, 1.2], layout="constrained")
for (left, right), (name, network) in zip(axes, networks.items(), strict=True):
    for unit, colour in enumerate(colours):
        width = 9 - 2.3 * unit if name == "zeros" else 2
        path = paths[name][:, unit].T
        left.plot(*path, color=colour, linewidth=width, label=f"unit {unit + 1}")
        left.plot(*path[:, -1], "o", color=colour, markersize=4 + width)
    left.plot(0, 0, "k+", markersize=10)
    left.set(title=f"{name}: the rows of W1 during training", xlabel="weight of input 1")
    left.set(xlim=(-7, 10), ylim=(-5.5, 8), ylabel="weight of input 2")
    score = network.scores(grid.reshape(2, -1)).reshape(200, 200)
    right.contourf(*ticks, score, [-np.inf, 0, np.inf], colors=classes.colors, alpha=0.3)
    right.scatter(*X.T, c=y, cmap=classes, s=10, edgecolors="white", linewidths=0.3)
    right.set(title=f"{name}: decision boundary", xticks=[], yticks=[], aspect="equal")
axes[0, 0].legend()

plt.show()
