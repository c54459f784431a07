"""
Quickstart: handwritten digits
==============================

A pipeline, a grid search over hidden units, activation and learning rate, the training loss of the
best network, and the digits that it misclassifies.

Run as a script, the figure is shown, or saved if a file name follows.
"""

# sphinx_gallery_tags = ["classification", "hyperparameter search"]

import sys

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.feature_selection import VarianceThreshold
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline

from skshallow import ShallowNNClassifier

digits = load_digits()
X_train, X_test, y_train, y_test, _, images = train_test_split(
    digits.data, digits.target, digits.images, stratify=digits.target, random_state=0
)
print(f"{len(X_train)} training and {len(X_test)} test images of 8 x 8 pixels, 10 digits")

# %%
# Hidden units, activation and learning rate are plain values, so a grid can hold them. No scaler
# is needed: the network standardizes its inputs itself.

pipeline = Pipeline(
    [
        ("drop_constant", VarianceThreshold()),
        ("network", ShallowNNClassifier(max_iter=40, random_state=0)),
    ]
)
grid = {
    "network__hidden_units": [32, 128],
    "network__activation": ["relu", "tanh"],
    "network__learning_rate": [0.005, 0.02],
}
search = GridSearchCV(pipeline, grid, cv=3).fit(X_train, y_train)
for parameters, score in zip(
    search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
):
    values = ", ".join(f"{name.split('__')[1]}={value}" for name, value in parameters.items())
    print(f"  {score:.3f}  {values}")

# %%
# The best network was fitted again on the whole training set; the test set gives the accuracy.

predicted = search.predict(X_test)
wrong = np.flatnonzero(predicted != y_test)
print(f"test accuracy {search.score(X_test, y_test):.3f}, {len(wrong)} of {len(y_test)} wrong")

# %%
# The training loss on the left; on the right the misclassified digits with the highest predicted
# probability, with the true label and the predicted one.

network = search.best_estimator_["network"]
surest = wrong[np.argsort(-search.predict_proba(X_test)[wrong].max(axis=1))][:6]

figure = plt.figure(figsize=(8, 3.8), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1, 1.15])
axes = left.subplots()
axes.semilogy(np.arange(1, network.n_iter_ + 1), network.loss_curve_, color="#0072B2")
axes.set(xlabel="epoch", ylabel="training loss", title=f"{network.hidden_units} hidden units")
right.suptitle(f"{len(wrong)} of {len(y_test)} test digits are wrong, for example", fontsize=11)
for cell, i in zip(right.subplots(2, 3).flat, surest, strict=False):
    cell.imshow(images[i], cmap="gray_r")
    cell.set_title(f"{y_test[i]} taken for {predicted[i]}", fontsize=9)
for cell in right.axes:
    cell.set_axis_off()

if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=120)
    print(f"figure saved to {sys.argv[1]}")
else:
    plt.show()
