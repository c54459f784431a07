from collections import Counter

import pytest
from hypothesis import settings

from skshallow import _fitting, _threads

OF_HYPOTHESIS = {"deadline": None, "derandomize": True, "database": None}
settings.register_profile("fast", max_examples=80, **OF_HYPOTHESIS)
settings.register_profile("long", max_examples=20_000, **OF_HYPOTHESIS)
settings.load_profile("fast")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark as slow what ``fast(n)`` leaves out: all cases of a test but the first n."""
    seen = Counter()
    for item in items:
        fast = item.get_closest_marker("fast")
        if fast is not None and item.get_closest_marker("slow") is None:
            test = item.path, item.originalname
            seen[test] += 1
            if seen[test] > fast.args[0]:
                item.add_marker("slow")


@pytest.fixture(autouse=True)
def no_interrupt_before(monkeypatch):
    """The Ctrl-C of one test is not the first of two for the next."""
    monkeypatch.setattr(_fitting, "_interrupted", float("-inf"))


@pytest.fixture
def two_threads():
    """BLAS on two threads, the number of each library; at the end as it was."""
    before = [library.get_num_threads() for library in _threads._blas()]
    _threads._limit([2] * len(before))
    yield [2] * len(before)
    _threads._limit(before)


def pytest_runtest_setup(item):
    """Skip what the marker ``neighbours`` says cannot run here."""
    for mark in item.iter_markers("neighbours"):
        for package in mark.args:
            pytest.importorskip(package)
