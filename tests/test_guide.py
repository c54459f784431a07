"""The pages of the guide print what they show, and what they include works."""

from pathlib import Path

import numpy as np
import pytest
from pages import DOCS, assert_prints_what_it_shows, sections, whole
from sklearn.datasets import load_wine

from skshallow import ShallowNNClassifier

PAGES = ["coming_from.rst", "extending.rst", "faq.rst", "installation.rst", "pitfalls.rst"]
PAGES += sorted(f"user_guide/{path.name}" for path in (DOCS / "user_guide").glob("*.rst"))
LONG = ("choosing", "coming_from", "faq", "interpretation", "probabilities", "search", "warnings")
CASES = [  # in the two stories what stands later builds on what is above
    whole("getting_started.rst", [pytest.mark.slow]),
    whole("notes_to_code.rst"),
    *(case for page in PAGES for case in sections(page, fast=Path(page).stem not in LONG)),
]


@pytest.mark.fast(1)
@pytest.mark.parametrize(("page", "title", "text"), CASES)
def test_the_page_prints_what_it_shows(page, title, text):
    assert_prints_what_it_shows(page, title, text)


def orthogonal(rng, n_out, n_in):
    """Rows, or columns if they are fewer, of length one and at right angles."""
    Q, _ = np.linalg.qr(rng.standard_normal((max(n_out, n_in), min(n_out, n_in))))
    return Q if n_out >= n_in else Q.T


@pytest.mark.parametrize("hidden_units", [5, 30])
def test_training_starts_from_the_weights_of_an_own_initialiser(hidden_units):
    X, y = load_wine(return_X_y=True)
    still = {"learning_rate": 1e-300, "max_iter": 1, "standardize": False, "random_state": 0}
    W1 = ShallowNNClassifier(hidden_units, init=orthogonal, **still).fit(X, y).W1_
    n = min(W1.shape)
    np.testing.assert_allclose(W1 @ W1.T if n == len(W1) else W1.T @ W1, np.eye(n), atol=1e-12)
