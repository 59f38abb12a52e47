"""Reads from the index what the archives of a feed follow from: its stories by month, and when they changed."""

from collections.abc import Iterator
from copy import copy
from itertools import tee
from typing import Any, NamedTuple

from feedsvc.index.database import Connection
from feedsvc.index.query import StoryQuery, select_stories
from feedsvc.index.reader import has_size
from feedsvc.model import FeedAddress


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


class Months:
    """The months of a feed, newest first: counted as far as they are asked for, and once."""

    def __init__(self, connection: Connection, address: FeedAddress, query: StoryQuery) -> None:
        """address: any of the feed. query: for the stories of the current feed."""
        self._months = tee(_months(connection, address, query), 1)[0]

    def __iter__(self) -> Iterator[MonthSize]:
        return copy(self._months)


def _months(connection: Connection, address: FeedAddress, query: StoryQuery) -> Iterator[MonthSize]:
    if has_size(connection, address, query):
        month, size = "month", query.counted
        chosen = f"SELECT month, {size} FROM feeds WHERE kind = ? AND slug = ? AND month != '' AND {size} > 0"
        values: list[Any] = [address.kind, address.slug]
    else:
        month = "o.month"
        chosen, values = select_stories(connection, address, query, f"{month}, count(*)")
        chosen += f" GROUP BY {month}"
    for row in connection.execute(f"{chosen} ORDER BY {month} DESC", values):
        yield MonthSize(*row)


def last_changes(connection: Connection, address: FeedAddress) -> list[LastChange]:
    """Return when the stories of each month last changed, oldest first: of a feed, or of all for a saved filter."""
    key = ("feed", "") if address.kind == "custom" else (address.kind, address.slug)
    rows = connection.execute(
        "SELECT month, revision, changed FROM feeds WHERE kind = ? AND slug = ? AND month != '' ORDER BY month", key
    )
    return [LastChange(*row) for row in rows]


def older_in_month(connection: Connection, address: FeedAddress, query: StoryQuery, url: str, published: int) -> int:
    """Return how many stories come after one of its month in the order of a feed. query: of that month."""
    chosen, values = select_stories(connection, address, query, "count(*)")
    is_after = "(o.published < ? OR o.published = ? AND o.url > ?)"
    number: int = connection.execute(f"{chosen} AND {is_after}", [*values, published, published, url]).fetchone()[0]
    return number
