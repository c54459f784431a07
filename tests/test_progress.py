"""What verbose prints."""

import re

import pytest
from sklearn.datasets import load_iris

from skshallow import ShallowNNClassifier

X, y = load_iris(return_X_y=True)


def printed(capsys, **parameters):
    classifier = ShallowNNClassifier(8, random_state=0, **parameters).fit(X, y)
    return classifier, capsys.readouterr().out.splitlines()


def numbers(lines, word):
    return [float(re.search(rf"{word} (-?[\d.]+)", line)[1]) for line in lines]


def test_nothing_is_printed_by_default(capsys):
    assert printed(capsys, max_iter=5)[1] == []


@pytest.mark.filterwarnings("ignore:lbfgs stopped")
@pytest.mark.parametrize("solver", ["adam", "gd", "lbfgs"])
def test_verbose_2_prints_loss_and_penalty_of_every_epoch(capsys, solver):
    classifier, lines = printed(capsys, solver=solver, max_iter=12, tol=0, alpha=0.01, verbose=2)
    assert len(lines) == classifier.n_iter_ > 5
    assert numbers(lines, "epoch") == list(range(1, classifier.n_iter_ + 1))
    assert numbers(lines, "loss") == pytest.approx(classifier.loss_curve_, abs=1e-5)
    assert numbers(lines, "penalty") == pytest.approx(classifier.penalty_curve_, abs=1e-5)


def test_verbose_1_prints_about_ten_lines_with_the_validation_score(capsys):
    classifier, lines = printed(
        capsys, alpha=0.01, max_iter=100, early_stopping=True, n_iter_no_change=100, verbose=1
    )
    assert 9 <= len(lines) <= 11
    assert numbers(lines, "validation") == pytest.approx(
        classifier.validation_scores_[9::10], abs=1e-5
    )


def test_the_last_epoch_is_counted_over_warm_starts(capsys):
    classifier = ShallowNNClassifier(4, max_iter=3, warm_start=True, verbose=2, random_state=0)
    classifier.fit(X, y).fit(X, y)
    assert "epoch 6/6" in capsys.readouterr().out.splitlines()[-1]
