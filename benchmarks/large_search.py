"""One grid of 36 points, searched in seven ways: wall time and the winner on held-out samples.

The grid is hidden units x activation x learning rate. The searches that have folds take five, the
others hold out a fifth; all draw from the same 36 points, and no network is trained for more than
27 epochs. Wall time is a multiple of that of GridSearchCV on one core in the same run. Starting
workers, and their first imports, is not timed.

    python benchmarks/large_search.py                            # the digits
    python benchmarks/large_search.py --data DIR                 # also DIR/adult.parquet
    python benchmarks/large_search.py --splits 3 --workers 2
    python benchmarks/large_search.py --tiny                     # seconds: does it run?

With ``--data`` the training part of adult is cut down to ``--size`` samples.
"""

import argparse
import time
import warnings
from collections import defaultdict
from contextlib import contextmanager
from functools import partial
from math import prod
from pathlib import Path
from statistics import mean, median

import dask
import joblib
import numpy as np
import optuna
from accuracy import bundled, prepare, read
from dask_ml.model_selection import HyperbandSearchCV
from distributed import Client, LocalCluster
from search import Pruning
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, train_test_split

from skshallow import ShallowNNClassifier

GRID = {
    "hidden_units": [16, 32, 64, 128],
    "activation": ["relu", "tanh", "silu"],
    "learning_rate": [0.003, 0.01, 0.03],
}
TINY = {"hidden_units": [8, 16], "activation": ["relu", "tanh"], "learning_rate": [0.03]}
SCORING = "neg_log_loss"


class Searches:
    """Seven ways to search one grid; each method returns the fitted winner.

    Parameters
    ----------
    network : ShallowNNClassifier
        Its ``max_iter`` is the number of epochs of the longest training.
    grid : dict
    folds, workers : int
    """

    def __init__(self, network, grid, folds, workers):
        self.network, self.grid, self.workers = network, grid, workers
        self.epochs = network.max_iter
        self.folds = {"scoring": SCORING, "cv": folds}

    def all(self):
        """Name, and function of (X, y), of each; workers run in the last ones alone."""
        one, several = "one core", f"{self.workers} workers"
        yield f"GridSearchCV, {one}", partial(self.fit_grid, n_jobs=1)
        yield f"HalvingGridSearchCV, {one}", self.fit_halving
        yield f"Optuna, pruned, {one}", self.fit_optuna
        yield f"GridSearchCV, {several}", self.fit_grid_on_processes
        yield f"GridSearchCV, Dask, {several}", self.fit_grid_on_dask
        yield f"HalvingGridSearchCV, Dask, {several}", self.fit_halving_on_dask
        yield f"HyperbandSearchCV, {several}", self.fit_hyperband

    def fit_grid(self, X, y, n_jobs=None):
        return GridSearchCV(self.network, self.grid, n_jobs=n_jobs, **self.folds).fit(X, y)

    def fit_halving(self, X, y):
        resource = {"resource": "max_iter", "max_resources": self.epochs, "random_state": 0}
        resource["min_resources"] = max(1, self.epochs // 9)
        return HalvingGridSearchCV(self.network, self.grid, **resource, **self.folds).fit(X, y)

    def fit_grid_on_processes(self, X, y):
        return self.fit_grid(X, y, n_jobs=self.workers)

    def fit_grid_on_dask(self, X, y):
        with joblib.parallel_config(backend="dask"):
            return self.fit_grid(X, y)

    def fit_halving_on_dask(self, X, y):
        with joblib.parallel_config(backend="dask"):
            return self.fit_halving(X, y)

    def fit_optuna(self, X, y):
        """Every point of the grid once, in random order; bad ones are pruned."""
        X_train, X_val, y_train, y_val = train_test_split(
            X, y, test_size=0.2, stratify=y, random_state=0
        )

        def objective(trial):
            chosen = {name: trial.suggest_categorical(name, self.grid[name]) for name in self.grid}
            network = clone(self.network).set_params(**chosen)
            network.set_callbacks(Pruning(trial, X_val, y_val)).fit(X_train, y_train)
            return log_loss(y_val, network.predict_proba(X_val))

        study = optuna.create_study(
            sampler=optuna.samplers.GridSampler(self.grid, seed=0),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=4),
        )
        study.optimize(objective)
        return clone(self.network).set_params(**study.best_params).fit(X, y)

    def fit_hyperband(self, X, y):
        search = HyperbandSearchCV(
            self.network,
            self.grid,
            max_iter=self.epochs,
            scoring=SCORING,
            test_size=0.2,
            random_state=0,
        )
        # Without this setting dask-ml 2025.1 fails from dask 2025.3 on.
        with dask.config.set(scheduler=Client.current().get):
            search.fit(X, y, classes=np.unique(y))
        return clone(search.best_estimator_).fit(X, y)


@contextmanager
def workers_of(n_workers, network, X, y):
    """A cluster, and joblib's processes, that have started and imported, as this process has."""
    clone(network).fit(X, y)
    options = {"threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(n_workers=n_workers, **options) as cluster, Client(cluster):
        for backend in "loky", "dask":
            with joblib.parallel_config(backend=backend, n_jobs=n_workers):
                joblib.Parallel()(joblib.delayed(network.fit)(X, y) for _ in range(2 * n_workers))
        yield


def measure(data, searches):
    """Seconds, log loss and accuracy of each search."""
    for name, fit in searches.all():
        start = time.perf_counter()
        winner = fit(data.X_train, data.y_train)
        seconds = time.perf_counter() - start
        P = winner.predict_proba(data.X_test).astype(np.float64)
        P /= P.sum(axis=1, keepdims=True)
        classes = np.asarray(winner.classes_)
        loss = log_loss(data.y_test, P, labels=classes)
        yield name, seconds, loss, accuracy_score(data.y_test, classes[P.argmax(axis=1)])


def compare(name, table, options):
    """Print the comparison for one data set."""
    tiny = options.tiny
    grid, epochs, folds, n_splits = (TINY, 3, 2, 1) if tiny else (GRID, 27, 5, options.splits)
    figures = defaultdict(list)
    for split in range(n_splits):
        data = prepare(*table, 300 if tiny else options.size, split, raw=True)
        alpha = 2.5 / len(data.y_train)
        network = ShallowNNClassifier(max_iter=epochs, alpha=alpha, random_state=0)
        searches = Searches(network, grid, folds, options.workers)
        with workers_of(options.workers, network, data.X_train, data.y_train):
            for search, *measured in measure(data, searches):
                figures[search].append(measured)
    plain = [seconds for seconds, *_ in next(iter(figures.values()))]
    print(f"\n{name}: {prod(map(len, grid.values()))} points, {folds} folds, "
          f"{len(data.y_train)} training samples, {n_splits} splits")  # fmt: skip
    print(f"{'search':36} {'time':>6} {'log loss':>9} {'accuracy':>9}")
    for search, rows in figures.items():
        seconds, losses, accuracies = zip(*rows, strict=True)
        ratio = median(s / p for s, p in zip(seconds, plain, strict=True))
        print(f"{search:36} {ratio:6.2f} {mean(losses):9.4f} {mean(accuracies):9.4f}")
    print(f"time is wall time as a multiple of the first line's {median(plain):.1f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", metavar="DIR", help="folder of adult.parquet")
    parser.add_argument("--size", type=int, default=6_000, help="training samples at the most")
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--tiny", action="store_true", help="few points, epochs and samples")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    warnings.filterwarnings("ignore", message="The total space of parameters")
    compare("digits", bundled("digits"), options)
    if options.data:
        compare("adult", read(Path(options.data) / "adult.parquet"), options)


if __name__ == "__main__":
    main()
