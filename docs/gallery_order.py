"""The order of the gallery; an example that is not named here stops the build of the site."""

from pathlib import Path

EXAMPLES = [
    "quickstart",
    "curves",
    # what the notes tell
    "decision_boundaries",
    "hidden_units",
    "activations",
    "gradient_descent",
    "vectorised",
    "symmetry",
    # training and choosing
    "learning_rate",
    "early_stopping",
    "grid_search",
    # the answers: labels, probabilities, intervals
    "class_weight",
    "calibration",
    "averaging",
    "quantiles",
    # other data
    "text",
    "partial_fit",
    # looking inside
    "importance",
    "gradient_check",
]


def place(file):
    """Where in the gallery the example of this file stands."""
    return EXAMPLES.index(Path(file).stem.removeprefix("plot_"))
