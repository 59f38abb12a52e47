"""Reads the links between stories from the index."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from feedsvc.index.database import Connection
from feedsvc.index.resolve import precedence
from feedsvc.index.schema import OCCURRENCES_PER_FILE
from feedsvc.model import Link

#: Whether a mention `m` is a link to what no record is about: to a hidden story, there is none.
_IS_LINK = "NOT m.listed AND NOT EXISTS (SELECT 1 FROM occurrences o WHERE o.url = m.url AND o.position = 0)"
#: The stories that the records of primary stories list, of each the best record's first, in order. Among them are
#: links, which are mentions without a time: where feeds hold their stories, as those are.
_LISTED = f"""
    SELECT m.mentioned_by, m.url, coalesce(s.occurrence, m.id), coalesce(s.provider, m.provider)
    FROM occurrences m
    JOIN occurrences r ON r.id = m.id - m.position
    JOIN files f ON f.id = m.id / {OCCURRENCES_PER_FILE}
    LEFT JOIN stories s ON s.url = m.url
    WHERE m.mentioned_by {{in_list}} AND (s.url IS NOT NULL OR ({_IS_LINK}))
    ORDER BY {precedence("r")}, m.position
"""
#: The primary stories that list stories, newest first.
_LISTING = """
    SELECT m.url, s.url, s.occurrence, s.provider
    FROM occurrences m JOIN stories s ON s.url = m.mentioned_by AND s.is_primary
    WHERE m.url {in_list}
    ORDER BY s.published DESC, s.url
"""


class Related(NamedTuple):
    """The related stories of a story: links to the first of them, and the number of all."""

    links: tuple[Link, ...]
    total: int


NO_RELATED = Related((), 0)


def find_related(connection: Connection, urls: Sequence[str], limit: int) -> dict[str, Related]:
    """Return the related stories of those that have some: the listed ones in order, then those that list them.

    limit: the number of links of each at most.
    """
    in_list, as_list = connection.dialect.in_list, connection.dialect.as_list
    # From each story to its related ones, each with the occurrence that is shown, and the slug of its provider.
    found: dict[str, dict[str, tuple[int, str]]] = defaultdict(dict)
    for query in (_LISTED, _LISTING):
        for start, end, *shown in connection.execute(query.format(in_list=in_list), (as_list(urls),)):
            found[start].setdefault(end, tuple(shown))
    # Titles and names are read of those alone that are linked to.
    linked = {start: list(islice(ends.items(), limit)) for start, ends in found.items()}
    occurrences = {occurrence for ends in linked.values() for _, (occurrence, _) in ends}
    providers = {provider for ends in linked.values() for _, (_, provider) in ends}
    sql = f"SELECT id, title FROM occurrences WHERE id {in_list}"
    title_of = dict(connection.execute(sql, (as_list(occurrences),)))
    sql = f"SELECT slug, min(name) FROM names WHERE kind = 'providers' AND slug {in_list} GROUP BY slug"
    name_of = dict(connection.execute(sql, (as_list(providers),)))
    return {
        start: Related(
            tuple([Link(end, title_of[occurrence], name_of[provider]) for end, (occurrence, provider) in ends]),
            len(found[start]),
        )
        for start, ends in linked.items()
    }
