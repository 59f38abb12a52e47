"""The tables of the index, and the one place that knows which database it is in."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TypeVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    inspect,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from feedsvc.config import Config
from feedsvc.errors import IndexUnusableError

#: Of the tables below and of what is stored in them; an index of another version is built anew.
VERSION = 2
#: How long a writer waits for another one.
BUSY_SECONDS = 60

T = TypeVar("T")

metadata = MetaData()

#: One row: what the index was built from, and how often it has changed.
state = Table(
    "state",
    metadata,
    Column("fingerprint", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
)

#: The record files that have been read.
files = Table(
    "files",
    metadata,
    Column("path", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)

problems = Table(
    "problems",
    metadata,
    Column("path", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("line", Integer, nullable=False),
    Column("field", Text, nullable=False),
    Column("message", Text, nullable=False),
)

#: What each record tells: at position 0 of its own story, from 1 on of the stories that it mentions, in order.
tellings = Table(
    "tellings",
    metadata,
    Column("path", Text, primary_key=True),
    Column("record", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("url", Text, nullable=False),
    #: The URL of the record's own story, where this is one that it mentions.
    Column("mentioned_by", Text),
    #: False for a draft or deleted record, which hides its story and tells nothing else.
    Column("listed", Boolean, nullable=False),
    Column("published", BigInteger, nullable=False),
    Column("month", Text, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("quality", Integer),
    Column("heat", Integer),
    Column("type", Text),
    Column("title", Text),
    Column("provider", Text),
    Column("provider_name", Text),
    Column("provider_domain", Text),
    Column("provider_image", Text),
    #: The story, as JSON.
    Column("data", Text),
    Index("tellings_by_url", "url"),
    Index("tellings_by_mention", "mentioned_by"),
    Index("tellings_by_provider", "provider", "provider_name", "provider_domain", "provider_image"),
)

#: The topics that each telling names; a mention's are those of its record, and its own.
telling_topics = Table(
    "telling_topics",
    metadata,
    Column("path", Text, primary_key=True),
    Column("record", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("slug", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Index("telling_topics_by_slug", "slug", "name"),
)

#: The stories that feeds may hold, each with the telling that won.
stories = Table(
    "stories",
    metadata,
    Column("url", Text, primary_key=True),
    Column("path", Text, nullable=False),
    Column("record", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("is_primary", Boolean, nullable=False),
    Column("published", BigInteger, nullable=False),
    #: In which it was published, as 2020-06.
    Column("month", Text, nullable=False),
    Column("quality", Integer),
    Column("heat", Integer),
    Column("type", Text),
    Column("provider", Text, nullable=False),
)
Index("stories_by_time", stories.c.published.desc(), stories.c.url)
Index("stories_by_provider", stories.c.provider, stories.c.published.desc(), stories.c.url)

story_topics = Table(
    "story_topics",
    metadata,
    Column("url", Text, primary_key=True),
    Column("slug", Text, primary_key=True),
    Column("published", BigInteger, nullable=False),
    Column("month", Text, nullable=False),
    Column("is_primary", Boolean, nullable=False),
)
Index("story_topics_by_time", story_topics.c.slug, story_topics.c.published.desc(), story_topics.c.url)

#: The topics and providers that have stories: one feed each. `changed` is when something in that feed last did.
topics = Table(
    "topics",
    metadata,
    Column("slug", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("changed", BigInteger, nullable=False),
)

providers = Table(
    "providers",
    metadata,
    Column("slug", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("domain", Text),
    #: The image, as JSON.
    Column("image", Text),
    Column("changed", BigInteger, nullable=False),
)


def open_index(config: Config) -> Engine:
    """An engine for the index that the configuration names, its tables made if need be. Raises IndexUnusableError."""
    url = config.index.url
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise IndexUnusableError(f"index.url: {url!r} can't be used; expected sqlite:///FILE") from error
    plain = not (parsed.query or parsed.host or parsed.username)
    if parsed.drivername != "sqlite" or not plain or not parsed.database or parsed.database == ":memory:":
        raise IndexUnusableError(f"index.url: {url!r} can't be used; expected sqlite:///FILE")
    file = config.folder / parsed.database
    engine = create_engine(parsed.set(database=str(file)), connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    try:
        _make_folder(file.parent)
    except OSError as error:
        raise IndexUnusableError(f"{error.filename}: {error.strerror}; expected a place for the index") from error
    with reading(engine) as connection:
        tables = inspect(connection).get_table_names()
    if state.name not in tables:
        if tables:
            raise IndexUnusableError(f"{file}: a database of something else; expected a file for feedsvc alone")
        with writing(engine) as connection:
            metadata.create_all(connection)
    return engine


def batches(items: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """The items in lists of at most `size`, few enough for the parameters of one statement."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that reads, and sees the index as one sync left it. Raises IndexUnusableError."""
    with _explained(engine), engine.begin() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes, alone; readers see all of it or nothing. Raises IndexUnusableError."""
    with _explained(engine), engine.execution_options(writing=True).begin() as connection:
        yield connection


@contextmanager
def _explained(engine: Engine) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise IndexUnusableError(
            f"{engine.url.database}: {error.orig}; expected feedsvc's index, a cache that can be deleted, and to be "
            "allowed to write it"
        ) from error


def _set_up_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # the driver begins no transaction of its own
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA cache_size = -32768")


def _begin_sqlite(connection: Connection) -> None:
    writer = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")


def _make_folder(folder: Path) -> None:
    """Make the index's folder. A new one ignores itself in git, since it holds a cache."""
    if not folder.exists():
        folder.mkdir(parents=True)
        (folder / ".gitignore").write_text("*\n")
