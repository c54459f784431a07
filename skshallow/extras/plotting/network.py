"""NetworkDisplay: the network as a diagram."""

from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from skshallow.extras.plotting import fitted
from skshallow.extras.plotting.style import GREY, NEGATIVE, POSITIVE, axes_or_new, shorten

WIDEST = 5.0  # points
UNIT = 0.42  # inches between the centres of neighbours, in a new figure
RADIUS, BESIDE = 0.36, 0.5  # in that unit: of a circle, from its centre to its name
PAD = 8  # points around the diagram


@dataclass(eq=False, repr=False)
class NetworkDisplay:
    """Network diagram: features, hidden units and outputs in three columns of circles.

    The width of a line is the size of the weight, in proportion to the largest of its layer that
    is shown; blue is positive, orange negative. Of large networks the most important parts are
    shown: the units with the largest outgoing weights, the features with the largest weights to
    units that matter, the outputs with the largest weights. Biases are not shown.

    Parameters
    ----------
    W1 : array-like of shape (n_units, n_features)
        Weights of the hidden layer.
    W2 : array-like of shape (n_outputs, n_units)
        Weights of the output layer.
    feature_names : array-like of shape (n_features,), default=None
        Names of the inputs; None is x0, x1 and so on.
    output_names : array-like of shape (n_outputs,), default=None
        Names of the outputs; None is y0, y1 and so on.
    output_kind : str, default="outputs"
        Heading of the outputs.
    scaled : bool, default=False
        Whether the weights are multiplied by standard deviations, which the legend then says.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axis of the diagram.
    figure_ : matplotlib Figure
        Its figure.
    features_, units_, outputs_ : ndarray of int
        What is shown: columns of W1, rows of W1, rows of W2.
    feature_nodes_, unit_nodes_, output_nodes_ : matplotlib PatchCollection
        The circles.
    feature_texts_, unit_texts_, output_texts_ : list of matplotlib Text
        Their names; the last one says how many more there are if not all are shown.
    W1_lines_, W2_lines_ : matplotlib LineCollection
        The weights, the largest last.
    legend_ : matplotlib Legend
        Meaning of colours and widths.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skshallow import ShallowNNClassifier
    >>> from skshallow.extras.plotting import NetworkDisplay
    >>> iris = load_iris()
    >>> network = ShallowNNClassifier(5, random_state=0).fit(iris.data, iris.target)
    >>> display = NetworkDisplay.from_estimator(
    ...     network, iris.data, feature_names=iris.feature_names, output_names=iris.target_names
    ... )
    >>> [text.get_text() for text in display.output_texts_]
    ['setosa', 'versicolor', 'virginica']
    """

    W1: ArrayLike
    W2: ArrayLike
    _: KW_ONLY
    feature_names: ArrayLike | None = None
    output_names: ArrayLike | None = None
    output_kind: str = "outputs"
    scaled: bool = False

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: ArrayLike | None = None,
        *,
        feature_names: ArrayLike | None = None,
        output_names: ArrayLike | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw a fitted network.

        Parameters
        ----------
        estimator : fitted estimator, or Pipeline that ends in one
            The network. In a Pipeline its features are the transformed ones.
        X : {array-like, sparse matrix or array} of shape (n_samples, n_features), default=None
            Inputs, as for ``predict``. With them every weight is multiplied by the standard
            deviation of what it multiplies, the feature or the unit's activation: weights of
            features in different units of measure can then be compared, and so can hidden units.
            Else weights are shown as they are, for raw inputs.
        feature_names, output_names : array-like of str, default=None
            Names to show. None takes those of the fitted columns (x0, x1 and so on if they have
            none) and the classes; targets are y0, y1 and so on.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        **kwargs : dict
            ``max_features``, ``max_units``, ``max_outputs`` of ``plot``.

        Returns
        -------
        display : NetworkDisplay
            With what was drawn in its attributes.

        Raises
        ------
        TypeError
            If the estimator is not of this package.
        sklearn.exceptions.NotFittedError
            If it is not fitted.
        ValueError
            If X does not fit, there are too few or too many names, or a limit is not positive.
        """
        network = fitted.network_of(estimator)
        output_kind, known_names = fitted.describe_outputs(network)
        W1, W2 = fitted.weights_of(network, fitted.inputs_of(estimator, X))
        display = cls(
            W1,
            W2,
            feature_names=fitted.feature_names_of(estimator)
            if feature_names is None
            else feature_names,
            output_names=known_names if output_names is None else output_names,
            output_kind=output_kind,
            scaled=X is not None,
        )
        return display.plot(ax, **kwargs)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        max_features: int = 10,
        max_units: int = 10,
        max_outputs: int = 10,
    ) -> Self:
        """Draw the diagram.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        max_features, max_units, max_outputs : int, default=10
            How many circles to show in each column.

        Returns
        -------
        display : NetworkDisplay
            This object.

        Raises
        ------
        TypeError, ValueError
            If a limit is not a positive integer, or the number of names is wrong.
        """
        W1, W2 = np.asarray(self.W1), np.asarray(self.W2)
        columns = self._columns(W1, W2, max_features, max_units, max_outputs)
        self.features_, self.units_, self.outputs_ = (column.shown for column in columns)
        inner, outer = W1[self.units_][:, self.features_], W2[self.outputs_][:, self.units_]
        self.ax_ = axes_or_new(ax)
        self.figure_ = self.ax_.figure
        self.ax_.set_axis_off()
        self.feature_nodes_, self.feature_texts_ = columns[0].draw(self.ax_)
        self.unit_nodes_, self.unit_texts_ = columns[1].draw(self.ax_)
        self.output_nodes_, self.output_texts_ = columns[2].draw(self.ax_)
        self.W1_lines_ = _draw_weights(self.ax_, columns[0], columns[1], inner)
        self.W2_lines_ = _draw_weights(self.ax_, columns[1], columns[2], outer)
        self.legend_ = self._draw_legend(np.abs(inner).max(), np.abs(outer).max())
        self._make_room(columns, grow=ax is None)
        return self

    def _columns(self, W1, W2, max_features, max_units, max_outputs):
        """What goes into the three columns."""
        outgoing = np.linalg.norm(W2, axis=0)
        features = fitted.largest("max_features", max_features, outgoing @ np.abs(W1))
        units = fitted.largest("max_units", max_units, outgoing)
        outputs = fitted.largest("max_outputs", max_outputs, np.linalg.norm(W2, axis=1))
        n_units, n_features = W1.shape
        feature_names = fitted.names_or_numbers(
            "feature_names", self.feature_names, "x", n_features
        )
        output_names = fitted.names_or_numbers("output_names", self.output_names, "y", len(W2))
        columns = (
            _Column("features", features, feature_names, "right"),
            _Column("hidden units", units, [str(i) for i in range(n_units)], "center"),
            _Column(self.output_kind, outputs, output_names, "left"),
        )
        rows = max(len(column.heights) for column in columns)
        for k, column in enumerate(columns):
            column.x, column.top = k * max(3.0, 0.45 * rows), (rows + 1) / 2
        return columns

    def _draw_legend(self, widest1, widest2):
        def key(color, width, label):
            return Line2D([], [], color=color, linewidth=width, label=label)

        handles = [
            key(POSITIVE, WIDEST / 2, "positive"),
            key(NEGATIVE, WIDEST / 2, "negative"),
            key(GREY, WIDEST, f"{widest1:.2g} left, {widest2:.2g} right"),
            key(GREY, WIDEST / 2, "half of that"),
        ]
        title = "weight × standard deviation of its input" if self.scaled else "weight"
        style = {"fontsize": 9, "title_fontsize": 9, "frameon": False}
        legend = self.ax_.legend(handles=handles, title=title, loc="lower center", ncols=2, **style)
        legend.set_in_layout(False)
        return legend

    def _make_room(self, columns, *, grow):
        """Limits with room for texts, whose size is in points, beside circles, in units."""
        left, right = (column.overhang() + PAD for column in (columns[0], columns[2]))
        (width, height), top = _size(self.legend_), columns[0].top
        low = 0.4 - top
        span = np.array([columns[2].x + 2 * BESIDE, top + 0.5 - low])
        fixed = np.array([left + right, height + 2 * PAD])
        if grow:
            inches = UNIT * span + fixed / 72
            self.figure_.set_size_inches(max(inches[0], (width + 2 * PAD) / 72), inches[1])
        self.figure_.canvas.figure.draw_without_rendering()
        room = self.ax_.get_window_extent().size * 72 / self.figure_.dpi
        unit = max(((room - fixed) / span).min(), 1)
        spare = (room - fixed) / unit - span
        corner = np.array([-BESIDE, low]) - np.array([left, fixed[1]]) / unit - spare / 2
        (x, y), (x_end, y_end) = corner, corner + room / unit
        self.ax_.set(xlim=(x, x_end), ylim=(y, y_end), aspect="equal")
        self._shrink(columns, unit)

    def _shrink(self, columns, unit):
        """Finer lines and letters where neighbours are few points apart."""
        finer, smaller = np.clip([unit / 72 / UNIT, unit / 18], [0.4, 0.6], 1)
        for lines in (self.W1_lines_, self.W2_lines_, *self.legend_.get_lines()):
            lines.set_linewidth(finer * np.asarray(lines.get_linewidth()))
        for text in (text for column in columns for text in (*column.texts, column.title)):
            text.set_fontsize(smaller * text.get_fontsize())


def _size(artist):
    """Width and height in points."""
    return artist.get_window_extent().size * 72 / artist.figure.dpi


class _Column:
    """Circles one above the other, with names; dots where there are more.

    ``align`` says which end of a name is at its circle, ``x`` where the column stands, ``top``
    how high the heading.
    """

    def __init__(self, heading, shown, names, align):
        self.heading, self.shown, self.names, self.align = heading, shown, names, align
        rows = len(shown) + (len(shown) < len(names))
        self.heights = (rows - 1) / 2 - np.arange(rows)
        self.x = self.top = 0.0

    def draw(self, ax):
        """The circles, and the texts of names and of how many more there are."""
        circles = [Circle((self.x, y), RADIUS) for y in self.heights[: len(self.shown)]]
        nodes = PatchCollection(circles, facecolor=ax.get_facecolor(), edgecolor=GREY, zorder=2)
        ax.add_collection(nodes)
        beside = {"right": -BESIDE, "center": 0, "left": BESIDE}[self.align]
        self.texts = [
            self._write(ax, beside, y, shorten(self.names[i]), self.align)
            for y, i in zip(self.heights, self.shown, strict=False)
        ]
        if len(self.shown) < len(self.names):
            more = f"⋮\n{len(self.names) - len(self.shown)} more"
            self.texts.append(self._write(ax, 0, self.heights[-1], more, "center"))
        self.title = self._write(ax, 0, self.top, self.heading, "center", fontsize=10)
        return nodes, self.texts

    def overhang(self):
        """Points by which texts reach beyond the circles."""
        shares = {"left": 1, "center": 0.5, "right": 1}
        return max(_size(text)[0] * shares[text.get_ha()] for text in (*self.texts, self.title))

    def _write(self, ax, beside, y, words, align, fontsize=9):
        # not in the layout, because the limits of the axes leave room: see _make_room
        style = {"fontsize": fontsize, "parse_math": False, "in_layout": False}
        return ax.text(self.x + beside, y, words, ha=align, va="center", **style)


def _draw_weights(ax, start, end, W):
    """A line for each weight, the largest last and on top; small ones are faint."""
    size = np.abs(W) / (np.abs(W).max() or 1)
    order = np.argsort(size, axis=None, kind="stable")
    segments, widths, colors = [], [], []
    for i, j in zip(*np.unravel_index(order, W.shape), strict=True):
        segments.append([(start.x, start.heights[j]), (end.x, end.heights[i])])
        widths.append(WIDEST * size[i, j])
        colors.append(to_rgba(POSITIVE if W[i, j] > 0 else NEGATIVE, 0.1 + 0.9 * size[i, j]))
    lines = LineCollection(segments, linewidths=widths, colors=colors, zorder=1)
    ax.add_collection(lines)
    return lines
