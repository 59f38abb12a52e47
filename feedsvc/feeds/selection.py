"""Selects feeds: an address gives a `Feed`, complete and ordered, which is written without any further I/O."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from feedsvc.config import Config
from feedsvc.feeds.canonical import default_filters, saved_filters
from feedsvc.formats.registry import find_format
from feedsvc.index import reader
from feedsvc.index.database import Connection
from feedsvc.index.facets import list_values, unknown_values
from feedsvc.index.occurrences import read_problems
from feedsvc.index.query import StoryQuery
from feedsvc.index.reader import FeedRow
from feedsvc.model import (
    EPOCH,
    EVERYTHING,
    NO_FILTERS,
    Catalogue,
    Entry,
    Feed,
    FeedAddress,
    FeedSummary,
    Format,
    Kind,
)


def find_feed(
    connection: Connection, config: Config, address: FeedAddress
) -> tuple[int, Callable[[], Feed | None]] | None:
    """Return the revision of the feed at a canonical address, with a function that selects the feed; None if none."""
    row = find_row(connection, config, address)
    query = story_query(config, address)
    if not row or (address.month and not reader.count(connection, address, query)):
        return None

    def select() -> Feed | None:
        (entries,) = reader.find_entries(connection, [(address, query)])
        return _feed(connection, config, address, row, entries)

    return row.revision, select


def select_feeds(connection: Connection, config: Config, addresses: Iterable[FeedAddress]) -> Iterator[Feed | None]:
    """Yield the feed at each canonical address, or None."""
    found = [(address, find_row(connection, config, address)) for address in addresses]
    entries = reader.find_entries(
        connection, [(address, story_query(config, address)) for address, row in found if row]
    )
    for address, row in found:
        yield _feed(connection, config, address, row, next(entries)) if row else None


def _feed(
    connection: Connection, config: Config, address: FeedAddress, row: FeedRow, entries: tuple[Entry, ...]
) -> Feed | None:
    """Return a feed with the archives beside it; None for an archive without entries."""
    previous = following = None
    if address.month:
        if not entries:
            return None
        previous, following = reader.neighbours(connection, address, story_query(config, address))
    elif config.feeds.archives and entries:
        previous = entries[0].story.published.isoformat()[:7]  # strftime doesn't pad years before 1000
    return _make_feed(config, address, row, entries, previous, following)


def _make_feed(
    config: Config,
    address: FeedAddress,
    row: FeedRow,
    entries: tuple[Entry, ...] = (),
    previous: str | None = None,
    following: str | None = None,
) -> Feed:
    if related_mode(config, address) == "none":
        entries = tuple(_without_links(entry) for entry in entries)
    title, description = _texts(config, address, row.name)
    return Feed(
        address=address,
        title=title,
        description=description,
        base_url=config.site.base_url,
        language=config.site.language,
        author=config.site.author,
        image=row.image,
        formats=published_formats(config),
        ttl=config.serve.max_age // 60,
        # The hub is never notified of archives and filtered feeds.
        hub=config.feeds.hub if address == replace(address, month="", filters=NO_FILTERS) else "",
        entries=entries,
        previous_archive=replace(address, month=previous) if previous else None,
        next_archive=replace(address, month=following) if following else None,
        revision=row.revision,
        changed=max(row.changed, config.changed),
    )


def empty_feed(config: Config) -> Feed:
    """Return a feed of everything without entries."""
    return _make_feed(config, EVERYTHING, FeedRow("", "", 0, EPOCH))


def published_formats(config: Config) -> tuple[Format, ...]:
    """Return the formats that feeds are published in."""
    return tuple(map(find_format, config.feeds.formats))


def select_catalogue(connection: Connection, config: Config) -> Catalogue:
    """Return the list of all feeds."""

    def listed(kind: Kind) -> tuple[FeedSummary, ...]:
        rows = reader.all_feeds(connection, kind, _primary_only(config.feeds.related))
        return tuple(FeedSummary(FeedAddress(kind, row.slug), row.name, size) for row, size in rows)

    def counted(address: FeedAddress, name: str) -> FeedSummary:
        return FeedSummary(address, name, reader.count(connection, address, story_query(config, address)))

    shown = config.serve.show_problems
    state = reader.everything(connection, shown)
    return Catalogue(
        title=config.site.title,
        description=config.site.description,
        language=config.site.language,
        base_url=config.site.base_url,
        formats=published_formats(config),
        everything=counted(EVERYTHING, config.site.title),
        topics=listed("topics"),
        providers=listed("providers"),
        custom=tuple(counted(FeedAddress("custom", slug), custom.name) for slug, custom in config.custom.items()),
        updated=reader.newest(connection),
        revision=state.revision,
        changed=max(state.changed, config.changed),
        problems=read_problems(connection) if shown else None,
    )


def select_archives(connection: Connection, config: Config) -> list[FeedAddress]:
    """Return the addresses of all archives."""
    if not config.feeds.archives:
        return []
    found = []
    for address in (EVERYTHING, FeedAddress("topics"), FeedAddress("providers"), *_custom_addresses(config)):
        for slug, month in reader.months(connection, address, story_query(config, address)):
            found.append(replace(address, slug=slug or address.slug, month=month))
    return found


def select_slugs(connection: Connection, config: Config, kind: str) -> list[str]:
    """Return the slugs of all feeds of a kind, or the values of a column that filters compare, in order."""
    match kind:
        case "topics" | "providers" as listed:
            return [row.slug for row, _ in reader.all_feeds(connection, listed, _primary_only(config.feeds.related))]
        case "custom":
            return sorted(config.custom)
    return list_values(connection, kind)


def _custom_addresses(config: Config) -> list[FeedAddress]:
    return [FeedAddress("custom", slug) for slug in config.custom]


def find_row(connection: Connection, config: Config, address: FeedAddress) -> FeedRow | None:
    """Return the row of the feed at an address, which says when it last changed.

    None if there is no such feed, or if a filter names what no story has.
    """
    if address.filters.items and unknown_values(connection, address.filters):
        return None
    if address.month and not config.feeds.archives:
        return None
    if address.kind == "custom":
        return reader.everything(connection) if address.slug in config.custom else None
    if address == replace(EVERYTHING, filters=address.filters):
        return reader.everything(connection)
    return reader.find_feed(connection, address, _primary_only(config.feeds.related))


def story_query(config: Config, address: FeedAddress) -> StoryQuery:
    """Return the query for the stories of a feed at a canonical address."""
    own, saved, defaults = address.filters, saved_filters(config, address), default_filters(config, address)
    quality = defaults.get("min_quality") if own.get("min_quality") is None else own.get("min_quality")
    return StoryQuery(
        filters=(own.replace(min_quality=quality), saved.replace(min_quality=None)),
        primary_only=_primary_only(related_mode(config, address)),
        limit=None if address.month else own.get("limit") or defaults.get("limit"),
    )


def related_mode(config: Config, address: FeedAddress) -> str | None:
    """Return how a feed publishes related stories."""
    mode: str | None = address.filters.get("related") or default_filters(config, address).get("related")
    return mode


def _primary_only(related: str | None) -> bool:
    return related != "entries"


def _texts(config: Config, address: FeedAddress, name: str) -> tuple[str, str]:
    """Return (title, description) of a feed."""
    site = config.site
    if address.kind == "custom":
        name = config.custom[address.slug].name
    description = {
        "feed": site.description,
        "topics": f"Stories about {name}",
        "providers": f"Stories by {name}",
        "custom": config.custom[address.slug].description or name if address.kind == "custom" else "",
    }[address.kind]
    title = site.title if address.kind == "feed" else f"{name} - {site.title}"
    if address.filters.labels:
        title = f"{title} ({', '.join(address.filters.labels)})"
    return title, description


def _without_links(entry: Entry) -> Entry:
    return replace(entry, related=(), mentioned_by=())
