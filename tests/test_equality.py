"""An object of the user's is the one of the call before if a copy of that says the same."""

import copy
import functools
import threading

import numpy as np
import pytest

from skshallow import ShallowNNClassifier, ShallowNNRegressor
from skshallow._equality import same_options
from skshallow.core.activations import Tanh
from skshallow.core.optimizers import SGD, Adam

X = np.random.default_rng(0).normal(size=(60, 3))
Y = X[:, 0] * X[:, 1]


class Bag:
    """Holds anything."""

    def __init__(self, **content):
        vars(self).update(content)

    def method(self):
        """Belongs to this object."""


class Slots:
    __slots__ = ("a",)

    def __init__(self, a):
        self.a = a


def looped(value):
    bag = Bag(value=value)
    bag.itself = [bag]
    return bag


def used_generator():
    rng = np.random.default_rng(3)
    rng.random(5)
    return rng


DIFFERENT = {
    "number": lambda: (0.5, 0.6),
    "nan": lambda: (np.nan, 1.0),
    "text": lambda: ("tanh", "relu"),
    "kind": lambda: (Adam(), SGD()),
    "option": lambda: (SGD(momentum=0.5), SGD(momentum=0.6)),
    "array": lambda: (Bag(a=np.arange(3)), Bag(a=np.arange(3) + 1)),
    "array with nan": lambda: (np.array([1, np.nan]), np.array([2, np.nan])),
    "shape": lambda: (np.zeros((2, 3)), np.zeros((3, 2))),
    "objects in an array": lambda: (
        np.array([None, Bag(a=1)], object),
        np.array([None, Bag(a=2)], object),
    ),
    "dict of arrays": lambda: (Bag(d={"a": np.zeros(2)}), Bag(d={"a": np.ones(2)})),
    "dict of other keys": lambda: ({"a": 1}, {"b": 1}),
    "list": lambda: ([1, [2, 3]], [1, [2, 4]]),
    "set": lambda: ({1, 2}, {1, 3}),
    "generator": lambda: (np.random.default_rng(3), used_generator()),
    "random state": lambda: (np.random.RandomState(3), np.random.RandomState(4)),
    "function": lambda: (Bag(f=np.tanh), Bag(f=np.sinh)),
    "lambda": lambda: (Bag(f=lambda z: z), Bag(f=lambda z: z)),
    "partial": lambda: (functools.partial(np.clip, a_max=1), functools.partial(np.clip, a_max=2)),
    "method": lambda: (Bag(f=Bag(a=1).method), Bag(f=Bag(a=2).method)),
    "slots": lambda: (Slots(1), Slots(2)),
    "circle": lambda: (looped(1), looped(2)),
}


@pytest.mark.parametrize("kind", DIFFERENT)
def test_a_copy_is_the_same_and_another_value_is_not(kind):
    one, other = DIFFERENT[kind]()
    assert same_options(copy.deepcopy(one), one)
    assert same_options(copy.deepcopy(other), other)
    assert not same_options(one, other)
    assert not same_options(copy.deepcopy(one), other)


def test_numbers_are_the_same_whatever_their_type():
    assert same_options(SGD(momentum=0.5), SGD(momentum=np.float64(0.5)))
    assert not same_options(1, "1")
    assert not same_options("tanh", Tanh())


def test_what_nobody_can_look_into_is_only_itself():
    lock = threading.Lock()
    assert same_options(lock, lock)
    assert not same_options(lock, threading.Lock())


class Noisy(SGD):
    """Holds what has no simple equality."""

    def __init__(self, value=1.0):
        super().__init__()
        self.rng, self.table = np.random.default_rng(0), {"a": np.full(3, value)}
        self.function, self.bound = np.tanh, self.step


class OwnTanh(Tanh):
    """The same."""

    def __init__(self):
        self.rng, self.table = np.random.default_rng(0), {"a": np.zeros(3)}
        self.inner = lambda z: z


def test_an_own_optimizer_keeps_its_velocity_from_call_to_call():
    one, other = (ShallowNNRegressor(4, solver=s, random_state=0) for s in (Noisy(), SGD()))
    for _ in range(4):
        one.partial_fit(X, Y)
        other.partial_fit(X, Y)
    np.testing.assert_allclose(one.W1_, other.W1_, rtol=1e-12)  # of two engines
    one.set_params(solver=Noisy(2.0)).partial_fit(X, Y)  # another one has no past
    other.partial_fit(X, Y)
    assert not np.allclose(one.W1_, other.W1_, rtol=1e-6)


def test_an_own_activation_is_accepted_again():
    model = ShallowNNClassifier(4, activation=OwnTanh(), random_state=0)
    for _ in range(3):
        model.partial_fit(X, Y > 0, classes=[False, True])
    with pytest.raises(ValueError, match="activation"):
        model.set_params(activation=OwnTanh()).partial_fit(X, Y > 0)  # another lambda
