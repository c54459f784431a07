import math

import numpy as np
import pytest

from skshallow.core.schedules import SCHEDULES, Schedule

STEPS = [i / 100 for i in range(1000)]  # ten epochs of a hundred steps


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_begins_at_the_users_rate(name):
    assert SCHEDULES[name]().factor(0, 10) == 1


@pytest.mark.parametrize("name", ["constant", "cosine", "adaptive"])
def test_without_an_end_in_sight_the_rate_is_the_users(name):
    schedule = SCHEDULES[name]()
    assert {schedule.factor(progress, None) for progress in STEPS} == {1}


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_rate_never_rises_within_a_period_and_never_turns_negative(name):
    schedule = SCHEDULES[name]()
    factors = [schedule.factor(progress, 10) for progress in STEPS]
    assert factors == sorted(factors, reverse=True)
    assert factors[-1] >= 0


@pytest.mark.parametrize("name", SCHEDULES)
def test_only_a_schedule_that_adapts_has_a_lower_rate(name):
    schedule = SCHEDULES[name]()
    lowered = schedule.lower()
    assert bool(lowered) == schedule.adapts
    assert (schedule.factor(0, 10) < 1) == schedule.adapts


def test_a_schedule_of_ones_own_has_nothing_to_lower():
    class Own(Schedule):
        def factor(self, progress, period):
            return 0.5

    assert not Own().lower()
    assert not Own.adapts


def test_constant_is_one_for_ever():
    assert {SCHEDULES["constant"]().factor(progress, 10) for progress in STEPS} == {1}


def test_cosine_is_half_a_cosine_wave():
    schedule = SCHEDULES["cosine"]()
    for progress in STEPS:
        wave = math.cos(progress / 10 * math.pi / 2) ** 2  # (1 + cos 2x) / 2 = cos^2 x
        assert schedule.factor(progress, 10) == pytest.approx(wave, abs=1e-12)
    assert schedule.factor(5, 10) == pytest.approx(0.5)
    assert schedule.factor(10 - 1 / 100, 10) < 1e-5  # the last step


def test_cosine_restarts_after_its_period():
    schedule = SCHEDULES["cosine"]()
    for progress in (0, 0.5, 3, 9.75):
        assert schedule.factor(progress + 10, 10) == schedule.factor(progress, 10)


def test_adaptive_takes_a_fifth_each_time_but_stays_above_a_thousandth():
    schedule, factors = SCHEDULES["adaptive"](), []
    while schedule.lower():
        factors.append(schedule.factor(3, 10))
    assert factors == pytest.approx([1 / 5, 1 / 25, 1 / 125, 1 / 625])
    assert schedule.factor(3, 10) / 5 < 1e-3
    assert not schedule.lower()


@pytest.mark.parametrize("n_steps", [1, 7])
def test_inverse_scaling_counts_steps_and_stays_above_a_hundredth(n_steps):
    schedule = SCHEDULES["inverse_scaling"]()
    factors = np.concatenate([schedule.factors(epoch, n_steps, None) for epoch in range(200)])
    steps = np.arange(200 * n_steps)
    np.testing.assert_allclose(factors, (1 + steps / 300) ** -0.75)
    assert schedule.factor(10**9, None) == 0.01


def test_steps_that_count_as_taken_bring_the_rate_down_before_the_first():
    late, all_ = SCHEDULES["inverse_scaling"](steps_before=70), SCHEDULES["inverse_scaling"]()
    np.testing.assert_allclose(late.factors(0, 7, None), all_.factors(10, 7, None), rtol=1e-14)
    steep = SCHEDULES["inverse_scaling"](scale=10.0, power=0.5, least=0.2)
    assert steep.factor(30, None) == pytest.approx(1 / 2)
    assert steep.factor(1e6, None) == 0.2


@pytest.mark.parametrize("period", [2, 10, None])
@pytest.mark.parametrize("name", ["cosine", "constant", "adaptive"])
def test_factors_of_an_epoch_are_those_at_its_steps(name, period):
    schedule = SCHEDULES[name]()
    expected = [schedule.factor(3 + i / 4, period) for i in range(4)]
    np.testing.assert_allclose(schedule.factors(3, 4, period), expected, rtol=1e-14)


@pytest.mark.parametrize("present", [1.0, 0.0051, 0.0055, 0.0049, 0.0045, 0.001])
def test_the_rate_is_lowered_as_long_as_a_fifth_is_a_thousandth_or_more(present):
    schedule = SCHEDULES["adaptive"](present)
    while True:
        before = schedule.factor(0, None)
        if not schedule.lower():
            break
        assert schedule.factor(0, None) == pytest.approx(before / 5)
    assert 1e-3 <= schedule.factor(0, None) == before < 5e-3
