"""Writes Atom and RSS: feedgen renders each shape of entry once, and all other entries of the shape are filled in.

feedgen builds a tree of elements, which takes ten times as long as filling in. So it renders one entry of each shape
(the number of its topics and links, with a picture or without) with marks in place of its values. That is a template:

    Entry -> EntryValues -> shape -> template of the shape (feedgen, once) -> template filled with the values

Heads, which are feeds without their entries, are written in the same way. The bytes are those that feedgen renders for
the values themselves, but for the character references in plain elements of RSS.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, count
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from feedsvc.formats.atom_rss import EntryValues, Texts, entry_values, render_entry
from feedsvc.formats.atom_rss_heads import HeadValues, head_values, render_head
from feedsvc.formats.content import KEPT, Context
from feedsvc.kept import Kept
from feedsvc.model import Entry, Feed, Format

#: What a template is made for: whether there is a text, and how many Texts has, in the order of the values.
Shape: TypeAlias = tuple[bool | int, ...]

#: The bytes of the entries that are kept as they were written; those of one beside what was written, and the entry.
KEPT_BYTES, ENTRY_BYTES = 32_000_000, 3000
#: How an empty feed ends.
_END = {"atom": "</feed>", "rss": "</channel></rss>"}
#: The elements of RSS whose text is plain: in these it writes `&` and `<` as hexadecimal character references, which
#: readers can't take for HTML (RSS Best Practices Profile, Character Data). The description of an item is HTML. So are
#: titles of links written.
_PLAIN_OF_ITEM = ("title", "category", "dc:creator", "dc:publisher")
_PLAIN_OF_CHANNEL = ("title", "description")
_MARK = re.compile("\ue000([0-9]+)\ue001")
#: What is written for characters: in elements and attributes, then in plain ones of both.
_IN_ELEMENT = ((b"&", b"&amp;"), (b"<", b"&lt;"), (b">", b"&gt;"), (b"\r", b"&#13;"))
_IN_ATTRIBUTE = ((b'"', b"&quot;"), (b"\n", b"&#10;"), (b"\t", b"&#9;"))
_PLAIN = ((b"&", b"&#x26;"), (b"<", b"&#x3C;"))
_ESCAPINGS = (
    _IN_ELEMENT,
    (*_IN_ELEMENT, *_IN_ATTRIBUTE),
    (*_PLAIN, *_IN_ELEMENT[2:]),
    (*_PLAIN, *_IN_ELEMENT[2:], *_IN_ATTRIBUTE),
)


class Template(NamedTuple):
    """A rendered element with `%s` in place of each value."""

    #: In UTF-8.
    text: bytes
    #: For each way of escaping, return the values that are escaped in it, from all.
    chosen: tuple[tuple[tuple[tuple[bytes, bytes], ...], Callable[[Sequence[str]], Sequence[str]]], ...]
    #: Return the values in the order of the text, from those of all places.
    ordered: Callable[[list[bytes]], tuple[bytes, ...]]

    def fill(self, values: Sequence[str]) -> bytes:
        """Return the text with values in it."""
        parts = []
        for escaping, choose in self.chosen:
            # All at once, separated by a character that XML can't hold.
            part = "\0".join(choose(values)).encode()
            for character, reference in escaping:
                part = part.replace(character, reference)
            parts.append(part)
        return self.text % self.ordered(b"\0".join(parts).split(b"\0"))


def write_feed(format: Format, feed: Feed) -> bytes:
    """Return the feed in a format whose name is "atom" or "rss"."""
    name = format.name
    shape, values = _shaped(head_values(format, feed))
    context = Context.of(feed)
    kept, entries = _written(context), []
    for entry in feed.entries:
        key = name, entry
        element = kept.get(key)
        if element is None:
            element = write_entry(name, entry, context)
            kept.keep(key, element)
        entries.append(element)
    return b"".join((_head_template(name, feed.ttl, shape).fill(values), *entries, _END[name].encode()))


# Feeds that share stories are written near each other.
@lru_cache(2)
def _written(context: Context) -> Kept[tuple[str, Entry], bytes]:
    """Return the elements of entries that are kept, by format, of the feeds of a site."""
    return Kept(KEPT_BYTES, lambda element: ENTRY_BYTES + 2 * len(element))


def write_entry(name: str, entry: Entry, context: Context) -> bytes:
    """Return the element of an entry in "atom" or "rss"; its namespaces are declared by the feed."""
    shape, values = _shaped_entry(entry, context)
    return _entry_template(name, shape).fill(values)


# Most feeds are written in one format right after the other.
@lru_cache(KEPT)
def _shaped_entry(entry: Entry, context: Context) -> tuple[Shape, list[str]]:
    return _shaped(entry_values(entry, context))


@lru_cache(1000)
def _entry_template(name: str, shape: Shape) -> Template:
    return _template(render_entry(name, EntryValues(*_marks(shape))), _PLAIN_OF_ITEM if name == "rss" else ())


@lru_cache(1000)
def _head_template(name: str, ttl: int, shape: Shape) -> Template:
    head = render_head(name, HeadValues(*_marks(shape)), ttl).removesuffix(_END[name])
    return _template(head, _PLAIN_OF_CHANNEL if name == "rss" else ())


def _shaped(values: Iterable[str | Texts]) -> tuple[Shape, list[str]]:
    """Return the shape of values, and their texts."""
    shape: list[bool | int] = []
    texts: list[str] = []
    for value in values:
        if isinstance(value, str):
            shape.append(bool(value))
            if value:
                texts.append(value)
        else:
            shape.append(len(value))
            texts += value
    return tuple(shape), texts


def _marks(shape: Shape) -> list[Any]:
    """Return values of a shape, in which each text is a mark with its place among all texts."""
    places = count()

    def mark() -> str:
        return f"\ue000{next(places)}\ue001"

    return [
        (mark() if part else "") if isinstance(part, bool) else tuple(mark() for _ in range(part)) for part in shape
    ]


def _template(text: str, plain: Collection[str]) -> Template:
    """Return the template of a text with marks. plain: the names of elements of plain text in RSS."""
    pieces = _MARK.split(text.replace("%", "%%"))
    constants, places = pieces[::2], map(int, pieces[1::2])
    found: list[list[int]] = [[] for _ in _ESCAPINGS]
    placed = []
    name = ""  # of the element that a value is in
    for before, place in zip(constants, places, strict=False):
        if "<" in before:
            name = re.split("[ >]", before.rpartition("<")[2])[0]
        is_plain = name in plain or (bool(plain) and before.endswith(' title="'))
        way = before.endswith('="') + 2 * is_plain
        placed.append((way, len(found[way])))
        found[way].append(place)
    starts = list(accumulate(map(len, found), initial=0))
    chosen = tuple((escaping, _getter(group)) for escaping, group in zip(_ESCAPINGS, found, strict=True) if group)
    ordered = _getter([starts[way] + number for way, number in placed])
    return Template("%s".join(constants).encode(), chosen, ordered)


def _getter(places: list[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """Return a function that returns the values at places."""
    return itemgetter(*places) if len(places) > 1 else lambda values: (values[places[0]],)
