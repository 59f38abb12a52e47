"""The filters of feeds, as query strings and [[custom]] tables say them.

Filters are written in one canonical order: one choice of stories, one address.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlencode

from feedsvc.errors import FilterError
from feedsvc.text import slug as slug_of
from feedsvc.text import xml_text

RelatedMode = Literal["entries", "links", "none"]

MAX_LIMIT = 500
#: Of a parameter: its characters, and how often it may be repeated.
MAX_VALUE = 200
MAX_REPEATS = 20
_MAX_INTEGER = 2**31 - 1


#: Every filter in canonical order, and what it expects.
FILTERS = {
    "topic": "names of topics, any of which a story has",
    "provider": "names of providers",
    "type": "types of stories",
    "without_topic": "names of topics, none of which a story has",
    "without_provider": "names of providers",
    "min_quality": "a whole number",
    "min_heat": "a whole number",
    "related": '"entries", "links" or "none"',
    "limit": f"a number from 1 to {MAX_LIMIT}",
}


@dataclass(frozen=True, slots=True)
class Filters:
    """Which stories of a feed to take; an empty field filters nothing. Topics and providers are slugs, all sorted."""

    topic: tuple[str, ...] = ()
    provider: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    without_topic: tuple[str, ...] = ()
    without_provider: tuple[str, ...] = ()
    min_quality: int | None = None
    min_heat: int | None = None
    related: RelatedMode | None = None
    limit: int | None = None

    def without(self, defaults: "Filters") -> "Filters":
        """These filters, but for those that say what holds anyway."""
        same = {name for name in FILTERS if getattr(self, name) == getattr(defaults, name)}
        emptied: dict[str, Any] = {name: getattr(NO_FILTERS, name) for name in same}
        return replace(self, **emptied)

    @property
    def query(self) -> str:
        """The filters as a canonical query string, without `?`; empty if there are none."""
        return urlencode(self._pairs())

    @property
    def labels(self) -> list[str]:
        """The filters as people read them, in canonical order."""
        return [f"{name}={value}" for name, value in self._pairs()]

    def _pairs(self) -> list[tuple[str, Any]]:
        pairs: list[tuple[str, Any]] = []
        for name in FILTERS:
            value = getattr(self, name)
            if value is not None:
                pairs += [(name, one) for one in value] if isinstance(value, tuple) else [(name, value)]
        return pairs


NO_FILTERS = Filters()


def parse_filters(pairs: Iterable[tuple[str, Any]]) -> Filters:
    """Filters from names and values, texts or (of a configuration) numbers and lists. Raises FilterError.

    Names that aren't filters are passed over, and so are empty values, which a form sends for fields left blank.
    """
    given: dict[str, list[Any]] = {}
    for name, value in pairs:
        if name in FILTERS and value != "":
            given.setdefault(name, []).extend(value if isinstance(value, list | tuple) else [value])
    return Filters(**{name: _parse(name, values) for name, values in given.items()})


def _parse(name: str, values: list[Any]) -> Any:
    expects = FILTERS[name]
    if len(values) > MAX_REPEATS or any(isinstance(value, str) and len(value) > MAX_VALUE for value in values):
        raise FilterError(name, "what was given", f"{expects}; at most {MAX_REPEATS}, of {MAX_VALUE} characters each")
    if getattr(NO_FILTERS, name) == ():
        cleaned = set()
        for value in values:
            one = _cleaned(name, value) if isinstance(value, str) else ""
            if not one or len(one) > MAX_VALUE:  # a capital letter can come to several small ones
                raise FilterError(name, repr(value)[:MAX_VALUE], expects)
            cleaned.add(one)
        return tuple(sorted(cleaned))
    value = values[0]
    if len(values) > 1:
        raise FilterError(name, "a list", f"{expects}, once")
    if name == "related":
        if value not in ("entries", "links", "none"):
            raise FilterError(name, repr(value)[:MAX_VALUE], expects)
        return value
    if isinstance(value, str) and re.fullmatch(r"[-+]?[0-9]{1,10}", value):
        value = int(value)
    low, high = (1, MAX_LIMIT) if name == "limit" else (-_MAX_INTEGER, _MAX_INTEGER)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise FilterError(name, repr(value)[:MAX_VALUE], expects)
    return value


def _cleaned(name: str, value: str) -> str:
    """A name as a slug, a type as text that a feed's title can hold; empty if there is nothing in it."""
    text = " ".join(xml_text(value).split())
    return text.lower() if name == "type" else slug_of(value) if text else ""
