"""Every address that feedsvc publishes, and the document that is published there."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from typing import NamedTuple, TypeAlias

from feedsvc.config import Config
from feedsvc.feeds.addresses import (
    HOME_PATH,
    OPML_PATH,
    SEARCH_PATH,
    WELL_KNOWN_PATH,
    Address,
    Redirect,
    feed_address,
    page_address,
    parse_address,
)
from feedsvc.feeds.catalogue import in_order_of_time, select_archives, select_catalogue, select_slugs
from feedsvc.feeds.selection import find_feed, find_outlines, select_feeds
from feedsvc.feeds.settings import formats_at, published_formats, story_query
from feedsvc.feeds.spellings import corrected_paths
from feedsvc.feeds.writing import Document, outline_site, write_feed, write_site
from feedsvc.formats import ASSETS
from feedsvc.index.database import Connection, Index
from feedsvc.index.entries import KeptEntries
from feedsvc.index.facets import unknown_values
from feedsvc.index.feeds import feed_revisions, find_everything
from feedsvc.index.guard import known_urls
from feedsvc.index.revisions import find_revised, known_revisions
from feedsvc.index.status import Status, read_status
from feedsvc.index.stories import find_urls
from feedsvc.model import EVERYTHING, Catalogue, FeedAddress, Filters

#: Seconds that the queries for a document may take that is made for a request.
MAX_SECONDS = 5
#: Seconds beyond max-age for which a cache may deliver a stale document: while it revalidates, and on errors.
STALE = "stale-while-revalidate=600, stale-if-error=86400"


#: Addresses: those that are made from one feed together, with its revision.
Listing: TypeAlias = list[tuple[int, list[Address]]]


class FoundDocument(NamedTuple):
    """A document that exists, before its body is made."""

    revision: int
    #: Return the document.
    make: Callable[[], Document]


class Documents:
    """The documents that an index and a configuration make. Its methods raise IndexUnusableError."""

    def __init__(self, index: Index, config: Config) -> None:
        self.index = index
        self.config = config
        #: What `_catalogue` returned last.
        self._listed: Catalogue | None = None

    def resolve(self, path: str, query: str = "") -> Address | Redirect | None:
        """Return the address that a request is for, where it is to be redirected to, or None if nothing is like it.

        path: decoded. query: the query string as it is sent, percent-encoded UTF-8; unknown parameters are ignored.
        Whether a document is published at the address, `get` finds out. Raise FilterError for a bad value of a filter.
        """
        if address := self.parse(path, query):
            return self._redirect(address, query) if address.is_moved else address
        for corrected in corrected_paths(self.config, path):
            found = self.parse(corrected) if corrected != path else None
            if found and (redirect := self._redirect(found, query)):
                return redirect
        return None

    def _redirect(self, address: Address, query: str) -> Redirect | None:
        """Return what leads to an address, if a document is published there. query: as it was sent."""
        with self.find(address) as document:
            return Redirect(address.path, address.query if address.is_moved else query) if document else None

    def parse(self, path: str, query: str = "") -> Address | None:
        """Return the address of a path that is canonical, or None; see `parse_address`."""
        return parse_address(self.config, path, query)

    def get(self, address: Address) -> Document | None:
        """Return the document at an address, or None."""
        (document,) = self.get_all([address])
        return document

    def get_all(self, addresses: Iterable[Address], known: KeptEntries | None = None) -> Iterator[Document | None]:
        """Yield the document at each address, or None, all as of one moment.

        The formats of one feed cost least one after the other. known: entries that were read for other addresses.
        """
        addresses = list(addresses)
        wanted = [feed for feed, _ in groupby(address.feed for address in addresses if address.feed)]
        current, selected = None, None
        with self.index.reading() as connection:
            list_feeds = partial(self._catalogue, connection)
            feeds = select_feeds(connection, self.config, wanted, known)
            for address in addresses:
                if not address.feed:
                    yield write_site(connection, self.config, address, list_feeds)
                    continue
                if address.feed != current:
                    current, selected = address.feed, next(feeds)
                yield write_feed(connection, self.config, address, selected) if selected else None

    @contextmanager
    def find(self, address: Address) -> Iterator[FoundDocument | None]:
        """Look for the document at an address, which can be made in the context, as of one moment.

        Queries take MAX_SECONDS at most, in the index's own time; else IndexUnusableError is raised.
        """
        with self.index.reading(MAX_SECONDS) as connection:
            if address.feed:
                found = find_feed(connection, self.config, address.feed)
                if not found:
                    yield None
                    return
                revision, select = found
                yield FoundDocument(revision, lambda: write_feed(connection, self.config, address, select()))
            else:
                revision = 0 if address.path in ASSETS else self._revision(connection)
                list_feeds = partial(select_catalogue, connection, self.config)
                yield FoundDocument(revision, lambda: write_site(connection, self.config, address, list_feeds))

    def revision(self) -> int:
        """Return a number that increases with every change of any document."""
        with self.index.reading() as connection:
            return self._revision(connection)

    def status(self) -> Status:
        """Return how far the index is in step with the records."""
        with self.index.reading() as connection:
            return read_status(connection)

    def catalogue(self) -> Catalogue:
        """Return the list of all feeds."""
        with self.index.reading() as connection:
            return select_catalogue(connection, self.config)

    def listing(self) -> Listing:
        """Return all addresses: those that are made from one feed together, with its revision."""
        with self.index.reading() as connection:
            catalogue = self._catalogue(connection)
            archives = select_archives(connection, self.config, catalogue)
            revisions = self._revisions(connection, catalogue)
        pages = self.config.build.pages
        found = [(0, [Address(path)]) for path in ASSETS] if pages else []
        for lists in ((OPML_PATH, WELL_KNOWN_PATH), *([(SEARCH_PATH,), (HOME_PATH,)] if pages else [])):
            found.append((catalogue.revision, [Address(path) for path in lists]))
        for feed, revision in {**revisions, **archives}.items():
            addresses = [feed_address(feed, format) for format in formats_at(self.config, feed)]
            if pages and feed != EVERYTHING and not feed.is_older:
                addresses.append(page_address(feed))
            if addresses:
                found.append((revisions[feed.current] if revision is None else revision, addresses))
        return found

    def in_order_of_time(self, groups: Iterable[list[Address]]) -> list[list[Address]]:
        """Return addresses, each list of them for one feed, so that feeds with the same stories are near each other."""
        groups = list(groups)
        by_feed = {group[0].feed: group for group in groups if group[0].feed}
        with self.index.reading() as connection:
            ordered = in_order_of_time(connection, self.config, filter(None, by_feed))
        return [*(group for group in groups if not group[0].feed), *(by_feed[feed] for feed in ordered)]

    def unrevised(self, known: Mapping[Address, tuple[int, str]]) -> set[Address]:
        """Return the addresses whose documents are as they were. known: their revisions and outlines of then."""
        with self.index.reading() as connection:
            revisions = known_revisions(connection)
            known = {address: each for address, each in known.items() if each[0] in revisions}
            revised = find_revised(connection, min(known.values())[0]) if known else {}
            outlines = find_outlines(connection, self.config, [each.feed for each in known if each.feed])
            found = set()
            for address, (revision, outline) in known.items():
                if address.feed:
                    urls, now = next(outlines)
                else:
                    urls, now = outline_site(connection, self.config, address, self._catalogue(connection))
                if now == outline and all(revised.get(url, revision) <= revision for url in urls):
                    found.add(address)
        return found

    def current(self) -> dict[Address, int]:
        """Return the addresses of all current feeds, those that name the hub, with their revisions."""
        with self.index.reading() as connection:
            catalogue = select_catalogue(connection, self.config)
            revisions = self._revisions(connection, catalogue)
        formats = published_formats(self.config)
        return {feed_address(feed, format): revision for feed, revision in revisions.items() for format in formats}

    def stories(self, feeds: Iterable[FeedAddress]) -> dict[FeedAddress, list[str]]:
        """Return the URLs of the stories that the documents of feeds show, newest first, by canonical address."""
        with self.index.reading() as connection:
            queries = [(feed, story_query(self.config, feed)) for feed in feeds]
            return {feed: find_urls(connection, feed, query) for feed, query in queries}

    def missing_stories(self, urls: Sequence[str], *, entries_alone: bool) -> list[str]:
        """Return those of some URLs, in order, that no story has; entries_alone: or none that is an entry."""
        with self.index.reading() as connection:
            found = known_urls(connection, urls, self.config.feeds if entries_alone else None)
        return [url for url in urls if url not in found]

    def slugs(self, kind: str) -> list[str]:
        """Return the slugs of all feeds of a kind, or all values of a facet, in order."""
        with self.index.reading() as connection:
            return select_slugs(connection, self.config, kind)

    def unknown_values(self, filters: Filters) -> list[tuple[str, str]]:
        """Return the names of filters with those of their values that too few stories have."""
        with self.index.reading() as connection:
            return unknown_values(connection, filters, self.config.feeds)

    def _catalogue(self, connection: Connection) -> Catalogue:
        """Return the list of all feeds, selected anew only if the index has changed: a build asks several times."""
        if not self._listed or self._listed.revision != self._revision(connection):
            self._listed = select_catalogue(connection, self.config)
        return self._listed

    def _revision(self, connection: Connection) -> int:
        return find_everything(connection, self.config.serve.show_problems).revision

    def _revisions(self, connection: Connection, catalogue: Catalogue) -> dict[FeedAddress, int]:
        """Return the revisions of all current feeds."""
        known = feed_revisions(connection)
        changed = known["feed", ""] = find_everything(connection).revision
        return {feed.address: known.get((feed.address.kind, feed.address.slug), changed) for feed in catalogue.feeds}


def cache_control(max_age: int) -> str:
    """Return the `Cache-Control` of documents (RFC 9111 and 5861); max_age: in seconds."""
    return f"public, max-age={max_age}, {STALE}"
