"""What needs another package: one optional dependency each, loaded when it is first asked for."""

from importlib import import_module


def __getattr__(name):
    if name in ("dask", "onnx", "plotting"):
        try:
            return import_module(f"skshallow.extras.{name}")
        except ImportError as error:  # as for any name that is not there
            raise AttributeError(str(error)) from error
    raise AttributeError(f"module 'skshallow.extras' has no attribute {name!r}")
