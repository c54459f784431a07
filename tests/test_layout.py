"""The house: what imports what, and how large things may grow."""

import ast
import io
import re
import sys
import tokenize
from functools import cache
from pathlib import Path

import pytest

import skshallow

ROOT = Path(skshallow.__file__).parent
CORE = sorted((ROOT / "core").glob("*.py"))
COMPILED = sorted((ROOT / "_compiled").glob("*.py"))
FILES = sorted(ROOT.rglob("*.py"))
ARROWS = {  # inside core; whoever is not here imports nothing of the package
    "lbfgs": {"skshallow.core.divergence", "skshallow.core.training"},
    "training": {
        "skshallow.core.divergence",
        "skshallow.core.early_stopping",
        "skshallow.core.history",
        "skshallow.core.learning_rate",
    },
}
PUBLIC = {"classifier", "regressor", "inspection", "monitoring"}
PACKAGES = {"core", "extras", "_compiled"}
REPLACED = {  # words that the field has others for
    *("tally", "deal", "deck", "gather", "offer", "patience", "waited", "exhausted", "doubted"),
    *("blow", "blow_up", "alike", "watch", "steepness", "stacks", "pace", "agreement", "stuck"),
    *("complaint", "stalled", "arrange", "publish", "begin_round", "record_of", "take_up"),
    *("look_up", "beyond_question"),
}
REPLACED_IN_TEXT = {"tally", "deck", "blow_up", "doubted", "complaint", "stalled", "begin_round"}
OF_OTHERS = {"extras/dask/cluster.py": {"gather"}}  # words that another package has chosen
EARLIER_NAMES = {"_defaults.py": "RENAMED", "core/optimizers.py": "input_pace"}  # until 0.2


def name_of(path):
    """Path of the file inside the package, for the test's name."""
    return path.relative_to(ROOT).as_posix()


def module_of(path):
    """skshallow/core/batches.py -> skshallow.core.batches"""
    parts = ["skshallow", *path.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path) for path in FILES}


@cache
def tree_of(path):
    return ast.parse(path.read_text())


@cache
def imports(path):
    """(module, name) of everything imported anywhere in a file; name is None in "import x"."""
    found = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found += [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = module_of(path).rsplit(".", node.level)[0] + "." if node.level else ""
            found += [(package + (node.module or ""), alias.name) for alias in node.names]
    return found


def imported_modules(path):
    """Modules of this package that a file imports."""
    for module, name in imports(path):
        if f"{module}.{name}" in MODULES:
            yield f"{module}.{name}"
        elif module.split(".")[0] == "skshallow":
            yield module


@cache
def functions(path):
    tree = ast.walk(tree_of(path))
    return [node for node in tree if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


@cache
def code_lines(path):
    """Numbers of the lines that are neither blank nor comment nor docstring."""
    text = path.read_text()
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in silent and token.type != tokenize.ENDMARKER:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree_of(path)):
        kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        if isinstance(node, kinds) and ast.get_docstring(node) is not None:
            lines -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return lines


def arguments(function):
    """Names that may be given by position, without self."""
    names = [a.arg for a in function.args.posonlyargs + function.args.args]
    return [name for name in names if name not in ("self", "cls")]


@cache
def classes(path):
    tree = tree_of(path)
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def methods(node):
    return {f.name for f in node.body if isinstance(f, ast.FunctionDef)}


def dotted(node):
    """Parts of a.b.c, as far as they are names."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return {*parts, *([node.id] if isinstance(node, ast.Name) else [])}


def stores(path):
    """(line, attribute) of everything that is bound to an attribute of a state."""
    for node in ast.walk(tree_of(path)):
        bound = isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
        if bound and dotted(node.value) & {"state", "_state"}:
            yield node.lineno, node.attr
        if isinstance(node, ast.Call) and dotted(node.func) & {"setattr", "vars"}:
            yield from (
                (node.lineno, "*") for arg in node.args if dotted(arg) & {"state", "_state"}
            )


def allowed_lines(path):
    """Numbers of the lines where earlier names may stand."""
    place = EARLIER_NAMES.get(name_of(path))
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == place:
            return set(range(node.lineno, node.end_lineno + 1))
    return set()


def replaced(identifier):
    """The replaced words in an identifier, by its parts."""
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", identifier).lower().strip("_")
    parts = f"_{parts.replace('sign_agreement', '')}_"
    return {word for word in REPLACED if f"_{word}_" in parts}


def each(paths):
    """One test for all these files: thousands of small tests would take longer than they run."""

    def decorate(test):
        def of_all():
            faults = {}
            for path in paths:
                try:
                    test(path)
                except AssertionError as fault:
                    faults[name_of(path)] = str(fault)
            assert faults == {}

        of_all.__name__, of_all.__doc__ = test.__name__, test.__doc__
        return of_all

    return decorate


# Arrows


@each(CORE)
def test_core_stands_on_numpy_scipy_and_the_standard_library_alone(path):
    allowed = {"numpy", "scipy", *sys.stdlib_module_names}
    foreign = {module for module, _ in imports(path) if module.split(".")[0] not in allowed}
    assert {module for module in foreign if not module.startswith("skshallow.core")} == set()


@each(CORE)
def test_inside_core_things_are_handed_in_rather_than_imported(path):
    assert set(imported_modules(path)) <= ARROWS.get(path.stem, set())


@each(FILES)
def test_only_the_front_door_and_the_extras_know_the_estimators(path):
    above = path == ROOT / "__init__.py" or path.is_relative_to(ROOT / "extras")
    estimators = {"skshallow.classifier", "skshallow.regressor"}
    assert above or not estimators & set(imported_modules(path))


@each(FILES)
def test_nobody_imports_the_extras(path):
    inside, door = path.is_relative_to(ROOT / "extras"), path == ROOT / "__init__.py"
    extras = {m for m in imported_modules(path) if m.startswith("skshallow.extras")}
    assert inside or extras <= ({"skshallow.extras"} if door else set())  # itself, it loads nothing


@each(FILES)
def test_only_public_names_of_other_packages_are_used(path):
    private = {
        f"{module}.{name}"
        for module, name in imports(path)
        if module.split(".")[0] not in ("skshallow", *sys.stdlib_module_names)
        for part in (*module.split("."), name or "")
        if part.startswith("_")
    }
    assert private == set()


def test_the_compiled_engine_is_loaded_by_the_one_who_chooses():
    users = {path for path in FILES if any("_compiled" in m for m in imported_modules(path))}
    assert {path for path in users if path.parent.name != "_compiled"} == {ROOT / "_engines.py"}


@each(COMPILED)
def test_the_compiled_engine_stands_on_core_and_numba(path):
    allowed = {"numpy", "scipy", "numba", "llvmlite", *sys.stdlib_module_names}
    foreign = {module for module, _ in imports(path) if module.split(".")[0] not in allowed}
    above = {m for m in foreign if not m.startswith(("skshallow.core.", "skshallow._compiled"))}
    assert above - {"skshallow.core"} == set()


@each([p for p in FILES if p not in COMPILED])
def test_nobody_else_imports_numba(path):
    assert not {"numba", "llvmlite"} & {module.split(".")[0] for module, _ in imports(path)}


def test_no_circle_of_imports():
    graph = {module_of(path): set(imported_modules(path)) for path in FILES}
    while leaves := {module for module, needs in graph.items() if not needs & graph.keys()}:
        graph = {module: needs for module, needs in graph.items() if module not in leaves}
    assert graph == {}


# The front and the back


def test_modules_are_private_but_for_the_few_that_users_import():
    modules = {path.stem for path in ROOT.glob("*.py")} - {"__init__"}
    assert {name for name in modules if not name.startswith("_")} == PUBLIC
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages == PACKAGES


def test_the_base_class_has_few_lines_and_needs_few_modules():
    path = ROOT / "_base.py"
    assert len(code_lines(path)) <= 200
    needed = set(imported_modules(path))
    assert len(needed) <= 10, needed


def test_a_derived_estimator_fills_in_two_hooks_at_most():
    own = [
        name
        for module in ("classifier", "regressor")
        for node in classes(ROOT / f"{module}.py").values()
        for name in methods(node)
    ]
    hooks = {name for name in own if name.startswith("_") and not name.startswith("__")}
    assert hooks <= {"_learn_targets", "_learn_class_weights"}


def test_the_state_of_training_has_few_fields():
    state = classes(ROOT / "core" / "training.py")["TrainingState"]
    assert sum(isinstance(node, ast.AnnAssign) for node in state.body) <= 9


@each(FILES)
def test_nobody_but_training_binds_an_attribute_of_a_state(path):
    assert path == ROOT / "core" / "training.py" or list(stores(path)) == []


# Words


@each(FILES)
def test_names_are_those_of_the_field(path):
    allowed, place = allowed_lines(path), EARLIER_NAMES.get(name_of(path))
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
    names = {(t.string, t.start[0]) for t in tokens if t.type == tokenize.NAME}
    names |= {(part, 0) for part in module_of(path).split(".")}
    others = {place, *OF_OTHERS.get(name_of(path), ())}
    names = {(name, line) for name, line in names if name not in others and line not in allowed}
    assert [(name, line) for name, line in sorted(names) if replaced(name)] == []


@each(FILES)
def test_texts_do_without_the_replaced_words(path):
    allowed, words = allowed_lines(path), re.compile(rf"\b({'|'.join(REPLACED_IN_TEXT)})\b", re.I)
    lines = enumerate(path.read_text().splitlines(), start=1)
    assert [line for line in lines if words.search(line[1]) and line[0] not in allowed] == []


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("Tally", {"tally"}),
        ("_begin_round", {"begin_round"}),
        ("blow_up", {"blow", "blow_up"}),
        ("InputPace", {"pace"}),
        ("_sign_agreement", set()),
        ("agreement", {"agreement"}),
        ("period", set()),
        ("np_arange", set()),
        ("dealt", set()),
    ],
)
def test_words_are_found_by_the_parts_of_a_name(identifier, words):
    assert replaced(identifier) == words


# Sizes


@each(FILES)
def test_functions_are_short(path):
    limit, lines = 20 if path in CORE else 30, code_lines(path)
    sizes = {f.name: len(lines & set(range(f.lineno, f.end_lineno + 1))) for f in functions(path)}
    assert {name: size for name, size in sizes.items() if size > limit} == {}


@each(FILES)
def test_files_are_short(path):
    assert len(code_lines(path)) <= (200 if path in CORE else 300)


@each(CORE)
def test_functions_of_core_take_at_most_five_arguments_and_seven_with_those_by_name(path):
    many = {f.name: arguments(f) for f in functions(path) if len(arguments(f)) > 5}
    by_name = {
        f.name: [*arguments(f), *(a.arg for a in f.args.kwonlyargs)] for f in functions(path)
    }
    assert many == {}
    assert {name: all_ for name, all_ in by_name.items() if len(all_) > 7} == {}


# The mirror


@each([p for p in CORE if p.stem != "__init__"])
def test_every_file_of_core_has_a_file_of_tests(path):
    assert (Path(__file__).parent / "core" / f"test_{path.name}").exists()


@each([p for p in COMPILED if p.stem != "__init__"])
def test_every_file_of_the_compiled_engine_has_a_file_of_tests(path):
    assert (Path(__file__).parent / "compiled" / f"test_{path.name}").exists()


@each([p for p in FILES if p.stem != "__init__"])
def test_every_file_has_its_row_in_the_table_of_the_house(path):
    page = (Path(__file__).parents[1] / "docs" / "contributing.rst").read_text()
    place = path.relative_to(ROOT).as_posix().removeprefix("core/").removeprefix("extras/")
    assert f"``{place}``" in page
