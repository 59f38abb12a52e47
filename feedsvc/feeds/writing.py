"""Writes documents: a feed in a format, its page, and what isn't made from a single feed."""

import hashlib
from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from feedsvc.config import Config
from feedsvc.errors import FormatError
from feedsvc.feeds.addresses import HOME_PATH, OPML_PATH, SEARCH_PATH, WELL_KNOWN_PATH, Address
from feedsvc.feeds.outlines import outline_home, outline_list
from feedsvc.feeds.pages import select_home, select_page, select_search_index
from feedsvc.feeds.selection import Selected, empty_feed
from feedsvc.formats import ASSETS, read_asset
from feedsvc.formats.search import CONTENT_TYPE as SEARCH_TYPE
from feedsvc.formats.search import write_search_index
from feedsvc.index.database import Connection
from feedsvc.model import EPOCH, Catalogue, Feed, Format, Page


class Document(Struct, frozen=True):
    """What is published at an address."""

    content_type: str
    body: bytes
    #: Stays the same while the body does, under one configuration.
    revision: int
    #: When the body last changed, or later, as one configuration and one version of feedsvc write it; see `revisions`.
    changed: datetime
    #: What the `Link` header of a feed says (RFC 8288), as (URL, rel).
    links: tuple[tuple[str, str], ...] = ()
    #: See `outlines`; empty where there is none.
    outline: str = ""

    @property
    def hash(self) -> str:
        """The SHA-256 of the body, in hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()


def write_feed(connection: Connection, config: Config, address: Address, selected: Selected) -> Document:
    """Return the document of a feed in the format of its address, or its page. Raise FormatError."""
    feed = selected.feed
    if not address.format:
        from feedsvc.formats import pages  # Jinja takes a while to load

        page = select_page(connection, config, feed, selected.months)
        body = pages.write_page(page)
        return Document(pages.CONTENT_TYPE, body, feed.revision, feed.changed, outline=selected.outline)
    links = ((feed.url(address.format), "self"), *(((feed.hub, "hub"),) if feed.hub else ()))
    body = _write(address.format, feed)
    return Document(address.format.content_type, body, feed.revision, feed.changed, links, selected.outline)


def write_site(
    connection: Connection, config: Config, address: Address, list_feeds: Callable[[], Catalogue]
) -> Document:
    """Return a document that isn't made from a single feed. list_feeds: returns the list of all feeds."""
    if address.path in ASSETS:
        return Document(ASSETS[address.path], read_asset(address.path), 0, EPOCH)
    catalogue = list_feeds()
    if address.path == SEARCH_PATH:
        body = write_search_index(select_search_index(connection, config, catalogue))
        return Document(SEARCH_TYPE, body, catalogue.revision, catalogue.changed)
    if address.path in (OPML_PATH, WELL_KNOWN_PATH):
        from feedsvc.formats import opml  # lxml takes a while to load

        body = opml.write_opml(catalogue)
        outlined = outline_list(catalogue)
        return Document(opml.CONTENT_TYPE, body, catalogue.revision, catalogue.changed, outline=outlined)
    from feedsvc.formats import pages

    recent, months = select_home(connection, config)
    body = pages.write_home(catalogue, recent, months)
    outlined = outline_home(catalogue, recent, months)
    return Document(pages.CONTENT_TYPE, body, catalogue.revision, catalogue.changed, outline=outlined)


def outline_site(
    connection: Connection, config: Config, address: Address, catalogue: Catalogue
) -> tuple[list[str], str]:
    """Return the URLs of the stories that a document shows which isn't made from a single feed, and its outline."""
    if address.path != HOME_PATH:
        return [], outline_list(catalogue)
    recent, months = select_home(connection, config)
    return [entry.story.url for entry in recent], outline_home(catalogue, recent, months)


def _write(format: Format, feed: Feed) -> bytes:
    """Return the feed in a format, which may be of another package. Raise FormatError if it fails."""
    try:
        body = format.write(feed)
    except Exception as error:
        raise FormatError(f"the format {format.name} failed: {type(error).__name__}: {error}") from error
    if not isinstance(body, bytes):
        raise FormatError(f"the format {format.name} returned {type(body).__name__}; expected bytes")
    return body


def load_writers(config: Config) -> None:
    """Load the libraries that write a build's documents, which takes a while, by writing a feed without entries."""
    feed = empty_feed(config)
    for format in feed.formats:
        _write(format, feed)
    if config.build.pages:
        from feedsvc.formats import pages

        pages.write_page(Page(feed, 0))
