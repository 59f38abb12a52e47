"""Reads TOML with the standard library, and finds the lines of its keys, which the library does not report."""

import re
import tomllib
from collections import Counter
from datetime import date, time
from typing import Any, TypeAlias

from feedsvc.records.values import MAX_DEPTH, TOO_DEEP, Fields, Number, SyntaxProblem, TooMuch, Value

#: The most line ends and punctuation marks outside of texts: tomllib takes up to a kilobyte for one.
MAX_MARKS = 250_000
#: The most characters of a key or value without quotes: tomllib takes 150 bytes for each digit of a number.
MAX_WITHOUT_QUOTES = 1000
_TOO_LONG = f"a key or value without quotes has more than {MAX_WITHOUT_QUOTES:,} characters; expected fewer"
_TOO_MANY = f"more than {MAX_MARKS:,} lines, keys and values; expected fewer in one file"
#: A text, a comment, what is between marks, or a mark: a line end or a punctuation mark. A text without closing quotes
#: ends with its line, or with the file, so that the time is proportional to the size.
_TOKEN = re.compile(
    r'''
    """ (?: [^"\\] | \\. | "(?!"") )*+ (?: "{3,5} | \\?\Z )
    | \'\'\' (?: [^'] | '(?!\'\') )*+ (?: '{3,5} | \Z )
    | " (?: [^"\\\n] | \\. )*+ "?
    | ' [^'\n]*+ '?
    | \# [^\n]*+
    | [^"'\#\n.,=\[\]{}]++
    | .
    ''',
    re.DOTALL | re.VERBOSE,
)
_MARKS = frozenset("\n.,=[]{}")
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)\Z")
#: How the messages of tomllib begin which name a key, and one that means the same.
_AGAIN = ("Cannot declare ", "Cannot redefine ", "Cannot mutate ", "Cannot overwrite ", "Duplicate ")

#: The keys that lead to a value, and in an array of tables the number of the table.
_Path: TypeAlias = tuple[str | int, ...]


def read_toml(text: str) -> Fields:
    """Return the mapping of a TOML text. Raise SyntaxProblem."""
    lines = _lines(text)
    try:
        table = tomllib.loads(text, parse_float=Number)
    except tomllib.TOMLDecodeError as error:
        message, place = str(error), _PLACE.search(str(error))
        line = int((place and place[1]) or text.count("\n") + 1)
        message = message[: place.start()] if place else message
        if message.startswith(_AGAIN):
            message = "a key or table stands here again; expected once"
        raise SyntaxProblem(line, f"not valid TOML: {message}") from error
    return _fields(table, lines, (), 1, MAX_DEPTH)


def _fields(table: dict[str, Any], lines: dict[_Path, int], path: _Path, line: int, room: int) -> Fields:
    """Return a table. line: where it begins. room: how many more levels of nesting are allowed."""
    fields = Fields()
    fields.line = line
    for key, value in table.items():
        place = (*path, key)
        at = lines.get(place, line)
        fields[key] = _value(value, lines, place, at, room - 1), at
    return fields


def _value(value: Any, lines: dict[_Path, int], path: _Path, line: int, room: int) -> Value:
    """Return a value: dates and times as text in ISO form. Raise SyntaxProblem if it is nested too deeply."""
    if isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return Number(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if not room:
        raise TooMuch(line, TOO_DEEP)
    if isinstance(value, dict):
        return _fields(value, lines, path, line, room)
    places = (((*path, number), item) for number, item in enumerate(value))
    at = ((lines.get(place, line), place, item) for place, item in places)
    return [(_value(item, lines, place, at, room - 1), at) for at, place, item in at]


def _lines(text: str) -> dict[_Path, int]:
    """Return the line of each key. Raise SyntaxProblem if they are too many, or nested too deeply.

    It is exact for tables and their keys. Keys in quotes with escapes, or with spaces at their ends, have none, nor has
    what is inside of brackets or braces: that has the line of the key before it. `tomllib` reports what is not valid.
    """
    lines: dict[_Path, int] = {}
    tables: Counter[_Path] = Counter()
    header: _Path = ()
    parts: list[str] = []  # of the key of a statement, or of its header
    in_key = True
    line, marks, dots, brackets, depth = 1, 0, 0, 0, 0
    for match in _TOKEN.finditer(text + "\n"):
        token = match[0]
        if token not in _MARKS:
            line += token.count("\n")
            if token[0] not in "\"'#" and len(token) > MAX_WITHOUT_QUOTES < len(token.strip()):
                raise TooMuch(line, _TOO_LONG)
            if in_key and token[0] != "#" and (part := token.strip(" \t\"'")):
                parts.append(part)
            continue
        marks += 1
        if marks > MAX_MARKS:
            raise TooMuch(line, _TOO_MANY)
        dots = dots + 1 if token == "." else 0
        if dots > MAX_DEPTH or depth > MAX_DEPTH:
            raise TooMuch(line, TOO_DEEP)
        if token == "\n":
            if brackets:
                header = ()
                for number, part in enumerate(parts, 1):
                    header += (part,)
                    lines.setdefault(header, line)
                    if number == len(parts) and brackets > 1:
                        tables[header] += 1
                    if header in tables:  # the name of an array stands for its last table
                        header += (tables[header] - 1,)
                lines[header] = line
            if depth <= 0:
                parts, in_key, brackets, depth = [], True, 0, 0
            line += 1
        elif token == "=" and in_key:
            for number in range(1, len(parts) + 1):
                lines.setdefault((*header, *parts[:number]), line)
            in_key = False
        elif token in "[{":
            brackets, depth = (brackets + 1, depth) if in_key else (brackets, depth + 1)
        elif token in "]}" and not in_key:
            depth -= 1
    return lines
