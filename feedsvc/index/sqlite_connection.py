"""A connection to an index in SQLite, in a file or in memory."""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import msgspec

from feedsvc.index.database import Dialect
from feedsvc.index.schema import APPLICATION_ID, VERSION, tables

#: Instructions of SQLite, each far below a microsecond, between two looks at the time.
STEPS = 50_000

DIALECT = Dialect(
    text="TEXT",
    integer="INTEGER",
    real="REAL",
    blob="BLOB",
    clustered="WITHOUT ROWID",
    descending="DESC",
    needs_sets=True,
    has_long_keys=True,
    is_read_only="FALSE",  # a writer notices it by itself
)
#: Asks for one of the values in a list, where it follows a column.
_ANY = "= ANY(?)"


class SqliteConnection(sqlite3.Connection):
    """A connection to an index in SQLite; see feedsvc.index.database.Connection."""

    dialect = DIALECT

    def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:
        """Run a statement."""
        if _ANY in sql:
            sql = sql.replace(_ANY, "IN (SELECT value FROM json_each(?))")
            values = [msgspec.json.encode(each).decode() if isinstance(each, list) else each for each in values]
        return super().execute(sql, values)

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows, which have all columns of a table, in order."""
        rows = iter(rows)
        for first in rows:
            self.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' for _ in first)})", chain([first], rows))

    def analyze(self, *tables: str) -> None:
        """Do nothing: SQLite's plans depend on the indexes alone."""

    def create_tables(self) -> None:
        """Make all tables of the index, empty and without their indexes, in place of any that are there."""
        for table in self.table_names():
            self.execute(f'DROP TABLE "{table}"')
        for name, columns in tables(DIALECT).items():
            self.execute(f"CREATE TABLE {name} {columns}")
        self.execute(f"PRAGMA user_version = {VERSION}")

    def create_indexes(self, indexes: Mapping[str, str]) -> None:
        """Make the indexes of tables, each as "table (columns)" by its name, unless they are there."""
        for name, on in indexes.items():
            self.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {on}")

    def former_stories(self) -> list[str]:
        """Return the URLs of the primary stories in tables of another version; nothing if it had no such columns."""
        columns = {name for _, name, *_ in self.execute("PRAGMA table_info(stories)")}
        if not columns >= {"url", "is_primary"}:
            return []
        found = "SELECT DISTINCT url FROM stories WHERE is_primary AND typeof(url) = 'text'"
        return [url for (url,) in self.execute(found)]

    def table_names(self) -> set[str]:
        """Return the names of the tables that are there."""
        return {name for (name,) in self.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def mark(self) -> None:
        """Mark a file as an index in its header: before there is a write-ahead log, which may be lost."""
        if self.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
            self.execute(f"PRAGMA application_id = {APPLICATION_ID}")

    @contextmanager
    def bounded(self, seconds: float | None) -> Iterator[None]:
        """Let the statements in the context take so many seconds at most, if any are given; else they raise."""
        if not seconds:
            yield
            return
        deadline = time.monotonic() + seconds
        self.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)
        try:
            yield
        finally:
            self.set_progress_handler(None, 0)
