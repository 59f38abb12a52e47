"""Text to raw values: front matter, YAML and JSON, with the line that each value stands on.

Scalars stay the text that was written (`title: 1984` is a title), so that a fault in one value never costs
another: PyYAML's own constructors raise for a whole document when one of its dates is impossible.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Callable
from json.decoder import JSONObject  # type: ignore[attr-defined]
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from typing import Any, TypeAlias

import yaml
from yaml.events import AliasEvent, DocumentEndEvent, StreamEndEvent

from feedsvc.records.events import MappingStartEvent, ScalarEvent, SequenceStartEvent

#: Deeper nesting is refused: no record needs it.
MAX_DEPTH = 50

_OPENING = re.compile(r"\s*^---[ \t]*\n", re.MULTILINE)
_CLOSING = re.compile(r"\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*+(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d+)?")
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
#: What a number begins with.
_NUMERIC = frozenset("+-.0123456789")
_CORE = "tag:yaml.org,2002:"
_TEXT_TAG = _CORE + "str"
_PLAIN_TAGS = frozenset(
    (None, "!", _TEXT_TAG, *(_CORE + name for name in ("int", "float", "bool", "null", "timestamp")))
)
_GROUP_TAGS = frozenset((None, "!", _CORE + "map", _CORE + "seq"))
#: What the next value is, if it is not that of a key: an item, a key itself, the fields that the key `<<` brings.
_ITEM, _KEY, _MERGE = object(), object(), object()
#: What YAML can't hold even in quotes; one stray control character shall not cost the record.
_NOT_YAML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


class SyntaxProblem(ValueError):
    """The text as a whole can't be read; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class Number(str):
    """A scalar that was written as a number, as it was written."""

    __slots__ = ()


class Fields(dict[str, "Placed"]):
    """A mapping. `line` is its own, which an alias of it doesn't change."""

    __slots__ = ("line",)
    line: int


Items: TypeAlias = list["Placed"]
Value: TypeAlias = str | bool | Items | Fields | None
#: A value, and the line that it stands on.
Placed: TypeAlias = tuple[Value, int]


def split_front_matter(text: str) -> tuple[str, str]:
    """(YAML, text after the front matter) of a file with or without fences; line numbers are kept."""
    opening = _OPENING.match(text)
    if not opening:
        return text, ""
    closing = _CLOSING.search(text, opening.end() - 1)
    head = text[opening.end() : closing.start() + 1 if closing else None]
    return "\n" * opening[0].count("\n") + head, text[closing.end() :] if closing else ""


def read_yaml(text: str) -> Value:
    """The value of a YAML text of one document."""
    try:
        try:
            return _document(yaml.CSafeLoader(text).get_event)
        except yaml.reader.ReaderError:  # faulty characters are rare, and libyaml looks at each one anyway
            return _document(yaml.CSafeLoader(_NOT_YAML.sub("", text)).get_event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise SyntaxProblem(line, f"not valid YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise SyntaxProblem(1, f"not valid YAML: {error}".replace("\n", " ")) from error


def _document(get_event: Callable[[], Any]) -> Value:
    """The value of libyaml's events; an alias shares the value of its anchor, so it costs nothing."""
    get_event()  # the stream's start
    if type(get_event()) is StreamEndEvent:
        return None
    anchors: dict[str, Value] = {}
    # What is being filled, and the key that the next value is for; the collections around it, with their first events.
    document: list[Placed] = []
    target: Any = document
    key: Any = _ITEM
    around: list[tuple[Any, Any, Any]] = []
    room = MAX_DEPTH
    while True:
        event = get_event()
        kind = type(event)
        if kind is ScalarEvent:
            if event.tag is not None or not room:
                _check(event, room, _PLAIN_TAGS)
            value = event.value
            if not event.style and (value[:1] in _NUMERIC or value in _NULLS) and event.tag != _TEXT_TAG:
                value = _plain(value)
            if event.anchor is not None:
                anchors[event.anchor] = value
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            if event.tag is not None or not room:
                _check(event, room, _GROUP_TAGS)
            around.append((event, target, key))
            if kind is MappingStartEvent:
                target, key = Fields(), _KEY
                target.line = event.start_mark.line + 1
            else:
                target, key = [], _ITEM
            room -= 1
            continue
        elif kind is AliasEvent:
            if event.anchor not in anchors:
                message = f"not valid YAML: the alias *{event.anchor} has no anchor before it"
                raise SyntaxProblem(event.start_mark.line + 1, message)
            value = anchors[event.anchor]
        elif kind is DocumentEndEvent:
            break
        else:
            value = target
            if key is _KEY and _MERGE in value:
                _merge(value, value.pop(_MERGE))
            event, target, key = around.pop()
            if event.anchor is not None:
                anchors[event.anchor] = value
            room += 1
        if key is _KEY:
            key = _MERGE if value == "<<" and not getattr(event, "style", None) else value
            continue
        placed = value, event.start_mark.line + 1
        if key is _ITEM:
            target.append(placed)
            continue
        if isinstance(key, str):
            target[key] = placed
        elif key is _MERGE:
            target.setdefault(_MERGE, []).extend(value if isinstance(value, list) else [placed])
        key = _KEY
    after = get_event()
    if type(after) is not StreamEndEvent:
        raise SyntaxProblem(after.start_mark.line + 1, "a second YAML document begins here; expected one")
    return document[0][0]


def _check(event: Any, room: int, tags: frozenset[str | None]) -> None:
    line = event.start_mark.line + 1
    if event.tag not in tags:
        raise SyntaxProblem(line, f"the YAML tag {event.tag!r} is not allowed in a record")
    if not room:
        raise SyntaxProblem(line, f"nested more than {MAX_DEPTH} levels deep")


def _plain(text: str) -> str | None:
    """The value of a scalar without quotes."""
    if text in _NULLS:
        return None
    return Number(text) if text.isdecimal() or _NUMBER.fullmatch(text) else text


def _merge(fields: Fields, others: Items) -> None:
    for other, _ in others:
        if isinstance(other, Fields):
            for key in other.keys() - fields.keys():
                fields[key] = other[key]


def read_json(text: str) -> Value:
    """The value of a JSON text."""
    try:
        return _LineDecoder(text).value()
    except json.JSONDecodeError as error:
        raise SyntaxProblem(error.lineno, f"not valid JSON: {error.msg}") from error
    except RecursionError as error:
        raise SyntaxProblem(1, "nested too deeply") from error


class _LineDecoder(json.JSONDecoder):
    """The standard library's decoder in its Python form, which alone can be asked where a value stands."""

    def __init__(self, text: str) -> None:
        super().__init__(parse_int=Number, parse_float=Number, parse_constant=Number)
        self.text = text
        self.newlines = [match.start() for match in re.finditer("\n", text)]
        self.parse_object = self.fields
        self.parse_array = self.items
        self.scan_once = py_make_scanner(self)

    def value(self) -> Value:
        return self.decode(self.text)  # type: ignore[no-any-return]

    def line(self, position: int) -> int:
        return bisect_right(self.newlines, position) + 1

    def fields(self, start: tuple[str, int], strict: bool, scan: Any, *_: object) -> tuple[Fields, int]:
        pairs, end = JSONObject(start, strict, self.placed(scan), None, list)
        fields = Fields(pairs)
        fields.line = self.line(start[1] - 1)
        return fields, end

    def items(self, start: tuple[str, int], scan: Any) -> tuple[Items, int]:
        return json.decoder.JSONArray(start, self.placed(scan))  # type: ignore[attr-defined, no-any-return]

    def placed(self, scan: Any) -> Callable[[str, int], tuple[Placed, int]]:
        def scan_value(text: str, position: int) -> tuple[Placed, int]:
            value, end = scan(text, position)
            return (value, self.line(position)), end

        return scan_value
