"""What all pictures share: colours, new axes, short names."""

import matplotlib.pyplot as plt

# Okabe and Ito (2008), Color universal design
COLORS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000"]
POSITIVE, NEGATIVE, GREY = "#0072B2", "#D55E00", "0.35"
SCORE = "#D55E00"  # of a score beside the first color, which the color-blind tell apart from it
LONGEST = 30  # letters of a name


def axes_or_new(ax, **figure):
    """The given axis, or that of a new figure in which nothing is clipped."""
    return plt.subplots(layout="constrained", **figure)[1] if ax is None else ax


def shorten(name):
    """The name, cut if it is long."""
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
