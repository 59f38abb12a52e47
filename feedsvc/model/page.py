"""What pages show beside a feed, and what they search in."""

from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from feedsvc.model.address import FeedAddress
from feedsvc.model.feed import Catalogue, Feed


class Month(NamedTuple):
    """A month of which a feed has archives."""

    #: That of its newest stories.
    address: FeedAddress
    #: The number of its stories.
    size: int

    @property
    def year(self) -> str:
        """As `2020`."""
        return self.address.archive.month[:4] if self.address.archive else ""


class Page(Struct, frozen=True):
    """A page of a feed."""

    feed: Feed
    #: The number of stories of the current feed, those of its archives included.
    size: int
    #: The months that the current feed has archives of, newest first; none of an archive.
    months: tuple[Month, ...] = ()
    #: The values of its filters by name, in canonical order, as people write them: topics and providers by their names.
    choices: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Headline(NamedTuple):
    """A story that pages can find."""

    url: str
    title: str
    provider: str
    published: datetime


class SearchIndex(Struct, frozen=True):
    """What pages search in."""

    catalogue: Catalogue
    #: Newest first.
    headlines: tuple[Headline, ...]
