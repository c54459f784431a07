"""ShallowNNClassifier: labels to Y, scores to probabilities and labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target

from skshallow._base import BaseShallowNN, takes_single_steps
from skshallow._constructor import with_constructor
from skshallow._names import shown, with_known_names
from skshallow._target_encoding import ClassEncoder, ClassWeights
from skshallow.core.activations import Activation, ActivationName
from skshallow.core.initializers import InitializerName
from skshallow.core.optimizers import Optimizer, OptimizerName
from skshallow.core.schedules import ScheduleName


@with_constructor
class ShallowNNClassifier(ClassifierMixin, BaseShallowNN):
    """Classifier with one hidden layer.

    Scores are ``Z2 = W2 g(W1 X.T + b1) + b2``; the probabilities are their softmax, or their
    sigmoid for two classes and for multilabel targets. Training minimises::

        J = sum_i s_i L(a_i, y_i) / sum_i s_i  +  alpha/2 (|W1|^2 + |W2|^2)

    with the log loss L and the weights s_i (sample weight times class weight). J does not change
    when all weights are multiplied by a constant, when a sample is repeated instead of weighted, or
    when the batch size changes. Biases are not penalised.

    Parameters
    ----------
    hidden_units : int, default=128
        Number of hidden units.
    activation : str or Activation, default="relu"
        The function g of the hidden layer: "relu", "leaky_relu" (slope 0.01), "prelu" (a slope
        learned for each unit), "tanh", "sigmoid", "silu", "identity", or an object such as
        ``skshallow.core.activations.LeakyReLU(slope=0.2)`` or your own, derived from
        ``skshallow.core.activations.Activation``.
    solver : str or Optimizer, default="adam"
        "adam" [1]_, with a learned scale for every input [8]_ unless alpha is below 1e-6
        (``Adam(input_scale_rate=0)`` never has it); "sgd", mini-batches with Nesterov momentum 0.9
        [2]_; "gd", plain gradient descent, every step over all samples; "lbfgs" [3]_, all samples
        with a line search, good for small data; or an object such as
        ``skshallow.core.optimizers.SGD(momentum=0.5)``.
    learning_rate : float, default=0.02
        Initial learning rate. "lbfgs" finds its own step length.
    schedule : str, default="auto"
        Learning rate schedule. "cosine": decay to zero at the last step [4]_; "constant";
        "adaptive": divided by five each time ``n_iter_no_change`` epochs bring no improvement by
        ``tol``, four times at most, then training ends; "inverse_scaling": divided by
        (1 + t / 300)^0.75 after t steps, by 100 at most. "auto" is "cosine", for "gd" "constant",
        in ``partial_fit`` without a known end "inverse_scaling". "lbfgs" has none.
    init : str or callable, default="auto"
        Initial weights: "he" [5]_, "xavier" [6]_, "normal" (standard normal times 0.01), "zeros"
        (all hidden units stay alike: to show why not), or a function ``(rng, n_out, n_in)`` that
        returns an array of that shape. "auto" is "he", with W1 four times as large for
        "sigmoid", whose slope at zero is 1/4; an own activation may name another. Biases start at
        zero.
    alpha : float or "auto", default="auto"
        Strength of the regularization (weight decay), the L2 penalty in J, on standardized features
        if ``standardize``. "auto" chooses it by the data: short trainings on four fifths of the
        training set try stronger and weaker penalties, and the least loss on the other samples, or
        on ``X_val``, decides. The search starts at 2.5 / n with n = max(sum of weights, number of
        samples), between 1e-6 and 0.02 (a quarter of that for "sigmoid"). That value stands with
        fewer than 50 samples and in ``partial_fit``, where n counts all samples seen. Under
        ``warm_start`` ``alpha_`` is kept.
    dropout : float in [0, 1), default=0.0
        Share of hidden units that are dropped at random in every training step [7]_. Not for
        "lbfgs".
    batch_size : int or "auto", default="auto"
        Samples in a mini-batch, at most; an epoch is divided evenly. "auto" is 32 with 129 to 2,000
        samples, else 128. "gd" and "lbfgs" always take all samples.
    max_iter : int or "auto", default="auto"
        Epochs, that is passes over the training set; iterations for "gd" and "lbfgs". "auto" is 40
        epochs, or more until there are 1,000 steps, 12,000 if ``alpha="auto"`` finds that the
        samples are few and clean and learn more then; 1,000 iterations for "gd", 5,000 for "lbfgs",
        which ends by ``tol`` much earlier as a rule.
    shuffle : bool, default=True
        Whether every epoch takes the samples in a new random order.
    early_stopping : bool or "auto", default="auto"
        Whether to stop when the validation score has not improved by ``tol`` for
        ``n_iter_no_change`` epochs, and to keep the weights with the best score. The validation set
        is ``X_val`` if given to ``fit``, else split off. "auto" is True if ``X_val`` is given or
        there are at least 10,000 samples and 100 a class ("gd" and "lbfgs": only if ``X_val`` is
        given). ``partial_fit`` does without.
    validation_fraction : float in (0, 1), default=0.1
        Share of the samples of positive weight to split off, stratified by class. A class with one
        sample stays in the training set.
    n_iter_no_change : int, default=10
        Epochs to wait for an improvement, with early stopping or "adaptive". With early stopping
        and "cosine", if the score has gone up and down by more than ``tol`` so far, the rest of the
        schedule is then passed in twice as many epochs at most, and there training ends.
    tol : float, default=1e-5
        Improvement that counts. "lbfgs" ends when no derivative of J is larger than 10 tol, or an
        iteration lowers J by less than tol / 1,000 of it.
    scoring : str or callable, default="loss"
        Validation score: "loss" (minus the mean loss), or any scorer of scikit-learn.
    standardize : bool, default=True
        Whether features are standardized for training: centred and scaled to unit standard
        deviation (weighted). Features of two values are scaled by their distance. In a feature with
        more than a tenth of zeros the other values alone make the standard deviation. Sparse inputs
        give the same model as dense ones and stay sparse. ``W1_`` and ``b1_`` are given for raw
        inputs, so prediction costs nothing more.
    clip_inputs : bool, default=True
        Whether features are clipped before they reach the network: at the least and the largest
        value of the training set, plus a quarter of the distance between them on either side.
        Predictions inside this range do not change. If a few training values are a hundred times as
        far from the median as all others of their feature (in sparse X from zero), they do not
        count for its range, and are clipped in training too. ``warm_start`` and ``partial_fit``
        widen the range. See ``input_bounds_``.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weight of each class; "balanced" is inverse to its (weighted) frequency. Weights of classes
        that the samples at hand lack do no harm. For multilabel targets a dict applies to 0 and 1
        of every label; a list has one for each.
    n_networks : int, default=1
        Number of networks that are trained side by side, from other initial weights on the same
        batches, and whose scores are averaged [9]_. The fitted network is one with ``n_networks *
        hidden_units`` hidden units that says just that, so prediction and export know nothing of
        it; ``loss_curve_`` and ``penalty_curve_`` are means over the networks. The penalty is
        searched with one. Errors that come from the initial weights average out.
    warm_start : bool, default=False
        Whether a further ``fit`` goes on where the last one ended, with the same hidden units:
        moments, random numbers, history and validation set go on, the schedule begins anew. If
        False, only ``partial_fit`` goes on.
    engine : {"auto", "numpy", "numba"}, default="auto"
        What computes the training. "numba" is compiled code, several times as fast on small data;
        it needs ``pip install skshallow[fast]`` and has what this package brings with it, but not
        your own activations, losses and solvers. "auto" is "numba" where it can serve, else
        "numpy". Results of the two agree up to rounding.
    verbose : int, default=0
        0 is silent, 1 prints about ten lines in a fit, 2 a line for every epoch and for every
        value of ``alpha`` that is tried.
    random_state : int, RandomState instance or None, default=None
        Seed of initial weights, order of samples, dropout and validation set.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in the order of the columns of ``predict_proba``; 0 to n_labels - 1 for multilabel.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns of X, if it had any.
    target_names_ : ndarray of shape (n_labels,)
        Names of the columns of a multilabel y, if it was a data frame.
    feature_importances_ : ndarray of shape (`n_features_in_`,)
        Importance of each feature [10]_: ``sum_i |W1_ij| |W2_i|`` for standardized inputs, divided
        by the sum over all features. A quick look, without a sign, at what the weights let through;
        :func:`sklearn.inspection.permutation_importance` measures what counts.
    W1_ : ndarray of shape (n_units, `n_features_in_`)
        Weights of the hidden layer, for raw inputs; n_units is hidden_units * n_networks.
    b1_ : ndarray of shape (n_units, 1)
        Biases of the hidden layer, for raw inputs.
    W2_ : ndarray of shape (n_outputs, n_units)
        Weights of the output layer; one output for two classes.
    b2_ : ndarray of shape (n_outputs, 1)
        Biases of the output layer.
    slopes_ : ndarray of shape (n_units, 1)
        Learned slopes; only with ``activation="prelu"``.
    input_bounds_ : ndarray of shape (2, `n_features_in_`) or None
        The least and the largest value of each column that predictions see; None without
        ``clip_inputs``.
    input_center_ : ndarray of shape (`n_features_in_`,) or None
        Subtracted from X before ``W1_``: the means of features that are so far from zero, for how
        much they vary, that ``W1_ x + b1_`` would lose digits; zeros for all others. None if there
        are no such features.
    alpha_ : float
        Strength of the penalty that training had.
    engine_ : str
        What computed: "numpy" or "numba".
    do_early_stopping_ : bool
        Whether training had a validation set, which ``early_stopping="auto"`` may have split off.
    n_iter_ : int
        Epochs or iterations taken, over all calls that went on from one another; after a fit
        without ``warm_start`` counting begins anew.
    best_iter_ : int
        Epoch after which the kept weights were measured: the best with early stopping or after a
        divergence, else the last.
    loss_ : float
        ``loss_curve_`` at that epoch.
    loss_curve_ : ndarray of shape (`n_iter_`,)
        Mean (weighted) log loss of the training set in each epoch, without the penalty; each
        mini-batch before its step. For "gd" before the step of each iteration, for "lbfgs" after
        it.
    penalty_curve_ : ndarray of shape (`n_iter_`,)
        ``alpha/2 (|W1|^2 + |W2|^2)`` at the same time; for epochs of several steps, at their start.
    validation_scores_ : ndarray of shape (`n_iter_`,) or None
        Validation score after each epoch (nan in epochs without); None without early stopping.
    best_validation_score_ : float or None
        The best of them that belongs to weights that were kept.

    See Also
    --------
    sklearn.neural_network.MLPClassifier : Several hidden layers.

    References
    ----------
    .. [1] Kingma and Ba (2015), Adam: a method for stochastic optimization.
    .. [2] Sutskever, Martens, Dahl and Hinton (2013), On the importance of initialization and
       momentum in deep learning.
    .. [3] Liu and Nocedal (1989), On the limited memory BFGS method for large scale optimization.
    .. [4] Loshchilov and Hutter (2017), SGDR: stochastic gradient descent with warm restarts.
    .. [5] He, Zhang, Ren and Sun (2015), Delving deep into rectifiers.
    .. [6] Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward
       neural networks.
    .. [7] Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), Dropout: a simple
       way to prevent neural networks from overfitting.
    .. [8] Holzmüller, Grinsztajn and Steinwart (2024), Better by default: strong pre-tuned MLPs
       and boosted trees on tabular data.
    .. [9] Hansen and Salamon (1990), Neural network ensembles.
    .. [10] Garson (1991), Interpreting neural-network connection weights.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import train_test_split
    >>> from skshallow import ShallowNNClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)
    >>> classifier = ShallowNNClassifier(hidden_units=64, random_state=0).fit(X_train, y_train)
    >>> bool(classifier.score(X_test, y_test) > 0.95)
    True
    """

    hidden_units: int = 128
    _: KW_ONLY
    activation: ActivationName | Activation = "relu"
    solver: OptimizerName | Literal["lbfgs"] | Optimizer = "adam"
    learning_rate: float = 0.02
    schedule: Literal["auto"] | ScheduleName = "auto"
    init: Literal["auto"] | InitializerName | Callable = "auto"
    alpha: float | Literal["auto"] = "auto"
    dropout: float = 0.0
    batch_size: int | Literal["auto"] = "auto"
    max_iter: int | Literal["auto"] = "auto"
    shuffle: bool = True
    early_stopping: bool | Literal["auto"] = "auto"
    validation_fraction: float = 0.1
    n_iter_no_change: int = 10
    tol: float = 1e-5
    scoring: str | Callable = "loss"
    standardize: bool = True
    clip_inputs: bool = True
    class_weight: dict | list[dict] | Literal["balanced"] | None = None
    n_networks: int = 1
    warm_start: bool = False
    engine: Literal["auto", "numpy", "numba"] = "auto"
    verbose: int = 0
    random_state: int | np.random.RandomState | None = None

    @available_if(takes_single_steps)
    @with_known_names
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Incremental learning: train for one epoch on these samples.

        Training continues where the last call ended: k calls on all samples are ``fit`` with
        ``max_iter=k`` and without early stopping. Features are standardized by all samples seen so
        far, and ``alpha="auto"`` is that for so many samples, those that come again counting once.
        Calls may have one sample each. ``class_weight="balanced"`` counts the labels of all calls,
        and sample weights are relative to those of all calls. Nothing is printed. With
        ``max_iter="auto"`` nobody knows how many calls will come, and ``schedule="auto"`` is
        "inverse_scaling"; so it is after a ``fit``, where it starts at a twentieth of the rate. A
        "cosine" schedule comes down once in every max_iter calls.

        Parameters
        ----------
        X, y, sample_weight
            As for ``fit``.
        classes : array-like of shape (n_classes,), default=None
            All labels that will come; needed in the first call, unless y is multilabel.

        Returns
        -------
        self : ShallowNNClassifier
            The fitted estimator.

        Raises
        ------
        TypeError, ValueError
            As ``fit``; also if ``classes`` is missing in the first call or changes later, and if
            y has a label that is not in ``classes``.

        Examples
        --------
        Rows that come in parts, none of which need hold all labels:

        >>> from sklearn.datasets import load_digits
        >>> from skshallow import ShallowNNClassifier
        >>> X, y = load_digits(return_X_y=True)
        >>> network = ShallowNNClassifier(64, random_state=0)
        >>> for start in range(0, 1500, 300):
        ...     rows = slice(start, start + 300)
        ...     network = network.partial_fit(X[rows], y[rows], classes=range(10))
        >>> network.n_iter_, bool(network.score(X[1500:], y[1500:]) > 0.7)
        (5, True)
        """
        first = not hasattr(self, "W1_")
        if first and classes is None and type_of_target(y) != "multilabel-indicator":
            raise ValueError("classes=None in the first call: pass an array of all labels to come")
        if not (first or classes is None or np.array_equal(np.unique(classes), self.classes_)):
            known = shown(self.classes_.tolist())
            raise ValueError(
                f"classes={shown(classes)} differs from classes_={known} of the first call: leave "
                "it out, or fit a new estimator"
            )
        return self._fit_epoch(X, y, sample_weight, classes=classes)

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Labels of the largest score.

        Parameters
        ----------
        X : {array-like, sparse matrix or array} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Labels, or a matrix of 0 and 1 for multilabel.
        """
        scores = self._outputs(X, "scores")  # fitted, or it says so
        return self._encoder.decode(scores, self.classes_)

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Scores Z2, the logits of the probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix or array} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        scores : ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_labels)
            One score for each sample for two classes, positive for ``classes_[1]``.

        Examples
        --------
        For two classes the probability of the second is the sigmoid of the score:

        >>> import numpy as np
        >>> from scipy.special import expit
        >>> from sklearn.datasets import load_breast_cancer
        >>> from skshallow import ShallowNNClassifier
        >>> X, y = load_breast_cancer(return_X_y=True)
        >>> network = ShallowNNClassifier(16, random_state=0).fit(X, y)
        >>> np.allclose(network.predict_proba(X)[:, 1], expit(network.decision_function(X)))
        True
        """
        scores = self._outputs(X, "scores")
        return scores[:, 0] if self._encoder.kind == "binary" else scores

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Probability of each class, or of each label for multilabel.

        Parameters
        ----------
        X : {array-like, sparse matrix or array} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In the order of ``classes_``.
        """
        return self._outputs(X, "output")

    def predict_log_proba(self, X: ArrayLike) -> np.ndarray:
        """Logarithm of ``predict_proba``, finite however small the probability.

        Parameters
        ----------
        X : {array-like, sparse matrix or array} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In the order of ``classes_``.
        """
        return self._outputs(X, "log_output")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _learn_targets(self, y, classes=None):
        encoder = ClassEncoder.learn(y, classes)
        self.classes_ = encoder.classes
        return encoder

    def _learn_class_weights(self, y, weights, earlier=None):
        if self.class_weight is None:
            return None
        return ClassWeights.learn(self.class_weight, self._encoder, y, weights, earlier)
