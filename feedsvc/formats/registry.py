"""The formats of feeds, by name: built in, registered by a program, or added by other packages.

A package adds a format by an entry point of the group `feedsvc.formats` that names a `Format`, such as, in its
pyproject.toml:

    [project.entry-points."feedsvc.formats"]
    list = "plain_list:FORMAT"
"""

from functools import cache
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
    """Add a format for this process, so that a configuration can name it. It replaces one of the same name.

    Its function must be at the top level of a module where worker processes are to find it, too.
    """
    _registered[format.name] = format


def registered() -> tuple[Format, ...]:
    """Return the formats that `register` added in this process."""
    return tuple(_registered.values())


def find_format(name: str) -> Format:
    """Return the format with a name: a registered one, else a built-in one, else one of an entry point.

    Raise LookupError, whose message says what is expected, if there is no such format.
    """
    return _registered.get(name) or _find(name)


@cache
def _find(name: str) -> Format:
    if name in _builtin_names():
        format: Format = import_module(f"{builtin.__name__}.{name}").FORMAT
        return format
    for entry_point in entry_points(name=name):
        return _load(entry_point)
    raise LookupError(f"expected one of {', '.join(format_names())}")


def _load(entry_point: "EntryPoint") -> Format:
    """Return the format of an entry point. Raise LookupError if its package is faulty."""
    package = entry_point.dist.name if entry_point.dist else entry_point.value
    try:
        format = entry_point.load()
    except Exception as error:  # whatever the code of another package raises
        raise LookupError(
            f"expected a package {package} that can be loaded ({type(error).__name__}: {error})"
        ) from error
    if not isinstance(format, Format) or format.name != entry_point.name:
        raise LookupError(f"expected a Format named {entry_point.name} at {entry_point.value} of the package {package}")
    return format


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
