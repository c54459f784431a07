"""
Early stopping: when it helps
=============================

Early stopping monitors the loss on a validation set, ends training when it no longer falls, and
keeps the weights of the best epoch. With noisy labels it prevents overfitting; with clean ones it
costs more samples than it gains.
"""

# sphinx_gallery_tags = ["early stopping", "overfitting"]

import matplotlib.pyplot as plt
from matplotlib.ticker import LogLocator, NullLocator
from sklearn.datasets import load_digits, make_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skshallow import ShallowNNClassifier
from skshallow.extras.plotting import LossCurveDisplay

# %%
# Two data sets. In the first, a fifth of the labels is drawn at random; the second is the
# handwritten digits, with hardly a wrong label.

data = {
    "noisy labels": make_classification(
        4000, n_features=20, n_informative=8, flip_y=0.2, random_state=0
    ),
    "clean labels (digits)": load_digits(return_X_y=True),
}

# %%
# Three ways to use the same samples. Either all of them are the training set and all epochs run,
# the default with fewer than 10,000 samples. Or ``early_stopping=True`` holds out a random tenth.
# Or a validation set, here a fifth, is passed as ``X_val``: the way to go when a random part would
# not be representative, for example because samples of one person or of one day must stay together.
# In brackets, the epoch whose weights were kept.

print(f"{'test log loss':24}{'all epochs':>12}{'held out':>16}{'X_val':>16}")
for name, (X, y) in data.items():
    for seed in range(3):
        X_rows, X_test, y_rows, y_test = train_test_split(
            X, y, test_size=0.5, stratify=y, random_state=seed
        )
        X_train, X_val, y_train, y_val = train_test_split(
            X_rows, y_rows, test_size=0.2, stratify=y_rows, random_state=seed
        )
        networks = [
            ShallowNNClassifier(64, random_state=seed).fit(X_rows, y_rows),
            ShallowNNClassifier(64, early_stopping=True, random_state=seed).fit(X_rows, y_rows),
            ShallowNNClassifier(64, random_state=seed).fit(
                X_train, y_train, X_val=X_val, y_val=y_val
            ),
        ]
        losses = [log_loss(y_test, network.predict_proba(X_test)) for network in networks]
        epochs = [network.best_iter_ for network in networks]
        cells = [f"{loss:.3f} ({n:3})" for loss, n in zip(losses, epochs, strict=True)]
        print(f"{name:24}" + "".join(f"{cell:>16}" for cell in cells))

# %%
# With a large ``n_iter_no_change`` training does not stop, and the curves are complete. With noisy
# labels the validation loss rises again after a few epochs while the training loss falls: from
# there on the network overfits. On the digits it reaches a plateau and hardly rises: there is
# little to gain by early stopping, and the samples of the validation set are missing in training.

figure, panels = plt.subplots(1, 2, figsize=(9, 4.4), layout="constrained")
for axes, (name, (X, y)) in zip(panels, data.items(), strict=True):
    X_train, X_val, y_train, y_val = train_test_split(
        X, y, test_size=0.5, stratify=y, random_state=0
    )
    patient = ShallowNNClassifier(64, n_iter_no_change=1000, random_state=0)
    patient.fit(X_train, y_train, X_val=X_val, y_val=y_val)
    LossCurveDisplay.from_estimator(patient, ax=axes, log_scale=True)
    axes.yaxis.set_major_locator(LogLocator(subs=[1, 2, 3, 5]))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_title(name)

plt.show()
