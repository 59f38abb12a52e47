"""When a change takes effect, which is what `Last-Modified` and `If-Modified-Since` go by.

A client that has what was there before a change got it before that second. Each stamp is later than those before it,
also where several changes fall into one second, so stamps may run ahead of the clock.
"""

import time

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
