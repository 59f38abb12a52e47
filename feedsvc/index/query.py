"""Queries for the stories of a feed, in SQL."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from feedsvc.config import Feeds
from feedsvc.index.database import Connection, Dialect
from feedsvc.model import FILTERS, Counted, FeedAddress, Filter, Filters

#: A limit that no feed reaches.
ALL = 2**62
_DAY = 86_400  # seconds

#: SQL with its values.
_Condition: TypeAlias = tuple[str, list[Any]]


@dataclass(frozen=True, slots=True)
class StoryQuery:
    """Which of a feed's stories to select, newest first."""

    #: Each has to match.
    filters: tuple[Filters, ...] = ()
    counted: Counted = "stories"
    #: Whether the entries of founders, in feeds of primary stories, are those of their clusters as well.
    is_grouped: bool = False
    #: As `2020-06`; empty for all months.
    month: str = ""
    #: How many of the newest stories to leave out, and how many of the others to select at most.
    offset: int = 0
    limit: int = ALL


def has_feed(rules: Feeds) -> str:
    """Return the condition that a topic or provider has enough entries for a feed, on its row of `feeds`."""
    return f"{rules.counted} >= {rules.min_stories}"


def topics_with_feed(connection: Connection, slugs: Iterable[str], rules: Feeds) -> set[str]:
    """Return those of some topics, by slug, that have a feed."""
    dialect = connection.dialect
    rows = connection.execute(
        f"SELECT slug FROM feeds WHERE kind = 'topics' AND slug {dialect.in_list} AND month = '' AND {has_feed(rules)}",
        (dialect.as_list(slugs),),
    )
    return {slug for (slug,) in rows}


def ordering_table(address: FeedAddress, query: StoryQuery) -> str:
    """Return the table whose times order a feed's stories."""
    return "o" if address.kind == "topics" or query.counted == "clusters" else "s"


def newest_first(address: FeedAddress, query: StoryQuery) -> str:
    """Return the order of a feed's stories, which is that of a database index."""
    table = ordering_table(address, query)
    return f"{table}.month DESC, {table}.published DESC, {table}.url"


def select_stories(dialect: Dialect, address: FeedAddress, query: StoryQuery, columns: str) -> tuple[str, list[Any]]:
    """Return SQL and its values that select the stories of a feed, or the founders of its clusters, in no order.

    columns: of `ordering_table`. The SQL ends in a WHERE clause. The limit of the query is not in it.
    """
    source, asked = "stories s", conditions(dialect, address, query)
    table = ordering_table(address, query)
    if table == "o":
        is_joined = any("s." in condition for condition, _ in asked)
        held = "clusters" if query.counted == "clusters" else "story_topics"
        source = f"{held} o{' JOIN stories s ON s.url = o.url' if is_joined else ''}"
        asked.append(("o.slug = ?", [address.slug if address.kind == "topics" else ""]))
    elif address.kind == "providers":
        asked.append(("s.provider = ?", [address.slug]))
    if query.month:
        asked.append((f"{table}.month = ?", [query.month]))
    if query.counted == "primary_stories":
        asked.append((f"{table}.is_primary", []))
    where = " AND ".join(["TRUE", *(condition for condition, _ in asked)])
    return f"SELECT {columns} FROM {source} WHERE {where}", [value for _, values in asked for value in values]


def conditions(dialect: Dialect, address: FeedAddress, query: StoryQuery) -> list[_Condition]:
    """Return what filters ask of a story of a feed, as SQL conditions with their values.

    The story is `s`; its time is asked of `ordering_table`. Of a cluster, one record has to be all that is asked of a
    single story, and none what is left out.
    """
    table = ordering_table(address, query)
    is_cluster = query.counted == "clusters"
    found: list[_Condition] = []
    of_record: list[_Condition] = []
    for filter, value in [(FILTERS[name], value) for filters in query.filters for name, value in filters.items]:
        if not filter.column:
            continue
        if isinstance(value, date):
            found.append(_days(table, filter, value))
        elif not filter.is_repeatable:
            of_record.append((f"s.{filter.column} {filter.comparison} ?", [value]))
        else:
            condition, values = f"s.{filter.column} {dialect.in_list}", [dialect.as_list(value)]
            if filter.column == "topic":
                named = "clusters" if is_cluster else "story_topics"
                condition = f"EXISTS (SELECT 1 FROM {named} n WHERE n.url = {table}.url AND n.slug {dialect.in_list})"
            if filter.comparison == "not in":
                if is_cluster and filter.column != "topic":
                    condition, values = _any_record([(condition, values)])
                found.append((f"NOT {condition}", values))
            else:
                (found if filter.column == "topic" else of_record).append((condition, values))
    if is_cluster and of_record:
        return [*found, _any_record(of_record)]
    return [*found, *of_record]


def _any_record(asked: list[_Condition]) -> _Condition:
    """Return the condition that the founder `s`, or a record which joined it, meets others."""
    condition = " AND ".join(condition for condition, _ in asked)
    values = [value for _, values in asked for value in values]
    joined = f"SELECT 1 FROM joined j JOIN stories s ON s.url = j.url WHERE j.founder = o.url AND {condition}"
    return f"({condition} OR EXISTS ({joined}))", [*values, *values]


def _days(table: str, filter: Filter, day: date) -> _Condition:
    """Return the condition that a time is on a day or later, or on it or before, with its values."""
    first = (day - date(1970, 1, 1)).days * _DAY
    second = first if filter.comparison == ">=" else first + _DAY - 1
    # The month as well, by which the database's index begins, so that other months aren't passed over.
    asked = f"{table}.month {filter.comparison} ? AND {table}.{filter.column} {filter.comparison} ?"
    return asked, [day.isoformat()[:7], second]
