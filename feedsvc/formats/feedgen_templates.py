"""Writes Atom and RSS: feedgen renders each shape of entry once, and all other entries of the shape are filled in.

feedgen builds a tree of elements, which takes ten times as long as filling in. So it renders one entry of each shape
(with a picture or without, with an excerpt or without) with placeholders for its values, and one member of each list
(links, authors), whose element is repeated as often as there are members. That is a template:

    Entry -> EntryValues -> shape -> template of the shape (feedgen, once) -> template filled with the values

The elements of topics, which many entries have, are filled once each, and kept.

Heads, which are feeds without their entries, are written in the same way. The bytes are those that feedgen renders for
the values themselves, but for the character references in plain elements of RSS.
"""

from functools import lru_cache
from itertools import chain
from typing import Any

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
from feedsvc.formats.xml_templates import (
    PLACEHOLDER,
    Present,
    Template,
    escaped,
    make_template,
    placeholder,
    placeholders,
)
from feedsvc.lru import LRUCache
from feedsvc.model import Entry, Feed, Format, Topic

#: The bytes of the entries that are kept as they were written; those of one beside what was written, and the entry.
KEPT_BYTES, ENTRY_BYTES = 32_000_000, 3000
#: How an empty feed ends.
_END = {"atom": "</feed>", "rss": "</channel></rss>"}
#: The elements of RSS whose text is plain: in these, and in titles of links, `&` and `<` are written as hexadecimal
#: references, which readers can't take for HTML (RSS Best Practices Profile, Character Data). The description of an
#: item is HTML.
_PLAIN_OF_ENTRY = {"atom": (), "rss": ("title", "category", "dc:creator", "dc:publisher")}
_PLAIN_OF_HEAD = {"atom": (), "rss": ("title", "description")}
#: What is filled into an entry as it is: its HTML, and the elements of its topics.
_RAW = (*EntryHtml._fields, "topics")


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
            kept.put(key, element)
        entries.append(element)
    head = _head_template(name, feed.ttl, tuple(map(bool, values))).fill(values)
    return b"".join((head, *entries, _END[name].encode()))


# Feeds that share stories are written near each other.
@lru_cache(2)
def _written(context: Context) -> LRUCache[tuple[str, Entry], bytes]:
    """Return the elements of entries that are kept, by format, of the feeds of a site."""
    return LRUCache(KEPT_BYTES, lambda element: ENTRY_BYTES + 2 * len(element))


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
    html_in_xml = escaped(b"\0".join(html)).split(b"\0")
    return tuple(map(bool, texts + html)), tuple(map(len, lists)), [*texts, *chain.from_iterable(lists)], html_in_xml


@lru_cache(1000)
def _topic_element(name: str, topic: Topic, base_url: str) -> bytes:
    """Return the element of a topic."""
    return _topic_template(name).fill(topic_values(topic, base_url))


@lru_cache
def _topic_template(name: str) -> Template:
    """Return the template of the element of a topic: the only one in the entry below that has placeholders."""
    topic = TopicValues(*map(placeholder, TopicValues._fields))
    elements = render_entry(name, EntryValues(*"-" * len(TEXTS)), EntryHtml(b"", b"-"), [topic])
    return make_template(next(filter(PLACEHOLDER.search, elements)), TopicValues._fields, _PLAIN_OF_ENTRY[name])


@lru_cache(1000)
def _entry_template(name: str, present: Present, sizes: tuple[int, ...]) -> Template:
    """Return the template of the entries of a shape, as `_shaped_entry` has it.

    The element of a list's member is repeated with placeholders for each: of two authors, `<name>{authors}</name>` is
    `<name>{authors 0}</name><name>{authors 1}</name>`.
    """
    size_of = dict(zip(LISTS, sizes, strict=True))
    parts = []
    for element in _rendered_entry(name, present):
        found = PLACEHOLDER.search(element)
        if found and found[1] == "topics":
            parts.append(found[0])
        elif found and found[1] in size_of:
            parts += [PLACEHOLDER.sub(placeholder(f"\\1 {number}"), element) for number in range(size_of[found[1]])]
        else:
            parts.append(element)
    members = [f"{each} {number}" for each, size in size_of.items() for number in range(size)]
    return make_template("".join(parts), (*TEXTS, *members), _PLAIN_OF_ENTRY[name], _RAW)


@lru_cache(1000)
def _rendered_entry(name: str, present: Present) -> list[str]:
    """Return what feedgen renders for an entry with one member of each list, and one topic."""
    *texts, excerpt, content = placeholders((*TEXTS, *EntryHtml._fields), present)
    values: list[Any] = [*texts, *((placeholder(each),) for each in LISTS)]
    topic = TopicValues(*[placeholder("topics")] * 3)
    return render_entry(name, EntryValues(*values), EntryHtml(excerpt.encode(), content.encode()), [topic])


@lru_cache(1000)
def _head_template(name: str, ttl: int, present: Present) -> Template:
    head = render_head(name, HeadValues(*placeholders(HeadValues._fields, present)), ttl).removesuffix(_END[name])
    return make_template(head, HeadValues._fields, _PLAIN_OF_HEAD[name])
