"""Reads feeds and their entries from the index."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from feedsvc.index.database import Connection, batches
from feedsvc.index.links import mentioning, related
from feedsvc.index.occurrences import story_decoder
from feedsvc.index.query import StoryQuery, conditions, newest_first, ordering_table, select_stories
from feedsvc.model import EPOCH, Entry, FeedAddress, Image, Kind, Provider, Topic

#: The number of entries that are read together.
TOGETHER = 500
#: The limit of a query without a limit.
ALL = 2**62

_image_decoder = msgspec.json.Decoder(Image)


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A feed or archive that has stories; or all stories, with an empty slug and name."""

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
    return FeedRow("", "", revision, _moment(changed))


def find_feed(connection: Connection, address: FeedAddress, primary_only: bool) -> FeedRow | None:
    """Return the feed of all stories, of a topic or of a provider, or its archive; None if it has no story."""
    found = connection.execute(
        f"""
        SELECT a.revision, a.changed, min(n.name), min(nullif(n.image, '')) FROM feeds a
        JOIN feeds current ON current.kind = a.kind AND current.slug = a.slug AND current.month = ''
        LEFT JOIN names n ON n.kind = a.kind AND n.slug = a.slug
        WHERE a.kind = ? AND a.slug = ? AND a.month = ? AND current.{_size(primary_only)} > 0
        GROUP BY a.revision, a.changed
        """,
        (address.kind, address.slug, address.month),
    ).fetchone()
    if not found:
        return None
    revision, changed, name, image = found
    return FeedRow(address.slug, name or "", revision, _moment(changed), _image(image))


def all_feeds(connection: Connection, kind: Kind, primary_only: bool) -> list[tuple[FeedRow, int]]:
    """Return the feeds of all topics or providers, by slug, with their numbers of stories."""
    size = _size(primary_only)
    # From names to feeds, of which there are many more: those of each month.
    rows = connection.execute(
        f"""
        SELECT n.slug, n.name, f.revision, f.changed, f.{size}
        FROM (SELECT slug, min(name) AS name FROM names WHERE kind = ? GROUP BY slug) n CROSS JOIN feeds f
        WHERE f.kind = ? AND f.slug = n.slug AND f.month = '' AND f.{size} > 0 ORDER BY n.slug
        """,
        (kind, kind),
    )
    return [(FeedRow(slug, name, revision, _moment(changed)), size) for slug, name, revision, changed, size in rows]


def names_by_slug(connection: Connection, kind: Kind) -> list[tuple[str, str]]:
    """Return (slug, name) of those feeds of topics or providers that have several names, in order."""
    # Of those that have a feed: names of stories that are hidden by others stay.
    rows = connection.execute(
        """
        SELECT DISTINCT n.slug, n.name FROM names n
        JOIN (SELECT slug FROM names WHERE kind = ? GROUP BY slug HAVING count(DISTINCT name) > 1) several
            ON several.slug = n.slug
        JOIN feeds f ON f.kind = n.kind AND f.slug = n.slug AND f.month = ''
        WHERE n.kind = ? ORDER BY n.slug, n.name
        """,
        (kind, kind),
    )
    return [(slug, name) for slug, name in rows]


def newest(connection: Connection) -> datetime:
    """Return the time of the newest story."""
    rows = connection.execute("SELECT published FROM stories ORDER BY month DESC, published DESC LIMIT 1")
    return _moment(*(rows.fetchone() or (None,)))


def count(connection: Connection, address: FeedAddress, query: StoryQuery) -> int:
    """Return the number of stories of a feed, without its limit."""
    if _is_counted(connection, address, query):
        size = f"coalesce(max({_size(query.primary_only)}), 0)"
        chosen = f"SELECT {size} FROM feeds WHERE kind = ? AND slug = ? AND month = ?"
        values: list[Any] = [address.kind, address.slug, address.month]
    else:
        chosen, values = select_stories(connection.dialect, address, query, "count(*)")
    number: int = connection.execute(chosen, values).fetchone()[0]
    return number


def months(connection: Connection, address: FeedAddress, query: StoryQuery) -> list[tuple[str, str]]:
    """Return (slug, month) of all archives of the feeds of an address's kind, in order.

    The slug is empty for the feed of all stories and for a saved filter.
    """
    if _is_counted(connection, address, query):
        size = _size(query.primary_only)
        chosen = f"SELECT slug, month FROM feeds WHERE kind = ? AND month != '' AND {size} > 0"
        values: list[Any] = [address.kind]
    else:
        slug = {"topics": "o.slug", "providers": "s.provider"}.get(address.kind, "''")
        chosen, values = select_stories(
            connection.dialect, address, query, f"DISTINCT {slug}, {ordering_table(address)}.month", all_slugs=True
        )
    return sorted(connection.execute(chosen, values))


def revisions(connection: Connection, archives: bool) -> dict[tuple[str, str, str], int]:
    """Return the revisions of all feeds but saved filters, by kind, slug and month. archives: whether with theirs."""
    condition = "" if archives else " WHERE month = ''"
    rows = connection.execute(f"SELECT kind, slug, month, revision FROM feeds{condition}")
    return {(kind, slug, month): revision for kind, slug, month, revision in rows}


def neighbours(connection: Connection, address: FeedAddress, query: StoryQuery) -> tuple[str | None, str | None]:
    """Return the months of the archives before and after an archive, each None if there is none."""
    month = f"{ordering_table(address)}.month"
    chosen, values = select_stories(connection.dialect, replace(address, month=""), query, month)
    before = f"{chosen} AND {month} < ? ORDER BY {month} DESC LIMIT 1"
    after = f"{chosen} AND {month} > ? ORDER BY {month} LIMIT 1"
    found = [connection.execute(sql, [*values, address.month]).fetchone() for sql in (before, after)]
    return tuple(row[0] if row else None for row in found)  # type: ignore[return-value]


def find_entries(
    connection: Connection, feeds: Iterable[tuple[FeedAddress, StoryQuery]]
) -> Iterator[tuple[Entry, ...]]:
    """Yield the newest entries of each feed, with their topics and links; ties by URL.

    What several feeds hold is read together, as far as memory allows.
    """
    pending: list[list[Any]] = []
    for address, query in feeds:
        chosen, values = select_stories(
            connection.dialect, address, query, "s.url, s.is_primary, s.provider, s.occurrence"
        )
        limit = ALL if query.limit is None else query.limit
        rows = connection.execute(f"{chosen} ORDER BY {newest_first(address)} LIMIT ?", [*values, limit])
        pending.append(rows.fetchall())
        if sum(map(len, pending)) >= TOGETHER:
            yield from _read(connection, pending)
            pending = []
    yield from _read(connection, pending)


def _read(connection: Connection, feeds: list[list[Any]]) -> Iterator[tuple[Entry, ...]]:
    unique = {row[0]: row for rows in feeds for row in rows}
    entries = {entry.story.url: entry for some in batches(unique.values()) for entry in _entries(connection, some)}
    for rows in feeds:
        yield tuple(entries[url] for url, *_ in rows)


def _entries(connection: Connection, rows: list[Any]) -> Iterator[Entry]:
    urls = [url for url, *_ in rows]
    ids = [occurrence for *_, occurrence in rows]
    data = dict(
        connection.execute(
            f"SELECT occurrence, data FROM occurrence_stories WHERE occurrence {connection.dialect.in_list}",
            (connection.dialect.as_list(ids),),
        )
    )
    provider_of = _named(connection, "providers", sorted({provider for _, _, provider, _ in rows}))
    topics_of = _topics(connection, urls)
    related_of = related(connection, [url for url, is_primary, *_ in rows if is_primary])
    mentioning_of = mentioning(connection, [url for url, is_primary, *_ in rows if not is_primary])
    for url, _, provider, occurrence in rows:
        yield Entry(
            story=story_decoder.decode(data[occurrence]),
            provider=Provider(provider, *provider_of[provider]),
            topics=tuple(topics_of[url]),
            related=tuple(related_of[url].values()),
            mentioned_by=tuple(mentioning_of[url].values()),
        )


def _is_counted(connection: Connection, address: FeedAddress, query: StoryQuery) -> bool:
    """Return whether the table `feeds` has the number of stories that a query selects."""
    return address.kind != "custom" and not any(conditions(connection.dialect, query))


def _size(primary_only: bool) -> str:
    """Return the column with the number of a feed's stories."""
    return "primary_stories" if primary_only else "stories"


def _named(connection: Connection, kind: Kind, slugs: Sequence[str]) -> dict[str, tuple[str, str | None, Image | None]]:
    """Return the name, domain and image of topics or providers by slug."""
    rows = connection.execute(
        f"""
        SELECT slug, min(name), min(nullif(domain, '')), min(nullif(image, ''))
        FROM names WHERE kind = ? AND slug {connection.dialect.in_list} GROUP BY slug
        """,
        (kind, connection.dialect.as_list(slugs)),
    )
    return {slug: (name, domain, _image(image)) for slug, name, domain, image in rows}


def _topics(connection: Connection, urls: Sequence[str]) -> dict[str, list[Topic]]:
    rows = connection.execute(
        f"SELECT url, slug FROM story_topics WHERE url {connection.dialect.in_list} ORDER BY slug",
        (connection.dialect.as_list(urls),),
    ).fetchall()
    named = _named(connection, "topics", sorted({slug for _, slug in rows}))
    topics = {slug: Topic(slug, name) for slug, (name, _, _) in named.items()}
    found = defaultdict(list)
    for url, slug in rows:
        found[url].append(topics[slug])
    return found


def _moment(seconds: int | None) -> datetime:
    return max(datetime.fromtimestamp(seconds or 0, UTC), EPOCH)


def _image(data: str | None) -> Image | None:
    return _image_decoder.decode(data) if data else None
