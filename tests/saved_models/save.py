"""Save models of this version, for later ones to load: ``python tests/saved_models/save.py``.

Run it once for every release. Each folder holds a classifier and a regressor, and what they said of
``X`` when they were saved.
"""

import pickle
from pathlib import Path

import numpy as np

import skshallow
from skshallow import ShallowNNClassifier, ShallowNNRegressor

FOLDER = Path(__file__).parent
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
LABELS = np.array(["a", "b", "c"])[RNG.integers(3, size=60)]
SMALL = {"hidden_units": 4, "max_iter": 5, "random_state": 0, "engine": "numpy"}


def models():
    """Estimators by name, and their outputs for X."""
    classifier = ShallowNNClassifier(**SMALL, warm_start=True).fit(X, LABELS)
    regressor = ShallowNNRegressor(**SMALL, activation="prelu").fit(X, X[:, :2] ** 2)
    yield "classifier", classifier, classifier.predict_proba(X)
    yield "regressor", regressor, regressor.predict(X)


def save(folder):
    """Write them into this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, model, outputs in models():
        (folder / f"{name}.pickle").write_bytes(pickle.dumps(model, protocol=5))
        np.savez_compressed(folder / f"{name}.npz", X=X, outputs=outputs)


if __name__ == "__main__":
    save(FOLDER / skshallow.__version__)
