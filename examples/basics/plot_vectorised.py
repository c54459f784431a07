"""
Vectorized forward pass against a loop
======================================

The :doc:`lecture notes </notes_to_code>` that this package follows write the forward pass twice:
as a loop over the samples (examples), and as four lines for all of them at once. Both give the same
numbers; the second leaves the loop to compiled code.
"""

# sphinx_gallery_tags = ["speed", "lecture notes"]

from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

rng = np.random.default_rng(0)
n0, n1 = 20, 64
W1, b1 = rng.standard_normal((n1, n0)) / np.sqrt(n0), np.zeros((n1, 1))
W2, b2 = rng.standard_normal((1, n1)) / np.sqrt(n1), np.zeros((1, 1))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# %%
# One example is a column. The loop takes one column after the other; the vectorized lines are the
# same with capital letters, and b1 and b2 are added to every column by broadcasting.


def forward_loop(X):
    columns = []
    for i in range(X.shape[1]):
        x = X[:, [i]]
        z1 = W1 @ x + b1
        a1 = np.tanh(z1)
        z2 = W2 @ a1 + b2
        columns.append(sigmoid(z2))
    return np.hstack(columns)


def forward_vectorised(X):
    Z1 = W1 @ X + b1
    A1 = np.tanh(Z1)
    Z2 = W2 @ A1 + b2
    return sigmoid(Z2)


# %%
# The time of each for more and more examples: the shortest of several, on one thread.


def seconds(function, X):
    times = []
    while len(times) < 5 or sum(times) < 0.1:
        start = perf_counter()
        function(X)
        times.append(perf_counter() - start)
    return min(times)


sizes = [1, 10, 100, 1_000, 10_000]
loop, vectorised = [], []
with threadpool_limits(1):
    for m in sizes:
        X = rng.standard_normal((n0, m))
        difference = np.abs(forward_loop(X) - forward_vectorised(X)).max()
        loop.append(seconds(forward_loop, X))
        vectorised.append(seconds(forward_vectorised, X))
        ratio = loop[-1] / vectorised[-1]
        print(f"{m:6} examples: {ratio:5.1f} times as fast, largest difference {difference:.0e}")

# %%
# The difference is rounding: a product of large matrices adds up in another order. For one example
# both do the same work. The loop makes a dozen Python calls for every example, the vectorized lines
# a dozen in all, so the speedup grows with the number of examples, until the arithmetic itself
# dominates.

figure, axes = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
axes.loglog(sizes, loop, "s-", color="#D55E00", label="loop")
axes.loglog(sizes, vectorised, "o-", color="#0072B2", label="vectorised")
for m, slow, fast in zip(sizes[1:], loop[1:], vectorised[1:], strict=True):
    axes.text(m, np.sqrt(slow * fast), f"{slow / fast:.0f}x", ha="center", va="center")
axes.set(xlabel="examples", ylabel="seconds", title=f"Forward pass, {n0} inputs, {n1} hidden units")
axes.legend()

plt.show()
