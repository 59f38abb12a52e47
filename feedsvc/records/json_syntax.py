"""Text to raw values: JSON, with the line that each value stands on."""

import json
from collections.abc import Callable
from json.decoder import JSONObject  # type: ignore[attr-defined]
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from typing import Any

from feedsvc.records.values import MAX_VALUES, TOO_MANY, Fields, Items, Number, Placed, SyntaxProblem, Value


def read_json(text: str) -> Value:
    """The value of a JSON text."""
    try:
        return _LineDecoder(text).value()
    except json.JSONDecodeError as error:
        raise SyntaxProblem(error.lineno, f"not valid JSON: {error.msg}") from error
    except RecursionError as error:
        raise SyntaxProblem(1, "nested too deeply; expected the few levels of a record") from error


class _LineDecoder(json.JSONDecoder):
    """The standard library's decoder in its Python form, which alone can be asked where a value stands."""

    def __init__(self, text: str) -> None:
        super().__init__(parse_int=Number, parse_float=Number, parse_constant=Number)
        self.text = text
        self.left = MAX_VALUES
        self._position, self._line = 0, 1
        self.parse_object = self.fields
        self.parse_array = self.items
        self.scan_once = py_make_scanner(self)

    def value(self) -> Value:
        return self.decode(self.text)  # type: ignore[no-any-return]

    def line(self, position: int) -> int:
        """The line of a position that is not before the last one asked for."""
        self._line += self.text.count("\n", self._position, position)
        self._position = position
        return self._line

    def fields(self, start: tuple[str, int], strict: bool, scan: Any, *_: object) -> tuple[Fields, int]:
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
        return json.decoder.JSONArray(start, self.placed(scan))  # type: ignore[attr-defined, no-any-return]

    def placed(self, scan: Any) -> Callable[[str, int], tuple[Placed, int]]:
        def scan_value(text: str, position: int) -> tuple[Placed, int]:
            line = self.line(position)
            self.left -= 1
            if self.left < 0:
                raise SyntaxProblem(line, TOO_MANY)
            value, end = scan(text, position)
            return (value, line), end

        return scan_value
