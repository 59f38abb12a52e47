"""Writes Atom and RSS: feedgen renders each shape of entry once, and all other entries of the shape are filled in.

feedgen builds a tree of elements, which takes ten times as long as filling in. So it renders one entry of each shape
(with a picture or without, with an excerpt or without) with marks in place of its values, each of which has the value's
name, and one member of each list (links, authors), whose element is repeated as often as there are members. That is a
template:

    Entry -> EntryValues -> shape -> template of the shape (feedgen, once) -> template filled with the values

The elements of topics, which many entries have, are filled once each, and kept.

Heads, which are feeds without their entries, are written in the same way. The bytes are those that feedgen renders for
the values themselves, but for the character references in plain elements of RSS.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from feedsvc.formats.content import KEPT, Context, EntryHtml, entry_html
from feedsvc.formats.feedgen_entries import (
    LISTS,
    TEXTS,
    EntryValues,
    TopicValues,
    entry_values,
    render_entry,
    topic_values,
)
from feedsvc.formats.feedgen_heads import HeadValues, head_values, render_head
from feedsvc.kept import Kept
from feedsvc.model import Entry, Feed, Format, Topic

#: Which texts there are, of those that a template may have.
Present: TypeAlias = tuple[bool, ...]
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
#: What stands in place of a value, with its name.
_MARK = re.compile("\ue000([^\ue001]+)\ue001")
#: What is filled into an entry as it is: its HTML, and the elements of its topics.
_RAW = ("excerpt", "content", "topics")
#: What is written for characters: in texts and attributes of HTML, or plain ones; in all of them; in attributes, too.
_AS_IS: Escaping = ()
_IN_TEXT: Escaping = ((b"&", b"&amp;"), (b"<", b"&lt;"))
_IN_PLAIN_TEXT: Escaping = ((b"&", b"&#x26;"), (b"<", b"&#x3C;"))
_IN_ALL: Escaping = ((b">", b"&gt;"), (b"\r", b"&#13;"))
_IN_ATTRIBUTES: Escaping = ((b'"', b"&quot;"), (b"\n", b"&#10;"), (b"\t", b"&#9;"))


class Template(NamedTuple):
    """A rendered element with `%s` in place of each value."""

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
    head = _head_template(name, feed.ttl, tuple(map(bool, values))).fill(values)
    return b"".join((head, *entries, _END[name].encode()))


# Feeds that share stories are written near each other.
@lru_cache(2)
def _written(context: Context) -> Kept[tuple[str, Entry], bytes]:
    """Return the elements of entries that are kept, by format, of the feeds of a site."""
    return Kept(KEPT_BYTES, lambda element: ENTRY_BYTES + 2 * len(element))


def write_entry(name: str, entry: Entry, context: Context) -> bytes:
    """Return the element of an entry in "atom" or "rss"; its namespaces are declared by the feed."""
    present, sizes, values, html = _shaped_entry(entry, context)
    topics = b"".join([_topic_element(name, topic, context.base_url) for topic in entry.topics])
    return _entry_template(name, present, sizes).fill(values, (*html, topics))


# Most feeds are written in one format right after the other.
@lru_cache(KEPT)
def _shaped_entry(entry: Entry, context: Context) -> tuple[Present, tuple[int, ...], list[str], list[bytes]]:
    """Return the shape of an entry, its texts, and its HTML as both formats escape it.

    Its shape is which of TEXTS and of its HTML there are, and the sizes of LISTS.
    """
    values: tuple[Any, ...] = entry_values(entry, context)
    html = entry_html(entry, context)
    texts, lists = values[: len(TEXTS)], values[len(TEXTS) :]
    escaped = _escape(b"\0".join(html), _IN_TEXT + _IN_ALL).split(b"\0")
    return tuple(map(bool, texts + html)), tuple(map(len, lists)), [*texts, *chain.from_iterable(lists)], escaped


@lru_cache(1000)
def _topic_element(name: str, topic: Topic, base_url: str) -> bytes:
    """Return the element of a topic."""
    return _topic_template(name).fill(topic_values(topic, base_url))


@lru_cache
def _topic_template(name: str) -> Template:
    """Return the template of the element of a topic: the only one with marks of an entry that has such a topic."""
    topic = TopicValues(*map(_mark, TopicValues._fields))
    elements = render_entry(name, EntryValues(*"-" * len(TEXTS)), EntryHtml(b"", b"-"), [topic])
    return _template(next(filter(_MARK.search, elements)), TopicValues._fields, _plain_of_entry(name))


@lru_cache(1000)
def _entry_template(name: str, present: Present, sizes: tuple[int, ...]) -> Template:
    """Return the template of the entries of a shape, as `_shaped_entry` has it.

    The element of a list's marked member is repeated with marks for each: of two authors, `<name>{authors}</name>` is
    `<name>{authors 0}</name><name>{authors 1}</name>`.
    """
    size_of = dict(zip(LISTS, sizes, strict=True))
    parts = []
    for element in _marked_entry(name, present):
        mark = _MARK.search(element)
        if mark and mark[1] == "topics":
            parts.append(mark[0])
        elif mark and mark[1] in size_of:
            parts += [_MARK.sub(_mark(f"\\1 {number}"), element) for number in range(size_of[mark[1]])]
        else:
            parts.append(element)
    members = [f"{each} {number}" for each, size in size_of.items() for number in range(size)]
    return _template("".join(parts), (*TEXTS, *members), _plain_of_entry(name), _RAW)


@lru_cache(1000)
def _marked_entry(name: str, present: Present) -> list[str]:
    """Return what feedgen renders for an entry with one member of each list, and one topic."""
    *texts, excerpt, content = _marks((*TEXTS, *EntryHtml._fields), present)
    values: list[Any] = [*texts, *((_mark(each),) for each in LISTS)]
    topic = TopicValues(*[_mark("topics")] * 3)
    return render_entry(name, EntryValues(*values), EntryHtml(excerpt.encode(), content.encode()), [topic])


def _plain_of_entry(name: str) -> tuple[str, ...]:
    return _PLAIN_OF_ITEM if name == "rss" else ()


@lru_cache(1000)
def _head_template(name: str, ttl: int, present: Present) -> Template:
    head = render_head(name, HeadValues(*_marks(HeadValues._fields, present)), ttl).removesuffix(_END[name])
    return _template(head, HeadValues._fields, _PLAIN_OF_CHANNEL if name == "rss" else ())


def _mark(name: str) -> str:
    return f"\ue000{name}\ue001"


def _marks(names: Iterable[str], present: Present) -> list[str]:
    """Return a mark for each value that there is, else an empty text."""
    return [_mark(name) if is_there else "" for name, is_there in zip(names, present, strict=True)]


def _template(text: str, names: Sequence[str], plain: Collection[str], raw: Sequence[str] = ()) -> Template:
    """Return the template of a text with marks.

    names: of all values, in the order in which they are given to it. plain: of the elements of plain text in RSS. raw:
    of what is filled in as it is.
    """
    pieces = _MARK.split(text.replace("%", "%%"))
    constants, marked = pieces[::2], pieces[1::2]
    groups: dict[Escaping, dict[str, None]] = {}  # whose names are in order, each once
    used = []
    element = ""  # that a value is in
    for before, name in zip(constants, marked, strict=False):
        if "<" in before:
            element = re.split("[ >]", before.rpartition("<")[2])[0]
        is_plain = element in plain or (bool(plain) and before.endswith(' title="'))
        escaping = (_IN_PLAIN_TEXT if is_plain else _IN_TEXT) + _IN_ALL
        if before.endswith('="'):
            escaping += _IN_ATTRIBUTES
        if name in raw:
            escaping = _AS_IS
        else:
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
