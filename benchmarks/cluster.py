"""Training on a Dask cluster: what a second worker brings, what an iteration costs, and Spark.

``workers``: seconds per iteration of L-BFGS with one and with two workers, which take turns.
``blocks``: the same against the number of blocks each worker holds. ``scheduling``: what one
iteration costs beyond computing, against the number of threads, each of which adds up its own
blocks, here a few rows. ``model``: from these the cost of an iteration on W workers of one thread,

    t(W) = compute / W + a + b W + (W + depth(W)) theta bytes / network

with the depth of a tree that merges eight results at a time, and what it predicts for 10, 100 and
1,000 workers. ``spark``: pyspark's MultilayerPerceptronClassifier, local[2], on the same rows,
layers and iterations, if pyspark and a Java runtime are there.

    python benchmarks/cluster.py                       # about a quarter of an hour
    python benchmarks/cluster.py --sections blocks
    python benchmarks/cluster.py --tiny                # seconds: does it run?
"""

import argparse
import math
import shutil
import time
import warnings
from statistics import median

import dask
import dask.array as da
import numpy as np
import pandas as pd
from dask.distributed import Client, LocalCluster, wait
from scipy import optimize

from skshallow.extras.dask import DaskShallowNNClassifier
from skshallow.extras.dask.cluster import FAN_IN

try:
    from pyspark.sql import SparkSession
except ImportError:
    SparkSession = None

SECTIONS = ("workers", "blocks", "scheduling", "model", "spark")
SIZES = {
    "rows": 2_000_000,
    "features": 50,
    "hidden_units": 128,
    "iterations": 10,
    "rounds": 5,
    "block": 50_000,
    "blocks": (1, 4, 16, 64, 256),
    "rows_of_blocks": 200_000,
    "threads": (1, 2, 4, 8, 16, 32, 64),
    "spark": (100_000, 32),  # rows, hidden units
}
TINY_SIZES = SIZES | {
    "rows": 4_000,
    "features": 5,
    "hidden_units": 4,
    "iterations": 3,
    "rounds": 1,
    "block": 1_000,
    "blocks": (1, 4),
    "rows_of_blocks": 2_000,
    "threads": (1, 2),
    "spark": (2_000, 4),
}
NETWORK = 1.25e9  # bytes a second between machines: 10 Gbit/s
PREDICTED = (2, 10, 100, 1_000)
QUIET = {"dashboard_address": ":0", "silence_logs": "ERROR"}
LEAN = {  # what Dask does beside the tasks, on a machine that has no core to spare for it
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
}


class Clock:
    """Notes when each iteration ended."""

    def setup(self, estimator, context):
        """Begin anew."""
        self.ends = []

    def teardown(self, estimator, context):
        """Nothing to put away."""

    def on_fit_task_begin(self, estimator, context):
        """Nothing to do before an iteration."""

    def on_fit_task_end(self, estimator, context):
        """After an iteration."""
        if context.task_name == "epoch":
            self.ends.append(time.perf_counter())

    def seconds(self):
        """Of an iteration; the first one compiles and loads."""
        return median(np.diff(self.ends))


def make_data(rows, features, block, dtype=np.float32):
    """Rows made on the workers, and held there: y is a curved function of three features."""
    rng = da.random.default_rng(0)
    X = rng.standard_normal((rows, features), chunks=(block, features), dtype=dtype)
    y = (X[:, 0] * X[:, 1] + X[:, 2] > 0).astype(int)
    X, y = X.persist(), y.persist()
    wait([X, y])
    return X, y


def network(sizes, **parameters):
    """With a given penalty: its search is the same on one machine."""
    given = {"alpha": 1e-4, "random_state": 0, "solver": "gd", "learning_rate": 0.1}
    given |= {"max_iter": sizes["iterations"], "hidden_units": sizes["hidden_units"]}
    return DaskShallowNNClassifier(**given | parameters)


def seconds_per_iteration(sizes, X, y):
    """Of gradient descent, whose iterations are one sum each; L-BFGS takes one or two."""
    clock = Clock()
    network(sizes).set_callbacks(clock).fit(X, y)
    return clock.seconds()


def on_workers(n_workers, sizes, rows, block, **options):
    """Seconds per iteration on a cluster of so many workers."""
    options = QUIET | {"threads_per_worker": 1} | options
    with LocalCluster(n_workers=n_workers, **options) as cluster, Client(cluster):
        X, y = make_data(rows, sizes["features"], block)
        return seconds_per_iteration(sizes, X, y)


def workers(sizes):
    """What a second worker brings."""
    rows = sizes["rows"]
    runs = [
        [on_workers(n, sizes, rows, sizes["block"]) for n in (1, 2)] for _ in range(sizes["rounds"])
    ]
    ratios = [one / two for one, two in runs]
    one, two = (median(times) for times in zip(*runs, strict=True))
    print(f"{rows:,} x {sizes['features']}, {sizes['hidden_units']} hidden units, float32")
    print(f"one worker {one:.3f} s per iteration, two {two:.3f} s: {median(ratios):.2f} times")
    print(f"ratios {min(ratios):.2f} to {max(ratios):.2f}\n")
    return one


def blocks(sizes):
    """Time of an iteration against the number of blocks of each worker."""
    rows, found = sizes["rows_of_blocks"], {}
    with LocalCluster(n_workers=2, threads_per_worker=1, **QUIET) as cluster, Client(cluster):
        held = {n: make_data(rows, sizes["features"], -(-rows // (2 * n))) for n in sizes["blocks"]}
        for _ in range(sizes["rounds"]):
            for n, data in held.items():
                found.setdefault(n, []).append(seconds_per_iteration(sizes, *data))
    print(f"{rows:,} rows on two workers; ms per iteration")
    base = median(found[sizes["blocks"][0]])
    for n, times in found.items():
        print(f"{n:4d} blocks per worker {1e3 * median(times):7.1f}  {median(times) / base:.2f}")
    print()


def scheduling(sizes):
    """What an iteration costs beyond computing, by the number of threads: {threads: seconds}."""
    found = {}
    for threads in sizes["threads"]:
        n = 2 * threads
        small = sizes | {"iterations": 3 * sizes["iterations"], "hidden_units": 4}
        found[n] = on_workers(2, small, 64 * n, 64, threads_per_worker=threads)
        print(f"{n:4d} threads {1e3 * found[n]:7.1f} ms per iteration")
    print()
    return found


def model(sizes, compute, overhead):
    """Prints a + b W, neither of which noise may make negative, and what it predicts."""
    numbers, times = np.array(list(overhead)), np.array(list(overhead.values()))
    (a, b), _ = optimize.nnls(np.stack([np.ones(len(times)), numbers], axis=1), times)
    theta = 4 * sizes["hidden_units"] * (sizes["features"] + 2)
    print(f"a = {1e3 * a:.2f} ms, b = {1e3 * b:.3f} ms per worker, theta {theta / 1e3:.1f} kB")

    def seconds(n):
        depth = max(math.ceil(math.log(n, FAN_IN)), 1)
        return compute / n + a + b * n + (n + depth) * theta / NETWORK

    one = seconds(1)
    for n in PREDICTED:
        print(
            f"{n:5d} workers {seconds(n):8.4f} s per iteration, {one / seconds(n):6.1f} times one"
        )
    best = math.sqrt(compute / (b + theta / NETWORK))
    print(
        f"more than {best:.0f} workers do not pay for these rows: {one / seconds(best):.0f} times\n"
    )


def spark(sizes):
    """Seconds per iteration and log loss of both, from other initial weights in every round."""
    if SparkSession is None or shutil.which("java") is None:
        print("pyspark or Java is not there: no comparison with Spark\n")
        return
    rows, hidden_units = sizes["spark"]
    rng, features = np.random.default_rng(0), sizes["features"]
    sizes = sizes | {"hidden_units": hidden_units}
    X = rng.standard_normal((rows, features))
    y = (X[:, 0] * X[:, 1] + X[:, 2] > 0).astype(int)
    session, data = spark_data(X, y)
    ratios, losses = [], []
    for seed in range(sizes["rounds"]):
        theirs, loss_of_spark = time_spark(sizes, data, features, seed)
        with LocalCluster(n_workers=2, threads_per_worker=1, **QUIET) as cluster, Client(cluster):
            chunks = -(-rows // 2)
            held = [da.from_array(a, chunks=(chunks, *a.shape[1:])).persist() for a in (X, y)]
            wait(held)
            network(sizes, max_iter=2).fit(*held)  # compiles and loads
            ours, loss = time_lbfgs(sizes, *held, seed)
        ratios.append(theirs / ours)
        losses.append((loss, loss_of_spark))
        print(f"ms per iteration: Spark {1e3 * theirs:.1f}, skshallow {1e3 * ours:.1f}")
        print(f"log loss: Spark {loss_of_spark:.4f}, skshallow {loss:.4f}")
    ours, theirs = (median(column) for column in zip(*losses, strict=True))
    print(f"{median(ratios):.1f} times as fast; median log loss {ours:.4f}, Spark's {theirs:.4f}")
    session.stop()


def lengths(sizes):
    """Iterations of a short and of a long fit: what is beyond them cancels in the difference."""
    return 2, 2 + 3 * sizes["iterations"]


def time_lbfgs(sizes, X, y, seed):
    """Seconds per iteration, and the log loss of the longer fit."""
    times, taken = [], []
    shared = {"solver": "lbfgs", "activation": "sigmoid", "init": "xavier", "alpha": 0, "tol": 0}
    for iterations in lengths(sizes):
        how = shared | {"max_iter": iterations, "learning_rate": 0.02, "random_state": seed}
        start = time.perf_counter()
        trained = network(sizes, **how).fit(X, y)
        times.append(time.perf_counter() - start)
        taken.append(trained.n_iter_)
    return (times[1] - times[0]) / (taken[1] - taken[0]), trained.loss_curve_[-1]


def spark_data(X, y):
    """A session on two threads, and the rows in its memory."""
    from pyspark.ml.feature import VectorAssembler

    options = {
        "spark.ui.enabled": "false",
        "spark.driver.memory": "6g",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in options.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    names = [f"x{j}" for j in range(X.shape[1])]
    frame = session.createDataFrame(pd.DataFrame(X, columns=names).assign(label=y.astype(float)))
    vectors = VectorAssembler(inputCols=names, outputCol="features").transform(frame)
    data = vectors.select("features", "label").repartition(2).persist()
    data.count()
    return session, data


def time_spark(sizes, data, features, seed):
    """Seconds per iteration, and the log loss of the longer fit."""
    from pyspark.ml.classification import MultilayerPerceptronClassifier

    times, taken = [], []
    for iterations in lengths(sizes):
        how = {"layers": [features, sizes["hidden_units"], 2], "tol": 1e-12, "seed": seed}
        trainer = MultilayerPerceptronClassifier(maxIter=iterations, **how)
        start = time.perf_counter()
        summary = trainer.fit(data).summary()
        times.append(time.perf_counter() - start)
        taken.append(summary.totalIterations)
    return (times[1] - times[0]) / (taken[1] - taken[0]), summary.objectiveHistory[-1]


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sections", nargs="+", choices=SECTIONS, default=SECTIONS)
    parser.add_argument("--tiny", action="store_true", help="seconds: does it run?")
    options = parser.parse_args()
    sizes = TINY_SIZES if options.tiny else SIZES
    warnings.simplefilter("ignore")
    dask.config.set(LEAN)
    compute, overhead = None, None
    if {"workers", "model"} & {*options.sections}:
        compute = workers(sizes)
    if "blocks" in options.sections:
        blocks(sizes)
    if {"scheduling", "model"} & {*options.sections}:
        overhead = scheduling(sizes)
    if "model" in options.sections:
        model(sizes, compute, overhead)
    if "spark" in options.sections:
        spark(sizes)


if __name__ == "__main__":
    main()
