"""What needs another package: one optional dependency each, loaded when it is first asked for."""

from importlib import import_module

__all__ = ["onnx", "plotting"]


def __getattr__(name):
    if name in __all__:
        return import_module(f"skshallow.extras.{name}")
    raise AttributeError(f"module 'skshallow.extras' has no attribute {name!r}")


def __dir__():
    return __all__
