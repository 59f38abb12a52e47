"""The addresses of documents: what a path and a query string name, in one canonical form."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from feedsvc.config import Config
from feedsvc.feeds.canonical import canonical
from feedsvc.feeds.selection import published_formats
from feedsvc.formats import ASSETS
from feedsvc.model import NO_FILTERS, FeedAddress, Format, absolute, parse_feed_path, parse_filters
from feedsvc.text import slug

HOME_PATH = "/"
OPML_PATH = "/feeds.opml"
#: The same, where programs look for it.
WELL_KNOWN_PATH = "/.well-known/feeds"
#: The paths of documents that are of no single feed, apart from pages' assets.
SITE_PATHS = (HOME_PATH, OPML_PATH, WELL_KNOWN_PATH)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a document is published, in its one canonical form."""

    #: Decoded.
    path: str
    #: The canonical query string of the feed's filters.
    query: str = ""
    #: The feed that the document is made from; None where it isn't made from a single one.
    feed: FeedAddress | None = field(default=None, compare=False)
    #: The format that the feed is written in; None for a page.
    format: Format | None = field(default=None, compare=False)

    @property
    def target(self) -> str:
        """The path with the query string."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def url(self, base_url: str) -> str:
        """Return the absolute URL."""
        return absolute(base_url, self.path) + (f"?{self.query}" if self.query else "")


@dataclass(frozen=True, slots=True)
class Redirect:
    """The path, decoded, that a request for a misspelled one is sent to."""

    path: str


def feed_address(feed: FeedAddress, format: Format) -> Address:
    """Return the address of a feed in a format. Its filters must be canonical."""
    return Address(feed.path(format.suffix), feed.filters.query, feed, format)


def page_address(feed: FeedAddress) -> Address:
    """Return the address of the page of a topic, provider or saved filter."""
    return Address(feed.page_path, feed=feed)


def parse_address(config: Config, path: str, query: str = "") -> Address | None:
    """Return the address that a path and a query string name, or None where no document can be published.

    path: decoded, in its canonical form. query: percent-encoded UTF-8. Only feeds have filters; unknown parameters are
    ignored. Raise FilterError for a value that a filter can't have.
    """
    if "?" in path:
        return None
    if path in SITE_PATHS or path in ASSETS:
        return Address(path)
    if path.endswith("/"):
        feed = _parse_feed(path[:-1])
        return page_address(feed) if feed and feed.slug and feed.is_current else None
    for format in published_formats(config):
        feed = _parse_feed(path.removesuffix(format.suffix)) if path.endswith(format.suffix) else None
        if feed and (format.is_paged or not feed.is_older):
            filters = parse_filters(parse_qsl(query)) if query else NO_FILTERS
            return feed_address(canonical(config, feed.filtered(filters)), format)
    return None


def _parse_feed(path: str) -> FeedAddress | None:
    feed = parse_feed_path(path)
    return feed if feed and (not feed.slug or slug(feed.slug) == feed.slug) else None
