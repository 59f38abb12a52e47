"""What a WebSub hub was told of the feeds, and what it is still to be told: a queue that outlives the service."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from feedsvc.index.database import Connection


class Row(NamedTuple):
    """A feed as it was noted last."""

    address: str
    #: Of the feed, and the hash of its document.
    revision: int
    hash: str
    #: When the hub is to be told of it, in seconds since 1970; None: it needn't be.
    due: int | None


class Pending(NamedTuple):
    """What the hub is to be told."""

    #: Some feeds' addresses and hashes, the first ones first.
    feeds: Sequence[tuple[str, str]]
    #: When it may be told again, in seconds since 1970: no feed is told of before those that failed.
    due: int
    #: How often it could not be told.
    attempts: int


def noted(connection: Connection) -> dict[str, tuple[int, str]]:
    """Revision and hash of each feed that was noted, by address."""
    rows = connection.execute("SELECT address, revision, hash FROM announcements")
    return {address: (revision, hash) for address, revision, hash in rows}


def note(connection: Connection, rows: Iterable[Row], gone: Iterable[str]) -> None:
    """Note feeds as they are now, and those that are no more. One that the hub is to be told of already still is."""
    connection.executemany("DELETE FROM announcements WHERE address = ?", [(address,) for address in gone])
    connection.executemany(
        "INSERT INTO announcements VALUES (?, ?, ?, ?, 0) ON CONFLICT (address) DO UPDATE SET "
        "revision = excluded.revision, hash = excluded.hash, due = coalesce(announcements.due, excluded.due)",
        rows,
    )


def pending(connection: Connection, limit: int) -> Pending:
    """What the hub is to be told: at most `limit` feeds at a time."""
    feeds = connection.execute(
        "SELECT address, hash FROM announcements WHERE due IS NOT NULL ORDER BY address LIMIT ?", (limit,)
    ).fetchall()
    due, attempts = connection.execute(
        "SELECT coalesce(max(due), 0), coalesce(max(attempts), 0) FROM announcements WHERE due IS NOT NULL"
    ).fetchone()
    return Pending(feeds, due, attempts)


def lease(connection: Connection, feeds: Iterable[tuple[str, str]], until: int) -> None:
    """Keep others from telling of feeds for a while. until: in seconds since 1970."""
    connection.executemany("UPDATE announcements SET due = ? WHERE address = ?", [(until, feed) for feed, _ in feeds])


def settle(connection: Connection, feeds: Sequence[tuple[str, str]], now: int) -> None:
    """Note that the hub was told of feeds, by address and hash; of one that has changed since, it is told again now."""
    connection.executemany(
        "UPDATE announcements SET due = NULL, attempts = 0 WHERE address = ? AND hash = ?", list(feeds)
    )
    changed = "UPDATE announcements SET due = ?, attempts = 0 WHERE address = ? AND due IS NOT NULL"
    connection.executemany(changed, [(now, address) for address, _ in feeds])


def put_off(connection: Connection, due: int) -> None:
    """Note that the hub could not be told, and when it is to be tried again, in seconds since 1970."""
    connection.execute("UPDATE announcements SET due = ?, attempts = attempts + 1 WHERE due IS NOT NULL", (due,))
