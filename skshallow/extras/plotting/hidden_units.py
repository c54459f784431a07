"""HiddenUnitsDisplay: the hidden units as images."""

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from numbers import Integral
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.base import BaseEstimator

from skshallow._names import shown
from skshallow._parameter_checks import check_number
from skshallow.extras.plotting import fitted
from skshallow.extras.plotting.style import axes_or_new, shorten


@dataclass(eq=False, repr=False)
class HiddenUnitsDisplay:
    """An image for each hidden unit, of its weights or of its activation.

    For image data it is the unit's row of W1, in the shape of the images; for two features the
    unit's activation all over the plane. All pictures share one scale of colours,
    white at zero.

    Parameters
    ----------
    maps : array-like of shape (n_units, n_rows, n_columns)
        The pictures.
    units : array-like of int, shape (n_units,), default=None
        Rows of W1 that they belong to, for the titles; None is all in order.
    extent : tuple (left, right, bottom, top), default=None
        The part of the plane that is shown, the first row of a picture at the bottom; None for
        images, the first row at the top.
    feature_names : sequence of two str, default=None
        Names of the axes of the plane.
    map_name : str, default="weight"
        What colours stand for.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axis whose place the pictures take; nothing is drawn in it.
    axes_ : ndarray of matplotlib Axes, shape (n_units,)
        The axes of the pictures.
    figure_ : matplotlib Figure
        Their figure.
    images_ : list of matplotlib AxesImage
        The pictures.
    colorbar_ : matplotlib Colorbar
        The scale of colours.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skshallow import ShallowNNClassifier
    >>> from skshallow.extras.plotting import HiddenUnitsDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> network = ShallowNNClassifier(8, max_iter=10, random_state=0).fit(X, y)
    >>> display = HiddenUnitsDisplay.from_estimator(network, X, max_units=4)
    >>> display.images_[0].get_array().shape
    (8, 8)
    """

    maps: ArrayLike
    _: KW_ONLY
    units: ArrayLike | None = None
    extent: tuple[float, float, float, float] | None = None
    feature_names: Sequence[str] | None = None
    map_name: str = "weight"

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: ArrayLike | None = None,
        *,
        max_units: int = 16,
        image_shape: tuple[int, int] | None = None,
        grid_resolution: int = 100,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the hidden units of a fitted network, those with the largest outgoing weights first.

        Parameters
        ----------
        estimator : fitted estimator, or Pipeline that ends in one
            The network. In a Pipeline its features are the transformed ones.
        X : {array-like, sparse matrix or array} of shape (n_samples, n_features), default=None
            Inputs, as for ``predict``. For two features they give the part of the plane to show.
            For images every weight is multiplied by the standard deviation of its pixel: pixels
            that are nearly constant may have large weights that do not matter. Outgoing weights
            are multiplied by the standard deviation of the unit's activation.
        max_units : int, default=16
            How many units to show.
        image_shape : tuple (n_rows, n_columns), default=None
            Shape of the images. None means square ones, at least 3 x 3, or two features.
        grid_resolution : int, default=100
            Points in each direction of the plane of two features.
        ax : matplotlib Axes, default=None
            An axis whose place in the figure to take; None makes a new figure.
        **kwargs : dict
            Arguments of matplotlib's ``imshow``, for example ``cmap``.

        Returns
        -------
        display : HiddenUnitsDisplay
            With what was drawn in its attributes.

        Raises
        ------
        TypeError
            If the estimator is not of this package.
        sklearn.exceptions.NotFittedError
            If it is not fitted.
        ValueError
            If the features make no image of this shape, if X is missing for two features or does
            not fit, or if a number is not positive.
        """
        network, X = fitted.network_of(estimator), fitted.inputs_of(estimator, X)
        check_number("grid_resolution", grid_resolution, Integral, 2)
        W1, W2 = fitted.weights_of(network, X)
        outgoing = np.linalg.norm(W2, axis=0)
        units = fitted.largest("max_units", max_units, outgoing)
        units = units[np.argsort(-outgoing[units], kind="stable")]
        if image_shape is None and network.n_features_in_ == 2:
            maps, extent = _activation_maps(network, X, units, grid_resolution)
            names = fitted.names_or_numbers(
                "feature_names", fitted.feature_names_of(estimator), "x", 2
            )
            map_name = "activation"
        else:
            shape = _check_image_shape(image_shape, network.n_features_in_)
            maps, extent, names = W1[units].reshape(-1, *shape), None, None
            map_name = "weight" if X is None else "weight × standard deviation"
        display = cls(maps, units=units, extent=extent, feature_names=names, map_name=map_name)
        return display.plot(ax, **kwargs)

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> Self:
        """Draw the pictures.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            An axis whose place in the figure to take; None makes a new figure.
        **kwargs : dict
            Arguments of matplotlib's ``imshow``, for example ``cmap``.

        Returns
        -------
        display : HiddenUnitsDisplay
            This object.

        Raises
        ------
        ValueError
            If the axis has no place in a grid that could be divided.
        """
        maps = np.asarray(self.maps)
        units = np.arange(len(maps)) if self.units is None else np.asarray(self.units)
        if ax is not None and ax.get_subplotspec() is None:
            raise ValueError("ax has no place in a grid to divide: make it with plt.subplots()")
        n_rows = math.isqrt(len(maps))
        n_columns = -(-len(maps) // n_rows)
        ratio = min(max(maps.shape[2] / maps.shape[1], 0.2), 5) if self.extent is None else 1.3
        width = n_columns * max(1.3 * ratio**0.5, 0.75)
        height = n_rows * (1.3 / ratio**0.5 + 0.25)
        self.ax_ = axes_or_new(ax, figsize=(max(width + 1, 3.4), max(height + 0.3, 2.6)))
        self.figure_ = self.ax_.figure
        self.ax_.set_axis_off()
        gap = 0.5 if self.figure_.get_layout_engine() is None else None  # for the titles
        grid = self.ax_.get_subplotspec().subgridspec(n_rows, n_columns, hspace=gap)
        cells = [grid[divmod(k, n_columns)] for k in range(len(maps))]
        self.axes_ = np.array([self.figure_.add_subplot(cell) for cell in cells])
        limit = np.abs(maps).max() or 1
        style = {"cmap": "RdBu", "vmin": -limit, "vmax": limit, **kwargs}
        if self.extent is not None:
            style = {"extent": self.extent, "origin": "lower", "aspect": "auto", **style}
        self.images_ = [a.imshow(m, **style) for a, m in zip(self.axes_, maps, strict=True)]
        for axes, unit in zip(self.axes_, units, strict=True):
            axes.set_title(f"unit {unit}", fontsize=9)
        self._label_axes(n_columns)
        style = {"label": self.map_name, "aspect": 12 * n_rows}
        self.colorbar_ = self.figure_.colorbar(self.images_[0], ax=list(self.axes_), **style)
        return self

    def _label_axes(self, n_columns):
        """Names and numbers at the outer axes of the plane; none for images."""
        for k, axes in enumerate(self.axes_):
            if self.extent is None:
                axes.set(xticks=[], yticks=[])
                continue
            axes.tick_params(labelsize=8)
            left, bottom = k % n_columns == 0, k + n_columns >= len(self.axes_)
            axes.tick_params(labelleft=left, labelbottom=bottom)
            if self.feature_names is not None:
                x_name, y_name = map(shorten, self.feature_names)
                axes.set_xlabel(x_name if bottom else "", fontsize=9, parse_math=False)
                axes.set_ylabel(y_name if left else "", fontsize=9, parse_math=False)


def _check_image_shape(image_shape, n_features):
    """The shape of the images, inferred if None."""
    if image_shape is None:
        side = math.isqrt(n_features)
        if side < 3 or side**2 != n_features:
            raise ValueError(
                f"image_shape=None, but {n_features} features make no square image of 3 x 3 or "
                "more: give image_shape=(n_rows, n_columns)"
            )
        return side, side
    shape = tuple(np.ravel(image_shape).tolist())
    whole = all(isinstance(side, int) and side > 0 for side in shape)
    if not (whole and len(shape) == 2 and math.prod(shape) == n_features):
        raise ValueError(
            f"image_shape={shown(image_shape)} is no shape of {n_features} features: give "
            f"(n_rows, n_columns) with the product {n_features}"
        )
    return shape


def _activation_maps(network, X, units, resolution):
    """A1 of these units over the plane, and the part of the plane."""
    if X is None:
        raise ValueError("X=None: give the inputs, whose range is the part of the plane to show")
    X = X.toarray() if issparse(X) else X
    low, high = X.min(axis=0), X.max(axis=0)
    margin = np.where(high > low, 0.05 * (high - low), 0.5)
    (left, bottom), (right, top) = (low - margin).tolist(), (high + margin).tolist()
    x, y = np.linspace(left, right, resolution), np.linspace(bottom, top, resolution)
    plane = np.column_stack([axis.ravel() for axis in np.meshgrid(x, y)])
    maps = fitted.activations(network, plane)[units].reshape(-1, resolution, resolution)
    return maps, (left, right, bottom, top)
