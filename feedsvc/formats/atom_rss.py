"""Atom and RSS: the values and how feedgen renders them.

To add a value: add a field to EntryValues or HeadValues, its text to `entry_values` or `head_values`, and the call of
feedgen to `render_entry` or `render_head`.
"""

from functools import lru_cache
from html import escape
from posixpath import splitext
from typing import NamedTuple, TypeAlias
from urllib.parse import urlsplit

import feedgen.entry
import feedgen.feed
from feedgen.ext.dc import DcEntryExtension, DcExtension
from feedgen.ext.media import MediaEntryExtension, MediaExtension
from lxml import etree

from feedsvc.formats.content import Context, entry_html, html_title
from feedsvc.formats.links import LANG, THREAD_NAMESPACE, EntryLinks, FeedLinks
from feedsvc.formats.times import RenderedTime, rfc2822
from feedsvc.model import Entry, Feed, FeedAddress, Format, Image, Topic, absolute
from feedsvc.model.version import __version__

#: Any number of texts.
Texts: TypeAlias = tuple[str, ...]

#: RSS 2.0 allows PNG, JPEG and GIF, and at most this many pixels.
_RSS_IMAGES = (".png", ".jpg", ".jpeg", ".gif")
_MAX_WIDTH, _MAX_HEIGHT = 144, 400
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
    changed = entry.updated.isoformat() if entry.updated != story.published else ""
    return EntryValues(
        url=story.url,
        title=story.title,
        html_title=html_title(story.title),
        published=published,
        published_rss=rfc2822(story.published),
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
        picture = {"url": values.picture, **_size(values)}
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


class HeadValues(NamedTuple):
    """The values of a feed in Atom or RSS apart from its entries, as text; empty where there is none."""

    id: str
    title: str
    #: See content.html_title.
    html_title: str
    description: str
    #: As `html_title`.
    html_description: str
    #: Where it isn't that of the feed.
    description_language: str
    language: str
    #: As Atom and as RSS have it.
    updated: str
    updated_rss: str
    author: str
    author_url: str
    #: The URL of this document, and its media type.
    url: str
    media_type: str
    #: URLs; of the archives beside this one, and of the current feed where this is an archive.
    page: str
    hub: str
    current: str
    previous_archive: str
    next_archive: str
    #: The media type of the archives beside this document.
    archive_type: str
    image: str
    width: str
    height: str


def head_values(format: Format, feed: Feed) -> HeadValues:
    """Return the values of a feed apart from its entries, in a format whose name is "atom" or "rss"."""
    beside = feed.archive_format(format)
    image = feed.image if feed.image and (format.name == "atom" or _fits_rss(feed.image)) else None
    return HeadValues(
        id=feed.id,
        title=feed.title,
        html_title=html_title(feed.title),
        description=feed.description,
        html_description=html_title(feed.description),
        description_language="" if feed.description_language == feed.language else feed.description_language,
        language=feed.language,
        updated=feed.updated.isoformat(),
        updated_rss=rfc2822(feed.updated),
        author=feed.author,
        author_url=f"{feed.base_url}/",
        url=feed.url(format),
        media_type=format.media_type,
        page=feed.page_url,
        hub=feed.hub,
        current=feed.url(format, feed.current) if feed.address.archive else "",
        previous_archive=feed.url(beside, feed.previous_archive) if feed.previous_archive else "",
        next_archive=feed.url(beside, feed.next_archive) if feed.next_archive else "",
        archive_type=beside.media_type,
        image=image.url if image else "",
        width=str(image.width or "") if image else "",
        height=str(image.height or "") if image else "",
    )


def _fits_rss(image: Image) -> bool:
    is_known = splitext(urlsplit(image.url).path)[1].lower() in _RSS_IMAGES
    return is_known and (image.width or 0) <= _MAX_WIDTH and (image.height or 0) <= _MAX_HEIGHT


def render_head(name: str, values: HeadValues, ttl: int) -> str:
    """Return what feedgen renders for a feed without entries in "atom" or "rss". ttl: see Feed."""
    generator = feedgen.feed.FeedGenerator()
    generator.register_extension("media", MediaExtension, MediaEntryExtension)
    generator.register_extension("links", FeedLinks, EntryLinks)
    generator.id(values.id)
    generator.title(values.title)
    generator.description(values.description)
    generator.language(values.language)
    generator.updated(RenderedTime.of(values.updated if name == "atom" else values.updated_rss))
    generator.generator("feedsvc", version=__version__)
    generator.ttl(ttl)
    # The only alternate, and the first link: many readers take another one for the site.
    generator.link(href=values.page, rel="alternate", type="text/html")
    # To the hub (WebSub) and the archives (RFC 5005), too.
    links = [{"href": values.hub, "rel": "hub"}] if values.hub else []
    for rel, url, media_type in (
        ("self", values.url, values.media_type),
        ("current", values.current, values.media_type),
        ("prev-archive", values.previous_archive, values.archive_type),
        ("next-archive", values.next_archive, values.archive_type),
    ):
        links += [{"href": url, "rel": rel, "type": media_type}] if url else []
    if name == "atom":
        generator.author(name=values.author, uri=values.author_url)
        if values.image:
            generator.icon(values.image)
    else:
        generator.register_extension("dc", DcExtension, DcEntryExtension)
        if values.image:
            generator.image(values.image, values.title, values.page, **_size(values))
    generator.links.links = links
    generator.links.html_title = values.html_title
    generator.links.html_subtitle = values.html_description
    generator.links.subtitle_language = values.description_language
    generator.links.is_archive = bool(values.current)
    generator.links.is_threaded = name == "atom"
    rendered: bytes = generator.atom_str() if name == "atom" else generator.rss_str()
    return rendered.decode()


def _size(values: EntryValues | HeadValues) -> dict[str, str]:
    """Return the known sides of a picture."""
    return {side: size for side, size in (("width", values.width), ("height", values.height)) if size}
