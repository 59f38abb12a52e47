"""Raw values of records: what every record syntax is read into, each with the line that it begins on.

Scalars are the text that was written (`title: 1984` is a title), so that a fault in one value never affects another:
PyYAML's own constructors raise for a whole document when one of its dates is impossible.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from msgspec import Struct

from feedsvc.errors import shown_value

#: The most keys and values of one file: they take many times more memory than the file.
MAX_VALUES = 1_000_000
#: Deeper nesting is refused: no record needs it.
MAX_DEPTH = 50
TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep; expected the few of a record"
TOO_MANY = f"more than {MAX_VALUES:,} keys and values; expected fewer in one file"

#: Texts that are no value: YAML's false, and what JSON has for a number that is none.
EMPTY = frozenset(("", "false", "False", "FALSE", "NaN"))
#: What programs write for no value, where it is none that the field can have.
NO_VALUES = frozenset(("none", "null", "nil", "nan", "undefined", "false", "~", "-"))


class SyntaxProblem(ValueError):
    """A text as a whole can't be read. `line` counts from 1."""

    __slots__ = ("line",)  # there may be one for each line of a file

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class TooMuch(SyntaxProblem):
    """A text goes beyond a limit, so that the rest of it is not read."""

    __slots__ = ()


class Number(str):
    """A scalar that was written as a number, as it was written."""

    __slots__ = ()


class Unusable(Struct, frozen=True):
    """A value in memory that no file could hold, such as bytes."""

    type_name: str


class Fields(dict[str, "Placed"]):
    """A mapping. `line` is its own, where an alias may stand for it elsewhere."""

    __slots__ = ("__dict__", "line")  # what is rare, and has a default, is in __dict__
    line: int
    #: The keys that stand in it more than once, each with the line of its last value, which counts; None without any.
    repeated: dict[str, int] | None = None
    #: Of a mapped record: for each field, the key or path that its value has in the file; None where they are the same.
    origin: dict[str, str] | None = None

    def value_of(self, key: str) -> "Value":
        """Return the value of a key, without its line; None if there is none."""
        return self.get(key, ABSENT)[0]

    def repeat(self, key: str, line: int) -> None:
        """Note that a key stands here again."""
        if self.repeated is None:
            self.repeated = {}
        self.repeated[key] = line


Items: TypeAlias = list["Placed"]
Value: TypeAlias = str | bool | Items | Fields | Unusable | None
#: A value, and the line that it begins on.
Placed: TypeAlias = tuple[Value, int]
#: Stands for what is absent.
ABSENT: Placed = (None, 0)
#: What should be the records of a file, each with its line; a problem stands for one that can't be read.
Found: TypeAlias = Sequence[tuple[Value | SyntaxProblem, int]]


def is_absent(value: Value) -> bool:
    """Return whether a value counts as absent: null, false (which in YAML is a text), or empty."""
    if isinstance(value, str):
        return value in EMPTY or value.isspace()
    return value is None or value is False or (isinstance(value, list | Fields) and not value)


def is_no_value(value: Value) -> bool:
    """Return whether a value is absent, or a word for that: of a field that can't have such a word."""
    return is_absent(value) or (isinstance(value, str) and value.strip().lower() in NO_VALUES)


class Syntax(Struct, frozen=True, kw_only=True):
    """A way to write records, which `feedsvc.records.registry.register` makes known."""

    #: How it is named in messages.
    name: str
    #: The suffixes of its files, in lower case, such as ".md".
    suffixes: tuple[str, ...]
    #: Reads the text of a file, and returns what should be its records, and the text that is the content of each one.
    #: It raises SyntaxProblem if the text can't be read; a record that can't be is such a problem among the others.
    #: A line ends in "\n", and there is no NUL.
    read: Callable[[str], tuple[Found, str]]


def show(value: Value) -> str:
    """Return a value as a message shows it: short, and neither the parts of a mapping or list, nor a password."""
    if isinstance(value, Fields):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, Unusable):
        return f"a value of type {value.type_name}"
    if not isinstance(value, str):
        return "nothing" if value is None else str(value).lower()
    return shown_value(value)
