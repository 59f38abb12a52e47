"""Stories as records have them, and the problems of records.

As all plain values here, they are Structs: making one, and the class itself, takes a fraction of a dataclass's time.
"""

from datetime import datetime

from msgspec import Struct

from feedsvc.errors import one_line


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
    """One article as one record has it."""

    url: str
    title: str
    published: datetime
    updated: datetime
    provider: Provider
    #: In the order of the record. Those whose names differ by more than case may have one slug.
    topics: tuple[Topic, ...] = ()
    excerpt: str = ""
    content_html: str = ""
    image: Image | None = None
    type: str = ""
    category: str = ""
    quality: int | None = None
    heat: int | None = None
    amp_url: str | None = None
    cdn_amp_url: str | None = None
    authors: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    #: A language tag (BCP 47); empty where the record doesn't say it.
    language: str = ""
    #: `published: false`, `draft: true`, or a status such as `draft`
    draft: bool = False
    #: `deleted: true` or `removed: true`
    deleted: bool = False
    #: Whether it is a related story without a time, which is published as a link alone, never as an entry. Its times
    #: are those of the story that lists it.
    is_link: bool = False


class Record(Struct, frozen=True):
    """One article of a record file: its story, and the stories that its `related:` list mentions, in order."""

    story: Story
    related: tuple[Story, ...] = ()


class Problem(Struct, frozen=True):
    """A fault in a record file: where it is, what was wrong, and what is expected."""

    path: str
    line: int
    field: str
    message: str
    #: Whether it is the first fault of a record, or of a file, that is left out whole.
    refuses: bool = False

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}"
        return one_line(f"{where}: {self.field}: {self.message}" if self.field else f"{where}: {self.message}")
