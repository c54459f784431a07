"""X and y as users give them: frames, lists, arrays. Errors name a feature that is not numbers."""

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import validate_data

DTYPES = [np.float64, np.float32]  # of X: both are kept, everything else becomes the first
LONGEST_NAME = 60  # characters of a feature's name or value in an error
TIMES = "Date", "Time", "Duration"  # types of polars
OBJECTS = "objects of type"
NUMBERS = "biufc"  # kinds of NumPy's types that need no closer look


def checked(estimator, X, *y, reset=False, **options):
    """X as an array or CSR, with y if it is given."""
    for name, data in zip("Xy", (X, *y), strict=False):
        if type(data).__name__ == "LazyFrame":
            raise TypeError(
                f"{name} is a LazyFrame, which holds no rows yet: give {name}.collect()"
            )
    for name, dtype, _ in _features(X):  # dates would become nanoseconds in silence
        if _kind(dtype) in ("m", "M") or str(dtype).startswith(TIMES):
            raise ValueError(_remedy(name, "dates or times"))
    try:
        options |= {"reset": reset, "accept_sparse": "csr", "dtype": DTYPES}
        with np.errstate(over="ignore", invalid="ignore"):  # it adds up all numbers
            return validate_data(estimator, X, *y, **options)
    except (TypeError, ValueError) as error:
        if (message := _explain(X, str(error))) is None:
            raise
        raise (type(error) if OBJECTS in message else ValueError)(message) from error


def _explain(X, said):
    """What to say of the first feature that is not made of numbers, or of missing values."""
    for name, dtype, values in _features(X):
        if _kind(dtype) not in NUMBERS and (message := _first_fault(name, values())):
            return message
    if "X contains NaN" not in said:
        return None
    return f"{said.splitlines()[0]} Put an imputer in front, as SimpleImputer()"


def _first_fault(name, values):
    for value in np.asarray(values, dtype=object):
        try:
            float(value)
        except (TypeError, ValueError) as error:
            if isinstance(value, str | bytes):
                return _remedy(name, f"text, as {value[:LONGEST_NAME]!r}")
            if hasattr(value, "isoformat"):
                return _remedy(name, "dates or times")
            if type(value).__name__ not in ("NoneType", "NAType"):
                return f"{error}: " + _remedy(name, f"{OBJECTS} {type(value).__name__}")
    return None


def _remedy(name, what):
    encoder = "DatetimeEncoder of skrub" if what.startswith("dates") else "OneHotEncoder"
    return (
        f"feature {name} of X holds {what}: make numbers of them, for example by {encoder} in a "
        "ColumnTransformer, or let skrub.tabular_pipeline do it for all features"
    )


def _kind(dtype):
    return getattr(dtype, "kind", "O")


def _features(X):
    """(name, type, function that gives the values) of each feature, as far as X is a table."""
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        names, X_of = X.columns, X.iloc if hasattr(X, "iloc") else X
        for j, (name, dtype) in enumerate(zip(names, X.dtypes, strict=True)):
            yield repr(name)[:LONGEST_NAME], dtype, lambda j=j: X_of[:, j]
    elif isinstance(X, list | tuple) or (hasattr(X, "dtype") and _kind(X.dtype) not in NUMBERS):
        X = np.asarray(X, dtype=object) if isinstance(X, list | tuple) else X
        for j in range(X.shape[1] if X.ndim == 2 and not issparse(X) else 0):
            yield j, X.dtype, lambda j=j: X[:, j]


def plain_targets(y):
    """pandas' nullable integers and booleans as those of NumPy, if none is missing."""
    dtype = getattr(y, "dtype", None)
    if hasattr(dtype, "numpy_dtype") and dtype.kind in "biu" and not y.isna().any():
        return y.to_numpy(dtype.numpy_dtype)
    return y


def column_names(y) -> np.ndarray | None:
    """Names of the columns of y, if it is a data frame of several and all are strings."""
    names = getattr(y, "columns", ())
    if len(names) < 2 or not all(isinstance(name, str) for name in names):
        return None
    return np.asarray(list(names), dtype=object)
