"""A configuration that is read anew while a service runs by it, and what differs then."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from feedsvc.config.loading import load
from feedsvc.config.schema import DEFAULT_NAME, TABLES, Config


def reload_config(config: Config, tables: Mapping[str, Mapping[str, Any]] | None = None) -> Config:
    """Return a configuration as `load_config` returned it, by what the file says now, wherever this process is since.

    tables: more keys, which replace those of the file and of what was given. Raise ConfigError, also where its file is
    gone, without which it would be another one.
    """
    given = config.given
    merged = {name: dict(keys) if isinstance(keys, Mapping) else keys for name, keys in given.tables.items()}
    for name, keys in (tables or {}).items():
        merged[name] = {**merged.get(name, {}), **keys}
    path = given.path or (DEFAULT_NAME if config.has_file else None)
    return load(dataclasses.replace(given, path=path, tables=merged))


def differences(old: Config, new: Config) -> list[str]:
    """Return the keys that differ between configurations, as `feeds.limit`, and `custom` for all saved filters."""
    found = []
    for table, kind in TABLES.items():
        before, after = getattr(old, table), getattr(new, table)
        found += [f"{table}.{key}" for key in kind.__struct_fields__ if getattr(before, key) != getattr(after, key)]
    if all(config.site.author == config.site.title for config in (old, new)) and "site.author" in found:
        found.remove("site.author")  # which is the title where it isn't set
    return found + (["custom"] if list(old.custom.items()) != list(new.custom.items()) else [])


def fixed(config: Config, running: Config) -> Config:
    """Return what of a configuration, read anew, a service can run by: where it listens, and its index, stay."""
    serve = {key: getattr(running.serve, key) for key in ("host", "port", "workers")}
    return dataclasses.replace(reload_config(config, {"serve": serve}), index=running.index, given=config.given)
