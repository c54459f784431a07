"""A docstring that tells all parameters, of which only those that differ need be written."""

import inspect
import re

HEADING = re.compile(r"^(\w[\w ]*)\n-+\n", re.MULTILINE)
ENTRY = re.compile(r"^(\w+) : ", re.MULTILINE)
BORROWED = "Parameters", "Attributes", "References"


def documented_as(base):
    """Give a class the parameters, attributes and references in the docstring of ``base``.

    Parameters that its own docstring describes stay as they are.
    """

    def decorate(cls):
        if base.__doc__ is None:  # python -OO
            return cls
        own, other = (_sections(inspect.getdoc(kind)) for kind in (cls, base))
        parameters = _entries(other["Parameters"]) | _entries(own["Parameters"])
        borrowed = {name: other[name] for name in BORROWED}
        borrowed["Parameters"] = "".join(parameters.values())
        order = [name for name in other if name in own or name in borrowed]
        sections = [_section(name, (own | borrowed)[name]) for name in order]
        cls.__doc__ = "\n\n".join(section.strip() for section in sections) + "\n"
        return cls

    return decorate


def _sections(text):
    """{heading: text}, "" for what stands above the first."""
    above, *parts = HEADING.split(text or "")
    return {"": above} | dict(zip(parts[::2], parts[1::2], strict=True))


def _entries(text):
    """{name of a parameter: its entry}."""
    _, *parts = ENTRY.split(text.strip() + "\n")
    return {name: f"{name} : {rest}" for name, rest in zip(parts[::2], parts[1::2], strict=True)}


def _section(name, text):
    return f"{name}\n{len(name) * '-'}\n{text}" if name else text
