"""Reads the fields of one mapping of a record, and collects a problem for each that can't be used."""

from collections.abc import Callable, Iterable, Iterator, Set
from functools import partial
from typing import Any, TypeAlias

from msgspec import Struct

from feedsvc.records.content.cleaning import content_html
from feedsvc.records.content.html import is_html
from feedsvc.records.context import Context
from feedsvc.records.converters import SharedFault
from feedsvc.records.problems import Problems
from feedsvc.records.times import instant
from feedsvc.records.values import (
    ABSENT,
    EMPTY,
    NO_VALUES,
    Fields,
    Items,
    Number,
    Value,
    is_absent,
    is_no_value,
    show,
)
from feedsvc.text import MAX_TEXT, plain_text

#: Converts the text of a field in a context, or raises ValueError.
Convert: TypeAlias = Callable[[str, Context], Any]
#: A field that holds one value: what `scalar` takes.
Scalar: TypeAlias = tuple[str, Convert, str, tuple[str, ...]]

_BOOLEANS = {
    "true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False,
}  # fmt: skip
#: The keys of a mapping that stands for a name, and for an image, as records of many formats have them.
NAME_KEYS = ("name", "label", "term", "title")
IMAGE_KEYS = ("url", "contentUrl", "href", "src")
_NAME_FIELDS = frozenset(NAME_KEYS)


def scalar(convert: Convert, *keys: str, expected: str = "") -> Scalar:
    """Return a field that holds one value.

    keys: its own, and those that stand in for it where it is absent. expected: what is, where the field is required.
    """
    return keys[0], convert, expected, keys[1:]


class FieldReader(Struct):
    """Reads the fields of one mapping."""

    fields: Fields
    #: The keys of all fields that may be read.
    known: Set[str]
    problems: Problems
    context: Context
    #: Where the mapping is: the value of a field of another one, or an item of that value.
    parent: "FieldReader | None" = None
    key: str = ""
    position: int | None = None
    #: Whether a text stands in the mapping's place, as the value of its one field.
    of_text: bool = False

    def __post_init__(self) -> None:
        if self.fields.repeated:
            for key, line in self.fields.repeated.items():
                if key in self.known:  # its last value is read
                    self.problem(key, "stands here again, and replaces what stood before; expected once", line=line)
            self.fields.repeated = None  # aliases of the mapping, which may be many, have the same problems

    @property
    def prefix(self) -> str:
        """What comes before the name of a field in a problem, such as `images[0].`; empty at the top of a record."""
        if not self.parent:
            return ""
        if self.fields.origin is not None and self.position is None:  # a mapping that the file doesn't have
            return self.parent.prefix
        return f"{self.parent.shown(self.key)}{'' if self.position is None else f'[{self.position}]'}."

    def shown(self, key: str) -> str:
        """Return the name of a field, or of an item of it, as the file has it."""
        name, bracket, position = key.partition("[")
        origin = (self.fields.origin or {}).get(name)
        return f"{self.prefix}{origin}{bracket}{position}" if origin else self.prefix + key

    def problem(
        self, key: str, message: str, value: Value = None, line: int | None = None, *, once: bool = False
    ) -> None:
        """Add a problem of a field.

        message: what is expected. value: what can't be used, to be shown. once: whether the first problem of a file
        with this message speaks for all others.
        """
        shown = "" if value is None else f"{show(value)} can't be used: "
        at = line or (self.fields[key][1] if key in self.fields else self.fields.line)
        name = self.prefix.removesuffix(".") if self.of_text else self.shown(key)
        if once:
            self.problems.add_once(at, name, shown, message)
        else:
            self.problems.add(at, name, shown + message)

    def nested(
        self, fields: Fields, known: Set[str], key: str, position: int | None = None, of_text: bool = False
    ) -> "FieldReader":
        """Return a reader for a mapping that is the value of a field, or an item of it."""
        return FieldReader(fields, known, self.problems, self.context, self, key, position, of_text)

    def read(self, scalars: Iterable[Scalar]) -> list[Any]:
        """Return the converted values of scalar fields: None for each that is absent, empty, or a problem."""
        values: list[Any] = []
        get, context = self.fields.get, self.context
        for key, convert, expected, others in scalars:
            placed = get(key)
            if placed is None and not (others or expected):
                values.append(None)
                continue
            value = None if placed is None else placed[0]
            if others and is_absent(value):
                key, value = self.first(key, *others)
            converted = None
            try:
                if isinstance(value, str):
                    # A title may be such a word.
                    if value not in EMPTY or (expected and value and not isinstance(value, Number)):
                        converted = convert(value, context)
                elif not (value is None or is_absent(value)):
                    raise ValueError("expected text")
            except ValueError as error:
                if not is_no_value(value):
                    self.problem(key, str(error), value, once=isinstance(error, SharedFault))
                    values.append(None)
                    continue
            if expected and not converted:
                self.problem(key, f"is missing; expected {expected}")
            values.append(converted)
        return values

    def first(self, *keys: str) -> tuple[str, Value]:
        """Return (key, value) of the first of several fields that isn't absent; without one, of the first of all."""
        for key in keys:
            value, _ = self.fields.get(key, ABSENT)
            if not is_absent(value):
                return key, value
        return keys[0], self.fields.value_of(keys[0])

    def read_one(self, key: str, convert: Convert) -> Any:
        """Return the converted value of one scalar field, or None, as `read` does."""
        return self.read((scalar(convert, key),))[0] if key in self.fields else None

    def content(self, key: str, body: str, url: str | None) -> str:
        """Return the HTML of a field, else of the text after the front matter. url: what links are resolved against."""
        value = self.fields.value_of(key)
        if not url:
            return ""
        if not is_absent(value):
            return self.read_one(key, partial(_field_html, url)) or ""
        if not body.strip():
            return ""
        try:
            return content_html(body, url, self.context.content, self.context.site)
        except ValueError as error:
            self.problem("(text)", f"can't be used: {error}")
            return ""

    def flag(self, key: str, *, default: bool, may_be_time: bool = False) -> bool:
        """Return a boolean. What can't be read counts as the other one than the default: so it publishes less.

        may_be_time: whether a time is no problem, and counts as the default.
        """
        value = self.fields.value_of(key)
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            word = value.strip().lower()
            if word in _BOOLEANS:
                return _BOOLEANS[word]
            if word in NO_VALUES or (may_be_time and self._is_time(value)):
                return default
        if is_absent(value):
            return default
        self.problem(key, "expected true or false; left out until it is one of them", value)
        return not default

    def _is_time(self, value: str) -> bool:
        try:
            instant(value, self.context.timezone)
        except ValueError:
            return False
        return True

    def items(self, key: str, expected: str) -> tuple[Items, bool]:
        """Return (the items of a list, with their lines; whether it is one): a single value may stand in its place."""
        value, line = self.fields.get(key, ABSENT)
        if isinstance(value, list):
            return value, True
        if value is None:
            return [], False
        if isinstance(value, str | Fields) and not isinstance(value, Number) and not is_absent(value):
            return [(value, line)], False
        if not is_absent(value):
            self.problem(key, f"expected a list of {expected}", value)
        return [], False

    def mappings(self, key: str, known: Set[str], text_key: str) -> "Iterator[FieldReader]":
        """Return a reader for each mapping of a list, or for a single one in its place. Absent items are left out.

        known: the keys of all fields that may be read. text_key: the field whose value a text in place of a mapping is.
        """
        items, is_list = self.items(key, "mappings")
        for number, (item, line) in enumerate(items):
            position = number if is_list else None
            if isinstance(item, Fields):
                yield self.nested(item, known, key, position)
            elif isinstance(item, str) and not isinstance(item, Number) and not is_absent(item):
                fields = Fields({text_key: (item, line)})
                fields.line = line
                yield self.nested(fields, known, key, position, of_text=True)
            elif not is_absent(item):
                self.problem(f"{key}[{number}]", f"expected a mapping, not {show(item)}", line=line)

    def names(
        self,
        key: str,
        split: Callable[[str], list[str]] | None,
        split_item: Callable[[str], list[str]] | None = None,
    ) -> tuple[str, ...]:
        """Return the names in one text, or in a list of texts, or of mappings with a name. Other items are problems.

        split, split_item: return the names in a text, and in one that is an item of a list.
        """
        names: list[str] = []
        items, is_list = self.items(key, "names")
        for position, (item, line) in enumerate(items):
            name = item
            if isinstance(item, Fields):
                name = self.nested(item, _NAME_FIELDS, key, position).first(*NAME_KEYS)[1]
            text = ""
            if isinstance(name, str) and not isinstance(name, Number) and len(name) <= MAX_TEXT:
                text = plain_text(name)
            divide = split_item if is_list else split
            if text:
                names += divide(text) if divide and name is item else [text]
            elif not is_absent(item):
                where = f"{key}[{position}]" if is_list else key
                self.problem(where, f"expected a name, not {show(item)}", line=line)
        return tuple(names)


def _field_html(url: str, text: str, context: Context) -> str:
    """Return the HTML of a field. In a file of Markdown, it may be HTML all the same."""
    is_markdown = context.content in ("markdown", "mdx")
    return content_html(text, url, "" if is_markdown and is_html(text) else context.content, context.site)
