"""Says in SQL which stories a feed takes."""

from dataclasses import dataclass
from typing import Any

from feedsvc.index.database import Dialect
from feedsvc.model import FILTERS, FeedAddress, Filters


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which stories of a feed to take, newest first."""

    #: Each has to be met.
    filters: tuple[Filters, ...] = ()
    primary_only: bool = False
    #: How many at most; None for all.
    limit: int | None = None


def table(address: FeedAddress) -> str:
    """The table whose times order a feed's stories."""
    return "o" if address.kind == "topics" else "s"


def newest_first(address: FeedAddress) -> str:
    """The order of a feed's stories, as an index has it."""
    ordering = table(address)
    return f"{ordering}.month DESC, {ordering}.published DESC, {ordering}.url"


def choose(
    dialect: Dialect, address: FeedAddress, wanted: Wanted, columns: str, of_all: bool = False
) -> tuple[str, list[Any]]:
    """SQL and its values: the stories of a feed, or of all feeds of its kind, in no order.

    columns: of the stories `s`, and of a topic's also `o`. The SQL ends in a WHERE clause.
    """
    source = "story_topics o JOIN stories s ON s.url = o.url" if address.kind == "topics" else "stories s"
    asked = conditions(dialect, wanted)
    if address.kind in ("topics", "providers") and not of_all:
        asked.append(("o.slug = ?" if address.kind == "topics" else "s.provider = ?", [address.slug]))
    if address.month:
        asked.append((f"{table(address)}.month = ?", [address.month]))
    if wanted.primary_only:
        asked.append((f"{table(address)}.is_primary", []))
    where = " AND ".join(["TRUE", *(condition for condition, _ in asked)])
    return f"SELECT {columns} FROM {source} WHERE {where}", [value for _, values in asked for value in values]


def conditions(dialect: Dialect, wanted: Wanted) -> list[tuple[str, list[Any]]]:
    """Return what filters ask of a story `s`, as SQL conditions with their values."""
    found: list[tuple[str, list[Any]]] = []
    for filters in wanted.filters:
        for name, value in filters.items:
            filter = FILTERS[name]
            if not filter.column:
                continue
            if not filter.is_repeatable:
                found.append((f"s.{filter.column} {filter.comparison} ?", [value]))
                continue
            condition = f"s.{filter.column} {dialect.in_list}"
            if filter.column == "topic":
                condition = f"EXISTS (SELECT 1 FROM story_topics n WHERE n.url = s.url AND n.slug {dialect.in_list})"
            found.append((f"NOT {condition}" if filter.comparison == "not in" else condition, [dialect.as_list(value)]))
    return found
