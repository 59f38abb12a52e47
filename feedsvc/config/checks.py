"""What tables of config.toml are checked by: each fault is a ConfigError that names the key and shows the value."""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from feedsvc.config.schema import TABLES, Table
from feedsvc.errors import ConfigError, shown_value
from feedsvc.text import web_url

AnyTable = TypeVar("AnyTable", bound=Table)


class Problems:
    """What is wrong with a configuration: all of it is told at once."""

    def __init__(self) -> None:
        self._found: list[str] = []

    @property
    def is_empty(self) -> bool:
        return not self._found

    def add(self, message: str) -> None:
        """Add a problem."""
        self._found.append(message)

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Add the problems of a ConfigError that is raised in the context, instead of letting it go on."""
        try:
            yield
        except ConfigError as error:
            self._found += error.problems

    def check(self) -> None:
        """Raise ConfigError if there are any."""
        if self._found:
            raise ConfigError(*self._found)


def read_table(name: str, kind: type[AnyTable], data: Any) -> AnyTable:
    """Return a table, checked. name: as messages show it. Raise ConfigError."""
    if not isinstance(data, dict):
        raise ConfigError(f"{name}: {shown_value(data)} can't be used; expected a table, [{name}]")
    problems, expected = Problems(), get_type_hints(kind, include_extras=True)
    for key, value in data.items():
        if key not in expected:
            meant = misplaced(key, value) or nearest_key(key, expected)
            problems.add(f"{name}.{key} is not a key that feedsvc knows{meant}")
            continue
        try:
            msgspec.convert(value, expected[key])
        except msgspec.ValidationError:  # which names no key
            problems.add(unusable(f"{name}.{key}", value, _description(expected[key])))
    problems.check()
    return msgspec.convert(data, kind)


def nearest_key(key: str, known: Iterable[str] = ()) -> str:
    """Return the end of the message for an unknown key: as `nearest` does, or one that is like it in another table."""
    known = list(known)
    others = {other: f"{table}.{other}" for table, kind in TABLES.items() for other in kind.__struct_fields__}
    like = difflib.get_close_matches(key, others, n=1, cutoff=0.8)
    if like and not difflib.get_close_matches(key, known, n=1):
        return f"; did you mean {others[like[0]]}?"
    return nearest(key, known or [*TABLES, "custom"])


def misplaced(key: str, value: Any) -> str:
    """Return the end of the message for a whole name, such as site.title, within another table; else nothing."""
    is_table = key in TABLES and isinstance(value, dict) and value
    return f"; write {next(iter(value))} below [{key}]" if is_table else ""


def read_address(key: str, value: str) -> str:
    """Return a normalised http or https address. Raise ConfigError."""
    try:
        return web_url(value)
    except ValueError as error:
        raise ConfigError(unusable(key, value, str(error).removeprefix("expected "))) from error


def read_start(key: str, value: str) -> str:
    """Return the normalised start of http or https addresses, without a slash at its end. Raise ConfigError."""
    start = read_address(key, value)
    if "?" in start or "#" in value:
        raise ConfigError(unusable(key, value, "an address without a query or fragment"))
    return start.rstrip("/")


def unusable(key: str, value: object, expected: str) -> str:
    """Return the message for a value that a key can't have."""
    return f"{key}: {shown_value(value)} can't be used; expected {expected}"


def _description(annotation: Any) -> str:
    """Return the description of an annotated type; of a union, that of its first member."""
    annotated = annotation if hasattr(annotation, "__metadata__") else get_args(annotation)[0]
    return str(annotated.__metadata__[0].description)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the end of the message for an unknown name: the nearest known one, or all of them."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; expected one of {', '.join(known)}"
