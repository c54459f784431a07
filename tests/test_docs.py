"""The site holds every public object and every page, and estimators link to where they stand."""

import contextlib
import doctest
import importlib
import inspect
import io
import re
import runpy
from urllib.parse import unquote

import pytest
from pages import DOCS, assert_prints_what_it_shows, sections

import skshallow
from skshallow import ShallowNNClassifier, ShallowNNRegressor

README = (DOCS.parent / "README.md").read_text(encoding="utf-8")
API = (DOCS / "api.rst").read_text(encoding="utf-8")
OPTIONAL = {"skshallow.extras.onnx.": "skl2onnx", "skshallow.extras.dask.": "distributed"}
MODULES = [  # of public objects; their names without an underscore are the public ones
    "skshallow",
    "skshallow.inspection",
    "skshallow.extras.plotting",
    pytest.param("skshallow.extras.onnx", marks=pytest.mark.neighbours("skl2onnx")),
    pytest.param("skshallow.extras.dask", marks=pytest.mark.neighbours("distributed")),
    "skshallow.core.activations",
    "skshallow.core.optimizers",
    "skshallow.core.losses",
    "skshallow.core.initializers",
    "skshallow.core.schedules",
]
INTERNAL = {  # made by the network and taken by no parameter
    "skshallow.core.activations.sigmoid",
    "skshallow.core.initializers.initialize",
    "skshallow.core.losses.BinaryCrossEntropy",
    "skshallow.core.losses.CategoricalCrossEntropy",
    "skshallow.core.losses.softplus",
}
ESTIMATORS = [ShallowNNClassifier, ShallowNNRegressor]
SEARCHED = runpy.run_path(str(DOCS / "search_terms.py"))["PAGES"]
ODD = {  # what the field has other words for
    *("data of every kind", "in rounds", "by heart", "mind outliers", "come to rest"),
    *("the truth", "tables were best", "new rows", "training rows", "test rows", "rows held out"),
    *("what the network looks at", "probabilities you can use", "how the learning rate goes on"),
}

# What numpydoc's validation wants and we do not, and why

ANYWHERE = {
    "ES01": "one sentence may be enough",
    "RT02": "results have a name, as in scikit-learn",
    "SA01": "a neighbour is named where there is one",
}
METHODS = {
    "EX01": "the class has the example",
    "SS05": 'nouns such as "Labels" are taken for verbs',
}
CORE = {"SS02": "a formula starts with its own letter"}
SINGLE = {
    "skshallow.inspection.GradientCheck": {
        "PR01": "nobody but check_gradient makes one: its fields are attributes",
    },
}


def listed():
    """Full names of the objects in the tables of api.rst."""
    module = ""
    for line in API.splitlines():
        if line.startswith(".. currentmodule:: "):
            module = line.split()[-1]
        elif re.fullmatch(r"   \w+", line):
            yield f"{module}.{line.strip()}"


def listed_cases():
    """The same as cases; skipped if an optional package is missing."""
    for name in listed():
        needed = [package for module, package in OPTIONAL.items() if name.startswith(module)]
        yield pytest.param(name, marks=[pytest.mark.neighbours(package) for package in needed])


def load(name):
    """The object of this full name."""
    module, attribute = name.rsplit(".", 1)
    return getattr(importlib.import_module(module), attribute)


def methods(name):
    """Full names of a class's own public methods and properties that say something."""
    cls = load(name)
    if inspect.isclass(cls):
        for attribute, value in vars(cls).items():
            if attribute.startswith("_") or attribute.endswith("_request"):
                continue  # the requests are scikit-learn's
            if isinstance(value, property | classmethod | staticmethod) or inspect.isfunction(
                value
            ):
                yield f"{name}.{attribute}"


def pages():
    """Names of the pages that are written by hand."""
    files = (path.relative_to(DOCS) for path in DOCS.rglob("*.rst"))
    made = ("_build", "_templates", "auto_examples", "generated")
    return [path.with_suffix("").as_posix() for path in files if path.parts[0] not in made]


def children(page):
    """Pages in the toctrees of a page."""
    text = (DOCS / f"{page}.rst").read_text(encoding="utf-8")
    folder = page.rpartition("/")[0]
    for body in re.findall(r"^\.\. toctree::\n((?:   .*\n|\n)*)", text, re.MULTILINE):
        for line in map(str.strip, body.splitlines()):
            if line and not line.startswith(":"):
                page = re.sub(r".* <(.+)>$", r"\1", line)  # with a title of its own
                yield f"{folder}/{page}" if folder else page


@pytest.mark.parametrize("module", MODULES)
def test_every_public_object_is_in_the_api_reference(module):
    found = importlib.import_module(module)
    if hasattr(found, "__all__"):
        names = {f"{module}.{name}" for name in found.__all__ if not name.startswith("_")}
    else:
        names = {
            f"{module}.{name}"
            for name, value in vars(found).items()
            if not name.startswith("_") and getattr(value, "__module__", None) == module
        }
    assert {name for name in listed() if name.rpartition(".")[0] == module} == names - INTERNAL


@pytest.mark.parametrize("name", [*listed_cases()])
def test_every_public_object_has_an_example_that_names_it_and_prints_something(name):
    text = inspect.cleandoc(load(name).__doc__)  # its own, not that of a base
    shown = doctest.DocTestParser().get_examples(text.partition("\nExamples\n--------\n")[2])
    words = "".join(example.source + example.want for example in shown)
    assert re.search(rf"\b{name.rpartition('.')[2]}\b", words)
    assert any(example.want for example in shown)


def test_the_table_of_contents_holds_the_pages_that_there_are():
    seen, left = set(), ["index"]
    while left:
        page = left.pop()
        if page != "auto_examples/index" and page not in seen:
            seen.add(page)
            left += children(page)
    assert seen == set(pages())


def prose(page):
    """The text of a page in lower case, without its code, on one line."""
    text = (DOCS / f"{page}.rst").read_text(encoding="utf-8")
    text = re.sub(r"^( *)\.\. code-block::.*\n(?:\1 +.*\n|\n)*", "", text, flags=re.MULTILINE)
    return " ".join(re.sub(r"``[^`]+``", "", text).lower().split())


@pytest.mark.parametrize(("term", "page"), SEARCHED.items())
def test_a_term_of_the_field_is_on_the_page_where_readers_look_for_it(term, page):
    assert re.search(rf"\b{term.lower()}", prose(page))


def test_the_glossary_links_to_pages_and_has_every_term_once():
    text = (DOCS / "glossary.rst").read_text(encoding="utf-8")
    terms = re.findall(r"^   (\w.*)$", text, re.MULTILINE)
    asked = {term for term, page in SEARCHED.items() if page == "glossary"}
    assert len(terms) == len(set(terms))
    assert asked <= set(terms)


@pytest.mark.parametrize("page", pages())
def test_pages_say_it_in_the_words_of_the_field(page):
    assert {words for words in ODD if words in prose(page)} == set()


def test_the_lecture_notes_are_introduced_where_a_page_first_names_them():
    for page in pages():
        text = re.sub(r"<[^>]+>", "", prose(page))
        first = re.search(r"\b(lecture )?notes\b", text)
        assert first is None or first[1], page


def test_what_to_install_first_can_be_installed():
    """There is no release on PyPI yet: pages install from a clone."""
    for page in pages():
        text = (DOCS / f"{page}.rst").read_text(encoding="utf-8")
        shown = "".join(re.findall(r"^ +(?:\S+/)?pip install .*$", text, re.MULTILINE))
        assert "skshallow" not in shown, page


def brightness(color):
    """From 0, black, to 1, white."""
    from matplotlib.colors import to_rgb

    return sum(to_rgb(color)) / 3


@pytest.mark.neighbours("sphinx_gallery")
def test_a_figure_for_dark_pages_has_light_ink_and_the_same_data(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    dark_figures = importlib.import_module("dark_figures")
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    figure = Figure()
    ax = figure.subplots()
    curve, image = ax.plot([1, 3], "#ff8000")[0], ax.imshow([[0, 1]])
    ax.set(title="title", xlabel="epoch", ylabel="loss")
    before = curve.get_xydata().copy(), image.get_array().copy(), image.get_cmap().name
    dark_figures.darken(figure)
    figure.draw_without_rendering()
    assert all(brightness(text.get_color()) > 0.8 for text in figure.findobj(Text))
    assert all(brightness(spine.get_edgecolor()) > 0.8 for spine in ax.spines.values())
    assert figure.patch.get_facecolor()[3] == ax.patch.get_facecolor()[3] == 0  # transparent
    assert brightness(curve.get_color()) == pytest.approx(brightness("#ff8000"))
    assert (curve.get_xydata() == before[0]).all()
    assert (image.get_array() == before[1]).all()
    assert image.get_cmap().name == before[2]


@pytest.mark.neighbours("sphinx")
def test_the_sidebar_of_the_api_has_the_objects_of_its_page_in_groups(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    page_heads = importlib.import_module("page_heads")
    groups = list(page_heads.groups({}))
    names = [page.removeprefix("generated/") for _, objects in groups for _, page in objects]
    assert names == [*listed()]
    assert [title for title, _ in groups] == re.findall(r"^(.+)\n-+$", API, re.MULTILINE)


@pytest.mark.neighbours("sphinx", "math_core")
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_an_estimator_links_to_its_page(estimator):
    links = re.findall(r'href="([^"]+)"', estimator()._repr_html_())
    found = {unquote(link.partition("#")[0]) for link in links}
    pages = runpy.run_path(str(DOCS / "conf.py"))["autosummary_filename_map"]
    page = pages[f"skshallow.{estimator.__name__}"]
    assert found == {f"https://skshallow.readthedocs.io/en/stable/generated/{page}.html"}


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_parameter_of_an_estimator_has_a_tooltip_and_a_link_to_its_words(estimator):
    html = estimator()._repr_html_()
    for name, value in inspect.signature(estimator).parameters.items():
        words = re.search(rf"^    {name} : (.+)$", estimator.__doc__, re.MULTILINE)[1]
        fragment = next(
            unquote(found)
            for found in re.findall(r"#:~:text=([^\"]+)", html)
            if unquote(found).startswith(f"{name},")
        )
        assert fragment == f"{name},-{words.replace('`', '')}", value


@pytest.mark.neighbours("numpydoc")
@pytest.mark.parametrize("name", [*listed_cases()])
def test_docstrings_pass_numpydoc_validation(name):
    from numpydoc.validate import validate

    core = CORE if name.startswith("skshallow.core.") else {}
    allowed = {name: ANYWHERE | core | SINGLE.get(name, {})}
    cls = load(name)
    for method in methods(name):
        attribute = method.rpartition(".")[2]
        inherited = any(hasattr(base, attribute) for base in getattr(cls, "__mro__", ())[1:])
        if getattr(cls, attribute).__doc__ is not None or not inherited:
            allowed[method] = ANYWHERE | METHODS | core
    complaints = {
        (target, *error)
        for target, fine in allowed.items()
        for error in validate(target)["errors"]
        if error[0] not in fine
    }
    assert complaints == set()


def test_the_version_is_the_same_everywhere():
    root = DOCS.parent
    cited = re.search(r"^version: (.+)$", (root / "CITATION.cff").read_text(), re.MULTILINE)[1]
    newest = re.search(r"^(.+)\n-+$", (DOCS / "changes.rst").read_text(), re.MULTILINE)[1]
    assert cited == newest == skshallow.__version__


@pytest.mark.slow
def test_the_readme_prints_what_it_shows():
    code, shown = re.findall(r"^```(?:python|text)\n(.+?)^```$", README, re.MULTILINE | re.DOTALL)[
        :2
    ]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, {})
    assert printed.getvalue() == shown


def test_the_readme_and_the_site_tell_the_same_figures():
    site = (DOCS / "benchmarks.rst").read_text(encoding="utf-8")
    told, written = (
        [re.findall(r"[\w.]+", row) for row in re.findall(pattern, text, re.MULTILINE)]
        for pattern, text in [
            (r"^ *\| (.+\d) \|$", README),
            (r"^   \* - (.+(?:\n     - .+)*)", site),
        ]
    )
    assert len(told) == 11
    assert [row for row in told if row not in written] == []


@pytest.mark.parametrize(
    ("page", "title", "text"), [*sections("index.rst", fast=0), *sections("api.rst")]
)
def test_the_page_prints_what_it_shows(page, title, text):
    assert_prints_what_it_shows(page, title, text)
