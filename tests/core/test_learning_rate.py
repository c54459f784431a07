"""A schedule that is cut short passes what is left of it in fewer epochs."""

import numpy as np
import pytest

from skshallow.core.learning_rate import LearningRate
from skshallow.core.schedules import SCHEDULES

N_STEPS = 5


def rate_of(schedule="cosine", **options):
    return LearningRate(0.5, SCHEDULES[schedule](), **options)


def rates_of(rate, epochs):
    return np.concatenate([rate.of_epoch(epoch, N_STEPS) for epoch in epochs])


@pytest.mark.parametrize("start", [0, 7])
@pytest.mark.parametrize("cut", [1, 30, 80])
def test_the_rest_of_the_schedule_is_passed_in_so_many_epochs(cut, start):
    rate = rate_of(start=start, n_epochs=100, epochs_left=100 - cut)
    assert rate.end_within(4, start + cut)
    assert rate.epochs_left == 4
    found = rates_of(rate, range(start + cut, start + cut + 4))
    progress = cut + (100 - cut) * np.arange(4 * N_STEPS) / (4 * N_STEPS)
    np.testing.assert_allclose(found, 0.25 * (1 + np.cos(np.pi * progress / 100)), atol=1e-12)


def test_a_schedule_that_ends_sooner_stays_as_it_is():
    rate, untouched = (rate_of(n_epochs=10, epochs_left=4) for _ in range(2))
    assert rate.end_within(4, 6)
    assert rate == untouched


@pytest.mark.parametrize("name", SCHEDULES)
def test_only_a_fit_whose_schedule_ends_is_cut_short(name):
    rate, untouched = (rate_of(name, n_epochs=100, epochs_left=90) for _ in range(2))
    assert rate.end_within(5, 10) == (name == "cosine")
    assert (rate == untouched) == (name != "cosine")


def test_between_fits_there_is_no_end():
    assert not rate_of().end_within(5, 10)


def test_a_schedule_is_cut_short_once():
    rate = rate_of(n_epochs=100, epochs_left=90)
    assert rate.end_within(20, 10)
    assert not rate.end_within(5, 15)
    assert rate.epochs_left == 20


def test_epochs_are_counted_down_in_a_fit_alone():
    in_fit, between = rate_of(n_epochs=3, epochs_left=3), rate_of()
    for rate in (in_fit, between):
        rate.end_epoch()
    assert (in_fit.epochs_left, between.epochs_left) == (2, None)
    for rate in (in_fit, between):
        rate.end()
    assert (in_fit.epochs_left, between.epochs_left) == (0, None)
