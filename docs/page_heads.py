"""What a page tells search engines and those who share its link; the sidebar of the API.

An extension of Sphinx. The description of a page is its first paragraph, or what ``.. meta::``
gives.
"""

import re
from html import escape
from pathlib import Path
from urllib.parse import urljoin

from docutils import nodes

LONGEST = 200  # letters of a description
API = (Path(__file__).parent / "api.rst").read_text(encoding="utf-8")


def description(doctree):
    """The first paragraph of a page that is text, cut at a word."""
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section | nodes.document):
            text = " ".join(paragraph.astext().split())
            if len(text) > LONGEST:
                text = text[: LONGEST - 1].rpartition(" ")[0] + " …"
            return text
    return ""


def groups(names):
    """(title, [(name, page)]) of the objects in each section of api.rst; some pages have names."""
    for title, body in re.findall(r"^(.+)\n-+\n((?:(?!^.+\n-+\n)[\s\S])*)", API, re.MULTILINE):
        module = re.search(r"^\.\. currentmodule:: (\S+)", body, re.MULTILINE)[1]
        found = (f"{module}.{name}" for name in re.findall(r"^   (\w+)$", body, re.MULTILINE))
        pages = [(name.rpartition(".")[2], f"generated/{names.get(name, name)}") for name in found]
        yield title, pages


def add_to_context(app, page, template, context, doctree):
    """Description and Open Graph tags, and the groups for the sidebar of the API."""
    context["api_groups"] = list(groups(app.config.autosummary_filename_map))
    if doctree is None:
        return
    text = description(doctree)
    tags = {
        "og:type": "website",
        "og:site_name": app.config.project,
        "og:title": re.sub("<[^>]+>", "", context["title"]),
        "og:url": urljoin(app.config.html_baseurl, f"{page}.html"),
        "og:image": urljoin(app.config.html_baseurl, "_static/quickstart.png"),
        "og:description": text,
    }
    lines = [f'<meta property="{name}" content="{escape(tags[name])}" />' for name in tags]
    if 'name="description"' not in context["metatags"]:
        lines.insert(0, f'<meta name="description" content="{escape(text)}" />')
    context["metatags"] += "\n" + "\n".join(lines) + "\n"


def setup(app):
    """Connect what is above."""
    app.connect("html-page-context", add_to_context)
    return {"parallel_read_safe": True}
