"""Networks that are trained on the workers of a Dask cluster, where the data lie.

``pip install skshallow[dask]``
"""

try:
    import dask.array
    import dask.distributed  # noqa: F401, to say at once what is missing
except ImportError as error:
    raise ImportError(
        'skshallow.extras.dask needs dask and distributed: pip install "skshallow[dask]"'
    ) from error

from skshallow.extras.dask.estimators import DaskShallowNNClassifier, DaskShallowNNRegressor

__all__ = ["DaskShallowNNClassifier", "DaskShallowNNRegressor"]
