"""Reads the links between stories from the index."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, TypeAlias

from msgspec.structs import replace

from feedsvc.index.database import Connection
from feedsvc.index.names import Names
from feedsvc.index.occurrences import read_stories, story_decoder
from feedsvc.index.schema import file_of, precedence
from feedsvc.model import Link

#: Whether a mention `m` is a link to what no record is about: to a hidden story, there is none.
_IS_LINK = "NOT m.listed AND NOT EXISTS (SELECT 1 FROM occurrences o WHERE o.url = m.url AND o.position = 0)"
#: The stories that the records of primary stories list, of each the best record's first, in order. Among them are
#: links, which are mentions without a time: where feeds hold their stories, as those are.
_LISTED = f"""
    SELECT m.mentioned_by, m.url, coalesce(s.occurrence, m.id), coalesce(s.provider, m.provider),
        CASE WHEN s.occurrence != m.id THEN NULL ELSE m.title END
    FROM occurrences m
    JOIN occurrences r ON r.id = m.id - m.position
    {file_of("m")}
    LEFT JOIN stories s ON s.url = m.url
    WHERE m.mentioned_by = ANY(?) AND (s.url IS NOT NULL OR ({_IS_LINK}))
    ORDER BY {precedence("r")}, m.position
"""
#: The primary stories that list stories, newest first.
_LISTING = """
    SELECT m.url, s.url, s.occurrence, s.provider, NULL
    FROM occurrences m JOIN stories s ON s.url = m.mentioned_by AND s.is_primary
    WHERE m.url = ANY(?)
    ORDER BY s.published DESC, s.url
"""
#: The records that joined founders, in the order of time.
_JOINED = """
    SELECT j.founder, s.url, s.occurrence, s.provider, t.updated FROM joined j
    JOIN stories s ON s.url = j.url JOIN occurrences t ON t.id = s.occurrence
    WHERE j.founder = ANY(?) ORDER BY s.published, s.url
"""


#: A story; one that is related to it, with the occurrence that is shown of that, the slug of its provider, and its
#: title, or None where it is still to be looked up.
_Row: TypeAlias = tuple[str, str, int, str, str | None]


class Related(NamedTuple):
    """The related stories of a story: links to the first of them, and the number of all."""

    links: tuple[Link, ...]
    total: int


NO_RELATED = Related((), 0)


class Joined(NamedTuple):
    """A record that joined a founder."""

    url: str
    #: Its best one.
    occurrence: int
    #: A slug.
    provider: str
    #: In seconds since 1970.
    updated: int


def find_joined(connection: Connection, founders: Sequence[str]) -> dict[str, list[Joined]]:
    """Return the records that joined each of those founders that have some, in the order of time."""
    joined: dict[str, list[Joined]] = defaultdict(list)
    for founder, *record in connection.execute(_JOINED, [list(founders)]):
        joined[founder].append(Joined(*record))
    return joined


def find_founder(connection: Connection, url: str) -> str:
    """Return the founder of the cluster that a story is in; itself, if it joined none."""
    founder = connection.execute("SELECT founder FROM joined WHERE url = ?", (url,)).fetchone()
    return str(founder[0]) if founder else url


def find_related(
    connection: Connection,
    urls: Sequence[str],
    primary: Iterable[str],
    limit: int,
    joined: Mapping[str, Sequence[Joined]],
    names: Names,
) -> dict[str, Related]:
    """Return the related stories of those that have some: the listed ones in order, then those that list them.

    primary: those of the URLs that are of primary stories. limit: the number of links of each at most.
    joined: of founders whose clusters' are wanted: first these records, then the others, those of each record in turn.
    """
    # From each story to its related ones.
    found: dict[str, dict[str, _Row]] = defaultdict(dict)
    records_joined = [record.url for records in joined.values() for record in records]
    for query, ends in ((_LISTED, primary), (_LISTING, urls)):
        for row in connection.execute(query, [[*ends, *records_joined]]):
            found[row[0]].setdefault(row[1], row)
    for founder, records in joined.items():
        of_cluster: dict[str, _Row] = {record.url: (founder, *record[:3], None) for record in records}
        for url in (founder, *list(of_cluster)):
            for end, row in found[url].items():
                of_cluster.setdefault(end, row)
        of_cluster.pop(founder, None)
        found[founder] = of_cluster
    # Names, excerpts and other titles are read of those alone that are linked to.
    linked = {start: list(islice(found[start].values(), limit)) for start in urls if start in found}
    rows = [row for some in linked.values() for row in some]
    untitled = {occurrence for _, _, occurrence, _, title in rows if title is None}
    title_of = dict(connection.execute("SELECT id, title FROM occurrences WHERE id = ANY(?)", [list(untitled)]))
    providers = names.providers({provider for _, _, _, provider, _ in rows})
    joining = untitled & {record.occurrence for records in joined.values() for record in records}
    stories = read_stories(connection, joining, story_decoder) if joining else {}

    def link(row: _Row, in_cluster: Collection[int]) -> Link:
        _, end, occurrence, provider, title = row
        simple = Link(end, title_of[occurrence] if title is None else title, providers[provider].name)
        if occurrence not in in_cluster:
            return simple
        story = stories[occurrence]
        return replace(simple, published=story.published, excerpt=story.excerpt)

    related = {}
    for start, some in linked.items():
        in_cluster = {record.occurrence for record in joined.get(start, ())}
        related[start] = Related(tuple([link(row, in_cluster) for row in some]), len(found[start]))
    return related
