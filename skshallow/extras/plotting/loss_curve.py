"""LossCurveDisplay: loss and validation score of every epoch."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.cbook import normalize_kwargs
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from skshallow._defaults import is_lbfgs
from skshallow.extras.plotting.fitted import network_of
from skshallow.extras.plotting.style import COLORS, GREY, SCORE, axes_or_new

TWIN = "validation scores"  # label of the second axis, by which a further plot finds it
ACROSS, UP = {"right": 1, "center": 0.5, "left": 0}, {"center": 0.5, "upper": 1, "lower": 0}
PLACES = {  # of a legend: parts of the room it leaves, from the left and from the bottom
    f"{v} {h}".replace("center center", "center"): (ACROSS[h], UP[v]) for h in ACROSS for v in UP
}


@dataclass(eq=False, repr=False)
class LossCurveDisplay:
    """Training loss, and validation loss or score, in each epoch.

    Losses are solid (training) and dashed (validation) lines; a validation score other than the
    loss has an axis of its own on the right, and each axis then has the color of its curve. A point
    marks the epoch whose weights were kept. Several networks go into one axis by
    ``from_estimators``, or by plotting on it again: then every network has a color.

    Parameters
    ----------
    loss : array-like of shape (n_epochs,)
        Training loss.
    validation : array-like of shape (n_epochs,), default=None
        Validation loss or score; nan in epochs without.
    validation_name : str, default="loss"
        What ``validation`` is; anything but "loss" goes to the axis on the right.
    penalty : array-like of shape (n_epochs,), default=None
        Penalty, which together with the training loss is J.
    best_iter : int, default=None
        Epoch to mark, counted from one.
    epoch_name : str, default="epoch"
        Label of the horizontal axis.
    name : str, default=None
        Name of the network in the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axis of the losses.
    score_ax_ : matplotlib Axes or None
        Axis of other validation scores, if there are any.
    figure_ : matplotlib Figure
        The figure of ``ax_``.
    line_ : matplotlib Line2D
        Training loss.
    validation_line_, penalty_line_, best_point_ : matplotlib Line2D or None
        The other things drawn.
    legend_ : matplotlib Legend
        Names and kinds of all lines of the axis.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skshallow import ShallowNNClassifier
    >>> from skshallow.extras.plotting import LossCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> network = ShallowNNClassifier(16, early_stopping=True, random_state=0).fit(X, y)
    >>> display = LossCurveDisplay.from_estimator(network, log_scale=True)
    >>> [text.get_text() for text in display.legend_.get_texts()][:2]
    ['training loss', 'validation loss']
    """

    loss: ArrayLike
    _: KW_ONLY
    validation: ArrayLike | None = None
    validation_name: str = "loss"
    penalty: ArrayLike | None = None
    best_iter: int | None = None
    epoch_name: str = "epoch"
    name: str | None = None

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        *,
        name: str | None = None,
        penalty: bool = False,
        log_scale: bool = False,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the curves of a fitted network.

        The epoch of the kept weights is marked if there were validation scores, or if it is not
        the last.

        Parameters
        ----------
        estimator : fitted estimator, or Pipeline that ends in one
            The network.
        name : str, default=None
            Its name in the legend.
        penalty : bool, default=False
            Whether to draw the penalty, too.
        log_scale : bool, default=False
            Whether losses get a logarithmic axis; values of zero are then left out.
        ax : matplotlib Axes, default=None
            Where to draw, beside what is there already; None makes a new figure.
        **kwargs : dict
            Properties of the lines, for example ``linewidth``.

        Returns
        -------
        display : LossCurveDisplay
            With what was drawn in its attributes.

        Raises
        ------
        TypeError
            If the estimator is not of this package.
        sklearn.exceptions.NotFittedError
            If it is not fitted.
        ValueError
            If a loss is negative and the axis logarithmic.
        """
        network = network_of(estimator)
        validation, scoring = network.validation_scores_, network.scoring
        if isinstance(scoring, str) and scoring == "loss" and validation is not None:
            validation = -validation
        marked = validation is not None or network.best_iter_ < network.n_iter_
        display = cls(
            network.loss_curve_,
            validation=validation,
            validation_name=scoring if isinstance(scoring, str) else "score",
            penalty=network.penalty_curve_ if penalty else None,
            best_iter=network.best_iter_ if marked else None,
            epoch_name="iteration" if is_lbfgs(network.solver) else "epoch",
            name=name,
        )
        return display.plot(ax, log_scale=log_scale, **kwargs)

    @classmethod
    def from_estimators(
        cls, estimators: Mapping[str, BaseEstimator], *, ax: Axes | None = None, **kwargs: Any
    ) -> dict[str, Self]:
        """Draw the curves of several fitted networks in one axis.

        Parameters
        ----------
        estimators : dict
            Fitted estimators, or Pipelines that end in one, by name.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        **kwargs : dict
            As for ``from_estimator``.

        Returns
        -------
        displays : dict of LossCurveDisplay
            The display of each network, by name.

        Raises
        ------
        TypeError, ValueError, sklearn.exceptions.NotFittedError
            As ``from_estimator``.
        """
        for estimator in estimators.values():
            network_of(estimator)  # complain before anything is drawn
        ax, displays = axes_or_new(ax), {}
        for name, estimator in estimators.items():
            displays[name] = cls.from_estimator(estimator, name=name, ax=ax, **kwargs)
        return displays

    def plot(self, ax: Axes | None = None, *, log_scale: bool = False, **kwargs: Any) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw, beside what is there already; None makes a new figure.
        log_scale : bool, default=False
            Whether losses get a logarithmic axis; values of zero are then left out.
        **kwargs : dict
            Properties of the lines, for example ``linewidth``.

        Returns
        -------
        display : LossCurveDisplay
            This object.

        Raises
        ------
        ValueError
            If a loss is negative and the axis logarithmic.
        """
        logarithmic = log_scale or (ax is not None and ax.get_yscale() == "log")
        if logarithmic:
            self._check_not_negative()
        self.ax_, kwargs = axes_or_new(ax), normalize_kwargs(kwargs, Line2D)
        self.figure_, self.score_ax_ = self.ax_.figure, _twin_of(self.ax_)
        if logarithmic:
            self.ax_.set_yscale("log")
        by_axis = self.name is None and not self.ax_.lines and "color" not in kwargs
        if not self.ax_.lines:
            self.ax_.set_prop_cycle(color=COLORS)
        self._label_axes()
        label = "training loss" if self.name is None else self.name
        self.line_ = _draw_curve(self.ax_, self.loss, label, "-", kwargs)
        kwargs.setdefault("color", self.line_.get_color())
        self.penalty_line_ = self.validation_line_ = None
        if self.penalty is not None:
            self.penalty_line_ = _draw_curve(self.ax_, self.penalty, "penalty", ":", kwargs)
        if self.validation is not None:
            ax, label = self._validation_axis()
            if by_axis and ax is self.score_ax_:
                kwargs["color"] = SCORE
            self.validation_line_ = _draw_curve(ax, self.validation, label, "--", kwargs)
        self._color_axes(by_axis)
        self._mark_best()
        self.legend_ = _draw_legend(self.ax_, self.score_ax_)
        return self

    def _check_not_negative(self):
        is_loss = self.validation is not None and self.validation_name == "loss"
        for curve in (self.loss, self.validation) if is_loss else (self.loss,):
            least = np.nanmin(curve, initial=0)
            if least < 0:
                raise ValueError(f"a log axis shows no loss of {least:.3g}: use log_scale=False")

    def _label_axes(self):
        known = self.ax_.get_xlabel() in ("", self.epoch_name)
        self.ax_.set_xlabel(self.epoch_name if known else "epoch or iteration")
        self.ax_.set_ylabel("loss")
        self.ax_.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))

    def _validation_axis(self):
        """Where the validation curve goes, and its label."""
        label = "validation " + self.validation_name.replace("_", " ")
        if self.validation_name == "loss":
            return self.ax_, label
        if self.score_ax_ is None:
            self.score_ax_ = self.ax_.twinx()
            self.score_ax_.set_label(TWIN)
        known = self.score_ax_.get_ylabel() in ("", label)
        self.score_ax_.set_ylabel(label if known else "validation score")
        return self.score_ax_, label

    def _color_axes(self, by_axis):
        """Labels and ticks of two axes: in the color of the curve, or all in that of the style."""
        if self.score_ax_ is not None:
            for ax in (self.ax_, self.score_ax_):
                color, text = rcParams["ytick.color"], rcParams["axes.labelcolor"]
                if by_axis:
                    color = text = ax.lines[0].get_color()
                ax.tick_params(axis="y", which="both", color=color, labelcolor=color)
                ax.yaxis.label.set_color(text)

    def _mark_best(self):
        """A point on the validation curve, or on the training curve where that has no value."""
        self.best_point_, label = None, "weights kept"
        if self.name is None:
            label += f" ({self.epoch_name} {self.best_iter})"
        for line in (self.validation_line_, self.line_):
            if self.best_point_ is None and line is not None:
                epochs, values = line.get_data()
                here = (epochs == self.best_iter) & np.isfinite(values)
                if here.any():
                    style = {"color": line.get_color(), "zorder": 3, "label": label}
                    style |= {"markersize": 8, "markeredgecolor": line.axes.get_facecolor()}
                    (self.best_point_,) = line.axes.plot(epochs[here], values[here], "o", **style)


def _twin_of(ax):
    """The axis of validation scores that an earlier plot has put over this one, or None."""
    place, twins = ax.get_position().bounds, [a for a in ax.figure.axes if a.get_label() == TWIN]
    return next((twin for twin in twins if twin.get_position().bounds == place), None)


def _draw_curve(ax, values, label, linestyle, kwargs):
    """Values of epochs 1, 2 and so on; what a logarithmic axis cannot hold is left out."""
    values = np.asarray(values, dtype=float)
    if ax.get_yscale() == "log":
        values = np.where(values > 0, values, np.nan)
    style = {"linestyle": linestyle, **kwargs}
    return ax.plot(np.arange(1, len(values) + 1), values, label=label, **style)[0]


def _draw_legend(ax, score_ax):
    """One entry for each label; in grey where lines of several colours share it."""
    axes = [ax] if score_ax is None else [ax, score_ax]
    groups = {}
    for line in (line for one in axes for line in one.lines):
        if not line.get_label().startswith("_"):
            groups.setdefault(line.get_label(), []).append(line)
    in_order = sorted(groups.values(), key=lambda lines: lines[0].get_linestyle() != "-")
    handles = [
        lines[0] if len({to_rgba(line.get_color()) for line in lines}) == 1 else _in_grey(lines[0])
        for lines in in_order
    ]
    if ax.get_legend() is not None:
        ax.get_legend().remove()
    legend = axes[-1].legend(handles=handles)  # lines of the upper axis would cross the lower's
    for text in legend.get_texts():
        text.set_parse_math(False)
    if score_ax is not None:
        legend.set_loc(_emptiest_place(legend, axes))
    return legend


def _in_grey(line):
    style = {name: getattr(line, f"get_{name}")() for name in ("linestyle", "marker", "label")}
    return Line2D([], [], color=GREY, **style)


def _emptiest_place(legend, axes):
    """Where the fewest points of both axes lie; matplotlib's "best" looks at one alone."""
    axes[0].figure.canvas.figure.draw_without_rendering()
    frame, box = axes[0].get_window_extent(), legend.get_window_extent()
    points = np.concatenate(
        [one.transData.transform(line.get_xydata()) for one in axes for line in one.lines]
    )
    covered = {}
    for place, parts in PLACES.items():
        corner = frame.min + parts * (frame.size - box.size)
        covered[place] = ((points > corner) & (points < corner + box.size)).all(axis=1).sum()
    return min(covered, key=covered.get)
