"""A configuration that is read anew while a service runs by it, and what differs then."""

import dataclasses

from msgspec.structs import replace

from feedsvc.config.loading import load
from feedsvc.config.schema import DEFAULT_NAME, TABLES, Config
from feedsvc.config.site import local_url

#: The keys of [serve] that only a service that starts takes over. `index.url` is another such key.
_AT_START = ("host", "port", "workers")


def reload_config(config: Config) -> Config:
    """Return a configuration as `load_config` returned it, by what the file says now, wherever this process is since.

    Raise ConfigError, also where its file is gone, without which it would be another one.
    """
    path = config.given.path or (DEFAULT_NAME if config.has_file else None)
    return load(replace(config.given, path=path))


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
    serve = replace(new.serve, **{key: getattr(running.serve, key) for key in _AT_START})
    site = new.site if new.has_base_url else replace(new.site, base_url=local_url(serve))
    return dataclasses.replace(new, serve=serve, site=site, index=running.index, replaced_index=running.replaced_index)
