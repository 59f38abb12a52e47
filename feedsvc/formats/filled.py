"""Templates: what feedgen writes once for each shape, to be filled in with what feeds and entries say.

feedgen builds a tree of elements for one entry of each shape (so many topics, so many links, with a picture or not),
with marks in place of what it says; every entry of that shape is the text of this one, filled in. So are the heads of
feeds. The bytes are those that feedgen writes for the values themselves, in a tenth of the time.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from operator import itemgetter
from typing import NamedTuple, TypeAlias

#: None, one or more of the same thing, each with its values.
Rows: TypeAlias = tuple[tuple[str, ...], ...]
#: How many rows each field of what is said has.
Shape: TypeAlias = tuple[int, ...]

_MARK = re.compile("\ue000([0-9]+)\ue001")


class Template(NamedTuple):
    """UTF-8 with `%s` for each value, and what picks those from the values of `escaped`."""

    text: bytes
    pick: Callable[[list[bytes]], tuple[bytes, ...]]

    def fill(self, values: list[bytes]) -> bytes:
        """The text with its values."""
        return self.text % self.pick(values)


def escaped(said: Iterable[Rows]) -> tuple[Shape, list[bytes]]:
    """(the shape of what is said, its values as they stand in text, then as they stand in attributes)."""
    # All at once, apart by a character that XML can't hold.
    values = "\0".join([value for rows in said for row in rows for value in row]).encode()
    texts = values.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;").replace(b"\r", b"&#13;")
    attributes = texts.replace(b'"', b"&quot;").replace(b"\n", b"&#10;").replace(b"\t", b"&#9;")
    return tuple(map(len, said)), (texts + b"\0" + attributes).split(b"\0")


def marked(shape: Shape, widths: Sequence[int]) -> list[Rows]:
    """Marks in place of what is said in a shape. widths: how many values the rows of each field have."""
    numbers = count()
    return [
        tuple(tuple(f"\ue000{next(numbers)}\ue001" for _ in range(width)) for _ in range(length))
        for length, width in zip(shape, widths, strict=True)
    ]


def template(text: str, marks: Iterable[Rows]) -> Template:
    """The template that a text with these marks comes to."""
    pieces = _MARK.split(text.replace("%", "%%"))
    texts, numbers = pieces[::2], map(int, pieces[1::2])
    attributes = sum(len(row) for rows in marks for row in rows)  # which follow the texts
    places = [number + attributes * before.endswith('="') for number, before in zip(numbers, texts, strict=False)]
    return Template("%s".join(texts).encode(), itemgetter(*places))
