"""The expressions that say where a field's value is in a record: paths, templates and constants.

- `headline.main`: a path of keys. Digits are a position in a list; any other key of a list is that of each of its
  items. `$.` before it starts at the top of the file, where the record is in a list below. The first key matches
  without regard to case, `_`, `-` and spaces, where no other one matches exactly. `|words` after it splits a text.
- `{site}/{year}/{title|slug}/`: a template, which has a value where all of its names have one. `|slug`, `|lower`,
  `|date` (of a path such as 2020/06/13/title) and `|rest` (a path without its first folder) change a name's value.
- `=Example`: a constant.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Protocol, TypeAlias

from msgspec import Struct

from feedsvc.records.file_names import read_file_name
from feedsvc.records.values import Fields, Items, Placed, Value
from feedsvc.text import MAX_TEXT

#: A value with its line, and the key or expression that it came from, as the file has it.
Located: TypeAlias = tuple[Placed, str]

#: The most items of a list that a path looks at.
MAX_ITEMS = 1000
#: The names of templates that are not keys of records. Those that may be empty are joined with what is around them.
TEMPLATE_NAMES = (
    "site", "year", "month", "day", "slug", "categories", "file.date", "file.name", "file.parent", "file.slug",
)  # fmt: skip
_MAY_BE_EMPTY = frozenset(("categories", "file.parent"))
_TEMPLATE_PART = re.compile(r"\{([^{}]*)\}")
_SEPARATORS = str.maketrans("", "", "_- ")
_SLASHES = re.compile(r"(?<!:)//+")
#: The characters of a value that would end the path of an address.
_RESERVED = str.maketrans({"?": "%3F", "#": "%23"})


def _web_slug(text: str) -> str:
    """Return the slug that site generators make of a text: lower-case words without accents and punctuation."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return re.sub(r"[\s_-]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower()).strip("-")


#: What a template may do with a name, as in `{title|slug}`.
FILTERS: dict[str, Callable[[str], str]] = {
    "date": lambda path: read_file_name(path).date,
    "lower": str.lower,
    "rest": lambda path: path.partition("/")[2],
    "slug": _web_slug,
}


class Scope(Protocol):
    """Where expressions find values."""

    record: Fields
    #: The mapping at the top of the file; None where that is the record.
    top: Fields | None

    def key(self, name: str) -> str | None:
        """Return the key of the record that a name matches, or None."""

    def name(self, name: str) -> str:
        """Return the value of one of TEMPLATE_NAMES, empty if there is none."""


class Path(Struct, frozen=True):
    """A path of keys and positions."""

    text: str
    keys: tuple[str, ...]
    from_top: bool = False
    #: Whether a text is a list of words.
    is_words: bool = False

    @property
    def is_key(self) -> bool:
        """Whether it is nothing but a key of the record."""
        return len(self.keys) == 1 and not self.from_top and not self.is_words

    def find(self, scope: Scope, key: str | None) -> Located | None:
        """Return a value with its line, and the path as the file spells it; or None if there is no value.

        key: the key of the record that it begins with.
        """
        if self.from_top:
            found = follow((scope.top, scope.top.line), self.keys) if scope.top is not None else None
            return (found, self.text) if found else None
        if key is not None and (found := follow(scope.record[key], self.keys[1:])):
            if self.is_words:
                found = _words(found)
            return found, self.text if key == self.keys[0] and not self.is_words else ".".join((key, *self.keys[1:]))
        # Tables that were made flat have keys such as "source.name".
        key = self.text if self.text in scope.record else None
        return (scope.record[key], key) if key is not None else None


class Template(Struct, frozen=True):
    """A text with names in braces: texts, and between each two of them a name with its filters."""

    text: str
    parts: tuple[str, ...]
    names: tuple[tuple[str, Path, tuple[str, ...]], ...]

    def find(self, scope: Scope, key: str | None = None) -> Located | None:
        """Return the text with values in place of its names; None if one of them has no value."""
        filled = self.parts[0]
        for (name, path, filters), part in zip(self.names, self.parts[1:], strict=True):
            value = scope.name(name) if name in TEMPLATE_NAMES else _text(path.find(scope, scope.key(path.keys[0])))
            for each in filters:
                value = FILTERS[each](value)
            if not value and name not in _MAY_BE_EMPTY:
                return None
            filled += (value if name == "site" else value.translate(_RESERVED)) + part
            if len(filled) > MAX_TEXT:  # no field can have it
                break
        return (_SLASHES.sub("/", filled), scope.record.line), self.text


class Constant(Struct, frozen=True):
    """A text that is the same for all records."""

    text: str

    def find(self, scope: Scope, key: str | None = None) -> Located:
        """Return the text."""
        return (self.text[1:], scope.record.line), self.text


Expression: TypeAlias = Path | Template | Constant


@lru_cache(4096)
def parse_expression(text: str) -> Expression:
    """Return the expression that a text is. Raise ValueError, which says what is expected."""
    if text.startswith("="):
        return Constant(text)
    if "{" in text or "}" in text:
        return _template(text)
    return _path(text)


def _path(text: str) -> Path:
    from_top = text.startswith("$.")
    path = text.removesuffix("|words")
    keys = tuple((path[2:] if from_top else path).split("."))
    if "|" in path:
        raise ValueError(f"expected |words after a path, not |{path.partition('|')[2]}")
    if not all(key.strip() for key in keys):
        raise ValueError("expected a key or a path of keys such as source.name")
    return Path(text, keys, from_top, path != text)


def _words(found: Placed) -> Placed:
    """Return the words of a text as a list, but for one with commas; any other value as it is."""
    value, line = found
    return ([(word, line) for word in value.split()] if isinstance(value, str) and "," not in value else value), line


def _template(text: str) -> Template:
    parts = _TEMPLATE_PART.split(text)
    if any("{" in part or "}" in part for part in parts[::2]):
        raise ValueError("expected each { of a template to have its }, as in {site}/{slug}/")
    names = []
    for written in parts[1::2]:
        name, *filters = (each.strip() for each in written.split("|"))
        if name.startswith("file.") and name not in TEMPLATE_NAMES:
            raise ValueError(f"expected {{file.date}}, {{file.name}}, {{file.parent}} or {{file.slug}}, not {{{name}}}")
        for each in filters:
            if each not in FILTERS:
                raise ValueError(f"expected one of |{', |'.join(FILTERS)}, not |{each}")
        try:
            names.append((name, _path(name), tuple(filters)))
        except ValueError as error:
            raise ValueError("expected a name in each { } of a template, as in {site}/{slug}/") from error
    return Template(text, tuple(parts[::2]), tuple(names))


def _text(found: Located | None) -> str:
    """Return the text of a value, the first one of a list; empty if it has none."""
    value: Value = found[0][0] if found else None
    for item, _ in [(value, 0)] if not isinstance(value, list) else value[:MAX_ITEMS]:
        if isinstance(item, str) and item.strip():
            return item.strip()
    return ""


def follow(start: Placed, keys: tuple[str, ...]) -> Placed | None:
    """Return the value at a path, or None. It is a list if the path goes through the items of one."""
    here = start
    for key in keys:  # most paths lead through mappings alone
        value = here[0]
        if isinstance(value, list):
            break
        if not isinstance(value, Fields) or (inner := value.get(key)) is None:
            return None
        here = inner
    else:
        return here
    values: Items = [start]
    is_list = False
    for key in keys:
        found: Items = []
        for value, _ in values:
            if isinstance(value, Fields):
                if key in value:
                    found.append(value[key])
            elif isinstance(value, list):
                if key.isdecimal():
                    found += value[int(key) : int(key) + 1] if len(key) < 9 else []
                    continue
                is_list = True
                found += (item[key] for item in _mappings(value) if key in item)
        values = found[:MAX_ITEMS]
        if not values:
            return None
    if not is_list:
        return values[0]
    flat: Items = []
    for placed in values:
        flat += placed[0][:MAX_ITEMS] if isinstance(placed[0], list) else [placed]
    return flat[:MAX_ITEMS], values[0][1]


def _mappings(items: Items) -> Iterator[Fields]:
    """Return the mappings in a list, and in the lists that are its items."""
    for item, _ in items[:MAX_ITEMS]:
        if isinstance(item, Fields):
            yield item
        elif isinstance(item, list):
            yield from (inner for inner, _ in item[:MAX_ITEMS] if isinstance(inner, Fields))


@lru_cache(4096)
def normal_key(key: str) -> str:
    """Return a key in lower case without `_`, `-` and spaces."""
    return key.translate(_SEPARATORS).lower()
