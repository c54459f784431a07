"""Columns as a table: a data frame where pandas is installed."""

from typing import Any

import numpy as np


def table(columns: dict) -> Any:
    """A pandas.DataFrame, without pandas a structured array."""
    try:
        import pandas
    except ImportError:
        fields = [(name, values.dtype) for name, values in columns.items()]
        return np.array([*zip(*columns.values(), strict=True)], fields)
    return pandas.DataFrame(columns)
