"""A feed's address to a `Feed`: complete, ordered, and with no I/O left to do."""

from dataclasses import replace

from sqlalchemy import Connection

from feedsvc.addresses import FeedAddress, absolute
from feedsvc.config import Config
from feedsvc.index.query import FeedRow, Wanted, all_feeds, find_entries, find_feed
from feedsvc.model import Catalogue, Entry, Feed, Listed


def select_feed(connection: Connection, config: Config, address: FeedAddress) -> Feed | None:
    """The feed at an address; None if there is none."""
    row = find_feed(connection, address, config.feeds.related != "entries")
    if not row:
        return None
    wanted = Wanted(config.feeds.limit, config.feeds.related != "entries", config.feeds.min_quality)
    entries = find_entries(connection, address, wanted)
    if config.feeds.related == "none":
        entries = tuple(_without_links(entry) for entry in entries)
    site = config.site
    title, description = _texts(row, config)
    return Feed(
        id=absolute(site.base_url, address.path),
        title=title,
        description=description,
        page_url=absolute(site.base_url, address.page_path),
        self_urls=_self_urls(config, address),
        base_url=site.base_url,
        language=site.language,
        author=site.author,
        image=row.image,
        entries=entries,
        changed=max(row.changed, config.changed),
    )


def select_catalogue(connection: Connection, config: Config) -> Catalogue:
    """All feeds that there are."""
    rows = all_feeds(connection, config.feeds.related != "entries")
    everything, *others = [
        Listed(
            name=row.name or config.site.title,
            path=row.address.path,
            page_url=absolute(config.site.base_url, row.address.page_path),
            self_urls=_self_urls(config, row.address),
            size=size,
        )
        for row, size in rows
    ]
    return Catalogue(
        title=config.site.title,
        description=config.site.description,
        language=config.site.language,
        everything=everything,
        topics=tuple(feed for feed in others if feed.path.startswith("/topics/")),
        providers=tuple(feed for feed in others if feed.path.startswith("/providers/")),
        changed=max(rows[0][0].changed, config.changed),
    )


def _self_urls(config: Config, address: FeedAddress) -> dict[str, str]:
    return {format: absolute(config.site.base_url, address.file_path(format)) for format in config.feeds.formats}


def _texts(row: FeedRow, config: Config) -> tuple[str, str]:
    """(title, description) of a feed."""
    site = config.site
    if row.address.kind == "topics":
        return f"{row.name} - {site.title}", f"Stories about {row.name}"
    if row.address.kind == "providers":
        return f"{row.name} - {site.title}", f"Stories by {row.name}"
    return site.title, site.description


def _without_links(entry: Entry) -> Entry:
    return replace(entry, related=(), mentioned_by=())
