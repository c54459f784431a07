"""What classifier and regressor share: fit, going on, prediction. Words outside, letters inside."""

import copy
import math
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from skshallow.core.initializers import initialize
from skshallow.core.inputs import CHUNK, Standardization
from skshallow.core.lbfgs import train_lbfgs
from skshallow.core.network import Dropout, Network
from skshallow.core.parameters import Parameters
from skshallow.core.training import Patience, Training, train
from skshallow.data import Examples, check_weights
from skshallow.persistence import Persistent
from skshallow.prediction import outputs_of
from skshallow.progress import Progress, complaint, layer_complaint, record_of
from skshallow.settings import (
    Settings,
    alike,
    is_auto,
    is_lbfgs,
    resolve_alpha,
    resolve_batch_size,
    resolve_epochs,
)
from skshallow.threads import dot_for, one_thread
from skshallow.validation import build_score, is_given, split, wants_validation

DTYPES = [np.float64, np.float32]  # of X: both are kept, everything else becomes the first
LAYERS = ("W1_", "b1_", "W2_", "b2_", "slopes_")  # the fitted network, in the order of Parameters


def takes_single_steps(estimator):
    """Whether there is a partial_fit."""
    if is_lbfgs(estimator.solver):
        raise AttributeError("solver='lbfgs' takes no single steps: use 'adam', 'sgd' or 'gd'")
    return True


@dataclass
class _State:
    """What a later fit or partial_fit goes on from."""

    training: Training
    seed: int
    solver: Any
    scoring: Any = None


class BaseShallowNN(Persistent, CallbackSupportMixin, BaseEstimator):
    """One hidden layer between X and scores; a derived class says what the scores mean.

    It supplies ``_check_data(X, y, first)``, ``_encode(y, dtype)`` that returns the targets
    Y (n2, m), ``_build_loss()`` and ``_transform(method)``; and, where it has something to say
    there, the hooks at the end.
    """

    _doc_link_module = "skshallow"
    _doc_link_template = (
        "https://skshallow.readthedocs.io/en/stable/generated/"
        "{estimator_module}.{estimator_name}.html"
    )

    @with_callbacks
    @one_thread()
    def _fit(self, X, y, sample_weight, validation):
        """Train until a rule says stop."""
        settings = self._settings()
        first = not (self.warm_start and hasattr(self, "W1_"))
        if first:  # a fit that fails leaves no half of an earlier one
            for name in [name for name in vars(self) if name.endswith("_") or name == "_state"]:
                del vars(self)[name]
        examples = self._check_examples(X, y, sample_weight, first=first)
        self._check_targets_left(examples.y[examples.rows])
        held_out = self._check_held_out(validation, examples.X.dtype)
        seed, strata = self._seed(first), self._strata(examples.y)
        if held_out is None and wants_validation(self, settings, examples, strata):
            examples, held_out = split(examples, self.validation_fraction, seed, strata)
        examples = self._arrange(settings, examples)
        self._prepare(settings, examples, seed, first=first)
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        try:
            self._train(settings, examples, held_out, {"X": X, "y": y, "metadata": metadata})
        finally:
            if not self.warm_start:
                del self._state
        return self

    @one_thread()
    def _fit_one_epoch(self, X, y, sample_weight, **known):
        """One epoch on these rows, from where the last call ended."""
        settings = self._settings()
        first = not hasattr(self, "W1_")
        examples = self._check_examples(X, y, sample_weight, first=first, **known)
        examples = self._arrange(settings, examples)
        self._prepare(settings, examples, self._seed(first), first=first)
        network, batches = self._build(settings, examples)
        training = self._state.training
        if training.scored:
            training.forget_scores()
        if type(training.schedule) is not type(settings.schedule):
            training.schedule = settings.schedule
        training.period = None if is_auto(self.max_iter) else self.max_iter
        with self._computing(network, batches):
            outcome = train(training, network, batches, 1, shuffle=self.shuffle)
        self._publish(outcome, stacklevel=5)
        return self

    def _check_examples(self, X, y, sample_weight, *, first, **known):
        """X, targets and weights, checked; after the first call labels and columns must fit."""
        X, y = self._check_data(X, y, first=first, **known)
        weights = check_weights(sample_weight, X.shape[0], "sample_weight")
        return self._examples(X, y, weights, X.dtype if first else self.W1_.dtype, True)

    def _check_held_out(self, given, dtype):
        """The user's validation examples, or None."""
        if not is_given(*given, self.early_stopping):
            return None
        X_val, y_val, sample_weight_val = given
        try:
            X, y = self._check_data(X_val, y_val, first=False)
        except (TypeError, ValueError) as error:
            raise type(error)(f"X_val and y_val must be like X and y: {error}") from error
        weights = check_weights(sample_weight_val, X.shape[0], "sample_weight_val")
        return self._examples(X, y, weights, dtype, False)

    def _examples(self, X, y, weights, dtype, learn):
        s = self._weigh(y, weights, learn)
        X = X.astype(dtype, copy=False)
        return Examples.of(X, y, self._encode(y, dtype), weights, s)

    def _arrange(self, settings, examples):
        """The examples, distinct and in an order of their own if a step takes all of them."""
        n = len(examples.rows)
        whole = resolve_batch_size(self.batch_size, settings, n) >= n
        return examples.merged() if whole and n <= CHUNK else examples

    def _seed(self, first):
        if not first and hasattr(self, "_state"):
            return self._state.seed
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _prepare(self, settings, examples, seed, *, first):
        """Have a state to train: a new one, the old one, or one made of the fitted weights."""
        if first:
            self._activation = settings.activation
            self._standardization = self._target_scaling = None
            if self.standardize:
                measure = Standardization.measure
                self._standardization = measure(examples.X, examples.rows, examples.row_weights)
                self._target_scaling = self._measure_targets(examples)
        else:
            self._check_same_network(settings)
        if first or not hasattr(self, "_state"):
            self._state = self._new_state(settings, examples, seed, drawn=first)
        elif not self._state.training.theta.flags.writeable:  # mapped from a file by joblib
            self._state = copy.deepcopy(self._state)
        training, solver = self._state.training, self._state.solver
        training.learning_rate = float(self.learning_rate)
        training.patience.n_iter_no_change = self.n_iter_no_change
        training.patience.tol = self.tol
        training.blow_up = self._build_loss().blow_up
        if not alike(solver, self.solver):
            self._state.solver = copy.deepcopy(self.solver)
            training.use(settings.optimizer, settings.scaling_for(examples.X, self.alpha))

    def _new_state(self, settings, examples, seed, *, drawn):
        """Parameters drawn at random, or the fitted ones; an optimiser without a past."""
        learns = self._activation.learned is not None
        n0, n1, n2 = examples.X.shape[1], int(self.hidden_units), len(examples.Y)
        parameters = Parameters.zeros(n0, n1, n2, learns=learns, dtype=examples.X.dtype)
        rng = np.random.default_rng(seed)
        if drawn:
            initialize(parameters, settings.initializer, self._activation, rng, settings.gain)
        else:
            self._copy_fitted(parameters)
        patience = Patience(self.n_iter_no_change, self.tol)
        training = Training(parameters, None, settings.schedule, patience, rng)
        training.use(settings.optimizer, settings.scaling_for(examples.X, self.alpha))
        return _State(training, seed, copy.deepcopy(self.solver))

    def _check_same_network(self, settings):
        """Refuse to go on with other hidden units than the fitted ones."""
        remedy = "set it back, or fit a new network with warm_start=False"
        if self.standardize != (self._standardization is not None):
            raise ValueError(
                f"standardize={self.standardize!r} differs from that of the fitted network that "
                f"training should go on with: {remedy}"
            )
        if self.hidden_units != len(self.W1_):
            raise ValueError(
                f"hidden_units={self.hidden_units!r} differs from the {len(self.W1_)} of the "
                f"fitted network that training should go on with: {remedy}"
            )
        if not alike(settings.activation, self._activation):
            raise ValueError(
                f"activation={self.activation!r} differs from {self._activation!r} of the fitted "
                f"network that training should go on with: {remedy}"
            )

    def _build(self, settings, examples):
        """Network and batches of these examples."""
        training = self._state.training
        network = Network(
            training.parameters,
            copy.deepcopy(self._activation),
            self._build_loss(),
            alpha=resolve_alpha(self.alpha, settings, examples.total_weight, examples.count),
            dropout=Dropout(self.dropout, training.rng) if self.dropout else None,
        )
        size = resolve_batch_size(self.batch_size, settings, len(examples.rows))
        return network, self._batches(examples, size)

    def _batches(self, examples, size=CHUNK):
        return examples.batches(self._standardization, self._target_scaling, size)

    @contextmanager
    def _computing(self, network, batches):
        """Large products on two threads, and no word of NumPy's about overflow."""
        n0, n1, _ = network.parameters.sizes
        quiet = np.errstate(over="ignore", invalid="ignore")
        with quiet, dot_for(n0 * n1 * batches.largest) as network.dot:
            yield

    def _train(self, settings, examples, held_out, arguments):
        """Run the solver, tell the callbacks, publish what was learned."""
        training = self._state.training
        network, batches = self._build(settings, examples)
        epochs = resolve_epochs(self.max_iter, settings, len(batches))
        training.schedule = settings.schedule
        training.begin_round(epochs, scored=held_out is not None)
        score = None
        if held_out is not None:
            score = build_score(self, held_out, network, self._batches(held_out))
        context = self._init_callback_context(max_subtasks=epochs)
        context.call_on_fit_task_begin(estimator=self, **arguments)
        look = {"score": score, "watch": Progress(self, context, arguments, training, epochs)}
        with self._computing(network, batches):
            if held_out is not None:
                self._take_up(score, others=held_out.X is not examples.X)
            if settings.optimizer is None:
                outcome = train_lbfgs(training, network, batches, epochs, self.tol, **look)
            else:
                outcome = train(training, network, batches, epochs, shuffle=self.shuffle, **look)
        self._publish(outcome, stacklevel=7, examples=examples)
        training.begin_round(None, scored=training.scored)
        context.call_on_fit_task_end(estimator=self, **arguments, reconstruction_attributes=dict)

    def _take_up(self, score, *, others):
        """Measure the best weights of an earlier fit anew, if by another scorer or other rows."""
        if others or self._state.scoring != self.scoring:
            self._state.training.score_again(score)
        self._state.scoring = self.scoring

    def _weights_of(self, theta):
        """theta as fitted attributes, for raw inputs."""
        parameters = Parameters(theta, *self._state.training.parameters.sizes)
        W1, b1, W2, b2, *slopes = (view.copy() for view in parameters)
        if self._standardization is not None:
            W1, b1 = self._standardization.fold(W1, b1)
        if self._target_scaling is not None:
            W2, b2 = self._target_scaling.fold(W2, b2)
        return dict(zip(LAYERS, (W1, b1, W2, b2, *slopes), strict=False))

    def _copy_fitted(self, parameters):
        """The inverse: fitted attributes as parameters for standardised inputs and targets."""
        W1, b1, W2, b2, *slopes = (getattr(self, name) for name in LAYERS if hasattr(self, name))
        if self._standardization is not None:
            W1, b1 = self._standardization.unfold(W1, b1)
        if self._target_scaling is not None:
            W2, b2 = self._target_scaling.unfold(W2, b2)
        for view, value in zip(parameters, (W1, b1, W2, b2, *slopes), strict=True):
            view[...] = value

    def _publish(self, outcome, stacklevel, examples=None):
        """Keep what was learned, warn of what went wrong."""
        training = self._state.training
        theta, kept = training.kept()
        vars(self).pop("slopes_", None)
        vars(self).update(self._weights_of(theta))
        vars(self).update(record_of(training, kept))
        message, category = complaint(self, outcome, training), ConvergenceWarning
        if message is None and examples is not None:
            layers = tuple(Parameters(theta, *training.parameters.sizes))
            message, category = layer_complaint(self, examples, layers), UserWarning
        if message is not None:
            if outcome == "interrupted":
                category = UserWarning
            warnings.warn(message, category, stacklevel=stacklevel)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _settings(self):
        """The objects that the parameters name, after a check of all parameters."""
        return Settings.of(self)

    def _check_targets_left(self, y):
        """Refuse targets of rows with positive weight that nothing can be learned from."""

    def _weigh(self, y, weights, learn):
        """Weights of the examples, (1, m) or (n2, m); None if all are alike."""
        return None if weights is None else weights[None, :]

    def _strata(self, y):
        """What a validation split keeps the proportions of, if anything."""

    def _measure_targets(self, examples):
        """A TargetScaling that suits the training examples, if one is wanted."""

    def _outputs(self, X, method):
        """The loss's "scores", "output" or "log_output" of every row."""
        if not hasattr(self, "W1_"):
            check_is_fitted(self, "W1_")
        if not self._beyond_question(X):
            X = validate_data(self, X, reset=False, accept_sparse="csr", dtype=DTYPES)
        layers = tuple(getattr(self, name) for name in LAYERS if hasattr(self, name))
        return outputs_of(X, layers, self._activation, *self._transform(method))

    def _beyond_question(self, X):
        """Whether X is an array in which validate_data, slow for one row, could find no fault."""
        with np.errstate(over="ignore", invalid="ignore"):
            return (
                type(X) is np.ndarray
                and X.dtype in DTYPES
                and X.ndim == 2
                and X.shape[0] > 0
                and X.shape[1] == self.n_features_in_
                and not hasattr(self, "feature_names_in_")
                and math.isfinite(X.sum())
            )
