"""Entries in Atom and RSS: their values, and how feedgen renders them.

To add a value: add a field to EntryValues, its text to `entry_values`, and the call of feedgen to `render_entry`.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import feedgen.entry
import feedgen.feed
from feedgen.ext.dc import DcEntryExtension
from feedgen.ext.media import MediaEntryExtension
from lxml import etree

from feedsvc.formats.content import Context, EntryHtml, html_title
from feedsvc.formats.feedgen_extension import LANG, THREAD_NAMESPACE, EntryLinks
from feedsvc.formats.feedgen_times import RenderedTime
from feedsvc.formats.times import rfc2822, rfc3339
from feedsvc.model import Entry, FeedAddress, Topic, absolute

#: Any number of texts.
Texts: TypeAlias = tuple[str, ...]

#: The prefixes that feedgen gives the namespaces.
_NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "media": "http://search.yahoo.com/mrss/",
    "thr": THREAD_NAMESPACE,
}
#: Where what feedgen renders is cut, which no placeholder of a value holds.
_CUT = "\ue002"


class EntryValues(NamedTuple):
    """The values of an entry apart from its HTML and topics: texts, empty where there is none, and lists of texts."""

    url: str
    title: str
    #: See content.html_title.
    html_title: str
    #: As Atom and as RSS have it.
    published: str
    published_rss: str
    updated: str
    #: The same as `updated`, where that isn't `published`.
    changed: str
    picture: str
    width: str
    height: str
    language: str
    provider: str
    provider_url: str
    link_urls: Texts = ()
    link_titles: Texts = ()
    #: URLs; of the stories that list a mention, which are its links.
    in_reply_to: Texts = ()
    #: The persons, who stand before the provider.
    authors: Texts = ()
    publishers: Texts = ()


#: The names of the values that are a text, and of those that are lists.
TEXTS = EntryValues._fields[: -len(EntryValues._field_defaults)]
LISTS = EntryValues._fields[len(TEXTS) :]


class TopicValues(NamedTuple):
    """The values of a topic of an entry."""

    slug: str
    page: str
    name: str


def entry_values(entry: Entry, context: Context) -> EntryValues:
    """Return the values of an entry."""
    story, image, provider = entry.story, entry.story.image, entry.provider
    published = rfc3339(story.published)
    changed = rfc3339(updated) if (updated := entry.updated) != story.published else ""
    urls = tuple([link.url for link in entry.related])
    return EntryValues(
        story.url,
        story.title,
        html_title(story.title),
        published,
        rfc2822(published),
        changed or published,
        changed,
        image.url if image else "",
        str(image.width or "") if image else "",
        str(image.height or "") if image else "",
        entry.language_in(context.language),
        provider.name,
        provider.url or "",
        urls,
        tuple([link.title for link in entry.related]),
        urls if entry.is_mention else (),
        entry.persons,
        story.publishers,
    )


def topic_values(topic: Topic, base_url: str) -> TopicValues:
    """Return the values of a topic of an entry.

    They have its page even if it has too few stories for one: feeds stay the same when it comes or goes.
    """
    return TopicValues(topic.slug, absolute(base_url, FeedAddress("topics", topic.slug).page_path), topic.name)


def render_entry(name: str, values: EntryValues, html: EntryHtml, topics: Sequence[TopicValues]) -> list[str]:
    """Return the element that feedgen renders for an entry in "atom" or "rss", cut after each element inside it.

    It has no declarations of namespaces.
    """
    item = feedgen.entry.FeedEntry()
    item.register_extension("media", MediaEntryExtension)
    item.register_extension("links", EntryLinks)
    item.guid(values.url, permalink=True)
    item.title(values.title)
    item.link(href=values.url)
    item.published(RenderedTime.of(values.published if name == "atom" else values.published_rss))
    item.updated(RenderedTime.of(values.updated))
    if html.excerpt:
        item.summary(html.excerpt.decode(), type="html")
    elif name == "atom" and not html.content:  # it has to have one of them
        item.summary(values.html_title or values.title, type="html" if values.html_title else None)
    if html.content:
        item.content(html.content.decode(), type="html")
    item.category([{"term": slug, "scheme": page, "label": label} for slug, page, label in topics])
    if values.picture:
        picture = {"url": values.picture, **known_sides(values.width, values.height)}
        item.media.content({**picture, "medium": "image"}, group=None)
        item.media.thumbnail(picture, group=None)
    item.links.links = [
        {"href": url, "rel": "related", "type": "text/html", "title": title}
        for url, title in zip(values.link_urls, values.link_titles, strict=True)
    ]
    if name == "atom":
        item.links.html_title = values.html_title
        item.links.in_reply_to = list(values.in_reply_to)
        # All at once: each call looks at all of those before.
        url = {"uri": values.provider_url} if values.provider_url else {}
        item.author([*({"name": author} for author in values.authors), {"name": values.provider, **url}])
        element = item.atom_entry()
        if values.language:
            element.set(LANG, values.language)
    else:
        item.register_extension("dc", DcEntryExtension)
        item.dc.dc_creator([*values.authors, values.provider])
        item.dc.dc_publisher(list(values.publishers))
        if values.language:
            item.dc.dc_language(values.language)
        item.links.updated = values.changed
        element = item.rss_entry()
    for child in element:
        child.tail = _CUT
    feed = etree.Element("feed", nsmap=_NAMESPACES)
    feed.append(element)
    text: str = etree.tostring(feed, encoding="unicode")
    return text[text.index(">") + 1 : text.rindex("<")].split(_CUT)


def known_sides(width: str, height: str) -> dict[str, str]:
    """Return those sides of a picture that are known."""
    return {side: size for side, size in (("width", width), ("height", height)) if size}
