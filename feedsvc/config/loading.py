"""config.toml to a frozen `Config`. Every key is checked; an error names all that are faulty."""

import dataclasses
import os
import tomllib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import Any

from msgspec.structs import replace

from feedsvc.config.checks import Problems, nearest, nearest_key, read_address, read_table, unusable
from feedsvc.config.indexes import place, with_index_of_file, with_other_index
from feedsvc.config.labels import read_labels
from feedsvc.config.records import read_records
from feedsvc.config.schema import DEFAULT_NAME, NO_FILE, TABLES, Config, Custom, Given, Records, Serve, Site
from feedsvc.errors import ConfigError, FilterError, shown_value
from feedsvc.formats.registry import find_format
from feedsvc.languages import language_tag
from feedsvc.model import FILTERS, NO_FILTERS, parse_filters
from feedsvc.text import plain_text, slug


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
    given = Given(path, records, out, tables or {})
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
        config = dataclasses.replace(parse_config(data, folder), name=str(path or NO_FILE), given=given)
    except ConfigError as error:
        raise ConfigError(*(f"{path or NO_FILE}: {problem}" for problem in error.problems)) from error
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
    sources = table.get("source", [])
    own = [each for each in sources if _is_of(records, each, folder)] if isinstance(sources, list) else sources
    if own == sources if sources else _is_of(records, {"path": Records().path, **table}, folder):
        return ""
    data["records"] = {**table, "path": place(records), "source": own}
    return place(records)


def _is_of(records: str, table: Any, folder: Path) -> bool:
    """Return whether a table [records], or one of [[records.source]], is of a folder of records."""
    path = table.get("path") if isinstance(table, dict) else None
    is_path = isinstance(path, str) and "\0" not in path
    return is_path and os.path.realpath(records) == os.path.realpath(folder / str(path))


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


def parse_config(data: dict[str, Any], folder: Path) -> Config:
    """Return the configuration that tables of keys and values make. Raise ConfigError, which has all that is wrong."""
    problems, tables = Problems(), {}
    for name, value in data.items():
        if name not in TABLES and name != "custom":
            problems.add(_unknown_table(name, value))
    for name, kind in TABLES.items():
        with problems.collected():
            tables[name] = _READERS.get(name, partial(read_table, name, kind))(data.get(name, {}))
    if "site" in tables:
        with problems.collected():
            tables["site"] = _complete_site(tables["site"], tables.get("serve", Serve()))
    if "feeds" in tables:
        with problems.collected():
            _check_formats(tables["feeds"].formats)
        if hub := tables["feeds"].hub:
            with problems.collected():
                tables["feeds"] = replace(tables["feeds"], hub=read_address("feeds.hub", hub))
    with problems.collected():
        tables["custom"] = _custom(data.get("custom", []))
    problems.check()
    has_base_url = bool(data.get("site", {}).get("base_url"))
    return Config(**tables, folder=folder, has_base_url=has_base_url)


#: What reads tables with more to check than their types.
_READERS: dict[str, Callable[[Any], Any]] = {"labels": read_labels, "records": read_records}


def _unknown_table(name: str, value: Any) -> str:
    """Return the message for a table, or a key outside of one, that is not known."""
    if not isinstance(value, dict | list):
        return f"{name} is not a key that feedsvc knows{nearest_key(name)}"
    return f"[{name}] is not a table that feedsvc knows{nearest(name, [*TABLES, 'custom'])}"


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
    problems, base_url, language = Problems(), "", ""
    with problems.collected():
        key, address = (
            ("site.base_url", site.base_url) if site.base_url else ("serve.host", f"http://{local}:{serve.port}")
        )
        base_url = read_address(key, address)
        if "?" in base_url or "#" in site.base_url:
            raise ConfigError(unusable("site.base_url", base_url, "an address without a query or fragment"))
    try:
        language = language_tag(site.language)
    except ValueError as error:
        problems.add(unusable("site.language", site.language, str(error).removeprefix("expected ")))
    problems.check()
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
    problems, found = Problems(), dict[str, Custom]()
    for number, table in enumerate(tables, 1):
        with problems.collected():
            custom = _custom_table(f"custom {number}", table)
            if custom.slug in found:
                expected = f"the address of {found[custom.slug].name!r}; expected another name"
                raise ConfigError(f"custom {number}: {table['name']!r} has {expected}")
            found[custom.slug] = custom
    problems.check()
    return found


def _custom_table(where: str, table: dict[str, Any]) -> Custom:
    """Return the saved filter of a table. where: names it in messages."""
    problems, known = Problems(), ("name", "description", *FILTERS)
    for key in table:
        if key not in known:
            problems.add(f"{where}: {key} is not a key that feedsvc knows{nearest(key, known)}")
    name, description, filters = table.get("name", ""), table.get("description", ""), NO_FILTERS
    if not isinstance(name, str) or not plain_text(name):
        problems.add(unusable(f"{where}: name", name, "a name"))
    if not isinstance(description, str):
        problems.add(unusable(f"{where}: description", description, "some text"))
    try:
        filters = parse_filters(table.items())
    except FilterError as error:
        problems.add(f"{where}: {error}")
    problems.check()
    return Custom(slug(name), plain_text(name), plain_text(description), filters)
