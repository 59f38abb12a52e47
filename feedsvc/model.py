"""The values that everything else passes along. Frozen, and without any I/O.

All times are UTC, to the second; all URLs are absolute, normalised and ASCII; all texts are plain
unless their name says HTML, and hold only characters that XML can hold.
What is made for every record is a Struct, which takes a fraction of a frozen dataclass's time to make.
"""

import dataclasses
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from msgspec import Struct

from feedsvc.addresses import FeedAddress, absolute
from feedsvc.errors import one_line

#: The `updated` of an empty feed: a valid time that every format and reader can hold.
EPOCH = datetime(1970, 1, 2, tzinfo=UTC)


class Image(Struct, frozen=True, array_like=True):
    """A picture; sizes are in pixels, None where unknown."""

    url: str
    width: int | None = None
    height: int | None = None
    title: str = ""


class Topic(Struct, frozen=True, array_like=True):
    """What a story is about."""

    slug: str
    name: str


class Provider(Struct, frozen=True, array_like=True):
    """Who published a story."""

    slug: str
    name: str
    domain: str | None = None
    image: Image | None = None

    @property
    def url(self) -> str | None:
        """The provider's own site."""
        return f"https://{self.domain}/" if self.domain else None


class Story(Struct, frozen=True, array_like=True):
    """One article as one record tells of it."""

    url: str
    title: str
    published: datetime
    updated: datetime
    provider: Provider
    topics: tuple[Topic, ...] = ()
    excerpt: str = ""
    content_html: str = ""
    image: Image | None = None
    type: str = ""
    quality: int | None = None
    heat: int | None = None
    amp_url: str | None = None
    cdn_amp_url: str | None = None
    authors: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    #: `published: false`
    draft: bool = False
    #: `deleted: true` or `removed: true`
    deleted: bool = False


class Record(Struct, frozen=True):
    """One article of a record file: its story, and the stories that its `related:` list mentions, in order."""

    story: Story
    related: tuple[Story, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault in a record file: where it is, what was wrong, and what is expected."""

    path: str
    line: int
    field: str
    message: str
    #: Whether it is the first fault of a record, or of a file, that is left out whole.
    refuses: bool = dataclasses.field(default=False, compare=False)

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}"
        return one_line(f"{where}: {self.field}: {self.message}" if self.field else f"{where}: {self.message}")


@dataclass(frozen=True, slots=True)
class Related:
    """The other end of a link between two stories."""

    url: str
    title: str
    provider: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A story as it stands in a feed: its topics are united over all records, its provider is the resolved one."""

    story: Story
    provider: Provider
    topics: tuple[Topic, ...] = ()
    #: The stories that a primary story's records list, in their order.
    related: tuple[Related, ...] = ()
    #: The primary stories that mention this mention, newest first.
    mentioned_by: tuple[Related, ...] = ()

    def __hash__(self) -> int:
        # To hash all that it says takes longer than to compare it.
        return hash(self.story.url)

    @property
    def links(self) -> tuple[Related, ...]:
        """Every link that the entry carries, in whichever direction it runs."""
        return self.related + self.mentioned_by


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed, complete and ordered (newest first): every format is written from this value alone."""

    address: FeedAddress
    title: str
    description: str
    base_url: str
    language: str
    author: str
    image: Image | None
    #: The formats that it is published in.
    formats: tuple[str, ...]
    #: Minutes that a reader may keep it.
    ttl: int
    #: The address of the WebSub hub that is told when it changes; empty if none is.
    hub: str
    entries: tuple[Entry, ...]
    #: The archive of the month before, of the newest month in the current feed; and of the month after.
    previous_archive: FeedAddress | None
    next_archive: FeedAddress | None
    #: A number that each change of its content increases.
    revision: int
    #: When its content last changed, which may be later than its newest entry.
    changed: datetime

    @property
    def id(self) -> str:
        """The same for a feed and its archives, which are one logical feed (RFC 5005)."""
        return self.current.url(self.base_url)

    @property
    def current(self) -> FeedAddress:
        """The address of the feed that an archive belongs to; its own, if it is none."""
        return replace(self.address, month="")

    @property
    def page_url(self) -> str:
        """The HTML page that shows the feed."""
        return absolute(self.base_url, self.address.page_path)

    @property
    def updated(self) -> datetime:
        """The newest `updated` among the entries."""
        return max((entry.story.updated for entry in self.entries), default=EPOCH)

    def url(self, format: str, address: FeedAddress | None = None) -> str:
        """The absolute URL of the feed, or of one at another address, in a format."""
        return (address or self.address).url(self.base_url, format)


@dataclass(frozen=True, slots=True)
class Listed:
    """A feed as a list of feeds shows it."""

    address: FeedAddress
    #: Of the topic, provider or saved filter; the site's title for the feed of everything.
    name: str
    #: The number of stories that it draws from.
    size: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All feeds of a site."""

    title: str
    description: str
    language: str
    base_url: str
    formats: tuple[str, ...]
    everything: Listed
    topics: tuple[Listed, ...]
    providers: tuple[Listed, ...]
    custom: tuple[Listed, ...]
    #: The time of the newest story.
    updated: datetime
    #: A number that each change increases.
    revision: int
    #: When anything last changed.
    changed: datetime
    #: What the page shows to the operator; None unless that is asked for.
    problems: tuple[Problem, ...] | None = None

    @property
    def feeds(self) -> tuple[Listed, ...]:
        """All of them, everything first."""
        return (self.everything, *self.topics, *self.providers, *self.custom)
