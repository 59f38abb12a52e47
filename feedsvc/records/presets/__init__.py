"""The presets: for each known shape of records, a file NAME.toml here, with keys of [records].

Its `preset` names the one whose keys count after its own; `auto` where it names none. Another package adds a preset by
an entry point of the group `feedsvc.presets` that names a mapping of such keys, or their text in TOML, such as, in its
pyproject.toml:

    [project.entry-points."feedsvc.presets"]
    press = "press_reader:PRESET"
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedsvc.config import RecordSource, read_source
from feedsvc.errors import ConfigError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINTS = "feedsvc.presets"

_FOLDER = Path(__file__).parent


def find_preset(name: str) -> RecordSource:
    """Return the keys of a preset. Raise LookupError, and ConfigError for another package's that can't be used."""
    if name in builtin_names():
        return _read(name)
    for each in entry_points():
        if each.name == name:
            return _checked(name, _load(each))
    raise LookupError(name)


@cache
def builtin_names() -> tuple[str, ...]:
    """Return the sorted names of the presets that are files here."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def preset_names() -> list[str]:
    """Return the sorted names of all presets."""
    return sorted({*builtin_names(), *(each.name for each in entry_points())})


def entry_points() -> "tuple[EntryPoint, ...]":
    """Return the entry points of installed packages for presets."""
    from importlib import metadata  # takes 30 ms to load

    return tuple(metadata.entry_points(group=ENTRY_POINTS))


@cache
def _read(name: str) -> RecordSource:
    return _checked(name, tomllib.loads((_FOLDER / f"{name}.toml").read_text("utf-8")))


def _load(entry_point: "EntryPoint") -> Any:
    """Return what the entry point of another package names. Raise ConfigError."""
    try:
        data = entry_point.load()
        return tomllib.loads(data) if isinstance(data, str) else data
    except Exception as error:  # whatever the code of another package raises
        fault = f"can't be loaded ({type(error).__name__}: {error})"
        raise ConfigError(f"preset {entry_point.name}: {fault}; expected a mapping of the keys of [records]") from error


def _checked(name: str, data: Any) -> RecordSource:
    where = f"preset {name}"
    if not isinstance(data, Mapping):
        raise ConfigError(
            f"{where}: a value of type {type(data).__name__} can't be used; expected a mapping of the keys of [records]"
        )
    return read_source(where, RecordSource, dict(data))
