"""Selects feeds: an address gives a `Feed`, complete and ordered, which is written without any further I/O."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from feedsvc.config import Config
from feedsvc.feeds.archives import Section, find_archives
from feedsvc.feeds.outlines import outline
from feedsvc.feeds.settings import archive_formats, as_published, published_formats, story_query
from feedsvc.feeds.words import feed_description, feed_title, site_labels
from feedsvc.index.database import Connection, batches
from feedsvc.index.entries import KeptEntries, find_entries
from feedsvc.index.facets import unknown_values
from feedsvc.index.feeds import FeedMonths, FeedRow, find_everything, find_feeds, has_size, moment
from feedsvc.index.query import StoryQuery
from feedsvc.index.stories import Months, find_urls
from feedsvc.model import EPOCH, EVERYTHING, KINDS, NO_FILTERS, Entry, Feed, FeedAddress


class Selected(NamedTuple):
    """A feed, with what its page shows beside it."""

    feed: Feed
    #: Of the current feed.
    months: Months
    #: See `outlines`.
    outline: str


def find_feed(
    connection: Connection, config: Config, address: FeedAddress
) -> tuple[int, Callable[[], Selected]] | None:
    """Return the revision of the feed at a canonical address, with a function that selects the feed; None if none."""
    (found,) = _find(connection, config, [address])
    if not found:
        return None

    def select() -> Selected:
        (entries,) = find_entries(connection, [(address, found.query)], config.feeds)
        return _feed(config, found, entries)

    return found.row.revision, select


def select_feeds(
    connection: Connection, config: Config, addresses: Iterable[FeedAddress], known: KeptEntries | None = None
) -> Iterator[Selected | None]:
    """Yield the feed at each canonical address, or None. known: see `find_entries`."""
    found = _find(connection, config, addresses)
    queries = [(feed.address, feed.query) for feed in found if feed]
    entries = find_entries(connection, queries, config.feeds, known)
    for feed in found:
        yield _feed(config, feed, next(entries)) if feed else None


class _Found(Struct, frozen=True):
    """A feed that exists, before its entries are read."""

    address: FeedAddress
    row: FeedRow
    #: For the stories that the document at the address shows.
    query: StoryQuery
    #: Of the current feed.
    months: Months
    #: What that document shows; None for a current feed, where it needn't be known yet.
    section: Section | None = None


def _find(connection: Connection, config: Config, addresses: Iterable[FeedAddress]) -> list[_Found | None]:
    """Return the feed at each canonical address; None if there is none, or if a filter names what no story has."""
    addresses = list(addresses)
    counted = FeedMonths(connection, addresses)
    everything, by_slug = find_everything(connection), find_feeds(connection, addresses, config.feeds)

    def find(address: FeedAddress) -> _Found | None:
        if address.kind in KINDS.values():
            row = by_slug.get((address.kind, address.slug))
        else:
            row = everything if address.kind == EVERYTHING.kind or address.slug in config.custom else None
        if not row or unknown_values(connection, address.filters, config.feeds):
            return None
        return _find_document(connection, config, address, row, counted)

    return list(map(find, addresses))


def _find_document(
    connection: Connection, config: Config, address: FeedAddress, row: FeedRow, counted: FeedMonths
) -> _Found | None:
    """Return what there is at an address of a feed, or None. row: of the current feed. counted: of several feeds."""
    query = story_query(config, address)
    months = Months(connection, address, query, counted)
    if address.is_current:
        return _Found(address, row, query, months)
    archives = find_archives(address, query.limit, months)
    section = archives.section(address) if config.feeds.archives else None
    if not section:
        return None
    if address.archive:
        rows = counted.rows(address)
        revision, changed = archives.last_change(address.archive.month, rows, has_size(address, query))
        row = replace(row, revision=revision, changed=moment(changed))
    query = replace(query, month=section.month, offset=section.offset, limit=section.limit)
    return _Found(address, row, query, months, section)


def find_outlines(
    connection: Connection, config: Config, addresses: Iterable[FeedAddress]
) -> Iterator[tuple[list[str], str]]:
    """Yield the URLs of the stories at each canonical address, and the outline of its document; both empty if none."""
    for some in batches(addresses):
        for found in _find(connection, config, some):
            urls = find_urls(connection, found.address, found.query) if found else []
            yield urls, _beside(config, found, urls)[1] if found else ""


def _feed(config: Config, found: _Found, entries: tuple[Entry, ...]) -> Selected:
    section, outlined = _beside(config, found, [entry.story.url for entry in entries])
    return Selected(_make_feed(config, found.address, found.row, entries, section), found.months, outlined)


def _beside(config: Config, found: _Found, urls: list[str]) -> tuple[Section, str]:
    """Return what is beside the stories of a document, whose URLs are given, and the outline of all."""
    section, is_full = found.section, found.address.is_current and len(urls) == found.query.limit
    if is_full and config.feeds.archives:
        section = find_archives(found.address, found.query.limit, found.months).section(found.address)
    section = section or Section()
    return section, outline(urls, section, found.months if is_full else ())


def _make_feed(
    config: Config, address: FeedAddress, row: FeedRow, entries: tuple[Entry, ...], section: Section
) -> Feed:
    name = config.custom[address.slug].name if address.kind == "custom" else row.name
    description = feed_description(config, address, name)
    return Feed(
        address=address,
        title=feed_title(config, address, name),
        name=name or config.site.title,
        site_title=config.site.title,
        description=description.text,
        description_language=description.language,
        base_url=config.site.base_url,
        language=config.site.language,
        labels=site_labels(config),
        author=config.site.author,
        image=row.image,
        formats=published_formats(config),
        archive_formats=archive_formats(config),
        ttl=config.serve.max_age // 60,
        # The hub is never notified of archives and filtered feeds.
        hub=config.feeds.hub if address.is_current and address.filters == NO_FILTERS else "",
        pictures=config.site.pictures,
        entries=as_published(config, address, entries),
        previous_archive=section.previous_archive,
        next_archive=section.next_archive,
        next_page=section.next_page,
        revision=row.revision,
        changed=row.changed,
    )


def empty_feed(config: Config) -> Feed:
    """Return a feed of everything without entries."""
    return _make_feed(config, EVERYTHING, FeedRow("", 0, EPOCH), (), Section())
