import numpy as np
import pytest
from covering import covered
from kernels import call
from scipy.sparse import csr_array, csr_matrix

pytest.importorskip("numba")
from skshallow._compiled import batches as module
from skshallow._compiled.network import multiply_inputs
from skshallow.core.batches import Batches, Inputs
from skshallow.core.input_bounds import InputBounds
from skshallow.core.standardization import Standardization

pytestmark = pytest.mark.neighbours("numba")
N, N0, N2 = 19, 4, 3
KINDS = {
    "C order": np.ascontiguousarray,
    "F order": np.asfortranarray,
    "csr_matrix": csr_matrix,
    "csr_array": csr_array,
}
SCALES = ["none", "standardised"]
BOUNDS = {
    "no bounds": None,
    "bounds": InputBounds(np.full(N0, -0.5), np.full(N0, 0.25)),
    "zero outside": InputBounds(np.array([0.25, -0.5, -1, -1]), np.array([1, 0.5, -0.25, 1])),
}


def case(kind, scales, dtype="float64", bounds=None):
    """Batches of core, of some rows in an order of their own."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N, N0)).astype(dtype)
    X[rng.random(X.shape) < 0.4] = 0
    rows = rng.permutation(N)[:15]
    standardization = None if scales == "none" else Standardization.measure(X, rows, None)
    Y, s = rng.random((N2, N)).astype(dtype), rng.random((1, N)).astype(dtype)
    return Batches(Inputs(KINDS[kind](X), standardization, bounds), Y, s, rows, 5)


@pytest.mark.parametrize("copied", [True, False])
@covered(kind=KINDS, scales=SCALES, bounds=BOUNDS)
def test_rows_are_those_that_core_takes(kind, scales, bounds, copied, monkeypatch):
    if not copied:
        monkeypatch.setattr(module, "SHUFFLE_BUFFER_BYTES", 0)
    batches = case(kind, scales, bounds=BOUNDS[bounds])
    source, rows = module.source_of(batches)
    chosen = np.array([3, 0, 7, 3, 9])
    A0, Y, s = batches._take(batches.rows[chosen])
    A0 = np.eye(N0) @ A0
    X = np.full((5, N0), np.nan)
    call(module.take, source, rows[chosen], X)
    if source.sparse:  # products read the rows where they are
        assert np.isnan(X).all()
        W1, Z1 = np.random.default_rng(1).standard_normal((2, N0)), np.empty((2, 5))
        call(multiply_inputs, W1, source, rows[chosen], X, Z1)
        np.testing.assert_allclose(Z1, W1 @ A0, rtol=1e-12, atol=1e-14)
    else:
        np.testing.assert_allclose(X, A0.T, rtol=1e-13, atol=1e-15)
    for array, expected in ((source.Y, Y), (source.s, s)):
        out = np.empty((len(array), 5))
        call(module.take_columns, array, rows[chosen], out)
        np.testing.assert_array_equal(out, expected)


def test_all_kinds_of_x_are_of_one_type():
    numba = pytest.importorskip("numba")
    sources = []
    for kind in KINDS:
        for scales in SCALES:
            source, _ = module.source_of(case(kind, scales))
            sources.append(source)
    X = np.zeros(8 * N * N0 + 1, np.uint8)[1:].view(np.float64).reshape(N, N0)  # not aligned
    odd = Batches(Inputs(X), np.ones((1, N)), None, np.arange(N), 5)
    sources.append(module.source_of(odd)[0])
    assert len({str(numba.typeof(source)) for source in sources}) == 1


def test_a_large_x_is_read_where_it_lies(monkeypatch):
    monkeypatch.setattr(module, "SHUFFLE_BUFFER_BYTES", 0)
    for kind in ("C order", "F order"):
        batches = case(kind, "standardised")
        source, _ = module.source_of(batches)
        assert np.shares_memory(source.values, batches.inputs.X)
        assert not source.values.flags.writeable
