"""
What hidden units see
=====================

The first layer of a network can be looked at. For images each hidden unit has a picture, its
weights in the place of the pixels; for a few named features the whole network is a diagram.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits, load_iris

from skshallow import ShallowNNClassifier
from skshallow.extras.plotting import HiddenUnitsDisplay, NetworkDisplay

# %%
# Handwritten digits, 8 x 8 pixels. A unit is switched on by ink on blue pixels and off by ink on
# red ones: most units weigh one stroke against another nearby. The units that matter most for the
# output come first. X is given because the border is nearly always blank: its weights may be
# large without any effect, and times the deviation of the pixel they are as small as they should
# be.

digits = load_digits()
network = ShallowNNClassifier(32, random_state=0).fit(digits.data, digits.target)
HiddenUnitsDisplay.from_estimator(network, digits.data, max_units=15)

# %%
# Iris, four measurements and three species. Lines are as wide as the weights are large, times the
# deviation of what they multiply, which makes centimetres of different flowers comparable: the
# petals decide. A unit that has nothing to say has faint lines only.

iris = load_iris(as_frame=True)
network = ShallowNNClassifier(6, random_state=0).fit(iris.data, iris.target_names[iris.target])
diagram = NetworkDisplay.from_estimator(network, iris.data)
petals = [name.startswith("petal") for name in iris.data]
share = abs(diagram.W1[:, petals]).sum() / abs(diagram.W1).sum()
print(f"{share:.0%} of the first layer's weights, by size, belong to the petals")

plt.show()
