"""Reads the fields of one mapping of a record, and collects a problem for each that can't be used."""

from collections.abc import Callable, Iterator, Set
from typing import Any, TypeAlias

from feedsvc.records.content import content_html
from feedsvc.records.problems import Problems
from feedsvc.records.values import Fields, Items, Number, Placed, Unusable, Value
from feedsvc.text import plain_text

#: For each of several fields: its key, the function that converts its text and raises ValueError, and what is expected
#: where the field is required.
Converters: TypeAlias = tuple[tuple[str, Callable[[str], Any], str], ...]

#: The value of a field that is absent.
ABSENT: Placed = (None, 0)

_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_MAX_SHOWN = 80
_NAME_KEYS = frozenset(("name",))


class FieldReader:
    """Reads the fields of one mapping.

    known: the keys of all fields that may be read.
    parent, key, position: where the mapping is: the value of a field of another one, or an item of that value.
    """

    __slots__ = ("fields", "key", "parent", "position", "problems")

    def __init__(
        self,
        fields: Fields,
        known: Set[str],
        problems: Problems,
        parent: "FieldReader | None" = None,
        key: str = "",
        position: int | None = None,
    ) -> None:
        self.fields = fields
        self.problems = problems
        self.parent = parent
        self.key = key
        self.position = position
        if fields.repeated:
            for repeated, line in fields.repeated.items():
                if repeated in known:  # its last value is read
                    message = "stands here again, and replaces what stood before; expected once"
                    self.problem(repeated, message, line=line)
            fields.repeated = None  # aliases of the mapping, which may be many, have the same problems

    @property
    def prefix(self) -> str:
        """What comes before the name of a field in a problem, such as `images[0].`; empty at the top of a record."""
        if not self.parent:
            return ""
        if self.fields.origin is not None and self.position is None:  # a mapping that the file doesn't have
            return self.parent.prefix
        return f"{self.parent.shown(self.key)}{'' if self.position is None else f'[{self.position}]'}."

    def shown(self, key: str) -> str:
        """Return the name of a field, or of an item of it, as the file has it."""
        name, bracket, position = key.partition("[")
        origin = (self.fields.origin or {}).get(name)
        return f"{self.prefix}{origin}{bracket}{position}" if origin else self.prefix + key

    def problem(self, key: str, message: str, value: Value = None, line: int | None = None) -> None:
        """Add a problem of a field. message: what is expected. value: what can't be used, to be shown."""
        shown = "" if value is None else f"{_show(value)} can't be used: "
        at = line or (self.fields[key][1] if key in self.fields else self.fields.line)
        self.problems.add(at, self.shown(key), shown + message)

    def read(self, converters: Converters) -> list[Any]:
        """Return the converted values of scalar fields: None for each that is absent, empty, or a problem."""
        values: list[Any] = []
        get = self.fields.get
        for key, convert, expected in converters:
            value = get(key, ABSENT)[0]
            converted = None
            try:
                if isinstance(value, str):
                    if value:
                        converted = convert(value)
                elif value is not None:
                    raise ValueError("expected text")
                if expected and not converted:
                    self.problem(key, f"is missing; expected {expected}")
            except ValueError as error:
                self.problem(key, str(error), value)
            values.append(converted)
        return values

    def read_one(self, key: str, convert: Callable[[str], Any]) -> Any:
        """Return the converted value of one scalar field, or None, as `read` does."""
        return self.read(((key, convert, ""),))[0] if key in self.fields else None

    def content(self, key: str, body: str, url: str | None) -> str:
        """Return the HTML of a field, else of the text after the front matter. url: what links are resolved against."""
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
        """Return a boolean. unclear: what counts where the value can't be read, the choice that publishes less."""
        value, _ = self.fields.get(key, ABSENT)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        known = _BOOLEANS.get(value.lower()) if isinstance(value, str) else None
        if known is None:
            self.problem(key, "expected true or false; left out until it is one of them", value)
            return unclear
        return known

    def items(self, key: str, expected: str) -> Items:
        """Return the items of a list, with their lines."""
        value, _ = self.fields.get(key, ABSENT)
        if isinstance(value, list):
            return value
        if value is not None:
            self.problem(key, f"expected a list of {expected}", value)
        return []

    def mappings(self, key: str, known: Set[str]) -> "Iterator[FieldReader]":
        """Return a reader for each mapping of a list. known: the keys of all fields that may be read."""
        for position, (item, line) in enumerate(self.items(key, "mappings")):
            if isinstance(item, Fields):
                yield FieldReader(item, known, self.problems, self, key, position)
            else:
                self.problem(f"{key}[{position}]", f"expected a mapping, not {_show(item)}", line=line)

    def names(self, key: str) -> tuple[str, ...]:
        """Return the names in a list of texts, or of mappings with a `name`. Other items are problems."""
        names = []
        for position, (item, line) in enumerate(self.items(key, "names")):
            name = item
            if isinstance(item, Fields):
                FieldReader(item, _NAME_KEYS, self.problems, self, key, position)  # finds a `name` that is repeated
                name = item.get("name", ABSENT)[0]
            text = plain_text(name) if isinstance(name, str) and not isinstance(name, Number) else ""
            if text:
                names.append(text)
            else:
                self.problem(f"{key}[{position}]", f"expected a name, not {_show(item)}", line=line)
        return tuple(names)


def _show(value: Value) -> str:
    """Return a value as a message shows it: short, and neither the parts of a mapping or list, nor a password."""
    if isinstance(value, Fields):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, Unusable):
        return f"a value of type {value.type_name}"
    if not isinstance(value, str):
        return "nothing" if value is None else str(value).lower()
    before, _, host = value.rpartition("@")
    scheme, slashes, _user = before.partition("//")
    text = f"{scheme}//…@{host}" if slashes else str(value)
    return repr(text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…")
