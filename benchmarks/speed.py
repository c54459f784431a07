"""Time and memory beside scikit-learn's MLPClassifier, PyTorch, skorch and R's nnet: same work.

The contestants take turns within one run, so that what else the machine does meets all of them;
quoted are medians over several runs, of times and of ratios within one run. An absolute time says
little on another machine. PyTorch, skorch and R take part where they are installed. With numba
"skshallow" is the compiled engine, and the one of NumPy takes part too, as "NumPy engine"; without
numba there is only the latter, as "skshallow".

    python benchmarks/speed.py                                         # about five minutes
    python benchmarks/speed.py --sections training --dtype float32 float64 --threads all 1
    python benchmarks/speed.py --sections training --activation relu tanh
    python benchmarks/speed.py --json speed.json --picture speed.png
    python benchmarks/speed.py --from speed.json --picture speed.png   # measures nothing
    python benchmarks/speed.py --tiny                                  # seconds: does it run?

Training is measured with every ``--dtype``, ``--threads`` and ``--activation``, the rest with the
first type and number of threads, and with ReLU but for L-BFGS; memory always with both types. What
a first call compiles or loads is not timed. ``--threads 1`` means one BLAS thread and, where the
system can do that, one core: skshallow puts large products on a thread of its own, beside those of
BLAS.
"""

import argparse
import itertools
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import tracemalloc
import warnings
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy.sparse import csr_array
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

import skshallow
from skshallow import ShallowNNClassifier

try:
    import numba
except ImportError:
    numba = None
try:
    import torch
except ImportError:
    torch = None
try:
    from skorch import NeuralNetClassifier
except ImportError:
    NeuralNetClassifier = None

LEARNING_RATE, ALPHA = 0.001, 1e-4
ENGINES = {"skshallow": "numba", "NumPy engine": "numpy"} if numba else {"skshallow": "numpy"}
MODULES = {"relu": "ReLU", "tanh": "Tanh"}  # what torch.nn calls them
SIZES = {
    "training": [  # rows, features, hidden units, classes, batch, epochs
        (1_000, 20, 32, 2, 200, 100),
        (1_000, 20, 32, 2, 32, 30),
        (10_000, 50, 100, 5, 200, 10),
        (20_000, 784, 128, 10, 200, 5),
        (20_000, 784, 512, 10, 256, 3),
    ],
    "lbfgs": (5_000, 30, 30, 200),  # rows, features, hidden units, iterations
    "sparse": (5_500, 8_700, 10, 10),  # rows, columns, words in a row, epochs
    # features, hidden units, classes, rows
    "prediction": [(20, 32, 2, 100_000), (50, 100, 5, 100_000), (784, 128, 10, 20_000)],
    "imports": 5,  # runs at most
    "memory": (100_000, 784),
    "growth": {
        "rows": (2_500, 5_000, 10_000, 20_000, 40_000),
        "hidden units": (64, 128, 256, 512, 1_024),
        "features": (50, 100, 200, 400, 800),
    },
}
TINY_SIZES = {
    "training": [(200, 20, 8, 2, 50, 3), (200, 20, 8, 5, 32, 2)],
    "lbfgs": (200, 30, 5, 5),
    "sparse": (200, 300, 10, 2),
    "prediction": [(20, 8, 2, 500)],
    "imports": 1,
    "memory": (2_000, 50),
    "growth": {"rows": (200, 400, 800), "hidden units": (8, 16), "features": (20, 40)},
}


def seconds(function, *args, calls=1):
    """Wall-clock time of a call, the mean of several."""
    start = time.perf_counter()
    for _ in range(calls):
        function(*args)
    return (time.perf_counter() - start) / calls


def compare(timings, repeats):
    """Medians of seconds and of ratios to the first contestant, in runs where all take turns."""
    runs = [{name: timing() for name, timing in timings.items()} for _ in range(repeats)]
    first = next(iter(timings))
    return {
        "seconds": {name: median(run[name] for run in runs) for name in timings},
        "ratios": {name: median(run[first] / run[name] for run in runs) for name in timings},
        "runs": runs,
    }


def median(numbers):
    return float(np.median(list(numbers)))


def timings_of(fits, X, y, few):
    """For ``compare``: functions that measure each fit, after it was warmed up on a few rows."""
    for fit in fits.values():
        fit(X[:few], y[:few])
    return {name: partial(seconds, fit, X, y) for name, fit in fits.items()}


@contextmanager
def at_most(threads):
    """So many threads of BLAS, OpenMP and torch on as many cores; "all" changes nothing."""
    if threads == "all":
        yield
        return
    threads_of_torch = torch and torch.get_num_threads()
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    with threadpool_limits(threads):
        if torch:
            torch.set_num_threads(threads)
        if cores:
            os.sched_setaffinity(0, sorted(cores)[:threads])
        yield
    if torch:
        torch.set_num_threads(threads_of_torch)
    if cores:
        os.sched_setaffinity(0, cores)


def make_data(rows, features, classes, dtype):
    """A classification problem, C-ordered."""
    X, y = make_classification(rows, features, n_informative=15, n_classes=classes, random_state=0)
    return np.ascontiguousarray(X, dtype=dtype), y.astype(np.int64)


def adam_estimators(hidden_units, batch_size, epochs, activation="relu"):
    """Estimators that take the same steps; the last one also standardises, as by default."""
    same = {"batch_size": batch_size, "max_iter": epochs, "alpha": ALPHA, "random_state": 0}
    same["activation"] = activation
    rate = {"learning_rate_init": LEARNING_RATE, "n_iter_no_change": epochs + 1}
    ours = {"learning_rate": LEARNING_RATE, "schedule": "constant", "early_stopping": False}
    make = partial(ShallowNNClassifier, hidden_units, **ours, **same)
    return {
        "MLPClassifier": MLPClassifier(hidden_units, **rate, **same),
        **{name: make(engine=engine, standardize=False) for name, engine in ENGINES.items()},
        "standardising": make(engine=ENGINES["skshallow"]),
    }


def make_module(features, hidden_units, classes, dtype, activation="relu"):
    """The network in PyTorch; two classes have two outputs, as is usual there."""
    kind = getattr(torch, dtype)
    return torch.nn.Sequential(
        torch.nn.Linear(features, hidden_units, dtype=kind),
        getattr(torch.nn, MODULES[activation])(),
        torch.nn.Linear(hidden_units, classes, dtype=kind),
    )


def fit_torch(shape, activation, X, y):
    """The plain loop, on data that lie in memory as tensors."""
    _, features, hidden_units, classes, batch_size, epochs = shape
    module = make_module(features, hidden_units, classes, X.dtype.name, activation)
    options = {"lr": LEARNING_RATE, "weight_decay": ALPHA, "fused": True}
    adam, loss = torch.optim.Adam(module.parameters(), **options), torch.nn.CrossEntropyLoss()
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(batch_size):
            adam.zero_grad()
            loss(module(X[rows]), y[rows]).backward()
            adam.step()


def make_skorch(shape, activation, dtype):
    """The same network and steps in skorch."""
    _, features, hidden_units, classes, batch_size, epochs = shape
    return NeuralNetClassifier(
        partial(make_module, features, hidden_units, classes, dtype, activation),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        optimizer__fused=True,
        optimizer__weight_decay=ALPHA,
        lr=LEARNING_RATE,
        batch_size=batch_size,
        max_epochs=epochs,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )


def multiply(shape, X, y):
    """The floor: the matrix products of these steps, called as in skshallow/core/network.py.

    On all threads it can lie above skshallow, which keeps BLAS's threads from small products. The
    compiled engine makes those with W2 of few outputs in loops of its own.
    """
    _, features, hidden_units, classes, batch_size, epochs = shape
    outputs = 1 if classes == 2 else classes
    steps = -(-len(X) // batch_size)
    m = len(X) // steps
    A0 = X[:m].T  # one batch stands for all: fetching others is not multiplying
    W1, dW1 = np.ones((2, hidden_units, features), X.dtype)
    W2, dW2 = np.ones((2, outputs, hidden_units), X.dtype)
    Z1, A1, dZ1 = np.ones((3, hidden_units, m), X.dtype)
    Z2, dZ2 = np.ones((2, outputs, m), X.dtype)
    for _ in range(epochs * steps):
        np.matmul(W1, A0, out=Z1)
        np.matmul(W2, A1, out=Z2)
        np.matmul(dZ2, A1.T, out=dW2)
        np.dot(W2.T, dZ2, out=dZ1)
        np.matmul(dZ1, A0.T, out=dW1)


def training(shapes, dtype, options):
    """Fits of the same number of steps of Adam."""
    for activation, shape in itertools.product(options.activation, shapes):
        rows, features, hidden_units, classes, batch, epochs = shape
        X, y = make_data(rows, features, classes, dtype)
        estimators = adam_estimators(hidden_units, batch, epochs, activation)
        fits = {name: e.fit for name, e in estimators.items()}
        if torch:
            fits["torch"] = partial(fit_torch, shape, activation)
        if NeuralNetClassifier:
            fits["skorch"] = make_skorch(shape, activation, dtype).fit
        fits["products"] = partial(multiply, shape)
        figure = compare(timings_of(fits, X, y, 2 * batch), options.repeats)
        share = median(run["products"] / run["skshallow"] for run in figure["runs"])
        work = f"{rows:,} x {features}, {hidden_units} hidden, batch {batch}"
        work += "" if activation == "relu" else f", {activation}"
        what = {"work": work, "shape": shape, "activation": activation}
        yield {**what, **figure, "share": share}


def nnet_seconds(file, *numbers):
    """What nnet.R prints; reading the data is not in it."""
    command = ["Rscript", str(Path(__file__).with_name("nnet.R")), str(file), *map(str, numbers)]
    return float(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def has_nnet():
    """Whether there is R with its package nnet."""
    command = ["Rscript", "-e", "library(nnet)"]
    return bool(shutil.which(command[0])) and not subprocess.call(command)


def lbfgs(sizes, dtype, options):
    """Iterations over all rows on the same J, but nnet takes BFGS and always float64."""
    rows, features, units, iterations = sizes
    X, y = make_data(rows, features, 2, dtype)
    same = {"solver": "lbfgs", "max_iter": iterations, "tol": 0, "random_state": 0}
    ours = {"activation": "sigmoid", "alpha": ALPHA, "standardize": False}
    make = partial(ShallowNNClassifier, units, **ours, **same)
    estimators = {  # MLPClassifier divides alpha by the number of rows
        "MLPClassifier": MLPClassifier(units, activation="logistic", alpha=ALPHA * rows, **same),
        **{name: make(engine=engine) for name, engine in ENGINES.items()},
    }
    timings = timings_of({name: e.fit for name, e in estimators.items()}, X, y, 100)
    with tempfile.TemporaryDirectory() as folder:
        if has_nnet():  # it minimises sum of losses + decay |all weights, also the biases|^2
            file = Path(folder, "data.csv")
            np.savetxt(file, np.column_stack([X, y]), delimiter=",")
            timings["R nnet"] = partial(nnet_seconds, file, units, iterations, ALPHA * rows / 2)
        figure = compare(timings, options.repeats)
    taken = {name: getattr(estimators.get(name), "n_iter_", iterations) for name in timings}
    each = {name: figure["ratios"][name] * n / taken["MLPClassifier"] for name, n in taken.items()}
    work = f"L-BFGS, {rows:,} x {features}, {units} hidden"
    yield {"work": work, **figure, "iterations": taken, "ratios_per_iteration": each}


def make_text(rows, columns, words):
    """TF-IDF of rows of random words, whose frequencies fall as Zipf has it, in six classes."""
    rng = np.random.default_rng(0)
    chances = 1 / np.arange(1, columns + 1)
    drawn = rng.choice(columns, rows * words, p=chances / chances.sum())
    places = np.repeat(np.arange(rows), words), drawn
    counts = csr_array((np.ones(rows * words), places), (rows, columns))
    return TfidfTransformer().fit_transform(counts), rng.integers(6, size=rows)


def sparse(sizes, dtype, options):
    """Fits on CSR."""
    *shape, epochs = sizes
    if options.data:
        import pandas as pd

        table = pd.read_parquet(Path(options.data, "trec6.parquet"))
        X, y = TfidfVectorizer().fit_transform(table["text"]), table["target"].to_numpy()
    else:
        X, y = make_text(*shape)
    X = X.astype(dtype)
    fits = {name: e.fit for name, e in adam_estimators(100, 200, epochs).items()}
    figure = compare(timings_of(fits, X, y, 400), options.repeats)
    work = f"{'TREC-6' if options.data else 'random text'}, {X.shape[0]:,} x {X.shape[1]:,}"
    yield {"work": work, "nonzeros": X.nnz, **figure}


def torch_probabilities(module, X):
    with torch.no_grad():
        return torch.softmax(module(torch.from_numpy(X)), dim=1).numpy()


def prediction(sizes, dtype, options):
    """predict_proba of one row, again and again, and of many."""
    for features, hidden_units, classes, many in sizes:
        X, y = make_data(1_000, features, classes, dtype)
        contestants = adam_estimators(hidden_units, 200, 1)
        names = "MLPClassifier", "skshallow"  # with the others the same code predicts
        predict = {name: contestants[name].fit(X, y).predict_proba for name in names}
        if torch:
            module = make_module(features, hidden_units, classes, dtype)
            predict["torch"] = partial(torch_probabilities, module)
        for rows, calls in ((1, 300), (many, 1)):
            X = np.random.default_rng(0).standard_normal((rows, features), dtype)
            timings = {n: partial(seconds, call, X, calls=calls) for n, call in predict.items()}
            compare(timings, 1)  # warm up
            work = f"{rows:,} x {features}, {hidden_units} hidden"
            yield {"work": work, **compare(timings, options.repeats)}


def imports(most_runs, dtype, options):
    """Starting Python with one import, in a process of its own."""
    modules = ["sklearn.neural_network", "skshallow", *(["torch"] if torch else [])]
    commands = {name: [sys.executable, "-c", f"import {name}"] for name in modules}
    timings = {name: partial(seconds, subprocess.check_call, c) for name, c in commands.items()}
    if most_runs > 1:
        compare(timings, 1)  # warm up: the files are in the cache then
    figure = compare(timings, min(most_runs, options.repeats))
    yield {"work": "python -c 'import ...'", "dtype": "any type", **figure}


def extra_memory(X, y, early_stopping):
    """Most bytes that one epoch of fit holds beyond X, as a share of X's."""
    classifier = ShallowNNClassifier(max_iter=1, early_stopping=early_stopping, random_state=0)
    classifier.fit(X[:200], y[:200])  # what the first call loads is not counted
    tracemalloc.start()
    classifier.fit(X, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / X.nbytes


def memory(sizes, dtype, options):
    """Memory of fit, for both types and both orders of X."""
    rows, features = sizes
    y = np.arange(rows) % 10
    for kind, order in itertools.product(("float32", "float64"), "CF"):
        shape = (rows, features) if order == "C" else (features, rows)
        X = np.random.default_rng(0).standard_normal(shape, kind)
        X = X if order == "C" else X.T
        shares = {f"early_stopping={on}": extra_memory(X, y, on) for on in (False, True)}
        work = f"{rows:,} x {features}, {order} order"
        yield {"work": work, "dtype": kind, "share_of_X": shares}


def growth(ranges, dtype, options):
    """The exponent k of time ~ size^k: the slope of log time against log size.

    Timed are fits of ten epochs: the look at X before them is small beside that, and a difference
    of two fits would be noisier than what it corrects.
    """
    for quantity, sizes in ranges.items():
        timings = {}
        for size in sizes:
            case = {"rows": 10_000, "features": 50, "hidden units": 100} | {quantity: size}
            X, y = make_data(case["rows"], case["features"], 5, dtype)
            classifier = adam_estimators(case["hidden units"], 200, 10)["skshallow"]
            timings |= timings_of({size: classifier.fit}, X, y, 400)
        medians = compare(timings, options.repeats)["seconds"]
        slope, _ = np.polyfit(np.log(sizes), np.log(list(medians.values())), 1)
        work = f"{quantity}, {sizes[0]:,} to {sizes[-1]:,}"
        yield {"work": work, "seconds": medians, "exponent": float(slope)}


SECTIONS = {  # what measures, and what stands above its table
    "training": (training, "Adam, rows x features; share: of the bare products in skshallow"),
    "lbfgs": (lbfgs, "L-BFGS, sigmoid units"),
    "sparse": (sparse, "Adam on sparse text, 100 hidden units"),
    "prediction": (prediction, "predict_proba, rows x features"),
    "imports": (imports, "import"),
    "memory": (memory, "peak of fit beyond X, as a share of X"),
    "growth": (growth, "time of fit ~ size^exponent"),
}


def cells(figure):
    """A line of a table: column -> text. The time of the first contestant, then ratios to it."""
    line = {"": figure["work"]}
    if "ratios" in figure:
        first, *others = figure["ratios"]
        line[first] = f"{1e3 * figure['seconds'][first]:,.2f} ms"
        line |= {name: f"{figure['ratios'][name]:.2f}x" for name in others}
    if "share" in figure:
        line["share"] = f"{figure['share']:.0%}"
    if "iterations" in figure:
        line["iterations"] = " ".join(str(n) for n in figure["iterations"].values())
        ratios = list(figure["ratios_per_iteration"].values())
        line["per iteration"] = " ".join(f"{ratio:.2f}x" for ratio in ratios[1:])
    if "share_of_X" in figure:
        line |= {name: f"{share:.1%}" for name, share in figure["share_of_X"].items()}
    if "exponent" in figure:
        line["ms"] = " ".join(f"{1e3 * s:,.0f}" for s in figure["seconds"].values())
        line["exponent"] = f"{figure['exponent']:.2f}"
    return line


def show(figures):
    """A table for each section, type and number of threads."""
    keys = ("section", "dtype", "threads")
    for key, part in itertools.groupby(figures, lambda figure: [figure[k] for k in keys]):
        lines = [cells(figure) for figure in part]
        lines.insert(0, {name: name for name in lines[0]})
        widths = {name: max(len(line[name]) for line in lines) for name in lines[0]}
        section, dtype, threads = key
        print(f"\n{SECTIONS[section][1]} ({dtype}, threads: {threads})")
        for line in lines:
            numbers = [line[name].rjust(width) for name, width in widths.items() if name]
            print(line[""].ljust(widths[""]), *numbers, sep="  ", flush=True)


BARS = {  # from above in a group; colours of Okabe and Ito, told apart by the colour-blind
    "skshallow": "#0072B2",
    "NumPy engine": "#56B4E9",
    "torch": "#E69F00",
    "skorch": "#009E73",
    "R nnet": "#CC79A7",
}


def places(figures, name):
    """{place: ratio} of the bars of a name: each group holds those that took part in it."""
    bars = {}
    for i, figure in enumerate(figures):
        present = [bar for bar in BARS if bar in figure["ratios"]]
        if name in present:
            bars[i + 0.2 * present.index(name) - 0.1 * (len(present) - 1)] = figure["ratios"][name]
    return bars


LOOKS = {  # end of the file's name: letters and lines, page
    "": ("black", "white"),
    "-dark": ("#e3e6ea", "#14181e"),
}


def draw(figures, file):
    """Bars of how many times as fast as MLPClassifier each is, for light pages and for dark ones.

    Of several types, numbers of threads and activations the first is drawn.
    """
    import matplotlib.pyplot as plt

    figures = [figure for figure in figures if figure["section"] in ("training", "lbfgs")]
    if not figures:
        sys.exit("no figures of training or L-BFGS to draw")
    dtype, threads = figures[0]["dtype"], figures[0]["threads"]
    figures = [f for f in figures if (f["dtype"], f["threads"]) == (dtype, threads)]
    activation = figures[0].get("activation")
    figures = [f for f in figures if f.get("activation", activation) == activation]
    colors = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
    for end, (ink, page) in LOOKS.items():
        path = Path(file)
        with plt.rc_context(dict.fromkeys(colors, ink)):
            draw_bars(figures, ink, page, f"{dtype}, threads: {threads}")
            plt.savefig(path.with_stem(f"{path.stem}{end}"), dpi=150, facecolor=page)
            plt.close()


def draw_bars(figures, ink, page, kind):
    """A group of bars for each work."""
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(figsize=(8, 5.5), layout="constrained")
    ax.set_facecolor(page)
    for name, color in BARS.items():
        bars = places(figures, name)
        if bars:
            label = {"torch": "PyTorch"}.get(name, name)
            drawn = ax.barh(list(bars), list(bars.values()), 0.18, color=color, label=label)
            texts = ax.bar_label(drawn, fmt="%.2g", padding=3, fontsize=7)
            plt.setp(texts, bbox={"color": page, "pad": 0.5})  # the line does not cross them
    ax.axvline(1, color=ink, linewidth=1)
    labels = [figure["work"].replace(", ", "\n", 1) for figure in figures]
    ax.set_yticks(np.arange(len(labels)), labels, fontsize=8)
    ax.invert_yaxis()
    ax.set_xlabel(f"times as fast as MLPClassifier ({kind})")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, ncols=len(BARS), loc="lower center", bbox_to_anchor=(0.5, 1))


def machine():
    """What the figures belong to."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.split(": ")[1] for line in lines if line.startswith("model name")]
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "cpu": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": f"{blas['name']} {blas['version']}",
        "scipy": scipy.__version__,  # whose BLAS the compiled engine calls
        "scikit-learn": sklearn.__version__,
        "numba": numba.__version__ if numba else None,
        "torch": torch.__version__ if torch else None,
        "skshallow": skshallow.__version__,
    }


def measure(section, options):
    """The figures of a section, each with what it was measured with."""
    settings = list(itertools.product(options.threads, options.dtype))
    sizes = (TINY_SIZES if options.tiny else SIZES)[section]
    for threads, dtype in settings if section == "training" else settings[:1]:
        with at_most(threads):
            for figure in SECTIONS[section][0](sizes, dtype, options):
                yield {"section": section, "dtype": dtype, "threads": threads, **figure}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--sections", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    add("--dtype", nargs="+", choices=["float32", "float64"], default=["float32"])
    add("--activation", nargs="+", choices=MODULES, default=["relu"], help="of training")
    number = {"type": lambda s: s if s == "all" else int(s), "nargs": "+", "default": ["all"]}
    add("--threads", metavar="N", help='numbers or "all" (default)', **number)
    add("--repeats", type=int, default=5, help="runs (default 5)")
    add("--data", metavar="DIR", help="folder with trec6.parquet, for sparse text")
    add("--tiny", action="store_true", help="smallest sizes, two runs: does it work?")
    add("--json", metavar="FILE", help="write the figures there")
    add("--picture", metavar="FILE", help="draw the ratios of training and L-BFGS")
    add("--from", metavar="FILE", dest="source", help="take figures of --json, measure nothing")
    return parser.parse_args()


def main():
    options = parse()
    warnings.simplefilter("ignore", ConvergenceWarning)
    if options.tiny:
        options.repeats = 2
    if options.source:
        report = json.loads(Path(options.source).read_text())
        show(report["figures"])
    else:
        report = {"machine": machine(), "repeats": options.repeats, "figures": []}
        for section in options.sections:
            figures = list(measure(section, options))
            show(figures)
            report["figures"] += figures
            if options.json:  # after each section: a long run may be stopped
                Path(options.json).write_text(json.dumps(report, indent=1))
    if options.picture:
        draw(report["figures"], options.picture)


if __name__ == "__main__":
    main()
