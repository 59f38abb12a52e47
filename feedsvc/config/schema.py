"""The tables of config.toml: their keys, defaults, and what each expects."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from feedsvc.model import COUNTED, Counted, Filters, RelatedMode

DEFAULT_NAME = "config.toml"
#: The name of a configuration that comes from no file.
NO_FILE = "options"


class Table(Struct, frozen=True):
    """A table of config.toml. A description says what its key expects, as an error message puts it."""


Text = Annotated[str, Meta(min_length=1, description="some text")]
Folder = Annotated[str, Meta(pattern=r"^[^\0]+\Z", description="a folder")]
Out = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z][A-Za-z0-9+.-]*://|(?![A-Za-z][A-Za-z0-9+.-]*:/))[^\0]+\Z",
        description="a folder, or an address such as s3://BUCKET/PREFIX",
    ),
]
Globs = Annotated[
    tuple[Annotated[str, Meta(min_length=1)], ...], Meta(description='a list of globs such as ["_index.*", "drafts/*"]')
]
Flag = Annotated[bool, Meta(description="true or false")]


class Site(Table, frozen=True):
    title: Text = "feedsvc"
    #: Without one, built-in words.
    description: Text | None = None
    #: The start of every absolute address.
    base_url: Annotated[str, Meta(description="an http or https address")] = ""
    language: Annotated[str, Meta(description="a language tag such as en or pt-BR")] = "en"
    author: Annotated[str, Meta(description="a name")] = ""
    #: Whether pages load pictures, which are on the servers of others, unasked.
    pictures: Flag = False


class LabelTexts(Table, frozen=True):
    """The words that feeds show; without one, built-in words."""

    related: Text | None = None
    coverage: Text | None = None
    more: Text | None = None
    stories_about: Text | None = None
    stories_by: Text | None = None
    everything: Text | None = None
    topics: Text | None = None
    providers: Text | None = None
    custom: Text | None = None


class RecordSource(Table, frozen=True):
    """A folder of records of one shape: the keys of [records], and of each [[records.source]]."""

    path: Folder = "records"
    #: What gives fields their values, by a name.
    preset: Annotated[str, Meta(min_length=1, description="the name of a preset such as auto")] = "auto"
    #: Where relative addresses start.
    site: Annotated[str, Meta(description="an http or https address")] = ""
    #: The path of the list of records in a file, where it isn't found without it.
    items: Annotated[str, Meta(description="a path of keys such as data.articles")] = ""
    #: The time zone of times without an offset.
    timezone: Annotated[str, Meta(min_length=1, description="a time zone such as Europe/Berlin")] = "UTC"
    include: Globs = ()
    exclude: Globs = ()
    #: What gives each field its value: the first that can be used counts, before what the preset says.
    fields: Annotated[
        dict[str, str | tuple[str, ...]],
        Meta(description="a key, a template or a constant for each field, or a list of them"),
    ] = {}

    @property
    def expressions(self) -> dict[str, tuple[str, ...]]:
        """What gives each field its value, as a list, also where it is but one."""
        return {name: (texts,) if isinstance(texts, str) else texts for name, texts in self.fields.items()}


class Records(RecordSource, frozen=True):
    include_unpublished: Flag = False
    #: The sources, where there are several; keys that one lacks are those of [records].
    source: Annotated[tuple[RecordSource, ...], Meta(description="tables, [[records.source]]")] = ()
    #: Whether stories are published whose time is still to come.
    future: Flag = False
    #: The share of the published stories, in percent, that a sync may take away; see `index.guard`.
    max_loss: Annotated[int, Meta(ge=0, le=100, description="a percentage, a whole number from 0 to 100")] = 50


class Index(Table, frozen=True):
    url: Annotated[
        str, Meta(pattern=r"^[^\0]+\Z", description="an address such as sqlite:///.feedsvc/index.sqlite3")
    ] = "sqlite:///.feedsvc/index.sqlite3"

    @property
    def is_shared(self) -> bool:
        """Whether it is in PostgreSQL, where other nodes may use it, too."""
        return self.url.startswith(("postgresql://", "postgres://"))


class Feeds(Table, frozen=True):
    #: Entries in a feed.
    limit: Annotated[int, Meta(ge=1, le=500, description="a number from 1 to 500")] = 50
    formats: Annotated[
        tuple[str, ...], Meta(min_length=1, description="a list of formats such as atom, rss and json")
    ] = ("atom", "rss", "json")
    related: Annotated[RelatedMode, Meta(description='"entries", "clusters", "links" or "none"')] = "entries"
    #: Related stories that an entry links to.
    related_limit: Annotated[int, Meta(ge=0, le=1000, description="a number from 0 to 1000")] = 25
    min_quality: Annotated[int, Meta(ge=-(2**31), lt=2**31, description="a whole number up to 2**31")] | None = None
    #: Stories that a topic or provider must have for a feed of its own.
    min_stories: Annotated[int, Meta(ge=1, lt=2**31, description="a whole number from 1")] = 1
    #: Whether older stories than a feed shows are in archives; or the formats of these, of which the first is the one
    #: that feeds in others link to.
    archives: Annotated[
        bool | Annotated[tuple[str, ...], Meta(min_length=1)],
        Meta(description="true, false, or a list of formats that are in feeds.formats"),
    ] = True
    #: The address of a WebSub hub.
    hub: Annotated[str, Meta(description="an http or https address")] = ""

    @property
    def archive_formats(self) -> tuple[str, ...]:
        """The formats of archives: without a list of them Atom, which RFC 5005 is made for, else the first of all."""
        if not isinstance(self.archives, bool):
            return self.archives
        return ("atom" if "atom" in self.formats else self.formats[0],) if self.archives else ()

    @property
    def counted(self) -> Counted:
        """What the entries of feeds are, which also counts for `min_stories`."""
        return COUNTED[self.related]


class Build(Table, frozen=True):
    #: A folder, or an address such as s3://BUCKET/PREFIX, whose scheme an output is registered for.
    out: Out = "public"
    #: Whether HTML pages are written, too.
    pages: Flag = True
    #: Whether compressed copies stand beside the files, for servers that deliver them as they are.
    precompress: Flag = False


class Serve(Table, frozen=True):
    host: Annotated[str, Meta(pattern=r"^[^\s/?#@]+\Z", description="a host name or IP address")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535, description="a port from 1 to 65535")] = 8000
    workers: Annotated[int, Meta(ge=1, le=256, description="a number from 1 to 256")] = 2
    #: Seconds for which a reader or proxy may cache a feed before it asks again.
    max_age: Annotated[int, Meta(ge=0, le=31_536_000, description="a number of seconds, at most a year")] = 900
    watch: Flag = True
    #: How each event is written to stderr.
    log_format: Annotated[Literal["plain", "json"], Meta(description='"plain" or "json"')] = "plain"
    #: Whether each request is an event, too.
    access_log: Flag = False
    #: Whether the page of everything shows what is wrong with records.
    show_problems: Flag = False


class Custom(Struct, frozen=True):
    """A saved filter, which is a feed of its own."""

    slug: str
    name: str
    description: str
    filters: Filters


class Given(Struct, frozen=True):
    """What `load_config` was called with, and in which folder, whatever becomes of that since."""

    folder: Path = Path()
    path: Path | str | None = None
    records: Path | str | None = None
    out: Path | str | None = None
    tables: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration, checked and complete: a field for each table of config.toml.

    >>> config = feedsvc.load_config()
    >>> (config.site.title, config.feeds.limit, config.serve.port)
    ('feedsvc', 50, 8000)
    """

    site: Site
    labels: LabelTexts
    records: Records
    index: Index
    feeds: Feeds
    build: Build
    serve: Serve
    #: The saved filters by slug.
    custom: dict[str, Custom]
    #: The folder that relative paths start from.
    folder: Path
    #: Whether `site.base_url` is set, not derived from where the service listens.
    has_base_url: bool
    #: Where it comes from, as messages name it: a file, or options.
    name: str = NO_FILE
    #: What it was loaded with, to be read anew.
    given: Given = field(default=Given(), compare=False, repr=False)
    #: The index that it names, where that can't be written, and `index` is a temporary one.
    replaced_index: Index | None = None

    @property
    def file_name(self) -> str:
        """The name of its file in `folder`; that of config.toml, where it has none."""
        return DEFAULT_NAME if self.name == NO_FILE else Path(self.name).name

    @property
    def has_file(self) -> bool:
        return self.name != NO_FILE

    @property
    def records_folder(self) -> Path:
        return self.folder / self.records.path

    @property
    def sources(self) -> tuple[RecordSource, ...]:
        """The sources of records: those of [[records.source]], else [records] itself."""
        return self.records.source or (self.records,)

    @property
    def record_folders(self) -> tuple[Path, ...]:
        """The folders of all sources."""
        return tuple(dict.fromkeys(self.folder / source.path for source in self.sources))

    @property
    def has_clusters(self) -> bool:
        """Whether a feed without parameters holds clusters."""
        modes = (self.feeds.related, *(custom.filters.get("related") for custom in self.custom.values()))
        return "clusters" in modes

    @property
    def out(self) -> Path | str:
        """The folder that builds write to, or the address of one in object storage."""
        return self.build.out if "://" in self.build.out else self.out_folder

    @property
    def out_folder(self) -> Path:
        return self.folder / self.build.out


#: The tables by their names.
TABLES: dict[str, type[Table]] = {
    item.name: item.type for item in fields(Config) if isinstance(item.type, type) and issubclass(item.type, Table)
}
