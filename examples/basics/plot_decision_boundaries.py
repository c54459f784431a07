"""
Decision boundaries and the number of hidden units
==================================================

A flower whose petals belong to two classes in turn. With one hidden unit the decision boundary is
a straight line, as that of logistic regression; every further unit may add a line or a bend. Four
units underfit: they separate some petals. Sixteen separate all of them, and four times as many draw
much the same boundary: additional units do not overfit here.
"""

# sphinx_gallery_tags = ["overfitting", "lecture notes"]

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from sklearn.inspection import DecisionBoundaryDisplay

from skshallow import ShallowNNClassifier

# %%
# The rose ``r = 4 |sin 4t|`` has eight petals. Around the center, where they meet, noise mixes the
# classes: no network can classify all points correctly.


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

# %%
# The same network five times, with more and more hidden tanh units. L-BFGS is fast on so few
# samples. With two or four units the result depends on the initial weights, that is on
# random_state: there are several local minima, and training finds one of them.

networks = {
    n: ShallowNNClassifier(n, activation="tanh", solver="lbfgs", alpha=1e-4, random_state=1)
    for n in (1, 2, 4, 16, 64)
}
for n, network in networks.items():
    network.fit(X, y)
    print(f"{n:3} hidden units: accuracy {network.score(X_test, y_test):.3f} on the test set")

# %%
# scikit-learn draws the probability of the second class, white at the decision boundary. The title
# of each plot is the accuracy on the test set.

colours = ListedColormap(["#D55E00", "#0072B2"])
figure, axes = plt.subplots(2, 3, figsize=(9, 6), layout="constrained", sharex=True, sharey=True)
axes[0, 0].set_title("the data")
for cell, (n, network) in zip(axes.flat[1:], networks.items(), strict=True):
    DecisionBoundaryDisplay.from_estimator(
        network,
        X,
        response_method="predict_proba",
        plot_method="pcolormesh",
        cmap="RdBu",
        vmin=0,
        vmax=1,
        alpha=0.7,
        grid_resolution=200,
        eps=0.3,
        ax=cell,
    )
    units = "1 hidden unit" if n == 1 else f"{n} hidden units"
    cell.set_title(f"{units}: accuracy {network.score(X_test, y_test):.0%}")
for cell in axes.flat:
    cell.scatter(*X.T, c=y, cmap=colours, s=7, edgecolors="white", linewidths=0.3)
    cell.set(xticks=[], yticks=[], aspect="equal")

plt.show()
