"""Reads YAML's plain block style, as nearly all records are written, in half the time that libyaml's events take.

That is one line for each key or item, with a word as key, and a value that ends with its line: text with or without
quotes, or a list of quoted ones. Whatever else YAML has (values of several lines, comments, anchors, tags, rare
escapes, a key that stands twice) is left to libyaml; so is what isn't valid. What is read here is what libyaml reads.
"""

import re
from functools import lru_cache
from typing import Any

from feedsvc.records.values import MAX_VALUES, NULLS, NUMERIC, Fields, plain_value

#: Tabs, which are white space in some places; and what YAML can't hold, or takes for the end of a line.
_UNUSUAL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_KEY = re.compile("( *)(- )?([A-Za-z_][A-Za-z0-9_]*)")
_ITEM = re.compile("( *)- (.+)")
_DOUBLE_QUOTED = re.compile(r'"[^"\\]*(?:\\["\\][^"\\]*)*"')
_SINGLE_QUOTED = re.compile("'[^']*(?:''[^']*)*'")
_LIST = re.compile(r'\[(?:"[^"\\]*"(?:, *"[^"\\]*")*)?\]')
#: Text without quotes begins with none of these.
_INDICATORS = frozenset(" -?:,[]{}#&*!|>'\"%@`")
#: More characters before a colon, and deeper nesting, are left to libyaml, too.
_MAX_BEFORE = 100
_MAX_DEPTH = 20
#: The characters of a line that is remembered.
_MAX_SHORT = 32
#: Stands for a value that may follow.
_OPEN = object()


class _OtherError(ValueError):
    """What stands here is for libyaml to read."""


def read_block(text: str) -> Fields | None:
    """The mapping that a YAML text is; None if that is for libyaml to say."""
    if len(text) >= MAX_VALUES // 2:
        return None
    try:
        return _mapping(text) or None
    except _OtherError:
        return None


def _mapping(text: str) -> Fields:
    # What is being filled, the column where its keys or items stand, and what is around it.
    root = _fields(text[: -len(text.lstrip(" \n")) or None].count("\n") + 1)
    target: Any = root
    at = 0
    around: list[tuple[Any, int]] = []
    # The key whose value may follow.
    open_key = ""
    for line, whole in enumerate(text.split("\n"), 1):
        told = _short_line(whole) if len(whole) <= _MAX_SHORT else _line(whole)
        if not told:
            continue
        here, mark, key, value = told
        if open_key and here + bool(mark) > at:  # what stands here is the value of that key
            nested: Any = [] if mark else _fields(line)
            target[open_key] = nested, line
            around.append((target, at))
            target, at = nested, here
        while at > here or (at == here and not mark and type(target) is list):
            target, at = around.pop()
        if type(value) is tuple:
            value = [(item, line) for item in value]
        if mark:
            if at != here or type(target) is not list:
                raise _OtherError
            if not key:
                target.append((value, line))
                open_key = ""
                continue
            fields = _fields(line)
            target.append((fields, line))
            around.append((target, at))
            target, at = fields, here + mark
        elif at != here:
            raise _OtherError
        if key in target or len(around) > _MAX_DEPTH:
            raise _OtherError
        if value is _OPEN:
            target[key] = None, line
            open_key = key
        else:
            target[key] = value, line
            open_key = ""
    return root


def _fields(line: int) -> Fields:
    fields = Fields()
    fields.line = line
    return fields


def _line(whole: str) -> tuple[int, int, str, Any] | None:
    """(column, length of an item's mark, key, value) of a line; None if it is empty.

    An item has no key, or else that of a mapping which begins there. A list is told as a tuple of texts.
    """
    if not whole.isprintable() and _UNUSUAL.search(whole):
        raise _OtherError
    before, colon, written = whole.partition(": ")
    if colon or whole[-1:] == ":":
        before = before if colon else whole[:-1]
        if len(before) > _MAX_BEFORE:
            raise _OtherError
        here, mark, key = _key(before)
        return here, mark, key, _value(written) if written else _OPEN
    if found := _ITEM.fullmatch(whole):
        return len(found[1]), 2, "", _value(found[2])
    if whole.strip(" "):
        raise _OtherError
    return None


# Most return again and again.
_short_line = lru_cache(4096)(_line)


@lru_cache(4096)
def _key(before: str) -> tuple[int, int, str]:
    """The column, the length of an item's mark, and the key that stand before a colon."""
    found = _KEY.fullmatch(before)
    if not found or found[3] in NULLS:
        raise _OtherError
    return len(found[1]), len(found[2] or ""), found[3]


def _value(written: str) -> str | tuple[str, ...] | None:
    first = written[0]
    if first == '"':
        if written.find('"', 1) == len(written) - 1 and "\\" not in written:
            return written[1:-1]
        if _DOUBLE_QUOTED.fullmatch(written):
            return re.sub(r"\\(.)", r"\1", written[1:-1])
    elif first == "'":
        if _SINGLE_QUOTED.fullmatch(written):
            return written[1:-1].replace("''", "'")
    elif first == "[":
        if _LIST.fullmatch(written):
            return tuple(re.findall('"([^"]*)"', written))
    elif not (": " in written or " #" in written or written[-1] in ": "):
        if first in NUMERIC or written in NULLS:
            value = plain_value(written)
            if value is not written or first != "-":
                return value
        elif first not in _INDICATORS:
            return written
    raise _OtherError
