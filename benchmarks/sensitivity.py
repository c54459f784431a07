"""What each default is worth: one is changed at a time, on real tables.

Data, splits and measures are those of accuracy.py. A good default lies on a plateau: its
neighbours do about as well.

    python benchmarks/sensitivity.py --data DIR               # at most 6,000 training rows
    python benchmarks/sensitivity.py --data DIR --sizes 500
    python benchmarks/sensitivity.py --data DIR --regression  # targets that are numbers
    python benchmarks/sensitivity.py --tiny                   # seconds: does it run?
"""

import warnings

import pandas as pd
from accuracy import command_line, measure, measure_regression, parse, prepare, tables

from skshallow import ShallowNNClassifier, ShallowNNRegressor
from skshallow._defaults import (
    MAX_AUTO_ALPHA,
    Settings,
    alpha_by_rows,
    resolve_batch_size,
    resolve_epochs,
)
from skshallow.core.optimizers import Adam


def times_alpha(factor):
    """So many times where the search of "auto" starts, with the same upper limit."""

    def parameters(n, kind):
        settings = Settings.of(kind())
        alpha = factor * alpha_by_rows(settings, n)
        return {"alpha": min(alpha, MAX_AUTO_ALPHA)}

    return parameters


def times_epochs(factor):
    """So many times what "auto" is for n rows."""

    def parameters(n, kind):
        settings = Settings.of(kind())
        n_batches = -(-n // resolve_batch_size("auto", settings, n))
        return {"max_iter": int(factor * resolve_epochs("auto", settings, n_batches))}

    return parameters


def always(**parameters):
    """The same parameters for every n."""
    return lambda n, kind: parameters


VARIANTS = {
    "defaults": always(),
    "hidden_units=32": always(hidden_units=32),
    "hidden_units=64": always(hidden_units=64),
    "hidden_units=256": always(hidden_units=256),
    'activation="tanh"': always(activation="tanh"),
    'activation="silu"': always(activation="silu"),
    'activation="leaky_relu"': always(activation="leaky_relu"),
    "learning_rate=0.005": always(learning_rate=0.005),
    "learning_rate=0.01": always(learning_rate=0.01),
    "learning_rate=0.04": always(learning_rate=0.04),
    'schedule="constant"': always(schedule="constant"),
    "alpha by the rows alone": times_alpha(1.0),
    "a third of that": times_alpha(1 / 3),
    "3 times that": times_alpha(3.0),
    "alpha=0": always(alpha=0.0),
    "batch_size=32": always(batch_size=32),
    "batch_size=64": always(batch_size=64),
    "batch_size=128": always(batch_size=128),
    "batch_size=256": always(batch_size=256),
    "half as many epochs": times_epochs(0.5),
    "twice as many epochs": times_epochs(2.0),
    "n_networks=4": always(n_networks=4),
    "dropout=0.1": always(dropout=0.1),
    "dropout=0.2, hidden_units=256": always(dropout=0.2, hidden_units=256),
    "Adam(input_scale_rate=0)": always(solver=Adam(input_scale_rate=0)),
    "Adam(input_scale_rate=8)": always(solver=Adam(input_scale_rate=8)),
    "Adam(input_scale_rate=32)": always(solver=Adam(input_scale_rate=32)),
    "Adam(beta2=0.99)": always(solver=Adam(beta2=0.99)),
    "standardize=False": always(standardize=False),
    "early_stopping=True": always(early_stopping=True),
    "early_stopping=False": always(early_stopping=False),
}
FEW = ("defaults", "3 times that", "half as many epochs")  # for --tiny


def figures(options):
    """One line for every variant, data set, size and split."""
    names, regression = FEW if options.tiny else VARIANTS, options.regression
    kind, judge = ShallowNNClassifier, measure
    if regression:
        kind, judge = ShallowNNRegressor, measure_regression
    for table, load in tables(options).items():
        loaded = load()
        wanted = loaded is not None and pd.api.types.is_float_dtype(loaded[1]) == regression
        for size in options.sizes if wanted else []:
            for split in range(options.splits):
                data = prepare(*loaded, size, split, raw=True, regression=regression)
                for name in names:
                    parameters = VARIANTS[name](len(data.y_train), kind)
                    key = {"size": size or "all", "variant": name, "table": table}
                    yield key | judge(kind(random_state=split, **parameters), data)


def summarise(lines):
    """Means over the data sets, and differences to the defaults."""
    frame = pd.DataFrame(lines)
    for size, part in frame.groupby("size", sort=False):
        by_table = part.groupby(["variant", "table"], sort=False).mean(numeric_only=True)
        means = by_table.groupby("variant", sort=False).mean()
        columns = columns_of_regression(means) if "r2" in means else columns_of(means)
        columns["time"] = (means["seconds"] / means["seconds"]["defaults"], "{:.1f}")
        table = pd.DataFrame({name: column for name, (column, _) in columns.items()})
        formatters = [form.format for _, form in columns.values()]
        print(f"\n{part['table'].nunique()} data sets, training rows: {size}")
        print(table.rename_axis(None).to_string(formatters=formatters))


def columns_of(means):
    """Name, values and format of what is printed of classifications."""
    accuracy, log_loss = means["accuracy"], means["log_loss"]
    return {
        "accuracy, %": (100 * accuracy, "{:.2f}"),
        "to defaults": (100 * (accuracy - accuracy["defaults"]), "{:+.2f}"),
        "log loss": (log_loss, "{:.4f}"),
        "change, %": (100 * (log_loss / log_loss["defaults"] - 1), "{:+.1f}"),
        "calibration error": (means["calibration_error"], "{:.3f}"),
    }


def columns_of_regression(means):
    """The same of targets that are numbers."""
    r2, error = means["r2"], means["absolute_error"]
    return {
        "R2": (r2, "{:.4f}"),
        "to defaults": (r2 - r2["defaults"], "{:+.4f}"),
        "absolute error": (error, "{:.4f}"),
        "change, %": (100 * (error / error["defaults"] - 1), "{:+.1f}"),
    }


def main():
    options = parse(command_line(__doc__))
    warnings.simplefilter("ignore")
    summarise(list(figures(options)))


if __name__ == "__main__":
    main()
