"""What the databases of an index have in common: transactions, connections, and a dialect of SQL for each."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any, Protocol, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Dialect(Struct, frozen=True):
    """How a database writes what differs between databases. All else is SQL that each of them takes."""

    #: The types of columns. Texts compare by their bytes.
    text: str
    integer: str
    real: str
    blob: str
    #: Ends the definition of a table whose rows are stored in the order of its primary key.
    clustered: str
    #: In a primary key, follows a column whose greatest values come first, where keys have an order.
    descending: str
    #: Whether a condition on other rows is looked up for each story, unless it is written as a set of them.
    needs_sets: bool
    #: Whether a key may be longer than some 2,700 bytes.
    has_long_keys: bool
    #: A condition: whether nothing can be written, not even by a transaction that writes.
    is_read_only: str


class Rows(Protocol):
    """The rows that a statement found."""

    def __iter__(self) -> Iterator[Any]: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


class Connection(Protocol):
    """A connection in a transaction. In SQL, `?` stands for a parameter, except within quotes.

    A column is one of the values in a list, which is one parameter, where it is `= ANY(?)`, as PostgreSQL has it.
    """

    @property
    def dialect(self) -> Dialect: ...

    def execute(self, sql: str, values: Sequence[Any] = ..., /) -> Rows:
        """Run a statement."""

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> object:
        """Run a statement with each row of values."""

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows, which have all columns of a table, in order."""

    def analyze(self, *tables: str) -> None:
        """Let the database count the rows of tables, if its plans depend on that."""

    def create_tables(self) -> None:
        """Make all tables of the index, empty and without their indexes, in place of any that are there."""

    def create_indexes(self, indexes: Mapping[str, str]) -> None:
        """Make the indexes of tables, each as "table (columns)" by its name, unless they are there."""


class Index(Protocol):
    """A database that holds the index. Threads may share it. Its methods raise IndexUnusableError."""

    @property
    def owner(self) -> str:
        """The configuration that alone reads and writes it, as the index notes it."""

    def reading(self, seconds: float | None = None) -> AbstractContextManager[Connection]:
        """Return a transaction that reads, and sees the index as of one moment.

        seconds: how long it may take at most, where the database doesn't bound each statement itself.
        """

    def writing(self) -> AbstractContextManager[Connection]:
        """Return a transaction that writes, alone; readers see all of it or nothing. It has all tables."""

    def is_leader(self) -> bool:
        """Return whether this process is the one that syncs. It has to ask often to stay so."""

    def is_filled(self) -> bool:
        """Return whether a sync has filled the index."""

    def close(self) -> None:
        """Close the connections that no transaction uses."""


def batches(items: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """Return the items in lists of at most `size`."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def without_password(url: str) -> str:
    """Return an index's URL as messages show it."""
    return re.sub(r"(?s)(://[^:/?]*):.*@", r"\1@", url)
