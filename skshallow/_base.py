"""What classifier and regressor share: fit, going on, prediction. Words outside, letters inside."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import check_array, check_random_state

from skshallow import _fitting, _training
from skshallow._data import DataSet, check_total_weight, check_weights
from skshallow._defaults import Settings, is_lbfgs
from skshallow._equality import same_options
from skshallow._hidden_layer import HiddenLayer
from skshallow._inputs import checked, column_names, plain_targets
from skshallow._names import explain_unknown, with_known_names
from skshallow._persistence import Persistent
from skshallow._validation import data_sets, is_given


def takes_single_steps(estimator):
    """Whether there is a partial_fit."""
    if is_lbfgs(estimator.solver):
        raise AttributeError("solver='lbfgs' takes no single steps: use 'adam', 'sgd' or 'gd'")
    return True


class BaseShallowNN(Persistent, HiddenLayer, CallbackSupportMixin, BaseEstimator):
    """One hidden layer between X and scores; a derived class says what the scores mean.

    Two hooks: ``_learn_targets(y, classes)`` returns an encoder of _target_encoding.py and notes
    what users want to know of it, ``_learn_class_weights(y, weights)`` an object that weighs.
    """

    _doc_link_module = "skshallow"
    _doc_link_template = (
        "https://skshallow.readthedocs.io/en/stable/generated/"
        "{estimator_module}.{estimator_name}.html"
    )

    @with_known_names
    @with_callbacks
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix or array} of shape (n_samples, n_features)
            Inputs. float32 is kept, everything else becomes float64.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            For a classifier labels of any kind, at least two classes, or a matrix of 0 and 1 for
            multilabel; for a regressor real numbers, a column for each target.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, zero or more. A sample of weight zero counts as absent.
        X_val, y_val, sample_weight_val : as X, y and sample_weight, default=None
            Validation data for early stopping; nothing is then split off.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data cannot be used: the message names it, its value and the
            remedy.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If training diverged, or "lbfgs" reached max_iter. The best weights are kept.

        Examples
        --------
        With a validation set of your own, the epoch whose weights are kept is the best on them:

        >>> from sklearn.datasets import load_digits
        >>> from skshallow import ShallowNNClassifier
        >>> X, y = load_digits(return_X_y=True)
        >>> network = ShallowNNClassifier(32, random_state=0)
        >>> network = network.fit(X[:1200], y[:1200], X_val=X[1200:], y_val=y[1200:])
        >>> scores = network.validation_scores_
        >>> bool(scores[network.best_iter_ - 1] == scores.max())
        True
        """
        settings = Settings.of(self)
        first = not (self.warm_start and hasattr(self, "W1_"))
        with _fitting.attempt(self, first=first) as rollback:
            data = self._training_data(X, y, sample_weight, first=first)
            self._encoder.check_trainable(data.targets)
            held_out = self._validation_data((X_val, y_val, sample_weight_val), data.dtype)
            seed = self._seed(first)
            sets = data_sets(self, settings, data, held_out, seed)
            data = _training.whole_batch_data(self, settings, sets.training)
            rollback.begin_training()
            data = self._prepare(settings, data, seed, first=first)
            metadata = None if sample_weight is None else {"sample_weight": sample_weight}
            arguments = {"X": X, "y": y, "metadata": metadata}
            _fitting.train(self, settings, data, sets, arguments, rollback, first=first)
        return self

    def _fit_epoch(self, X, y, sample_weight, classes=None):
        """One epoch on these samples, from where the last call ended."""
        settings = Settings.of(self)
        first = not hasattr(self, "W1_")
        with _fitting.attempt(self) as rollback:
            earlier = None if first else self._class_weights
            data = self._training_data(
                X, y, sample_weight, first=first, classes=classes, earlier=earlier
            )
            data = _training.whole_batch_data(self, settings, data)
            rollback.begin_training()
            data = self._prepare(settings, data, self._seed(first), first=first)
            data = _training.begin_partial_fit(self, settings, data, first=first)
            _fitting.train_epoch(self, settings, data, rollback)
        return self

    def set_params(self, **params) -> Self:
        """Set parameters, as scikit-learn's estimators do.

        Parameters
        ----------
        **params : dict
            Names and values of parameters.

        Returns
        -------
        self : object
            The estimator itself.

        Raises
        ------
        ValueError
            If there is no parameter of this name: the message says what it is called here.
        """
        known = self.get_params(deep=False)
        for name in params:
            if name.partition("__")[0] not in known:
                raise ValueError(f"{type(self).__name__}: {explain_unknown(name, known)}")
        return super().set_params(**params)

    def _training_data(self, X, y, sample_weight, *, first, classes=None, dtype=None, earlier=None):
        """X, targets and weights; the first call learns what y is, later ones must fit it.

        ``earlier`` are the class weights of a stream that goes on.
        """
        names = column_names(y)
        X, y = self._check_X_y(X, plain_targets(y), first=first)
        if first:
            if names is not None:
                self.target_names_ = names
            self._encoder = self._learn_targets(y, classes)
        y = self._encoder.check(y)
        weights = check_weights(sample_weight, X.shape[0], "sample_weight")
        self._class_weights = self._learn_class_weights(y, weights, earlier)
        return self._data_set(X, y, weights, dtype or (X.dtype if first else self.W1_.dtype))

    def _validation_data(self, validation, dtype):
        """The user's validation set, or None."""
        if not is_given(*validation, self.early_stopping):
            return None
        X, y, weights = validation
        return self._further_data(X, y, weights, dtype=dtype, suffix="_val")

    def _further_data(self, X, y, sample_weight=None, *, dtype, suffix=""):
        """Data that are not trained on."""
        try:
            X, y = self._check_X_y(X, plain_targets(y), first=False)
            y = self._encoder.check(y)
        except (TypeError, ValueError) as error:
            names = f"X{suffix} and y{suffix} must be like X and y of the training data"
            raise type(error)(f"{names}: {error}") from error
        weights = check_weights(sample_weight, X.shape[0], f"sample_weight{suffix}")
        return self._data_set(X, y, weights, dtype)

    def _mean_loss(self, X, y, sample_weight=None):
        """Mean loss of these samples at the fitted weights, as J has it, without the penalty."""
        data = self._further_data(X, y, sample_weight, dtype=self.W1_.dtype)
        return _training.mean_loss(self, data)

    def _check_X_y(self, X, y, *, first):
        return checked(self, X, y, reset=first, multi_output=True)

    def _data_set(self, X, y, weights, dtype):
        s = None if weights is None else weights[None, :]
        if self._class_weights is not None:
            with np.errstate(over="ignore"):  # what is too large becomes an error
                s = self._class_weights.weigh(y, weights)
            check_total_weight(s, "sample_weight times class_weight")
        if X.dtype != dtype:
            with np.errstate(over="ignore", invalid="ignore"):
                X = check_array(X.astype(dtype), accept_sparse="csr", input_name="X")
        return DataSet.of(X, y, self._encoder.encode(y, dtype), weights, s)

    def _seed(self, first):
        if not first and hasattr(self, "_state"):
            return self._state.seed
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _prepare(self, settings, data, seed, *, first):
        """The data, standardised, for a state: new, the old one, or made of the fitted weights."""
        if not first:
            self._check_same_network(settings)
        data = _training.bound_inputs(self, data, first=first)
        if first:
            self._activation = settings.activation
            _training.learn_scales(self, data)
        if first or not hasattr(self, "_state"):
            how = {"drawn": first, "networks": int(self.n_networks)}
            self._state = _training.new_state(self, settings, data, seed, **how)
            self._solver = copy.deepcopy(self.solver)
        elif not self._state.theta.flags.writeable:  # mapped from a file by joblib
            self._state = copy.deepcopy(self._state)
        scaling = settings.scaling_for(self.alpha, int(self.n_networks))
        if not same_options(self._solver, self.solver):
            self._solver = copy.deepcopy(self.solver)
            self._state.use_optimizer(settings.optimizer, scaling)
        else:
            self._state.use_input_scaling(scaling)  # alpha may be another one
        return replace(data, scales=(self._standardization, self._target_standardization))

    def _check_same_network(self, settings):
        """Refuse to go on with another network than the fitted one."""
        n1, activation = len(self.W1_), self._activation
        state = getattr(self, "_state", None)
        networks = self.n_networks if state is None else state.parameters.layout.networks
        difference = self._encoder.difference(self)
        if self.standardize != (self._standardization is not None):
            difference = f"standardize={self.standardize!r} differs from that"
        elif self.clip_inputs != (self._input_range is not None):
            difference = f"clip_inputs={self.clip_inputs!r} differs from that"
        elif self.n_networks != networks:
            difference = f"n_networks={self.n_networks!r} differs from the {networks}"
        elif self.hidden_units * self.n_networks != n1:
            units = n1 // self.n_networks
            difference = f"hidden_units={self.hidden_units!r} differs from the {units}"
        elif not same_options(settings.activation, activation):
            difference = f"activation={self.activation!r} differs from {activation!r}"
        if difference is not None:
            raise ValueError(
                f"{difference} of the fitted network that training should go on with: set it "
                "back, or fit a new network with warm_start=False"
            )

    def _learn_class_weights(self, y, weights, earlier=None):
        """What weighs samples by their class, if anything; ``earlier`` is that of a stream."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
