"""
Toy data sets with the default hyperparameters
==============================================

Data sets whose solution is easy to see: spirals, a board, moons; a sine, a step. Both networks
have their default hyperparameters and one hidden layer. With noisy targets ``alpha="auto"`` chooses
strong regularization and the curve is smooth; without noise it chooses little, and training takes
more epochs.
"""

# sphinx_gallery_tags = ["classification", "regression", "defaults"]

import warnings

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from sklearn.datasets import make_moons
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowNNClassifier, ShallowNNRegressor

rng = np.random.default_rng(0)
warnings.simplefilter("ignore", ConvergenceWarning)  # of MLPs, which end after 200 epochs

# %%
# Two features and two classes. In the last data set one label in ten is wrong.


def spirals(n):
    """Two arms, three half turns each."""
    angle, arm = 3 * np.pi * np.sqrt(rng.uniform(size=n)), np.arange(n) % 2
    points = angle * np.array([np.cos(angle), np.sin(angle)]) * (2 * arm - 1)
    return points.T + rng.normal(0, 0.2, (n, 2)), arm


def board(n):
    """Four by four squares."""
    X = rng.uniform(0, 4, (n, 2))
    return X, np.floor(X).sum(axis=1).astype(int) % 2


X, y = make_moons(300, noise=0.15, random_state=0)
shapes = {
    "spirals": spirals(300),
    "board": board(500),
    "moons, wrong labels": (X, np.where(rng.random(300) < 0.1, 1 - y, y)),
}

# %%
# Above, ShallowNNClassifier; below, scikit-learn's MLPClassifier, which needs a scaler. The color
# is the probability of the second class, white at one half: the decision boundary.

colours = ListedColormap(["#D55E00", "#0072B2"])
figure, axes = plt.subplots(2, 3, figsize=(9, 6), layout="constrained")
for column, (name, (X, y)) in zip(axes.T, shapes.items(), strict=True):
    networks = {
        "ShallowNN": ShallowNNClassifier(random_state=0),
        "MLP": make_pipeline(StandardScaler(), MLPClassifier(random_state=0)),
    }
    for cell, (title, network) in zip(column, networks.items(), strict=True):
        DecisionBoundaryDisplay.from_estimator(
            network.fit(X, y),
            X,
            response_method="predict_proba",
            plot_method="pcolormesh",
            cmap="RdBu",
            vmin=0,
            vmax=1,
            alpha=0.5,
            eps=0.1 * np.ptp(X[:, 1]),
            ax=cell,
        )
        cell.scatter(*X.T, c=y, cmap=colours, s=9, edgecolors="white", linewidths=0.3)
        cell.set(title=f"{title}: {name}", xticks=[], yticks=[], xlabel="", ylabel="")

# %%
# Regression on one feature, without noise and with it. The broad gray line is the true function.

truths = {
    "a sine": (np.sin, 10),
    "a step": (lambda x: (x > 0.6).astype(float), 1),
}
figure, axes = plt.subplots(2, 2, figsize=(9, 6), layout="constrained")
for column, (name, (truth, width)) in zip(axes.T, truths.items(), strict=True):
    X = rng.uniform(0, width, (100, 1))
    grid = np.linspace(0, width, 500)[:, None]
    for cell, noise in zip(column, (0.0, 0.2), strict=True):
        y = truth(X[:, 0]) + noise * rng.normal(size=100)
        ours = ShallowNNRegressor(random_state=0).fit(X, y)
        mlp = make_pipeline(StandardScaler(), MLPRegressor(random_state=0)).fit(X, y)
        cell.plot(X[:, 0], y, ".", color="0.6", markersize=4)
        cell.plot(grid[:, 0], truth(grid[:, 0]), color="0.5", linewidth=4, alpha=0.5, label="truth")
        cell.plot(grid[:, 0], mlp.predict(grid), "--", color="#D55E00", label="MLP")
        cell.plot(grid[:, 0], ours.predict(grid), color="#0072B2", label="ShallowNN")
        cell.set_title(name if noise == 0 else f"{name}, noise of {noise}")
axes[0, 1].legend(loc="upper left")

plt.show()
