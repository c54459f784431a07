"""
Which features matter: weights or permutation
=============================================

The connection weights of a fitted network show at once which features raise the prediction and
which lower it. They see straight effects only. Permutation importance sees any effect, without a
sign. One data set where the two agree, one where they cannot.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes, make_friedman1
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.model_selection import train_test_split

from skshallow import ShallowNNRegressor
from skshallow.inspection import connection_weight_importance

# %%
# The first set is real. The second is made by a formula (Friedman, 1991):
# y = 10 sin(pi x0 x1) + 20 (x2 - 1/2)^2 + 10 x3 + 5 x4 and noise; x5 to x9 do nothing.

data = {
    "diabetes": load_diabetes(return_X_y=True),
    "Friedman": make_friedman1(2000, noise=1, random_state=0),
}
names = {"diabetes": load_diabetes().feature_names, "Friedman": [f"x{j}" for j in range(10)]}
looked_at = {"diabetes": ["bmi", "s5"], "Friedman": ["x2", "x3"]}

# %%
# The sum over the hidden units of outgoing times incoming weight, times the deviation of the
# feature, needs no data but the deviations and takes no time. Permutation shuffles one column of
# the test rows after the other, 20 times each, and measures how much R2 falls.
#
# On diabetes the effects are nearly straight, and both name the same two features first; the
# colors tell which features raise the prediction and which lower it. On Friedman's data x3 and x4
# stand out as they should. But x2, which lowers the target and then raises it, gets no more weight
# than the five that do nothing, and x0 and x1 less than x4, although they matter more.

plt.style.use("tableau-colorblind10")
figure, rows = plt.subplots(2, 3, figsize=(9, 6), layout="constrained")
for (left, middle, right), (name, (X, y)) in zip(rows, data.items(), strict=True):
    features = np.array(names[name])
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    network = ShallowNNRegressor(32, random_state=0).fit(X_train, y_train)
    weights = connection_weight_importance(network, X_train).importances[:, 0]
    shuffled = permutation_importance(network, X_test, y_test, n_repeats=20, random_state=0)
    falls = shuffled.importances_mean
    print(f"{name}: R2 {network.score(X_test, y_test):.2f}")
    for sizes, what in ((np.abs(weights), "connection weights"), (falls, "permutation")):
        print(f"  most important by {what}: {', '.join(features[np.argsort(-sizes)[:3]])}")

    left.barh(features, weights, color=np.where(weights > 0, "C0", "C1"))
    left.axvline(0, color="C3", linewidth=0.8)
    left.set(ylabel=name, xlabel="connection weights")
    middle.barh(features, falls, xerr=shuffled.importances_std, color="C3")
    middle.set(xlabel="fall of R2, permuted")
    for axes in (left, middle):
        axes.invert_yaxis()
    for feature, style in zip(looked_at[name], ("C0-", "C1--"), strict=True):
        curve = partial_dependence(network, X_train, [names[name].index(feature)])
        values = curve.grid_values[0]
        place = (values - values.min()) / np.ptp(values)
        right.plot(place, curve.average[0], style, label=feature)
    right.set(xlabel="feature, from low to high", ylabel="mean prediction")
    right.legend()

plt.show()
