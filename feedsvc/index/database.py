"""The index's database, in a file or shared by several nodes: how it is opened, and what both kinds take."""

import re
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec

from feedsvc.config import Config
from feedsvc.errors import IndexLostError, IndexUnusableError
from feedsvc.index import sqlite
from feedsvc.index.file import make_folder
from feedsvc.index.sqlite import Database

if TYPE_CHECKING:
    from feedsvc.index.postgres import PostgresDatabase
    from feedsvc.index.session import PostgresConnection

#: Whether a column has one of the values that a single parameter brings: so there are few statements, prepared once.
IN_LIST = "IN (SELECT value FROM json_each(?))"
Connection: TypeAlias = "sqlite3.Connection | PostgresConnection"
#: Both are used in the same way, with the same SQL: where PostgreSQL's differs, `session` translates.
Index: TypeAlias = "Database | PostgresDatabase"
T = TypeVar("T")


class Values(list[str | int]):
    """The value of a parameter that stands for several: see IN_LIST. PostgreSQL takes it as an array."""


sqlite3.register_adapter(Values, lambda values: msgspec.json.encode(values).decode())


def index_file(config: Config) -> Path:
    """The file of the index that the configuration names. Raises IndexUnusableError."""
    url = config.index.url
    path = url.removeprefix("sqlite:///")
    if path == url or path in ("", ":memory:") or "?" in path:
        expected = "sqlite:///FILE or postgresql://USER@HOST/DATABASE"
        raise IndexUnusableError(f"index.url: {without_password(url)!r} can't be used; expected {expected}")
    return config.folder / path


def without_password(url: str) -> str:
    """An index's URL as a message may show it."""
    return re.sub(r"(?s)(://[^:/?]*):.*@", r"\1@", url)


def is_new(config: Config) -> bool:
    """Whether the index that the configuration names is yet to be filled. Nothing stays open."""
    if not config.index.is_shared:
        return not index_file(config).exists()
    index = open_index(config)
    try:
        return not index.is_filled()
    finally:
        index.close()


def open_index(config: Config) -> Index:
    """The index that the configuration names, which may be empty. Raises IndexUnusableError."""
    if config.index.is_shared:
        return _open_postgres(config.index.url)
    database = Database(index_file(config))
    make_folder(database.file.parent)
    try:
        database.check()
    except IndexLostError:
        database.check()
    return database


def _open_postgres(url: str) -> "PostgresDatabase":
    try:
        from feedsvc.index.postgres import PostgresDatabase
    except ImportError as error:
        raise IndexUnusableError(
            f"index.url: PostgreSQL needs psycopg ({error}); expected it installed: pip install 'feedsvc[postgres]'"
        ) from error
    return PostgresDatabase(url)


def create_tables(connection: Connection) -> None:
    """Make all tables, empty and without their indexes, in place of those that there are."""
    if not isinstance(connection, sqlite3.Connection):
        connection.create_tables()
    else:
        sqlite.create_tables(connection)


def insert(connection: Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows, which have all columns of the table, in order."""
    rows = iter(rows)
    for first in rows:
        statement = f"INSERT INTO {table} VALUES ({', '.join('?' for _ in first)})"
        connection.executemany(statement, chain([first], rows))


def analyze(connection: Connection, *tables: str) -> None:
    """Let PostgreSQL know how much tables hold now: its plans depend on it. SQLite's depend on the indexes alone."""
    if not isinstance(connection, sqlite3.Connection):
        connection.execute(f"ANALYZE {', '.join(tables)}")


def as_list(values: Iterable[str | int]) -> Values:
    """The value of a parameter that stands for several: see IN_LIST."""
    return Values(values)


def batches(items: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
