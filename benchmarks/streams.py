"""What data that do not fit in memory cost: the peak of memory, and the accuracy of a stream.

Memory: so many rows and four times as many, each in a process of its own. "peak" is the most that
the process had in memory, as the system says (``ru_maxrss``): with Python, what it imported and the
first small network. Pages of a mapped file count there while they lie in memory, although the
system drops them if it needs the room. So a thread looks a hundred times a second at the pages that
belong to no file, less those after the first small network: "own". Where the system does not tell
them apart, that column is empty.

Accuracy: the training set in chunks, in an order drawn once, over and over, as often as ``fit``
passes over it. "known end": ``max_iter`` is the number of calls, so that the learning rate comes
down as in ``fit``; "defaults" do not know it. Test samples are held out; columns are raw.

    python benchmarks/streams.py                   # digits and breast cancer
    python benchmarks/streams.py --data DIR        # NAME.parquet (column target) in a folder
    python benchmarks/streams.py --data DIR --sets letter --sizes all --chunks 1000 --splits 1
    python benchmarks/streams.py --tiny            # seconds: does it run?
"""

import json
import resource
import subprocess
import sys
import tempfile
import threading
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from accuracy import command_line, parse, prepare, tables

from skshallow import ShallowNNClassifier

FEATURES, CHUNK = 100, 10_000
SOURCES = ("Parquet", "generator", "mapped array, in slices", "mapped array, fit")
SETS = {True: ["adult", "letter", "covertype20k"], False: ["digits", "breast_cancer"]}
LOOKS = 100  # a second
RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes, of ru_maxrss


def drawn(start, chunk):
    """Some rows of an endless data set, float32, and their labels."""
    X = np.random.default_rng(start).standard_normal((chunk, FEATURES), np.float32)
    return X, (X[:, 0] * X[:, 1] > 0).astype(np.int8)


def write(folder, n, chunk):
    """The first n rows as a Parquet file, and X and y as arrays, a chunk at a time."""
    X = np.lib.format.open_memmap(folder / "X.npy", "w+", np.float32, (n, FEATURES))
    y = np.lib.format.open_memmap(folder / "y.npy", "w+", np.int8, (n,))
    names = [f"x{j}" for j in range(FEATURES)]
    schema = pa.schema([*((name, pa.float32()) for name in names), ("target", pa.int8())])
    with pq.ParquetWriter(folder / "rows.parquet", schema, compression="none") as file:
        for start in range(0, n, chunk):
            rows = slice(start, start + chunk)
            X[rows], y[rows] = drawn(start, chunk)
            file.write_table(pa.table([*X[rows].T, y[rows]], schema=schema))
    X.flush()
    y.flush()


def chunks(source, folder, n, chunk):
    """(X, y) of every chunk."""
    if source == "Parquet":
        for batch in pq.ParquetFile(folder / "rows.parquet", pre_buffer=False).iter_batches(chunk):
            frame = batch.to_pandas()
            y = frame.pop("target")
            yield frame.to_numpy(), y.to_numpy()
    elif source == "generator":
        yield from (drawn(start, chunk) for start in range(0, n, chunk))
    else:
        X, y = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in "Xy")
        yield from (
            (X[start : start + chunk], y[start : start + chunk]) for start in range(0, n, chunk)
        )


def own_pages():
    """Bytes of this process that no file holds, or None where the system does not say."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    found = [line.split()[1] for line in lines if line.startswith("RssAnon")]
    return int(found[0]) * 1024 if found else None


class OwnPeak(threading.Thread):
    """The most that ``own_pages`` says between ``start`` and ``stop``."""

    def __init__(self):
        super().__init__(daemon=True)
        self.peak, self.done = own_pages(), threading.Event()

    def run(self):
        while self.peak is not None and not self.done.wait(1 / LOOKS):
            self.peak = max(self.peak, own_pages())

    def stop(self):
        """The peak."""
        self.done.set()
        self.join()
        return self.peak


def total_peak():
    """The most that this process has had in memory so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT


def train(source, folder, n, chunk):
    """What is measured: one pass over the data."""
    network = ShallowNNClassifier(32, random_state=0)
    if source.endswith("fit"):
        X, y = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in "Xy")
        network.set_params(max_iter=1).fit(X, y)
        return
    for X, y in chunks(source, folder, n, chunk):
        network.partial_fit(X, y, classes=[0, 1])


def measure_memory(source, folder, n, chunk):
    """{column: bytes} of this process."""
    X, y = drawn(0, 200)
    ShallowNNClassifier(32, max_iter=1).fit(X, y)
    pd.DataFrame(X[:2]).to_numpy()
    before, watched = own_pages(), OwnPeak()
    watched.start()
    train(source, folder, n, chunk)
    own = watched.stop()
    return {"peak": total_peak(), "own": None if own is None else own - before}


def in_a_new_process(source, folder, n, chunk):
    """The same of a process of its own."""
    arguments = json.dumps([source, str(folder), n, chunk])
    command = [sys.executable, __file__, "--measure", arguments]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def memory(n, chunk, sources=SOURCES):
    """Print the peaks with n rows and with four times as many."""
    figures = []
    for rows in (n, 4 * n):
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), rows, chunk)
            for source in sources:
                found = in_a_new_process(source, folder, rows, chunk)
                figures.append({"source": source, "rows": rows, "X": rows * FEATURES * 4} | found)
    frame = pd.DataFrame(figures).set_index(["source", "rows"]).unstack("rows") / 1e6
    print(f"\nMB of {FEATURES} features in float32, chunks of {chunk:,} rows, one pass")
    frame = frame.loc[list(sources)].rename(columns={"X": "X itself"}).rename_axis(index=None)
    print(frame.to_string(float_format="{:.0f}".format, na_rep=""))


def stream(data, size, passes, seed, *, known_end):
    """Accuracy after so many passes over chunks of at most so many rows."""
    n, classes = len(data.y_train), np.unique(data.y_train)
    network = ShallowNNClassifier(random_state=seed)
    order = np.random.default_rng(seed).permutation(n)
    parts = np.array_split(order, -(-n // size))
    if known_end:
        network.set_params(max_iter=passes * len(parts))
    for rows in parts * passes:
        network.partial_fit(data.X_train[rows], data.y_train[rows], classes=classes)
    return network.score(data.X_test, data.y_test)


def accuracies(options):
    """Print the accuracy of ``fit``, and by how many points streams differ from it."""
    figures = []
    for name, load in tables(options).items():
        for size in options.sizes:
            for seed in range(options.splits):
                data = prepare(*load(), size, seed, raw=True)
                network = ShallowNNClassifier(max_iter=options.epochs or "auto", random_state=seed)
                network.fit(data.X_train, data.y_train)
                accuracy, passes = network.score(data.X_test, data.y_test), network.n_iter_
                row = {"data set": name, "rows": len(data.y_train), "passes": passes}
                row["fit, %"] = 100 * accuracy
                for chunk in options.chunks:
                    for call in ("known end", "defaults"):
                        how = {"known_end": call == "known end"}
                        found = stream(data, chunk, passes, seed, **how)
                        row[f"{call}, {chunk:,}"] = 100 * (found - accuracy)
                figures.append(row)
    table = pd.DataFrame(figures).groupby(["data set", "rows"], sort=False).mean()
    print(f"\nAccuracy of fit; chunks less fit, points, {options.splits} splits")
    print(table.reset_index().to_string(float_format="{:.2f}".format, index=False))


def main():
    if sys.argv[1:2] == ["--measure"]:
        source, folder, n, chunk = json.loads(sys.argv[2])
        print(json.dumps(measure_memory(source, Path(folder), n, chunk)))
        return
    parser = command_line(__doc__)
    parser.add_argument("--rows", type=int, default=250_000, help="of the smaller measurement")
    parser.add_argument("--chunks", type=int, nargs="+", default=[1_000, 50])
    parser.add_argument("--epochs", type=int, help="of fit; else its default")
    parser.add_argument("--only", choices=["memory", "accuracy"], help="only this table")
    options = parse(parser)
    warnings.simplefilter("ignore")
    chunk, sources = CHUNK, SOURCES
    if options.tiny:
        options.rows, options.chunks, options.epochs, chunk = 2_000, [50], 3, 1_000
        sources = SOURCES[:1]
    options.sets = options.sets or SETS[options.data is not None]
    if options.only != "accuracy":
        memory(options.rows, chunk, sources)
    if options.only != "memory":
        accuracies(options)


if __name__ == "__main__":
    main()
