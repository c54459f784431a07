"""The documentation site: ``python -m sphinx -W --keep-going -b html docs docs/_build/html``.

A built page loads nothing from the network: the theme brings its scripts and fonts, formulas become
MathML at build time, and the font for them is in ``_static``.
"""

import re
import sys
from pathlib import Path
from urllib.request import urlopen

from docutils.nodes import SkipNode, Text, literal_block
from math_core import LatexError, LatexToMathML
from sphinx.directives.code import LiteralInclude
from sphinx.util import logging

from skshallow import __version__

sys.path.insert(0, str(Path(__file__).parent))  # for the modules beside this one

from gallery_order import SECTIONS

project = "skshallow"
author = "The skshallow developers"
copyright = "The skshallow developers"
release = version = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "dark_figures",
    "page_heads",
]
exclude_patterns = ["_build", "**/sg_execution_times.rst"]
templates_path = ["_templates"]
default_role = "literal"
smartquotes = False  # estimators in a notebook link to the words of a docstring as they stand there
nitpicky = True
nitpick_ignore_regex = [  # what intersphinx finds where there is a network
    (r"py:.*", r"(numpy|scipy|sklearn|pandas|matplotlib|onnx|skl2onnx|skops|joblib|optuna)\b.*"),
    (r"py:.*", r"(TypeError|ValueError|ImportError)"),
]

# API reference

autosummary_generate = True
# The address that scikit-learn makes of module and class, and puts into an estimator's HTML.
autosummary_filename_map = {
    "skshallow.ShallowNNClassifier": "skshallow.classifier.ShallowNNClassifier",
    "skshallow.ShallowNNRegressor": "skshallow.regressor.ShallowNNRegressor",
}
autodoc_typehints = "none"  # docstrings say more
autodoc_member_order = "bysource"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False  # the template does
numpydoc_class_members_toctree = False

# Links to other projects, where there is a network

INVENTORIES = {
    "python": "https://docs.python.org/3/",
    "numpy": "https://numpy.org/doc/stable/",
    "scipy": "https://docs.scipy.org/doc/scipy/",
    "sklearn": "https://scikit-learn.org/stable/",
    "matplotlib": "https://matplotlib.org/stable/",
}


def find_inventories(app, config):
    """Link to those projects that answer; without a network to none, and without a warning."""
    for name, url in INVENTORIES.items():
        try:
            urlopen(f"{url}objects.inv", timeout=3).close()
        except OSError:
            return
        config.intersphinx_mapping[name] = (url, None)


# Gallery

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "within_subsection_order": "gallery_order.place",
    "subsection_order": [f"../examples/{section}" for section in SECTIONS],
    "image_scrapers": ("dark_figures",),
    "remove_config_comments": True,
    "backreferences_dir": "generated/examples",
    "doc_module": ("skshallow",),
    "reference_url": {"skshallow": None},
    "min_reported_time": 1e9,
    "write_computation_times": False,
    "capture_repr": (),  # an example prints what it has to say
    "show_memory": False,
    "show_signature": False,
    "download_all_examples": False,
    "parallel": 2,  # examples at a time
    "plot_gallery": "True",
    "image_srcset": ["2x"],
    "thumbnail_size": (600, 420),
}

# Pages

html_theme = "pydata_sphinx_theme"
html_title = "skshallow"
html_static_path = ["_static", "images/quickstart.png"]  # the latter for previews of links
html_css_files = ["style.css"]
html_favicon = "_static/favicon.svg"
html_show_sourcelink = False
html_sidebars = {
    page: []
    for page in (
        "index",
        "getting_started",
        "installation",
        "notes_to_code",
        "coming_from",
        "playground",
        "defaults",
        "benchmarks",
        "recipes",
        "faq",
        "pitfalls",
        "glossary",
        "extending",
        "changes",
        "citation",
        "contributing",
        "reliability",
        "security",
    )
}
html_sidebars |= {page: ["api-groups"] for page in ("api", "generated/*")}
html_baseurl = "https://skshallow.readthedocs.io/en/stable/"
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_theme_options = {
    "logo": {
        "text": "skshallow",
        "image_light": "_static/logo.svg",
        "image_dark": "_static/logo.svg",
    },
    "header_links_before_dropdown": 5,
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# Formulas: MathML, made at build time. A formula that cannot be converted is a warning.

html_math_renderer = "mathml"


def mathml(latex, node, *, display):
    """The formula as MathML; "split" and bare line breaks become "aligned"."""
    latex = latex.replace("{split}", "{aligned}")
    if display and r"\\" in latex and r"\begin" not in latex:
        latex = rf"\begin{{aligned}}{latex}\end{{aligned}}"
    try:
        return LatexToMathML(fancy_error=False).convert_with_local_state(
            latex, displaystyle=display
        )
    except LatexError as error:
        logging.getLogger(__name__).warning("%s in %s", error, latex, location=node)
        return "<code>formula</code>"


def visit_math(translator, node):
    """A formula in a line of text."""
    translator.body.append(mathml(node.astext(), node, display=False))
    raise SkipNode


def visit_displaymath(translator, node):
    """A formula in a paragraph of its own, with its number if it has a label."""
    formula = mathml(node.astext(), node, display=True)
    number = f'<span class="eqno">({node["number"]})</span>' if node["number"] else ""
    label = translator.starttag(node, "div", CLASS="math")
    translator.body.append(f"{label}{number}{formula}</div>\n")
    raise SkipNode


# Listings: of a docstring only the first paragraph, for the page says the rest.

FURTHER = re.compile(r'^( *"""\S(?:(?!""").)*?)\n\n(?:(?!""").)*"""', re.DOTALL | re.MULTILINE)


class Listing(LiteralInclude):
    """``literalinclude`` that shortens the docstrings of what is included by name."""

    def run(self):
        """The listing, or why there is none."""
        found = super().run()
        if "pyobject" in self.options:
            for block in (block for part in found for block in part.findall(literal_block)):
                block.rawsource = FURTHER.sub(r'\1"""', block.rawsource)
                block[:] = [Text(block.rawsource)]
        return found


def setup(app):
    """Connect what is above."""
    app.add_directive("literalinclude", Listing, override=True)
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displaymath, None))
    app.connect("config-inited", find_inventories)
