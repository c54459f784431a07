"""Check a built site: every link within it resolves, and no page loads anything from the network.
Readers who search for a term of docs/search_terms.py find the page that is named there.

Usage: python .ci/check_site.py docs/_build/html
"""

import json
import re
import runpy
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sphinx.search.en import SearchEnglish

LOADED = {("link", "href"), ("script", "src"), ("img", "src"), ("img", "srcset"), ("source", "src")}
# "rel" of a <link> that only names a page
NOT_LOADED = {"canonical", "index", "search", "next", "prev", "author", "copyright"}


class Page(HTMLParser):
    """The anchors of a page, the addresses it links to and those it loads."""

    def __init__(self, path):
        super().__init__()
        self.anchors, self.links, self.loaded = {"", "top"}, set(), set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.anchors |= {attributes[name] for name in ("id", "name") if attributes.get(name)}
        if tag == "a" and attributes.get("href"):
            self.links.add(attributes["href"])
        for name in attributes:
            if (tag, name) in LOADED and attributes.get("rel") not in NOT_LOADED:
                self.loaded |= {address.split()[0] for address in attributes[name].split(", ")}


def not_found(site):
    """A line for every term that does not lead to its page, stemmed as the site's search does."""
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text.partition("(")[2].rpartition(")")[0])
    english, pages = SearchEnglish({}), index["docnames"]
    terms = runpy.run_path(str(Path(__file__).parents[1] / "docs" / "search_terms.py"))["PAGES"]
    for term, page in terms.items():
        words = re.findall(r"\w+", term.lower())
        for word in (english.stem(word) for word in words if word not in english.stopwords):
            found = [index[kind].get(word, []) for kind in ("terms", "titleterms")]
            numbers = {n for some in found for n in ([some] if isinstance(some, int) else some)}
            if page not in {pages[n] for n in numbers}:
                yield f"a search for {term!r} does not find {page}: {word!r} is not there"


def complaints(site):
    """A line for everything that is wrong."""
    files = (path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts)
    pages = {path.resolve(): Page(path) for path in files}
    for path, page in pages.items():
        where = path.relative_to(site.resolve())
        for address in sorted(page.links | page.loaded):
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                if address in page.loaded and parts.scheme != "data":
                    yield f"{where} loads {address} from the network"
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                yield f"{where} links to {address}: no such file"
            elif target in pages and unquote(parts.fragment) not in pages[target].anchors:
                yield f"{where} links to {address}: no such place on that page"
    if not pages:
        yield f"{site} holds no pages"
        return
    yield from not_found(site)


if __name__ == "__main__":
    found = list(complaints(Path(sys.argv[1])))
    print("\n".join(found) or "all links resolve, and every term is found")
    sys.exit(bool(found))
