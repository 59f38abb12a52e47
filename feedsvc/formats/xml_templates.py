"""Templates of XML: what was rendered with placeholders, to be filled with values.

A placeholder has the name of its value. Whatever renders the XML takes it for that, and may write it several times.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

#: Which values there are, of those that a template may have.
Present: TypeAlias = tuple[bool, ...]
#: Characters, and the references that are written for them.
Escaping: TypeAlias = tuple[tuple[bytes, bytes], ...]

PLACEHOLDER = re.compile("\ue000([^\ue001]+)\ue001")
_AS_IS: Escaping = ()
_IN_TEXT: Escaping = ((b"&", b"&amp;"), (b"<", b"&lt;"), (b">", b"&gt;"), (b"\r", b"&#13;"))
_IN_PLAIN_TEXT: Escaping = ((b"&", b"&#x26;"), (b"<", b"&#x3C;"), *_IN_TEXT[2:])
#: What is written in attributes, too.
_IN_ATTRIBUTES: Escaping = ((b'"', b"&quot;"), (b"\n", b"&#10;"), (b"\t", b"&#9;"))


class Template(NamedTuple):
    """XML with `%s` in place of each value."""

    #: In UTF-8.
    text: bytes
    #: For each way of escaping, return the values that are escaped in it, from all.
    chosen: tuple[tuple[Escaping, Callable[[Sequence[str]], Sequence[str]]], ...]
    #: Return the values in the order of the text, from those that were chosen and what is filled in as it is.
    ordered: Callable[[list[bytes]], tuple[bytes, ...]]

    def fill(self, values: Sequence[str], raw: Iterable[bytes] = ()) -> bytes:
        """Return the text with values in it. raw: what is filled in as it is."""
        parts = []
        for escaping, choose in self.chosen:
            # All at once, separated by a character that XML can't hold.
            parts.append(escaped("\0".join(choose(values)).encode(), escaping))
        filled = b"\0".join(parts).split(b"\0")
        filled += raw
        return self.text % self.ordered(filled)


def escaped(text: bytes, escaping: Escaping = _IN_TEXT) -> bytes:
    """Return a text escaped; by default, as in elements."""
    for character, reference in escaping:
        text = text.replace(character, reference)
    return text


def placeholder(name: str) -> str:
    """Return the placeholder for a value."""
    return f"\ue000{name}\ue001"


def placeholders(names: Iterable[str], present: Present) -> list[str]:
    """Return a placeholder for each value that there is, else an empty text."""
    return [placeholder(name) if is_there else "" for name, is_there in zip(names, present, strict=True)]


def make_template(text: str, names: Sequence[str], plain: Collection[str], raw: Sequence[str] = ()) -> Template:
    """Return the template of XML with placeholders.

    names: of all values, in the order in which they are filled in. plain: the elements whose text is plain, as are then
    attributes named `title`. raw: the names of what is filled in as it is.
    """
    pieces = PLACEHOLDER.split(text.replace("%", "%%"))
    constants, placed = pieces[::2], pieces[1::2]
    groups: dict[Escaping, dict[str, None]] = {}  # whose names are in order, each once
    used = []
    element = ""  # that a value is in
    for before, name in zip(constants, placed, strict=False):
        if "<" in before:
            element = re.split("[ >]", before.rpartition("<")[2])[0]
        if name in raw:
            used.append((_AS_IS, name))
            continue
        is_plain = element in plain or (bool(plain) and before.endswith(' title="'))
        escaping = _IN_PLAIN_TEXT if is_plain else _IN_TEXT
        if before.endswith('="'):
            escaping += _IN_ATTRIBUTES
        groups.setdefault(escaping, {})[name] = None
        used.append((escaping, name))
    place = {name: number for number, name in enumerate(names)}
    chosen = tuple((escaping, _getter([place[name] for name in group])) for escaping, group in groups.items())
    groups[_AS_IS] = dict.fromkeys(raw)  # which comes last
    filled = [(escaping, name) for escaping, group in groups.items() for name in group]
    number_of = {each: number for number, each in enumerate(filled)}
    return Template("%s".join(constants).encode(), chosen, _getter([number_of[each] for each in used]))


def _getter(places: list[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """Return a function that returns the values at places."""
    return itemgetter(*places) if len(places) > 1 else lambda values: (values[places[0]],)
