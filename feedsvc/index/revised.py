"""Notes which stories a sync revised, so that a build need not make documents anew that show none of them.

The revision of a feed, or of a month of it, says that anything in it changed: most documents of a large month stay as
they are. A story is revised when its entry may have changed, or anything that it shows of other stories; not when it
has another place in feeds.
"""

from collections.abc import Sequence
from typing import Any

from feedsvc.index.database import Connection


def note_all(connection: Connection, revision: int) -> None:
    """Note that a revision may have changed every entry. So the table holds no more than stories since then."""
    connection.execute("DELETE FROM revised")
    connection.execute("UPDATE state SET revised_since = ?", (revision,))


def note_revised(connection: Connection, revision: int, urls: str, values: Sequence[Any] = ()) -> None:
    """Note that a revision may have changed the entries of some stories. urls: SQL that selects them, with its values.

    Those that are gone are dropped, so that the table is never larger than that of stories.
    """
    connection.execute(f"DELETE FROM revised WHERE url IN ({urls})", values)
    connection.execute(
        f"INSERT INTO revised SELECT url, ? FROM stories WHERE url IN ({urls})",
        (revision, *values),
    )


def known_revisions(connection: Connection) -> range:
    """Return the revisions after which it is known what was revised: none of former indexes, or of another one."""
    since, now = connection.execute("SELECT revised_since, revision FROM state").fetchone()
    return range(since, now + 1)


def find_revised(connection: Connection, revision: int) -> dict[str, int]:
    """Return the stories that were revised after a known revision, each with the last one."""
    return dict(connection.execute("SELECT url, revision FROM revised WHERE revision > ?", (revision,)).fetchall())
