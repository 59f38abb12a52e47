"""Entries in Atom and RSS: their values, and how feedgen renders them.

To add a value: add a field to EntryValues, its text to `entry_values`, and the call of feedgen to `render_entry`.
"""

from functools import lru_cache
from html import escape
from typing import NamedTuple, TypeAlias

import feedgen.entry
import feedgen.feed
from feedgen.ext.dc import DcEntryExtension
from feedgen.ext.media import MediaEntryExtension
from lxml import etree

from feedsvc.formats.content import Context, entry_html, html_title
from feedsvc.formats.links import LANG, THREAD_NAMESPACE, EntryLinks
from feedsvc.formats.times import RenderedTime, rfc2822
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


class EntryValues(NamedTuple):
    """The values of an entry in Atom and RSS, as text; empty where there is none."""

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
    #: As HTML.
    summary: str
    content: str
    picture: str
    width: str
    height: str
    provider: str
    provider_url: str
    #: Slug, page and name of each.
    topics: Texts
    #: URL and title of each.
    links: Texts
    #: URLs; of the stories that list a mention, which are its links.
    in_reply_to: Texts
    #: Names; of the persons, who stand before the provider.
    authors: Texts
    publishers: Texts
    language: str


def entry_values(entry: Entry, context: Context) -> EntryValues:
    """Return the values of an entry."""
    story, provider, image = entry.story, entry.provider, entry.story.image
    published, base_url = story.published.isoformat(), context.base_url
    changed = updated.isoformat() if (updated := entry.updated) != story.published else ""
    return EntryValues(
        url=story.url,
        title=story.title,
        html_title=html_title(story.title),
        published=published,
        published_rss=rfc2822(published),
        updated=changed or published,
        changed=changed,
        summary=escape(story.excerpt, quote=False),
        content=entry_html(entry, context),
        picture=image.url if image else "",
        width=str(image.width or "") if image else "",
        height=str(image.height or "") if image else "",
        provider=provider.name,
        provider_url=provider.url or "",
        topics=tuple([text for topic in entry.topics for text in _topic(base_url, topic)]),
        links=tuple([text for link in entry.related for text in (link.url, link.title)]),
        in_reply_to=tuple([link.url for link in entry.related]) if entry.is_mention else (),
        authors=entry.persons,
        publishers=story.publishers,
        language=entry.language_in(context.language),
    )


@lru_cache(1000)
def _topic(base_url: str, topic: Topic) -> tuple[str, str, str]:
    """Return the slug, page and name of a topic.

    Even if it has too few stories for a page: feeds stay the same when it comes or goes.
    """
    return topic.slug, absolute(base_url, FeedAddress("topics", topic.slug).page_path), topic.name


def render_entry(name: str, values: EntryValues) -> str:
    """Return the element that feedgen renders for an entry in "atom" or "rss", without declarations of namespaces."""
    item = feedgen.entry.FeedEntry()
    item.register_extension("media", MediaEntryExtension)
    item.register_extension("links", EntryLinks)
    item.guid(values.url, permalink=True)
    item.title(values.title)
    item.link(href=values.url)
    item.published(RenderedTime.of(values.published if name == "atom" else values.published_rss))
    item.updated(RenderedTime.of(values.updated))
    if values.summary:
        item.summary(values.summary, type="html")
    elif name == "atom" and not values.content:  # it has to have one of them
        item.summary(values.html_title or values.title, type="html" if values.html_title else None)
    if values.content:
        item.content(values.content, type="html")
    topics = (values.topics[start : start + 3] for start in range(0, len(values.topics), 3))
    item.category([{"term": slug, "scheme": page, "label": label} for slug, page, label in topics])
    if values.picture:
        picture = {"url": values.picture, **known_sides(values.width, values.height)}
        item.media.content({**picture, "medium": "image"}, group=None)
        item.media.thumbnail(picture, group=None)
    item.links.links = [
        {"href": url, "rel": "related", "type": "text/html", "title": title}
        for url, title in zip(values.links[::2], values.links[1::2], strict=True)
    ]
    if name == "atom":
        item.links.html_title = values.html_title
        item.links.in_reply_to = list(values.in_reply_to)
        provider = {"name": values.provider, **({"uri": values.provider_url} if values.provider_url else {})}
        # All at once: each call looks at all of those before.
        item.author([*({"name": author} for author in values.authors), provider])
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
    feed = etree.Element("feed", nsmap=_NAMESPACES)
    feed.append(element)
    text: str = etree.tostring(feed, encoding="unicode")
    return text[text.index(">") + 1 : text.rindex("<")]


def known_sides(width: str, height: str) -> dict[str, str]:
    """Return those sides of a picture that are known."""
    return {side: size for side, size in (("width", width), ("height", height)) if size}
