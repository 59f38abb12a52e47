"""config.toml to a frozen `Config`. Every key is checked; a faulty one is an error that names it."""

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from stat import S_ISREG
from typing import Any

from msgspec.structs import replace

from feedsvc.config.checks import nearest, read_address, read_table, unusable
from feedsvc.config.indexes import place, with_index_of_file, with_other_index
from feedsvc.config.labels import read_labels
from feedsvc.config.records import read_records
from feedsvc.config.schema import DEFAULT_NAME, NO_FILE, Config, Custom, Records, Serve, Site, Table
from feedsvc.errors import ConfigError, FilterError, shown_value
from feedsvc.formats.registry import find_format
from feedsvc.languages import language_tag
from feedsvc.model import FILTERS, parse_filters
from feedsvc.text import plain_text, slug

TABLES: dict[str, type[Table]] = {
    item.name: item.type for item in fields(Config) if isinstance(item.type, type) and issubclass(item.type, Table)
}


def load_config(
    path: Path | str | None = None,
    *,
    records: Path | str | None = None,
    out: Path | str | None = None,
    tables: Mapping[str, Any] | None = None,
) -> Config:
    """Return the configuration in a file, completed with defaults.

    path: the file; without it `config.toml` in the current folder, if there is one.
    records, out: folders, relative to the current one, that replace those of the file; out may be an address, too.
    tables: more keys, which replace those of the file; under `custom`, a list of tables. Raise ConfigError.

        >>> config = feedsvc.load_config(tables={"site": {"title": "News"}, "feeds": {"limit": 20}})
        >>> config.feeds.limit
        20
    """
    path = Path(path) if path else None
    if path is None and Path(DEFAULT_NAME).exists():
        path = Path(DEFAULT_NAME)
    data, folder = _read(path) if path else ({}, Path.cwd())
    for name, keys in (tables or {}).items():
        known = data.get(name)
        data[name] = {**known, **keys} if isinstance(known, dict) and isinstance(keys, Mapping) else keys
    if out is not None and isinstance(build := data.setdefault("build", {}), dict):
        build["out"] = str(out) if out == "" or "://" in str(out) else str(Path.cwd() / out)
    other = _replace_records(data, folder, str(records)) if records is not None else ""
    try:
        config = dataclasses.replace(parse_config(data, folder), name=str(path or NO_FILE))
    except ConfigError as error:
        raise ConfigError(f"{path or NO_FILE}: {error}") from error
    if "url" not in data.get("index", {}):
        config = with_index_of_file(config)
    others = [repr(tables["records"])] if path and tables and "records" in tables and "index" not in tables else []
    others += [other] if other else []
    return with_other_index(config, others) if others else config


def _replace_records(data: dict[str, Any], folder: Path, records: str) -> str:
    """Put a folder of records into the tables of a configuration; return it, or nothing if it is the configured one."""
    table = data.setdefault("records", {})
    if not isinstance(table, dict) or not records or "\0" in records:
        data["records"] = {**table, "path": records} if isinstance(table, dict) else table
        return ""  # parse_config says what is wrong
    usual, sources = table.get("path", Records().path), table.get("source", [])
    own = _sources_of(Path(records), sources, folder) if isinstance(sources, list) else sources
    is_usual = isinstance(usual, str) and os.path.realpath(records) == os.path.realpath(folder / usual)
    if own == sources if sources else is_usual:
        return ""
    data["records"] = {**table, "path": place(records), "source": own}
    return place(records)


def _read(path: Path) -> tuple[dict[str, Any], Path]:
    try:
        if not S_ISREG(path.stat().st_mode):  # a pipe may never end, and a device never does
            raise ConfigError(f"{path}: not a file; expected a configuration file")
        data = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; expected a configuration file") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text; expected a configuration file in TOML") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    return data, path.parent.absolute()


def _sources_of(records: Path, tables: list[Any], folder: Path) -> list[Any]:
    """Return those of the tables [[records.source]] that are of a folder of records."""
    paths = [table.get("path") if isinstance(table, dict) else None for table in tables]
    return [
        table
        for table, path in zip(tables, paths, strict=True)
        if isinstance(path, str) and (folder / path).resolve() == records.resolve()
    ]


def parse_config(data: dict[str, Any], folder: Path) -> Config:
    """Return the configuration that tables of keys and values make. Raise ConfigError."""
    for name in data:
        if name not in TABLES and name != "custom":
            raise ConfigError(f"[{name}] is not a table that feedsvc knows{nearest(name, [*TABLES, 'custom'])}")
    kinds = {name: kind for name, kind in TABLES.items() if name not in ("labels", "records")}
    tables: dict[str, Any] = {name: read_table(name, kind, data.get(name, {})) for name, kind in kinds.items()}
    tables["records"] = read_records(data.get("records", {}))
    tables["site"] = _complete_site(tables["site"], tables["serve"])
    tables["labels"] = read_labels(data.get("labels", {}))
    if tables["feeds"].hub:
        tables["feeds"] = replace(tables["feeds"], hub=read_address("feeds.hub", tables["feeds"].hub))
    _check_formats(tables["feeds"].formats)
    return Config(
        **tables,
        custom=_custom(data.get("custom", [])),
        folder=folder,
        has_base_url=bool(data.get("site", {}).get("base_url")),
    )


def _check_formats(names: tuple[str, ...]) -> None:
    """Raise ConfigError for the name of no format, and for two formats with the same addresses."""
    suffixes = set()
    for name in names:
        try:
            suffix = find_format(name).suffix
        except LookupError as error:
            raise ConfigError(unusable("feeds.formats", name, str(error).removeprefix("expected "))) from error
        if suffix in suffixes:
            raise ConfigError(unusable("feeds.formats", name, f"one format for {suffix}, once"))
        suffixes.add(suffix)


def _complete_site(site: Site, serve: Serve) -> Site:
    """Return the table [site] with clean texts, and values in place of those that are missing."""
    local = "localhost" if serve.host in ("0.0.0.0", "::") else f"[{serve.host}]" if ":" in serve.host else serve.host
    if site.base_url:
        base_url = read_address("site.base_url", site.base_url)
    else:
        base_url = read_address("serve.host", f"http://{local}:{serve.port}")
    if "?" in base_url or "#" in site.base_url:
        raise ConfigError(unusable("site.base_url", base_url, "an address without a query or fragment"))
    try:
        language = language_tag(site.language)
    except ValueError as error:
        raise ConfigError(unusable("site.language", site.language, str(error).removeprefix("expected "))) from error
    title = plain_text(site.title) or "feedsvc"
    return replace(
        site,
        title=title,
        language=language,
        description=site.description and (plain_text(site.description) or title),
        base_url=base_url.rstrip("/"),
        author=plain_text(site.author) or title,
    )


def _custom(tables: Any) -> dict[str, Custom]:
    """Return the saved filters of [[custom]] tables by slug."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"custom: {shown_value(tables)} can't be used; expected tables, [[custom]]")
    found: dict[str, Custom] = {}
    for number, table in enumerate(tables, 1):
        where = f"custom {number}"
        known = ("name", "description", *FILTERS)
        for key in table:
            if key not in known:
                raise ConfigError(f"{where}: {key} is not a key that feedsvc knows{nearest(key, known)}")
        name, description = table.get("name", ""), table.get("description", "")
        if not isinstance(name, str) or not plain_text(name):
            raise ConfigError(unusable(f"{where}: name", name, "a name"))
        if not isinstance(description, str):
            raise ConfigError(unusable(f"{where}: description", description, "some text"))
        try:
            filters = parse_filters(table.items())
        except FilterError as error:
            raise ConfigError(f"{where}: {error}") from error
        custom = Custom(slug(name), plain_text(name), plain_text(description), filters)
        if custom.slug in found:
            raise ConfigError(
                f"{where}: {name!r} has the address of {found[custom.slug].name!r}; expected another name"
            )
        found[custom.slug] = custom
    return found
