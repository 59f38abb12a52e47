"""Reads JSON with the standard library's decoder, into values that have the line they begin on."""

import json
from collections.abc import Callable
from json.decoder import JSONObject  # type: ignore[attr-defined]
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from typing import Any

from feedsvc.records.values import (
    MAX_VALUES,
    TOO_MANY,
    Fields,
    Found,
    Items,
    Number,
    Placed,
    SyntaxProblem,
    TooMuch,
    Value,
)


def read_json(text: str) -> Value:
    """Return the value of a JSON text. Raise SyntaxProblem."""
    return LineDecoder().read(text)


def read_json_start(text: str) -> tuple[Value, str]:
    """Return (value of the JSON that a text begins with, text after it). Raise SyntaxProblem."""
    rest = text.lstrip()
    value, end = LineDecoder().read_start(rest, 1 + text.count("\n", 0, len(text) - len(rest)))
    return value, rest[end:]


def read_json_lines(text: str) -> Found:
    """Return the value, or the problem, of each line that isn't empty. Raise SyntaxProblem for too many values."""
    decoder = LineDecoder()
    found: list[tuple[Value | SyntaxProblem, int]] = []
    start, number = 0, 0
    while start < len(text):
        number += 1
        end = text.find("\n", start)
        line = text[start : end if end >= 0 else len(text)]
        start += len(line) + 1
        if line.strip():
            try:
                found.append((decoder.read(line, number), number))
            except TooMuch:
                raise
            except SyntaxProblem as problem:
                found.append((SyntaxProblem(number, str(problem)), number))  # without its traceback, which takes memory
    return found


class LineDecoder(json.JSONDecoder):
    """The standard library's decoder in its Python form, the only one that can report where a value begins.

    It reads any number of texts, which hold MAX_VALUES keys and values at most.
    """

    def __init__(self) -> None:
        super().__init__(parse_int=Number, parse_float=Number, parse_constant=Number)
        self.remaining = MAX_VALUES
        self._text, self._position, self._line = "", 0, 1
        self.parse_object = self.fields
        self.parse_array = self.items
        self.scan_once = py_make_scanner(self)

    def read(self, text: str, line: int = 1) -> Value:
        """Return the value of a text, which begins on a line. Raise SyntaxProblem."""
        return self._read(self.decode, text, line)  # type: ignore[no-any-return]

    def read_start(self, text: str, line: int = 1) -> tuple[Value, int]:
        """Return the value that a text begins with, and where it ends. Raise SyntaxProblem."""
        return self._read(self.raw_decode, text, line)  # type: ignore[no-any-return]

    def _read(self, decode: Callable[[str], Any], text: str, line: int) -> Any:
        self._text, self._position, self._line = text, 0, line
        self.remaining -= 1  # faulty texts count too
        if self.remaining < 0:
            raise TooMuch(line, TOO_MANY)
        try:
            return decode(text)
        except json.JSONDecodeError as error:
            raise SyntaxProblem(line + error.lineno - 1, f"not valid JSON: {error.msg}") from error
        except RecursionError as error:
            raise SyntaxProblem(line, "nested too deeply; expected the few levels of a record") from error

    def line(self, position: int) -> int:
        """Return the line of a position, which is not before that of the last call."""
        self._line += self._text.count("\n", self._position, position)
        self._position = position
        return self._line

    def fields(self, start: tuple[str, int], strict: bool, scan: Any, *_: object) -> tuple[Fields, int]:
        """Return a mapping and where it ends."""
        line = self.line(start[1] - 1)
        pairs, end = JSONObject(start, strict, self.placed(scan), None, list)
        fields = Fields(pairs)
        fields.line = line
        if len(fields) < len(pairs):
            known: set[str] = set()
            for key, (_value, at) in pairs:
                if key in known:
                    fields.repeat(key, at)
                known.add(key)
        return fields, end

    def items(self, start: tuple[str, int], scan: Any) -> tuple[Items, int]:
        """Return a list and where it ends."""
        return json.decoder.JSONArray(start, self.placed(scan))  # type: ignore[attr-defined, no-any-return]

    def placed(self, scan: Any) -> Callable[[str, int], tuple[Placed, int]]:
        """Return a function that scans a value as `scan` does, and adds its line."""

        def scan_value(text: str, position: int) -> tuple[Placed, int]:
            line = self.line(position)
            self.remaining -= 1
            if self.remaining < 0:
                raise TooMuch(line, TOO_MANY)
            value, end = scan(text, position)
            return (value, line), end

        return scan_value
