"""Reads feeds from the index: their rows, their numbers and the URLs of their stories."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from feedsvc.config import Feeds
from feedsvc.index.database import Connection, batches
from feedsvc.index.guard import ENTRIES
from feedsvc.index.names import read_image
from feedsvc.index.query import KINDS, NEWEST_FIRST, StoryQuery, has_feed, one_of, select_stories
from feedsvc.model import EPOCH, FeedAddress, Image, Kind


class FeedRow(Struct, frozen=True):
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


def find_feeds(connection: Connection, feeds: Iterable[FeedAddress], rules: Feeds) -> dict[tuple[Kind, str], FeedRow]:
    """Return those feeds of topics and of providers that have enough stories, by kind and slug."""
    found: dict[tuple[Kind, str], FeedRow] = {}
    for kind, slugs in by_kind((feed.kind, feed.slug) for feed in feeds if feed.kind in KINDS.values()):
        condition, values = one_of("f.slug", slugs)
        rows = connection.execute(
            f"""
            SELECT f.slug, f.revision, f.changed, min(n.name), min(nullif(n.image, '')) FROM feeds f
            LEFT JOIN names n ON n.kind = f.kind AND n.slug = f.slug
            WHERE f.kind = ? AND {condition} AND f.month = '' AND f.{has_feed(rules)}
            GROUP BY f.slug, f.revision, f.changed
            """,
            (kind, *values),
        )
        for slug, revision, changed, name, image in rows:
            found[kind, slug] = FeedRow(slug, name or "", revision, moment(changed), read_image(image))
    return found


def by_kind(feeds: Iterable[tuple[Kind, str]]) -> Iterable[tuple[Kind, list[str]]]:
    """Return the kinds of some feeds, each with the slugs of its own, once."""
    found: dict[Kind, dict[str, None]] = {}
    for kind, slug in feeds:
        found.setdefault(kind, {})[slug] = None
    return [(kind, list(slugs)) for kind, slugs in found.items()]


def all_feeds(connection: Connection, kind: Kind, rules: Feeds) -> list[tuple[str, str, int]]:
    """Return the feeds of all topics or providers, by slug: slug, name, and number of stories."""
    # From names to feeds, of which there are many more: those of each month.
    rows = connection.execute(
        f"""
        SELECT n.slug, n.name, f.{rules.counted}
        FROM (SELECT slug, min(name) AS name FROM names WHERE kind = ? GROUP BY slug) n CROSS JOIN feeds f
        WHERE f.kind = ? AND f.slug = n.slug AND f.month = '' AND f.{has_feed(rules)} ORDER BY n.slug
        """,
        (kind, kind),
    )
    return rows.fetchall()


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
    found = set[str]()
    table, is_entry = ENTRIES[rules.counted if rules else "stories"]
    for some in batches(urls):
        rows = connection.execute(f"SELECT t.url FROM {table} t WHERE t.url = ANY(?) AND {is_entry}", [some])
        found.update(url for (url,) in rows)
    return found


def has_size(connection: Connection, address: FeedAddress, query: StoryQuery) -> bool:
    """Return whether the table `feeds` has the number of stories that a query selects."""
    return address.kind != "custom" and not query.is_filtered


def moment(seconds: int | None) -> datetime:
    """Return a time in seconds since 1970 as one that every format can hold."""
    return max(datetime.fromtimestamp(seconds or 0, UTC), EPOCH)
