"""Keeps the tables of clusters in step with stories and topics: which there are, how many, and of what id."""

from typing import NamedTuple, TypeAlias

from msgspec import Struct, field

from feedsvc.config import Feeds
from feedsvc.index.database import Connection
from feedsvc.index.grouping import Grouping
from feedsvc.index.guard import note_entries
from feedsvc.index.revisions import note_revised
from feedsvc.index.schema import CLUSTER_INDEXES

#: A slug and a month of feeds.
_Place: TypeAlias = tuple[str, str]

#: The founders of affected records, as the table `joined` has them.
_TOUCH = """
    INSERT INTO touched SELECT coalesce(j.founder, a.url) FROM affected a LEFT JOIN joined j ON j.url = a.url
    WHERE TRUE ON CONFLICT DO NOTHING
"""
#: Whether a row `t` is of a founder, and touched.
_IS_FOUNDER = "t.is_primary AND {is_touched} AND NOT EXISTS (SELECT 1 FROM joined j WHERE j.url = t.url)"
#: In the order of the table, which fills its pages.
_INSERT_FOUNDERS = f"""
    INSERT INTO clusters SELECT '', t.* FROM stories t WHERE {_IS_FOUNDER}
    ORDER BY t.month DESC, t.published DESC, t.url
"""
_INSERT_TOPICS = f"""
    INSERT INTO clusters SELECT t.* FROM story_topics t WHERE {_IS_FOUNDER}
    ORDER BY t.slug, t.month DESC, t.published DESC, t.url
"""
#: From those that joined, which are fewer, to topics: SQLite would look through all topics first.
_INSERT_JOINED_TOPICS = """
    INSERT INTO clusters SELECT o.slug, f.* FROM joined t CROSS JOIN stories f CROSS JOIN story_topics o
    WHERE {is_founder_touched} AND f.url = t.founder AND o.url = t.url ON CONFLICT DO NOTHING
"""


class Renamed(NamedTuple):
    """A cluster that has another founder since, and so another id."""

    founder: str
    old: str
    #: Whether the old founder is no record any more, instead of a later one.
    is_gone: bool

    def __str__(self) -> str:
        if self.is_gone:
            return f"{self.old} is gone: its cluster has a new id, {self.founder}"
        return f"{self.founder} is earlier than {self.old}: their cluster has a new id"


class Regrouped(Struct):
    """What a change did to clusters."""

    #: The numbers of clusters that changed by slug (of a topic; empty: all) and month, before and after.
    before: dict[_Place, int] = {}
    after: dict[_Place, int] = {}
    #: The providers of the founders whose clusters changed, each with their months.
    providers: set[_Place] = field(default_factory=set)
    renamed: list[Renamed] = []


def group(connection: Connection, rules: Feeds, is_first: bool, revision: int) -> Regrouped:
    """Bring the clusters in step with stories and topics; unless it is the first time, with those in `affected`.

    rules: whether clusters are entries, whose loss is noted. revision: of what this changes.
    """
    result = Regrouped()
    is_touched = is_founder_touched = "TRUE"
    if is_first:
        connection.analyze("stories", "story_topics")
    else:
        is_touched = "t.url IN (SELECT url FROM touched)"
        is_founder_touched = "t.founder IN (SELECT url FROM touched)"
        connection.execute(f"CREATE TEMPORARY TABLE touched (url {connection.dialect.text} PRIMARY KEY)")
        connection.execute(_TOUCH)
    grouping = Grouping(connection, is_first)
    grouping.run()
    if not is_first:
        result.renamed = _renamed(connection, grouping)
    _note_joined(connection, grouping, is_first)
    if not is_first:
        connection.execute(_TOUCH)
        moved = {url for pair in grouping.after.items() for url in pair if url}
        moved.update(founder for url in grouping.after if (founder := grouping.before.get(url)))
        connection.executemany("INSERT INTO touched VALUES (?) ON CONFLICT DO NOTHING", [(url,) for url in moved])
        connection.analyze("touched")
        result.before = _count(connection, is_touched)
        note_entries(connection, rules, "clusters", is_touched)
        connection.execute(f"DELETE FROM clusters AS t WHERE {is_touched}")
    connection.execute(_INSERT_FOUNDERS.format(is_touched=is_touched))
    connection.execute(_INSERT_TOPICS.format(is_touched=is_touched))
    connection.execute(_INSERT_JOINED_TOPICS.format(is_founder_touched=is_founder_touched))
    connection.create_indexes(CLUSTER_INDEXES)
    result.after = _count(connection, is_touched)
    if not is_first:
        rows = connection.execute(f"SELECT DISTINCT provider, month FROM stories t WHERE is_primary AND {is_touched}")
        result.providers = {(provider, month) for provider, month in rows}
        note_revised(connection, revision, "SELECT url FROM touched")
        connection.execute("DROP TABLE touched")
    return result


def _note_joined(connection: Connection, grouping: Grouping, is_first: bool) -> None:
    """Bring the table `joined` in step."""
    if not is_first:
        connection.execute(
            "DELETE FROM joined AS j WHERE j.url IN (SELECT url FROM affected) "
            "AND NOT EXISTS (SELECT 1 FROM stories s WHERE s.url = j.url AND s.is_primary)"
        )
        connection.executemany("DELETE FROM joined WHERE url = ?", [(url,) for url in grouping.after])
    connection.insert("joined", sorted((url, founder) for url, founder in grouping.after.items() if founder))


def _renamed(connection: Connection, grouping: Grouping) -> list[Renamed]:
    """Return the clusters whose founder is another record since, which was none before."""
    pairs = [(founder, url) for url, founder in grouping.after.items() if founder]
    pairs += [
        (founder or url, grouping.before[url]) for url, founder in grouping.after.items() if url in grouping.before
    ]
    urls = list({url for pair in pairs for url in pair})
    rows = connection.execute("SELECT url FROM clusters WHERE slug = '' AND url = ANY(?)", [urls])
    old_founders = {url for (url,) in rows}
    rows = connection.execute("SELECT url FROM stories WHERE is_primary AND url = ANY(?)", [urls])
    records = {url for (url,) in rows}
    found: dict[str, Renamed] = {}
    for founder, old in sorted(pairs):
        # A record that no longer joins what is still there has left a cluster, whose id stays.
        is_gone = old not in records
        if old in old_founders and founder not in old_founders and (is_gone or grouping.after.get(old) == founder):
            found.setdefault(old, Renamed(founder, old, is_gone))
    return list(found.values())


def _count(connection: Connection, is_touched: str) -> dict[_Place, int]:
    rows = connection.execute(f"SELECT slug, month, count(*) FROM clusters t WHERE {is_touched} GROUP BY slug, month")
    return {(slug, month): number for slug, month, number in rows}
