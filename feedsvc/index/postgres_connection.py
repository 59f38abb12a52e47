"""A connection to an index in PostgreSQL, with its dialect and parameters, and a timeout for each answer."""

import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import count
from threading import Event, RLock, Thread
from typing import Any

import psycopg
from psycopg.abc import PQGen
from psycopg.rows import TupleRow
from psycopg.waiting import Ready

from feedsvc.errors import IndexUnusableError
from feedsvc.index.database import Dialect, Rows
from feedsvc.index.schema import VERSION, tables

#: Seconds between two signs of life of a session that writes.
BEAT_SECONDS = 2
#: What the comment on the table `state` says before the version of the tables.
_VERSION_NOTE = "feedsvc index, version "

DIALECT = Dialect(
    text='TEXT COLLATE "C"',
    integer="BIGINT",
    real="DOUBLE PRECISION",
    blob="BYTEA",
    clustered="",
    descending="",  # a key is read from its end as well
    needs_sets=False,
    has_long_keys=False,
    is_read_only="(pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean)",
)
#: The second half of an advisory lock's key, after its schema: the leader holds the first one, a transaction that
#: writes the other.
ELECTED, WRITING = 1, 2
#: A literal, a quoted name, or a parameter.
_QUOTED_OR_PARAMETER = re.compile(r"""'[^']*'|"[^"]*"|\?""")


@lru_cache(maxsize=1024)
def numbered(sql: str) -> str:
    """Return SQL with its parameters, each a `?` outside of quotes, as PostgreSQL has them: $1, $2 and so on."""
    numbers = count(1)
    return _QUOTED_OR_PARAMETER.sub(lambda found: f"${next(numbers)}" if found[0] == "?" else found[0], sql)


class NoAnswerError(psycopg.OperationalError):
    """The server did not answer in time."""


class Session(psycopg.Connection[TupleRow]):
    """A connection with a timeout for each answer: a network may stall without an error."""

    #: The timeout for each answer, in seconds.
    answer_seconds: float = 5
    _process = 0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._process = os.getpid()

    def wait(self, gen: PQGen[Any], *more: Any, **named: Any) -> Any:
        return super().wait(self._bounded(gen), *more, **named)

    def __del__(self, *_: object) -> None:
        if self._process == os.getpid():  # else it is that of the process from which this one was forked
            self.close()  # psycopg would warn of those that end with their process

    def _bounded(self, gen: PQGen[Any]) -> PQGen[Any]:
        deadline = time.monotonic() + self.answer_seconds
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready == Ready.NONE and time.monotonic() > deadline:
                    raise NoAnswerError(f"no answer within {self.answer_seconds} seconds")
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value


class PostgresConnection:
    """A session in use; see feedsvc.index.database.Connection. Threads may share it."""

    dialect = DIALECT

    def __init__(self, session: Session) -> None:
        self.session = session
        self._lock = RLock()

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Rows:
        """Run a statement."""
        with self._lock:
            return self.session.execute(numbered(sql) if values else sql, values or None, binary=True)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> None:
        """Run a statement with each row of values."""
        with self._lock, self.session.cursor() as cursor:
            cursor.executemany(numbered(sql), rows)

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows, which have all columns of a table, in order: with COPY, which takes a tenth of the time."""
        with self._lock, self.session.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def analyze(self, *tables: str) -> None:
        """Let PostgreSQL count the rows of tables, on which its plans depend."""
        self.execute(f"ANALYZE {', '.join(tables)}")

    def create_tables(self) -> None:
        """Make all tables, empty; those that are there stay, so that readers needn't wait until this is committed."""
        (exists,) = self.execute("SELECT to_regclass('state') IS NOT NULL").fetchone()
        for name, columns in tables(DIALECT).items():
            self.execute(f"DELETE FROM {name}" if exists else f"CREATE TABLE {name} {columns}")
        if exists:
            return
        self.execute("CREATE INDEX names_by_slug ON names (kind, slug)")
        self.execute(f"COMMENT ON TABLE state IS '{_VERSION_NOTE}{VERSION}'")

    def create_indexes(self, indexes: Mapping[str, str]) -> None:
        """Make the indexes of tables, each as "table (columns)" by its name, unless they are there."""
        for name, on in indexes.items():  # IF NOT EXISTS would wait for an autovacuum even where the index is there
            self.execute(
                f"DO $$ BEGIN IF to_regclass('{name}') IS NULL THEN CREATE INDEX {name} ON {on}; END IF; END $$"
            )

    def has_tables(self, name: str) -> bool:
        """Return whether the schema holds an index. name: of the index, in messages.

        Raises IndexUnusableError if the schema holds something else, or an index of another version.
        """
        encoding, note, tables = self.execute(
            "SELECT current_setting('server_encoding'), obj_description(to_regclass('state'), 'pg_class'), "
            "(SELECT count(*) FROM pg_tables WHERE schemaname = current_schema())"
        ).fetchone()
        another = "another schema, which ?schema=NAME in index.url names"
        if encoding != "UTF8":
            raise IndexUnusableError(f"{name}: the database is in {encoding}; expected one in UTF8")
        if tables and not (note or "").startswith(_VERSION_NOTE):
            raise IndexUnusableError(f"{name}: tables of something else; expected {another}")
        if tables and note != f"{_VERSION_NOTE}{VERSION}":
            version = note.removeprefix(_VERSION_NOTE)
            raise IndexUnusableError(f"{name}: an index of version {version}; expected version {VERSION}, or {another}")
        return bool(tables)

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Give signs of life within the context, also while no statement runs."""
        done = Event()
        Thread(target=self._beat, args=(done,), name="beat", daemon=True).start()
        try:
            yield
        finally:
            done.set()

    def _beat(self, done: Event) -> None:
        while not done.wait(BEAT_SECONDS):
            if self._lock.acquire(blocking=False):  # else a statement runs, which is a sign of life
                try:
                    with suppress(psycopg.Error):  # the next statement raises it
                        self.session.execute("SELECT 1")
                finally:
                    self._lock.release()

    def close(self) -> None:
        """Close the session, and roll back what it has not committed."""
        self.session.close()
