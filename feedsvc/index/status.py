"""Whether the index is in step with the records, as the last syncs noted."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from msgspec import Struct

from feedsvc.errors import IndexUnusableError, LossError, one_line
from feedsvc.index.counts import read_counts
from feedsvc.index.database import Connection, Index

#: Seconds within which a service that follows its folder has to sync again: it does so once a minute at least.
OVERDUE_SECONDS = 180


class Status(Struct, frozen=True):
    """The state of the index after the last syncs."""

    #: The end of the last successful sync, in seconds since 1970, and its duration in seconds.
    synced: float
    took: float
    #: Why a sync failed since; empty if none did.
    failure: str
    #: How many stories the last sync would have taken away, if it was refused for that; else 0.
    refused_loss: int
    #: Whether the database takes no changes, so that syncs can't note that they fail.
    is_read_only: bool
    #: The number of stories that feeds may hold.
    stories: int
    #: The number of records, and of whole files, that are refused.
    refused: int

    def lag(self, is_followed: bool) -> str:
        """Return why the index may be out of date; an empty text if it is in step.

        is_followed: whether a service follows the folder, so that a missing sync is a fault.
        """
        if self.failure:
            return self.failure
        if is_followed and self.is_read_only:
            return "the database of the index is read-only; expected one that a sync can write"
        age = time.time() - self.synced
        if is_followed and age > OVERDUE_SECONDS:
            return f"the last sync was {age:.0f} seconds ago; expected one a minute"
        return ""


def read_status(connection: Connection) -> Status:
    """Return the status that syncs noted."""
    counts = read_counts(connection)
    columns = f"synced, took, failure, refused_loss, {connection.dialect.is_read_only}"
    synced, took, failure, refused_loss, is_read_only = connection.execute(f"SELECT {columns} FROM state").fetchone()
    return Status(synced, took, failure, refused_loss, bool(is_read_only), counts.stories, counts.refused)


def note_sync(connection: Connection, time_of_sync: int, took: float) -> None:
    """Note a successful sync, at its end. time_of_sync: see `sync_time`. took: its duration in seconds."""
    values = (time.time(), took, time_of_sync)
    connection.execute("UPDATE state SET synced = ?, took = ?, failure = '', refused_loss = 0, sync_time = ?", values)


def note_failure(index: Index, reason: str) -> None:
    """Note why a sync failed. Raises IndexUnusableError."""
    with index.writing() as connection:
        connection.execute("UPDATE state SET failure = ?", (one_line(reason),))


@contextmanager
def noting_refusal(index: Index) -> Iterator[None]:
    """Note in the index that a sync within the context was refused, once that is rolled back."""
    try:
        yield
    except LossError as error:
        with suppress(IndexUnusableError):  # without it, the status shows that the last sync is long ago
            if index.is_filled():  # else its tables are of another version
                with index.writing() as connection:
                    connection.execute(
                        "UPDATE state SET failure = ?, refused_loss = ?", (one_line(str(error)), error.lost)
                    )
        raise
