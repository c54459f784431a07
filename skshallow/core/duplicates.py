"""Which examples are equal, and how many different things came in a stream.

Rows are compared by hashes of 64 bits, zeros of either sign and of a sparse X alike. A stream is
longer than what can be kept of it: of the hashes that came, the KEPT smallest tell how many
different ones there were, as hashes are spread evenly.

References
----------
Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators: SplitMix64, whose
mixing function, a variant of Stafford's, makes the hashes. Bar-Yossef, Jayram, Kumar, Sivakumar and
Trevisan (2002), Counting distinct elements in a data stream.
"""

import numpy as np
from scipy.sparse import csr_array, issparse

BLOCK_SIZE = 1_024  # rows that are looked at together,
BLOCK_NUMBERS = 2**17  # or fewer, where what is made of their numbers is several times as large
GOLDEN_RATIO = np.uint64(0x9E3779B97F4A7C15)  # times 2^64: multiples of it are far from regular
KEPT = 1_024  # hashes: the number of different ones is then known to three in a hundred
FEW_TWICE = 0.9  # share of different ones above which all are taken for different


def equal_rows(X, rows):
    """A number for each of these rows of X, (len(rows),): the same one for equal rows.

    They are numbered in the order in which they first appear. What is compared is a hash of 64
    bits: the chance that any two of n different rows have the same is n^2 / 2^65.
    """
    _, first, inverse = np.unique(_hashes(X, rows), return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def hash_of_examples(X, Y, rows):
    """A hash of 64 bits of these rows of X and their targets Y (n2, m), whatever their order."""
    of_examples = mix(_hashes(X, rows) ^ mix(_hashes(Y.T, rows)))
    return mix(of_examples.sum(keepdims=True))[0]


def mix(z):
    """Integers of 64 bits z, spread over all such integers: every bit of z changes half of them."""
    z = (z ^ (z >> 30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> 27)) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> 31)


def _hashes(X, rows):
    """Hashes of 64 bits of these rows of X."""
    keys = mix(np.arange(1, X.shape[1] + 1, dtype=np.uint64) * GOLDEN_RATIO)
    return np.concatenate([_of_block(block, keys) for block in _sparse_blocks(X, rows)])


def _of_block(block, keys):
    """Of each row of a CSR block: the sum of its numbers, each mixed with the key of its column."""
    bits = block.data.view(f"u{block.data.itemsize}").astype(np.uint64)
    upto = np.zeros(block.nnz + 1, np.uint64)
    np.cumsum(mix(bits ^ keys[block.indices]), out=upto[1:])  # modulo 2^64, so that it is exact
    return upto[block.indptr[1:]] - upto[block.indptr[:-1]]


def _sparse_blocks(X, rows):
    """These rows, block after block, as CSR of what is not zero: dense and sparse X alike."""
    length = (X.nnz if issparse(X) else X.size) / X.shape[0]  # of a row
    size = max(min(BLOCK_SIZE, int(BLOCK_NUMBERS / max(length, 1))), 1)
    for start in range(0, len(rows), size):
        block = X[rows[start : start + size]]
        if issparse(block):
            block.sum_duplicates()
            block.eliminate_zeros()
        yield block if issparse(block) else csr_array(block)


def _contents(X, rows):
    """What is in each of these rows, as bytes: where numbers stand that are not zero, and which."""
    for block in _sparse_blocks(X, rows):
        for span in map(slice, block.indptr[:-1], block.indptr[1:]):
            columns = block.indices[span].astype(np.int64)
            yield columns.tobytes() + block.data[span].tobytes()


def merge_duplicate_rows(X, Y, s, rows):
    """(rows, s) with equal examples merged, their weights added, in an order of their own.

    J over the whole set stays as it is, and its rounding no longer depends on the order of the
    examples or on whether one is repeated or weighted.
    """
    keys = np.empty(len(rows), object)
    keys[:] = [x + y.tobytes() for x, y in zip(_contents(X, rows), Y[:, rows].T, strict=True)]
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    weights = np.ones((1, len(rows))) if s is None else s[:, rows]
    order = np.lexsort((weights[0], inverse))  # sums of fractions depend on their order
    merged = np.zeros((len(weights), X.shape[0]))
    merged[:, rows[first]] = [np.bincount(inverse[order], w[order]) for w in weights]
    return rows[first], merged


class DistinctCount:
    """How many of the hashes that came were different ones."""

    def __init__(self, count=0, smallest=()):
        self.count, self.smallest = count, np.array(smallest, np.uint64)

    def add(self, hash_):
        """Take in one more."""
        self.count += 1
        self.smallest = np.unique(np.append(self.smallest, hash_))[:KEPT]

    @property
    def share(self):
        """Share of different ones among all that came, at most 1."""
        n = len(self.smallest)
        if n == KEPT:  # of n evenly spread numbers in [0, 1], the k-th smallest is about k / n
            n = (KEPT - 1) / (float(self.smallest[-1]) / 2**64)
            n = self.count if n > FEW_TWICE * self.count else n
        return n / self.count
