"""Warnings that point at the user's line, however deep in the package they arise."""

import sys
import warnings

WITHIN = ("skshallow.", "sklearn.callback.", "contextlib.")  # what stands between it and the user


def warn_caller(message: str | Warning, category: type[Warning] = UserWarning) -> None:
    """Warn at the line that called the package."""
    frame, level = sys._getframe(1).f_back, 3
    while frame is not None and f"{frame.f_globals.get('__name__')}.".startswith(WITHIN):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
