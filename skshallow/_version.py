"""The version of the package, here so that inner modules can say it too."""

__version__ = "0.1.0"
