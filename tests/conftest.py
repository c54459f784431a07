import pytest


def pytest_runtest_setup(item):
    """Skip what the marker ``neighbours`` says cannot run here."""
    for mark in item.iter_markers("neighbours"):
        for package in mark.args:
            pytest.importorskip(package)
