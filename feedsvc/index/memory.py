"""The index in the memory of one process."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

from feedsvc.errors import IndexLostError, IndexUnusableError
from feedsvc.index.sqlite_connection import SqliteConnection


class MemoryDatabase:
    """An index that ends with its process. Threads may share it: one transaction at a time uses its connection."""

    #: That of no configuration: nobody else has the index.
    owner = ""

    def __init__(self) -> None:
        self._lock = RLock()
        self._is_closed = False
        self._connection = SqliteConnection(":memory:", isolation_level=None, check_same_thread=False)
        self._connection.create_tables()

    @contextmanager
    def reading(self, seconds: float | None = None) -> Iterator[SqliteConnection]:
        """Return a transaction that reads, for as long as it takes.

        Raises IndexLostError if no sync has filled the index.
        """
        with self._lock:
            if not self.is_filled():
                raise IndexLostError("the index in memory: empty; expected a sync to fill it")
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[SqliteConnection]:
        """Return a transaction that writes."""
        with self._lock:
            self._check_open()
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def is_leader(self) -> bool:
        """Return True: there is no other process."""
        return True

    def is_filled(self) -> bool:
        """Return whether a sync has filled the index. Raise IndexUnusableError if it is closed."""
        with self._lock:
            self._check_open()
            return self._connection.execute("SELECT 1 FROM state").fetchone() is not None

    def close(self) -> None:
        """Close the connection, and delete what the index holds."""
        with self._lock:
            self._is_closed = True
            self._connection.close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise IndexUnusableError("the index in memory: closed; expected a site that is open")
