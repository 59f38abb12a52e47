"""Keeps a sync from taking away by accident what is published: an emptied folder, a wrong branch, other URLs.

A story is lost if it was an entry before, in the configured mode, and isn't since. Lost stories stay in the table
`losses` for a while: a folder may be emptied slowly, over several syncs, each of which would take away little.
"""

import time
from collections.abc import Iterable

from feedsvc.config import Config, Feeds
from feedsvc.errors import LossError
from feedsvc.index.database import Connection, batches
from feedsvc.index.feeds import feed_size
from feedsvc.model import EVERYTHING, Counted

#: The number of lost stories from which a sync may be refused: a small site changes as a whole.
MIN_LOST = 20
#: Seconds for which a lost story counts.
WINDOW_SECONDS = 300
#: Lost stories that a message names.
EXAMPLES = 3

#: The rows `t` that are entries, by what the configured mode counts: their table, and a condition.
_ENTRIES: dict[Counted, tuple[str, str]] = {
    "stories": ("stories", "TRUE"),
    "primary_stories": ("stories", "t.is_primary"),
    "clusters": ("clusters", "t.slug = ''"),
}


def note_entries(connection: Connection, rules: Feeds, table: str, is_affected: str = "TRUE") -> None:
    """Note the entries among the affected rows of a table as lost, before they are computed anew.

    table: `stories` or `clusters`; what the configured mode doesn't publish isn't noted. is_affected: the condition on
    a row `t` with the column `url`.
    """
    holding, is_entry = _ENTRIES[rules.counted]
    if table == holding:
        connection.execute(
            f"INSERT INTO losses SELECT t.url, ?, ? FROM {table} t WHERE {is_affected} AND {is_entry} "
            "ON CONFLICT DO NOTHING",
            (int(time.time()), feed_size(connection, EVERYTHING, rules.counted)),
        )


def known_urls(connection: Connection, urls: Iterable[str], rules: Feeds | None) -> set[str]:
    """Return those of some URLs that a story has; rules: or, if they are given, an entry by these."""
    found = set[str]()
    table, is_entry = _ENTRIES[rules.counted if rules else "stories"]
    for some in batches(urls):
        rows = connection.execute(f"SELECT t.url FROM {table} t WHERE t.url = ANY(?) AND {is_entry}", [some])
        found.update(url for (url,) in rows)
    return found


def is_too_much(lost: int, before: int, max_loss: int) -> bool:
    """Return whether so many of the stories that were published before may not go at once. max_loss: in percent."""
    return lost >= MIN_LOST and lost * 100 > max_loss * before


def check_loss(connection: Connection, config: Config, where: str, accept_loss: bool) -> None:
    """Raise LossError if more is lost than `records.max_loss` allows.

    where: the records, as messages name them. accept_loss: whether whatever is lost is meant to be.
    """
    if accept_loss:
        connection.execute("DELETE FROM losses")
        return
    table, is_entry = _ENTRIES[config.feeds.counted]
    is_published = f"EXISTS (SELECT 1 FROM {table} t WHERE t.url = losses.url AND {is_entry})"
    connection.execute(f"DELETE FROM losses WHERE {is_published}")  # still, or again
    (refused,) = connection.execute("SELECT refused_loss FROM state").fetchone()
    if not refused:  # else what was lost before counts until all of it is accepted, or back
        now = int(time.time())
        connection.execute("DELETE FROM losses WHERE at < ? OR at > ?", (now - WINDOW_SECONDS, now))
    lost, before = connection.execute("SELECT count(*), coalesce(max(published), 0) FROM losses").fetchone()
    before = max(before, lost)  # more, where some came and went meanwhile
    if is_too_much(lost, before, config.records.max_loss):
        examples = connection.execute("SELECT url FROM losses ORDER BY url LIMIT ?", (EXAMPLES,))
        urls, accepting = [url for (url,) in examples], "feedsvc check, build or serve with --accept-loss"
        raise LossError(where, lost, before, urls, config.records.max_loss, accepting)
