"""
Learning rate and schedule
==========================

The learning rate is the length of the steps at the start of training; the schedule says how it
decays. A constant learning rate must be tuned with care. One that decays to zero, as it does by
default, may be larger, and a wide range of learning rates does about as well.
"""

# sphinx_gallery_tags = ["learning rate", "hyperparameters"]

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator, NullLocator
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skshallow import ShallowNNClassifier

X, y = load_digits(return_X_y=True)
rates = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2]
schedules = ["constant", "adaptive", "cosine"]

# %%
# Every learning rate with every schedule, and the same regularization for all. "constant" keeps the
# rate. "adaptive" divides it by five whenever the training loss reaches a plateau. "cosine" is
# cosine decay to zero; the default, "auto", is "cosine" for all solvers that take mini-batches. The
# score is the log loss on the test set, a mean over three splits: lower is better.

n_splits = 3
losses = {schedule: np.zeros(len(rates)) for schedule in schedules}
training = {}
for split in range(n_splits):
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=split)
    for schedule in schedules:
        for i, rate in enumerate(rates):
            network = ShallowNNClassifier(
                32,
                learning_rate=rate,
                schedule=schedule,
                alpha=0.002,
                max_iter=30,
                random_state=split,
            )
            probabilities = network.fit(X_train, y_train).predict_proba(X_test)
            losses[schedule][i] += log_loss(y_test, probabilities) / n_splits
            training[schedule, rate] = network.loss_curve_

print("rate      " + "".join(f"{rate:8}" for rate in rates))
for schedule in schedules:
    print(f"{schedule:10}" + "".join(f"{loss:8.3f}" for loss in losses[schedule]))

# %%
# Around the default rate of 0.02 the schedules are equally good. To the left the cosine is the
# worst, because it shortens steps that were too short already: a small rate needs more epochs. To
# the right the constant rate fails first.

plt.style.use("tableau-colorblind10")
looks = {"constant": ("C3", "s:"), "adaptive": ("C0", "^--"), "cosine": ("C1", "o-")}
figure, axes = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
for schedule, (colour, look) in looks.items():
    axes.loglog(rates, losses[schedule], look, color=colour, label=schedule)
axes.set_xticks(rates, rates)
axes.xaxis.set_minor_locator(NullLocator())
axes.yaxis.set_major_locator(LogLocator(subs=[1, 2, 5]))
axes.yaxis.set_major_formatter("{x:g}")
axes.set(xlabel="learning rate", ylabel="test log loss", title="Three schedules")
axes.legend(title="schedule")

# %%
# Why it fails: at a rate of 0.1 its last steps are as long as the first, and the weights do not
# converge. "adaptive" is "constant" until the loss reaches a plateau; then it converges, as the
# cosine does.

figure, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
for schedule, (colour, look) in looks.items():
    curve = training[schedule, 0.1]
    axes.semilogy(range(1, len(curve) + 1), curve, look[1:], color=colour, label=schedule)
axes.yaxis.set_major_locator(LogLocator(subs=[1, 2, 5]))
axes.yaxis.set_major_formatter("{x:g}")
axes.set(xlabel="epoch", ylabel="training loss", title="Learning rate 0.1, the last split")
axes.legend(title="schedule")

plt.show()
