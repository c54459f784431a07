"""
Averaging networks: how much there is to gain
=============================================

Networks from different seeds err differently, and the log loss of their mean is never larger than
the mean of their log losses. How much there is to gain depends on how much they differ: a lot
where they fit noise, next to nothing where they agree.
"""

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

# %%
# ``BaggingClassifier`` trains ten networks, each from a seed of its own; ``n_jobs=-1`` would train
# them side by side. With ``bootstrap=False`` every one gets all rows. With ``bootstrap=True`` each
# gets rows drawn with replacement and misses about 37 % of them. With early stopping, each splits
# another tenth off.

n_networks = 10
ways = {
    "bootstrap rows": (ShallowNNClassifier(32, max_iter=60), True),
    "all rows": (ShallowNNClassifier(32, max_iter=60), False),
    "all rows, early stopping": (ShallowNNClassifier(32, max_iter=60, early_stopping=True), False),
}


def losses_of_averages(bagging, X, y):
    """Log loss of the average of k networks, k = 1, 2, ..., mean over random choices of the k."""
    probabilities = np.array([network.predict_proba(X) for network in bagging.estimators_])
    rng = np.random.default_rng(0)
    orders = [rng.permutation(n_networks) for _ in range(10)]
    return [
        np.mean([log_loss(y, probabilities[order[:k]].mean(axis=0)) for order in orders])
        for k in range(1, n_networks + 1)
    ]


curves = {}
for name, (X, y) in data.items():
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.5, stratify=y, random_state=0
    )
    for way, (network, bootstrap) in ways.items():
        bagging = BaggingClassifier(
            network, n_estimators=n_networks, bootstrap=bootstrap, random_state=0
        ).fit(X_train, y_train)
        curve = curves[name, way] = losses_of_averages(bagging, X_test, y_test)
        print(f"{name:22} {way:25} one {curve[0]:.3f}  ten {curve[-1]:.3f}")

# %%
# On noisy labels ten networks are clearly better than one, and most of it is gained with the first
# five. But one network that stops early is about as good as ten that do not, and takes a fraction
# of the time; averaging gains on top of it. Bootstrap rows make single networks worse and the gain
# larger. On the digits all seeds come to nearly the same answer: there is little to average out,
# and what makes the networks differ costs more than the average brings back.

plt.style.use("tableau-colorblind10")
figure, panels = plt.subplots(1, 2, figsize=(7.6, 4.2), layout="constrained")
looks = ("C0", "s--"), ("C1", "o-"), ("C3", "^:")
numbers = np.arange(1, n_networks + 1)
for axes, name in zip(panels, data, strict=True):
    for way, (colour, line) in zip(ways, looks, strict=True):
        axes.plot(numbers, curves[name, way], line, color=colour, label=way)
    top = max(curve[0] for (which, _), curve in curves.items() if which == name)
    axes.set(title=name, xlabel="networks averaged", ylim=(0, 1.08 * top))
    axes.set_xticks([1, 2, 4, 6, 8, 10])
panels[0].set_ylabel("log loss of test rows")
panels[0].legend(loc="lower left")

plt.show()
