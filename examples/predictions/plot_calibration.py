"""
Probability calibration
=======================

Of all samples that get a probability of 80 %, four in five should belong to the class. With few
samples, noisy labels and little regularization a network overfits and is overconfident. Temperature
scaling corrects that, early stopping often helps more, and with enough samples there is little to
correct.
"""

# sphinx_gallery_tags = ["calibration", "classification"]

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import NullLocator
from sklearn.calibration import CalibratedClassifierCV, calibration_curve
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss

from skshallow import ShallowNNClassifier

# %%
# Three labels in ten are drawn at random. Temperature scaling divides the scores of the network by
# one number. That number is fitted by cross-validation, on samples that the network was not trained
# on; then the network is trained on all samples. It changes no predicted label. Early stopping, on
# the other hand, gives another network.
#
# ``alpha`` is set to a small number here. By default it is chosen on held-out samples, which gives
# a larger one for few noisy samples, and then there is not much left to correct.

little = {"alpha": 0.001, "random_state": 0}
ways = {
    "plain": ShallowNNClassifier(32, **little),
    "early stopping": ShallowNNClassifier(32, early_stopping=True, **little),
    "temperature": CalibratedClassifierCV(
        ShallowNNClassifier(32, **little), method="temperature", cv=3, ensemble=False
    ),
}
sizes = [250, 500, 1000, 4000]
n_draws = 3
losses = {way: np.zeros(len(sizes)) for way in ways}
reliability = {}
for draw in range(n_draws):
    X, y = make_classification(9000, n_features=20, n_informative=8, flip_y=0.3, random_state=draw)
    X_test, y_test = X[4000:], y[4000:]
    for i, size in enumerate(sizes):
        for way, model in ways.items():
            p = model.fit(X[:size], y[:size]).predict_proba(X_test)[:, 1]
            losses[way][i] += log_loss(y_test, p) / n_draws
            if size == 500 and draw == 0:
                reliability[way] = calibration_curve(y_test, p, n_bins=10, strategy="quantile")

print("training rows  " + "".join(f"{size:7}" for size in sizes))
for way, values in losses.items():
    print(f"{way:15}" + "".join(f"{value:7.3f}" for value in values))

# %%
# Reliability diagram: the test samples of one draw in ten bins of equal size. The plain network's
# points run flatter than the diagonal: its probabilities are too close to 0 and 1. Both remedies
# bring them back near the diagonal.

plt.style.use("tableau-colorblind10")
looks = {"plain": ("C3", "s:"), "early stopping": ("C0", "^--"), "temperature": ("C1", "o-")}
figure, axes = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
axes.plot([0, 1], [0, 1], color="k", linewidth=0.8)
for way, (colour, look) in looks.items():
    shares, probabilities = reliability[way]
    axes.plot(probabilities, shares, look, color=colour, label=way)
axes.set(xlabel="predicted probability", ylabel="observed frequency", xlim=(0, 1), ylim=(0, 1))
axes.set_title("Reliability diagram, 500 training samples")
axes.legend()

# %%
# The gain in log loss. With 250 samples the two are equal: a tenth of so few is too small a
# validation set. With some more, early stopping does better, because it also prevents overfitting,
# which no temperature can undo. With 4,000 samples there is little to correct. Temperature scaling
# is for a network that must not be trained again.

figure, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
for way, (colour, look) in looks.items():
    axes.semilogx(sizes, losses[way], look, color=colour, label=way)
axes.set_xticks(sizes, sizes)
axes.xaxis.set_minor_locator(NullLocator())
axes.set(xlabel="training samples", ylabel="test log loss", title="By size of the training set")
axes.legend()

plt.show()
