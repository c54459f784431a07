"""
Grid search over hidden units and regularization
================================================

How many hidden units, how much regularization? Both hyperparameters are plain values, so
``GridSearchCV`` can try all pairs. A heat map of the scores shows more than the best pair does:
which of the two matters, where the plateau is, and how small a network may be.
"""

# sphinx_gallery_tags = ["hyperparameter search", "regularization"]

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.patches import Rectangle
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_val_score

from skshallow import ShallowNNClassifier

X, y = load_digits(return_X_y=True)

# %%
# Accuracy takes few values and ignores the probabilities; the log loss measures them. In a
# pipeline the names would be those of its steps, for example "network__hidden_units".

grid = {"hidden_units": [4, 8, 16, 32, 64, 128], "alpha": [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]}
network = ShallowNNClassifier(max_iter=20, random_state=0)
search = GridSearchCV(network, grid, scoring="neg_log_loss", cv=3).fit(X, y)
print(f"best: {search.best_params_}, log loss {-search.best_score_:.3f}")

# %%
# The grid runs through the names in alphabetical order, the last fastest: a row for every alpha.
# With three folds every score has a standard error. Pairs within one standard error of the best are
# not distinguished by this search.

shape = len(grid["alpha"]), len(grid["hidden_units"])
losses = -search.cv_results_["mean_test_score"].reshape(shape)
folds = np.array([search.cv_results_[f"split{k}_test_score"][search.best_index_] for k in range(3)])
error = folds.std(ddof=1) / np.sqrt(3)
close = losses <= losses.min() + error
smallest = grid["hidden_units"][close.any(axis=0).argmax()]
print(
    f"standard error {error:.3f}: {close.sum()} pairs within it, the smallest has {smallest} units"
)

# %%
# Too much regularization makes all networks underfit; too little hurts the small ones most. Where
# it is right, more than 16 units change little. The default, ``alpha="auto"``, is chosen on
# held-out samples, and is on the plateau here without a search.

untuned = -cross_val_score(network, X, y, scoring="neg_log_loss", cv=3).mean()
print(f'no search: {network.hidden_units} hidden units, alpha="auto", log loss {untuned:.3f}')

plt.style.use("tableau-colorblind10")
figure, axes = plt.subplots(figsize=(6.5, 4.2), layout="constrained")
image = axes.imshow(losses, cmap="cividis_r", norm=LogNorm(), aspect="auto")
for (row, column), loss in np.ndenumerate(losses):
    colour = "white" if image.norm(loss) > 0.45 else "black"
    axes.text(column, row, f"{loss:.2f}", ha="center", va="center", color=colour)
    if close[row, column]:
        frame = Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, fill=False, color="C5", lw=2)
        axes.add_patch(frame)
axes.set_xticks(range(shape[1]), grid["hidden_units"])
axes.set_yticks(range(shape[0]), ["0.00001", "0.0001", "0.001", "0.01", "0.1"])
axes.set(
    xlabel="hidden units", ylabel="alpha", title="Framed: within one standard error of the best"
)
bar = figure.colorbar(image, label="log loss", format="{x:g}", ticks=[0.2, 0.3, 0.5, 0.7])
bar.minorticks_off()

plt.show()
