"""Reads feeds and their entries from the index."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from feedsvc.config import Feeds
from feedsvc.index.database import Connection, batches
from feedsvc.index.guard import ENTRIES
from feedsvc.index.links import NO_RELATED, Joined, find_joined, find_related, read_stories
from feedsvc.index.names import named, read_image
from feedsvc.index.query import NEWEST_FIRST, StoryQuery, has_feed, select_stories, topics_with_feed
from feedsvc.model import EPOCH, Cluster, Entry, FeedAddress, Image, Kind, Link, Provider, Story, Topic

#: The number of entries that are read together, those of several feeds counted once.
TOGETHER = 1000


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A feed that has stories; or all stories, with an empty slug and name."""

    slug: str
    name: str
    #: A number that each change of its content increases.
    revision: int
    #: The time of the last change, or later.
    changed: datetime
    image: Image | None = None


def everything(connection: Connection, with_problems: bool = False) -> FeedRow:
    """Return the row of all stories. with_problems: whether a change of the problems counts as well."""
    revision, changed, problems = connection.execute("SELECT revision, changed, problems FROM state").fetchone()
    if with_problems:  # both numbers only increase, and so does their sum
        revision, changed = revision + problems, max(changed, problems)
    return FeedRow("", "", revision, moment(changed))


def find_feed(connection: Connection, address: FeedAddress, rules: Feeds) -> FeedRow | None:
    """Return the feed of all stories, of a topic or of a provider; None if it has too few stories."""
    enough = has_feed(rules) if address.slug else f"{rules.counted} > 0"
    found = connection.execute(
        f"""
        SELECT f.revision, f.changed, min(n.name), min(nullif(n.image, '')) FROM feeds f
        LEFT JOIN names n ON n.kind = f.kind AND n.slug = f.slug
        WHERE f.kind = ? AND f.slug = ? AND f.month = '' AND f.{enough}
        GROUP BY f.revision, f.changed
        """,
        (address.kind, address.slug),
    ).fetchone()
    if not found:
        return None
    revision, changed, name, image = found
    return FeedRow(address.slug, name or "", revision, moment(changed), read_image(image))


def all_feeds(connection: Connection, kind: Kind, rules: Feeds) -> list[tuple[FeedRow, int]]:
    """Return the feeds of all topics or providers, by slug, with their numbers of stories."""
    # From names to feeds, of which there are many more: those of each month.
    rows = connection.execute(
        f"""
        SELECT n.slug, n.name, f.revision, f.changed, f.{rules.counted}
        FROM (SELECT slug, min(name) AS name FROM names WHERE kind = ? GROUP BY slug) n CROSS JOIN feeds f
        WHERE f.kind = ? AND f.slug = n.slug AND f.month = '' AND f.{has_feed(rules)} ORDER BY n.slug
        """,
        (kind, kind),
    )
    return [(FeedRow(slug, name, revision, moment(changed)), size) for slug, name, revision, changed, size in rows]


def newest(connection: Connection) -> datetime:
    """Return the time of the newest story."""
    rows = connection.execute("SELECT published FROM stories ORDER BY month DESC, published DESC LIMIT 1")
    return moment(*(rows.fetchone() or (None,)))


def count(connection: Connection, address: FeedAddress, query: StoryQuery) -> int:
    """Return the number of stories of a feed, without its limit."""
    if has_size(connection, address, query):
        size = f"coalesce(max({query.counted}), 0)"
        chosen = f"SELECT {size} FROM feeds WHERE kind = ? AND slug = ? AND month = ''"
        values: list[Any] = [address.kind, address.slug]
    else:
        chosen, values = select_stories(connection, address, query, "count(*)")
    number: int = connection.execute(chosen, values).fetchone()[0]
    return number


def revisions(connection: Connection) -> dict[tuple[str, str], int]:
    """Return the revisions of all feeds but saved filters, by kind and slug."""
    rows = connection.execute("SELECT kind, slug, revision FROM feeds WHERE month = ''")
    return {(kind, slug): revision for kind, slug, revision in rows}


def find_entries(
    connection: Connection, feeds: Iterable[tuple[FeedAddress, StoryQuery]], rules: Feeds
) -> Iterator[tuple[Entry, ...]]:
    """Yield the entries that are asked for of each feed, newest first, with their topics and links; ties by URL.

    What several feeds hold is read together, as far as memory allows.
    """
    pending: list[tuple[bool, list[str]]] = []
    wanted: set[tuple[bool, str]] = set()
    for address, query in feeds:
        urls = find_urls(connection, address, query)
        pending.append((query.is_grouped, urls))
        wanted.update((query.is_grouped, url) for url in urls)
        if len(wanted) >= TOGETHER:
            yield from _read(connection, pending, rules)
            pending, wanted = [], set()
    yield from _read(connection, pending, rules)


def find_urls(connection: Connection, address: FeedAddress, query: StoryQuery) -> list[str]:
    """Return the URLs of the entries that are asked for of a feed, newest first; ties by URL."""
    # URLs alone, which the database's index has: it passes over 80,000 of them in a few milliseconds.
    chosen, values = select_stories(connection, address, query, "o.url")
    rows = connection.execute(
        f"{chosen} ORDER BY {NEWEST_FIRST} LIMIT ? OFFSET ?", [*values, query.limit, query.offset]
    )
    return [url for (url,) in rows]


def known_urls(connection: Connection, urls: Iterable[str], rules: Feeds | None) -> set[str]:
    """Return those of some URLs that a story has; rules: or, if they are given, an entry by these."""
    dialect, found = connection.dialect, set[str]()
    table, is_entry = ENTRIES[rules.counted if rules else "stories"]
    for some in batches(urls):
        asked = f"SELECT t.url FROM {table} t WHERE t.url {dialect.in_list} AND {is_entry}"
        found.update(url for (url,) in connection.execute(asked, (dialect.as_list(some),)))
    return found


def _read(connection: Connection, feeds: list[tuple[bool, list[str]]], rules: Feeds) -> Iterator[tuple[Entry, ...]]:
    """Yield the entries of feeds whose URLs are given, each with whether entries of founders are of their clusters."""
    entries: dict[tuple[bool, str], Entry] = {}
    for is_grouped in (False, True):
        for urls in batches({url: None for each, some in feeds for url in some if each == is_grouped}):
            rows = connection.execute(
                f"SELECT url, provider, is_primary, occurrence FROM stories WHERE url {connection.dialect.in_list}",
                (connection.dialect.as_list(urls),),
            )
            for entry in _entries(connection, rows.fetchall(), rules, is_grouped):
                entries[is_grouped, entry.story.url] = entry
    for is_grouped, urls in feeds:
        yield tuple(entries[is_grouped, url] for url in urls)


def _entries(connection: Connection, rows: list[Any], rules: Feeds, is_grouped: bool) -> Iterator[Entry]:
    urls = [url for url, *_ in rows]
    stories = read_stories(connection, [occurrence for *_, occurrence in rows])
    provider_of = named(connection, "providers", sorted({provider for _, provider, *_ in rows}))
    topics_of = _topics(connection, urls, "story_topics")
    joined: dict[str, list[Joined]] = {}
    founders: set[str] = set()
    if is_grouped:
        joined = find_joined(connection, urls)
        of_clusters = _topics(connection, urls, "clusters")
        founders = set(of_clusters)
        topics_of |= of_clusters
    linked = topics_with_feed(connection, {topic.slug for topics in topics_of.values() for topic in topics}, rules)
    related_of = find_related(connection, urls, rules.related_limit, joined)
    for url, provider, is_primary, occurrence in rows:
        links, total = related_of.get(url, NO_RELATED)
        story, name = stories[occurrence], provider_of[provider][0]
        yield Entry(
            story=story,
            provider=Provider(provider, *provider_of[provider]),
            topics=tuple(topics_of[url]),
            linked_topics=frozenset([topic.slug for topic in topics_of[url] if topic.slug in linked]),
            related=links,
            related_total=total,
            is_mention=not is_primary,
            cluster=_cluster(story, name, links, total, joined.get(url, ())) if url in founders else None,
        )


def _cluster(story: Story, provider: str, links: Sequence[Link], total: int, joined: Sequence[Joined]) -> Cluster:
    """Return the cluster of a founder. provider: its name."""
    providers = tuple(dict.fromkeys([provider, *(link.provider for link in links)]))
    updated = max([story.updated, *(datetime.fromtimestamp(record.updated, UTC) for record in joined)])
    return Cluster(total + 1, providers, updated)


def has_size(connection: Connection, address: FeedAddress, query: StoryQuery) -> bool:
    """Return whether the table `feeds` has the number of stories that a query selects."""
    return address.kind != "custom" and not query.is_filtered


def _topics(connection: Connection, urls: Sequence[str], table: str) -> dict[str, list[Topic]]:
    """Return the topics of stories or of clusters, by URL, as a table has them."""
    rows = connection.execute(
        f"SELECT url, slug FROM {table} WHERE url {connection.dialect.in_list} ORDER BY slug",
        (connection.dialect.as_list(urls),),
    ).fetchall()
    names = named(connection, "topics", sorted({slug for _, slug in rows}))
    topics = {slug: Topic(slug, name) for slug, (name, _, _) in names.items()}
    found: dict[str, list[Topic]] = defaultdict(list)
    for url, slug in rows:
        found[url].extend([topics[slug]] if slug else ())  # founders without a topic have a row as well
    return found


def moment(seconds: int | None) -> datetime:
    """Return a time in seconds since 1970 as one that every format can hold."""
    return max(datetime.fromtimestamp(seconds or 0, UTC), EPOCH)
