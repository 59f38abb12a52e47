"""Queries for the stories of a feed, in SQL.

Filters compare columns that each table of stories has, in the order of feeds: so one that few stories meet passes over
the others without a look elsewhere. Topics are looked up, unless one of them is where the query begins.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, TypeAlias

from msgspec import Struct

from feedsvc.config import Feeds
from feedsvc.index.database import Connection, Dialect
from feedsvc.index.schema import FACETS
from feedsvc.model import FILTERS, KINDS, Counted, FeedAddress, Filter, Filters, Kind

#: A limit that no feed reaches.
ALL = 2**62
#: The order of feeds, which is that of the database's indexes.
NEWEST_FIRST = "o.month DESC, o.published DESC, o.url"
_DAY = 86_400  # seconds
#: How much longer it takes to select stories that have one of several topics, each once and in order, than to pass over
#: as many; and to look up a topic of a story, than to add one to a set.
_SORTING, _LOOK_UP = 20, 2
_COLUMNS = ", ".join(
    ("url", "occurrence", "is_primary", "published", "month", *(facet.name for facet in FACETS), "provider")
)

#: SQL with its values.
_Condition: TypeAlias = tuple[str, list[Any]]


class StoryQuery(Struct, frozen=True):
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

    @property
    def is_filtered(self) -> bool:
        """Whether filters choose among the stories."""
        return bool(self.compared())

    def compared(self) -> list[tuple[Filter, Any]]:
        """Return the filters that choose among the stories, with their values."""
        named = [item for filters in self.filters for item in filters.items]
        return [(FILTERS[name], value) for name, value in named if FILTERS[name].column]


def has_feed(rules: Feeds) -> str:
    """Return the condition that a topic or provider has enough entries for a feed, on its row of `feeds`."""
    return f"{rules.counted} >= {rules.min_stories}"


def slugs_with_feed(connection: Connection, kind: Kind, slugs: Iterable[str], rules: Feeds | None) -> set[str]:
    """Return those of some topics or providers, by slug, that have a feed; without rules, those that a story has."""
    is_counted = has_feed(rules) if rules else "TRUE"
    sql = f"SELECT slug FROM feeds WHERE kind = ? AND slug = ANY(?) AND month = '' AND {is_counted}"
    rows = connection.execute(sql, [kind, list(slugs)])
    return {slug for (slug,) in rows}


def select_stories(
    connection: Connection, address: FeedAddress, query: StoryQuery, columns: str
) -> tuple[str, list[Any]]:
    """Return SQL and its values that select the stories of a feed, or the founders of its clusters, in no order.

    columns: of `o`, which has those of the table `stories`. The SQL ends in a WHERE clause. The limit of the query is
    not in it. It begins with the rarest topic or provider that is chosen, or with all stories if none is rare.
    """
    dialect, is_cluster = connection.dialect, query.counted == "clusters"
    chosen, left_out = _choices(address, query)
    if not all(choice.slugs for choice in chosen):  # what is chosen is left out, too
        return f"SELECT {columns} FROM stories o WHERE FALSE", []
    everything = _measure(connection, query, [*chosen, *left_out]) if query.is_filtered else 0
    start = min(chosen, key=_Choice.cost, default=None)
    if start and len(start.slugs) > 1 and start.cost() > everything:
        start = None
    held = "clusters" if is_cluster else "story_topics"
    source, values, asked = "stories o", list[Any](), list[_Condition]()
    if start and start.column == "topic" and len(start.slugs) > 1:
        source = f"(SELECT DISTINCT {_COLUMNS} FROM {held} WHERE slug = ANY(?)) o"
        values.append(list(start.slugs))
    elif is_cluster or (start and start.column == "topic"):
        source = f"{held} o"
        asked.append(("o.slug = ?", list(start.slugs) if start else [""]))
    compared = _conditions(query)
    compared += [one_of("o.provider", choice.slugs) for choice in chosen if choice.column == "provider"]
    passed_over = start.size if start else everything
    for choice in [*chosen, *left_out]:
        if choice.column == "topic" and choice is not start:
            condition = _has_topic(dialect, held, choice, passed_over, compared)
            asked.append(_not(condition) if choice in left_out else condition)
    where, more = _all([*compared, *asked])
    return f"SELECT {columns} FROM {source} WHERE {where}", [*values, *more]


class _Choice(Struct):
    """Topics or providers, one of which a story has to have, or none."""

    column: str
    slugs: tuple[str, ...]
    #: The number of stories that have each of them, summed up.
    size: int = 0

    def cost(self) -> int:
        """Return what it takes to begin with them, as a number of stories that are passed over."""
        return self.size * (1 if len(self.slugs) == 1 else _SORTING)


def _choices(address: FeedAddress, query: StoryQuery) -> tuple[list[_Choice], list[_Choice]]:
    """Return the topics and providers that are chosen, without those that are left out; and the topics that are.

    The providers of clusters are a matter of their records.
    """
    columns = ["topic"] if query.counted == "clusters" else list(KINDS)
    chosen = [(column, (address.slug,)) for column in columns if KINDS[column] == address.kind]
    left_out: list[tuple[str, tuple[str, ...]]] = []
    for filter, value in query.compared():
        if filter.column in columns:
            (chosen if filter.comparison == "in" else left_out).append((filter.column, value))
    excluded = {(column, slug) for column, slugs in left_out for slug in slugs}
    return (
        [_Choice(column, tuple(slug for slug in slugs if (column, slug) not in excluded)) for column, slugs in chosen],
        [_Choice(column, slugs) for column, slugs in left_out if column == "topic"],
    )


def _measure(connection: Connection, query: StoryQuery, choices: Sequence[_Choice]) -> int:
    """Set the sizes of choices, and return that of everything, as the index has counted them."""
    rows = connection.execute(
        f"SELECT kind, slug, {query.counted} FROM feeds WHERE kind = ANY(?) AND slug = ANY(?) AND month = ''",
        [["feed", *KINDS.values()], ["", *{slug for choice in choices for slug in choice.slugs}]],
    )
    sizes: dict[tuple[str, str], int] = {(kind, slug): size for kind, slug, size in rows}
    for choice in choices:
        choice.size = sum(sizes.get((KINDS[choice.column], slug), 0) for slug in choice.slugs)
    return sizes.get(("feed", ""), 0)


def _has_topic(
    dialect: Dialect, held: str, choice: _Choice, passed_over: int, compared: list[_Condition]
) -> _Condition:
    """Return the condition that a story has one of some topics.

    passed_over: how many stories it is asked of, at most. compared: what they meet beside that.
    """
    named = [list(choice.slugs)]
    if dialect.needs_sets and choice.size < passed_over * len(choice.slugs) * _LOOK_UP:
        where, values = _all([("o.slug = ANY(?)", named), *compared])
        return f"o.occurrence IN (SELECT o.occurrence FROM {held} o WHERE {where})", values
    return f"EXISTS (SELECT 1 FROM {held} n WHERE n.url = o.url AND n.slug = ANY(?))", named


def _conditions(query: StoryQuery) -> list[_Condition]:
    """Return what is asked of a story `o` beside its topics, and the provider that is chosen.

    Of a cluster, one record has to be all that is asked of a single story, and none what is left out.
    """
    is_cluster = query.counted == "clusters"
    found: list[_Condition] = [("o.month = ?", [query.month])] if query.month else []
    if query.counted == "primary_stories":
        found.append(("o.is_primary", []))
    asked: list[tuple[Filter, Any]] = []
    for filter, value in query.compared():
        if isinstance(value, date):
            found.append(_days(filter, value))
        elif filter.column == "topic" or (filter.column == "provider" and filter.comparison == "in" and not is_cluster):
            continue
        elif filter.comparison == "not in":
            found.append(_not(_any_record([(filter, value)]) if is_cluster else _has_value(filter, value, "o")))
        else:
            asked.append((filter, value))
    if is_cluster and asked:
        return [*found, _any_record(asked)]
    return [*found, *(_has_value(*each, "o") for each in asked)]


def _has_value(filter: Filter, value: Any, table: str) -> _Condition:
    """Return the condition that a story of a table has what a filter asks for, or leaves out."""
    column = f"{table}.{filter.column}"
    return one_of(column, value) if filter.is_repeatable else (f"{column} {filter.comparison} ?", [value])


def _any_record(asked: list[tuple[Filter, Any]]) -> _Condition:
    """Return the condition that a founder has all that is asked for, or a record `s` which joined it does."""
    own, values = _all(_has_value(*each, "o") for each in asked)
    other, more = _all(_has_value(*each, "s") for each in asked)
    joined = f"SELECT 1 FROM joined j JOIN stories s ON s.url = j.url WHERE j.founder = o.url AND {other}"
    return f"({own} OR EXISTS ({joined}))", [*values, *more]


def one_of(column: str, values: Sequence[str]) -> _Condition:
    """Return the condition that a column has one of some values."""
    if len(values) == 1:  # which the database's index is in the order of
        return f"{column} = ?", list(values)
    return f"{column} = ANY(?)", [list(values)]


def _not(condition: _Condition) -> _Condition:
    return f"NOT {condition[0]}", condition[1]


def _all(conditions: Iterable[_Condition]) -> _Condition:
    conditions = list(conditions)
    return " AND ".join(["TRUE", *(sql for sql, _ in conditions)]), [value for _, some in conditions for value in some]


def _days(filter: Filter, day: date) -> _Condition:
    """Return the condition that a time is on a day or later, or on it or before, with its values."""
    first = (day - date(1970, 1, 1)).days * _DAY
    second = first if filter.comparison == ">=" else first + _DAY - 1
    # The month as well, by which the database's index begins, so that other months aren't passed over.
    asked = f"o.month {filter.comparison} ? AND o.{filter.column} {filter.comparison} ?"
    return asked, [day.isoformat()[:7], second]
