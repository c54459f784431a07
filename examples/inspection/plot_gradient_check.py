"""
Gradient check of a custom activation function
==============================================

A custom activation function needs two methods, the function and its derivative. A wrong derivative
raises no error, and the accuracy may not show it. A gradient check finds it in a moment.
"""

# sphinx_gallery_tags = ["custom activation", "diagnostics"]

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import cross_val_score

from skshallow import ShallowNNClassifier
from skshallow.core.activations import Activation
from skshallow.inspection import check_gradient

X, y = load_breast_cancer(return_X_y=True)


# %%
# The exponential linear unit is z for positive z and e^z - 1 otherwise. Its derivative there is
# e^z, that is A1 + 1.


class ELU(Activation):
    def forward(self, Z1, A1):
        A1[...] = np.where(Z1 > 0, Z1, np.expm1(np.minimum(Z1, 0)))

    def backward(self, Z1, A1, dA1):
        dA1 *= np.where(Z1 > 0, 1, A1 + 1)


# %%
# The same with a mistake: the one is forgotten.


class CarelessELU(ELU):
    def backward(self, Z1, A1, dA1):
        dA1 *= np.where(Z1 > 0, 1, A1)


# %%
# Both networks train, and on these data both do well. The check compares derivatives with finite
# differences of the objective and says which method is wrong.

checks = {}
for activation in (ELU(), CarelessELU()):
    name = type(activation).__name__
    classifier = ShallowNNClassifier(32, activation=activation, random_state=0)
    accuracy = cross_val_score(classifier, X, y, cv=3).mean()
    checks[name] = check_gradient(classifier, X, y)
    print(f"{name}: accuracy {accuracy:.3f}\n{checks[name]}\n")

# %%
# Every point is an entry of the gradient. The gradient of the output layer, W2 and b2, does not use
# the derivative of the activation and is right in both networks; that of the hidden layer differs.

figure, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
rng = np.random.default_rng(0)
looks = (-0.15, "#0072B2"), (0.15, "#D55E00")
for (shift, colour), (name, check) in zip(looks, checks.items(), strict=True):
    errors = [array[np.isfinite(array)] for array in check.errors.values()]
    places = np.repeat(np.arange(len(errors)), [len(array) for array in errors])
    places = places + shift + rng.uniform(-0.1, 0.1, len(places))
    errors = np.maximum(np.concatenate(errors), 1e-14)
    axes.semilogy(places, errors, ".", color=colour, alpha=0.5, label=name)
axes.axhline(check.tol, color="gray", linewidth=1, linestyle="--")
axes.text(2.5, 2 * check.tol, "largest that passes", ha="center")
axes.set_xticks(range(len(check.errors)), check.errors)
axes.set(ylabel="relative error", title="Backpropagation against finite differences")
axes.legend(loc="upper right")

plt.show()
