"""Queries for the stories of a feed, in SQL."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from feedsvc.config import Feeds
from feedsvc.index.database import Connection, Dialect
from feedsvc.model import FILTERS, FeedAddress, Filter, Filters

#: A limit that no feed reaches.
ALL = 2**62
_DAY = 86_400  # seconds


@dataclass(frozen=True, slots=True)
class StoryQuery:
    """Which of a feed's stories to select, newest first."""

    #: Each has to match.
    filters: tuple[Filters, ...] = ()
    primary_only: bool = False
    #: As `2020-06`; empty for all months.
    month: str = ""
    #: How many of the newest stories to leave out, and how many of the others to select at most.
    offset: int = 0
    limit: int = ALL


def size_column(primary_only: bool) -> str:
    """Return the column of `feeds` with the number of a feed's stories."""
    return "primary_stories" if primary_only else "stories"


def has_feed(rules: Feeds) -> str:
    """Return the condition that a topic or provider has enough stories for a feed, on its row of `feeds`."""
    return f"{size_column(rules.primary_only)} >= {rules.min_stories}"


def topics_with_feed(connection: Connection, slugs: Iterable[str], rules: Feeds) -> set[str]:
    """Return those of some topics, by slug, that have a feed."""
    dialect = connection.dialect
    rows = connection.execute(
        f"SELECT slug FROM feeds WHERE kind = 'topics' AND slug {dialect.in_list} AND month = '' AND {has_feed(rules)}",
        (dialect.as_list(slugs),),
    )
    return {slug for (slug,) in rows}


def ordering_table(address: FeedAddress) -> str:
    """Return the table whose times order a feed's stories."""
    return "o" if address.kind == "topics" else "s"


def newest_first(address: FeedAddress) -> str:
    """Return the order of a feed's stories, which is that of a database index."""
    table = ordering_table(address)
    return f"{table}.month DESC, {table}.published DESC, {table}.url"


def select_stories(dialect: Dialect, address: FeedAddress, query: StoryQuery, columns: str) -> tuple[str, list[Any]]:
    """Return SQL and its values that select the stories of a feed, whatever the limit, in no order.

    columns: of `ordering_table`. The SQL ends in a WHERE clause.
    """
    source, asked = "stories s", conditions(dialect, address, query)
    if address.kind == "topics":
        is_joined = any("s." in condition for condition, _ in asked)
        source = f"story_topics o{' JOIN stories s ON s.url = o.url' if is_joined else ''}"
    if address.kind in ("topics", "providers"):
        asked.append(("o.slug = ?" if address.kind == "topics" else "s.provider = ?", [address.slug]))
    if query.month:
        asked.append((f"{ordering_table(address)}.month = ?", [query.month]))
    if query.primary_only:
        asked.append((f"{ordering_table(address)}.is_primary", []))
    where = " AND ".join(["TRUE", *(condition for condition, _ in asked)])
    return f"SELECT {columns} FROM {source} WHERE {where}", [value for _, values in asked for value in values]


def conditions(dialect: Dialect, address: FeedAddress, query: StoryQuery) -> list[tuple[str, list[Any]]]:
    """Return what filters ask of a story of a feed, as SQL conditions with their values.

    The story is `s`; its time is asked of `ordering_table`.
    """
    found: list[tuple[str, list[Any]]] = []
    for filters in query.filters:
        for name, value in filters.items:
            filter = FILTERS[name]
            if not filter.column:
                continue
            if isinstance(value, date):
                found.append(_days(ordering_table(address), filter, value))
                continue
            if not filter.is_repeatable:
                found.append((f"s.{filter.column} {filter.comparison} ?", [value]))
                continue
            condition = f"s.{filter.column} {dialect.in_list}"
            if filter.column == "topic":
                condition = f"EXISTS (SELECT 1 FROM story_topics n WHERE n.url = s.url AND n.slug {dialect.in_list})"
            values = [dialect.as_list(value)]
            found.append((f"NOT {condition}" if filter.comparison == "not in" else condition, values))
    return found


def _days(table: str, filter: Filter, day: date) -> tuple[str, list[Any]]:
    """Return the condition that a time is on a day or later, or on it or before, with its values."""
    first = (day - date(1970, 1, 1)).days * _DAY
    second = first if filter.comparison == ">=" else first + _DAY - 1
    # The month as well, by which the database's index begins, so that other months aren't passed over.
    asked = f"{table}.month {filter.comparison} ? AND {table}.{filter.column} {filter.comparison} ?"
    return asked, [day.isoformat()[:7], second]
