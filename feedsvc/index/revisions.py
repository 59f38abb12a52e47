"""The revision of the index, which each change increases: when a change takes effect, and which stories it revised.

Feeds and their months have the revision of their last change, and a stamp: the second in which that took effect, which
is what `Last-Modified` and `If-Modified-Since` go by. A client that has what was there before a change got it before
that second. Each stamp is later than those before it, also where several changes fall into one second, so stamps may
run ahead of the clock.

Most documents of a large month stay as they are where something in the month changes. So a story is revised when its
entry may have changed, or anything that it shows of other stories; not when it has another place in feeds. A build need
not make documents anew that show no such story.
"""

import time
from collections.abc import Sequence
from typing import Any

from feedsvc.index.database import Connection

#: Seconds after a change for which what was there before may still be sent: until the change is committed, workers have
#: asked for the revision again, and answers that have begun are on their way.
LAG_SECONDS = 0.5


def takes_effect(moment: float) -> int:
    """Return the second, since 1970, from which on nobody is sent what a change at a moment replaced."""
    return int(moment + LAG_SECONDS) + 1


def read_revision(connection: Connection) -> int:
    """Return the revision of the stories; -1 if no sync has filled the index."""
    row = connection.execute("SELECT revision FROM state").fetchone()
    return int(row[0]) if row else -1


def stamp_changes(connection: Connection, revision_before: int, problems_changed: bool) -> None:
    """Stamp what a sync changed, at its end. revision_before: that of `read_revision` at its beginning."""
    revision, changed, problems = connection.execute("SELECT revision, changed, problems FROM state").fetchone()
    stamp = max(takes_effect(time.time()), changed + 1, problems + 1)
    if revision != revision_before:
        connection.execute("UPDATE feeds SET changed = ? WHERE revision = ?", (stamp, revision))
        connection.execute("UPDATE state SET changed = ?", (stamp,))
    if problems_changed:
        connection.execute("UPDATE state SET problems = ?", (stamp,))


def note_revised(connection: Connection, revision: int, urls: str, values: Sequence[Any] = ()) -> None:
    """Note that a revision may have changed the entries of some stories. urls: SQL that selects them, with its values.

    Those that are gone are dropped, so that the table is never larger than that of stories.
    """
    connection.execute(f"DELETE FROM revised WHERE url IN ({urls})", values)
    connection.execute(f"INSERT INTO revised SELECT url, ? FROM stories WHERE url IN ({urls})", (revision, *values))


def note_all_revised(connection: Connection, revision: int) -> None:
    """Note that a revision may have changed every entry. So the table holds no more than stories since then."""
    connection.execute("DELETE FROM revised")
    connection.execute("UPDATE state SET revised_since = ?", (revision,))


def known_revisions(connection: Connection) -> range:
    """Return the revisions after which it is known what was revised: none of former indexes, or of another one."""
    since, now = connection.execute("SELECT revised_since, revision FROM state").fetchone()
    return range(since, now + 1)


def find_revised(connection: Connection, revision: int) -> dict[str, int]:
    """Return the stories that were revised after a known revision, each with the last one."""
    return dict(connection.execute("SELECT url, revision FROM revised WHERE revision > ?", (revision,)).fetchall())
