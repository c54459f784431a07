"""
Visualizing hidden units
========================

The weights of the hidden layer can be visualized: for images, each hidden unit as an image of its
weights; for a few named features, the whole network as a diagram.
"""

# sphinx_gallery_tags = ["interpretability", "plots"]

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits, load_iris

from skshallow import ShallowNNClassifier
from skshallow.extras.plotting import HiddenUnitsDisplay, NetworkDisplay

# %%
# Handwritten digits, 8 x 8 pixels. Ink on blue pixels activates a unit, ink on red ones deactivates
# it: most units compare one stroke with another nearby. The units that matter most for the output
# come first. X is passed because the border is nearly always blank: its weights may be large
# without any effect; multiplied by the standard deviation of the pixel they are small.

digits = load_digits()
network = ShallowNNClassifier(32, random_state=0).fit(digits.data, digits.target)
HiddenUnitsDisplay.from_estimator(network, digits.data, max_units=15)

# %%
# Iris, four measurements and three species. The width of a line is the weight times the
# standard deviation of what it multiplies, which makes the features comparable: the petals matter
# most. An unimportant unit has faint lines only.

iris = load_iris(as_frame=True)
network = ShallowNNClassifier(6, random_state=0).fit(iris.data, iris.target_names[iris.target])
diagram = NetworkDisplay.from_estimator(network, iris.data)
petals = [name.startswith("petal") for name in iris.data]
share = abs(diagram.W1[:, petals]).sum() / abs(diagram.W1).sum()
print(f"{share:.0%} of the first layer's weights, by size, belong to the petals")

plt.show()
