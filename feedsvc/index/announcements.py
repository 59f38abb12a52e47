"""The queue of feeds that are to be announced to a WebSub hub. It outlives the service."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from feedsvc.index.database import Connection


class Row(NamedTuple):
    """A feed as it was when it was last compared."""

    address: str
    #: The revision of the feed, and the hash of its document.
    revision: int
    hash: str
    #: When to announce it, in seconds since 1970, or None.
    due: int | None


class Pending(NamedTuple):
    """Feeds that are to be announced."""

    #: The addresses and hashes of some of them, by address.
    feeds: Sequence[tuple[str, str]]
    #: The time of the next attempt, in seconds since 1970: none is announced before those that failed.
    due: int
    #: The number of attempts that failed.
    attempts: int


def noted(connection: Connection) -> dict[str, tuple[int, str]]:
    """Return the revision and hash of each feed when it was last compared, by address."""
    rows = connection.execute("SELECT address, revision, hash FROM announcements")
    return {address: (revision, hash) for address, revision, hash in rows}


def note(connection: Connection, rows: Iterable[Row], gone: Iterable[str]) -> None:
    """Write feeds as they are now, and delete those that are gone. Those that are due stay so."""
    connection.executemany("DELETE FROM announcements WHERE address = ?", [(address,) for address in gone])
    connection.executemany(
        "INSERT INTO announcements VALUES (?, ?, ?, ?, 0) ON CONFLICT (address) DO UPDATE SET "
        "revision = excluded.revision, hash = excluded.hash, due = coalesce(announcements.due, excluded.due)",
        rows,
    )


def pending(connection: Connection, limit: int) -> Pending:
    """Return the feeds that are to be announced, at most `limit` of them."""
    feeds = connection.execute(
        "SELECT address, hash FROM announcements WHERE due IS NOT NULL ORDER BY address LIMIT ?", (limit,)
    ).fetchall()
    due, attempts = connection.execute(
        "SELECT coalesce(max(due), 0), coalesce(max(attempts), 0) FROM announcements WHERE due IS NOT NULL"
    ).fetchone()
    return Pending(feeds, due, attempts)


def lease(connection: Connection, feeds: Iterable[tuple[str, str]], until: int) -> None:
    """Let no other process announce feeds until a time, in seconds since 1970."""
    connection.executemany("UPDATE announcements SET due = ? WHERE address = ?", [(until, feed) for feed, _ in feeds])


def settle(connection: Connection, feeds: Sequence[tuple[str, str]], now: int) -> None:
    """Note that feeds, by address and hash, were announced. One that changed since is due again. now: since 1970."""
    connection.executemany(
        "UPDATE announcements SET due = NULL, attempts = 0 WHERE address = ? AND hash = ?", list(feeds)
    )
    changed = "UPDATE announcements SET due = ?, attempts = 0 WHERE address = ? AND due IS NOT NULL"
    connection.executemany(changed, [(now, address) for address, _ in feeds])


def put_off(connection: Connection, due: int) -> None:
    """Note an attempt that failed, and the time of the next one, in seconds since 1970."""
    connection.execute("UPDATE announcements SET due = ?, attempts = attempts + 1 WHERE due IS NOT NULL", (due,))
