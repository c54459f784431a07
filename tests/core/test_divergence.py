"""A loss is absurd beside that of the same examples before the first step."""

import math

import numpy as np
import pytest
from doubles import FakeEngine, Scorer

from skshallow.core.divergence import DivergenceError, check_loss, max_validation_loss
from skshallow.core.learning_rate import LearningRate
from skshallow.core.optimizers import GradientDescent
from skshallow.core.parameters import Layout, Parameters
from skshallow.core.schedules import SCHEDULES
from skshallow.core.training import EarlyStopping, TrainingState, fit_epochs


def bare():
    """A state whose parameters are all zero."""
    parameters, optimizer = Parameters.zeros(Layout(2, 3, 1)), GradientDescent()
    rate = LearningRate(0.1, SCHEDULES["constant"]())
    state = TrainingState(parameters, 0, np.random.default_rng(0), rate, EarlyStopping(10, 0.0))
    state.use_optimizer(optimizer)
    return state


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf, 3.1])
def test_a_loss_that_is_no_sensible_number_is_refused(loss):
    with pytest.raises(DivergenceError):
        check_loss(loss, 3.0)
    assert check_loss(3.0, 3.0) == 3.0


@pytest.mark.parametrize(("loss", "reason"), [(299.0, "finished"), (301.0, "diverged")])
def test_absurd_is_a_loss_beyond_the_engines_factor_times_one_plus_the_first(loss, reason):
    state = bare()
    engine = FakeEngine(state, [[2.0, 9.0, 9.0], loss])  # the factor is a hundred
    assert fit_epochs(state, engine, 2).reason == reason


def test_a_loss_is_absurd_beside_that_of_the_same_batches_before_the_first_step():
    """An outlier in the last batch, which no weights fit, is no divergence."""
    state = bare()
    engine = FakeEngine(state, [[2.0, 2.0, 5e3]] * 4)
    engine.batch_losses = lambda: np.array([2.0, 2.0, 4e3 + state.theta[0]])
    state.theta[0] = 90  # the losses asked for are those of these weights
    assert fit_epochs(state, engine, 3).reason == "finished"
    assert state.theta[0] == 93
    engine.batch_losses = lambda: np.array([2.0, 2.0, 3.0])
    assert fit_epochs(state, engine, 1).reason == "diverged"


def test_ctrl_c_while_the_first_weights_are_asked_for_keeps_the_present_ones():
    """They are in the network's place as long as their losses are computed."""

    def interrupted():
        raise KeyboardInterrupt

    state = bare()
    engine = FakeEngine(state, [[2.0, 2.0, 2.0], [2.0, 2.0, 5e3]])
    engine.batch_losses = interrupted
    outcome = fit_epochs(state, engine, 3)
    assert outcome.reason == "interrupted"
    assert (outcome.weights == 2).all()  # a marker of each epoch


@pytest.mark.parametrize(("loss", "reason"), [(199.0, "finished"), (201.0, "diverged")])
def test_the_loss_that_the_last_step_leaves_is_judged_too(loss, reason):
    """No further epoch measures it."""
    state = bare()
    engine = FakeEngine(state, moves=[1.0, 2.0])
    engine.batch_losses = lambda: np.full(3, loss if state.theta[0] == 3 else 1.0)
    assert fit_epochs(state, engine, 2).reason == reason


@pytest.mark.parametrize(("first", "reason"), [(99.0, "finished"), (101.0, "diverged")])
def test_where_features_are_huge_small_steps_are_judged_as_well(first, reason):
    """Their losses say so: the last step alone may make one of them absurd."""
    state = bare()
    state.theta[...] = 90
    engine = FakeEngine(state, [[first, 1.0, 1.0]])  # the limit is a hundred times as much
    engine.batch_losses = lambda: np.full(3, 2e4 if state.theta[0] == 91 else 1.0)
    engine.shares = np.array([1.0, 0.0, 0.0])
    assert fit_epochs(state, engine, 1).reason == reason


def test_batches_that_blow_up_in_mid_epoch_are_not_lost_in_the_mean():
    losses = np.full(2_000, 0.5)
    losses[1_000:1_016] = 3e3  # of 128,000 examples 1,024 have an absurd loss
    state = bare()
    engine = FakeEngine(state, [losses])
    engine.n_examples, engine.n_steps, engine.shares = 128_000, 2_000, np.full(2_000, 1 / 2_000)
    assert losses.mean() < engine.divergence_factor
    assert fit_epochs(state, engine, 1).reason == "diverged"


@pytest.mark.parametrize(
    ("n", "reason"), [(40, "finished"), (1_024, "finished"), (9_000, "diverged")]
)
def test_one_example_among_a_thousand_counts_little(n, reason):
    """An epoch of n batches of two examples, a loss of 1, the limit is 200."""
    state, losses = bare(), np.ones(n)
    losses[n // 2 : n // 2 + 13] = 199 * n / 13 if n < 512 else 199 * 512 / 13
    losses[n // 2 : n // 2 + 13] *= 0.9 if reason == "finished" else 2.2
    engine = FakeEngine(state, [losses])
    engine.n_examples, engine.n_steps, engine.shares = 2 * n, n, np.full(n, 1 / n)
    assert fit_epochs(state, engine, 1).reason == reason


def test_a_batch_of_thousands_stands_for_itself():
    state = bare()
    engine = FakeEngine(state, [[1.0, 1.0, 301.0, 1.0]])  # the limit is 200
    engine.n_examples, engine.n_steps, engine.shares = 8_192, 4, np.full(4, 1 / 4)
    assert fit_epochs(state, engine, 1).reason == "diverged"


def test_validation_is_judged_beside_itself():
    assert max_validation_loss(Scorer(bare(), [], losses=[1e6]), 100.0) == 100 * (1 + 1e6)
    assert max_validation_loss(Scorer(bare(), [], losses=[math.nan]), 100.0) == math.inf
    assert max_validation_loss(None, 100.0) == math.inf
