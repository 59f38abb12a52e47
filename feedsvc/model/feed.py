"""Feeds and their entries, and the list of all feeds."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from feedsvc.model.address import FeedAddress, absolute
from feedsvc.model.story import Image, Problem, Provider, Story, Topic

#: The `updated` of an empty feed: a valid time that every format and reader can hold.
EPOCH = datetime(1970, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Format:
    """A format that feeds are written in."""

    #: As the configuration names it.
    name: str
    #: What its addresses and files end in, such as `.atom`.
    suffix: str
    #: Without parameters.
    media_type: str
    #: What pages call it.
    label: str
    #: Return the bytes of a feed: the same for the same feed.
    write: Callable[["Feed"], bytes]

    @property
    def content_type(self) -> str:
        """The media type as HTTP sends it: with the charset, which JSON (RFC 8259) has no parameter for."""
        return self.media_type if self.media_type.endswith("json") else f"{self.media_type}; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Link:
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
    related: tuple[Link, ...] = ()
    #: The primary stories that mention this mention, newest first.
    mentioned_by: tuple[Link, ...] = ()

    def __hash__(self) -> int:
        # To hash all that it says takes longer than to compare it.
        return hash(self.story.url)

    @property
    def links(self) -> tuple[Link, ...]:
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
    formats: tuple[Format, ...]
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

    def url(self, format: Format, address: FeedAddress | None = None) -> str:
        """The absolute URL of the feed, or of one at another address, in a format."""
        return (address or self.address).url(self.base_url, format.suffix)


@dataclass(frozen=True, slots=True)
class FeedSummary:
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
    formats: tuple[Format, ...]
    everything: FeedSummary
    topics: tuple[FeedSummary, ...]
    providers: tuple[FeedSummary, ...]
    custom: tuple[FeedSummary, ...]
    #: The time of the newest story.
    updated: datetime
    #: A number that each change increases.
    revision: int
    #: When anything last changed.
    changed: datetime
    #: What the page shows to the operator; None unless that is asked for.
    problems: tuple[Problem, ...] | None = None

    @property
    def feeds(self) -> tuple[FeedSummary, ...]:
        """All of them, everything first."""
        return (self.everything, *self.topics, *self.providers, *self.custom)
