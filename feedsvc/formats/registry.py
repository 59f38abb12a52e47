"""The formats of feeds, by name: built in, registered by a program, or added by other packages.

A package adds a format by an entry point of the group `feedsvc.formats` that names a `Format`, such as, in its
pyproject.toml:

    [project.entry-points."feedsvc.formats"]
    list = "plain_list:FORMAT"
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from feedsvc.formats import builtin
from feedsvc.model import Format

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINTS = "feedsvc.formats"

_registered: dict[str, Format] = {}


def register(format: Format) -> None:
    """Add a format for this process, so that a configuration can name it. It replaces one of the same name."""
    _registered[format.name] = format


def find_format(name: str) -> Format:
    """Return the format with a name: a registered one, else a built-in one, else one of an entry point.

    Raise LookupError, whose message lists the names of all formats, if there is no such format.
    """
    if name not in _registered:
        if name in _builtin_names():
            register(import_module(f"{builtin.__name__}.{name}").FORMAT)
        elif found := entry_points(name=name):
            register(found[0].load())
        else:
            raise LookupError(f"expected one of {', '.join(format_names())}")
    return _registered[name]


def entry_points(name: str | None = None) -> "tuple[EntryPoint, ...]":
    """Return the entry points of installed packages for formats: all, or those with a name."""
    from importlib import metadata  # takes 30 ms to load

    found = metadata.entry_points(group=ENTRY_POINTS)
    return tuple(each for each in found if name is None or each.name == name)


def format_names() -> list[str]:
    """Return the sorted names of all formats."""
    added = (each.name for each in entry_points())
    return sorted({*_registered, *_builtin_names(), *added})


def _builtin_names() -> list[str]:
    return [module.name for module in iter_modules(builtin.__path__)]
