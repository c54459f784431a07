"""Figures for dark pages: an extension of Sphinx, and the scraper of the gallery.

The gallery saves every figure twice: as it is, and with light ink on a transparent page. Wherever
a page shows ``x.png`` or ``x.svg`` and ``x-dark.png`` or ``x-dark.svg`` lies beside it, readers of
the dark theme see the latter.
"""

import pickle
import re
from pathlib import Path

import numpy as np
from docutils import nodes
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.colors import rgb_to_hsv, to_rgba, to_rgba_array
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from sphinx.transforms import SphinxTransform
from sphinx_gallery.directives import imgsgnode
from sphinx_gallery.scrapers import matplotlib_scraper
from sphinx_gallery.utils import scale_image

INK, PAGE = np.array(to_rgba("#e3e6ea")), np.array(to_rgba("#14181e"))


def dark(color):
    """The color on a dark page: grays change places, strong dark colors become a little lighter."""
    red_green_blue, alpha = np.array(to_rgba(color)[:3]), to_rgba(color)[3]
    _, saturation, value = rgb_to_hsv(red_green_blue)
    if saturation < 0.15:
        lighter = INK[:3] + value * (PAGE[:3] - INK[:3])
    elif red_green_blue @ (0.21, 0.72, 0.07) < 0.45:
        lighter = red_green_blue + 0.35 * (1 - red_green_blue)
    else:
        lighter = red_green_blue
    return (*lighter, alpha)


def darken(figure):
    """Give a figure light ink; what stands for a number by its color keeps it."""
    on_colors = {
        id(text)
        for ax in figure.axes
        if ax.images or any(c.get_array() is not None for c in ax.collections)
        for text in ax.texts
    }
    pages = {id(figure.patch), *(id(ax.patch) for ax in figure.findobj(Axes))}
    for artist in figure.findobj():
        if isinstance(artist, Line2D):
            for part in ("color", "markerfacecolor", "markeredgecolor"):
                color = getattr(artist, f"get_{part}")()
                if not isinstance(color, str) or color not in ("none", "auto"):
                    getattr(artist, f"set_{part}")(dark(color))
        elif isinstance(artist, Text) and id(artist) not in on_colors:
            artist.set_color(dark(artist.get_color()))
        elif isinstance(artist, Patch):
            artist.set_edgecolor(dark(artist.get_edgecolor()))
            artist.set_facecolor("none" if id(artist) in pages else dark(artist.get_facecolor()))
        elif isinstance(artist, Collection) and artist.get_array() is None:
            for part in ("edgecolor", "facecolor"):
                colors = to_rgba_array(getattr(artist, f"get_{part}")())
                getattr(artist, f"set_{part}")([dark(color) for color in colors] or "none")


def scrape(block, block_vars, gallery_conf, **kwargs):
    """The gallery's own scraper, then every figure once more for dark pages."""
    copies, saved = [pickle.dumps(plt.figure(number)) for number in plt.get_fignums()], []

    def remembered():
        for path in block_vars["image_path_iterator"]:
            saved.append(Path(path))
            yield path

    light = {**block_vars, "image_path_iterator": remembered()}
    text = matplotlib_scraper(block, light, gallery_conf, **kwargs)
    for path, copy in zip(saved, copies, strict=True):
        figure = pickle.loads(copy)
        darken(figure)
        plain, fine = (path.with_stem(f"{path.stem}{end}") for end in ("-dark", "_2_00x-dark"))
        figure.savefig(plain, transparent=True)
        figure.savefig(fine, transparent=True, dpi=2 * figure.dpi)
        if path.stem.endswith("_001"):
            thumbnail = path.parent / "thumb" / f"{path.stem[:-4]}_thumb-dark.png"
            thumbnail.parent.mkdir(exist_ok=True)
            figure.savefig(thumbnail, facecolor=PAGE)
            scale_image(thumbnail, thumbnail, *gallery_conf["thumbnail_size"])
    plt.close("all")
    return text


def _get_sg_image_scraper():
    """What sphinx-gallery asks a module for."""
    return scrape


class DarkImages(SphinxTransform):
    """Put the dark version of an image, if there is one, beside it."""

    default_priority = 400

    def apply(self):
        """One of the two is seen."""
        for image in [*self.document.findall(nodes.image), *self.document.findall(imgsgnode)]:
            classes = set(image.get("classes", ()))
            if classes & {"only-light", "only-dark"} or "://" in image["uri"]:
                continue
            path = Path(self.env.relfn2path(image["uri"])[1])
            if path.with_stem(f"{path.stem}-dark").is_file():
                twin = image.deepcopy()
                twin["uri"] = _dark_name(image["uri"])
                for node, word in ((image, "only-light"), (twin, "only-dark")):
                    node["classes"] = [*node.get("classes", ()), word]
                if isinstance(image, imgsgnode):  # writes the first of its classes only
                    twin["srcset"] = re.sub(r"\.png\b", "-dark.png", image["srcset"])
                    for node, word in ((image, "only-light"), (twin, "only-dark")):
                        node["class"] = [" ".join([*(node["class"] or ()), word])]
                image.parent.insert(image.parent.index(image) + 1, twin)


def _dark_name(uri):
    stem, _, suffix = uri.rpartition(".")
    return f"{stem}-dark.{suffix}"


def setup(app):
    """Add the transform."""
    app.add_transform(DarkImages)
    return {"parallel_read_safe": True}
