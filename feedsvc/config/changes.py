"""A configuration that is read anew while a service runs by it, and what differs then."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from msgspec import structs

from feedsvc.config.loading import load
from feedsvc.config.schema import DEFAULT_NAME, TABLES, Config

#: The keys of [serve] that only a service that starts takes over. `index.url` is another such key.
_AT_START = ("host", "port", "workers")


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
    return load(structs.replace(given, path=path, tables=merged))


def differences(old: Config, new: Config) -> list[str]:
    """Return the keys that differ between configurations, as `feeds.limit`, and `custom` for all saved filters."""
    found = []
    for table, kind in TABLES.items():
        before, after = getattr(old, table), getattr(new, table)
        found += [f"{table}.{key}" for key in kind.__struct_fields__ if getattr(before, key) != getattr(after, key)]
    if all(config.site.author == config.site.title for config in (old, new)) and "site.author" in found:
        found.remove("site.author")  # which is the title where it isn't set
    return found + (["custom"] if list(old.custom.items()) != list(new.custom.items()) else [])


def restart_keys(running: Config, new: Config) -> list[str]:
    """Return the keys that differ in a configuration, read anew, and that only a service that starts takes over."""
    found = [f"serve.{key}" for key in _AT_START if getattr(running.serve, key) != getattr(new.serve, key)]
    return found + (["index.url"] if (running.replaced_index or running.index) != new.index else [])


def without_restart(new: Config, running: Config) -> Config:
    """Return a configuration, read anew, as a running service takes it over: where it listens, and its index, stay."""
    # Read with these keys, since the default of `site.base_url` is made of them.
    config = reload_config(new, {"serve": {key: getattr(running.serve, key) for key in _AT_START}})
    return dataclasses.replace(config, index=running.index, replaced_index=running.replaced_index, given=new.given)
