"""Keeps a sync from taking away by accident what is published: an emptied folder, a wrong branch, other URLs.

A story is lost if it was an entry before, in the configured mode, and isn't since. Lost stories stay in the table
`losses` for a while: a folder may be emptied slowly, over several syncs, each of which would take away little.
"""

import time

from feedsvc.config import Config, Feeds
from feedsvc.errors import LossError
from feedsvc.index.database import Connection
from feedsvc.index.query import size_column

#: The number of lost stories from which a sync may be refused: a small site changes as a whole.
MIN_LOST = 20
#: Seconds for which a lost story counts.
WINDOW_SECONDS = 300
#: Lost stories that a message names.
EXAMPLES = 3


def is_entry(story: str, rules: Feeds) -> str:
    """Return the condition that a row of `stories` is an entry in the configured mode."""
    return f"{story}.is_primary" if rules.primary_only else "TRUE"


def published_size(connection: Connection, rules: Feeds) -> int:
    """Return the number of stories that are entries in the configured mode, as the feed of everything has it."""
    (size,) = connection.execute(
        f"SELECT coalesce(max({size_column(rules.primary_only)}), 0) FROM feeds "
        "WHERE kind = 'feed' AND slug = '' AND month = ''"
    ).fetchone()
    return int(size)


def note_entries(connection: Connection, rules: Feeds, is_affected: str) -> None:
    """Note the entries among the affected stories as lost, before they are computed anew.

    is_affected: the condition on a row `t` with the column `url`.
    """
    connection.execute(
        f"INSERT INTO losses SELECT t.url, ?, ? FROM stories t WHERE {is_affected} AND {is_entry('t', rules)} "
        "ON CONFLICT DO NOTHING",
        (int(time.time()), published_size(connection, rules)),
    )


def forget_entries(connection: Connection, rules: Feeds, is_affected: str) -> None:
    """Take those that are entries still, or again, from the lost stories, after they are computed."""
    connection.execute(
        f"DELETE FROM losses AS t WHERE {is_affected} "
        f"AND EXISTS (SELECT 1 FROM stories s WHERE s.url = t.url AND {is_entry('s', rules)})"
    )


def check_losses(connection: Connection, config: Config, where: str, accept_loss: bool) -> None:
    """Raise LossError if more is lost than `records.max_loss` allows.

    where: the records, as messages name them. accept_loss: whether whatever is lost is meant to be.
    """
    if accept_loss:
        connection.execute("DELETE FROM losses")
        return
    (refused,) = connection.execute("SELECT refused_loss FROM state").fetchone()
    if not refused:  # else what was lost before counts until all of it is accepted, or back
        now = int(time.time())
        connection.execute("DELETE FROM losses WHERE at < ? OR at > ?", (now - WINDOW_SECONDS, now))
    lost, before = connection.execute("SELECT count(*), coalesce(max(published), 0) FROM losses").fetchone()
    if lost >= MIN_LOST and lost * 100 > config.records.max_loss * before:
        examples = connection.execute("SELECT url FROM losses ORDER BY url LIMIT ?", (EXAMPLES,))
        raise LossError(where, lost, before, [url for (url,) in examples])
