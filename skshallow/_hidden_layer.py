"""What an estimator says of its hidden layer: its outputs as features, and what it looks at."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skshallow._prediction import predicted_outputs


class HiddenLayer(ClassNamePrefixFeaturesOutMixin, TransformerMixin):
    """A mixin for estimators with a hidden layer."""

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Outputs of the hidden units: the features that the network has learned.

        With it a fitted network is a step of a pipeline, in front of another estimator.

        Parameters
        ----------
        X : {array-like, sparse matrix or array} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        activations : ndarray of shape (n_samples, n_units)
            ``A1 = g(W1 X.T + b1)``, a column for each hidden unit, in the order of the rows of
            ``W1_``.

        Raises
        ------
        ValueError
            If X does not suit the fitted network.
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.

        Examples
        --------
        The scores are a linear function of these features:

        >>> import numpy as np
        >>> from sklearn.datasets import load_iris
        >>> from skshallow import ShallowNNClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> network = ShallowNNClassifier(8, random_state=0).fit(X, y)
        >>> scores = network.transform(X) @ network.W2_.T + network.b2_.T
        >>> np.allclose(scores, network.decision_function(X))
        True
        """
        return self._outputs(X, "hidden")

    def _outputs(self, X, method):
        """What the network says of every sample: "hidden", or by the loss "scores" and more."""
        return predicted_outputs(self, X, method)

    @property
    def feature_importances_(self) -> np.ndarray:
        """Share of each feature in the weights of the network, (`n_features_in_`,)."""
        check_is_fitted(self, "W1_")
        W1, outgoing = np.abs(self.W1_).astype(np.float64), np.linalg.norm(self.W2_, axis=0)
        if self._standardization is not None:
            factor = self._standardization.factor.T
            W1 = W1 / np.where(factor > 0, factor, 1)  # constant features have no weight
        importances = outgoing @ W1
        total = importances.sum()
        return importances / total if total > 0 else importances

    @property
    def _n_features_out(self):
        """How many features ``transform`` gives; scikit-learn names them by it."""
        return len(self.W1_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
