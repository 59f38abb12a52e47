"""The index's database: connections, transactions, and errors that say what to do."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import msgspec

from feedsvc.config import Config
from feedsvc.errors import IndexUnusableError
from feedsvc.index.schema import TABLES

#: How long a writer waits for another one.
BUSY_SECONDS = 60
#: Kilobytes of the file that a connection keeps at most: there are several readers, of little each, and one writer.
READ_CACHE, WRITE_CACHE = 2048, 65536

#: Whether a column has one of the values that a single parameter brings: so there are few statements, prepared once.
IN_LIST = "IN (SELECT value FROM json_each(?))"

Connection: TypeAlias = sqlite3.Connection
T = TypeVar("T")


class Database:
    """An index's file. Threads may share it: each transaction has a connection of its own."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._idle: list[Connection] = []

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that reads, and sees the index as one sync left it. Raises IndexUnusableError."""
        with self._transaction("BEGIN", READ_CACHE) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes, alone; readers see all of it or nothing. Raises IndexUnusableError.

        From the second one on, readers needn't wait for it: to keep the log that lets them go on takes the first one,
        which fills the index, as long again as to write the index.
        """
        with self._transaction("BEGIN IMMEDIATE", WRITE_CACHE, "PRAGMA journal_mode = WAL") as connection:
            yield connection

    @contextmanager
    def creating(self) -> Iterator[Connection]:
        """A transaction that makes tables in an empty file. Raises IndexUnusableError."""
        with self._transaction("BEGIN IMMEDIATE", WRITE_CACHE) as connection:
            yield connection

    def close(self) -> None:
        """Close the connections that no transaction uses."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _transaction(self, begin: str, cache: int, *afterwards: str) -> Iterator[Connection]:
        try:
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._connect()
            try:
                connection.execute(f"PRAGMA cache_size = -{cache}")
                connection.execute(begin)
                yield connection
                for statement in ("COMMIT", *afterwards):
                    connection.execute(statement)
            except BaseException:
                connection.close()  # which rolls back
                raise
            self._idle.append(connection)
        except sqlite3.Error as error:
            raise IndexUnusableError(
                f"{self.file}: {error}; expected feedsvc's index, a cache that can be deleted, and to be allowed to "
                "write it"
            ) from error

    def _connect(self) -> Connection:
        connection = sqlite3.connect(self.file, BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        for setting in ("synchronous = NORMAL", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {setting}")
        return connection


def index_file(config: Config) -> Path:
    """The file of the index that the configuration names. Raises IndexUnusableError."""
    url = config.index.url
    path = url.removeprefix("sqlite:///")
    if path == url or path in ("", ":memory:") or "?" in path:
        raise IndexUnusableError(f"index.url: {url!r} can't be used; expected sqlite:///FILE")
    return config.folder / path


def open_index(config: Config) -> Database:
    """The index that the configuration names, its tables made if need be. Raises IndexUnusableError."""
    file = index_file(config)
    try:
        _make_folder(file.parent)
    except OSError as error:
        raise IndexUnusableError(f"{error.filename}: {error.strerror}; expected a place for the index") from error
    database = Database(file)
    with database.reading() as connection:
        tables = table_names(connection)
    if "state" not in tables:
        if tables:
            raise IndexUnusableError(f"{file}: a database of something else; expected a file for feedsvc alone")
        with database.creating() as connection:
            create_tables(connection)
    return database


def table_names(connection: Connection) -> set[str]:
    """The tables that there are."""
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def create_tables(connection: Connection) -> None:
    """Make all tables, empty and without their indexes, in place of those that there are."""
    for table in table_names(connection):
        connection.execute(f'DROP TABLE "{table}"')
    for statement in TABLES:
        connection.execute(statement)


def insert(connection: Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows, which have all columns of the table, in order."""
    rows = iter(rows)
    for first in rows:
        statement = f"INSERT INTO {table} VALUES ({', '.join('?' for _ in first)})"
        connection.execute(statement, first)
        connection.executemany(statement, rows)


def as_list(values: Iterable[str | int]) -> str:
    """The value of a parameter that stands for several: see IN_LIST."""
    return msgspec.json.encode(list(values)).decode()


def batches(items: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _make_folder(folder: Path) -> None:
    """Make the index's folder. A new one ignores itself in git, since it holds a cache."""
    if not folder.exists():
        folder.mkdir(parents=True)
        (folder / ".gitignore").write_text("*\n")
