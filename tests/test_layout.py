"""The house: what imports what, and how large things may grow."""

import ast
import io
import sys
import tokenize
from pathlib import Path

import pytest

import skshallow

ROOT = Path(skshallow.__file__).parent
CORE = sorted((ROOT / "core").glob("*.py"))
FILES = sorted(ROOT.rglob("*.py"))
ARROWS = {  # inside core; whoever is not here imports nothing of the package
    "batches": {"skshallow.core.inputs"},
    "lbfgs": {"skshallow.core.training"},
}


def name_of(path):
    """Path of the file inside the package, for the test's name."""
    return path.relative_to(ROOT).as_posix()


def module_of(path):
    """skshallow/core/inputs.py -> skshallow.core.inputs"""
    parts = ["skshallow", *path.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path):
    """(module, name) of everything imported anywhere in a file; name is None in "import x"."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = module_of(path).rsplit(".", node.level)[0] + "." if node.level else ""
            yield from ((package + (node.module or ""), alias.name) for alias in node.names)


def imported_modules(path):
    """Modules of this package that a file imports."""
    modules = {module_of(other) for other in FILES}
    for module, name in imports(path):
        if f"{module}.{name}" in modules:
            yield f"{module}.{name}"
        elif module.split(".")[0] == "skshallow":
            yield module


def functions(path):
    tree = ast.walk(ast.parse(path.read_text()))
    return [node for node in tree if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def code_lines(path):
    """Numbers of the lines that are neither blank nor comment nor docstring."""
    text = path.read_text()
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in silent and token.type != tokenize.ENDMARKER:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        if isinstance(node, kinds) and ast.get_docstring(node) is not None:
            lines -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return lines


def arguments(function):
    """Names that may be given by position, without self."""
    names = [a.arg for a in function.args.posonlyargs + function.args.args]
    return [name for name in names if name not in ("self", "cls")]


# Arrows


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_core_stands_on_numpy_scipy_and_the_standard_library_alone(path):
    allowed = {"numpy", "scipy", *sys.stdlib_module_names}
    foreign = {module for module, _ in imports(path) if module.split(".")[0] not in allowed}
    assert {module for module in foreign if not module.startswith("skshallow.core")} == set()


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_inside_core_things_are_handed_in_rather_than_imported(path):
    assert set(imported_modules(path)) <= ARROWS.get(path.stem, set())


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_only_the_front_door_knows_the_classifier(path):
    knows = "skshallow.classifier" in imported_modules(path)
    assert not knows or path == ROOT / "__init__.py"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nobody_imports_the_extras(path):
    inside = path.is_relative_to(ROOT / "extras")
    extras = [m for m in imported_modules(path) if m.startswith("skshallow.extras")]
    assert inside or extras == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_only_public_names_of_other_packages_are_used(path):
    private = {
        f"{module}.{name}"
        for module, name in imports(path)
        if module.split(".")[0] not in ("skshallow", *sys.stdlib_module_names)
        for part in (*module.split("."), name or "")
        if part.startswith("_")
    }
    assert private == set()


def test_no_circle_of_imports():
    graph = {module_of(path): set(imported_modules(path)) for path in FILES}
    while leaves := {module for module, needs in graph.items() if not needs & graph.keys()}:
        graph = {module: needs for module, needs in graph.items() if module not in leaves}
    assert graph == {}


# Sizes


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_functions_are_short(path):
    limit, lines = 20 if path in CORE else 30, code_lines(path)
    sizes = {f.name: len(lines & set(range(f.lineno, f.end_lineno + 1))) for f in functions(path)}
    if path not in CORE:  # scikit-learn wants two lines for every parameter in a constructor
        sizes.pop("__init__", None)
    assert {name: size for name, size in sizes.items() if size > limit} == {}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_are_short(path):
    assert len(code_lines(path)) <= (200 if path in CORE else 300)


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_functions_of_core_take_at_most_five_arguments(path):
    many = {f.name: arguments(f) for f in functions(path) if len(arguments(f)) > 5}
    assert many == {}


# The mirror


@pytest.mark.parametrize("path", [p for p in CORE if p.stem != "__init__"], ids=name_of)
def test_every_file_of_core_has_a_file_of_tests(path):
    assert (Path(__file__).parent / "core" / f"test_{path.name}").exists()
