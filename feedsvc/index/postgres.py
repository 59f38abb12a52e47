"""The index in PostgreSQL. Any number of nodes read it, and the one that is elected leader syncs it."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode
from weakref import WeakSet

import psycopg
from psycopg.conninfo import conninfo_to_dict

from feedsvc.errors import IndexUnusableError, LossError
from feedsvc.index.database import without_password
from feedsvc.index.election import Election
from feedsvc.index.owner import Owner
from feedsvc.index.postgres_connection import BEAT_SECONDS, WRITING, NoAnswerError, PostgresConnection, Session

#: Seconds to wait for a connection, for the answer to a reader or a writer, and for another writer to finish.
CONNECT_SECONDS, READ_SECONDS, WRITE_SECONDS, BUSY_SECONDS = 2, 5, 600, 60
#: Seconds without a sign of life after which the server ends the session of a node that may write, and its election.
DEAD_SECONDS = 6
#: Seconds in which readers don't ask a server that did not answer.
PAUSE_SECONDS = 1.0

#: By these, a server notices a node that is gone without closing its connection.
_KEEPALIVES = {"tcp_keepalives_idle": "3s", "tcp_keepalives_interval": "1s", "tcp_keepalives_count": "3"}
_READER = _KEEPALIVES | {"statement_timeout": f"{READ_SECONDS}s"}
_WRITER = _KEEPALIVES | {
    "idle_session_timeout": f"{DEAD_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{DEAD_SECONDS}s",
    "client_connection_check_interval": f"{BEAT_SECONDS}s",
    "lock_timeout": f"{BUSY_SECONDS}s",
}


class _EmptyError(IndexUnusableError):
    """No sync has filled the index yet."""


class PostgresDatabase:
    """An index in a schema of a PostgreSQL database. Threads may share it: each transaction has its own session."""

    def __init__(self, url: str, owner: Owner) -> None:
        """Make an index, which connects when it is used. Raises IndexUnusableError.

        url: of the database, with the parameter `schema` if it isn't the default one.
        owner: the configuration that alone reads and writes it.
        """
        self.owner = owner.noted
        self._owner = owner
        base, _, query = url.partition("?")
        given = parse_qsl(query, keep_blank_values=True)
        self.schema = dict(given).get("schema", "feedsvc")
        #: As messages show it.
        self.name = f"{without_password(base)}, schema {self.schema}"
        others = urlencode([pair for pair in given if pair[0] != "schema"], quote_via=quote)
        try:
            self._parameters = conninfo_to_dict(f"{base}?{others}")
        except psycopg.ProgrammingError as error:
            expected = "postgresql://USER@HOST/DATABASE"
            raise IndexUnusableError(
                f"index.url: {without_password(base)!r} can't be used; expected {expected}"
            ) from error
        if not re.fullmatch("[a-z_][a-z0-9_]{0,62}", self.schema):
            expected = "lower-case letters, digits and _"
            raise IndexUnusableError(f"index.url: the schema {self.schema!r} can't be used; expected {expected}")
        self._begin()
        _databases.add(self)

    def _begin(self) -> None:
        """Begin without sessions, also in a child after a fork: sessions belong to the process that opened them."""
        self._idle: list[PostgresConnection] = []
        #: Held by the thread that writes, or that stands for election: both use one session.
        self._writing = Lock()
        self._election = Election(self.schema)
        #: Why the server did not answer last time; empty if it did.
        self._failure = ""
        self._paused_until = 0.0
        #: Held by the thread that asks it again.
        self._asking = Lock()

    @contextmanager
    def reading(self, seconds: float | None = None) -> Iterator[PostgresConnection]:
        """Return a transaction that reads, and sees the index as of one moment: each statement READ_SECONDS at most.

        Raises IndexUnusableError.
        """
        try:
            with self._asked_again_by_one():
                connection = self._reader()
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                connection.close()
                raise
        except psycopg.Error as error:
            explained = self._explained(error)
            self._failure, self._paused_until = str(explained), time.monotonic() + PAUSE_SECONDS
            raise explained from error
        self._idle.append(connection)

    @contextmanager
    def writing(self) -> Iterator[PostgresConnection]:
        """Return a transaction that writes, alone; readers see all of it or nothing. Raises IndexUnusableError."""
        with self._writing:
            try:
                connection = self._election.session or self._connect(_WRITER)
                try:
                    with connection.beating():
                        connection.execute("BEGIN")
                        connection.execute("SELECT pg_advisory_xact_lock(hashtext(?), ?)", (self.schema, WRITING))
                        self._make_tables(connection)
                        self._is_filled(connection)
                        yield connection
                        connection.execute("COMMIT")
                except LossError:  # the session is sound, and this node stays leader: others would refuse, too
                    connection.execute("ROLLBACK")
                    self._release(connection)
                    raise
                except BaseException:
                    connection.close()
                    self._election.end()
                    raise
                self._release(connection)
            except psycopg.Error as error:
                raise self._explained(error) from error

    def is_leader(self) -> bool:
        """Return whether this process is elected leader. It has to ask often to stay so. Raises IndexUnusableError."""
        with self._writing:
            try:
                return self._election.stand(partial(self._connect, _WRITER))
            except psycopg.Error as error:
                raise self._explained(error) from error

    def is_filled(self) -> bool:
        """Return whether a sync has filled the index. Raises IndexUnusableError."""
        try:
            with self.reading():
                return True
        except _EmptyError:
            return False

    def close(self) -> None:
        """Close the sessions that no transaction uses, and end the election."""
        while self._idle:
            self._idle.pop().close()
        self._election.end()

    def _release(self, connection: PostgresConnection) -> None:
        """Close a session that wrote, unless it stands for election."""
        if connection is not self._election.session:
            connection.close()

    @contextmanager
    def _asked_again_by_one(self) -> Iterator[None]:
        """Raise IndexUnusableError while the server does not answer, but let one thread ask it again now and then."""
        if not self._failure:
            yield
        elif time.monotonic() >= self._paused_until and self._asking.acquire(blocking=False):
            try:
                yield
                self._failure = ""
            finally:
                self._asking.release()
        else:
            raise IndexUnusableError(self._failure)

    def _reader(self) -> PostgresConnection:
        """Return a session in a transaction that reads."""
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:  # none is idle
                break
            try:
                connection.execute(begin)
                return connection
            except psycopg.OperationalError as error:
                connection.close()
                if isinstance(error, NoAnswerError):
                    raise
                # else it is from before the server was restarted
        connection = self._connect(_READER)
        try:
            connection.execute(begin)
            if not connection.has_tables(self.name) or not self._is_filled(connection):
                raise _EmptyError(f"{self.name}: empty; expected feedsvc serve or feedsvc build to fill it")
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect(self, settings: dict[str, str]) -> PostgresConnection:
        usual: dict[str, Any] = {"application_name": "feedsvc", "connect_timeout": CONNECT_SECONDS}
        usual |= {"keepalives_idle": 3, "keepalives_interval": 1, "keepalives_count": 3}
        session = Session.connect(**{**usual, **self._parameters}, autocommit=True, cursor_factory=psycopg.RawCursor)
        session.answer_seconds = WRITE_SECONDS if settings is _WRITER else READ_SECONDS
        connection = PostgresConnection(session)
        try:
            pairs = [text for pair in {"search_path": self.schema, **settings}.items() for text in pair]
            connection.execute("SELECT " + ", ".join(["set_config(?, ?, false)"] * (len(pairs) // 2)), pairs)
        except BaseException:
            connection.close()
            raise
        return connection

    def _make_tables(self, connection: PostgresConnection) -> None:
        """Make the schema and its tables, if they are missing."""
        (exists,) = connection.execute("SELECT current_schema() IS NOT NULL").fetchone()
        if not exists:
            connection.execute(f"CREATE SCHEMA {self.schema}")
        if not connection.has_tables(self.name):
            connection.create_tables()

    def _is_filled(self, connection: PostgresConnection) -> bool:
        """Return whether a sync has filled the tables. Raise IndexUnusableError if another configuration's did."""
        state = connection.execute("SELECT owner FROM state").fetchone()
        if state:
            self._owner.check(state[0], self.name)
        return bool(state)

    def _explained(self, error: psycopg.Error) -> IndexUnusableError:
        said = " ".join(str(error).split())
        return IndexUnusableError(
            f"{self.name}: {said}; expected a PostgreSQL server that lets this user use the schema"
        )


#: All of this process.
_databases: WeakSet[PostgresDatabase] = WeakSet()


def _after_fork_in_child() -> None:
    for database in list(_databases):
        database._begin()


os.register_at_fork(after_in_child=_after_fork_in_child)
