"""The tables [records] and [[records.source]]."""

from typing import Any, TypeVar

from msgspec.structs import replace

from feedsvc.config.checks import Problems, read_start, read_table, unusable
from feedsvc.config.schema import Records, RecordSource
from feedsvc.errors import ConfigError

AnySource = TypeVar("AnySource", bound=RecordSource)
_SHARED = frozenset(RecordSource.__struct_fields__)


def read_records(data: Any) -> Records:
    """Return the table [records] with its sources, checked. Raise ConfigError."""
    if not isinstance(data, dict):
        return read_table("records", Records, data)
    tables = data.get("source", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(unusable("records.source", tables, "tables, [[records.source]]"))
    own = {key: value for key, value in data.items() if key != "source"}
    problems, records = Problems(), Records()
    with problems.collected():
        records = read_source("records", Records, own)
    shared = {key: value for key, value in own.items() if key in _SHARED}
    sources = []
    for number, table in enumerate(tables, 1):
        merged = {**shared, **table}
        if isinstance(shared.get("fields"), dict) and isinstance(table.get("fields"), dict):
            merged["fields"] = {**shared["fields"], **table["fields"]}
        checked = merged if problems.is_empty else table  # what [records] has wrong is told once
        with problems.collected():
            sources.append(read_source(f"records.source {number}", RecordSource, checked))
    problems.check()
    return replace(records, source=tuple(sources))


def read_source(name: str, kind: type[AnySource], data: dict[str, Any]) -> AnySource:
    """Return the keys of a source, checked. name: of their table, as messages show it. Raise ConfigError."""
    fields = data.get("fields")
    if isinstance(fields, dict):
        data = {**data, "fields": _flat(fields)}
    source = read_table(name, kind, data)
    _check_zone(f"{name}.timezone", source.timezone)
    return replace(source, site=source.site and read_start(f"{name}.site", source.site))


def _flat(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields with dotted names: `provider.domain` without quotes is a table in TOML."""
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, dict):
            flat.update((f"{name}.{key}", each) for key, each in _flat(value).items())
        else:
            flat[name] = value
    return flat


def _check_zone(key: str, name: str) -> None:
    """Raise ConfigError for the name of no time zone."""
    if name == "UTC":
        return
    from zoneinfo import ZoneInfo  # takes a while to load, and most records are in UTC

    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError) as error:
        raise ConfigError(unusable(key, name, "a time zone such as Europe/Berlin")) from error
