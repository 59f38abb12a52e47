"""Reads from the index what the archives of a feed follow from: its stories by month, and when they changed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from copy import copy
from functools import cached_property
from itertools import tee
from operator import attrgetter
from typing import NamedTuple

from feedsvc.index.database import Connection
from feedsvc.index.query import StoryQuery, one_of, select_stories
from feedsvc.index.reader import by_kind, has_size
from feedsvc.model import FeedAddress, Kind


class MonthSize(NamedTuple):
    """A month in which a feed has stories."""

    #: As `2020-06`.
    name: str
    stories: int


class LastChange(NamedTuple):
    """When the stories of a month last changed."""

    month: str
    #: Of the index.
    revision: int
    #: In seconds since 1970.
    changed: int


class _MonthRow(NamedTuple):
    """What the index has counted of a feed in a month, and when that last changed; `feeds` in the schema."""

    month: str
    stories: int
    primary_stories: int
    clusters: int
    revision: int
    changed: int


_COLUMNS = ", ".join(_MonthRow._fields)


class FeedMonths:
    """The months of several feeds as the index has counted them: read together, once one of them is asked for."""

    def __init__(self, connection: Connection, feeds: Iterable[FeedAddress]) -> None:
        """feeds: any addresses of each."""
        self._connection = connection
        self._keys = [_key(feed) for feed in feeds]

    def rows(self, feed: FeedAddress) -> list[_MonthRow]:
        """Return the months of one of the feeds, newest first: for a saved filter, those of all stories."""
        return self._rows[_key(feed)]

    @cached_property
    def _rows(self) -> dict[tuple[Kind, str], list[_MonthRow]]:
        found = defaultdict[tuple[Kind, str], list[_MonthRow]](list)
        for kind, slugs in by_kind(self._keys):
            condition, values = one_of("slug", slugs)
            rows = self._connection.execute(
                f"SELECT slug, {_COLUMNS} FROM feeds WHERE kind = ? AND {condition} AND month != '' "
                "ORDER BY month DESC",
                (kind, *values),
            )
            for slug, *row in rows:
                found[kind, slug].append(_MonthRow(*row))
        return found


class Months:
    """The months of a feed, newest first: counted as far as they are asked for, and once."""

    def __init__(
        self, connection: Connection, address: FeedAddress, query: StoryQuery, counted: FeedMonths | None = None
    ) -> None:
        """address: any of the feed. query: for the stories of the current feed. counted: of this feed and others."""
        self._months = tee(_months(connection, address, query, counted or FeedMonths(connection, [address])), 1)[0]

    def __iter__(self) -> Iterator[MonthSize]:
        return copy(self._months)


def _months(
    connection: Connection, address: FeedAddress, query: StoryQuery, counted: FeedMonths
) -> Iterator[MonthSize]:
    if has_size(connection, address, query):
        size_of = attrgetter(query.counted)
        yield from (MonthSize(row.month, size_of(row)) for row in counted.rows(address) if size_of(row))
    else:
        chosen, values = select_stories(connection, address, query, "o.month, count(*)")
        rows = connection.execute(f"{chosen} GROUP BY o.month ORDER BY o.month DESC", values)
        yield from (MonthSize(*row) for row in rows)


def last_changes(counted: FeedMonths, address: FeedAddress) -> list[LastChange]:
    """Return when the stories of each month last changed, oldest first: of a feed, or of all for a saved filter."""
    return [LastChange(row.month, row.revision, row.changed) for row in reversed(counted.rows(address))]


def _key(feed: FeedAddress) -> tuple[Kind, str]:
    return ("feed", "") if feed.kind == "custom" else (feed.kind, feed.slug)


def older_in_month(connection: Connection, address: FeedAddress, query: StoryQuery, url: str, published: int) -> int:
    """Return how many stories come after one of its month in the order of a feed. query: of that month."""
    chosen, values = select_stories(connection, address, query, "count(*)")
    is_after = "(o.published < ? OR o.published = ? AND o.url > ?)"
    number: int = connection.execute(f"{chosen} AND {is_after}", [*values, published, published, url]).fetchone()[0]
    return number
