"""Computes stories, their topics, and the feeds that changed from the occurrences in record files.

Only stories that a change can affect are computed, each from all of its occurrences: so the result depends on the
files' names and contents, and on the time of the sync, never on history.

- A story is taken from its own record if it has one, else from a mention; of several, from the one with the newest
  `updated`, then the greatest quality, then the first path; but one that is not due is the last. If the best is not
  listed (a draft, deleted, not due), the story is hidden.
- A mention counts if the story that mentions it is shown. A link, which is a mention without a time, is no story.
- A story with a record of its own has the topics of its records alone, whatever mentions it. A mention has its own, and
  those of the records of the stories that mention it.
"""

from typing import TypeAlias

from feedsvc.config import Feeds
from feedsvc.index.clusters import Regrouped, Renamed, group
from feedsvc.index.database import Connection
from feedsvc.index.facets import count_values, update_values
from feedsvc.index.guard import note_entries
from feedsvc.index.names import update_names
from feedsvc.index.occurrences import Changes
from feedsvc.index.query import slugs_with_feed
from feedsvc.index.revisions import note_all_revised, note_revised, read_revision
from feedsvc.index.schema import FACETS, OCCURRENCE_INDEXES, STORY_INDEXES, file_of, precedence

#: Kind, slug and month of a row of `feeds`.
FeedKey: TypeAlias = tuple[str, str, str]
#: Its numbers of stories, of primary ones among them, and of clusters.
Sizes: TypeAlias = tuple[int, int, int]
_NONE: Sizes = (0, 0, 0)

#: Whether an occurrence `t` is a mention by a story that is shown.
IS_SHOWN_MENTION = "EXISTS (SELECT 1 FROM stories s WHERE s.url = t.mentioned_by AND s.is_primary)"
#: The same while `stories` holds all records' stories, hidden ones too, and no others: few are hidden, if any.
_IS_SHOWN_AT_FIRST = "t.position > 0 AND t.mentioned_by NOT IN (SELECT url FROM stories WHERE NOT is_primary)"
#: Whether the story of a changed record `a` was shown before, and is whatever record of it is the best one now.
_STAYS_SHOWN = (
    "EXISTS (SELECT 1 FROM stories s WHERE s.url = a.url AND s.is_primary) "
    "AND EXISTS (SELECT 1 FROM occurrences o WHERE o.url = a.url AND o.position = 0) "
    "AND NOT EXISTS (SELECT 1 FROM occurrences o WHERE o.url = a.url AND o.position = 0 AND NOT o.listed)"
)
#: The best occurrence of a story comes first, and the others conflict with it. One that isn't listed has no provider:
#: it hides mentions of its story, and is deleted afterwards.
_INSERT_STORIES = f"""
    INSERT INTO stories
    SELECT t.url, t.id, t.position = 0 AND t.listed, t.published, t.month,
        {"".join(f"t.{facet.name}, " for facet in FACETS)} coalesce(t.provider, '')
    FROM occurrences t {file_of("t")}
    WHERE {{condition}} ORDER BY t.url, {precedence("t")}, t.position
    ON CONFLICT DO NOTHING
"""
#: Without WHERE, SQLite would take ON for that of a join. In the table's order, which fills its pages: months
#: follow from `published`.
_INSERT_TOPICS = f"""
    INSERT INTO story_topics
    SELECT named.slug, s.*
    FROM (
        SELECT t.url, t.position = 0 AS is_record, own.slug
        FROM occurrences t JOIN occurrence_topics own ON own.occurrence = t.id
        WHERE {{is_affected}} AND (t.position = 0 OR {IS_SHOWN_MENTION})
        UNION ALL
        SELECT t.url, FALSE, theirs.slug FROM occurrences t
        JOIN stories m ON m.url = t.mentioned_by AND m.is_primary
        JOIN occurrences r ON r.url = m.url AND r.position = 0
        JOIN occurrence_topics theirs ON theirs.occurrence = r.id
        WHERE {{is_affected}}
    ) named JOIN stories s ON s.url = named.url AND s.is_primary = named.is_record
    WHERE TRUE ORDER BY named.slug, s.published DESC, s.url
    ON CONFLICT DO NOTHING
"""
#: The kinds of feeds whose stories are counted, each with its column of slugs and the table that has it.
_COUNTED = {"topics": ("slug", "story_topics"), "providers": ("provider", "stories")}


def resolve(connection: Connection, changes: Changes, rules: Feeds, is_first: bool) -> list[Renamed]:
    """Bring stories, their topics and clusters, and all feeds in step with the occurrences.

    Return the clusters that have another id since.

    Feeds that changed get a new revision, by which they are stamped later.
    rules: how many stories a topic must have for a feed.
    is_first: whether the index was empty, so that all stories are among the changes.
    """
    if is_first:
        connection.analyze("files", "occurrences", "occurrence_topics")
    revision = read_revision(connection) + 1
    # Whether a row `t` is of a story that the changes can affect.
    is_affected = "TRUE" if is_first else "t.url IN (SELECT url FROM affected)"
    if not is_first:
        connection.create_indexes(OCCURRENCE_INDEXES)
        _gather_affected(connection, changes)
    note_entries(connection, rules, "stories", is_affected)
    before, values_before = _count(connection, is_affected), count_values(connection, is_affected)
    for table in ("stories", "story_topics"):
        connection.execute(f"DELETE FROM {table} AS t WHERE {is_affected}")
    connection.execute(_INSERT_STORIES.format(condition=f"t.position = 0 AND {is_affected}"))
    is_shown = _IS_SHOWN_AT_FIRST if is_first else IS_SHOWN_MENTION
    connection.execute(_INSERT_STORIES.format(condition=f"{is_shown} AND t.listed AND {is_affected}"))
    connection.create_indexes(OCCURRENCE_INDEXES)  # not before: the first time, all are sorted at once
    connection.execute("DELETE FROM stories WHERE provider = ''")
    connection.execute(_INSERT_TOPICS.format(is_affected=is_affected))
    connection.create_indexes(STORY_INDEXES)
    counted = _count(connection, is_affected)
    regrouped = group(connection, rules, is_first, revision)
    _count_clusters(regrouped, before, counted)
    topics = {slug for kind, slug, _ in before.keys() | counted.keys() if kind == "topics"}
    old_pages = slugs_with_feed(connection, "topics", topics, rules)
    _refresh_feeds(connection, before, counted, revision)
    update_values(connection, values_before, count_values(connection, is_affected))
    if not is_first:
        _refresh_pages(connection, old_pages ^ slugs_with_feed(connection, "topics", topics, rules), revision)
        note_revised(connection, revision, "SELECT url FROM affected")
        connection.execute("DROP TABLE affected")
    is_renamed = update_names(connection, changes.names)
    if is_renamed:  # entries of any feed may show the old name
        connection.execute("UPDATE feeds SET revision = ?", (revision,))
    if is_renamed or is_first:
        note_all_revised(connection, revision)
    connection.execute("UPDATE state SET revision = ?", (revision,))
    return regrouped.renamed


def _gather_affected(connection: Connection, changes: Changes) -> None:
    """Write the URLs of the stories that changes can affect into the table `affected`."""
    text = connection.dialect.text
    connection.execute(f"CREATE TEMPORARY TABLE affected (url {text} PRIMARY KEY, is_record BOOLEAN)")
    connection.insert("affected", ((url, url in changes.records) for url in changes.stories))
    # A record that came, went or changed reaches the stories that it mentions, and those that mention its story. Others
    # without a record may have come or gone with a change, or have another title since: so all that mention them. Not
    # those that a record mentions as before which was shown and still is: many records may mention the same.
    mentions = (
        "INSERT INTO affected SELECT url, FALSE FROM occurrences WHERE mentioned_by IN ("
        "SELECT a.url FROM affected a WHERE a.is_record{condition}) ON CONFLICT DO NOTHING"
    )
    connection.execute(mentions.format(condition=f" AND NOT ({_STAYS_SHOWN})"))
    connection.execute(
        "INSERT INTO affected SELECT mentioned_by, FALSE FROM occurrences WHERE mentioned_by IS NOT NULL AND url IN ("
        "SELECT a.url FROM affected a WHERE a.is_record "
        "OR NOT EXISTS (SELECT 1 FROM occurrences o WHERE o.url = a.url AND o.position = 0)) ON CONFLICT DO NOTHING"
    )
    connection.execute(mentions.format(condition=""))
    connection.analyze("affected")


def _count(connection: Connection, is_affected: str) -> dict[FeedKey, Sizes]:
    """Return the numbers of affected stories, and of primary ones among them, in each feed and archive."""
    counts: dict[FeedKey, Sizes] = {}
    for kind, (column, table) in _COUNTED.items():
        rows = connection.execute(
            f"SELECT {column}, month, count(*), count(*) FILTER (WHERE is_primary) "
            f"FROM {table} t WHERE {is_affected} GROUP BY {column}, month"
        )
        for slug, month, stories, primary in rows:
            _add(counts, kind, slug, month, (stories, primary, primary if kind == "providers" else 0))
            if kind == "providers":  # each story has one
                _add(counts, "feed", "", month, (stories, primary, 0))
    return counts


def _count_clusters(regrouped: Regrouped, before: dict[FeedKey, Sizes], after: dict[FeedKey, Sizes]) -> None:
    """Add the numbers of clusters that changed, and each feed and archive with entries of theirs."""
    for counts, clusters in ((before, regrouped.before), (after, regrouped.after)):
        for (slug, month), number in clusters.items():
            _add(counts, "topics" if slug else "feed", slug, month, (0, 0, number))
    for provider, month in regrouped.providers:
        _add(after, "providers", provider, month, _NONE)


def _add(counts: dict[FeedKey, Sizes], kind: str, slug: str, month: str, sizes: Sizes) -> None:
    for key in ((kind, slug, month), (kind, slug, "")):
        counts[key] = _sum(counts.get(key, _NONE), sizes)


def _sum(one: Sizes, other: Sizes, sign: int = 1) -> Sizes:
    return one[0] + sign * other[0], one[1] + sign * other[1], one[2] + sign * other[2]


def _refresh_feeds(
    connection: Connection, before: dict[FeedKey, Sizes], after: dict[FeedKey, Sizes], revision: int
) -> None:
    """Update the numbers of stories and the revisions of the feeds that what changed was or is in."""
    where = "WHERE kind = ? AND slug = ? AND month = ?"
    find = f"SELECT stories, primary_stories, clusters FROM feeds {where}"
    rows, known, resized = [], [], []
    is_empty = connection.execute("SELECT 1 FROM feeds LIMIT 1").fetchone() is None
    for key in before.keys() | after.keys():
        old: Sizes = (not is_empty and connection.execute(find, key).fetchone()) or _NONE
        if any(old):
            known.append(key)
        new = _sum(_sum(old, before.get(key, _NONE), -1), after.get(key, _NONE))
        if any(new):
            rows.append((*key, *new, revision, 0))
        if new != old and key[2] and not is_empty:
            resized.append(key)
    connection.executemany(f"DELETE FROM feeds {where}", known)
    connection.insert("feeds", sorted(rows))
    # Archives link to those of the months beside theirs, whose parts follow from the numbers of entries: of the newest
    # month, from whether there is a later one, too. Feeds of other modes have other months beside each other.
    for column in ("stories", "primary_stories", "clusters"):
        of_feed = f"FROM feeds WHERE kind = ? AND slug = ? AND {column} > 0 AND month"
        connection.executemany(
            f"UPDATE feeds SET revision = ? WHERE kind = ? AND slug = ? AND (month = (SELECT min(month) {of_feed} > ?) "
            f"OR month IN (SELECT month {of_feed} < ? AND month != '' ORDER BY month DESC LIMIT 2))",
            ((revision, *key[:2], *key, *key) for key in resized),
        )


def _refresh_pages(connection: Connection, topics: set[str], revision: int) -> None:
    """Update the revisions of the feeds whose stories have topics that have a page since, or none: pages link to it."""
    sql = " UNION ".join(
        f"SELECT 'topics', o.slug, t.month FROM {table} t JOIN {table} o ON o.url = t.url WHERE t.slug = ANY(?) "
        f"UNION SELECT 'providers', s.provider, t.month FROM {table} t JOIN stories s ON s.url = t.url "
        "WHERE t.slug = ANY(?) "
        f"UNION SELECT 'feed', '', t.month FROM {table} t WHERE t.slug = ANY(?)"
        for table in ("story_topics", "clusters")
    )
    feeds = connection.execute(sql, [list(topics)] * 6).fetchall()
    update = "UPDATE feeds SET revision = ? WHERE kind = ? AND slug = ? AND month IN ('', ?)"
    connection.executemany(update, [(revision, *feed) for feed in feeds])
    having = " UNION ".join(f"SELECT url FROM {table} WHERE slug = ANY(?)" for table in ("story_topics", "clusters"))
    note_revised(connection, revision, having, [list(topics)] * 2)
