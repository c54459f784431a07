"""
Prediction intervals by quantile regression
===========================================

A point prediction says nothing about its uncertainty. One network can predict several quantiles at
once; the 5 % and the 95 % quantile are the ends of an interval that should cover nine tenths of new
targets. Cross-validation measures the coverage.
"""

# sphinx_gallery_tags = ["prediction intervals", "regression"]

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import KFold, cross_val_predict

from skshallow import ShallowNNRegressor

X, y = load_diabetes(return_X_y=True, scaled=False)
network = ShallowNNRegressor(32, loss="quantile", quantile=[0.05, 0.5, 0.95], random_state=0)

# %%
# First with one feature, the body mass index, so that the curves can be drawn. Every quantile is an
# output of the network; they share the hidden units, and predictions never cross.

body_mass_index = X[:, [2]]
grid = np.linspace(body_mass_index.min(), body_mass_index.max(), 200)
low, median, high = network.fit(body_mass_index, y).predict(grid[:, None]).T

plt.style.use("tableau-colorblind10")
figure, axes = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
axes.scatter(body_mass_index, y, s=8, color="C3", alpha=0.7, linewidths=0)
axes.fill_between(grid, low, high, color="C0", alpha=0.25, label="5 % to 95 %")
axes.plot(grid, median, color="C0", linewidth=2, label="median")
axes.set(xlabel="body mass index", ylabel="progression of diabetes")
axes.set_title("Three quantiles, one network")
axes.legend(loc="upper left")

# %%
# Then with all ten features: cross-validation, in three random orders of the samples.

for seed in range(3):
    folds = KFold(5, shuffle=True, random_state=seed)
    low, median, high = cross_val_predict(network, X, y, cv=folds).T
    inside = (low <= y) & (y <= high)
    narrow, _, wide = (part.mean() for part in np.array_split((high - low)[median.argsort()], 3))
    print(
        f"order {seed}: {inside.mean():.1%} of the targets inside; "
        f"mean width {narrow:.0f} for low predictions, {wide:.0f} for high ones"
    )

# %%
# The interval is narrower where the variance of the targets is smaller, and its coverage is about
# the nominal nine tenths. Nothing guarantees that. Conformal prediction does: the :doc:`recipes
# </recipes>` have it.

figure, axes = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
axes.vlines(median, low, high, color="C0", alpha=0.15)
axes.scatter(median[inside], y[inside], s=10, color="C3", label="inside")
axes.scatter(median[~inside], y[~inside], s=18, color="C5", marker="D", label="outside")
axes.set(xlabel="predicted median", ylabel="progression of diabetes")
axes.set_title(f"Cross-validation: coverage {inside.mean():.0%}")
axes.legend(loc="upper left")

plt.show()
