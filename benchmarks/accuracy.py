"""Default against default on real tables: accuracy, log loss, ROC AUC, calibration, fit time.

Every estimator has its default parameters and sees the same rows: missing numbers are imputed,
categories one-hot encoded and, unless ``--raw``, all columns standardised. Splits are 75/25, of
classes stratified; ``--sizes`` cuts the training part down to so many rows.

With ``--regression`` the targets are numbers and the measures R2, the mean absolute error in
deviations of the target, and the time; columns are raw, and only MLPRegressor, which needs it, has
them and the target standardised. Beside it stands how many held-out targets lie below the
quantiles 0.1, 0.5 and 0.9 of one network.

    python benchmarks/accuracy.py                          # the sets that scikit-learn ships
    python benchmarks/accuracy.py --regression
    python benchmarks/accuracy.py --openml 31 40984        # data sets of OpenML by their number
    python benchmarks/accuracy.py --data DIR --json FILE   # NAME.parquet (column target) or
                                                           # NAME.npz (X, y) in a folder
    python benchmarks/accuracy.py --tiny                   # seconds: does it run?

With ``--json`` every figure is written down at once, and what stands there already is not
measured again, so a long run can be stopped and go on.
"""

import argparse
import importlib.util
import json
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn import datasets
from sklearn.compose import (
    TransformedTargetRegressor,
    make_column_selector,
    make_column_transformer,
)
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import (
    accuracy_score,
    log_loss,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
)
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import Bunch

from skshallow import ShallowNNClassifier, ShallowNNRegressor

OWN = ("iris", "wine", "breast_cancer", "digits")
OWN_REGRESSION = ("diabetes",)
KEYS = ("table", "size", "raw", "split", "estimator")
MEASURES = ("accuracy", "log_loss", "roc_auc", "calibration_error")
REGRESSION_MEASURES = ("r2", "absolute_error")
QUANTILES = (0.1, 0.5, 0.9)


def contestants():
    """Name and factory (seed -> estimator); the last two only where they are installed."""
    found = {
        "ShallowNN": lambda seed: ShallowNNClassifier(random_state=seed),
        "MLP": lambda seed: MLPClassifier(random_state=seed),
        "MLP, early stopping": lambda seed: MLPClassifier(early_stopping=True, random_state=seed),
        "HistGradientBoosting": lambda seed: HistGradientBoostingClassifier(random_state=seed),
        "random forest": lambda seed: RandomForestClassifier(random_state=seed),
        "logistic regression": lambda seed: LogisticRegression(),
    }
    if importlib.util.find_spec("lightgbm"):
        from lightgbm import LGBMClassifier

        found["LightGBM"] = lambda seed: LGBMClassifier(random_state=seed, verbose=-1)
    if importlib.util.find_spec("pytabkit"):
        from pytabkit import RealMLP_TD_Classifier

        found["RealMLP"] = lambda seed: RealMLP_TD_Classifier(random_state=seed, device="cpu")
    return found


def regression_contestants():
    """The same for numbers; the first is there for its quantiles."""
    quantiles = {"loss": "quantile", "quantile": QUANTILES}
    found = {
        "ShallowNN, quantiles": lambda seed: ShallowNNRegressor(random_state=seed, **quantiles),
        "ShallowNN": lambda seed: ShallowNNRegressor(random_state=seed),
        "MLP": lambda seed: TransformedTargetRegressor(
            make_pipeline(StandardScaler(), MLPRegressor(random_state=seed)),
            transformer=StandardScaler(),
        ),
        "HistGradientBoosting": lambda seed: HistGradientBoostingRegressor(random_state=seed),
        "random forest": lambda seed: RandomForestRegressor(random_state=seed),
        "ridge": lambda seed: RidgeCV(),
    }
    if importlib.util.find_spec("lightgbm"):
        from lightgbm import LGBMRegressor

        found["LightGBM"] = lambda seed: LGBMRegressor(random_state=seed, verbose=-1)
    return found


def tables(options):
    """Name and loader of (X, y) of every data set asked for."""
    if options.data:
        files = sorted(p for p in Path(options.data).iterdir() if p.suffix in (".parquet", ".npz"))
        found = {file.stem: lambda file=file: read(file) for file in files}
    elif options.openml:
        found = {str(number): lambda number=number: fetch(number) for number in options.openml}
    else:
        own = OWN_REGRESSION if options.regression else OWN
        found = {name: lambda name=name: bundled(name) for name in own}
    return {name: found[name] for name in options.sets or found}


def read(file):
    """(X, y) of a file, y as strings or floats, or None if its columns are texts."""
    if file.suffix == ".npz":
        with np.load(file) as arrays:
            return pd.DataFrame(arrays["X"].astype(np.float32)), arrays["y"].astype(str)
    X = pd.read_parquet(file).drop(columns="is_test", errors="ignore")
    y = X.pop("target")
    strings = [kind for kind in X.dtypes if pd.api.types.is_string_dtype(kind)]
    text = len(strings) == X.shape[1] == 1 and not isinstance(strings[0], pd.CategoricalDtype)
    y = y if pd.api.types.is_float_dtype(y) else y.astype(str)
    return None if text else (X, y.to_numpy())


def fetch(number):
    """(X, y) of OpenML's data set of this number."""
    return datasets.fetch_openml(data_id=number, as_frame=True, return_X_y=True)


def bundled(name):
    """(X, y) of a data set that comes with scikit-learn."""
    return getattr(datasets, f"load_{name}")(as_frame=True, return_X_y=True)


def prepare(X, y, size, split, raw, regression=False):
    """Training and test part as float32 arrays, the same for everybody."""
    y = np.asarray(y).astype(float if regression else str)
    strata = None if regression else y
    train, test = train_test_split(np.arange(len(y)), stratify=strata, random_state=split)
    if size is not None and size < len(train):
        train = np.random.default_rng(split).permutation(train)[:size]
    if not regression:  # a class without a training row has no probability
        test = test[np.isin(y[test], y[train])]
    numbers = make_column_selector(dtype_include="number")
    others = make_column_selector(dtype_exclude="number")
    encode = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = make_column_transformer((SimpleImputer(), numbers), (encode, others))
    steps = make_pipeline(columns, "passthrough" if raw else StandardScaler())
    X_train = steps.fit_transform(X.iloc[train]).astype(np.float32)
    X_test = steps.transform(X.iloc[test]).astype(np.float32)
    return Bunch(X_train=X_train, y_train=y[train], X_test=X_test, y_test=y[test])


def calibration_error(y, P, classes, bins=15):
    """Mean gap between confidence and accuracy over bins of equal width (Guo et al. 2017)."""
    confidence, right = P.max(axis=1), classes[P.argmax(axis=1)] == y
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(place, right, bins) - np.bincount(place, confidence, bins)
    return float(np.abs(gaps).sum() / len(y))


def measure(estimator, data):
    """All figures of one fit."""
    start = time.perf_counter()
    estimator.fit(data.X_train, data.y_train)
    seconds = time.perf_counter() - start
    P = estimator.predict_proba(data.X_test).astype(np.float64)
    P /= P.sum(axis=1, keepdims=True)
    y, classes = data.y_test, np.asarray(estimator.classes_)
    present = np.isin(classes, y)
    chances = P[:, 1] if len(classes) == 2 else P[:, present] / P[:, present].sum(1, keepdims=True)
    return {
        "accuracy": accuracy_score(y, classes[P.argmax(axis=1)]),
        "log_loss": log_loss(y, P, labels=classes),
        "roc_auc": roc_auc_score(y, chances, multi_class="ovr", labels=classes[present]),
        "calibration_error": calibration_error(y, P, classes),
        "seconds": seconds,
    }


def measure_regression(estimator, data):
    """The same for numbers; several quantiles have their shares of targets below."""
    start = time.perf_counter()
    estimator.fit(data.X_train, data.y_train)
    seconds = time.perf_counter() - start
    predicted, y = estimator.predict(data.X_test), data.y_test
    below = [None] * len(QUANTILES)
    if predicted.ndim == 2:
        below = (y[:, None] < predicted).mean(axis=0).tolist()
        predicted = predicted[:, QUANTILES.index(0.5)]
    return {
        "r2": r2_score(y, predicted),
        "absolute_error": mean_absolute_error(y, predicted) / y.std(),
        **{f"below {q}": share for q, share in zip(QUANTILES, below, strict=True)},
        "seconds": seconds,
    }


def run(options, figures, keep):
    """Fit everything that is not in ``figures`` yet; ``keep`` is called after each fit."""
    known = {tuple(figure[key] for key in KEYS) for figure in figures}
    regression, raw = options.regression, options.raw or options.regression
    rivals = regression_contestants() if regression else contestants()
    judge = measure_regression if regression else measure
    rivals = {name: rivals[name] for name in options.estimators or rivals}
    for table, load in tables(options).items():
        loaded = load()
        if loaded is None or pd.api.types.is_float_dtype(loaded[1]) != regression:
            continue
        for size in options.sizes:
            for split in range(options.splits):
                data = None
                for name, make in rivals.items():
                    key = (table, size or "all", raw, split, name)
                    if key in known:
                        continue
                    data = data or prepare(*loaded, size, split, raw, regression)
                    figures.append(dict(zip(KEYS, key, strict=True)) | judge(make(split), data))
                    keep()


def summarise_regression(figures):
    """Print, for each size, means over the data sets, and the quantiles of each of them."""
    frame = pd.DataFrame(figures)
    for size, part in frame.groupby("size", sort=False):
        by_table = part.groupby(["table", "estimator"])[[*REGRESSION_MEASURES, "seconds"]].mean()
        by_table = by_table.unstack("estimator")
        columns = {measure: by_table[measure].mean() for measure in REGRESSION_MEASURES}
        table = pd.DataFrame(columns | {"seconds": by_table["seconds"].sum()})
        print(f"\n{len(by_table)} data sets, training rows: {size}, "
              f"{part['split'].nunique()} splits")  # fmt: skip
        ordered = table.sort_values("r2", ascending=False).rename_axis(None)
        print(ordered.to_string(float_format="{:.4f}".format))
        print(by_table["r2"].rename_axis("R2").to_string(float_format="{:.3f}".format))
        shares = part.groupby("table")[[f"below {q}" for q in QUANTILES]].mean()
        print(shares.rename_axis(None).to_string(float_format="{:.3f}".format))


def summarise(figures):
    """Print, for each size and preparation, means over the data sets and mean ranks."""
    frame = pd.DataFrame(figures)
    for (size, raw), part in frame.groupby(["size", "raw"], sort=False):
        means = part.groupby(["table", "estimator"])[[*MEASURES, "seconds"]].mean()
        by_table = means.unstack("estimator").dropna(axis=0)
        if by_table.empty:
            continue
        columns = {measure: by_table[measure].mean() for measure in MEASURES}
        for measure, sign in (("accuracy", -1), ("log_loss", 1)):
            ranks = rankdata(sign * by_table[measure].to_numpy().round(6), axis=1).mean(axis=0)
            columns[f"rank, {measure}"] = pd.Series(ranks, by_table[measure].columns)
        columns["seconds"] = by_table["seconds"].sum()
        table = pd.DataFrame(columns).sort_values("accuracy", ascending=False)
        rows = f"{size} training rows" if size == "all" else f"at most {size:,} training rows"
        print(f"\n{len(by_table)} data sets, {rows}, {part['split'].nunique()} splits"
              f"{', raw features' if raw else ''}")  # fmt: skip
        print(table.rename_axis(None).to_string(float_format="{:.4f}".format))


def command_line(description):
    """The options that say which data to use."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--data", metavar="DIR", help="folder of NAME.parquet and NAME.npz")
    parser.add_argument("--openml", metavar="NUMBER", type=int, nargs="+", help="needs the net")
    parser.add_argument("--sets", metavar="NAME", nargs="+", help="only these data sets")
    parser.add_argument(
        "--sizes", nargs="+", type=lambda s: None if s == "all" else int(s), default=[6_000]
    )
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--tiny", action="store_true", help="smallest sizes, to see that it runs")
    parser.add_argument("--regression", action="store_true", help="targets that are numbers")
    return parser


def parse(parser):
    """The given options; --tiny overrules some."""
    options = parser.parse_args()
    if options.tiny:
        own = list(OWN_REGRESSION) if options.regression else ["iris", "wine"]
        options.sizes, options.splits, options.sets = [100], 1, own
    return options


def main():
    parser = command_line(__doc__)
    parser.add_argument("--estimators", metavar="NAME", nargs="+", help="only these estimators")
    parser.add_argument("--raw", action="store_true", help="do not standardise the columns")
    parser.add_argument("--json", metavar="FILE", help="write figures there, go on from there")
    options = parse(parser)
    warnings.simplefilter("ignore")
    file = Path(options.json) if options.json else None
    figures = json.loads(file.read_text()) if file and file.exists() else []
    run(options, figures, lambda: file and file.write_text(json.dumps(figures, indent=1)))
    (summarise_regression if options.regression else summarise)(figures)


if __name__ == "__main__":
    main()
