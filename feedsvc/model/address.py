"""The addresses of feeds.

`/feed`, `/topics/<slug>`, `/providers/<slug>` and `/custom/<slug>`; then `/2020-06` for the archive of a month
(RFC 5005); then a format as suffix, and filters as query string.
"""

import re
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import quote

from feedsvc.model.filters import NO_FILTERS, Filters

Kind = Literal["feed", "topics", "providers", "custom"]

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class FeedAddress:
    """Which stories a feed holds: all, those of a topic, a provider or a saved filter; of one month; filtered."""

    kind: Kind
    #: Of the topic, provider or saved filter; empty for everything.
    slug: str = ""
    #: As `2020-06`, for the archive of that month; empty for the current feed.
    month: str = ""
    filters: Filters = NO_FILTERS

    def filtered(self, filters: Filters) -> "FeedAddress":
        """Return this address with other filters."""
        return replace(self, filters=filters)

    @property
    def feed_path(self) -> str:
        """The path of the current feed without format, as people read it: `/topics/ai`, `/feed`."""
        return f"/{self.kind}/{self.slug}" if self.slug else f"/{self.kind}"

    @property
    def page_path(self) -> str:
        """The path of the HTML page that shows the feed."""
        return f"{self.feed_path}/" if self.slug else "/"

    def path(self, suffix: str = "") -> str:
        """Return the path of the feed with a format's suffix; without one, the path of its id."""
        return self.feed_path + (f"/{self.month}" if self.month else "") + suffix

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
        case ["", "feed", month] if _MONTH.fullmatch(month):
            return FeedAddress("feed", "", month)
        case ["", ("topics" | "providers" | "custom") as kind, slug] if slug and slug.isprintable():
            return FeedAddress(kind, slug)
        case ["", ("topics" | "providers" | "custom") as kind, slug, month] if (
            slug and slug.isprintable() and _MONTH.fullmatch(month)
        ):
            return FeedAddress(kind, slug, month)
    return None


def absolute(base_url: str, path: str) -> str:
    """Return the absolute URL of a decoded path of the site, in ASCII."""
    return base_url + quote(path)
