"""The record syntaxes that feedsvc knows, found by the suffix of a file's name.

A built-in one is a module of `feedsvc.records.syntaxes`, with a `Syntax` named SYNTAX.
"""

import os
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from feedsvc.records import syntaxes
from feedsvc.records.values import Syntax

_registered: dict[str, Syntax] = {}


def register(syntax: Syntax) -> None:
    """Make a syntax known for its suffixes, in place of the one that had them."""
    for suffix in syntax.suffixes:
        _registered[suffix] = syntax


def registered() -> tuple[Syntax, ...]:
    """Return the syntaxes that `register` added in this process."""
    return tuple(dict.fromkeys(_registered.values()))


def find_syntax(file_name: str) -> Syntax | None:
    """Return the syntax of the files of a name, or None. Its case makes no difference."""
    suffix = os.path.splitext(file_name)[1].lower()
    return _registered.get(suffix) or _builtin().get(suffix)


def suffixes() -> tuple[str, ...]:
    """Return the suffixes of all record files, in lower case."""
    return tuple({**_builtin(), **_registered})


@cache
def _builtin() -> dict[str, Syntax]:
    modules = [import_module(f"{syntaxes.__name__}.{module.name}") for module in iter_modules(syntaxes.__path__)]
    return {suffix: module.SYNTAX for module in modules for suffix in module.SYNTAX.suffixes}
