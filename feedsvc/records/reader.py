"""Reads the fields of one mapping of a record, with a problem for each that can't be used."""

from collections.abc import Callable, Iterator, Set
from typing import Any, TypeAlias

from feedsvc.model import Problem
from feedsvc.records.content import content_html
from feedsvc.records.values import Fields, Items, Number, Placed, Value
from feedsvc.text import plain_text

#: Keys, what makes a value of each one's text, and what is expected of one that mustn't be missing.
Converters: TypeAlias = tuple[tuple[str, Callable[[str], Any], str], ...]

#: Of one file; the others are not listed.
MAX_PROBLEMS = 100
#: The value of a field that there isn't.
ABSENT: Placed = (None, 0)

_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_MAX_SHOWN = 80
_NAME_KEYS = frozenset(("name",))


def note(problems: list[Problem], problem: Problem) -> None:
    """Add to the problems of a file, unless there are very many."""
    if len(problems) < MAX_PROBLEMS:
        problems.append(problem)
    elif len(problems) == MAX_PROBLEMS:
        message = f"more than {MAX_PROBLEMS} problems in this file; the others are not listed"
        problems.append(Problem(problem.path, problem.line, "", message))


class Reader:
    """Reads the fields of one mapping, noting each problem with its place.

    known: all that may be read. prefix: what stands before a field's name in a problem.
    """

    __slots__ = ("fields", "path", "prefix", "problems")

    def __init__(self, fields: Fields, known: Set[str], prefix: str, path: str, problems: list[Problem]) -> None:
        self.fields = fields
        self.prefix = prefix
        self.path = path
        self.problems = problems
        if fields.repeated:
            for key, line in fields.repeated.items():
                if key in known:  # it is the last value that is read
                    self.problem(key, "stands here again, and replaces what stood before; expected once", line=line)
            fields.repeated = None  # aliases of it, which may be many, tell nothing new

    def problem(self, key: str, message: str, value: Value = None, line: int | None = None) -> None:
        """Note that the value of a field can't be used; message says what is expected."""
        shown = "" if value is None else f"{_show(value)} can't be used: "
        at = line or (self.fields[key][1] if key in self.fields else self.fields.line)
        note(self.problems, Problem(self.path, at, self.prefix + key, shown + message))

    def read(self, converters: Converters) -> list[Any]:
        """The converted values of scalar fields, in one go; None for each that is absent, empty, or a problem."""
        values: list[Any] = []
        get = self.fields.get
        for key, convert, expected in converters:
            value, line = get(key, ABSENT)
            converted = None
            try:
                if isinstance(value, str):
                    converted = convert(value) if value else None
                elif value is not None:
                    raise ValueError("expected text")
                if expected and not converted:
                    self.problem(key, f"is missing; expected {expected}")
            except ValueError as error:
                self.problem(key, str(error), value, line)
            values.append(converted)
        return values

    def read_one(self, key: str, convert: Callable[[str], Any], expected: str = "") -> Any:
        """As `read`, for a single field."""
        return self.read(((key, convert, expected),))[0]

    def content(self, key: str, body: str, url: str | None) -> str:
        """HTML from a field, else from the text after the front matter. url: what links are resolved against."""
        value, _ = self.fields.get(key, ABSENT)
        own = value.strip() if isinstance(value, str) else value is not None
        if not url or not (own or body.strip()):
            return ""
        if own:
            return self.read_one(key, lambda text: content_html(text, url)) or ""
        try:
            return content_html(body, url)
        except ValueError as error:
            self.problem("(text)", str(error))
            return ""

    def flag(self, key: str, default: bool, unclear: bool) -> bool:
        """A boolean; one that can't be read counts as `unclear`, the choice that publishes less."""
        value, _ = self.fields.get(key, ABSENT)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        known = _BOOLEANS.get(value.lower()) if isinstance(value, str) else None
        if known is None:
            self.problem(key, "expected true or false; left out until it is one of them", value)
            return unclear
        return known

    def items(self, key: str, expected: str) -> Items:
        """The items of a list, with their lines."""
        value, _ = self.fields.get(key, ABSENT)
        if isinstance(value, list):
            return value
        if value is not None:
            self.problem(key, f"expected a list of {expected}", value)
        return []

    def nested(self, name: str, fields: Fields, known: Set[str]) -> "Reader":
        """A reader for a mapping inside this one."""
        return Reader(fields, known, f"{self.prefix}{name}.", self.path, self.problems)

    def mappings(self, key: str, known: Set[str]) -> "Iterator[Reader]":
        """A reader for each mapping of a list."""
        for position, (item, line) in enumerate(self.items(key, "mappings")):
            if isinstance(item, Fields):
                yield self.nested(f"{key}[{position}]", item, known)
            else:
                self.problem(f"{key}[{position}]", f"expected a mapping, not {_show(item)}", line=line)

    def names(self, key: str) -> tuple[str, ...]:
        """A list of texts, or of mappings with a `name`; what is neither is a problem and left out."""
        names = []
        for position, (item, line) in enumerate(self.items(key, "names")):
            name = item
            if isinstance(item, Fields):
                name = self.nested(f"{key}[{position}]", item, _NAME_KEYS).fields.get("name", ABSENT)[0]
            text = plain_text(name) if isinstance(name, str) and not isinstance(name, Number) else ""
            if text:
                names.append(text)
            else:
                self.problem(f"{key}[{position}]", f"expected a name, not {_show(item)}", line=line)
        return tuple(names)


def _show(value: Value) -> str:
    """A value as an error message shows it: short, and neither what a mapping or list holds, nor a password."""
    if isinstance(value, Fields):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if not isinstance(value, str):
        return "nothing" if value is None else str(value).lower()
    before, _, host = value.rpartition("@")
    scheme, slashes, _user = before.partition("//")
    text = f"{scheme}//…@{host}" if slashes else str(value)
    return repr(text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…")
