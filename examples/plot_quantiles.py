"""
An interval from quantile regression
====================================

A single number says nothing about how far off it may be. One network can predict several
quantiles at once; the 5 % and the 95 % quantile are the ends of an interval that should hold nine
tenths of new targets. Rows that the network has not seen tell whether it does.

Run as a script, the figure is shown, or saved if a file name follows.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import RepeatedKFold

from skshallow import ShallowNNRegressor

X, y = load_diabetes(return_X_y=True, scaled=False)
body_mass_index = X[:, [2]]
levels = [0.05, 0.25, 0.5, 0.75, 0.95]

# %%
# First with one column, the body mass index, so that the curves can be drawn. Every quantile is an
# output of the network; they share the hidden units, and predictions never cross.

curves = ShallowNNRegressor(32, loss="quantile", quantile=levels, random_state=0)
curves.fit(body_mass_index, y)

# %%
# Then with all ten columns, on held-out rows: five folds, in three random orders. The rival is a
# network for the mean that adds the same margin everywhere, the 5 % and 95 % quantiles of what it
# was off by on its training rows.

quantiles = np.empty((3, len(y), len(levels)))
margins = np.empty((3, len(y), 2))
for k, (train, test) in enumerate(RepeatedKFold(n_splits=5, n_repeats=3, random_state=0).split(X)):
    X_train, y_train, X_test = X[train], y[train], X[test]
    network = ShallowNNRegressor(32, loss="quantile", quantile=levels, random_state=0)
    quantiles[k // 5, test] = network.fit(X_train, y_train).predict(X_test)
    network = ShallowNNRegressor(32, random_state=0).fit(X_train, y_train)
    errors = np.quantile(y_train - network.predict(X_train), [0.05, 0.95])
    margins[k // 5, test] = network.predict(X_test)[:, None] + errors

shares = (y[:, None] <= quantiles).mean(axis=(0, 1))
for level, share in zip(levels, shares, strict=True):
    print(f"{100 * share:4.1f} % of held-out targets are below the {100 * level:.0f} % quantile")

# %%
# How many targets do the intervals hold, where the predicted median is low, middling or high? The
# margins fall well short of nine tenths: training rows flatter a network. They are also of one
# width, although low targets scatter less. The quantiles adapt and come nearer, but not all the
# way. Who needs the promise kept lets rows held back say how much to widen the interval: the
# :doc:`recipes </recipes>` have it.

ends = {"quantiles": quantiles[:, :, [0, -1]], "mean and margins": margins}
thirds = np.array_split(np.argsort(quantiles[:, :, 2], axis=None), 3)
held = {}
for name, interval in ends.items():
    low, high = interval[..., 0].ravel(), interval[..., 1].ravel()
    target = np.tile(y, 3)
    inside = (low <= target) & (target <= high)
    held[name] = [inside[third].mean() for third in thirds]
    widths = ", ".join(f"{(high - low)[third].mean():.0f}" for third in thirds)
    print(f"{name}: {100 * inside.mean():.1f} % of the targets; mean widths {widths}")

plt.style.use("tableau-colorblind10")
figure, (left, right) = plt.subplots(
    1, 2, figsize=(9, 3.8), width_ratios=[1.35, 1], layout="constrained"
)
grid = np.linspace(body_mass_index.min(), body_mass_index.max(), 200)
predicted = curves.predict(grid[:, None]).T
left.scatter(body_mass_index, y, s=7, color="C3", alpha=0.6, linewidths=0)
left.fill_between(grid, predicted[0], predicted[4], color="C0", alpha=0.2, label="5 to 95 %")
left.fill_between(grid, predicted[1], predicted[3], color="C0", alpha=0.3, label="25 to 75 %")
left.plot(grid, predicted[2], color="C0", label="median")
left.set(xlabel="body mass index", ylabel="progression of diabetes", title="Quantiles, one column")
left.legend(loc="upper left")
for name, colour, look in (("quantiles", "C0", "o-"), ("mean and margins", "C1", "s--")):
    right.plot(["low", "middle", "high"], held[name], look, color=colour, label=name)
right.axhline(0.9, color="C3", linewidth=1)
right.text(2, 0.905, "promised", ha="right", va="bottom")
right.set(
    xlabel="predicted median, in thirds", ylabel="targets inside", xlim=(-0.2, 2.2), ylim=(0.7, 1)
)
right.set_title("90 % intervals, held-out rows")
right.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
right.legend(loc="lower left")

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=120)
    print(f"figure saved to {sys.argv[1]}")
else:
    plt.show()
