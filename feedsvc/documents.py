"""Every address that feedsvc publishes, and the document that stands at each."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from urllib.parse import parse_qsl

from sqlalchemy import Engine

from feedsvc.addresses import FeedAddress, Filters, parse_feed_path, parse_filters
from feedsvc.config import Config
from feedsvc.formats import MEDIA_TYPES
from feedsvc.formats.atom_rss import write_atom, write_rss
from feedsvc.formats.jsonfeed import write_json
from feedsvc.formats.opml import MEDIA_TYPE, write_opml
from feedsvc.formats.pages import ASSETS, write_home, write_page
from feedsvc.index.query import revision
from feedsvc.index.schema import reading
from feedsvc.model import Catalogue, Feed
from feedsvc.records.clean import slug
from feedsvc.selection import canonical, select_archives, select_catalogue, select_feed

OPML_PATH = "/feeds.opml"
_WRITERS: dict[str, tuple[str, Callable[[Feed], bytes]]] = {
    "atom": (f"{MEDIA_TYPES['atom']}; charset=utf-8", write_atom),
    "rss": (f"{MEDIA_TYPES['rss']}; charset=utf-8", write_rss),
    "json": (MEDIA_TYPES["json"], write_json),
}
_HTML_TYPE = "text/html; charset=utf-8"
_OPML_TYPE = f"{MEDIA_TYPE}; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Document:
    """What stands at an address."""

    media_type: str
    body: bytes
    #: The body's SHA-256, in hexadecimal.
    hash: str
    #: When the body last changed, or later: it is never too early.
    changed: datetime
    #: Of a feed: what its `Link` header says (RFC 8288), as (URL, rel).
    links: tuple[tuple[str, str], ...] = ()


class Documents:
    """The documents that an index and a configuration make. Its methods raise IndexUnusableError."""

    def __init__(self, engine: Engine, config: Config) -> None:
        self.engine = engine
        self.config = config

    def revision(self) -> int:
        """A number that increases with every change; documents stay as they are while it does."""
        with reading(self.engine) as connection:
            return revision(connection)

    def catalogue(self) -> Catalogue:
        """All feeds that there are."""
        with reading(self.engine) as connection:
            return select_catalogue(connection, self.config)

    def addresses(self) -> list[str]:
        """All addresses, decoded: pages last, since they link to the rest."""
        with reading(self.engine) as connection:
            catalogue = select_catalogue(connection, self.config)
            feeds = [feed.address for feed in catalogue.feeds] + select_archives(connection, self.config)
        found = [address.path(format) for address in feeds for format in self.config.feeds.formats]
        found.append(OPML_PATH)
        if self.config.build.pages:
            found += [*ASSETS, *(feed.address.page_path for feed in catalogue.feeds)]
        return found

    def canonical(self, path: str, query: Iterable[tuple[str, str]]) -> str:
        """The one address of what a path (decoded) and its parameters ask for. Raises FilterError."""
        address, format = self._parse(path, parse_filters(query))
        if not address or not format:
            return path
        filters = canonical(self.config, address).filters.query
        return f"{path}?{filters}" if filters else path

    def get(self, address: str) -> Document | None:
        """The document at a canonical address (decoded, with its query string); None if there is none."""
        path, _, query = address.partition("?")
        if path in ASSETS:
            return _document(*ASSETS[path], self.config.changed)
        if path in (OPML_PATH, "/"):
            catalogue = self.catalogue()
            media_type, write = (_OPML_TYPE, write_opml) if path == OPML_PATH else (_HTML_TYPE, write_home)
            return _document(media_type, write(catalogue), catalogue.changed)
        feed_address, format = self._parse(path, parse_filters(parse_qsl(query)))
        if not feed_address:
            return None
        with reading(self.engine) as connection:
            feed = select_feed(connection, self.config, feed_address)
        if not feed:
            return None
        if not format:
            return _document(_HTML_TYPE, write_page(feed), feed.changed)
        media_type, write_feed = _WRITERS[format]
        return _document(media_type, write_feed(feed), feed.changed, _links(feed, format))

    def respelt(self, path: str) -> str | None:
        """The address that a path with other letters, slashes or spaces must have meant; None if there is none."""
        *folders, name = path.strip("/").split("/")
        base, dot, format = name.rpartition(".")
        if dot and format.lower() in self.config.feeds.formats:
            name, suffix = base, f".{format.lower()}"
        else:
            suffix = "/"
        found = "/" + "/".join(map(slug, [*folders, name])) + suffix
        return found if found != path and self.get(found) else None

    def similar(self, path: str) -> list[str]:
        """Pages of feeds whose addresses resemble a path."""
        kind, _, name = path.strip("/").partition("/")
        pages = {
            feed.address.slug: feed.address.page_path for feed in self.catalogue().feeds if feed.address.kind == kind
        }
        name = name.rpartition(".")[0] or name
        return [pages[found] for found in get_close_matches(slug(name), pages, n=3)] if name else []

    def _parse(self, path: str, filters: Filters) -> tuple[FeedAddress | None, str]:
        """(feed, format) that a path names; the format is empty for a feed's page."""
        if path.endswith("/"):
            address = parse_feed_path(path[:-1])
            return (address if address and address.slug and not address.month else None), ""
        name, _, format = path.rpartition(".")
        return (parse_feed_path(name, filters) if format in self.config.feeds.formats else None), format


def _links(feed: Feed, format: str) -> tuple[tuple[str, str], ...]:
    hub = ((feed.hub, "hub"),) if feed.hub else ()
    return ((feed.url(format), "self"), *hub)


def _document(media_type: str, body: bytes, changed: datetime, links: tuple[tuple[str, str], ...] = ()) -> Document:
    return Document(media_type, body, hashlib.sha256(body).hexdigest(), changed, links)
