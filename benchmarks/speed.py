"""Training time and memory beside scikit-learn's MLPClassifier, on the same work.

Same rows, hidden units, batch, epochs, Adam, float32. The fits take turns within one run, so that
what else the machine does meets both; quoted is the median of the ratios of neighbours. An
absolute time says little on another machine.

    python benchmarks/speed.py                     # a few minutes
    python benchmarks/speed.py --tiny              # seconds: does it run?
    python benchmarks/speed.py --json speed.json   # write the figures
"""

import argparse
import json
import time
import tracemalloc
import warnings

import numpy as np
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from skshallow import ShallowNNClassifier

# rows, features, hidden units, classes, batch, epochs
SHAPES = [
    (1_000, 20, 32, 2, 200, 100),
    (1_000, 20, 32, 2, 32, 30),
    (10_000, 50, 100, 5, 200, 10),
    (20_000, 784, 128, 10, 200, 10),
    (20_000, 784, 512, 10, 256, 5),
]
TINY_SHAPES = [(200, 20, 8, 2, 50, 3)]


def make_data(rows, features, classes):
    """A classification problem as C-ordered float32."""
    X, y = make_classification(rows, features, n_informative=15, n_classes=classes, random_state=0)
    return np.ascontiguousarray(X, dtype=np.float32), y


def contestants(hidden_units, batch_size, epochs):
    """Estimators that do the same work; the last one also standardises, as by default."""
    ours = {
        "hidden_units": hidden_units,
        "batch_size": batch_size,
        "max_iter": epochs,
        "alpha": 1e-4,
        "early_stopping": False,
        "random_state": 0,
    }
    return {
        "MLPClassifier": MLPClassifier(
            hidden_units,
            batch_size=batch_size,
            max_iter=epochs,
            alpha=1e-4,
            n_iter_no_change=epochs + 1,
            random_state=0,
        ),
        "skshallow": ShallowNNClassifier(**ours, standardize=False),
        "skshallow, standardising": ShallowNNClassifier(**ours),
    }


def seconds(estimator, X, y):
    """Wall-clock time of one fit."""
    start = time.perf_counter()
    estimator.fit(X, y)
    return time.perf_counter() - start


def compare(shape, repeats):
    """Medians of time and of the ratio to MLPClassifier, fits taking turns."""
    rows, features, hidden_units, classes, batch_size, epochs = shape
    X, y = make_data(rows, features, classes)
    estimators = contestants(hidden_units, batch_size, epochs)
    for estimator in estimators.values():
        seconds(estimator, X[: 2 * batch_size], y[: 2 * batch_size])  # warm up
    runs = [{name: seconds(e, X, y) for name, e in estimators.items()} for _ in range(repeats)]
    return {
        name: {
            "seconds": float(np.median([run[name] for run in runs])),
            "ratio": float(np.median([run["MLPClassifier"] / run[name] for run in runs])),
        }
        for name in estimators
    }


def extra_memory(rows, features):
    """Most bytes that one epoch of fit holds beyond X, as a share of X's."""
    X = np.random.default_rng(0).standard_normal((rows, features), dtype=np.float32)
    y = np.arange(rows) % 10
    classifier = ShallowNNClassifier(128, max_iter=1, early_stopping=False, random_state=0)
    tracemalloc.start()
    classifier.fit(X, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / X.nbytes


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tiny", action="store_true", help="smallest sizes, to see that it runs")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each (default 5)")
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)

    figures = {"training": [], "memory": None}
    print("rows x features, hidden, classes, batch     times as fast as MLPClassifier")
    for shape in TINY_SHAPES if options.tiny else SHAPES:
        result = compare(shape, 2 if options.tiny else options.repeats)
        figures["training"].append({"shape": shape, **result})
        rows, features, hidden_units, classes, batch_size, _ = shape
        work = f"{rows:,} x {features}, {hidden_units}, {classes}, {batch_size}"
        ratios = ", ".join(f"{r['ratio']:.2f} ({name})" for name, r in list(result.items())[1:])
        print(f"{work:<42}  {ratios}")
    size = (2_000, 50) if options.tiny else (100_000, 784)
    figures["memory"] = {"size": size, "share_of_X": extra_memory(*size)}
    print(f"fit of {size[0]:,} x {size[1]} float32 holds {figures['memory']['share_of_X']:.1%} of "
          "X's bytes beyond X")  # fmt: skip
    if options.json:
        with open(options.json, "w") as file:
            json.dump(figures, file, indent=2)


if __name__ == "__main__":
    main()
