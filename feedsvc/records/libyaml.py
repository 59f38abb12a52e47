"""Reads any YAML by libyaml's events, with the line that each value stands on."""

import re
from collections.abc import Callable
from typing import Any

import yaml
from yaml.events import AliasEvent, DocumentEndEvent, MappingStartEvent, ScalarEvent, SequenceStartEvent, StreamEndEvent

from feedsvc.records.values import (
    MAX_VALUES,
    NULLS,
    NUMERIC,
    TOO_MANY,
    Fields,
    Items,
    Placed,
    SyntaxProblem,
    Value,
    plain_value,
)

#: Deeper nesting is refused: no record needs it.
MAX_DEPTH = 50
#: Characters and values that all aliases of one file stand for: a few bytes of aliases can stand for any number.
MAX_ALIASED = 4_000_000

_CORE = "tag:yaml.org,2002:"
_TEXT_TAG = _CORE + "str"
_PLAIN_TAGS = frozenset(
    (None, "!", _TEXT_TAG, *(_CORE + name for name in ("int", "float", "bool", "null", "timestamp")))
)
_GROUP_TAGS = frozenset((None, "!", _CORE + "map", _CORE + "seq"))
#: What the next value is, if it is not that of a key: an item, a key itself, the fields that the key `<<` brings.
_ITEM, _KEY, _MERGE = object(), object(), object()
_TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep; expected the few of a record"
_TOO_MUCH_ALIASED = f"aliases stand for more than {MAX_ALIASED:,} characters and values; expected fewer in one file"
#: What YAML can't hold even in quotes; one stray control character shall not cost the record.
_NOT_YAML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


def read_any(text: str) -> Value:
    """The value of a YAML text of one document. Raises SyntaxProblem."""
    try:
        try:
            return _document(_events(text))
        except yaml.reader.ReaderError:  # faulty characters are rare, and libyaml looks at each one anyway
            return _document(_events(_NOT_YAML.sub("", text)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # At the end of a text, the mark can be past it.
        line = min(mark.line, text.count("\n")) + 1 if mark else 1
        if error.problem == "exceeded maximum nesting depth":  # libyaml's own limit, since 0.2.6
            raise SyntaxProblem(line, _TOO_DEEP) from error
        raise SyntaxProblem(line, f"not valid YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise SyntaxProblem(1, f"not valid YAML: {error}".replace("\n", " ")) from error


def _events(text: str) -> Callable[[], Any]:
    """Gives libyaml's next event; of a text that is long enough to have too many, only so many."""
    get_event: Callable[[], Any] = yaml.CSafeLoader(text).get_event
    if len(text) < MAX_VALUES // 2:  # a character can make two values: in `[,` a key and what it is for
        return get_event
    left = MAX_VALUES

    def get() -> Any:
        nonlocal left
        left -= 1
        event = get_event()
        if left < 0:
            raise SyntaxProblem(event.start_mark.line + 1, TOO_MANY)
        return event

    return get


def _document(get_event: Callable[[], Any]) -> Value:
    """The value of libyaml's events; an alias shares the value of its anchor, so it costs nothing."""
    get_event()  # the stream's start
    if type(get_event()) is StreamEndEvent:
        return None
    anchors: dict[str, Value] = {}
    aliased, weights = 0, dict[int, tuple[Value, int]]()
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
            if not event.style and (value[:1] in NUMERIC or value in NULLS) and event.tag != _TEXT_TAG:
                value = plain_value(value)
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
                raise SyntaxProblem(event.start_mark.line + 1, "not valid YAML: an alias here has no anchor before it")
            value = anchors[event.anchor]
            aliased += _weigh(value, weights)
            if aliased > MAX_ALIASED:
                raise SyntaxProblem(event.start_mark.line + 1, _TOO_MUCH_ALIASED)
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
            if key in target:
                target.repeat(key, placed[1])
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
        # The tag itself is not shown, nor is an alias: they may stand in a field that is never read.
        raise SyntaxProblem(line, "a YAML tag here is not allowed in a record; expected none, or one such as !!str")
    if not room:
        raise SyntaxProblem(line, _TOO_DEEP)


def _weigh(value: Value, known: dict[int, tuple[Value, int]]) -> int:
    """The characters and values that a value comes to. known: the collections that were weighed before, by id."""
    if isinstance(value, str):
        return len(value) + 1
    if not isinstance(value, list | Fields):
        return 1
    if id(value) not in known:
        items = value.values() if isinstance(value, Fields) else value
        known[id(value)] = value, 1 + sum(_weigh(item, known) for item, _ in items)
    return known[id(value)][1]


def _merge(fields: Fields, others: Items) -> None:
    for other, _ in others:
        if isinstance(other, Fields):
            for key in other.keys() - fields.keys():
                fields[key] = other[key]
