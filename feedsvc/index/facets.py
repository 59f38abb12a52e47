"""The values that stories have of what filters compare: their topics and providers, and their facets that are texts."""

from collections import Counter
from collections.abc import Iterable

from feedsvc.config import Feeds
from feedsvc.index.database import Connection
from feedsvc.index.query import slugs_with_feed
from feedsvc.index.schema import FACETS
from feedsvc.model import FILTERS, KINDS, Filters

#: The numbers of stories by facet and value.
ValueCounts = Counter[tuple[str, str]]


def count_values(connection: Connection, is_affected: str) -> ValueCounts:
    """Return how many stories `t` have each value of each facet that is a text."""
    counts: ValueCounts = Counter()
    for name in _texts():
        rows = connection.execute(
            f"SELECT {name}, count(*) FROM stories t WHERE {is_affected} AND {name} != '' GROUP BY {name}"
        )
        counts.update({(name, value): number for value, number in rows})
    return counts


def update_values(connection: Connection, before: ValueCounts, after: ValueCounts) -> None:
    """Bring the table of values in step with stories that were counted before and after a change."""
    after.subtract(before)
    connection.executemany(
        "INSERT INTO facet_values VALUES (?, ?, ?) ON CONFLICT (facet, value) "
        "DO UPDATE SET stories = facet_values.stories + excluded.stories",
        [(*key, number) for key, number in sorted(after.items()) if number],
    )
    connection.execute("DELETE FROM facet_values WHERE stories = 0")


def unknown_values(connection: Connection, filters: Filters, rules: Feeds | None = None) -> list[tuple[str, str]]:
    """Return the names of filters with those of their values that no story has, looked up by key.

    rules: with them, topics and providers that are chosen must have a feed, since that is what choosing them leads to.
    """
    found = []
    for name, values in filters.items:
        column = FILTERS[name].column
        if FILTERS[name].is_repeatable and column in (*KINDS, *_texts()):
            known = _known(connection, column, values, rules if FILTERS[name].comparison == "in" else None)
            found += [(name, value) for value in values if value not in known]
    return found


def _known(connection: Connection, column: str, values: Iterable[str], rules: Feeds | None) -> set[str]:
    """Return those of some values that a story has; with rules, those topics and providers that have a feed."""
    if column in KINDS:
        return slugs_with_feed(connection, KINDS[column], values, rules)
    sql = "SELECT value FROM facet_values WHERE facet = ? AND value = ANY(?)"
    return {value for (value,) in connection.execute(sql, [column, list(values)])}


def list_values(connection: Connection, facet: str) -> list[str]:
    """Return all values of a facet that is a text, in order."""
    rows = connection.execute("SELECT value FROM facet_values WHERE facet = ?", (facet,))
    return sorted(value for (value,) in rows)


def _texts() -> list[str]:
    return [facet.name for facet in FACETS if facet.type == "text"]
