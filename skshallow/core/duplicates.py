"""Which examples are equal, and how many different ones came in a stream.

Rows are compared by hashes of 64 bits, zeros of either sign and of a sparse X alike. A stream is
longer than what can be kept of it: as hashes are spread evenly, the examples with the KEPT smallest
ones are a random sample of all different examples, and its share of them is known.

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
KEPT = 4_096  # hashes: the number of different ones is then known to two in a hundred
FEW_TWICE = 0.9  # share of different ones above which all are taken for different


def equal_rows(X, rows):
    """A number for each of these rows of X, (len(rows),): the same one for equal rows.

    They are numbered in the order in which they first appear. What is compared is a hash of 64
    bits: the chance that any two of n different rows have the same is n^2 / 2^65.
    """
    _, first, inverse = np.unique(_hashes(X, rows), return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def hashes_of_examples(X, Y, rows):
    """A hash of 64 bits for each of these rows of X with its targets Y (n2, m), (len(rows),)."""
    return mix(_hashes(X, rows) ^ mix(_hashes(Y.T, rows)))


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


class DistinctSum:
    """Sums over the different examples of a stream, each counted once however often it comes.

    An example that is in one chunk many times counts as often: there, equal ones are examples of
    their own. ``smallest`` are hashes (k,), ``values`` what the examples add to each sum (n, k),
    ``given`` the sums over all that came (n,).

    References
    ----------
    Cohen and Kaplan (2007), Summarizing data using bottom-k sketches.
    """

    def __init__(self, smallest=(), values=(), given=0.0):
        self.smallest, self.values = np.array(smallest, np.uint64), np.array(values)
        self.given = given

    def add(self, hashes, values):
        """Take in a chunk: hashes (m,), values (n, m), none of them negative."""
        self.given = self.given + values.sum(axis=1)
        if len(self.smallest) == KEPT:
            small = hashes < self.smallest[-1]
            hashes, values = hashes[small], values[:, small]
        if len(hashes):
            hashes, place = np.unique(hashes, return_inverse=True)
            self._merge(hashes, np.array([np.bincount(place, v) for v in values]))

    def _merge(self, hashes, values):
        """Of an example that is known, the larger values stay."""
        old = self.values.reshape(len(values), -1)
        hashes, place = np.unique(np.append(self.smallest, hashes), return_inverse=True)
        merged = np.zeros((len(values), len(hashes)))
        np.maximum.at(merged, (slice(None), place), np.hstack([old, values]))
        self.smallest, self.values = hashes[:KEPT], merged[:, :KEPT]

    @property
    def totals(self):
        """The sums, (n,): exact for fewer than KEPT different examples, or if all are different."""
        if len(self.smallest) < KEPT:
            return self.values.sum(axis=1)
        total = self.values[:, :-1].sum(axis=1) / (float(self.smallest[-1]) / 2**64)
        return np.where(total > FEW_TWICE * self.given, self.given, total)
