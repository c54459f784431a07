"""What can be wrong with a hidden layer, seen from Z1 and A1 = g(Z1) of some examples.

A unit is *flat* if it gives the same output whatever the input. Two units are *duplicates* if they
compute the same: then they receive the same gradient and stay the same for ever, the symmetry
that the notes warn of.
"""

import numpy as np

ROUNDING = 1e-5  # values that differ by this part of the largest are the same, in any precision
N_COMPARED = 128  # examples on which units are compared: more tell no more
NO_SLOPE = 1e-3  # a unit whose g' is never larger learns nothing
STILL = 0.1  # Z1 that varies less says that W1 is near zero
STRONG = 0.1  # penalty that may bring it there against the data, whose losses are of order one
NO_EFFECT = 0.01  # Z2 that varies less, in deviations of the targets or as logits, says nothing


def flat(low, high):
    """Whether the least and the largest value of each unit, (n1,), are the same."""
    return high - low <= ROUNDING * np.maximum(np.abs(low), np.abs(high))


def duplicate_units(Z1, A1, i):
    """Which units have the pre-activations and the outputs of unit i, (n1,)."""
    same = np.ones(len(Z1), bool)
    for values in (Z1, A1):
        distance = np.abs(values - values[i]).max(axis=1)
        same &= distance <= ROUNDING * np.abs(values[i]).max()
    return same


def hidden_layer_fault(network, Z1, A1):
    """What to tell the user about the layer as a whole, or None.

    A layer is dead if all its units are flat and without slope although Z1 varies. If it does not,
    there was little to learn, or a strong penalty has put the layer to sleep: then Z2 does not vary
    either. The inputs must not be constant, nor the targets.
    """
    n1, m = Z1.shape
    if n1 > 1 and duplicate_units(Z1, A1, 0).all():
        return (
            f"all {n1} hidden units compute the same, so that the network has one unit in effect: "
            "start from random weights, for example init='auto'; "
            "skshallow.inspection.hidden_unit_report shows every unit"
        )
    if np.ptp(Z1, axis=1).max() < STILL:
        asleep = np.ptp(network.output(A1), axis=1).max() < NO_EFFECT
        return _asleep(network.alpha, m) if asleep and network.alpha >= STRONG else None
    if not flat(A1.min(axis=1), A1.max(axis=1)).all():
        return None
    if np.abs(network.slope(Z1, A1)).max() > NO_SLOPE:
        return None
    return (
        f"no hidden unit reacts to its inputs (seen on {m} samples), so that the network says the "
        "same of every sample: lower learning_rate or alpha, set standardize=True, or use "
        "activation='leaky_relu'; skshallow.inspection.hidden_unit_report shows every unit"
    )


def _asleep(alpha, m):
    return (
        f"no hidden unit reacts to its inputs (seen on {m} samples), so that the network says "
        f"nearly the same of every sample: the penalty alpha={alpha:.3g} has brought the weights "
        "near zero. Lower alpha, or set alpha='auto'"
    )
