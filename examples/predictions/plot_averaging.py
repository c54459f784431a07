"""
Ensembles: the gain from averaging networks
===========================================

Networks from different initial weights make different errors, and the log loss of the mean of
their scores is never larger than the mean of their log losses. ``n_networks`` trains several side
by side on the same batches and averages them. The gain depends on how much they differ: it is large
where they overfit, next to nothing where they agree.
"""

# sphinx_gallery_tags = ["ensembles", "log loss"]

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits, make_classification
from sklearn.ensemble import BaggingClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skshallow import ShallowNNClassifier

data = {
    "noisy labels": make_classification(
        2000, n_features=20, n_informative=8, n_classes=3, flip_y=0.1, random_state=0
    ),
    "clean labels (digits)": load_digits(return_X_y=True),
}
numbers = 1, 2, 4, 8

# %%
# The regularization strength ``alpha`` is chosen once for each data set. A thirtieth of it shows
# networks that overfit. ``BaggingClassifier`` averages networks that are each trained on a
# bootstrap sample, which leaves out about 37 % of the training set.


def averaged(alpha, k, seed):
    """k networks on all rows, in one estimator."""
    return ShallowNNClassifier(32, alpha=alpha, n_networks=k, random_state=seed)


def averaged_with_weak_penalty(alpha, k, seed):
    """The same with a thirtieth of the penalty."""
    return averaged(alpha / 30, k, seed)


def bagged(alpha, k, seed):
    """k networks, each on rows of its own."""
    return BaggingClassifier(averaged(alpha, 1, None), k, random_state=seed)


ways = {
    "chosen penalty": averaged,
    "a thirtieth of it": averaged_with_weak_penalty,
    "bagging, chosen penalty": bagged,
}
curves = {}
for name, (X, y) in data.items():
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.5, stratify=y, random_state=0
    )
    alpha = ShallowNNClassifier(32, random_state=0).fit(X_train, y_train).alpha_
    for way, combine in ways.items():
        losses = []
        for seed in range(2):
            for k in numbers:
                model = combine(alpha, k, seed).fit(X_train, y_train)
                losses.append(log_loss(y_test, model.predict_proba(X_test)))
        curve = curves[name, way] = np.reshape(losses, (2, -1)).mean(axis=0)
        print(f"{name:22} {way:23} one {curve[0]:.3f}  eight {curve[-1]:.3f}")

# %%
# With the right regularization there is little to average out: the networks agree. With too little
# they overfit, each in its own way; then averaging gains a lot, but eight of them are still far
# worse than one network with the right regularization. On the digits, which have little noise,
# weaker regularization and an ensemble are best together. Bagging costs more than averaging gains.

plt.style.use("tableau-colorblind10")
figure, panels = plt.subplots(1, 2, figsize=(7.6, 4.2), layout="constrained")
for axes, name in zip(panels, data, strict=True):
    for way, look in zip(ways, ("C1o-", "C3^:", "C0s--"), strict=True):
        axes.plot(numbers, curves[name, way], look, label=way)
    top = max(curve[0] for (which, _), curve in curves.items() if which == name)
    axes.set(title=name, xlabel="networks averaged", xscale="log", ylim=(0, 1.08 * top))
    axes.set_xticks(numbers, numbers)
    axes.minorticks_off()
panels[0].set_ylabel("test log loss")
panels[0].legend(loc="lower left")

plt.show()
