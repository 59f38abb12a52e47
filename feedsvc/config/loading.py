"""config.toml to a frozen `Config`. Every key is checked; an error names all that are faulty."""

import dataclasses
import os
import tomllib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import Any

from feedsvc.config.checks import Problems, nearest, nearest_key, read_table
from feedsvc.config.custom import read_custom
from feedsvc.config.feeds import read_feeds
from feedsvc.config.indexes import canonical_path, with_index_of_file, with_other_index
from feedsvc.config.labels import read_labels
from feedsvc.config.records import read_records
from feedsvc.config.schema import DEFAULT_NAME, NO_FILE, TABLES, Config, Given, Records, Serve
from feedsvc.config.site import complete_site
from feedsvc.errors import ConfigError

#: Of a file; those of real ones are some thousands, and a second is needed to read so many.
MAX_BYTES = 2**20


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
    return load(Given(current_folder(), path, records, out, tables or {}))


def current_folder() -> Path:
    """Return the current folder. Raise ConfigError if it was removed."""
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise ConfigError("the current folder was removed; expected one that is there") from error


def load(given: Given) -> Config:
    """Return the configuration that `load_config` returns, called in a folder. Raise ConfigError."""
    path, tables, out = Path(given.path) if given.path else None, given.tables, given.out
    if path is None and os.path.lexists(given.folder / DEFAULT_NAME):
        path = Path(DEFAULT_NAME)
    data = _read(given.folder, path) if path else {}
    folder = (given.folder / path).parent if path else given.folder
    for name, keys in tables.items():
        known = data.get(name)
        data[name] = {**(known if isinstance(known, dict) else {}), **keys} if isinstance(keys, Mapping) else keys
    if out is not None and isinstance(build := data.setdefault("build", {}), dict):
        build["out"] = str(out) if out == "" or "://" in str(out) else str(given.folder / out)
    other = _replace_records(data, folder, given) if given.records is not None else ""
    try:
        config = dataclasses.replace(parse_config(data, folder), name=str(path or NO_FILE), given=given)
    except ConfigError as error:
        raise ConfigError(*(f"{path or NO_FILE}: {problem}" for problem in error.problems)) from error
    if "url" not in data.get("index", {}):
        config = with_index_of_file(config)
    # What tells the records from those of the file, whose index is its own.
    others = [repr(tables["records"])] if path and "records" in tables and "index" not in tables else []
    others += [other] if other else []
    return with_other_index(config, others) if others else config


def _replace_records(data: dict[str, Any], folder: Path, given: Given) -> str:
    """Put a folder of records into the tables of a configuration; return it, or nothing if it is the configured one."""
    table, records = data.setdefault("records", {}), str(given.records)
    if not isinstance(table, dict) or not records or "\0" in records:
        data["records"] = {**table, "path": records} if isinstance(table, dict) else table
        return ""  # parse_config says what is wrong
    records = str(given.folder / records)
    sources = table.get("source", [])
    own = [each for each in sources if _is_of(records, each, folder)] if isinstance(sources, list) else sources
    if own == sources if sources else _is_of(records, {"path": Records().path, **table}, folder):
        return ""
    path = canonical_path(records)
    data["records"] = {**table, "path": path, "source": own}
    return path


def _is_of(records: str, table: Any, folder: Path) -> bool:
    """Return whether a table [records], or one of [[records.source]], is of a folder of records."""
    path = table.get("path") if isinstance(table, dict) else None
    is_path = isinstance(path, str) and "\0" not in path
    return is_path and os.path.realpath(records) == os.path.realpath(folder / str(path))


def _read(folder: Path, path: Path) -> dict[str, Any]:
    """Return the tables of a file. path: from a folder on. Raise ConfigError."""
    file = folder / path
    try:
        found = file.stat()
        if not S_ISREG(found.st_mode):  # a pipe may never end, and a device never does
            raise ConfigError(f"{path}: not a file; expected a configuration file")
        if found.st_size > MAX_BYTES:
            raise ConfigError(
                f"{path}: {found.st_size:,} bytes; expected a configuration file of {MAX_BYTES:,} at most"
            )
        return tomllib.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; expected a configuration file") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text; expected a configuration file in TOML") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error


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
            tables["site"] = complete_site(tables["site"], tables.get("serve", Serve()))
    with problems.collected():
        tables["custom"] = read_custom(data.get("custom", []))
    problems.check()
    has_base_url = bool(data.get("site", {}).get("base_url"))
    return Config(**tables, folder=folder, has_base_url=has_base_url)


#: What reads tables with more to check than their types.
_READERS: dict[str, Callable[[Any], Any]] = {"feeds": read_feeds, "labels": read_labels, "records": read_records}


def _unknown_table(name: str, value: Any) -> str:
    """Return the message for a table, or a key outside of one, that is not known."""
    if not isinstance(value, dict | list):
        return f"{name} is not a key that feedsvc knows{nearest_key(name)}"
    return f"[{name}] is not a table that feedsvc knows{nearest(name, [*TABLES, 'custom'])}"
