"""Reads the links between stories from the index."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from feedsvc.index.database import Connection
from feedsvc.index.resolve import precedence
from feedsvc.index.schema import OCCURRENCES_PER_FILE
from feedsvc.model import Link

#: The name of the provider of a story `s`.
_PROVIDER = "(SELECT min(n.name) FROM names n WHERE n.kind = 'providers' AND n.slug = s.provider)"
#: Whether a mention `m` is a link to what no record is about: to a hidden story, there is none.
_IS_LINK = "NOT m.listed AND NOT EXISTS (SELECT 1 FROM occurrences o WHERE o.url = m.url AND o.position = 0)"


def related(connection: Connection, urls: Sequence[str]) -> dict[str, dict[str, Link]]:
    """Return the stories that the records of each primary story mention: those of the best record first, in order.

    Among them are links, which are mentions without a time: where feeds hold their stories, with the title of those.
    """
    rows = connection.execute(
        f"""
        SELECT m.mentioned_by, m.url, coalesce(shown.title, m.title),
            (SELECT min(n.name) FROM names n WHERE n.kind = 'providers' AND n.slug = coalesce(s.provider, m.provider))
        FROM occurrences m
        JOIN occurrences r ON r.id = m.id - m.position
        JOIN files f ON f.id = m.id / {OCCURRENCES_PER_FILE}
        LEFT JOIN stories s ON s.url = m.url
        LEFT JOIN occurrences shown ON shown.id = s.occurrence
        WHERE m.mentioned_by {connection.dialect.in_list} AND (s.url IS NOT NULL OR ({_IS_LINK}))
        ORDER BY {precedence("r")}, m.position
        """,
        (connection.dialect.as_list(urls),),
    )
    return _links(rows)


def mentioning(connection: Connection, urls: Sequence[str]) -> dict[str, dict[str, Link]]:
    """Return the primary stories that mention each mention, newest first."""
    rows = connection.execute(
        f"""
        SELECT m.url, s.url, shown.title, {_PROVIDER}
        FROM occurrences m
        JOIN stories s ON s.url = m.mentioned_by AND s.is_primary
        JOIN occurrences shown ON shown.id = s.occurrence
        WHERE m.url {connection.dialect.in_list}
        ORDER BY s.published DESC, s.url
        """,
        (connection.dialect.as_list(urls),),
    )
    return _links(rows)


def _links(rows: Iterable[tuple[str, str, str, str]]) -> dict[str, dict[str, Link]]:
    found: dict[str, dict[str, Link]] = defaultdict(dict)
    for start, end, title, provider in rows:
        if end not in found[start]:
            found[start][end] = Link(end, title, provider)
    return found
