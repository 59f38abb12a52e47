"""Writes Atom and RSS: feedgen renders each shape of entry once, and all other entries of the shape are filled in.

feedgen builds a tree of elements, which takes ten times as long as filling in. So it renders one entry of each shape
(with a picture or without, with an excerpt or without) with marks in place of its values, and one member of each list
(links, authors), whose element is repeated as often as there are members. That is a template:

    Entry -> EntryValues -> shape -> template of the shape (feedgen, once) -> template filled with the values

The elements of topics and of the provider, which many entries have, are filled once each, and kept.

Heads, which are feeds without their entries, are written in the same way. The bytes are those that feedgen renders for
the values themselves, but for the character references in plain elements of RSS.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, chain
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from feedsvc.formats.atom_rss import (
    MEMBER_TEXTS,
    SINGLE_VALUES,
    EntryValues,
    ProviderValues,
    TopicValues,
    entry_values,
    provider_values,
    render_entry,
    topic_values,
)
from feedsvc.formats.atom_rss_heads import HeadValues, head_values, render_head
from feedsvc.formats.content import KEPT, Context, EntryHtml, entry_html
from feedsvc.kept import Kept
from feedsvc.model import Entry, Feed, Format, Provider, Topic

#: What a template is made for: whether each text is there, then the number of texts of each list.
Shape: TypeAlias = tuple[int, ...]
#: Characters, and what is written for them.
Escaping: TypeAlias = tuple[tuple[bytes, bytes], ...]

#: The bytes of the entries that are kept as they were written; those of one beside what was written, and the entry.
KEPT_BYTES, ENTRY_BYTES = 32_000_000, 3000
#: How an empty feed ends.
_END = {"atom": "</feed>", "rss": "</channel></rss>"}
#: The elements of RSS whose text is plain: in these it writes `&` and `<` as hexadecimal character references, which
#: readers can't take for HTML (RSS Best Practices Profile, Character Data). The description of an item is HTML. So are
#: titles of links written.
_PLAIN_OF_ITEM = ("title", "category", "dc:creator", "dc:publisher")
_PLAIN_OF_CHANNEL = ("title", "description")
_MARK = re.compile("\ue000(-?[0-9]+)\ue001")
#: The places of what is filled in as it is, from the end: the HTML, and the elements of provider and topics.
_HTML = -4, -3
_PROVIDER, _TOPICS = -2, -1
#: How far the first marks of lists are from each other, before they have their places.
_LIST = 100
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
    chosen: tuple[tuple[Escaping, Callable[[Sequence[str]], Sequence[str]]], ...]
    #: Return the values in the order of the text, from those of all places.
    ordered: Callable[[list[bytes]], tuple[bytes, ...]]

    def fill(self, values: Sequence[str], raw: Iterable[bytes] = ()) -> bytes:
        """Return the text with values in it. raw: what is filled in as it is."""
        parts = []
        for escaping, choose in self.chosen:
            # All at once, separated by a character that XML can't hold.
            parts.append(_escape("\0".join(choose(values)).encode(), escaping))
        filled = b"\0".join(parts).split(b"\0")
        filled += raw
        return self.text % self.ordered(filled)


def _escape(text: bytes, escaping: Escaping) -> bytes:
    for character, reference in escaping:
        text = text.replace(character, reference)
    return text


def write_feed(format: Format, feed: Feed) -> bytes:
    """Return the feed in a format whose name is "atom" or "rss"."""
    name = format.name
    values = head_values(format, feed)
    context = Context.of(feed)
    kept, entries = _written(context), []
    for entry in feed.entries:
        key = name, entry
        element = kept.get(key)
        if element is None:
            element = write_entry(name, entry, context)
            kept.keep(key, element)
        entries.append(element)
    return b"".join((_head_template(name, feed.ttl, _shape(values)).fill(values), *entries, _END[name].encode()))


# Feeds that share stories are written near each other.
@lru_cache(2)
def _written(context: Context) -> Kept[tuple[str, Entry], bytes]:
    """Return the elements of entries that are kept, by format, of the feeds of a site."""
    return Kept(KEPT_BYTES, lambda element: ENTRY_BYTES + 2 * len(element))


def write_entry(name: str, entry: Entry, context: Context) -> bytes:
    """Return the element of an entry in "atom" or "rss"; its namespaces are declared by the feed."""
    shape, values, html = _shaped_entry(entry, context)
    topics = b"".join([_topic_element(name, topic, context.base_url) for topic in entry.topics])
    return _entry_template(name, shape).fill(values, (*html, _provider_element(name, entry.provider), topics))


# Most feeds are written in one format right after the other.
@lru_cache(KEPT)
def _shaped_entry(entry: Entry, context: Context) -> tuple[Shape, list[str], list[bytes]]:
    """Return the shape of an entry, its texts, and its HTML as both formats escape it."""
    values: tuple[Any, ...] = entry_values(entry, context)
    html = entry_html(entry, context)
    texts, lists = values[:SINGLE_VALUES], values[SINGLE_VALUES:]
    shape = *map(bool, texts), *map(bool, html), *map(len, lists)
    return shape, [*texts, *chain.from_iterable(lists)], _escape(b"\0".join(html), _IN_ELEMENT).split(b"\0")


@lru_cache(1000)
def _provider_element(name: str, provider: Provider) -> bytes:
    """Return the element of the provider of entries."""
    values = provider_values(provider)
    return _provider_template(name, _shape(values)).fill(values)


@lru_cache(1000)
def _topic_element(name: str, topic: Topic, base_url: str) -> bytes:
    """Return the element of a topic of entries."""
    return _topic_template(name).fill(topic_values(topic, base_url))


@lru_cache(1000)
def _entry_template(name: str, shape: Shape) -> Template:
    """Return the template of the entries of a shape, into which its HTML and other elements are filled, too.

    The element of a list's marked member is repeated with marks for the places of all members among the texts: of two
    links, `<link href="{100}" title="{101}"/>` is `<link href="{11}" title="{12}"/><link href="{13}" title="{14}"/>`.
    """
    sizes = shape[SINGLE_VALUES + len(EntryHtml._fields) :]
    lists = list(zip(accumulate(sizes, initial=SINGLE_VALUES), sizes, MEMBER_TEXTS, strict=False))
    parts = []
    for element in _marked_entry(name, shape[: -len(sizes)]):
        mark = _MARK.search(element)
        place = int(mark[1]) if mark else 0
        if mark and place in (_PROVIDER, _TOPICS):
            parts.append(mark[0])
        elif place < _LIST:
            parts.append(element)
        else:
            start, size, step = lists[place // _LIST - 1]
            parts += [_moved(element, start - place + text) for text in range(0, size, step)]
    return _template("".join(parts), _plain_of_entry(name))


@lru_cache(1000)
def _marked_entry(name: str, shape: Shape) -> list[str]:
    """Return what feedgen renders for an entry with one member of each list. shape: of the values that are texts."""
    values: list[Any] = _marks(shape[:SINGLE_VALUES])
    html = [_mark(place).encode() if part else b"" for place, part in zip(_HTML, shape[SINGLE_VALUES:], strict=True)]
    for number, size in enumerate(MEMBER_TEXTS, 1):
        values.append(tuple(_mark(_LIST * number + text) for text in range(size)))
    provider, topic = ProviderValues(_mark(_PROVIDER), ""), TopicValues(*[_mark(_TOPICS)] * 3)
    return render_entry(name, EntryValues(*values), EntryHtml(*html), provider, [topic])


@lru_cache
def _provider_template(name: str, shape: Shape) -> Template:
    return _marked_element(name, ProviderValues(*_marks(shape)), [])


@lru_cache
def _topic_template(name: str) -> Template:
    return _marked_element(name, ProviderValues("-", ""), [TopicValues(*map(_mark, range(3)))])


def _marked_element(name: str, provider: ProviderValues, topics: list[TopicValues]) -> Template:
    """Return the template of the only element of an entry that has marks."""
    elements = render_entry(name, EntryValues(*"-" * SINGLE_VALUES), EntryHtml(b"-", b"-"), provider, topics)
    return _template(next(filter(_MARK.search, elements)), _plain_of_entry(name))


def _plain_of_entry(name: str) -> tuple[str, ...]:
    return _PLAIN_OF_ITEM if name == "rss" else ()


@lru_cache(1000)
def _head_template(name: str, ttl: int, shape: Shape) -> Template:
    head = render_head(name, HeadValues(*_marks(shape)), ttl).removesuffix(_END[name])
    return _template(head, _PLAIN_OF_CHANNEL if name == "rss" else ())


def _shape(values: Iterable[str]) -> Shape:
    return tuple(map(bool, values))


def _mark(place: int) -> str:
    return f"\ue000{place}\ue001"


def _moved(text: str, by: int) -> str:
    """Return a text with marks of other places."""
    return _MARK.sub(lambda mark: _mark(int(mark[1]) + by), text)


def _marks(shape: Shape) -> list[str]:
    """Return values of a shape, in which each text is a mark with its place."""
    return [_mark(place) if part else "" for place, part in enumerate(shape)]


def _template(text: str, plain: Collection[str]) -> Template:
    """Return the template of a text with marks. plain: the names of elements of plain text in RSS."""
    pieces = _MARK.split(text.replace("%", "%%"))
    constants, places = pieces[::2], map(int, pieces[1::2])
    found: list[dict[int, int]] = [{} for _ in _ESCAPINGS]
    placed = []
    name = ""  # of the element that a value is in
    for before, place in zip(constants, places, strict=False):
        if "<" in before:
            name = re.split("[ >]", before.rpartition("<")[2])[0]
        is_plain = name in plain or (bool(plain) and before.endswith(' title="'))
        way = before.endswith('="') + 2 * is_plain
        number = found[way].setdefault(place, len(found[way])) if place >= 0 else place
        placed.append((way, number))
    starts = list(accumulate(map(len, found), initial=0))
    chosen = tuple((escaping, _getter([*group])) for escaping, group in zip(_ESCAPINGS, found, strict=True) if group)
    ordered = _getter([number if number < 0 else starts[way] + number for way, number in placed])
    return Template("%s".join(constants).encode(), chosen, ordered)


def _getter(places: list[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """Return a function that returns the values at places."""
    return itemgetter(*places) if len(places) > 1 else lambda values: (values[places[0]],)
