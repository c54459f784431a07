"""Interpretability and diagnostics: gradient check, hidden units, feature importance.

``check_gradient`` is for custom activations and losses, ``hidden_unit_report`` and
``connection_weight_importance`` are for fitted networks.
"""

from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.sparsefuncs import mean_variance_axis
from sklearn.utils.validation import check_is_fitted

from skshallow._base import BaseShallowNN
from skshallow._defaults import Settings, alpha_by_rows, is_auto
from skshallow._inputs import checked
from skshallow._names import shown
from skshallow._parameter_checks import check_number, check_seed
from skshallow._prediction import FITTED, fitted_network, preparation
from skshallow._table import table
from skshallow._threads import one_thread
from skshallow._training import new_engine
from skshallow.core.activations import LeakyReLU, PReLU, ReLU
from skshallow.core.batches import BLOCK_SIZE
from skshallow.core.health import N_COMPARED, duplicate_units, flat
from skshallow.core.parameters import Parameters

STEP = 1e-5  # balances what a central difference leaves out and what it loses to rounding
CLOSER = 1e-6  # of the differences from one side, for entries that may lie near a kink
RESOLUTION = 1e-3  # smaller derivatives, as parts of J, count as this: J's rounding shows in them
NEARLY_FLAT = 0.05  # a slope below this part of the steepest counts as saturation
REACH = 8.0  # the steepest slope is looked for from -8 to 8


@dataclass
class GradientCheck:
    """What ``check_gradient`` found; printing it gives a short report.

    Attributes
    ----------
    error : float
        Largest relative error; infinite if a derivative is not a finite number.
    worst : str
        The parameter it belongs to, for example "W1[3, 7]".
    backpropagation, difference : float
        Both derivatives of J by that parameter.
    errors : dict of ndarray
        Relative errors of "W1", "b1", "W2", "b2" and, for "prelu", "slopes"; nan where an entry
        was not checked.
    n_rows : int
        Number of samples that J was taken over.
    tol : float
        Largest relative error that passes.
    fault : str or None
        Which methods do not belong together, if the check did not pass.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skshallow import ShallowNNClassifier
    >>> from skshallow.inspection import check_gradient
    >>> X, y = load_iris(return_X_y=True)
    >>> check = check_gradient(ShallowNNClassifier(8, activation="prelu"), X, y)
    >>> type(check).__name__, check.passed, check.n_rows
    ('GradientCheck', True, 64)
    >>> {name: errors.shape for name, errors in check.errors.items()}
    {'W1': (8, 4), 'b1': (8, 1), 'W2': (3, 8), 'b2': (3, 1), 'slopes': (8, 1)}
    >>> bool(check.errors["W1"].max() <= check.error <= check.tol)
    True
    """

    error: float
    worst: str
    backpropagation: float
    difference: float
    errors: dict[str, np.ndarray] = field(repr=False)
    n_rows: int
    tol: float
    fault: str | None

    @property
    def passed(self) -> bool:
        """Whether no relative error is above tol."""
        return self.error <= self.tol

    def __str__(self):
        lines = [
            f"gradient check on {self.n_rows} samples: {'passed' if self.passed else 'FAILED'}",
            f"largest relative error {self.error:.1e} at {self.worst}: "
            f"backpropagation {self.backpropagation:.6g}, differences {self.difference:.6g}",
        ]
        for name, errors in self.errors.items():
            checked = errors[~np.isnan(errors)]
            lines.append(f"  {name:6} {checked.max():.1e}  {checked.size} of {errors.size} entries")
        return "\n".join(lines if self.fault is None else [*lines, self.fault])


@one_thread()
def check_gradient(
    estimator: BaseShallowNN,
    X: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    max_rows: int = 64,
    max_entries: int = 200,
    tol: float = 1e-5,
    random_state: Any = 0,
) -> GradientCheck:
    """Compare backpropagation with finite differences of the objective J.

    For custom activations and losses: shows whether ``backward`` is the derivative of ``forward``
    and ``slope`` that of ``value``. J is the weighted mean loss and the L2 penalty, as ``fit``
    minimises it on these samples; features and targets are standardised if the estimator does so.

    The estimator is not changed, and it makes no difference whether it is fitted: its
    hyperparameters alone are used. Everything is computed in float64, without dropout, at random
    weights and biases that spread the pre-activations over both sides of zero.

    Parameters
    ----------
    estimator : ShallowNNClassifier or ShallowNNRegressor
        Fitted or not. Of a pipeline, pass the last step.
    X : {array-like, sparse matrix or array} of shape (n_samples, n_features)
        Inputs, as for ``fit``.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets, as for ``fit``.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights, as for ``fit``.
    max_rows : int, default=64
        If there are more samples of positive weight, so many are drawn at random. With
        ``alpha="auto"``, alpha is the initial value for the samples drawn.
    max_entries : int, default=200
        If W1, b1, W2, b2 or the learned slopes have more entries, so many of each are drawn.
    tol : float, default=1e-5
        Largest relative error that passes.
    random_state : int, RandomState instance or None, default=0
        Seed of the weights, the samples and the entries.

    Returns
    -------
    check : GradientCheck
        The largest relative error, the parameter it belongs to, and all errors.

    Raises
    ------
    TypeError, ValueError
        If an argument, a parameter of the estimator or the data cannot be used, or if J is not a
        finite number.

    Notes
    -----
    The relative error [1]_ of a derivative d of J and its difference quotient q is::

        |d - q| / max(|d|, |q|, r)      r = max(|J|, largest |q|) / 1,000

    where r keeps rounding from counting as error. Weights of W1 are taken in units in which no
    input is larger than one. q is the central difference with a step of 1e-5 [2]_. Where that is
    not within ``tol``, a kink may lie inside the step, as ReLU's at zero. Then second-order
    differences are taken from both sides, with a step of 1e-6, and q is the number between the
    two that is nearest to d. At a kink every such number is a valid derivative, and elsewhere
    both are the same.

    Functions that compute in float32 cannot be checked, because they change in steps. With
    ``standardize=False`` and targets beyond 1e8, J is so large that a wrong derivative may be
    lost in its rounding.

    References
    ----------
    .. [1] Karpathy (2015), Gradient checks, in the notes of Stanford's course CS231n,
       Convolutional neural networks for visual recognition.
    .. [2] Nocedal and Wright (2006), Numerical optimization, section 8.1.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from skshallow import ShallowNNClassifier
    >>> from skshallow.core.activations import Activation
    >>> from skshallow.inspection import check_gradient
    >>> class Softplus(Activation):
    ...     def forward(self, Z1, A1):
    ...         np.logaddexp(0, Z1, out=A1)
    ...     def backward(self, Z1, A1, dA1):
    ...         dA1 *= 1 / (1 + np.exp(Z1))  # should be exp(-Z1)
    >>> X, y = load_iris(return_X_y=True)
    >>> check = check_gradient(ShallowNNClassifier(activation=Softplus()), X, y)
    >>> check.passed
    False
    >>> check.fault
    'Softplus.backward is not the derivative of Softplus.forward'
    """
    _check_kind(estimator)
    check_number("max_rows", max_rows, Integral, 1)
    check_number("max_entries", max_entries, Integral, 1)
    check_number("tol", tol, Real, 0, closed="neither")
    check_seed("random_state", random_state)
    rng = np.random.default_rng(check_random_state(random_state).randint(np.iinfo(np.int32).max))
    engine = _untrained(estimator, (X, y, sample_weight), max_rows, rng)
    network, batches = engine.network, engine.batches
    with np.errstate(over="ignore", invalid="ignore"):
        units = _move_somewhere(network, batches, rng)
        places = _by_name(np.arange(units.size), network)
        chosen = [_some(part.ravel(), max_entries, rng) for part in places.values()]
        objective = _Objective(engine, units)
        objective.check()
        found = _compare(objective, np.concatenate(chosen), tol)
    return _summary(network, np.concatenate(chosen), found, batches.n_examples, tol)


def _check_kind(estimator):
    """Refuse what is no network of this package."""
    if not isinstance(estimator, BaseShallowNN):
        raise TypeError(
            f"estimator={shown(estimator)} is not a network of skshallow: give a "
            "ShallowNNClassifier or ShallowNNRegressor; of a pipeline or a search its last step "
            "or best estimator, with X as that step sees it"
        )


def _untrained(estimator, data, max_rows, rng):
    """The engine that a first fit would begin with, in float64."""
    model = clone(estimator)
    settings = Settings.of(model)
    model.dropout, model.n_networks = 0.0, 1
    data = model._training_data(*data, first=True, dtype=np.float64)
    model._encoder.check_trainable(data.targets)
    data = data.sample(max_rows, rng)
    data = model._prepare(settings, data, 0, first=True)
    alpha = alpha_by_rows(settings, data.count) if is_auto(model.alpha) else float(model.alpha)
    return new_engine(model, settings, model._state, data, alpha)


def _some(values, n, rng):
    """n of them at random, or all."""
    return values if len(values) <= n else rng.choice(values, n, replace=False)


def _move_somewhere(network, batches, rng):
    """Draw parameters at which Z1 and Z2 are of order one; the unit of each of them."""
    parameters = network.parameters
    n0, n1 = parameters.layout.n0, parameters.layout.n1
    units, largest = parameters.like(), np.ones(n0)
    for A0, _, _ in batches.iterate():
        for here in (A0.max(axis=1), -A0.min(axis=1)):
            here = here.toarray() if issparse(here) else here
            np.maximum(largest, np.ravel(here), out=largest)
    units.theta[...] = 1
    units.W1[...] = 1 / largest
    parameters.theta[...] = units.theta * rng.standard_normal(units.theta.size)
    parameters.W1[...] *= 2 / np.sqrt(n0)
    parameters.W2[...] /= np.sqrt(n1)
    if parameters.learned is not None:
        parameters.learned[...] = 0.1 * parameters.learned + network.activation.learned
    return units.theta


class _Objective:
    """J as a function of one entry of theta, in its unit."""

    def __init__(self, engine, units):
        self.engine, self.network, self.units = engine, engine.network, units

    def __call__(self, i=0, shift=0.0):
        """J when entry i is shifted."""
        theta = self.network.parameters.theta
        before = theta[i]
        theta[i] = before + shift * self.units[i]
        J = self.engine.mean_loss(self.engine.batches) + self.engine.penalty()
        theta[i] = before
        return J

    def check(self):
        """Refuse functions that give no numbers."""
        J = self()
        if not np.isfinite(J):
            names = [type(part).__name__ for part in (self.network.activation, self.network.loss)]
            raise ValueError(
                f"J is {J} at random weights: {names[0]}.forward or {names[1]}.value must give "
                "finite numbers"
            )

    def slopes(self):
        """Derivatives by all entries, from backpropagation."""
        _, _, gradient = self.engine.objective(self.network.parameters.theta)
        return gradient * self.units

    def central(self, i, h):
        """Difference quotient of the second order, over both sides."""
        return (self(i, h) - self(i, -h)) / (2 * h)

    def one_sided(self, i, h):
        """The same order from one side, that of the sign of h."""
        return (4 * self(i, h) - self(i, 2 * h) - 3 * self()) / (2 * h)


def _compare(objective, chosen, tol):
    """Derivatives, difference quotients and relative errors of the chosen entries."""
    slopes = objective.slopes()[chosen]
    quotients = np.array([objective.central(i, STEP) for i in chosen])
    sizes = np.abs([objective(), *quotients])
    floor = RESOLUTION * sizes.max(initial=0, where=np.isfinite(sizes))
    errors = _relative(slopes, quotients, floor)
    for k in np.flatnonzero(errors > tol):
        sides = sorted(objective.one_sided(chosen[k], h) for h in (-CLOSER, CLOSER))
        quotients[k] = np.clip(slopes[k], *sides)
    errors = _relative(slopes, quotients, floor)
    units = objective.units[chosen]
    return slopes / units, quotients / units, errors


def _relative(slopes, quotients, floor):
    """Relative errors; infinite where one of the two is no number."""
    sizes = np.maximum(np.maximum(np.abs(slopes), np.abs(quotients)), floor)
    errors = np.abs(slopes - quotients) / np.where(sizes > 0, sizes, 1)
    return np.where(np.isnan(errors), np.inf, errors)


def _by_name(theta, network):
    """{"W1": view, "b1": ..., "slopes": ...} of a vector like theta, as users name them."""
    arrays = Parameters(theta, network.parameters.layout).arrays()
    return {FITTED[name].rstrip("_"): arrays[name] for name in FITTED if name in arrays}


def _summary(network, chosen, found, n_rows, tol):
    """The numbers with the names of the parameters."""
    slopes, quotients, errors = found
    everywhere = np.full(network.parameters.theta.size, np.nan)
    everywhere[chosen] = errors
    by_name = _by_name(everywhere, network)
    k = int(errors.argmax())
    for name, part in _by_name(np.arange(everywhere.size), network).items():
        for row, column in np.argwhere(part == chosen[k]):
            worst = f"{name}[{row}, {column}]"
    fault = None
    if errors[k] > tol:  # dW2 and db2 know nothing of g'
        of_loss = max(np.nanmax(by_name["W2"]), np.nanmax(by_name["b2"])) > tol
        owner, methods = network.activation, ("backward", "forward")
        if of_loss:
            owner, methods = network.loss, ("slope", "value")
        name = type(owner).__name__
        fault = f"{name}.{methods[0]} is not the derivative of {name}.{methods[1]}"
    numbers = float(slopes[k]), float(quotients[k])
    return GradientCheck(float(errors[k]), worst, *numbers, by_name, n_rows, tol, fault)


def hidden_unit_report(estimator: BaseShallowNN, X: ArrayLike) -> Any:
    """Diagnose every hidden unit of a fitted network on X.

    Finds units that are dead, saturated, or copies of one another, as they all are after
    ``init="zeros"``.

    Parameters
    ----------
    estimator : ShallowNNClassifier or ShallowNNRegressor
        Fitted. Of a pipeline, pass the last step.
    X : {array-like, sparse matrix or array} of shape (n_samples, n_features)
        At least two samples, for example the training set.

    Returns
    -------
    report : pandas.DataFrame or structured ndarray of shape (hidden_units,)
        A row for every hidden unit, in the order of the rows of ``W1_``; a structured array if
        pandas is not installed. The columns:

        - ``active``: share of the samples for which the unit passes its input on. For "relu",
          "leaky_relu" and "prelu" these are those with Z1 > 0, for all others those for which the
          unit is not saturated;
        - ``saturated``: share of the samples for which the slope g'(Z1) is at most a twentieth of
          its largest value between -8 and 8, so that the unit learns next to nothing from them.
          For "tanh" these are outputs beyond 0.97 in size, for "relu" and "leaky_relu" Z1 <= 0;
        - ``dead``: whether the output is the same for all samples. A ReLU that is never active, a
          unit saturated on one side, and a unit whose incoming weights weight decay has brought
          to zero are dead; a leaky ReLU hardly ever is;
        - ``group``: number of the first unit that this one is a copy of, its own number if it is
          not. Copies have the same incoming weights and outputs, up to rounding and to a positive
          factor that g lets pass, as ReLU does;
        - ``copies``: how many other units are in its group;
        - ``incoming``: norm of the unit's row of ``W1_``, each weight times the standard deviation
          of its feature. It is the standard deviation of Z1 if the features are uncorrelated;
        - ``outgoing``: norm of the unit's column of ``W2_``.

    Raises
    ------
    TypeError, ValueError
        If the estimator is no network of this package, or X does not suit it.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.

    Notes
    -----
    Copies are looked for on at most 128 samples, everything else uses all of them.

    References
    ----------
    Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural
    networks (saturation). Lu, Shin, Su and Karniadakis (2020), Dying ReLU and initialization.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skshallow import ShallowNNClassifier
    >>> from skshallow.inspection import hidden_unit_report
    >>> X, y = load_iris(return_X_y=True)
    >>> report = hidden_unit_report(ShallowNNClassifier(8, random_state=0).fit(X, y), X)
    >>> int(report["copies"].sum())
    0
    """
    rows = _check_fitted(estimator, X)
    if rows.shape[0] < 2:
        raise ValueError("X has one sample, on which no unit can vary: give at least two")
    network = fitted_network(estimator, np.float64)  # X may be far from zero
    shares, low, high = _activity(network, rows)
    group = _groups(*_hidden(network, rows[:: -(-rows.shape[0] // N_COMPARED)]))
    return table(
        {
            "active": shares[0],
            "saturated": shares[1],
            "dead": flat(low, high),
            "group": group,
            "copies": np.bincount(group)[group] - 1,
            "incoming": np.linalg.norm(network.parameters.W1 * _deviations(rows), axis=1),
            "outgoing": np.linalg.norm(network.parameters.W2, axis=0),
        }
    )


def _check_fitted(estimator, X):
    """X as an array or CSR, checked against a fitted network and prepared as in prediction."""
    _check_kind(estimator)
    check_is_fitted(estimator, "W1_")
    X = checked(estimator, X)
    before = preparation(estimator)
    return X if before is None else before.apply(X)


def _hidden(network, X):
    """Z1 and A1 of these rows."""
    return network.hidden(X.astype(np.float64).T)


def _activity(network, X):
    """Shares of rows (active, saturated), least and largest output of every unit."""
    activation, n1 = network.activation, len(network.parameters.W1)
    grid = np.tile(np.linspace(-REACH, REACH, 321), (n1, 1))
    outputs = np.empty_like(grid)
    network.activate(grid, outputs)
    steepest = np.abs(network.slope(grid, outputs)).max(axis=1, keepdims=True)
    counts, low, high = np.zeros((2, len(grid))), np.inf, -np.inf
    for start in range(0, X.shape[0], BLOCK_SIZE):
        Z1, A1 = _hidden(network, X[start : start + BLOCK_SIZE])
        saturated = np.abs(network.slope(Z1, A1)) <= NEARLY_FLAT * steepest
        active = Z1 > 0 if isinstance(activation, ReLU | LeakyReLU | PReLU) else ~saturated
        counts += active.sum(axis=1), saturated.sum(axis=1)
        low, high = np.minimum(low, A1.min(axis=1)), np.maximum(high, A1.max(axis=1))
    return counts / X.shape[0], low, high


def _groups(Z1, A1):
    """The first unit that each unit is a copy of; a factor that g lets pass is taken out."""
    scale = np.abs(Z1).max(axis=1, keepdims=True)
    scale[scale == 0] = 1
    Z1, A1 = Z1 / scale, A1 / scale
    groups, rest = np.arange(len(Z1)), np.arange(len(Z1))
    while rest.size:
        same = duplicate_units(Z1[rest], A1[rest], 0)[1:]
        groups[rest[1:][same]] = rest[0]
        rest = rest[1:][~same]
    return groups


def _deviations(X):
    """Standard deviation of every column."""
    if issparse(X):
        return np.sqrt(mean_variance_axis(X, axis=0)[1])
    return X.std(axis=0, dtype=np.float64)


def connection_weight_importance(estimator: BaseShallowNN, X: ArrayLike | None = None) -> Bunch:
    """Signed importance of every feature by its connection weights.

    The importance of feature j for output k is the sum over the hidden units of ``W2_[k, i] *
    W1_[i, j]``: what a unit of the feature adds to the score along all paths, if every hidden
    unit passes on what it receives [1]_ [2]_.

    Parameters
    ----------
    estimator : ShallowNNClassifier or ShallowNNRegressor
        Fitted. Of a pipeline, pass the last step.
    X : {array-like, sparse matrix or array} of shape (n_samples, n_features), default=None
        If given, every importance is multiplied by the standard deviation of its feature. Without
        it, importances are for a unit of each feature, since ``W1_`` is for raw inputs, and those
        of features in different units cannot be compared.

    Returns
    -------
    result : Bunch
        With these attributes:

        - ``importances``: ndarray of shape (n_features, n_outputs), in units of the scores
          (log-odds for classes, targets for a regressor, their logarithm for "poisson");
        - ``feature_names``: ndarray of shape (n_features,), names of the columns of X in ``fit``,
          "x0", "x1" and so on if they had none;
        - ``output_names``: ndarray of shape (n_outputs,): ``classes_``, for two classes the
          second alone; ``target_names_`` if there is one for each output; else the numbers of the
          rows of ``W2_``.

    Raises
    ------
    TypeError, ValueError
        If the estimator is no network of this package, or X does not suit it.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.

    See Also
    --------
    sklearn.inspection.permutation_importance : Drop of the score if a feature is shuffled: of any
        model, nonlinear effects included.
    sklearn.inspection.partial_dependence : How predictions depend on a feature.

    Notes
    -----
    Only with ``activation="identity"`` is this the derivative of the scores, between the bounds
    where inputs are clipped. Else it leaves out
    g: where ReLU units are off, a path carries nothing, and a feature that raises the score on
    one side and lowers it on the other may come out as zero although it decides everything;
    a sigmoid's slope is a quarter at most. Use it for a quick estimate with a sign if effects are
    roughly monotonic, and permutation importance for conclusions. For more than two classes a
    constant may be added to all classes of a feature without any change of the probabilities:
    only differences between classes have a meaning.

    References
    ----------
    .. [1] Olden and Jackson (2002), Illuminating the "black box": a randomization approach for
       understanding variable contributions in artificial neural networks.
    .. [2] Olden, Joy and Death (2004), An accurate comparison of methods for quantifying variable
       importance in artificial neural networks using simulated data.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skshallow import ShallowNNClassifier
    >>> from skshallow.inspection import connection_weight_importance
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> classifier = ShallowNNClassifier(8, random_state=0).fit(X, y)
    >>> result = connection_weight_importance(classifier, X)
    >>> result.importances.shape
    (4, 3)
    >>> result.feature_names[0]
    'sepal length (cm)'
    """
    _check_kind(estimator)
    check_is_fitted(estimator, "W1_")
    importances = estimator.W1_.T @ estimator.W2_.T
    if X is not None:
        importances *= _deviations(_check_fitted(estimator, X))[:, None]
    n_features, n_outputs = importances.shape
    unnamed = np.array([f"x{j}" for j in range(n_features)], object)
    features = getattr(estimator, "feature_names_in_", unnamed)
    outputs = getattr(estimator, "classes_", np.arange(n_outputs))[-n_outputs:]
    names = getattr(estimator, "target_names_", ())
    if len(names) == n_outputs:
        outputs = names
    return Bunch(importances=importances, feature_names=features, output_names=outputs)
