"""
Incremental (out-of-core) learning from a stream
================================================

Images of digits arrive in mini-batches and are not kept. ``partial_fit`` trains on each of them
and continues from the weights so far. When the camera is turned upside down (concept drift), the
network that continues to learn recovers; the one that has stopped does not.
"""

# sphinx_gallery_tags = ["incremental learning", "concept drift"]

from copy import deepcopy

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from skshallow import ShallowNNClassifier

# %%
# From image 1,000 on, all images are upside down. Every mini-batch is first the test set, then the
# training set, so that no image is predicted by a network that was trained on it.
#
# The first batch is larger than the others, because features are standardized by its samples alone.
# It is also where the classes must be named, since not all of them need be in it.

images, y = load_digits(return_X_y=True)
images = images.reshape(-1, 8, 8)
turn = 1000
starts = np.arange(100, len(y), 20)


def follow(seed):
    """Accuracies of a learner and of one that stops: by batch, and on upright images at the end."""
    order = np.random.default_rng(seed).permutation(len(y))
    stream, labels = images[order], y[order]
    stream[turn:] = stream[turn:, ::-1, ::-1]
    X = stream.reshape(len(stream), -1)
    network = ShallowNNClassifier(64, random_state=seed)
    network.partial_fit(X[:100], labels[:100], classes=np.arange(10))
    stopped = network
    accuracies = []
    for start in starts:
        if start == turn:
            stopped = deepcopy(network)
        rows = slice(start, start + 20)
        accuracies.append([each.score(X[rows], labels[rows]) for each in (network, stopped)])
        network.partial_fit(X[rows], labels[rows])
    upright = images[order[:turn]].reshape(turn, -1)
    return accuracies, [each.score(upright, labels[:turn]) for each in (network, stopped)]


# %%
# Ten streams, each in an order of its own, make the curves smooth. Two hundred images after the
# drift the learner has recovered most of its accuracy. The price is forgetting: on upright images
# it is now as poor as the other is on turned ones. If old data matter too, keep some of those
# samples and mix them into the new mini-batches.

results = [follow(seed) for seed in range(10)]
accuracy = np.mean([batches for batches, _ in results], axis=0)
for name, start, stop in (
    ("images 101 to 200", 100, 200),
    ("the last 100 before the turn", turn - 100, turn),
    ("the first 100 after it", turn, turn + 100),
    ("the last 97", len(y) - 97, len(y)),
):
    learner, stopped = accuracy[(starts >= start) & (starts < stop)].mean(axis=0)
    other = f", the one that stopped {stopped:.2f}" if start >= turn else ""
    print(f"{name}: learner {learner:.2f}{other}")
learner, stopped = np.mean([upright for _, upright in results], axis=0)
print(f"upright images at the end: learner {learner:.2f}, the one that stopped {stopped:.2f}")

plt.style.use("tableau-colorblind10")
figure, axes = plt.subplots(figsize=(7, 4.4), layout="constrained")
after = starts >= turn
axes.plot(starts, accuracy[:, 0], color="C0")
axes.plot(starts[after], accuracy[after, 1], color="C5")
axes.axvline(turn, color="C3", linewidth=1, linestyle=":")
axes.text(1450, 0.8, "goes on learning", color="C0", ha="center")
axes.text(1450, 0.48, "stopped at the turn", color="C5", ha="center")
axes.set(xlabel="images so far", ylabel="accuracy on the next 20", ylim=(0, 1))
axes.set_title("A camera is turned upside down")
for i in range(8):
    place = [turn - 460 + 100 * i + 130 * (i > 3), 0.05, 90, 0.22]
    cell = axes.inset_axes(place, transform=axes.transData)
    image = images[i % 4 + 2]
    cell.imshow(image if i < 4 else image[::-1, ::-1], cmap="gray_r")
    cell.set_axis_off()

plt.show()
