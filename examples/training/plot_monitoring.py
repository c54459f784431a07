"""
Monitoring training
===================

A callback sees the network after every epoch. ``LossMonitor`` records losses and scores on the
training set, the validation set and further data sets; a few lines of your own draw a live plot.
"""

# sphinx_gallery_tags = ["callbacks", "loss curve", "early stopping"]

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skshallow import ShallowNNClassifier
from skshallow.extras.plotting import LossCurveDisplay
from skshallow.monitoring import LossMonitor

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
X_train, X_val, y_train, y_val = train_test_split(X_train, y_train, random_state=0)

# %%
# Every scorer of scikit-learn can be recorded, on every data set that you name. The history is a
# data frame with a row for each epoch.

monitor = LossMonitor("accuracy", data_sets={"test": (X_test, y_test)})
network = ShallowNNClassifier(32, max_iter=40, random_state=0).set_callbacks(monitor)
network.fit(X_train, y_train, X_val=X_val, y_val=y_val)
history = monitor.history().set_index("epoch")
columns = ["loss", "val_loss", "test_loss", "train_accuracy", "val_accuracy", "test_accuracy"]
print(history[columns].iloc[[0, 4, 9, 19, -1]].round(3).to_string())
print("kept: epoch", network.best_iter_)

plt.style.use("tableau-colorblind10")
_, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
looks = {"training": ("-", "C0"), "validation": ("--", "C1"), "test": (":", "C5")}
for kind, column, ax in (("loss", "{}loss", axes[0]), ("accuracy", "{}_accuracy", axes[1])):
    names = ("", "val_", "test_") if kind == "loss" else ("train", "val", "test")
    for (label, (style, color)), name in zip(looks.items(), names, strict=True):
        ax.plot(history[column.format(name)], style, color=color, label=label, linewidth=2)
    ax.axvline(network.best_iter_, color="0.5", linewidth=1)
    ax.set(xlabel="epoch", ylabel=kind)
axes[0].set_yscale("log")
axes[0].legend(frameon=False)
axes[1].annotate("best epoch", (network.best_iter_ + 0.3, axes[1].get_ylim()[0] + 0.002))
plt.show()

# %%
# The network that a callback is given knows its history so far, so that
# :class:`~skshallow.extras.plotting.LossCurveDisplay` can draw it while training goes on. In a
# notebook with ``%matplotlib widget`` and in a window the plot below moves; here you see its last
# state. :ref:`recipe-live-plot` has a variant for other notebooks and one for a terminal.


class LivePlot:
    """Draws the loss curves anew after so many epochs."""

    def __init__(self, every):
        self.every = every

    def setup(self, estimator, context):
        self.figure = plt.figure(figsize=(7, 3.6), layout="constrained")

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.task_name == "epoch" and fitted_estimator.n_iter_ % self.every == 0:
            self.figure.clear()
            axes = self.figure.subplots()
            LossCurveDisplay.from_estimator(fitted_estimator, log_scale=True, ax=axes)
            self.figure.canvas.draw_idle()
            self.figure.canvas.flush_events()


network = ShallowNNClassifier(32, max_iter=40, random_state=0).set_callbacks(LivePlot(every=5))
network.fit(X_train, y_train, X_val=X_val, y_val=y_val)
plt.show()
