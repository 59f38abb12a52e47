"""Raw values of records: what YAML and JSON are read into, each with the line that it stands on.

Scalars stay the text that was written (`title: 1984` is a title), so that a fault in one value never costs
another: PyYAML's own constructors raise for a whole document when one of its dates is impossible.
"""

import re
from typing import TypeAlias

#: Keys and values of one file: what they take in memory is many times what they take in the file.
MAX_VALUES = 1_000_000
TOO_MANY = f"more than {MAX_VALUES:,} keys and values; expected fewer in one file"
#: Scalars without quotes that are no value.
NULLS = frozenset(("", "~", "null", "Null", "NULL"))
#: What a number begins with.
NUMERIC = frozenset("+-.0123456789")
_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*+(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d+)?")


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

    __slots__ = ("__dict__", "line")  # what is rare, and has a default, is in __dict__
    line: int
    #: The keys that stand in it more than once, each with the line of its last value, which counts; None without any.
    repeated: dict[str, int] | None = None

    def repeat(self, key: str, line: int) -> None:
        """Note that a key stands here again."""
        if self.repeated is None:
            self.repeated = {}
        self.repeated[key] = line


Items: TypeAlias = list["Placed"]
Value: TypeAlias = str | bool | Items | Fields | None
#: A value, and the line that it stands on.
Placed: TypeAlias = tuple[Value, int]


def plain_value(text: str) -> str | None:
    """The value of a scalar without quotes."""
    if text in NULLS:
        return None
    return Number(text) if text.isdecimal() or _NUMBER.fullmatch(text) else text
