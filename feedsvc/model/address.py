"""The addresses of feeds.

`/feed`, `/topics/<slug>`, `/providers/<slug>` and `/custom/<slug>`; then `/2020-06`, `/2020-06-2` and so on for the
archives of a month (RFC 5005), or `/older` for what stands between the current feed and these, in formats that page
through a feed; then a format as suffix, and filters as query string.
"""

import re
from typing import Literal, NamedTuple
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from feedsvc.model.filters import NO_FILTERS, Filters

Kind = Literal["feed", "topics", "providers", "custom"]
#: The kinds of feeds that hold the stories with one value of a filter's column, by column.
KINDS: dict[str, Kind] = {"topic": "topics", "provider": "providers"}

_ARCHIVE = re.compile(r"([0-9]{4}-(?:0[1-9]|1[0-2]))(?:-([2-9]|[1-9][0-9]{1,8}))?")
_OLDER = "older"


class Archive(NamedTuple):
    """A part of the stories of a month, of which the first one holds the oldest."""

    #: As `2020-06`.
    month: str
    #: From 1 on.
    part: int = 1

    def __str__(self) -> str:
        return self.month if self.part == 1 else f"{self.month}-{self.part}"


class FeedAddress(Struct, frozen=True, gc=False):
    """Which stories a feed holds: all, those of a topic, provider or saved filter; newest or older ones; filtered."""

    kind: Kind
    #: Of the topic, provider or saved filter; empty for everything.
    slug: str = ""
    #: The archive that it is; None for the current feed.
    archive: Archive | None = None
    #: Whether it holds the stories between those of the current feed and the next whole archive.
    is_older: bool = False
    filters: Filters = NO_FILTERS

    def filtered(self, filters: Filters) -> "FeedAddress":
        """Return this address with other filters."""
        return replace(self, filters=filters)

    @property
    def current(self) -> "FeedAddress":
        """The address of the current feed."""
        return self if self.is_current else FeedAddress(self.kind, self.slug, filters=self.filters)

    @property
    def is_current(self) -> bool:
        """Whether it is that of the current feed."""
        return not self.archive and not self.is_older

    @property
    def feed_path(self) -> str:
        """The path of the current feed without format, as people read it: `/topics/ai`, `/feed`."""
        return f"/{self.kind}/{self.slug}" if self.slug else f"/{self.kind}"

    @property
    def page_path(self) -> str:
        """The path of the HTML page that shows the feed."""
        section = f"{self.archive}/" if self.archive else ""
        return f"{self.feed_path}/{section}" if self.slug or section else "/"

    @property
    def page_link(self) -> str:
        """The URL of that page, relative to the home page."""
        return quote(self.page_path[1:]) + (f"?{self.filters.query}" if self.filters.items else "")

    def path(self, suffix: str = "") -> str:
        """Return the path of the feed with a format's suffix; without one, the path of its id."""
        section = _OLDER if self.is_older else str(self.archive or "")
        return self.feed_path + (f"/{section}" if section else "") + suffix

    def url(self, base_url: str, suffix: str = "") -> str:
        """Return the absolute URL of the feed with a format's suffix; without one, its id."""
        url = absolute(base_url, self.path(suffix))
        return url if self.filters == NO_FILTERS else f"{url}?{self.filters.query}"


EVERYTHING = FeedAddress("feed")


def parse_feed_path(path: str) -> FeedAddress | None:
    """Return the feed that a path (decoded, without suffix) names, or None."""
    match path.split("/"):
        case ["", "feed"]:
            return EVERYTHING
        case ["", "feed", section]:
            return _section(EVERYTHING, section)
        case ["", ("topics" | "providers" | "custom") as kind, slug] if slug and slug.isprintable():
            return FeedAddress(kind, slug)
        case ["", ("topics" | "providers" | "custom") as kind, slug, section] if slug and slug.isprintable():
            return _section(FeedAddress(kind, slug), section)
    return None


def _section(current: FeedAddress, name: str) -> FeedAddress | None:
    """Return the archive or the older stories of a feed that the end of a path names, or None."""
    if name == _OLDER:
        return replace(current, is_older=True)
    found = _ARCHIVE.fullmatch(name)
    return replace(current, archive=Archive(found[1], int(found[2] or 1))) if found else None


def absolute(base_url: str, path: str) -> str:
    """Return the absolute URL of a decoded path of the site, in ASCII."""
    return base_url + quote(path)
