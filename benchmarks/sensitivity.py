"""What each default is worth: one is changed at a time, on real tables.

Data, splits and measures are those of accuracy.py. A good default lies on a plateau: its
neighbours do about as well.

    python benchmarks/sensitivity.py --data DIR               # at most 6,000 training rows
    python benchmarks/sensitivity.py --data DIR --sizes 500
    python benchmarks/sensitivity.py --tiny                   # seconds: does it run?
"""

import warnings

import pandas as pd
from accuracy import command_line, measure, parse, prepare, tables

from skshallow import ShallowNNClassifier
from skshallow.core.optimizers import Adam
from skshallow.settings import AUTO_BATCH_SIZE, AUTO_EPOCHS, AUTO_STEPS, MAX_AUTO_ALPHA


def by_rows(factor):
    """alpha = factor / n, with the same limit as "auto"."""
    return lambda n: {"alpha": min(factor / n, MAX_AUTO_ALPHA["classifier"])}


def always(**parameters):
    """The same parameters for every n."""
    return lambda n: parameters


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
    "alpha=1/n": by_rows(1.0),
    "alpha=5/n": by_rows(5.0),
    "alpha=10/n": by_rows(10.0),
    "alpha=0": always(alpha=0.0),
    "batch_size=32": always(batch_size=32),
    "batch_size=64": always(batch_size=64),
    "batch_size=256": always(batch_size=256),
    "half as many epochs": lambda n: {"max_iter": epochs(n) // 2},
    "twice as many epochs": lambda n: {"max_iter": epochs(n) * 2},
    "dropout=0.1": always(dropout=0.1),
    "dropout=0.2, hidden_units=256": always(dropout=0.2, hidden_units=256),
    "Adam(input_pace=0)": always(solver=Adam(input_pace=0)),
    "Adam(input_pace=6)": always(solver=Adam(input_pace=6)),
    "Adam(input_pace=24)": always(solver=Adam(input_pace=24)),
    "Adam(beta2=0.99)": always(solver=Adam(beta2=0.99)),
    "standardize=False": always(standardize=False),
    "early_stopping=True": always(early_stopping=True),
    "early_stopping=False": always(early_stopping=False),
}
FEW = ("defaults", "alpha=5/n", "half as many epochs")  # for --tiny


def epochs(n):
    """What max_iter="auto" is for n rows."""
    return max(AUTO_EPOCHS, -(-AUTO_STEPS // -(-n // AUTO_BATCH_SIZE)))


def figures(options):
    """One line for every variant, data set, size and split."""
    names = FEW if options.tiny else VARIANTS
    for table, load in tables(options).items():
        loaded = load()
        usable = loaded is not None and not pd.api.types.is_float_dtype(loaded[1])
        for size in options.sizes if usable else []:
            for split in range(options.splits):
                data = prepare(*loaded, size, split, raw=True)
                for name in names:
                    parameters = VARIANTS[name](len(data.y_train))
                    classifier = ShallowNNClassifier(random_state=split, **parameters)
                    key = {"size": size or "all", "variant": name, "table": table}
                    yield key | measure(classifier, data)


def summarise(lines):
    """Means over the data sets, and differences to the defaults."""
    frame = pd.DataFrame(lines)
    for size, part in frame.groupby("size", sort=False):
        by_table = part.groupby(["variant", "table"], sort=False).mean(numeric_only=True)
        means = by_table.groupby("variant", sort=False).mean()
        table = pd.DataFrame(
            {
                "accuracy, %": 100 * means["accuracy"],
                "to defaults": 100 * (means["accuracy"] - means["accuracy"]["defaults"]),
                "log loss": means["log_loss"],
                "change, %": 100 * (means["log_loss"] / means["log_loss"]["defaults"] - 1),
                "calibration error": means["calibration_error"],
                "time": means["seconds"] / means["seconds"]["defaults"],
            }
        )
        formats = ["{:.2f}", "{:+.2f}", "{:.4f}", "{:+.1f}", "{:.3f}", "{:.1f}"]
        print(f"\n{part['table'].nunique()} data sets, training rows: {size}")
        formatters = [form.format for form in formats]
        print(table.rename_axis(None).to_string(formatters=formatters))


def main():
    options = parse(command_line(__doc__))
    warnings.simplefilter("ignore")
    summarise(list(figures(options)))


if __name__ == "__main__":
    main()
