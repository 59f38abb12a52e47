"""Reads YAML with PyYAML: from libyaml's events to values, each with the line that it begins on."""

import re
from collections.abc import Callable
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from feedsvc.records.values import (
    MAX_DEPTH,
    MAX_VALUES,
    TOO_DEEP,
    TOO_MANY,
    Fields,
    Items,
    Number,
    SyntaxProblem,
    TooMuch,
    Value,
)

#: The most characters and values that all aliases of one file may stand for: a few bytes of aliases can multiply.
MAX_ALIASED = 4_000_000

_CORE = "tag:yaml.org,2002:"
_TEXT_TAG = _CORE + "str"
_SCALAR_TAGS = frozenset(
    (None, "!", _TEXT_TAG, *(_CORE + name for name in ("int", "float", "bool", "null", "timestamp")))
)
_COLLECTION_TAGS = frozenset((None, "!", _CORE + "map", _CORE + "seq"))
#: Scalars without quotes that mean no value.
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
#: Keys without quotes that are not the name of a field.
_SPECIAL_KEYS = _NULLS | {"<<"}
#: The key that stands for the fields which its value, a mapping or a list of mappings, adds.
_MERGE: Any = object()
#: What numbers and _NULLS can begin with; the empty text begins with none.
_UNCLEAR = frozenset(("", *"+-.0123456789~nN"))
_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*+(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d+)?")
_TOO_MUCH_ALIASED = f"aliases stand for more than {MAX_ALIASED:,} characters and values; expected fewer in one file"
#: Characters that YAML refuses even in quotes; a stray control character must not cost the record.
_NOT_YAML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
#: libyaml follows YAML 1.1, where these end a line; in YAML 1.2 and in editors they don't.
_YAML_1_1_BREAKS = "\x85\u2028\u2029"
_ALL_IN_QUOTES = "if a value begins with a quote or bracket and goes on after its end, put all of it in quotes"
#: What to write instead, by what libyaml says of a fault, or of its context.
_ADVICE = {
    "mapping values are not allowed in this context": "if the value holds a colon, put the value in quotes",
    "while scanning a quoted scalar": "the quote that opens here is never closed",
    "while scanning a simple key": "expected `key: value`; indent the lines that go on with a value",
    "while scanning an alias": "if this is a text, put the value in quotes",
    "while scanning an anchor": "if this is a text, put the value in quotes",
    "found unknown escape character": "write a backslash between double quotes twice, or use single quotes",
    "found a tab character that violates indentation": "indent with spaces",
    "tab": "indent with spaces, not with a tab",
    "character": "put the value in quotes",
    "did not find expected key": f"check the indentation; {_ALL_IN_QUOTES}",
    "did not find expected ',' or ']'": _ALL_IN_QUOTES,
    "did not find expected ',' or '}'": _ALL_IN_QUOTES,
}


def read_yaml(text: str) -> Value:
    """Return the value of a YAML text of one document, or None if it is empty. Raise SyntaxProblem."""
    for end in _YAML_1_1_BREAKS:
        if end in text:
            text = text.replace(end, " ")
    try:
        try:
            return _document(text)
        except yaml.reader.ReaderError:  # faulty characters are rare, and libyaml checks each one anyway
            return _document(_NOT_YAML.sub("", text))
    except yaml.MarkedYAMLError as error:
        begins_here = error.context in ("while scanning a quoted scalar", "while scanning a simple key")
        mark = error.context_mark if begins_here else error.problem_mark or error.context_mark
        # At the end of a text, the mark can be past it.
        line = min(mark.line, text.count("\n")) + 1 if mark else 1
        if error.problem == "exceeded maximum nesting depth":  # libyaml's own limit, since 0.2.6
            raise TooMuch(line, TOO_DEEP) from error
        advice = _advice(error, text)
        raise SyntaxProblem(line, f"not valid YAML: {error.problem or error.context}{advice}") from error
    except yaml.YAMLError as error:
        raise SyntaxProblem(1, f"not valid YAML: {error}".replace("\n", " ")) from error


def _advice(error: yaml.MarkedYAMLError, text: str) -> str:
    """Return what to write instead, after a semicolon; nothing for a rare fault."""
    problem, mark = error.problem or "", error.problem_mark
    if problem == "found character that cannot start any token" and mark:
        line = text.split("\n", mark.line + 1)[mark.line]
        problem = "tab" if line[mark.column : mark.column + 1] == "\t" else "character"
    advice = _ADVICE.get(error.context or "") or _ADVICE.get(problem)
    return f"; {advice}" if advice else ""


def _document(text: str) -> Value:
    get_event = _events(text)
    get_event()  # the start of the stream
    if type(get_event()) is StreamEndEvent:
        return None
    value = _Composer(get_event).value(get_event(), MAX_DEPTH)
    get_event()  # the end of the document
    after = get_event()
    if type(after) is not StreamEndEvent:
        raise SyntaxProblem(_line(after), "a second YAML document begins here; expected one")
    return value


def _events(text: str) -> Callable[[], Any]:
    """Return a function that returns the next event. It raises SyntaxProblem after too many."""
    get_event: Callable[[], Any] = yaml.CBaseLoader(text).get_event
    if len(text) < MAX_VALUES // 2:  # a character can make two values: in `[,` a key and its value
        return get_event
    remaining = MAX_VALUES

    def get_counted_event() -> Any:
        nonlocal remaining
        remaining -= 1
        event = get_event()
        if remaining < 0:
            raise TooMuch(_line(event), TOO_MANY)
        return event

    return get_counted_event


class _Composer:
    """Makes values of events. An alias shares the value of its anchor, so it costs nothing.

    `room` is how many more levels of nesting are allowed.
    """

    __slots__ = ("aliased", "anchors", "get_event", "sizes")

    def __init__(self, get_event: Callable[[], Any]) -> None:
        self.get_event = get_event
        self.anchors: dict[str, Value] = {}
        self.aliased = 0
        #: The collections whose size is known, by id. The collection itself is there so that its id stays its own.
        self.sizes: dict[int, tuple[Value, int]] = {}

    def value(self, event: Any, room: int) -> Value:
        """Return the value that begins with an event."""
        kind = type(event)
        if kind is AliasEvent:
            return self.aliased_value(event)
        if event.tag is not None or not room:
            _check(event, room)
        value: Value
        if kind is ScalarEvent:
            value = event.value if event.style or event.tag == _TEXT_TAG else _plain_value(event.value)
        elif kind is MappingStartEvent:
            value = self.fields(event, room - 1)
        else:
            value = self.items(room - 1)
        if event.anchor is not None:
            self.anchors[event.anchor] = value
        return value

    def fields(self, start: Any, room: int) -> Fields:
        """Return the mapping that begins with an event. Keys that are no text are dropped."""
        get_event = self.get_event
        fields = Fields()
        fields.line = start.start_mark.line + 1
        merged: Items = []
        key: Any
        value: Value
        # This loop takes most of the time of reading YAML; what most scalars are is decided in it, without a call.
        while True:
            event = get_event()
            kind = type(event)
            if kind is ScalarEvent and room and event.tag is None and event.anchor is None:
                key = event.value
                if key in _SPECIAL_KEYS and not event.style:
                    key = _MERGE if key == "<<" else None
            elif kind is MappingEndEvent:
                break
            else:
                key = self.value(event, room)
                if key == "<<" and not getattr(event, "style", None):  # an alias has no style
                    key = _MERGE
            event = get_event()
            if type(event) is ScalarEvent and room and event.tag is None and event.anchor is None:
                value = event.value
                if not event.style and value[:1] in _UNCLEAR:
                    value = _plain_value(value)
            else:
                value = self.value(event, room)
            if isinstance(key, str):
                if key in fields:
                    fields.repeat(key, event.start_mark.line + 1)
                fields[key] = value, event.start_mark.line + 1
            elif key is _MERGE:
                merged += value if isinstance(value, list) else [(value, 0)]
        for other, _ in merged:
            if isinstance(other, Fields):
                for name, placed in other.items():
                    fields.setdefault(name, placed)
        return fields

    def items(self, room: int) -> Items:
        """Return the list whose start was the last event."""
        get_event = self.get_event
        items: Items = []
        while type(event := get_event()) is not SequenceEndEvent:
            items.append((self.value(event, room), event.start_mark.line + 1))
        return items

    def aliased_value(self, event: Any) -> Value:
        """Return the value that an alias stands for."""
        if event.anchor not in self.anchors:
            raise SyntaxProblem(_line(event), "not valid YAML: an alias here has no anchor before it")
        value = self.anchors[event.anchor]
        self.aliased += self.size(value)
        if self.aliased > MAX_ALIASED:
            raise TooMuch(_line(event), _TOO_MUCH_ALIASED)
        return value

    def size(self, value: Value) -> int:
        """Return the number of characters and values in a value."""
        if isinstance(value, str):
            return len(value) + 1
        if not isinstance(value, list | Fields):
            return 1
        if id(value) not in self.sizes:
            items = value.values() if isinstance(value, Fields) else value
            self.sizes[id(value)] = value, 1 + sum(self.size(item) for item, _ in items)
        return self.sizes[id(value)][1]


def _check(event: Any, room: int) -> None:
    """Raise SyntaxProblem for a scalar or collection with a foreign tag, or nested too deeply."""
    if event.tag not in (_SCALAR_TAGS if type(event) is ScalarEvent else _COLLECTION_TAGS):
        # Neither the tag nor an alias is shown: they may stand in a field that is never read.
        message = "a YAML tag here is not allowed in a record; expected none, or one such as !!str"
        raise SyntaxProblem(_line(event), message)
    if not room:
        raise TooMuch(_line(event), TOO_DEEP)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _plain_value(text: str) -> str | None:
    """Return the value of a scalar without quotes."""
    if text in _NULLS:
        return None
    return Number(text) if text.isdecimal() or _NUMBER.fullmatch(text) else text
