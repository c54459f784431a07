"""The constructor of an estimator, made of its fields; unknown names get a hint."""

from dataclasses import dataclass, fields
from typing import dataclass_transform

from skshallow._names import with_known_names


@dataclass_transform(eq_default=False)
def with_constructor(cls):
    """Give a class the constructor that a dataclass with these fields has, and nothing else of it.

    Many tools take a dataclass for its fields alone, which here would leave out what was learned.
    """
    names = [field.name for field in fields(dataclass(cls, eq=False, repr=False))]
    for name in (*names, "__dataclass_fields__", "__dataclass_params__", "__match_args__"):
        delattr(cls, name)
    cls.__init__ = with_known_names(cls.__init__)
    return cls
