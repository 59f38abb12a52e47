"""JSON files: a record, a list of records, or a mapping whose `value` is such a list."""

import json
from collections.abc import Callable
from json.decoder import JSONObject  # type: ignore[attr-defined]
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from typing import Any

from feedsvc.records.values import MAX_VALUES, TOO_MANY, Fields, Items, Number, Placed, Syntax, SyntaxProblem, Value


def read_file(text: str) -> tuple[Items, str]:
    """Return the values that should be records. Raise SyntaxProblem."""
    value = read_json(text)
    if isinstance(value, Fields) and isinstance(value.get("value", (None, 1))[0], list):
        if line := (value.repeated or {}).get("value"):
            raise SyntaxProblem(line, "a second list of records begins here; expected one")
        value = value["value"][0]
    return value if isinstance(value, list) else [(value, 1)], ""


def read_json(text: str) -> Value:
    """Return the value of a JSON text. Raise SyntaxProblem."""
    try:
        return _LineDecoder(text).value()
    except json.JSONDecodeError as error:
        raise SyntaxProblem(error.lineno, f"not valid JSON: {error.msg}") from error
    except RecursionError as error:
        raise SyntaxProblem(1, "nested too deeply; expected the few levels of a record") from error


class _LineDecoder(json.JSONDecoder):
    """The standard library's decoder in its Python form, the only one that can report where a value begins."""

    def __init__(self, text: str) -> None:
        super().__init__(parse_int=Number, parse_float=Number, parse_constant=Number)
        self.text = text
        self.remaining = MAX_VALUES
        self._position, self._line = 0, 1
        self.parse_object = self.fields
        self.parse_array = self.items
        self.scan_once = py_make_scanner(self)

    def value(self) -> Value:
        """Return the value of the text."""
        return self.decode(self.text)  # type: ignore[no-any-return]

    def line(self, position: int) -> int:
        """Return the line of a position, which is not before that of the last call."""
        self._line += self.text.count("\n", self._position, position)
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
                raise SyntaxProblem(line, TOO_MANY)
            value, end = scan(text, position)
            return (value, line), end

        return scan_value


SYNTAX = Syntax(name="JSON", suffixes=(".json",), read=read_file)
