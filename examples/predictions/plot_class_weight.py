"""
Class imbalance: class weights or decision threshold
====================================================

When one sample in twenty belongs to the class that matters, predicted labels miss most of them. A
``class_weight`` raises the recall at the price of precision. So does a lower decision threshold on
the probabilities of a network without weights, and there the probabilities stay calibrated.
"""

# sphinx_gallery_tags = ["class imbalance", "decision threshold"]

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_classification
from sklearn.metrics import precision_recall_curve, precision_score, recall_score
from sklearn.model_selection import train_test_split

from skshallow import ShallowNNClassifier


def draw(seed):
    """Training and test set, one sample in twenty of the rare class."""
    X, y = make_classification(
        6000,
        n_features=10,
        n_informative=5,
        n_clusters_per_class=3,
        class_sep=0.8,
        weights=[0.95],
        flip_y=0.02,
        random_state=seed,
    )
    return train_test_split(X, y, test_size=0.5, stratify=y, random_state=0)


X_train, X_test, y_train, y_test = draw(5)
print(f"{y_train.sum()} of {len(y_train)} training samples belong to the rare class")

# %%
# Networks with a growing weight for the rare class. The last column is the mean of the predicted
# probabilities: without weights it agrees with the share of the class, with weights it does not.

weights = [1, 2, 5, 10, 20]
probabilities = {}
print(f"share of the rare class in the test set: {y_test.mean():.3f}\n")
print("weight  precision  recall  mean probability")
for weight in weights:
    network = ShallowNNClassifier(64, class_weight={0: 1, 1: weight}, random_state=0)
    p = network.fit(X_train, y_train).predict_proba(X_test)[:, 1]
    probabilities[weight] = p
    precision, recall = (f(y_test, p > 0.5) for f in (precision_score, recall_score))
    print(f"{weight:6}{precision:11.2f}{recall:8.2f}{p.mean():18.3f}")

# %%
# Every weight is a point; the curve is the network without weights at all thresholds. Points and
# curve show about the same trade-off of precision and recall: what a weight finds, a lower
# threshold finds too.

plt.style.use("tableau-colorblind10")
precision, recall, _ = precision_recall_curve(y_test, probabilities[1])
figure, axes = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
axes.plot(recall, precision, color="C0", label="no weights, all thresholds")
for weight in weights:
    p = probabilities[weight] > 0.5
    place = recall_score(y_test, p), precision_score(y_test, p)
    label = "with weights, threshold 1/2" if weight == 1 else None
    axes.plot(*place, "o", color="C1", markeredgecolor="k", label=label)
    axes.annotate(f"weight {weight}", place, xytext=(6, 4), textcoords="offset points")
axes.set(xlabel="recall", ylabel="precision", title="Class weights against thresholds")
axes.legend()

# %%
# Say that a false negative costs 20 and a false positive 1. If probabilities are calibrated, the
# best decision threshold is then 1 / 21; after training with class weights of 20 to 1 it is 1 / 2.
# Either is far cheaper than no weights and 1 / 2. Which of the two is cheaper changes from one draw
# of the data to the next.


def cost(y_test, p, threshold):
    """Mean cost of a sample."""
    missed = np.mean((y_test == 1) & (p <= threshold))
    false_alarms = np.mean((y_test == 0) & (p > threshold))
    return 20 * missed + false_alarms


print("mean cost    no weights, 1/2   no weights, 1/21   weight 20, 1/2")
for seed in range(4):
    rows, other_rows, labels, other_labels = draw(seed)
    plain, weighted = (
        ShallowNNClassifier(64, class_weight=class_weight, random_state=0)
        .fit(rows, labels)
        .predict_proba(other_rows)[:, 1]
        for class_weight in (None, {0: 1, 1: 20})
    )
    costs = [
        cost(other_labels, p, t) for p, t in ((plain, 1 / 2), (plain, 1 / 21), (weighted, 1 / 2))
    ]
    print("draw {}{:22.2f}{:19.2f}{:17.2f}".format(seed, *costs))

# %%
# The cost at all thresholds, and the points where theory puts the minimum: the weight has moved the
# minimum, not lowered it.

thresholds = 1 / (1 + np.exp(np.linspace(7, -4, 200)))
figure, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
for weight, colour, best, label in (
    (1, "C0", 1 / 21, "no weights"),
    (20, "C1", 1 / 2, "weight 20"),
):
    p = probabilities[weight]
    axes.semilogx(thresholds, [cost(y_test, p, t) for t in thresholds], color=colour, label=label)
    axes.plot(best, cost(y_test, p, best), "o", color=colour, markeredgecolor="k")
axes.set_xticks([0.001, 0.01, 1 / 21, 0.5], ["0.001", "0.01", "1/21", "1/2"])
axes.minorticks_off()
axes.set(
    xlabel="decision threshold", ylabel="mean cost", title="Cost of misses 20, of false alarms 1"
)
axes.legend()

plt.show()
