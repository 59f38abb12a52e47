"""Whether the index is in step with the records folder, as the last sync left word of."""

import time
from dataclasses import dataclass

from feedsvc.index.database import Connection, Index

#: Seconds after which a service that follows its folder must have synced again: it does so once a minute at least.
OVERDUE_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Status:
    """What the last syncs left: times in seconds since 1970, durations in seconds."""

    #: When the last one that worked ended, and how long it took.
    synced: float
    took: float
    #: Why one failed since; empty if none did.
    failure: str
    #: Stories that feeds may hold.
    stories: int
    #: Records, and files, that are left out whole.
    refused: int

    def lag(self, is_followed: bool) -> str:
        """Why the index may be behind the folder; empty if it is in step.

        is_followed: whether a service follows the folder, so that a sync that is missing tells of a fault.
        """
        if self.failure:
            return self.failure
        age = time.time() - self.synced
        if is_followed and age > OVERDUE_SECONDS:
            return f"the last sync was {age:.0f} seconds ago; expected one a minute"
        return ""


def read_status(connection: Connection) -> Status:
    """The status that syncs noted."""
    (stories,) = connection.execute("SELECT count(*) FROM stories").fetchone()
    (refused,) = connection.execute("SELECT count(*) FROM problems WHERE refuses").fetchone()
    synced, took, failure = connection.execute("SELECT synced, took, failure FROM state").fetchone()
    return Status(synced, took, failure, stories, refused)


def note_sync(connection: Connection, took: float, problems_changed: bool) -> None:
    """Note, at its end, a sync that works, and how many seconds it took."""
    now = time.time()
    connection.execute("UPDATE state SET synced = ?, took = ?, failure = ''", (now, took))
    if problems_changed:
        (before,) = connection.execute("SELECT problems FROM state").fetchone()
        connection.execute("UPDATE state SET problems = ?", (max(before + 1, int(now)),))


def note_failure(index: Index, reason: str) -> None:
    """Note that the folder can't be read into the index. Raises IndexUnusableError."""
    with index.writing() as connection:
        connection.execute("UPDATE state SET failure = ?", (reason,))
