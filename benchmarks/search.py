"""What a search over parameters costs and brings: grid, random, halving and Optuna on the digits.

For each split into rows to search on, with three folds, and rows to score the winner: the processor
time as a multiple of the grid's, and the log loss of the winner on the other rows.

    python benchmarks/search.py            # five splits, two to three minutes
    python benchmarks/search.py --tiny     # seconds: does it run?
"""

import argparse
import time
import warnings
from collections import defaultdict
from math import prod
from statistics import mean, median

import optuna
from scipy.stats import loguniform, randint
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_val_score,
    train_test_split,
)

from skshallow import ShallowNNClassifier

UNITS, RATES, ALPHAS = (16, 128), (0.003, 0.05), (0.0003, 0.01)  # least and greatest
GRID = {
    "hidden_units": [16, 32, 64, 128],
    "learning_rate": [0.005, 0.02],
    "alpha": [0.0003, 0.002, 0.01],
}
FOLDS = {"scoring": "neg_log_loss", "cv": 3}


class Pruning:
    """Reports the validation loss of every epoch to a trial, and ends a bad one."""

    def __init__(self, trial, X_val, y_val):
        self.trial, self.X_val, self.y_val = trial, X_val, y_val

    def setup(self, estimator, context):
        """Nothing to prepare."""

    def teardown(self, estimator, context):
        """Nothing to put away."""

    def on_fit_task_begin(self, estimator, context):
        """Nothing to do before an epoch."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        """After an epoch: report, and give up if others were better by then."""
        if context.task_name == "epoch":
            loss = log_loss(self.y_val, fitted_estimator.predict_proba(self.X_val))
            self.trial.report(loss, step=context.task_id)
            if self.trial.should_prune():
                raise optuna.TrialPruned


def suggest(trial):
    """Parameters of a trial."""
    return {
        "hidden_units": trial.suggest_int("hidden_units", *UNITS, log=True),
        "learning_rate": trial.suggest_float("learning_rate", *RATES, log=True),
        "alpha": trial.suggest_float("alpha", *ALPHAS, log=True),
    }


def fit_optuna(network, X, y, seed, n_trials, *, prune):
    """The best of so many trials, by three folds or, with pruning, by one validation set."""

    def objective(trial):
        candidate = clone(network).set_params(**suggest(trial))
        if not prune:
            return -cross_val_score(candidate, X, y, **FOLDS).mean()
        X_train, X_val, y_train, y_val = train_test_split(X, y, stratify=y, random_state=0)
        candidate.set_callbacks(Pruning(trial, X_val, y_val)).fit(X_train, y_train)
        return log_loss(y_val, candidate.predict_proba(X_val))

    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=4),
    )
    study.optimize(objective, n_trials=n_trials)
    return clone(network).set_params(**study.best_params).fit(X, y)


def searches(network, seed, scale):
    """For each search its name, the number of networks, and a function that returns the winner."""
    few, many, epochs = max(2, 8 // scale), max(2, 24 // scale), network.max_iter
    grid = GRID if scale == 1 else {"hidden_units": [16, 32]}
    size = prod(map(len, grid.values()))
    ranges = {
        "hidden_units": randint(UNITS[0], UNITS[1] + 1),
        "learning_rate": loguniform(*RATES),
        "alpha": loguniform(*ALPHAS),
    }
    drawn = {"n_iter": few, "random_state": seed}
    halved = {
        "resource": "max_iter",
        "min_resources": max(1, epochs // 10),
        "max_resources": epochs,
        "random_state": seed,
    }
    yield "none: the defaults", 1, clone(network).fit
    yield "GridSearchCV", size, GridSearchCV(network, grid, **FOLDS).fit
    yield "RandomizedSearchCV", few, RandomizedSearchCV(network, ranges, **drawn, **FOLDS).fit
    yield "HalvingGridSearchCV", size, HalvingGridSearchCV(network, grid, **halved, **FOLDS).fit
    yield "Optuna", few, lambda X, y: fit_optuna(network, X, y, seed, few, prune=False)
    yield "Optuna, pruned", many, lambda X, y: fit_optuna(network, X, y, seed, many, prune=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--tiny", action="store_true", help="one split, few networks and epochs")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    X, y = load_digits(return_X_y=True)
    network = ShallowNNClassifier(max_iter=3 if options.tiny else 30, random_state=0)
    times, losses, sizes = defaultdict(list), defaultdict(list), {}
    for seed in range(1 if options.tiny else options.splits):
        X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=seed)
        for name, size, fit in searches(network, seed, 12 if options.tiny else 1):
            start = time.process_time()
            winner = fit(X_train, y_train)
            times[name].append(time.process_time() - start)
            losses[name].append(log_loss(y_test, winner.predict_proba(X_test)))
            sizes[name] = size
    grid = times["GridSearchCV"]
    print(f"{'search':20} networks   time  log loss   of each split")
    for name, size in sizes.items():
        ratio = median(t / g for t, g in zip(times[name], grid, strict=True))
        each = " ".join(f"{loss:.4f}" for loss in losses[name])
        print(f"{name:20} {size:8} {ratio:6.2f} {mean(losses[name]):9.4f}   {each}")
    print(f"time is processor time as a multiple of GridSearchCV's {median(grid):.1f} s")


if __name__ == "__main__":
    main()
