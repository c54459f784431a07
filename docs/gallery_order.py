"""The order of the gallery; an example that is not named here stops the build of the site."""

from pathlib import Path

SECTIONS = {  # folders of examples; those outside come first
    "basics": [
        "decision_boundaries",
        "curves",
        "activations",
        "gradient_descent",
        "vectorised",
        "symmetry",
    ],
    "training": ["monitoring", "learning_rate", "early_stopping", "grid_search"],
    "predictions": ["calibration", "class_weight", "averaging", "quantiles"],
    "data": ["text", "partial_fit", "parquet"],
    "inspection": ["importance", "hidden_units", "gradient_check"],
}
EXAMPLES = ["quickstart", *(name for names in SECTIONS.values() for name in names)]


def place(file):
    """Where in the gallery the example of this file stands."""
    return EXAMPLES.index(Path(file).stem.removeprefix("plot_"))
