"""Every address that feedsvc publishes, and the document that stands at each."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from feedsvc.addresses import parse_feed_path
from feedsvc.config import Config
from feedsvc.formats.atom_rss import ATOM_TYPE, RSS_TYPE, write_atom, write_rss
from feedsvc.formats.pages import write_home
from feedsvc.index.query import revision
from feedsvc.index.schema import reading
from feedsvc.model import Catalogue, Feed
from feedsvc.selection import select_catalogue, select_feed

_WRITERS: dict[str, tuple[str, Callable[[Feed], bytes]]] = {
    "atom": (f"{ATOM_TYPE}; charset=utf-8", write_atom),
    "rss": (f"{RSS_TYPE}; charset=utf-8", write_rss),
}
HTML_TYPE = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Document:
    """What stands at an address."""

    media_type: str
    body: bytes
    #: The body's SHA-256, in hexadecimal.
    hash: str
    #: When the body last changed, or later: it is never too early.
    changed: datetime


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
        """All addresses, decoded."""
        return ["/", *(f"{feed.path}.{format}" for feed in self.catalogue().feeds for format in feed.self_urls)]

    def get(self, address: str) -> Document | None:
        """The document at an address (decoded); None if there is none."""
        if address == "/":
            catalogue = self.catalogue()
            return _document(HTML_TYPE, write_home(catalogue), catalogue.changed)
        path, _, format = address.rpartition(".")
        feed_address = parse_feed_path(path)
        if not feed_address or format not in self.config.feeds.formats:
            return None
        with reading(self.engine) as connection:
            feed = select_feed(connection, self.config, feed_address)
        if not feed:
            return None
        media_type, write = _WRITERS[format]
        return _document(media_type, write(feed), feed.changed)


def _document(media_type: str, body: bytes, changed: datetime) -> Document:
    return Document(media_type, body, hashlib.sha256(body).hexdigest(), changed)
