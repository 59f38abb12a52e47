"""Feeds and their entries, and the list of all feeds.

Entries and their links are Structs, as stories are: a build makes many.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct

from feedsvc.model.address import FeedAddress, absolute
from feedsvc.model.labels import Labels
from feedsvc.model.story import Image, Problem, Provider, Story, Topic

_NAME = "[a-z0-9][a-z0-9_-]*"
_SUFFIX = r"(?!\.(?:html|gz|br|zst)\Z)\.[a-z0-9]+"
_MEDIA_TYPE = "[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+"
#: The `updated` of an empty feed: a valid time that every format and reader can hold.
EPOCH = datetime(1970, 1, 2, tzinfo=UTC)


class Format(Struct, frozen=True):
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
    #: Whether its documents are the pages of one list, each with a link to the next (`Feed.next_url`).
    is_paged: bool = False
    #: When to take it, as pages say it in English.
    advice: str = ""

    def __post_init__(self) -> None:
        for value, pattern, expected in (
            (self.name, _NAME, "a name of lower-case letters, digits, - and _"),
            (
                self.suffix,
                _SUFFIX,
                "a suffix such as .txt, in lower case, other than of pages and encodings",
            ),
            (self.media_type, _MEDIA_TYPE, "a media type without parameters"),
        ):
            if not re.fullmatch(pattern, value):
                raise ValueError(f"{value!r} can't be used in a format; expected {expected}")
        for value in (self.label, self.advice):
            if re.search(r"[\x00-\x1f]", value):
                raise ValueError(f"{value!r} can't be used in a format; expected words without control characters")

    def __hash__(self) -> int:
        return hash(self.name)  # what writes it need have no hash

    @property
    def content_type(self) -> str:
        """The media type as HTTP sends it: with the charset, which JSON (RFC 8259) has no parameter for."""
        return self.media_type if self.media_type.endswith("json") else f"{self.media_type}; charset=utf-8"


class Link(Struct, frozen=True):
    """A related story that an entry links to."""

    url: str
    title: str
    provider: str
    #: When it was published, and its excerpt: of a record in the same cluster alone.
    published: datetime | None = None
    excerpt: str = ""


class Cluster(Struct, frozen=True):
    """A story with the coverage that belongs to it: the records that joined it, and the mentions of all of them."""

    #: The number of its stories, with the one that it is named by.
    size: int
    #: The names of the providers of its stories, each once, in order: of those that the entry shows.
    providers: tuple[str, ...]
    #: The newest `updated` among its records.
    updated: datetime


class Entry(Struct, frozen=True):
    """A story in a feed, with the topics of all its records, and the one name of its provider."""

    story: Story
    provider: Provider
    topics: tuple[Topic, ...] = ()
    #: The slugs of those of its topics that have a feed and a page.
    linked_topics: frozenset[str] = frozenset()
    #: The related stories: those that its records list, in their order, then the primary ones that list it, newest
    #: first; the first of them, where there are more than `feeds.related_limit`.
    related: tuple[Link, ...] = ()
    #: The number of all related stories.
    related_total: int = 0
    #: Whether it is a mention: a story without a record of its own, so that all its related stories list it.
    is_mention: bool = False
    #: What it stands for, where it is the entry of a cluster: then its topics are those of all records in that, and its
    #: related stories are the records that joined, which alone have a time, in the order of time, then all others.
    cluster: Cluster | None = None

    def __hash__(self) -> int:
        # Hashing all values would take longer than comparing entries does.
        return hash(self.story.url)

    @property
    def persons(self) -> tuple[str, ...]:
        """The authors of the story who stand before the provider in its byline, each once."""
        return tuple([name for name in dict.fromkeys(self.story.authors) if name != self.provider.name])

    @property
    def updated(self) -> datetime:
        """When the story was last updated; of a cluster, the last one of its records."""
        return self.cluster.updated if self.cluster else self.story.updated

    @property
    def related_left_out(self) -> int:
        """The number of related stories that the entry doesn't link to."""
        return self.related_total - len(self.related)

    def language_in(self, language: str) -> str:
        """Return the language tag of the story where it isn't that of the feed, else an empty text."""
        return "" if self.story.language == language else self.story.language


class Feed(Struct, frozen=True):
    """A feed, complete and ordered (newest first). Every format is written from this value alone."""

    address: FeedAddress
    title: str
    #: Of the topic, provider or saved filter; the site's title for the feed of everything.
    name: str
    site_title: str
    description: str
    #: The tag of the language that the description is in.
    description_language: str
    base_url: str
    #: A language tag (BCP 47).
    language: str
    labels: Labels
    author: str
    image: Image | None
    #: The formats that the current feed is published in.
    formats: tuple[Format, ...]
    #: Those that its archives are published in, some of the former; none where there are no archives.
    archive_formats: tuple[Format, ...]
    #: Minutes for which a reader may cache it.
    ttl: int
    #: The address of the WebSub hub that is notified of changes; empty if there is none.
    hub: str
    #: Whether its page loads pictures, which are on the servers of others, unasked.
    pictures: bool
    entries: tuple[Entry, ...]
    #: Of an archive, the archives before and after it; of the current feed, the newest one.
    previous_archive: FeedAddress | None
    next_archive: FeedAddress | None
    #: Where the stories after its last entry are, from the next one on, in those formats of archives that are paged.
    next_page: FeedAddress | None
    #: A number that increases with each change of its content.
    revision: int
    #: When its content last changed, which may be later than its newest entry.
    changed: datetime

    @property
    def id(self) -> str:
        """The id: one for a feed and its archives, which are one logical feed (RFC 5005)."""
        return self.current.url(self.base_url)

    @property
    def current(self) -> FeedAddress:
        """The address of the feed that an archive belongs to; its own, if it is none."""
        return self.address.current

    @property
    def page_url(self) -> str:
        """The HTML page that shows the current feed."""
        return absolute(self.base_url, self.current.page_path)

    @property
    def updated(self) -> datetime:
        """The newest `updated` among the entries."""
        return max([entry.updated for entry in self.entries], default=EPOCH)

    def url(self, format: Format, address: FeedAddress | None = None) -> str:
        """Return the absolute URL of the feed, or of one at another address, in a format."""
        return (address or self.address).url(self.base_url, format.suffix)

    def archive_format(self, format: Format) -> Format:
        """Return the format of archives that the feed links to in a format: itself, else the first with archives."""
        return format if self._has_archives(format) else next(iter(self.archive_formats), format)

    def next_url(self, format: Format) -> str:
        """Return the absolute URL of the stories after its last entry, in a format that is paged; empty without any."""
        return self.url(format, self.next_page) if self.next_page and self._has_archives(format) else ""

    def _has_archives(self, format: Format) -> bool:
        return format.suffix in [each.suffix for each in self.archive_formats]


class FeedSummary(Struct, frozen=True):
    """A feed in the list of all feeds."""

    address: FeedAddress
    #: Of the topic, provider or saved filter; the site's title for the feed of everything.
    name: str
    #: The number of its stories, archives included.
    size: int


class Catalogue(Struct, frozen=True):
    """All feeds of a site."""

    title: str
    description: str
    description_language: str
    language: str
    labels: Labels
    base_url: str
    formats: tuple[Format, ...]
    #: Whether its page loads pictures, which are on the servers of others, unasked.
    pictures: bool
    everything: FeedSummary
    topics: tuple[FeedSummary, ...]
    providers: tuple[FeedSummary, ...]
    custom: tuple[FeedSummary, ...]
    #: The time of the newest story.
    updated: datetime
    #: A number that increases with each change.
    revision: int
    #: When anything last changed.
    changed: datetime
    #: The problems that the page / shows to the operator; None where it shows none.
    problems: tuple[Problem, ...] | None = None

    @property
    def feeds(self) -> tuple[FeedSummary, ...]:
        """All feeds, that of everything first."""
        return (self.everything, *self.topics, *self.providers, *self.custom)
