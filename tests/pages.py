"""The pages of the documentation: their sections, and whether their code prints what they show."""

import ast
import doctest
import re
import sys
import textwrap
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
TITLE = re.compile(r"^(.+)\n-+\n", re.MULTILINE)
IMPORT = re.compile(r"^ *>>> (?:from|import) ([\w.]+)", re.MULTILINE)
DECIMAL = re.compile(r"-?\d+\.\d*")
NEIGHBOURS = ("dask", "dask_ml", "distributed", "imblearn", "onnxruntime", "optuna", "pyarrow")
NEIGHBOURS += ("shap", "skl2onnx", "skops", "skrub")
INCLUDE = re.compile(
    r"^\.\. literalinclude:: (\S+)\n   :pyobject: (\S+)\n(?:   .*\n)*", re.MULTILINE
)


def sections(page, fast=1):
    """A case (page, title, text) for every section of a page that has code to run.

    All but the first ones that need nothing optional are slow.
    """
    _, *parts = TITLE.split(_read(page))
    for title, text in zip(parts[::2], parts[1::2], strict=True):
        if ">>>" in text:
            marks = _neighbours(text)
            if not marks:
                fast, marks = fast - 1, [] if fast > 0 else [pytest.mark.slow]
            yield pytest.param(page, title, text, marks=marks, id=f"{page}: {title}")


def whole(page, marks=()):
    """A case for a page that is one story: later code goes on from earlier."""
    text = _read(page)
    return pytest.param(page, page, text, marks=[*marks, *_neighbours(text)], id=page)


def _neighbours(text):
    """Marks for the optional packages that a text imports."""
    packages = {module.partition(".")[0] for module in IMPORT.findall(text)}
    return [pytest.mark.neighbours(name) for name in NEIGHBOURS if name in packages]


def _read(page):
    return (DOCS / page).read_text(encoding="utf-8")


class Close(doctest.OutputChecker):
    """Trained numbers, written with a point, may differ a little from machine to machine."""

    def check_output(self, want, got, optionflags):
        if super().check_output(want, got, optionflags):
            return True
        (text, numbers), (shown, expected) = map(_taken_apart, (got, want))
        return text == shown and numbers == pytest.approx(expected, rel=0.05, abs=0.02)


def _taken_apart(output):
    """Words, and numbers with a point."""
    return DECIMAL.sub("#", output).split(), [float(x) for x in DECIMAL.findall(output)]


def assert_prints_what_it_shows(page, title, text):
    """Run the text's code in a namespace of its own."""
    path = DOCS / page
    text = INCLUDE.sub(lambda found: _prompts(_source(path.parent / found[1], found[2])), text)
    code = doctest.DocTestParser().get_doctest(text, {}, title, str(path), 0)
    printed = []
    result = doctest.DocTestRunner(Close()).run(code, out=printed.append)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    assert result.attempted > 0
    assert result.failed == 0, "".join(printed)


def _source(path, name):
    """What Sphinx includes for ``:pyobject: name``."""
    text = path.read_text(encoding="utf-8")
    node = ast.parse(text)
    for part in name.split("."):
        node = next(n for n in ast.walk(node) if getattr(n, "name", None) == part)
    start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return textwrap.dedent("\n".join(text.splitlines()[start - 1 : node.end_lineno]))


def _prompts(source):
    """Source as the reader would type it, so that the examples after it can use it."""
    first, *rest = source.splitlines()
    return "\n".join([f">>> {first}", *(f"... {line}".rstrip() for line in rest), "", ""])
