"""The filters of feeds, as parameters of an address and keys of a [[custom]] table.

Filters have one canonical order and spelling, so one choice of stories has one address. Adding a filter takes a value
in FILTERS, and the column of stories that it compares.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import partial
from typing import Any, Literal
from urllib.parse import urlencode

from msgspec import Struct

from feedsvc.errors import FilterError
from feedsvc.text import slug, xml_text

RelatedMode = Literal["entries", "clusters", "links", "none"]
#: What the entries of feeds are: all stories, mentions among them; clusters; or primary stories.
Counted = Literal["stories", "clusters", "primary_stories"]
COUNTED: dict[RelatedMode, Counted] = {
    "entries": "stories", "clusters": "clusters", "links": "primary_stories", "none": "primary_stories",
}  # fmt: skip
#: How a story's column is compared with the values of a filter.
Comparison = Literal["in", "not in", ">=", "<="]

MAX_LIMIT = 500
#: The characters of a parameter's value, and how often a parameter may be repeated.
MAX_VALUE = 200
MAX_REPEATS = 20
_MAX_INTEGER = 2**31 - 1


class Filter(Struct, frozen=True):
    """A parameter that chooses among the stories of a feed, or says how the feed shows them."""

    name: str
    #: What a value must be, as error messages put it.
    expected: str
    #: Return the canonical form of one value, a text or (from a configuration) a number or date; raise
    #: ValueError(value).
    parse: Callable[[Any], Any]
    #: What pages call it.
    label: str
    #: The column of stories that is compared, and how; empty for parameters that choose no stories.
    column: str = ""
    comparison: Comparison | None = None
    #: The values that a form offers, each with its label; empty where any value may be written.
    options: tuple[tuple[str, str], ...] = ()
    #: The attributes of the form's input element.
    attributes: tuple[tuple[str, str | int], ...] = ()
    #: What the form says of it.
    hint: str = ""

    @property
    def is_repeatable(self) -> bool:
        """Whether several values may be given, any of which matches."""
        return self.comparison in ("in", "not in")


def _name(value: Any) -> str:
    if not isinstance(value, str) or not xml_text(value).split():
        raise ValueError(value)
    return slug(value)


def _lower(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(value)
    return " ".join(xml_text(value).split()).lower()


def _integer(value: Any, low: int = -_MAX_INTEGER, high: int = _MAX_INTEGER) -> int:
    if isinstance(value, str) and re.fullmatch(r"[-+]?[0-9]{1,10}", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(value)
    return value


def _day(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", str(value)):
        raise ValueError(str(value))
    try:
        return date.fromisoformat(value)
    except ValueError as error:  # no month has that day
        raise ValueError(value) from error


def _related(value: Any) -> str:
    if value not in tuple(COUNTED):  # which may be of any type
        raise ValueError(value)
    return str(value)


_TEXT = (("maxlength", MAX_VALUE),)
_NUMBER = (("type", "number"),)
_DATE = (("type", "date"),)
_MODES = (
    ("", "as usual"),
    ("entries", "as entries and links"),
    ("clusters", "grouped"),
    ("links", "as links"),
    ("none", "none"),
)

#: Every filter by name, in canonical order.
FILTERS = {
    each.name: each
    for each in (
        Filter("topic", column="topic", comparison="in", parse=_name, label="Only the topic", attributes=_TEXT,
               expected="names of topics, any of which a story has"),
        Filter("provider", column="provider", comparison="in", parse=_name, label="Only the provider", attributes=_TEXT,
               expected="names of providers"),
        Filter("type", column="type", comparison="in", parse=_lower, label="Only the type", attributes=_TEXT,
               expected="types of stories"),
        Filter("category", column="category", comparison="in", parse=_lower, label="Only the category",
               attributes=_TEXT, expected="categories of stories"),
        Filter("without_topic", column="topic", comparison="not in", parse=_name, label="Without the topic",
               attributes=_TEXT, expected="names of topics, none of which a story has"),
        Filter("without_provider", column="provider", comparison="not in", parse=_name, label="Without the provider",
               attributes=_TEXT, expected="names of providers"),
        Filter("min_quality", column="quality", comparison=">=", parse=_integer, label="Quality of at least",
               attributes=_NUMBER, expected="a whole number", hint="how good a story is, as its record rates it"),
        Filter("min_heat", column="heat", comparison=">=", parse=_integer, label="Heat of at least",
               attributes=_NUMBER, expected="a whole number", hint="how much it is talked about, as its record says"),
        Filter("since", column="published", comparison=">=", parse=_day, label="From the day", attributes=_DATE,
               expected="a day such as 2020-06-13, in UTC"),
        Filter("until", column="published", comparison="<=", parse=_day, label="Up to the day", attributes=_DATE,
               expected="a day such as 2020-06-13, in UTC"),
        Filter("related", parse=_related, label="Related stories", options=_MODES,
               expected='"entries", "clusters", "links" or "none"'),
        Filter("limit", parse=partial(_integer, low=1, high=MAX_LIMIT), label="Entries",
               attributes=(*_NUMBER, ("min", 1), ("max", MAX_LIMIT)), expected=f"a number from 1 to {MAX_LIMIT}"),
    )
}  # fmt: skip


class Filters(Struct, frozen=True):
    """The filters of one feed."""

    #: Names and values in canonical order: of a repeatable filter a sorted tuple of texts, of others a number, date or
    #: text.
    items: tuple[tuple[str, Any], ...] = ()

    def get(self, name: str) -> Any:
        """Return the value of a filter, or None."""
        for known, value in self.items:
            if known == name:
                return value
        return None

    def replace(self, **values: Any) -> "Filters":
        """Return these filters with other values; None removes one."""
        merged = {**dict(self.items), **values}
        items = [(name, value) for name, value in merged.items() if value is not None]
        order = list(FILTERS)
        return Filters(tuple(sorted(items, key=lambda item: order.index(item[0]))))

    def without(self, defaults: "Filters") -> "Filters":
        """Return these filters without those that have the same value in `defaults`."""
        return Filters(tuple(item for item in self.items if item not in defaults.items))

    @property
    def query(self) -> str:
        """The canonical query string, without `?`; empty if there are no filters."""
        return urlencode(self._pairs()) if self.items else ""

    @property
    def labels(self) -> list[str]:
        """Each value as `name=value`, in canonical order."""
        return [f"{name}={value}" for name, value in self._pairs()]

    def _pairs(self) -> list[tuple[str, Any]]:
        pairs: list[tuple[str, Any]] = []
        for name, value in self.items:
            pairs += [(name, each) for each in value] if isinstance(value, tuple) else [(name, value)]
        return pairs


NO_FILTERS = Filters()


def parse_filters(pairs: Iterable[tuple[str, Any]]) -> Filters:
    """Return the filters that names and values say: texts or (from a configuration) numbers, dates and lists.

    Names that are no filters are ignored, and so are empty values, which a form sends for fields left blank.
    Raise FilterError for a value that a filter can't have.
    """
    given: dict[str, list[Any]] = {}
    for name, value in pairs:
        if name in FILTERS and value != "":
            given.setdefault(name, []).extend(value if isinstance(value, list | tuple) else [value])
    filters = NO_FILTERS.replace(**{name: _parse(FILTERS[name], values) for name, values in given.items()})
    since, until = filters.get("since"), filters.get("until")
    if since and until and since > until:
        raise FilterError("since", repr(str(since)), f"a day up to until, which is {until}")
    return filters


def _parse(filter: Filter, values: list[Any]) -> Any:
    expected = filter.expected
    if len(values) > MAX_REPEATS or any(isinstance(value, str) and len(value) > MAX_VALUE for value in values):
        raise FilterError(
            filter.name, "what was given", f"{expected}; at most {MAX_REPEATS}, of {MAX_VALUE} characters each"
        )
    if len(values) > 1 and not filter.is_repeatable:
        raise FilterError(filter.name, "a list", f"{expected}, once")
    parsed = set()
    for value in values:
        try:
            one = filter.parse(value)
            if one == "" or len(str(one)) > MAX_VALUE:  # a capital letter can come to several small ones
                raise ValueError(value)
        except ValueError as error:
            raise FilterError(filter.name, repr(error.args[0])[:MAX_VALUE], expected) from error
        parsed.add(one)
    return tuple(sorted(parsed)) or None if filter.is_repeatable else parsed.pop() if parsed else None
