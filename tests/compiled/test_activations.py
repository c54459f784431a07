import numpy as np
import pytest
from kernels import assert_close, call

pytest.importorskip("numba")
from skshallow._compiled import activations
from skshallow._compiled.network import kind_of
from skshallow.core.activations import ACTIVATIONS, LeakyReLU
from skshallow.core.losses import SquaredError
from skshallow.core.network import Network
from skshallow.core.parameters import Layout, Parameters

pytestmark = pytest.mark.neighbours("numba")
OBJECTS = {name: cls() for name, cls in ACTIVATIONS.items()} | {"steep": LeakyReLU(slope=-0.4)}


def ulp(name, Z1):
    """SiLU multiplies the rounding of its sigmoid by z."""
    return 4 * np.abs(Z1).max() if name == "silu" else 4


def case(activation, dtype):
    """(kind, Z1, A1 of core, dA1, slopes (n1, 1) or (0, 1))."""
    n1, m = 4, 50
    layout = Layout(2, n1, 1, learned=activation.learned is not None)
    network = Network(Parameters.zeros(layout, np.dtype(dtype)), activation, SquaredError())
    rng = np.random.default_rng(0)
    Z1, dA1 = (rng.standard_normal((2, n1, m)) * 4).astype(dtype)
    Z1[0, :3] = 0, 30, -30
    slopes = np.linspace(-0.2, 0.6, n1, dtype=dtype)[:, None]
    slopes = slopes if layout.learned else np.empty((0, 1), dtype)
    A1 = np.empty_like(Z1)
    activation.forward(Z1, A1, *([slopes] if layout.learned else []))
    return kind_of(network), Z1, A1, dA1, slopes


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OBJECTS)
def test_forward_is_that_of_core(name, dtype):
    kind, Z1, expected, _, slopes = case(OBJECTS[name], dtype)
    before, A1 = Z1.copy(), np.empty_like(Z1)
    call(activations.forward, kind, Z1, A1, slopes)
    np.testing.assert_array_equal(Z1, before)
    assert_close(A1, expected, ulp(name, Z1))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OBJECTS)
def test_backward_is_that_of_core(name, dtype):
    activation = OBJECTS[name]
    kind, Z1, A1, dA1, slopes = case(activation, dtype)
    expected, learned = dA1.copy(), [slopes, np.empty_like(slopes)] if len(slopes) else []
    dslopes = np.empty_like(slopes)
    call(activations.backward, kind, Z1.copy(), A1.copy(), dA1, (slopes, dslopes))
    activation.backward(Z1.copy(), A1.copy(), expected, *learned)
    assert_close(dA1, expected, ulp(name, Z1) * np.abs(expected).max())
    if learned:
        assert_close(dslopes, learned[1], ulp=len(A1[0]))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_what_is_not_a_number_stays_so(name):
    kind, Z1, A1, _, slopes = case(OBJECTS[name], "float64")
    Z1[1, 1] = np.nan
    call(activations.forward, kind, Z1, A1, slopes)
    assert np.isnan(A1[1, 1])
    assert np.isnan(A1).sum() == 1


def test_every_activation_of_core_has_a_kernel():
    assert set(activations.CODES) == set(ACTIVATIONS.values())
