"""DaskShallowNNClassifier and DaskShallowNNRegressor: the same networks, the data on a cluster."""

from __future__ import annotations

from dataclasses import KW_ONLY
from typing import Any, Literal, Self

import dask

from skshallow._base import BaseShallowNN
from skshallow._constructor import with_constructor
from skshallow._defaults import is_lbfgs, new_object
from skshallow._names import shown, with_known_names
from skshallow._parameter_checks import check_parameters
from skshallow.classifier import ShallowNNClassifier
from skshallow.core.optimizers import OPTIMIZERS, Optimizer
from skshallow.extras.dask import prediction
from skshallow.extras.dask.chunks import check_collections, check_features, load
from skshallow.extras.dask.data import DistributedData, learn
from skshallow.extras.dask.docstrings import documented_as
from skshallow.regressor import ShallowNNRegressor


class DaskNetwork(BaseShallowNN, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """What differs if X is a Dask collection; stands before the plain estimator.

    scikit-learn's ``set_output`` is for what the plain estimator transforms.
    """

    @with_known_names
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Train the network where the data lie.

        Parameters
        ----------
        X : dask.array.Array or dask.dataframe.DataFrame of shape (n_samples, n_features)
            Inputs, in chunks of any size, empty ones and unknown sizes included. Arrays that are
            not Dask's are trained on here, as by the plain estimator.
        y : dask.array.Array, Series or DataFrame of shape (n_samples,) or (n_samples, n_outputs)
            Targets, in as many chunks as X.
        sample_weight : dask.array.Array or Series of shape (n_samples,), default=None
            Weights, zero or more.
        X_val, y_val, sample_weight_val : as X, y and sample_weight, or arrays, default=None
            Validation data for early stopping.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data cannot be used: the message names it, its value and the
            remedy.
        RuntimeError
            If there is no Dask client, or its cluster goes away.
        """
        validation = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
        if dask.is_dask_collection(X):
            check_collections({"X": X, "y": y, "sample_weight": sample_weight})
            _check_distributed(self, X_val)
        elif dask.is_dask_collection(X_val):
            raise TypeError(
                f"X_val is of type {type(X_val).__name__} and X of type {type(X).__name__}: give "
                "X_val.compute(), or make X a Dask collection, too"
            )
        if dask.is_dask_collection(X_val):
            check_collections(validation)
        return super().fit(X, y, sample_weight, **validation)

    def _training_data(self, X, y, sample_weight, *, first, **how):
        if not dask.is_dask_collection(X):
            return super()._training_data(X, y, sample_weight, first=first, **how)
        check_features(self, X, reset=first)
        cluster, chunks = load(self, X, y, sample_weight)
        learned = learn(self, cluster, chunks, y, first=first)
        self._class_weights = learned["class_weights"]
        dtype = learned["dtype"] if first else self.W1_.dtype
        return DistributedData.of(self, cluster, chunks, dtype, self._class_weights)

    def _further_data(self, X, y, sample_weight=None, *, dtype, suffix=""):
        if not dask.is_dask_collection(X):
            return super()._further_data(X, y, sample_weight, dtype=dtype, suffix=suffix)
        check_features(self, X, reset=False)
        cluster, chunks = load(self, X, y, sample_weight, suffix=suffix)
        how = dtype, self._class_weights
        return DistributedData.of(self, cluster, chunks, *how, suffix=suffix)

    def _fit_epoch(self, X, y, sample_weight, classes=None):
        if dask.is_dask_collection(X):
            raise TypeError(
                "X is a Dask collection, which partial_fit does not take: call fit, or give "
                "partial_fit one block after the other, as dask_ml.wrappers.Incremental does"
            )
        return super()._fit_epoch(X, y, sample_weight, classes)

    def predict(self, X: Any) -> Any:
        """Predict, block by block.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame or array of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        y : dask.array.Array, dask.dataframe.Series or ndarray
            As the plain estimator predicts.
            Lazy if X is: of an array an array, of a frame a series with its index.
        """
        return self._of(X, "predict")

    def transform(self, X: Any) -> Any:
        """Outputs of the hidden units, block by block.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame or array of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        activations : dask.array.Array, dask.dataframe.DataFrame or ndarray
            A column for each hidden unit.
            Lazy if X is: of an array an array, of a frame a frame with its index.
        """
        return self._of(X, "transform")

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Score of the predictions, as of the plain estimator.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame or array of shape (n_samples, n_features)
            Inputs, which stay where they are.
        y : dask.array.Array, dask.dataframe.Series or array of shape (n_samples,)
            True targets, which come to the client, as the predictions do.
        sample_weight : as y, default=None
            Weights of the samples.

        Returns
        -------
        score : float
            Accuracy of a classifier, R2 of a regressor.
        """
        if dask.is_dask_collection(X):
            return prediction.score(self, X, y, sample_weight)
        return super().score(X, y, sample_weight)

    def _of(self, X, method):
        if dask.is_dask_collection(X):
            return prediction.lazily(self, X, method)
        return getattr(super(), method)(X)


@documented_as(ShallowNNClassifier)
@with_constructor
class DaskShallowNNClassifier(DaskNetwork, ShallowNNClassifier):
    """Classifier with one hidden layer, trained on a Dask cluster.

    J is a sum over samples: the workers add up the losses and gradients of their blocks where they
    lie, a tree adds these up, and L-BFGS, or gradient descent, takes the step at the client. The
    result is that of :class:`~skshallow.ShallowNNClassifier` with the same parameters on all the
    data. In each iteration the weights go out and one gradient comes back from each thread of a
    worker; X stays where it is, but for samples of at most 15,000 rows that ``alpha="auto"`` and
    others need. Early stopping needs ``X_val``; dropout must be 0.

    Parameters
    ----------
    solver : {"lbfgs", "gd"} or Optimizer, default="lbfgs"
        One that takes all samples in every step: "lbfgs" [3]_, or plain gradient descent. For
        "adam" and "sgd" see ``dask_ml.wrappers.Incremental``.

    See Also
    --------
    skshallow.ShallowNNClassifier : The same on one machine.

    Examples
    --------
    >>> import dask.array as da
    >>> from dask.distributed import Client
    >>> from sklearn.datasets import load_digits
    >>> from skshallow.extras.dask import DaskShallowNNClassifier
    >>> X, y = (da.from_array(array, chunks=500) for array in load_digits(return_X_y=True))
    >>> with Client(processes=False, dashboard_address=":0"):
    ...     network = DaskShallowNNClassifier(32, alpha=0.01, tol=1e-3, random_state=0)
    ...     labels = network.fit(X, y).predict(X)  # lazy
    ...     bool((labels == y).mean().compute() > 0.98)
    True
    """

    _: KW_ONLY
    solver: Literal["lbfgs", "gd"] | Optimizer = "lbfgs"

    def predict_proba(self, X: Any) -> Any:
        """Probability of each class, block by block.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame or array of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        probabilities : dask.array.Array, dask.dataframe.DataFrame or ndarray
            In the order of ``classes_``.
            Lazy if X is: of an array an array, of a frame a frame with its index.
        """
        return self._of(X, "predict_proba")

    def predict_log_proba(self, X: Any) -> Any:
        """Logarithm of ``predict_proba``, block by block.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame or array of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        log_probabilities : dask.array.Array, dask.dataframe.DataFrame or ndarray
            In the order of ``classes_``.
            Lazy if X is: of an array an array, of a frame a frame with its index.
        """
        return self._of(X, "predict_log_proba")

    def decision_function(self, X: Any) -> Any:
        """Scores Z2, the logits of the probabilities, block by block.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame or array of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        scores : dask.array.Array, dask.dataframe.DataFrame or ndarray
            One score for each sample for two classes, else one for each class.
            Lazy if X is: of an array an array, of a frame a frame or series with its index.
        """
        return self._of(X, "decision_function")


@documented_as(ShallowNNRegressor)
@with_constructor
class DaskShallowNNRegressor(DaskNetwork, ShallowNNRegressor):
    """Regressor with one hidden layer, trained on a Dask cluster.

    J is a sum over samples: the workers add up the losses and gradients of their blocks where they
    lie, a tree adds these up, and L-BFGS, or gradient descent, takes the step at the client. The
    result is that of :class:`~skshallow.ShallowNNRegressor` with the same parameters on all the
    data; what travels is as for :class:`DaskShallowNNClassifier`. Early stopping needs ``X_val``;
    dropout must be 0.

    Parameters
    ----------
    solver : {"lbfgs", "gd"} or Optimizer, default="lbfgs"
        One that takes all samples in every step: "lbfgs" [3]_, or plain gradient descent. For
        "adam" and "sgd" see ``dask_ml.wrappers.Incremental``.

    See Also
    --------
    skshallow.ShallowNNRegressor : The same on one machine.

    Examples
    --------
    >>> import dask.array as da
    >>> from dask.distributed import Client
    >>> from sklearn.datasets import load_diabetes
    >>> from skshallow.extras.dask import DaskShallowNNRegressor
    >>> X, y = (da.from_array(array, chunks=100) for array in load_diabetes(return_X_y=True))
    >>> with Client(processes=False, dashboard_address=":0"):
    ...     network = DaskShallowNNRegressor(16, tol=1e-3, random_state=0).fit(X, y)
    ...     network.score(X, y) > 0.5
    True
    """

    _: KW_ONLY
    solver: Literal["lbfgs", "gd"] | Optimizer = "lbfgs"


def _check_distributed(estimator, X_val):
    """Refuse parameters that a sum over blocks cannot serve, before any work."""
    check_parameters(estimator)
    solver = estimator.solver
    if not (is_lbfgs(solver) or new_object(solver, OPTIMIZERS).full_batch):
        raise ValueError(
            f"solver={shown(solver)} takes mini-batches, and X is a Dask collection: set "
            "solver='lbfgs' or 'gd', or train a plain estimator by dask_ml.wrappers.Incremental"
        )
    if estimator.dropout:
        raise ValueError(f"dropout={estimator.dropout!r} is for data on one machine: set dropout=0")
    if estimator.early_stopping is True and X_val is None:
        raise ValueError(
            "early_stopping=True needs X_val and y_val if X is a Dask collection: pass them to fit"
        )
    if X_val is not None and dask.is_dask_collection(X_val) and estimator.scoring != "loss":
        raise ValueError(
            f"scoring={shown(estimator.scoring)} needs X_val in memory: call X_val.compute() and "
            "y_val.compute(), or set scoring='loss'"
        )
