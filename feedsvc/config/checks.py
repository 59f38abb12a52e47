"""What tables of config.toml are checked by: each fault is a ConfigError that names the key and shows the value."""

import difflib
from collections.abc import Iterable
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from feedsvc.config.schema import Table
from feedsvc.errors import ConfigError, shown_value
from feedsvc.text import web_url

AnyTable = TypeVar("AnyTable", bound=Table)


def read_table(name: str, kind: type[AnyTable], data: Any) -> AnyTable:
    """Return a table, checked. name: as messages show it. Raise ConfigError."""
    if not isinstance(data, dict):
        raise ConfigError(f"{name}: {shown_value(data)} can't be used; expected a table, [{name}]")
    expected = get_type_hints(kind, include_extras=True)
    for key in data:
        if key not in expected:
            raise ConfigError(f"{name}.{key} is not a key that feedsvc knows{nearest(key, expected)}")
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        key = str(error).rpartition(" - at `$.")[2].rstrip("`").partition("[")[0]
        raise ConfigError(unusable(f"{name}.{key}", data[key], _description(expected[key]))) from error


def read_address(key: str, value: str) -> str:
    """Return a normalised http or https address. Raise ConfigError."""
    try:
        return web_url(value)
    except ValueError as error:
        raise ConfigError(unusable(key, value, str(error).removeprefix("expected "))) from error


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
