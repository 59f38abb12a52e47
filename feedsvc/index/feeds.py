"""Reads from the index what it has counted and noted of each feed: its name, sizes and revisions, also by month."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from msgspec import Struct

from feedsvc.config import Feeds
from feedsvc.index.database import Connection
from feedsvc.index.names import read_image
from feedsvc.index.query import StoryQuery, has_feed, one_of
from feedsvc.model import EPOCH, KINDS, Counted, FeedAddress, Image, Kind


class FeedRow(Struct, frozen=True):
    """A feed that has stories; or all stories, with an empty name."""

    name: str
    #: A number that each change of its content increases.
    revision: int
    #: The time of the last change, or later.
    changed: datetime
    image: Image | None = None


class MonthSize(NamedTuple):
    """A month in which a feed has stories."""

    #: As `2020-06`.
    name: str
    stories: int


class MonthRow(NamedTuple):
    """What the index has counted of a feed in a month, and when that last changed; `feeds` in the schema."""

    month: str
    stories: int
    primary_stories: int
    clusters: int
    revision: int
    changed: int


class FeedMonths:
    """The months of several feeds as the index has counted them: read together, once one of them is asked for."""

    def __init__(self, connection: Connection, feeds: Iterable[FeedAddress]) -> None:
        """feeds: any addresses of each."""
        self._connection = connection
        self._keys = [_key(feed) for feed in feeds]

    def rows(self, feed: FeedAddress) -> Mapping[str, MonthRow]:
        """Return the months of one of the feeds by name, newest first: for a saved filter, those of all stories."""
        return self._rows[_key(feed)]

    def sizes(self, feed: FeedAddress, counted: Counted) -> Iterator[MonthSize]:
        """Yield the months of one of the feeds, as `rows` has them, in which it has entries that are counted."""
        size_of = attrgetter(counted)
        return (MonthSize(row.month, size) for row in self.rows(feed).values() if (size := size_of(row)))

    @cached_property
    def _rows(self) -> dict[tuple[Kind, str], dict[str, MonthRow]]:
        found = defaultdict[tuple[Kind, str], dict[str, MonthRow]](dict)
        for kind, slugs in _by_kind(self._keys):
            condition, values = one_of("slug", slugs)
            rows = self._connection.execute(
                f"SELECT slug, {', '.join(MonthRow._fields)} FROM feeds WHERE kind = ? AND {condition} "
                "AND month != '' ORDER BY month DESC",
                (kind, *values),
            )
            for slug, month, *row in rows:
                found[kind, slug][month] = MonthRow(month, *row)
        return found


def find_everything(connection: Connection, with_problems: bool = False) -> FeedRow:
    """Return the row of all stories. with_problems: whether a change of the problems counts as well."""
    revision, changed, problems = connection.execute("SELECT revision, changed, problems FROM state").fetchone()
    if with_problems:  # both numbers only increase, and so does their sum
        revision, changed = revision + problems, max(changed, problems)
    return FeedRow("", revision, moment(changed))


def find_feeds(connection: Connection, feeds: Iterable[FeedAddress], rules: Feeds) -> dict[tuple[Kind, str], FeedRow]:
    """Return those feeds of topics and of providers that have enough stories, by kind and slug."""
    found: dict[tuple[Kind, str], FeedRow] = {}
    for kind, slugs in _by_kind((feed.kind, feed.slug) for feed in feeds if feed.kind in KINDS.values()):
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
            found[kind, slug] = FeedRow(name or "", revision, moment(changed), read_image(image))
    return found


def list_feeds(connection: Connection, kind: Kind, rules: Feeds) -> list[tuple[str, str, int]]:
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


def feed_revisions(connection: Connection) -> dict[tuple[str, str], int]:
    """Return the revisions of all feeds but saved filters, by kind and slug."""
    rows = connection.execute("SELECT kind, slug, revision FROM feeds WHERE month = ''")
    return {(kind, slug): revision for kind, slug, revision in rows}


def feed_size(connection: Connection, feed: FeedAddress, counted: Counted) -> int:
    """Return the number of stories, or of what else is counted, of a feed that has no filters."""
    sql = f"SELECT {counted} FROM feeds WHERE kind = ? AND slug = ? AND month = ''"
    row = connection.execute(sql, (feed.kind, feed.slug)).fetchone()
    return int(row[0]) if row else 0


def has_size(address: FeedAddress, query: StoryQuery) -> bool:
    """Return whether the index has counted the stories that a query selects of a feed."""
    return address.kind != "custom" and not query.is_filtered


def moment(seconds: int | None) -> datetime:
    """Return a time in seconds since 1970 as one that every format can hold."""
    return max(datetime.fromtimestamp(seconds or 0, UTC), EPOCH)


def _key(feed: FeedAddress) -> tuple[Kind, str]:
    return ("feed", "") if feed.kind == "custom" else (feed.kind, feed.slug)


def _by_kind(feeds: Iterable[tuple[Kind, str]]) -> Iterable[tuple[Kind, list[str]]]:
    """Return the kinds of some feeds, each with the slugs of its own, once."""
    found: dict[Kind, dict[str, None]] = {}
    for kind, slug in feeds:
        found.setdefault(kind, {})[slug] = None
    return [(kind, list(slugs)) for kind, slugs in found.items()]
