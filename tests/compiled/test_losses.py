import numpy as np
import pytest
import textbook
from kernels import assert_close, call

pytest.importorskip("numba")
from skshallow._compiled import losses
from skshallow._compiled.network import kind_of
from skshallow.core.activations import Tanh
from skshallow.core.losses import LOSSES, Huber, Quantile
from skshallow.core.network import Network
from skshallow.core.parameters import Layout, Parameters

pytestmark = pytest.mark.neighbours("numba")
LEVELS = np.array([[0.1], [0.5], [0.9]])
OBJECTS = {name: (name, cls()) for name, cls in LOSSES.items()} | {
    "narrow huber": ("huber", Huber(delta=0.3)),
    "quantiles": ("quantile", Quantile(level=LEVELS)),
}


def case(name, dtype):
    """(loss of core, kind, Z2, Y)."""
    m, rng, (target, loss) = 40, np.random.default_rng(0), OBJECTS[name]
    Y = np.ascontiguousarray(textbook.targets(target, m, rng), dtype)
    Z2 = (rng.standard_normal(Y.shape) * 3).astype(dtype)
    Z2[0, :2] = 30, -30
    Z2[0, 2] = Y[0, 2]
    layout = Layout(2, 3, len(Y))
    network = Network(Parameters.zeros(layout, np.dtype(dtype)), Tanh(), loss)
    return loss, kind_of(network), Z2, Y


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OBJECTS)
def test_value_and_slope_are_those_of_core(name, dtype):
    loss, kind, Z2, Y = case(name, dtype)
    expected, slope = loss.value(Z2.copy(), Y), loss.slope(Z2.copy(), Y)
    L, E = np.full_like(Z2, np.nan), np.empty_like(Z2)
    call(losses.value_and_slope, kind, Z2, Y, L, E)
    assert_close(L.sum(axis=0), expected.sum(axis=0).astype(dtype), ulp=8)
    assert_close(Z2, slope, ulp=4)


@pytest.mark.parametrize("name", OBJECTS)
def test_the_slope_is_that_of_the_value(name):
    _, kind, Z2, Y = case(name, "float64")
    Z2 = np.clip(Z2, -5, 5) + 0.01  # away from corners
    h, values = 1e-6, []
    for step in (h, -h):
        L, E = np.empty_like(Z2), np.empty_like(Z2)
        moved = Z2.copy()
        moved[0] += step
        call(losses.value_and_slope, kind, moved, Y, L, E)
        values.append(L.sum(axis=0))
    L, E = np.empty_like(Z2), np.empty_like(Z2)
    call(losses.value_and_slope, kind, Z2, Y, L, E)
    np.testing.assert_allclose(Z2[0], (values[0] - values[1]) / (2 * h), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("largest", range(3))
def test_only_differences_of_scores_count_however_large_they_are(largest):
    _, kind, Z2, Y = case("multiclass", "float64")
    Z2[largest] += 2_000
    expected, slope = Z2[largest] - (Y * Z2).sum(axis=0), (np.arange(3) == largest)[:, None] - Y
    L, E = np.empty_like(Z2), np.empty_like(Z2)
    call(losses.value_and_slope, kind, Z2, Y, L, E)
    np.testing.assert_allclose(L.sum(axis=0), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(Z2, slope, atol=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_scores_that_are_not_numbers_make_the_loss_none(name):
    _, kind, Z2, Y = case(name, "float32")
    Z2[-1, 5] = np.nan
    L, E = np.empty_like(Z2), np.empty_like(Z2)
    call(losses.value_and_slope, kind, Z2, Y, L, E)
    assert np.isnan(L[:, 5]).any()
    assert not np.isnan(L[:, 6:]).any()


def test_every_loss_of_core_has_a_kernel():
    assert set(losses.CODES) == set(LOSSES.values())
