"""The addresses of feeds: `/feed`, `/topics/<slug>` and `/providers/<slug>`, each with a format as its suffix."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

Kind = Literal["feed", "topics", "providers"]


@dataclass(frozen=True, slots=True)
class FeedAddress:
    """Which stories a feed holds: all, those of a topic, or those of a provider."""

    kind: Kind
    #: Of the topic or provider; empty for everything.
    slug: str = ""

    @property
    def path(self) -> str:
        """The address without format, as people read it: `/topics/ai`, `/feed`."""
        return f"/{self.kind}/{self.slug}" if self.slug else f"/{self.kind}"

    @property
    def page_path(self) -> str:
        """The address of the HTML page that shows the feed."""
        return f"{self.path}/" if self.slug else "/"

    def file_path(self, format: str) -> str:
        """The address of the feed in a format."""
        return f"{self.path}.{format}"


EVERYTHING = FeedAddress("feed")


def parse_feed_path(path: str) -> FeedAddress | None:
    """The feed that a path (decoded, without format) names; None if it names none."""
    match path.split("/"):
        case ["", "feed"]:
            return EVERYTHING
        case ["", ("topics" | "providers") as kind, slug] if slug:
            return FeedAddress(kind, slug)
    return None


def absolute(base_url: str, path: str) -> str:
    """The absolute URL of a path of ours, in ASCII."""
    return base_url + quote(path)
