"""The formats that there are, by name."""

from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules

from feedsvc.formats import builtin
from feedsvc.model import Format

#: Other packages add formats by entry points of this group; each leads to a `Format`.
ENTRY_POINTS = "feedsvc.formats"

_registered: dict[str, Format] = {}


def register(format: Format) -> None:
    """Add a format to those that a configuration can name. It replaces one of the same name."""
    _registered[format.name] = format


def find_format(name: str) -> Format:
    """Return the format of a name: one that was registered, a built-in one, or one of an entry point, in this order.

    Raise LookupError, which lists the names that there are.
    """
    if name not in _registered:
        if name in _builtin_names():
            register(import_module(f"{builtin.__name__}.{name}").FORMAT)
        elif found := tuple(entry_points(group=ENTRY_POINTS, name=name)):
            register(found[0].load())
        else:
            raise LookupError(f"expected one of {', '.join(format_names())}")
    return _registered[name]


def format_names() -> list[str]:
    """Return the names of all formats, in order."""
    added = (each.name for each in entry_points(group=ENTRY_POINTS))
    return sorted({*_registered, *_builtin_names(), *added})


def _builtin_names() -> list[str]:
    return [module.name for module in iter_modules(builtin.__path__)]
