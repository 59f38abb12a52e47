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

#: Deeper nesting is refused: no record needs it, and each level costs stack.
MAX_DEPTH = 50

_OPENING = re.compile(r"\s*^---[ \t]*\n", re.MULTILINE)
_CLOSING = re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE)
_NUMBER = re.compile(r"[-+]?(\d[\d_]*(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_NULLS = {"", "~", "null", "Null", "NULL"}
_CORE = "tag:yaml.org,2002:"
_PLAIN_TAGS = {None, "!", *(_CORE + name for name in ("str", "int", "float", "bool", "null", "timestamp"))}
_GROUP_TAGS = {None, "!", _CORE + "map", _CORE + "seq"}
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


class Items(list["Value"]):
    """A sequence, with the line of each item."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


class Fields(dict[str, "Value"]):
    """A mapping, with the line of each value."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


Value: TypeAlias = str | bool | Items | Fields | None


def split_front_matter(text: str) -> tuple[str, str]:
    """(YAML, text after the front matter) of a file with or without fences; line numbers are kept."""
    opening = _OPENING.match(text)
    if not opening:
        return text, ""
    closing = _CLOSING.search(text, opening.end())
    head = text[opening.end() : closing.start() if closing else None]
    return "\n" * opening[0].count("\n") + head, text[closing.end() :] if closing else ""


def read_yaml(text: str) -> Value:
    """The value of a YAML text of one document, from libyaml's stream of events."""
    loader = yaml.CSafeLoader(_NOT_YAML.sub("", text))
    try:
        return _Builder(loader.get_event).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise SyntaxProblem(line, f"not valid YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise SyntaxProblem(1, f"not valid YAML: {error}".replace("\n", " ")) from error
    finally:
        loader.dispose()


class _Builder:
    """Builds values from events; an alias shares the value of its anchor, so it costs nothing."""

    def __init__(self, get_event: Callable[[], Any]) -> None:
        self.get_event = get_event
        self.anchors: dict[str, Value] = {}

    def document(self) -> Value:
        self.get_event()  # the stream's start
        if isinstance(self.get_event(), yaml.StreamEndEvent):
            return None
        value = self.value(self.get_event(), MAX_DEPTH)
        self.get_event()  # the document's end
        after = self.get_event()
        if not isinstance(after, yaml.StreamEndEvent):
            raise SyntaxProblem(after.start_mark.line + 1, "a second YAML document begins here; expected one")
        return value

    def value(self, event: Any, depth: int) -> Value:
        kind = type(event)
        line = event.start_mark.line + 1
        if kind is yaml.AliasEvent:
            if event.anchor not in self.anchors:
                raise SyntaxProblem(line, f"not valid YAML: the alias *{event.anchor} has no anchor before it")
            return self.anchors[event.anchor]
        if event.tag not in (_PLAIN_TAGS if kind is yaml.ScalarEvent else _GROUP_TAGS):
            raise SyntaxProblem(line, f"the YAML tag {event.tag!r} is not allowed in a record")
        if depth == 0:
            raise SyntaxProblem(line, f"nested more than {MAX_DEPTH} levels deep")
        if kind is yaml.ScalarEvent:
            value: Value = _scalar(event)
        elif kind is yaml.MappingStartEvent:
            value = self.mapping(line, depth - 1)
        else:
            value = self.sequence(line, depth - 1)
        if event.anchor:
            self.anchors[event.anchor] = value
        return value

    def mapping(self, line: int, depth: int) -> Fields:
        fields = Fields(line)
        merged: list[Value] = []
        while type(event := self.get_event()) is not yaml.MappingEndEvent:
            key = self.value(event, depth)
            after = self.get_event()
            value = self.value(after, depth)
            if key == "<<" and not getattr(event, "style", None):
                merged += value if isinstance(value, Items) else [value]
            elif isinstance(key, str):
                fields[key] = value
                fields.lines[key] = after.start_mark.line + 1
        for other in merged:
            if isinstance(other, Fields):
                for key in other.keys() - fields.keys():
                    fields[key] = other[key]
                    fields.lines[key] = other.lines[key]
        return fields

    def sequence(self, line: int, depth: int) -> Items:
        items = Items(line)
        while type(event := self.get_event()) is not yaml.SequenceEndEvent:
            items.append(self.value(event, depth))
            items.lines.append(event.start_mark.line + 1)
        return items


def _scalar(event: Any) -> str | None:
    text: str = event.value
    if event.style or event.tag == _CORE + "str":
        return text
    if text in _NULLS:
        return None
    return Number(text) if text[0] in "0123456789+-." and _NUMBER.fullmatch(text) else text


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
        lines: list[int] = []

        def scan_value(text: str, position: int) -> Any:
            lines.append(self.line(position))
            return scan(text, position)

        pairs, end = JSONObject(start, strict, scan_value, None, list)
        fields = Fields(self.line(start[1] - 1))
        for (key, value), line in zip(pairs, lines, strict=True):
            fields[key] = value
            fields.lines[key] = line
        return fields, end

    def items(self, start: tuple[str, int], scan: Any) -> tuple[Items, int]:
        items = Items(self.line(start[1] - 1))

        def scan_value(text: str, position: int) -> Any:
            items.lines.append(self.line(position))
            return scan(text, position)

        values, end = json.decoder.JSONArray(start, scan_value)  # type: ignore[attr-defined]
        items.extend(values)
        return items, end
