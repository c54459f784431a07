"""
A Parquet file that is larger than the memory
=============================================

The process limits its own memory, so that the file cannot be loaded. ``partial_fit`` reads it in
record batches, and the network is scored on held-out samples as it goes.
"""

# sphinx_gallery_tags = ["incremental learning", "large data"]

import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from skshallow import ShallowNNClassifier

# %%
# Two million samples of 24 features, written in pieces. The class is a matter of pairs of features,
# which no linear model finds.

rng = np.random.default_rng(0)
names = [f"x{j}" for j in range(24)]
piece, n_pieces = 20_000, 100
folder = TemporaryDirectory()
path = Path(folder.name) / "samples.parquet"
schema = pa.schema([*((name, pa.float32()) for name in names), ("target", pa.int8())])


def draw(n):
    """Samples, and classes of which one in fifty is wrong."""
    X = rng.standard_normal((n, 24), dtype=np.float32)
    y = X[:, 0] * X[:, 1] + X[:, 2] * X[:, 3] + X[:, 4] > 0
    return X, y ^ (rng.random(n) < 0.02)


with pq.ParquetWriter(path, schema, use_dictionary=False) as writer:
    for _ in range(n_pieces):
        X, y = draw(piece)
        writer.write_table(pa.table([*X.T, y.astype(np.int8)], schema=schema))
X_test, y_test = draw(5_000)
print(f"a file of {path.stat().st_size / 1e6:.0f} MB")

# %%
# From here on the process may take 128 MB of address space more than it has by now, as
# ``ulimit -v`` would have it. Only Linux keeps such a limit; elsewhere the example runs without.
# What a network needs once is loaded before, by a first one on a few samples.

ShallowNNClassifier(32, max_iter=1).fit(X[:200], y[:200])
pq.ParquetFile(path, pre_buffer=False).read_row_group(0).to_pandas()
pa.set_memory_pool(pa.system_memory_pool())  # which reserves no address space in advance


@contextmanager
def limited_memory(extra):
    """No more than so many bytes beyond what the process has."""
    if sys.platform != "linux":
        yield
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + extra, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def load_whole():
    """Read the whole file into a data frame, as one would if it were smaller."""
    try:
        table = pq.read_table(path, use_threads=False, pre_buffer=False)
        return f"loaded whole: {len(table.to_pandas(use_threads=False)):,} samples"
    except MemoryError as error:  # pyarrow's is one, too
        return f"loading it whole: {type(error).__name__}"


# %%
# ``max_iter`` is the number of calls, so that the learning rate falls to zero with the last one. A
# bar shows how far it is, and beside it stands the accuracy on the held-out samples.

network = ShallowNNClassifier(32, max_iter=n_pieces, random_state=0)
seen, scores = [], []


def train():
    """One pass over the file."""
    batches = pq.ParquetFile(path, pre_buffer=False).iter_batches(piece, use_threads=False)
    for i, batch in enumerate(batches, start=1):
        columns = [column.to_numpy() for column in batch.columns]
        network.partial_fit(np.column_stack(columns[:-1]), columns[-1], classes=[0, 1])
        seen.append(i * piece)
        scores.append(network.score(X_test, y_test))
        if i % 10 == 0:
            bar = "=" * (i // 5)
            print(f"[{bar:<20}] {i * piece:>9,} samples, held-out accuracy {scores[-1]:.3f}")


with limited_memory(2**27):
    print(load_whole())
    train()
folder.cleanup()

# %%
# Whatever is read is used once and thrown away, and the next chunk is always new. The best possible
# accuracy is 0.98. While the learning rate is high the curve trembles.

plt.style.use("tableau-colorblind10")
figure, axes = plt.subplots(figsize=(7, 4.4), layout="constrained")
axes.plot(np.array(seen) / 1e6, scores, color="C0")
axes.axhline(0.98, color="C3", linewidth=1, linestyle=":")
axes.text(2, 0.98, "best possible", color="C3", ha="right", va="bottom")
axes.set(xlabel="millions of samples so far", ylabel="accuracy on held-out samples")
axes.set_title("One pass over a file that does not fit into memory")

plt.show()
