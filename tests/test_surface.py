"""What the package shows: its names, and what importing it loads."""

import importlib
import json
import subprocess
import sys

import pytest

import skshallow

PUBLIC = {"ShallowNNClassifier", "ShallowNNRegressor", "core", "extras", "inspection"}
CODE = """
import json, sys
import skshallow

def loaded():
    return [name for name in ("matplotlib", "onnx", "skl2onnx", "polars") if name in sys.modules]

seen = {"names": dir(skshallow), "at once": loaded()}
seen["core"] = skshallow.core.activations.Tanh.__name__, skshallow.core.optimizers.Adam.__name__
seen["inspection"] = skshallow.inspection.hidden_unit_report.__name__
seen["before plots"] = [skshallow.extras, loaded()][1]
seen["plotting"] = skshallow.extras.plotting.NetworkDisplay.__name__
print(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def seen():
    """What a new interpreter sees that imports the package and nothing else."""
    command = [sys.executable, "-W", "error", "-c", CODE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_dir_lists_the_public_names_and_nothing_else(seen):
    for names in (dir(skshallow), seen["names"]):
        assert {name for name in names if not name.startswith("__")} == PUBLIC
        assert "__version__" in names
    assert all(hasattr(skshallow, name) for name in dir(skshallow))


@pytest.mark.slow
def test_all_modules_are_there_after_importing_the_package_alone(seen):
    assert seen["core"] == ["Tanh", "Adam"]
    assert seen["inspection"] == "hidden_unit_report"
    assert seen["plotting"] == "NetworkDisplay"


@pytest.mark.slow
def test_no_optional_package_is_loaded_before_it_is_asked_for(seen):
    assert seen["at once"] == seen["before plots"] == []


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        skshallow.no_such_name  # noqa: B018


def test_an_extra_whose_package_is_missing_is_a_name_that_is_not_there(monkeypatch):
    monkeypatch.delattr(skshallow.extras, "onnx", raising=False)
    monkeypatch.delitem(sys.modules, "skshallow.extras.onnx", raising=False)
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert not hasattr(skshallow.extras, "onnx")
    with pytest.raises(ImportError, match="pip install"):
        importlib.import_module("skshallow.extras.onnx")
