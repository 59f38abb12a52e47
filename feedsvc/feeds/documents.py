"""Every address that feedsvc publishes, and the document that stands at each."""

import hashlib
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from importlib import import_module
from itertools import groupby
from urllib.parse import parse_qsl

from feedsvc.config import Config
from feedsvc.feeds.selection import (
    canonical,
    feed_revision,
    select_archives,
    select_catalogue,
    select_feeds,
    select_slugs,
)
from feedsvc.formats import ASSETS, read_asset
from feedsvc.formats.registry import find_format
from feedsvc.index import reader
from feedsvc.index.database import Connection, Index
from feedsvc.index.status import Status, read_status
from feedsvc.model import Catalogue, Feed, FeedAddress, Filters, parse_feed_path, parse_filters
from feedsvc.text import slug

OPML_PATH = "/feeds.opml"
#: Seconds beyond max-age for which a cache may deliver what it has: while it asks anew, and while nobody answers.
STALE = "stale-while-revalidate=600, stale-if-error=86400"
#: Addresses that are compared with one that there isn't.
MAX_COMPARED = 60
#: Each kind of document with its media type, and the module and function that write it. A module is loaded with the
#: first document that needs it: a build that finds nothing changed needs none of them.
_WRITERS = {
    "page": ("text/html; charset=utf-8", "pages", "write_page"),
    "/": ("text/html; charset=utf-8", "pages", "write_home"),
    OPML_PATH: ("text/x-opml; charset=utf-8", "opml", "write_opml"),
}


@dataclass(frozen=True, slots=True)
class Document:
    """What stands at an address."""

    media_type: str
    body: bytes
    #: While this stays, so does the body, as long as the configuration does.
    revision: int
    #: When the body last changed, or later: it is never too early.
    changed: datetime
    #: Of a feed: what its `Link` header says (RFC 8288), as (URL, rel).
    links: tuple[tuple[str, str], ...] = ()

    @property
    def hash(self) -> str:
        """The body's SHA-256, in hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()


class Documents:
    """The documents that an index and a configuration make. Its methods raise IndexUnusableError."""

    def __init__(self, index: Index, config: Config) -> None:
        self.index = index
        self.config = config

    def revision(self) -> int:
        """A number that increases with every change; documents stay as they are while it does."""
        with self.index.reading() as connection:
            return reader.everything(connection, self.config.serve.show_problems).revision

    def status(self) -> Status:
        """How far the index is in step with the records folder."""
        with self.index.reading() as connection:
            return read_status(connection)

    def revision_of(self, address: str) -> int | None:
        """The revision of the document at a canonical address; None if there is none. It is cheap to ask."""
        if address in ASSETS:
            return 0
        feed_address, _ = self._parse(address)
        with self.index.reading() as connection:
            if address in ("/", OPML_PATH):
                return reader.everything(connection, self.config.serve.show_problems).revision
            return feed_revision(connection, self.config, feed_address) if feed_address else None

    def slugs(self, kind: str) -> list[str]:
        """The slugs of all feeds of a kind, in order; none if there is no such kind."""
        with self.index.reading() as connection:
            return select_slugs(connection, self.config, kind)

    def catalogue(self) -> Catalogue:
        """All feeds that there are."""
        with self.index.reading() as connection:
            return select_catalogue(connection, self.config)

    def listing(self) -> list[tuple[int, list[str]]]:
        """All addresses, decoded: those of the documents that are made from one feed together, with its revision."""
        with self.index.reading() as connection:
            catalogue = select_catalogue(connection, self.config)
            archives = select_archives(connection, self.config)
            revisions = reader.revisions(connection, self.config.feeds.archives)
        pages = self.config.build.pages
        found: list[tuple[int, list[str]]] = [(0, [path]) for path in ASSETS] if pages else []
        found.append((catalogue.revision, [OPML_PATH, "/"] if pages else [OPML_PATH]))
        for address in [feed.address for feed in catalogue.feeds] + archives:
            paths = [address.path(f".{format}") for format in self.config.feeds.formats]
            if pages and address.slug and not address.month:
                paths.append(address.page_path)
            found.append((revisions.get((address.kind, address.slug, address.month), catalogue.revision), paths))
        return found

    def current(self) -> dict[str, int]:
        """The addresses of all current feeds, decoded, with their revisions: those that name the hub."""
        with self.index.reading() as connection:
            catalogue = select_catalogue(connection, self.config)
            revisions = reader.revisions(connection, archives=False)
        return {
            feed.address.path(f".{format}"): revisions.get(
                (feed.address.kind, feed.address.slug, ""), catalogue.revision
            )
            for feed in catalogue.feeds
            for format in self.config.feeds.formats
        }

    def addresses(self) -> list[str]:
        """All addresses, decoded."""
        return [address for _, addresses in self.listing() for address in addresses]

    def canonical(self, path: str, query: Iterable[tuple[str, str]]) -> str:
        """The one address of what a path (decoded) and its parameters ask for. Raises FilterError."""
        address, format = self._parse_path(path, parse_filters(query))
        if not address or format == "page":
            return path
        filters = canonical(self.config, address).filters.query
        return f"{path}?{filters}" if filters else path

    def get(self, address: str) -> Document | None:
        """The document at a canonical address (decoded, with its query string); None if there is none."""
        (document,) = self.get_all([address])
        return document

    def get_all(self, addresses: Iterable[str]) -> Iterator[Document | None]:
        """The documents at canonical addresses, as of one moment. Those of one feed cost least one after the other."""
        parsed = [(address, *self._parse(address)) for address in addresses]
        wanted = [address for address, _ in groupby(address for _, address, _ in parsed if address)]
        current, feed = None, None
        with self.index.reading() as connection:
            feeds = select_feeds(connection, self.config, wanted)
            for address, feed_address, format in parsed:
                if not feed_address:
                    yield self._of_site(connection, address)
                    continue
                if feed_address != current:
                    current, feed = feed_address, next(feeds)
                yield _write(format, feed, _links(feed, format)) if feed else None

    def _of_site(self, connection: Connection, path: str) -> Document | None:
        """A document that is made from no single feed."""
        if path in ASSETS:
            return Document(ASSETS[path], read_asset(path), 0, self.config.changed)
        return _write(path, select_catalogue(connection, self.config)) if path in ("/", OPML_PATH) else None

    def respelt(self, path: str) -> str | None:
        """The address that a path with other letters, slashes or spaces must have meant; None if there is none."""
        *folders, name = path.strip("/").split("/")
        base, dot, format = name.rpartition(".")
        if dot and format.lower() in self.config.feeds.formats:
            name, suffix = base, f".{format.lower()}"
        else:
            suffix = "/"
        found = "/" + "/".join(map(slug, [*folders, name])) + suffix
        return found if found != path and self.revision_of(found) is not None else None

    def similar(self, path: str, slugs: Callable[[str], list[str]] | None = None) -> list[str]:
        """Pages of feeds whose addresses resemble a path. slugs: the method of that name, or one that remembers."""
        kind, _, name = path.strip("/").partition("/")
        name = slug(name.rpartition(".")[0] or name) if name else ""
        known = (slugs or self.slugs)(kind) if name else []
        # A comparison takes time, and those that begin alike stand side by side.
        place = bisect(known, name)
        near = known[max(place - MAX_COMPARED // 2, 0) : place + MAX_COMPARED // 2]
        return [f"/{kind}/{found}/" for found in get_close_matches(name, near, n=3)]

    def _parse(self, address: str) -> tuple[FeedAddress | None, str]:
        path, _, query = address.partition("?")
        return self._parse_path(path, parse_filters(parse_qsl(query)) if query else Filters())

    def _parse_path(self, path: str, filters: Filters) -> tuple[FeedAddress | None, str]:
        """(feed, format or "page") that a path names."""
        if path.endswith("/"):
            address = parse_feed_path(path[:-1])
            return (address if address and address.slug and not address.month else None), "page"
        name, _, format = path.rpartition(".")
        return (parse_feed_path(name, filters) if format in self.config.feeds.formats else None), format


def cache_control(max_age: int) -> str:
    """The `Cache-Control` of documents (RFC 9111 and 5861); max_age: in seconds."""
    return f"public, max-age={max_age}, {STALE}"


def load_writers(config: Config) -> None:
    """Load what writes a build's documents, which takes a while, before the first is asked for."""
    import feedsvc.formats.atom_rss  # noqa: F401

    for kind in (OPML_PATH, *(("page",) if config.build.pages else ())):
        _writer(kind)


def _write(kind: str, value: Feed | Catalogue, links: tuple[tuple[str, str], ...] = ()) -> Document:
    if isinstance(value, Feed) and kind != "page":
        format = find_format(kind)
        return Document(format.content_type, format.write(value), value.revision, value.changed, links)
    return Document(_WRITERS[kind][0], _writer(kind)(value), value.revision, value.changed, links)


def _writer(kind: str) -> Callable[[Feed | Catalogue], bytes]:
    _, module, function = _WRITERS[kind]
    write: Callable[[Feed | Catalogue], bytes] = getattr(import_module(f"feedsvc.formats.{module}"), function)
    return write


def _links(feed: Feed, format: str) -> tuple[tuple[str, str], ...]:
    if format == "page":
        return ()
    hub = ((feed.hub, "hub"),) if feed.hub else ()
    return ((feed.url(find_format(format)), "self"), *hub)
