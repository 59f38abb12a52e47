"""A session with PostgreSQL that takes what SQLite takes: its SQL, put into PostgreSQL's words."""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from threading import Event, RLock, Thread
from typing import Any, Protocol

import psycopg
from psycopg.abc import PQGen
from psycopg.rows import TupleRow
from psycopg.waiting import Ready

from feedsvc.index.database import IN_LIST
from feedsvc.index.schema import TABLES, VERSION

#: How often a session that writes gives a sign of life.
BEAT_SECONDS = 2
#: What the comment on the table `state` says before the version of the tables.
VERSION_NOTE = "feedsvc index, version "

_TYPES = {"INTEGER": "BIGINT", "BLOB": "BYTEA", "REAL": "DOUBLE PRECISION", "TEXT": 'TEXT COLLATE "C"'}
#: Its values may be longer than an entry of a PostgreSQL index can be.
_LONG_KEY = re.compile(r",\s*PRIMARY KEY \(kind, slug, name, domain, image\)")
_CREATE_INDEX = re.compile(r"CREATE INDEX IF NOT EXISTS (\w+) (.*)")
_TABLE = re.compile(r"\s*CREATE TABLE (\w+).*", re.DOTALL)
_PLAIN_INSERT = re.compile(r"INSERT INTO (\w+) VALUES \([?, ]+\)")


class Rows(Protocol):
    """What a statement found."""

    def __iter__(self) -> Iterator[Any]: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


@lru_cache(maxsize=1024)
def translated(sql: str) -> str:
    """SQL as SQLite takes it, in PostgreSQL's words."""
    if re.match(r"\s*CREATE (TEMPORARY )?TABLE", sql):
        sql = _LONG_KEY.sub("", sql.replace("WITHOUT ROWID", ""))
        return re.sub(rf"\b({'|'.join(_TYPES)})\b", lambda match: _TYPES[match[0]], sql)
    if match := _CREATE_INDEX.fullmatch(sql):
        # As it is, it would wait for an autovacuum even where there is such an index.
        create = f"CREATE INDEX {match[1]} {match[2]}"
        return f"DO $$ BEGIN IF to_regclass('{match[1]}') IS NULL THEN {create}; END IF; END $$"
    return sql.replace(IN_LIST, "= ANY(?)").replace("?", "%s")


class NoAnswerError(psycopg.OperationalError):
    """The server is there, or seems so, and says nothing."""


class Session(psycopg.Connection[TupleRow]):
    """A connection that doesn't wait forever: a network may stall without any word of it."""

    #: Seconds.
    patience: float = 5

    def wait(self, gen: PQGen[Any], *more: Any, **named: Any) -> Any:
        return super().wait(self._bounded(gen), *more, **named)

    def __del__(self, *_: object) -> None:
        self.close()  # psycopg would warn of those that end with their process

    def _bounded(self, gen: PQGen[Any]) -> PQGen[Any]:
        deadline = time.monotonic() + self.patience
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready == Ready.NONE and time.monotonic() > deadline:
                    raise NoAnswerError(f"no answer within {self.patience} seconds")
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value


class PostgresConnection:
    """A session that takes the statements which SQLite takes. Threads may share it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._lock = RLock()

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        """Run a statement."""
        with self._lock:
            return self.session.execute(translated(sql), values or None, binary=True)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement with each row of values; a plain INSERT as COPY, which takes a tenth of the time."""
        with self._lock, self.session.cursor() as cursor:
            if match := _PLAIN_INSERT.fullmatch(sql):
                with cursor.copy(f"COPY {match[1]} FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
            else:
                cursor.executemany(translated(sql), rows)

    def create_tables(self) -> None:
        """Make all tables, empty; those that are there stay, so that readers needn't wait until this is committed."""
        (exists,) = self.execute("SELECT to_regclass('state') IS NOT NULL").fetchone()
        for statement in TABLES:
            self.execute(_TABLE.sub(r"DELETE FROM \1", statement) if exists else statement)
        if exists:
            return
        self.execute("CREATE INDEX names_by_slug ON names (kind, slug)")
        self.execute(f"COMMENT ON TABLE state IS '{VERSION_NOTE}{VERSION}'")

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Give signs of life meanwhile, also while no statement runs."""
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
                    with suppress(psycopg.Error):  # which the next statement tells
                        self.session.execute("SELECT 1")
                finally:
                    self._lock.release()

    def close(self) -> None:
        """End the session, and what it has not committed."""
        self.session.close()
