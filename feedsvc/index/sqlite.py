"""The index in a file of SQLite."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from weakref import WeakSet

import msgspec

from feedsvc.errors import IndexLostError, IndexReadOnlyError, IndexUnusableError
from feedsvc.index.owner import Owner
from feedsvc.index.schema import APPLICATION_ID, VERSION
from feedsvc.index.sqlite_connection import SqliteConnection
from feedsvc.index.sqlite_file import Identity, identity, is_damage, is_short_text, make_folder, set_aside

#: Seconds that a writer waits for another one.
BUSY_SECONDS = 60
#: Seconds that a reader waits for another thread's connection to a file that was deleted.
OTHERS_SECONDS = 5
#: Kilobytes of the file that a connection caches at most: there are several readers, and one writer.
READ_CACHE, WRITE_CACHE = 2048, 65536

#: The error codes of a file that may not be written.
_READ_ONLY = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)
#: Tables that every version of the index has.
_OURS = {"state", "files", "problems", "stories", "story_topics"}


class SqliteDatabase:
    """An index in a file. Threads may share it: each transaction has a connection of its own.

    Child processes may share it as well: idle connections are closed before a fork, since a connection to SQLite must
    be neither used nor closed after one.

    The file may be deleted or replaced at any time. Readers go on with the old file until the new one is filled; a
    writer makes a new one at once. A damaged file is renamed as soon as it is noticed.
    """

    def __init__(self, file: Path, owner: Owner) -> None:
        """owner: the configuration that alone reads and writes it."""
        self.file = file
        self.owner = owner.noted
        self._owner = owner
        self._idle: list[tuple[Identity, SqliteConnection]] = []
        #: The file that was an index when it was opened last.
        self._ours: Identity = None
        #: The files of the connections in use.
        self._used: list[Identity] = []
        _databases.add(self)

    @contextmanager
    def reading(self, seconds: float | None = None) -> Iterator[SqliteConnection]:
        """Return a transaction that reads, and sees the index as of one moment. Raises IndexUnusableError."""
        with self._transaction("BEGIN", READ_CACHE) as connection, connection.bounded(seconds):
            version = connection.execute("PRAGMA user_version").fetchone()
            state = connection.execute("SELECT owner FROM state").fetchone() if version == (VERSION,) else None
            if not state:
                raise IndexLostError(f"{self.file}: empty; expected feedsvc serve or feedsvc build to fill it")
            self._owner.check(state[0], str(self.file))
            yield connection

    @contextmanager
    def writing(self) -> Iterator[SqliteConnection]:
        """Return a transaction that writes, alone; readers see all of it or nothing. Raises IndexUnusableError.

        It has all tables, which may be empty; stories in those of another version count as lost: see `guard`. Readers
        don't wait for it, but for the first one, which fills the index: with a write-ahead log that one would take
        twice the time.
        """
        with self._transaction("BEGIN IMMEDIATE", WRITE_CACHE) as connection:
            if connection.execute("PRAGMA user_version").fetchone() != (VERSION,):
                former = connection.former_stories()
                connection.create_tables()
                now = int(time.time())
                connection.insert("losses", ((url, now, len(former)) for url in former))
            elif state := connection.execute("SELECT owner FROM state").fetchone():
                self._owner.check(state[0], str(self.file))
            yield connection

    def copy(self, file: Path, owner: Owner) -> None:
        """Copy the index to a file, unless it can't be read, or is of another version. Raises IndexUnusableError.

        owner: of the copy: the same configuration, as it is named from there.
        """
        try:
            with self.reading() as connection, closing(sqlite3.connect(file)) as copy:
                connection.backup(copy)
                copy.execute("UPDATE state SET owner = ?", (owner.noted,))
                copy.commit()
        except (IndexLostError, IndexReadOnlyError):
            file.unlink(missing_ok=True)

    def check(self) -> None:
        """Raise IndexUnusableError if the file can't be opened, or is of something else. It may be empty."""
        with self._transaction("BEGIN", READ_CACHE):
            pass

    def is_filled(self) -> bool:
        """Return whether a sync has filled the file at the path, which may not be the file in use.

        If it is the file in use, and empty, it is renamed.
        """
        if not os.path.exists(self.file):  # or it is out of reach
            return False
        looked_at = SqliteDatabase(self.file, self._owner)
        try:
            with looked_at.reading():
                return True
        except IndexLostError as error:
            which = identity(self.file)
            if which in (known for known, _ in self._idle):
                set_aside(self.file, which, error, True)
            return False
        except IndexUnusableError:
            return False
        finally:
            looked_at.close()

    def is_leader(self) -> bool:
        """Return True: any process may sync."""
        return True

    def close(self) -> None:
        """Close the connections that no transaction uses."""
        while self._idle:
            self._idle.pop()[1].close()

    @contextmanager
    def _transaction(self, begin: str, cache: int) -> Iterator[SqliteConnection]:
        which = identity(self.file)
        may_be_old = begin == "BEGIN"
        try:
            which, connection = self._connection(may_be_old)
            self._used.append(which)
            try:
                connection.execute(f"PRAGMA cache_size = -{cache}")
                connection.execute(begin)
                if not may_be_old:
                    connection.mark()
                yield connection
                connection.execute("COMMIT")
                if not may_be_old:
                    connection.execute("PRAGMA journal_mode = WAL")  # which stays so
            except BaseException:
                connection.close()  # which rolls back
                raise
            finally:
                self._used.remove(which)
            self._idle.append((which, connection))
            if not may_be_old and which != identity(self.file):
                raise IndexLostError(f"{self.file}: deleted while it was written; expected it to stay")
        except (sqlite3.Error, msgspec.DecodeError) as error:
            raise self._explained(error, which) from error

    def _connection(self, may_be_old: bool) -> tuple[Identity, SqliteConnection]:
        """Return (its file, a connection). may_be_old: whether that may be the file that was there before."""
        until = time.monotonic() + OTHERS_SECONDS
        while True:
            current = identity(self.file)
            try:
                which, connection = self._idle.pop()
            except IndexError:  # none is idle
                if may_be_old and self._used and time.monotonic() < until and not self.is_filled():
                    time.sleep(0.01)  # until one of those is
                    continue
                if not may_be_old and self._owner.has_folder():
                    make_folder(self.file.parent)  # it may have been deleted, too
                connection = self._connect()
                return current or identity(self.file), connection
            if which == current or (may_be_old and not self.is_filled()):
                return which, connection
            connection.close()

    def _connect(self) -> SqliteConnection:
        connection = SqliteConnection(self.file, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            self._check_ours(connection)
            for setting in ("synchronous = NORMAL", "temp_store = MEMORY"):
                connection.execute(f"PRAGMA {setting}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _check_ours(self, connection: SqliteConnection) -> None:
        opened = identity(self.file)
        (id,) = connection.execute("PRAGMA application_id").fetchone()
        tables = connection.table_names()
        is_other = tables and id != APPLICATION_ID and not (id == 0 and tables >= _OURS)
        if is_other or (not tables and is_short_text(self.file)):
            raise IndexUnusableError(f"{self.file}: of something else; expected a file for feedsvc alone")
        if id == APPLICATION_ID:
            self._ours = opened

    def _explained(self, error: sqlite3.Error | msgspec.DecodeError, which: Identity) -> IndexUnusableError:
        """Return the error to raise for one of SQLite. A damaged file is renamed. which: the file in use."""
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
        expected = "feedsvc's index, a cache that can be deleted, and to be allowed to write it"
        kind: type[IndexUnusableError] = IndexUnusableError
        if code == sqlite3.SQLITE_FULL:
            expected = "room for the index"
        elif code in _READ_ONLY:
            kind = IndexReadOnlyError
        elif code == sqlite3.SQLITE_INTERRUPT:
            expected = "an answer in less time"
        elif is_damage(error):
            self.close()
            try:
                if set_aside(self.file, which, error, which is not None and which == self._ours):
                    kind = IndexLostError
                else:
                    expected = "a file for feedsvc alone"
            except OSError:
                kind = IndexReadOnlyError
        return kind(f"{self.file}: {error}; expected {expected}")


#: All of this process.
_databases: WeakSet[SqliteDatabase] = WeakSet()
#: Connections of the parent process.
_never_closed: list[object] = []


def _before_fork() -> None:
    for database in list(_databases):
        database.close()


def _after_fork_in_child() -> None:
    for database in list(_databases):
        database._used = []  # by other threads, which are not in the child
        _never_closed.append(database._idle)  # what such a thread gave back since
        database._idle = []


os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)
