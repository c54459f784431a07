"""Curves and shapes with known answers: do the defaults find them, without and with noise?

Twelve problems with one to ten inputs, from two spirals to Friedman's functions. Training rows may
have noise: labels turned over, points moved, or numbers added to targets. Test rows have none
(those of moons and circles are like the training rows), so that the score, accuracy or R2, says how
much of the truth was found.

Beside the defaults stand scikit-learn's MLPClassifier or MLPRegressor behind scalers, and the best
of alpha x solver as the test rows show it afterwards: a bound that no rule of choosing reaches.

    python benchmarks/curves.py                                  # some minutes
    python benchmarks/curves.py --rows 100 1000 --activations relu tanh sigmoid silu --seeds 3
    python benchmarks/curves.py --curves spirals board --json FILE
    python benchmarks/curves.py --tiny                           # seconds: does it run?

With ``--json`` every figure is written down at once, and what stands there already is not
measured again, so a long run can be stopped and go on.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.compose import TransformedTargetRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowNNClassifier, ShallowNNRegressor

TEST_ROWS = 2_000
NOISE = ("none", "small", "large")
TURNED = (0.0, 0.05, 0.15)  # share of labels turned over
ADDED = (0.0, 0.1, 0.3)  # deviation of what is added to targets of deviation one
PEERS = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic"}  # MLP's names
ALPHAS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
SOLVERS = ({"solver": "adam"}, {"solver": "lbfgs", "max_iter": 1_000})
KEYS = ("curve", "rows", "noise", "activation", "seed")


def spirals(n, level, rng):
    """Two arms, three half turns each."""
    angle, arm = 3 * np.pi * np.sqrt(rng.uniform(size=n)), np.arange(n) % 2
    points = angle * np.array([np.cos(angle), np.sin(angle)]) * (2 * arm - 1)
    return points.T + rng.normal(0, 0.2, (n, 2)), arm


def board(n, level, rng):
    """Four by four squares, black and white."""
    X = rng.uniform(0, 4, (n, 2))
    return X, np.floor(X).sum(axis=1).astype(int) % 2


def moons(n, level, rng):
    """Two half moons, the points moved."""
    noise = (0.05, 0.2, 0.3)[level]
    return datasets.make_moons(n, noise=noise, random_state=int(rng.integers(2**31)))


def circles(n, level, rng):
    """One circle in another, the points moved."""
    noise, seed = (0.02, 0.1, 0.2)[level], int(rng.integers(2**31))
    return datasets.make_circles(n, noise=noise, factor=0.5, random_state=seed)


def xor(n, level, rng):
    """Signs that are equal or not."""
    X = rng.uniform(-1, 1, (n, 2))
    return X, ((X[:, 0] > 0) ^ (X[:, 1] > 0)).astype(int)


def sine(n, level, rng):
    """A little more than one and a half waves."""
    X = rng.uniform(0, 10, (n, 1))
    return X, np.sin(X[:, 0])


def parabola(n, level, rng):
    """Its lowest point in the middle."""
    X = rng.uniform(0, 1, (n, 1))
    return X, (X[:, 0] - 0.5) ** 2


def step(n, level, rng):
    """Zero, then one."""
    X = rng.uniform(-1, 1, (n, 1))
    return X, (X[:, 0] > 0.2).astype(float)


def product(n, level, rng):
    """sin(2a) b."""
    X = rng.normal(size=(n, 2))
    return X, np.sin(2 * X[:, 0]) * X[:, 1]


def friedman(number):
    """One of Friedman's three functions."""
    make = getattr(datasets, f"make_friedman{number}")
    return lambda n, level, rng: make(n, random_state=int(rng.integers(2**31)))


CLASSES = {f.__name__: f for f in (spirals, board, moons, circles, xor)}
NUMBERS = {f.__name__: f for f in (sine, parabola, step, product)}
NUMBERS |= {f"friedman{i}": friedman(i) for i in (1, 2, 3)}
CURVES = CLASSES | NUMBERS


def data_of(curve, rows, noise, seed):
    """(X, y) to train with, with noise, and (X, y) to test with."""
    rng, level = np.random.default_rng(seed), NOISE.index(noise)
    X, y = CURVES[curve](rows + TEST_ROWS, level, rng)
    training = np.arange(len(y)) < rows
    if curve in NUMBERS:
        y = (y - y.mean()) / y.std()
        y = y + np.where(training, ADDED[level] * rng.normal(size=len(y)), 0)
    elif curve not in ("moons", "circles"):
        y = np.where(training & (rng.random(len(y)) < TURNED[level]), 1 - y, y)
    return (X[:rows], y[:rows]), (X[rows:], y[rows:])


def new_peer(curve, activation, seed):
    """scikit-learn's network, which needs scalers."""
    kind = MLPClassifier if curve in CLASSES else MLPRegressor
    network = kind(activation=PEERS[activation], random_state=seed)
    network = make_pipeline(StandardScaler(), network)
    if curve in CLASSES:
        return network
    return TransformedTargetRegressor(network, transformer=StandardScaler())


def measure(curve, rows, noise, activation, seed):
    """The scores of one problem, and the time with the defaults and with their alpha given."""
    train, test = data_of(curve, rows, noise, seed)
    kind = ShallowNNClassifier if curve in CLASSES else ShallowNNRegressor
    options = {"activation": activation, "random_state": seed}
    start = time.perf_counter()
    ours = kind(**options).fit(*train)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    kind(**options, alpha=ours.alpha_).fit(*train)
    plain = time.perf_counter() - start
    known = [
        kind(**options, **solver, alpha=alpha).fit(*train).score(*test)
        for solver in SOLVERS
        for alpha in ALPHAS
    ]
    mlp = None
    if activation in PEERS:
        mlp = new_peer(curve, activation, seed).fit(*train).score(*test)
    score = ours.score(*test)
    scores = {"ShallowNN": score, "MLP": mlp, "best known after": max(known)}
    return scores | {"alpha": ours.alpha_, "seconds": seconds, "seconds, alpha given": plain}


def run(options, figures, keep):
    """Measure everything that is not in ``figures`` yet; ``keep`` is called after each problem."""
    known = {tuple(figure[key] for key in KEYS) for figure in figures}
    asked = [
        (curve, rows, noise, activation, seed)
        for seed in range(options.seeds)
        for activation in options.activations
        for rows in options.rows
        for curve in options.curves
        for noise in options.noise
    ]
    for key in asked:
        if key not in known:
            figures.append(dict(zip(KEYS, key, strict=True)) | measure(*key))
            keep()


def summarise(figures):
    """Print, for each activation and number of rows, the scores; then what they come to."""
    frame = pd.DataFrame(figures)
    scores = ["ShallowNN", "MLP", "best known after"]
    for (activation, rows), part in frame.groupby(["activation", "rows"], sort=False):
        table = part.pivot_table(index="curve", columns="noise", values=scores, sort=False)
        table = table.reindex(columns=[(s, n) for s in scores for n in NOISE if (s, n) in table])
        print(f"\n{activation}, {rows:,} training rows, {part['seed'].nunique()} seeds")
        print(table.rename_axis(None).to_string(float_format="{:.3f}".format))
    print()
    print(summary(frame).rename_axis([None, None, None]).to_string())


def summary(frame):
    """Means over the curves, and on how many of them the defaults do well."""
    keys = ["curve", "rows", "noise", "activation"]
    means = frame.drop(columns="seed").groupby(keys, sort=False).mean().reset_index()
    ours, mlp, best = means["ShallowNN"], means["MLP"], means["best known after"]
    columns = {
        "ShallowNN": ours.round(3),
        "MLP": mlp.round(3),
        "best known after": best.round(3),
        ".95 or more": ours >= 0.95,
        "within .03 of the best": ours >= best - 0.03,
        "MLP - .02 or more": (ours >= mlp - 0.02) | mlp.isna(),
        "curves": 1,
    }
    means = means[keys].assign(**columns)
    means["noise"] = pd.Categorical(means["noise"], NOISE)
    grouped = means.groupby(["activation", "rows", "noise"], sort=False, observed=True)
    kinds = dict.fromkeys(columns, "sum") | dict.fromkeys(list(columns)[:3], "mean")
    return grouped[list(columns)].agg(kinds).round(3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--curves", nargs="+", choices=list(CURVES), default=list(CURVES))
    parser.add_argument("--rows", type=int, nargs="+", default=[100, 400, 1_000])
    parser.add_argument("--noise", nargs="+", choices=NOISE, default=list(NOISE))
    parser.add_argument("--activations", metavar="NAME", nargs="+", default=["relu"])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--json", metavar="FILE", help="write figures there, go on from there")
    parser.add_argument("--tiny", action="store_true", help="smallest sizes, to see that it runs")
    options = parser.parse_args()
    if options.tiny:
        options.curves, options.rows, options.noise = ["board", "sine"], [40], ["none"]
    warnings.simplefilter("ignore")
    file = Path(options.json) if options.json else None
    figures = json.loads(file.read_text()) if file and file.exists() else []
    run(options, figures, lambda: file and file.write_text(json.dumps(figures, indent=1)))
    summarise(figures)


if __name__ == "__main__":
    main()
