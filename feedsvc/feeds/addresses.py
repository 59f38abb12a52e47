"""The addresses of documents: what a path and a query string name, in one canonical form."""

from urllib.parse import parse_qsl

from msgspec import Struct
from msgspec.structs import replace

from feedsvc.config import Config
from feedsvc.feeds.canonical import canonical
from feedsvc.feeds.settings import formats_at, published_formats
from feedsvc.formats import ASSETS
from feedsvc.model import (
    EVERYTHING,
    NO_FILTERS,
    FeedAddress,
    Filters,
    Format,
    absolute,
    parse_feed_path,
    parse_filters,
)
from feedsvc.text import slug

HOME_PATH = "/"
OPML_PATH = "/feeds.opml"
#: What pages search in: the names of all feeds, and the titles of the newest stories.
SEARCH_PATH = "/search.json"
#: The same, where programs look for it.
WELL_KNOWN_PATH = "/.well-known/feeds"
#: The paths of documents that are of no single feed, apart from pages' assets.
SITE_PATHS = (HOME_PATH, OPML_PATH, WELL_KNOWN_PATH, SEARCH_PATH)


class Address(Struct, frozen=True, gc=False):
    """Where a document is published, in its one canonical form: by path and query, from which all else follows."""

    #: Decoded.
    path: str
    #: The canonical query string of the feed's filters.
    query: str = ""
    #: The feed that the document is made from; None where it isn't made from a single one.
    feed: FeedAddress | None = None
    #: The format that the feed is written in; None for a page.
    format: Format | None = None
    #: Whether it is of a page that was asked for at another address, by other filters, so that browsers are sent to it:
    #: a page's links depend on where it is.
    is_moved: bool = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and (self.path, self.query) == (other.path, other.query)

    def __hash__(self) -> int:
        return hash((self.path, self.query))

    @property
    def target(self) -> str:
        """The path with the query string."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def url(self, base_url: str) -> str:
        """Return the absolute URL."""
        return absolute(base_url, self.path) + (f"?{self.query}" if self.query else "")


class Redirect(Struct, frozen=True):
    """Where a request for another spelling of an address is sent to."""

    #: Decoded.
    path: str
    #: Percent-encoded.
    query: str = ""


def feed_address(feed: FeedAddress, format: Format) -> Address:
    """Return the address of a feed in a format. Its filters must be canonical."""
    return Address(feed.path(format.suffix), feed.filters.query, feed, format)


def page_address(feed: FeedAddress) -> Address:
    """Return the address of the page of a feed or an archive. Its filters must be canonical.

    The page of everything lists all feeds, and isn't made from a single one, unless it is filtered.
    """
    is_home = feed == EVERYTHING
    return Address(feed.page_path, feed.filters.query, None if is_home else feed)


def parse_address(config: Config, path: str, query: str = "") -> Address | None:
    """Return the address that a path and a query string name, or None where no document can be published.

    path: decoded, in its canonical form. query: percent-encoded UTF-8. Only feeds and their pages have filters; unknown
    parameters are ignored. Raise FilterError for a value that a filter can't have.
    """
    if "?" in path:
        return None
    if path != HOME_PATH and (path in SITE_PATHS or path in ASSETS):
        return Address(path)
    if path.endswith("/"):
        feed = EVERYTHING if path == HOME_PATH else _parse_feed(path[:-1])
        if not feed or feed.is_older or feed.page_path != path:
            return None
        asked = feed.filtered(_filters(query))
        chosen = canonical(config, asked)
        return replace(page_address(chosen), is_moved=chosen != asked)
    for format in published_formats(config):
        feed = _parse_feed(path.removesuffix(format.suffix)) if path.endswith(format.suffix) else None
        if feed and format in formats_at(config, feed):
            return feed_address(canonical(config, feed.filtered(_filters(query))), format)
    return None


def _filters(query: str) -> Filters:
    return parse_filters(parse_qsl(query)) if query else NO_FILTERS


def _parse_feed(path: str) -> FeedAddress | None:
    feed = parse_feed_path(path)
    return feed if feed and (not feed.slug or slug(feed.slug) == feed.slug) else None
