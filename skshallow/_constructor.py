"""The constructor of an estimator, made of its fields; unknown names get a hint."""

from dataclasses import dataclass
from typing import dataclass_transform

from skshallow._names import with_known_names

TRACES = "__dataclass_fields__", "__dataclass_params__"
_traces: dict = {}  # of each class, for those derived from it


@dataclass_transform(eq_default=False)
def with_constructor(cls):
    """Give a class the constructor that a dataclass with these fields has, and nothing else of it.

    Fields of base classes with such a constructor come first. Many tools take a dataclass for its
    fields alone, which here would leave out what was learned.
    """
    bases = [base for base in cls.__mro__ if base in _traces]
    for base in bases:
        for name, value in _traces[base].items():
            setattr(base, name, value)
    dataclass(cls, eq=False, repr=False)
    _traces[cls] = {name: vars(cls)[name] for name in TRACES}
    names = [field for field in vars(cls)[TRACES[0]] if field in vars(cls)]
    for name in (*names, "__match_args__"):
        delattr(cls, name)
    for one in (cls, *bases):
        for name in TRACES:
            delattr(one, name)
    cls.__init__ = with_known_names(cls.__init__)
    return cls
