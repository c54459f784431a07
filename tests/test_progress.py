"""What verbose prints."""

import re

import numpy as np
import pytest
from sklearn.datasets import load_iris

from skshallow import ShallowNNClassifier

X, y = load_iris(return_X_y=True)
QUIET = pytest.mark.filterwarnings("ignore:lbfgs stopped:sklearn.exceptions.ConvergenceWarning")


def printed(capsys, **parameters):
    """The classifier; what was printed first, of epochs, and last."""
    classifier = ShallowNNClassifier(8, random_state=0, **{"alpha": 0.01} | parameters).fit(X, y)
    first, *lines, last = capsys.readouterr().out.splitlines()
    return classifier, first, lines, last


def numbers(lines, word):
    return [float(re.search(rf"{word} (-?[\d.]+)", line)[1]) for line in lines]


def test_nothing_is_printed_by_default(capsys):
    ShallowNNClassifier(8, max_iter=5).fit(X, y)
    assert capsys.readouterr().out == ""


@QUIET
@pytest.mark.parametrize("solver", ["adam", "gd", "lbfgs"])
def test_verbose_2_prints_time_loss_and_penalty_of_every_epoch(capsys, solver):
    classifier, _, lines, _ = printed(capsys, solver=solver, max_iter=12, tol=0, verbose=2)
    assert len(lines) == classifier.n_iter_ > 5
    unit = "iteration" if solver == "lbfgs" else "epoch"
    assert numbers(lines, unit) == list(range(1, classifier.n_iter_ + 1))
    assert numbers(lines, "loss") == pytest.approx(classifier.loss_curve_, abs=1e-5)
    assert numbers(lines, "penalty") == pytest.approx(classifier.penalty_curve_, abs=1e-5)
    assert all(re.search(rf"  \d+\.\d{{4}} s/{unit}  ", line) for line in lines)


@pytest.mark.parametrize(("scoring", "sign"), [("loss", -1), ("accuracy", 1)])
def test_verbose_1_prints_about_ten_lines_with_the_validation_score_by_its_name(
    capsys, scoring, sign
):
    classifier, _, lines, _ = printed(
        capsys, max_iter=100, early_stopping=True, n_iter_no_change=100, verbose=1, scoring=scoring
    )
    assert 9 <= len(lines) <= 11
    scores = sign * classifier.validation_scores_[9::10]
    assert numbers(lines, f"val_{scoring}") == pytest.approx(scores, abs=1e-5)


@pytest.mark.parametrize("max_iter", [5_000, "auto"])
def test_lbfgs_prints_about_ten_lines_however_many_iterations_it_may_take(capsys, max_iter):
    classifier, _, lines, last = printed(capsys, solver="lbfgs", verbose=1, max_iter=max_iter)
    assert 5 <= len(lines) <= 15
    assert numbers(lines, "iteration")[:6] == [1, 2, 5, 10, 20, 50]
    assert f"converged after {classifier.n_iter_} iterations" in last


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"max_iter": 3}, "all 3 epochs done"),
        ({"max_iter": 1}, "1 epoch done"),
        ({"early_stopping": True, "n_iter_no_change": 4, "max_iter": 500}, "for 4 epochs"),
        ({"solver": "sgd", "learning_rate": 1e9, "max_iter": 9}, "diverged in epoch"),
        ({"solver": "lbfgs", "max_iter": 3}, "3 iterations done without convergence"),
    ],
)
@pytest.mark.filterwarnings("ignore:lbfgs stopped", "ignore:training diverged")
def test_the_last_line_says_why_training_ended_and_which_epoch_was_kept(capsys, parameters, why):
    classifier, _, _, last = printed(capsys, verbose=1, **parameters)
    assert why in last
    assert re.search(rf"(epoch|iteration) {classifier.best_iter_} are kept", last)
    if classifier.do_early_stopping_:
        assert numbers([last], "val_loss") == pytest.approx(
            [-classifier.best_validation_score_], abs=1e-5
        )


def test_the_first_line_says_what_auto_chose(capsys):
    classifier, before, (first, *_), _ = printed(capsys, alpha="auto", max_iter=5, verbose=1)
    assert "choosing alpha on held-out samples" in before
    assert f"alpha {classifier.alpha_:.3g} chosen by the data" in first
    assert not classifier.do_early_stopping_
    assert "early stopping" not in first
    classifier = ShallowNNClassifier(8, max_iter=2, alpha=0.01, verbose=1)
    classifier.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    assert classifier.do_early_stopping_
    first = capsys.readouterr().out.splitlines()[0]
    assert "early stopping (on by 'auto') on 75 validation samples, given" in first


def test_verbose_2_tells_every_penalty_that_is_tried(capsys):
    network = ShallowNNClassifier(8, max_iter=5, verbose=2, random_state=0).fit(X, y)
    lines = [line for line in capsys.readouterr().out.splitlines() if "short training" in line]
    tried = numbers(lines, "alpha")
    assert len(tried) > 2
    assert float(f"{network.alpha_:.3g}") in tried
    assert len(set(tried)) == len(tried)
    assert all(0 < loss < 2 for loss in numbers(lines, "loss"))


def test_few_samples_have_not_chosen_a_penalty(capsys):
    ShallowNNClassifier(8, max_iter=5, verbose=1, random_state=0).fit(X[::4], y[::4])
    first = capsys.readouterr().out.splitlines()[0]
    assert "38 training samples, alpha 0.02" in first
    assert "chosen" not in first


def test_the_number_of_epochs_is_that_of_a_schedule_that_was_cut_short(capsys):
    rng = np.random.default_rng(0)
    noisy = rng.permutation(y)
    options = {"max_iter": 500, "early_stopping": True, "n_iter_no_change": 4, "alpha": 0.001}
    network = ShallowNNClassifier(8, verbose=2, random_state=0, tol=0, **options).fit(X, noisy)
    lines = [line for line in capsys.readouterr().out.splitlines() if "s/epoch" in line]
    counts = [re.search(r"epoch (\d+)/(\d+)", line).groups() for line in lines]
    assert counts[0] == ("1", "500")
    assert counts[-1] == (str(network.n_iter_),) * 2
    assert network.n_iter_ < 500


def test_early_stopping_that_auto_switched_on_is_seen_in_html():
    classifier = ShallowNNClassifier(8, max_iter=2, alpha=0.01)
    classifier.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    assert "do_early_stopping_" in classifier._repr_html_()


def test_the_last_epoch_is_counted_over_warm_starts(capsys):
    classifier = ShallowNNClassifier(
        4, max_iter=3, alpha=0.01, warm_start=True, verbose=2, random_state=0
    )
    classifier.fit(X, y).fit(X, y)
    assert "epoch 6/6" in capsys.readouterr().out.splitlines()[-2]
