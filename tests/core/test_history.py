"""What is written down in training."""

import math

import numpy as np
import pytest

from skshallow.core.history import Checkpoint, History


def test_the_checkpoint_keeps_a_copy_of_the_best_weights():
    checkpoint, theta = Checkpoint(), np.zeros(3)
    for epoch, score in enumerate([1.0, 3.0, 3.0, 2.0, math.nan]):
        theta[...] = epoch
        checkpoint.update(score, epoch, theta)
    assert (checkpoint.score, checkpoint.epoch) == (3.0, 1)
    np.testing.assert_array_equal(checkpoint.best_weights, np.ones(3))


@pytest.mark.parametrize("score", [-math.inf, math.nan])
def test_the_first_weights_are_kept_whatever_their_score(score):
    checkpoint = Checkpoint()
    checkpoint.update(score, 7, np.ones(2))
    np.testing.assert_array_equal(checkpoint.best_weights, np.ones(2))


def test_the_history_has_three_curves_of_one_length_and_the_first_loss():
    history = History()
    for loss in (5.0, 4.0):
        history.start(loss)
        history.lines.append((loss, loss / 8, None))
    assert history.losses == [5.0, 4.0]
    assert history.penalties == [0.625, 0.5]
    assert history.scores == [None, None]
    assert history.initial_loss == 5.0
