"""Reads the entries of feeds from the index."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from feedsvc.config import Feeds
from feedsvc.index.database import Connection
from feedsvc.index.links import NO_RELATED, Joined, find_joined, find_related
from feedsvc.index.names import KnownTopic, Names
from feedsvc.index.occurrences import story_decoder
from feedsvc.index.query import StoryQuery
from feedsvc.index.revisions import read_revision
from feedsvc.index.stories import find_urls
from feedsvc.lru import LRUCache
from feedsvc.model import Cluster, Entry, FeedAddress, Link, Story

#: The number of entries that are read together, of one feed or of several.
TOGETHER = 500
#: The bytes of the entries that are kept for the next feeds, and those of one entry beside its content.
KEPT_BYTES, ENTRY_BYTES = 16_000_000, 3000

#: Whether an entry is that of its story's cluster, where the story has founded one; and its URL.
_Key: TypeAlias = tuple[bool, str]


class KeptEntries:
    """Entries that were read lately, as far as memory allows: for feeds that hold the same, under one configuration."""

    def __init__(self) -> None:
        self._revision: int | None = None
        self._kept: LRUCache[_Key, Entry] = LRUCache(KEPT_BYTES, _size)

    def at(self, revision: int) -> LRUCache[_Key, Entry]:
        """Return those of the index at a revision, which are none if those that are kept are of another one."""
        if revision != self._revision:
            self._revision, self._kept = revision, LRUCache(KEPT_BYTES, _size)
        return self._kept


def find_entries(
    connection: Connection,
    feeds: Iterable[tuple[FeedAddress, StoryQuery]],
    rules: Feeds,
    known: KeptEntries | None = None,
) -> Iterator[tuple[Entry, ...]]:
    """Yield the entries that are asked for of each feed, newest first, with their topics and links; ties by URL.

    What several feeds hold that are near each other is read once, as far as memory allows.
    known: those that were read for other feeds, by one thread; these are added to them.
    """
    names = Names(connection, rules)
    kept = known.at(read_revision(connection)) if known else LRUCache(KEPT_BYTES, _size)
    for feeds_keys, entries, missing in _together(connection, feeds, kept):
        for is_grouped in (False, True):
            if urls := [url for each, url in missing if each == is_grouped]:
                for entry in _read(connection, urls, rules, names, is_grouped):
                    key = is_grouped, entry.story.url
                    entries[key] = entry
                    kept.put(key, entry)
        for keys in feeds_keys:
            yield tuple([entries[key] for key in keys])


def _together(
    connection: Connection, feeds: Iterable[tuple[FeedAddress, StoryQuery]], kept: LRUCache[_Key, Entry]
) -> Iterator[tuple[list[list[_Key]], dict[_Key, Entry], list[_Key]]]:
    """Yield the feeds that are read together: (the keys of each, those of their entries that are kept, other keys)."""
    feeds_keys: list[list[_Key]] = []
    entries: dict[_Key, Entry] = {}
    missing: dict[_Key, None] = {}
    for address, query in feeds:
        keys = [(query.is_grouped, url) for url in find_urls(connection, address, query)]
        feeds_keys.append(keys)
        for key in keys:
            if key in entries or key in missing:
                continue
            if entry := kept.get(key):
                entries[key] = entry
            else:
                missing[key] = None
        if len(missing) >= TOGETHER:
            yield feeds_keys, entries, list(missing)
            feeds_keys, entries, missing = [], {}, {}
    yield feeds_keys, entries, list(missing)


def _size(entry: Entry) -> int:
    """Return about how many bytes of memory an entry takes."""
    return ENTRY_BYTES + len(entry.story.content_html)


def _read(connection: Connection, urls: Sequence[str], rules: Feeds, names: Names, is_grouped: bool) -> Iterator[Entry]:
    """Yield the entries of stories, or of the clusters of those that founded one, in no order."""
    rows = connection.execute(
        "SELECT s.url, s.provider, s.is_primary, t.data FROM stories s "
        "JOIN occurrence_stories t ON t.occurrence = s.occurrence WHERE s.url = ANY(?)",
        [list(urls)],
    ).fetchall()
    providers = names.providers({provider for _, provider, *_ in rows})
    joined: dict[str, list[Joined]] = {}
    topics_of: dict[str, list[KnownTopic]] = {}
    if is_grouped:
        joined = find_joined(connection, urls)
        topics_of = _topics(connection, urls, "clusters", names)
    founders = set(topics_of)
    if others := [url for url in urls if url not in founders]:
        topics_of |= _topics(connection, others, "story_topics", names)
    primary = [url for url, _, is_primary, _ in rows if is_primary]
    related_of = find_related(connection, urls, primary, rules.related_limit, joined, names)
    for url, provider, is_primary, data in rows:
        links, total = related_of.get(url, NO_RELATED)
        story, topics = story_decoder.decode(data), topics_of.get(url, ())
        yield Entry(
            story=story,
            provider=providers[provider],
            topics=tuple([topic for topic, _ in topics]),
            linked_topics=frozenset([topic.slug for topic, has_feed in topics if has_feed]),
            related=links,
            related_total=total,
            is_mention=not is_primary,
            cluster=_cluster(story, providers[provider].name, links, total, joined.get(url, ()))
            if url in founders
            else None,
        )


def _cluster(story: Story, provider: str, links: Sequence[Link], total: int, joined: Sequence[Joined]) -> Cluster:
    """Return the cluster of a founder. provider: its name."""
    providers = tuple(dict.fromkeys([provider, *(link.provider for link in links)]))
    updated = max([story.updated, *(datetime.fromtimestamp(record.updated, UTC) for record in joined)])
    return Cluster(total + 1, providers, updated)


def _topics(connection: Connection, urls: Sequence[str], table: str, names: Names) -> dict[str, list[KnownTopic]]:
    """Return the topics of stories or of clusters, by URL, as a table has them."""
    rows = connection.execute(
        f"SELECT url, slug FROM {table} WHERE url = ANY(?) ORDER BY slug",
        [list(urls)],
    ).fetchall()
    topics = names.topics({slug for _, slug in rows if slug})
    found: dict[str, list[KnownTopic]] = defaultdict(list)
    for url, slug in rows:
        found[url].extend([topics[slug]] if slug else ())  # founders without a topic have a row as well
    return found
