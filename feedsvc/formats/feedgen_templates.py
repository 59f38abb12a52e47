"""Writes Atom and RSS: feedgen renders each shape of entry once, and all other entries of the shape are filled in.

feedgen builds a tree of elements, which takes ten times as long as filling in. So it renders one entry of each shape
(the number of its topics and links, with a picture or without) with marks in place of its values. That is a template:

    Entry -> EntryValues -> shape -> template of the shape (feedgen, once) -> template filled with the values

Heads, which are feeds without their entries, are written in the same way. The bytes are those that feedgen renders for
the values themselves, but for the character references in plain elements of RSS.
"""

import re
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from itertools import chain, count
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from feedsvc.formats.atom_rss import EntryValues, Texts, entry_values, render_entry
from feedsvc.formats.atom_rss_heads import HeadValues, head_values, render_head
from feedsvc.formats.content import Context
from feedsvc.model import Entry, Feed, Format

#: What a template is made for: whether there is a text, and how long each row of Texts is, in the order of the values.
Shape: TypeAlias = tuple[bool | tuple[int, ...], ...]

#: The entries that are kept as they were written, and those whose values are: four times as large, and of one feed.
KEPT, KEPT_VALUES = 1000, 100
#: How an empty feed ends.
_END = {"atom": "</feed>", "rss": "</channel></rss>"}
#: The elements of RSS whose text is plain: in these it writes `&` and `<` as hexadecimal character references, which
#: readers can't take for HTML (RSS Best Practices Profile, Character Data). The description of an item is HTML. So are
#: titles of links written.
_PLAIN_OF_ITEM = ("title", "category", "dc:creator", "dc:publisher")
_PLAIN_OF_CHANNEL = ("title", "description")
_MARK = re.compile("\ue000([0-9]+)\ue001")


class Template(NamedTuple):
    """A rendered element with `%s` in place of each value."""

    #: In UTF-8.
    text: bytes
    #: Return the values in the order of the text, from those that `_escape` returns.
    pick: Callable[[list[bytes]], tuple[bytes, ...]]

    def fill(self, values: list[bytes]) -> bytes:
        """Return the text with values in it."""
        return self.text % self.pick(values)


def write_feed(format: Format, feed: Feed) -> bytes:
    """Return the feed in a format whose name is "atom" or "rss"."""
    name = format.name
    shape, values = _escape(head_values(format, feed))
    context = Context.of(feed)
    entries = (write_entry(name, entry, context) for entry in feed.entries)
    return b"".join((_head_template(name, feed.ttl, shape).fill(values), *entries, _END[name].encode()))


# Feeds that share stories are written one after the other, as are the archives of one time.
@lru_cache(KEPT)
def write_entry(name: str, entry: Entry, context: Context) -> bytes:
    """Return the element of an entry in "atom" or "rss"; its namespaces are declared by the feed."""
    shape, values = _escaped_entry(entry, context)
    return _entry_template(name, shape).fill(values)


# Most feeds are written in one format right after the other.
@lru_cache(KEPT_VALUES)
def _escaped_entry(entry: Entry, context: Context) -> tuple[Shape, list[bytes]]:
    return _escape(entry_values(entry, context))


@lru_cache(1000)
def _entry_template(name: str, shape: Shape) -> Template:
    return _template(render_entry(name, EntryValues(*_marks(shape))), shape, _PLAIN_OF_ITEM if name == "rss" else ())


@lru_cache(1000)
def _head_template(name: str, ttl: int, shape: Shape) -> Template:
    head = render_head(name, HeadValues(*_marks(shape)), ttl).removesuffix(_END[name])
    return _template(head, shape, _PLAIN_OF_CHANNEL if name == "rss" else ())


def _escape(values: Iterable[str | Texts]) -> tuple[Shape, list[bytes]]:
    """Return the shape of values, and their texts: escaped for elements and attributes, then for plain ones of both."""
    shape: list[bool | tuple[int, ...]] = []
    texts: list[str] = []
    for value in values:
        if not value:
            shape.append(() if isinstance(value, tuple) else False)
        elif isinstance(value, str):
            shape.append(True)
            texts.append(value)
        else:
            shape.append(tuple(map(len, value)))
            texts += chain(*value)
    # All at once, separated by a character that XML can't hold.
    joined = "\0".join(texts).encode()
    elements = joined.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;").replace(b"\r", b"&#13;")
    attributes = elements.replace(b'"', b"&quot;").replace(b"\n", b"&#10;").replace(b"\t", b"&#9;")
    both = b"\0".join((elements, attributes))
    plain = both.replace(b"&amp;", b"&#x26;").replace(b"&lt;", b"&#x3C;")
    return tuple(shape), b"\0".join((both, plain)).split(b"\0")


def _marks(shape: Shape) -> list[Any]:
    """Return values of a shape, in which each text is a mark with its place among all texts."""
    places = count()

    def mark() -> str:
        return f"\ue000{next(places)}\ue001"

    return [
        tuple(tuple(mark() for _ in range(length)) for length in part) if isinstance(part, tuple)
        else mark() if part else ""
        for part in shape
    ]  # fmt: skip


def _template(text: str, shape: Shape, plain: Collection[str]) -> Template:
    """Return the template of a text with the marks of a shape. plain: the names of elements of plain text in RSS."""
    pieces = _MARK.split(text.replace("%", "%%"))
    constants, places = pieces[::2], map(int, pieces[1::2])
    number = sum(sum(part) if isinstance(part, tuple) else part for part in shape)
    picked = []
    name = ""  # of the element that a value is in
    for before, place in zip(constants, places, strict=False):
        if "<" in before:
            name = re.split("[ >]", before.rpartition("<")[2])[0]
        is_plain = name in plain or (bool(plain) and before.endswith(' title="'))
        escaping = before.endswith('="') + 2 * is_plain
        picked.append(place + escaping * number)
    return Template("%s".join(constants).encode(), itemgetter(*picked))
