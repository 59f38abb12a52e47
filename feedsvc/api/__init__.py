"""What commands and programs call: open a site, and serve it inside of an application."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedsvc.api.site import Site

if TYPE_CHECKING:
    from flask import Blueprint, Flask

    from feedsvc.config import Config

__all__ = ["Site", "blueprint", "create_app", "open"]


def open(
    config: "Config | Path | str | None" = None,
    *,
    records: Sequence[Mapping[str, Any]] | Path | str | None = None,
    processes: bool = False,
    **site: str,
) -> "Site":
    """Return a site, whose index `Site.sync` fills from its records.

    config: a configuration, or its file; without it, that of `load_config`.
    records: mappings with the fields of records, which are kept in memory, as their index is; or a folder of records,
    in place of the configuration's.
    A site in memory notifies no hub, and answers no request that needs its index while it syncs.
    processes: whether worker processes read records and write documents, on all cores, where there are many. They may
    import the program's main module, which then needs `if __name__ == "__main__":` (see multiprocessing).
    site: keys of the configuration's table [site]. Raise ConfigError.

        >>> site = feedsvc.open(records=[record], title="News")
        >>> site.sync().read
        1
    """
    from feedsvc.config import Config, load_config

    folder, mappings = (records, None) if isinstance(records, str | Path) else (None, records)
    if not (mappings is None or isinstance(mappings, Sequence)) or isinstance(mappings, bytes | bytearray):
        raise TypeError("records can't be used; expected a list of mappings, or a folder")
    if not isinstance(config, Config):
        config = load_config(config, records=folder, tables={"site": site})
    elif folder or site:
        raise TypeError("a Config is complete; expected a file, or neither a folder of records nor keys of [site]")
    return Site(config, mappings, processes)


def create_app(config: "Config | Site | Path | str | None" = None) -> "Flask":
    """Return a WSGI application that serves a site, with middleware that delivers documents before Flask is reached.

    So Flask's hooks (`before_request` and the like) see no request for a document: where you need them, register
    `blueprint` in an application of your own. It reads the index, which `Site.sync`, `feedsvc serve` or `feedsvc build`
    fills. config: a site, a configuration, or its file; without it, the file that the environment variable
    FEEDSVC_CONFIG names, or that of `load_config`. Raise ConfigError and IndexUnusableError.

        >>> client = feedsvc.create_app(site).test_client()
        >>> client.get("/feed.atom").content_type
        'application/atom+xml; charset=utf-8'
    """
    from feedsvc.config import Config, load_config
    from feedsvc.web import create_app as create

    if isinstance(config, Site):
        return create(config.config, config.index)
    if isinstance(config, Config):
        return create(config)
    return create(load_config(config if config is not None else os.environ.get("FEEDSVC_CONFIG") or None))


def blueprint(site: "Site") -> "Blueprint":
    """Return a Flask blueprint of a site, for an application of your own.

    Flask's hooks, error handlers and `url_for("feedsvc.document", path="feed.atom")` work for every document. Where
    `site.base_url` isn't set, addresses follow the prefix. It may be registered more than once, with other names.

        >>> app = flask.Flask("news")
        >>> app.register_blueprint(feedsvc.blueprint(site), url_prefix="/news")
        >>> app.test_client().get("/news/feed.json").status
        '200 OK'
    """
    from feedsvc.web.blueprint import create_blueprint

    return create_blueprint(site.index, site.config)
