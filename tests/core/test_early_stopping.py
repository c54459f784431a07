"""The rule alone: scores go in, whether to stop comes out."""

import math

import pytest

from skshallow.core.early_stopping import EarlyStopping


def stops_after(rule, scores):
    """The number of scores after which the rule stops, or None."""
    return next((i for i, score in enumerate(scores, 1) if rule.should_stop(score)), None)


@pytest.mark.parametrize("n_iter_no_change", [1, 3])
@pytest.mark.parametrize("later", [4.0, 3.0, -math.inf, math.nan])
def test_it_stops_when_so_many_scores_in_a_row_were_no_better(n_iter_no_change, later):
    rule = EarlyStopping(n_iter_no_change, tol=0.0)
    assert stops_after(rule, [1, 2, 3, 4, *[later] * 9]) == 4 + n_iter_no_change
    assert rule.best_score == 4


def test_small_rises_count_from_the_best_score_not_from_where_waiting_began():
    """0.4 above 0 is no rise by more than 0.5; 0.8 is not one above 0.4 either."""
    assert stops_after(EarlyStopping(2, tol=0.5), [0, 0.4, 0.8, 1.2]) == 3


@pytest.mark.parametrize(
    ("scores", "noisy"),
    [([1, 2, 3], False), ([3, 2, 1], False), ([2, 1, 3], True), ([1, 3, 2, 2], False)],
)
def test_noise_is_a_fall_and_a_rise(scores, noisy):
    rule = EarlyStopping(9, tol=0.5)
    assert stops_after(rule, scores) is None
    assert rule.is_noisy == noisy


def test_noise_of_one_fit_is_not_that_of_the_next():
    rule = EarlyStopping(9, tol=0.0)
    stops_after(rule, [1, 0])
    rule.end()
    stops_after(rule, [5, 6])
    assert not rule.is_noisy
