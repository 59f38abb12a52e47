"""Entries of Atom and RSS, written by feedgen once for each shape, and filled in."""

from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from html import escape
from typing import Literal, NamedTuple, TypeAlias

import feedgen.entry
import feedgen.feed
from feedgen.ext.dc import DcEntryExtension
from feedgen.ext.media import MediaEntryExtension
from lxml import etree

from feedsvc.formats.content import entry_html, html_title
from feedsvc.formats.filled import Rows, Shape, Template, escaped, marked, template
from feedsvc.formats.links import EntryLinks
from feedsvc.model import MAX_LIMIT, Entry, FeedAddress, absolute

Name: TypeAlias = Literal["atom", "rss"]

#: The prefixes that feedgen gives the namespaces.
_NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "media": "http://search.yahoo.com/mrss/",
}
#: The times of a template, which stand there until marks take their place.
_PUBLISHED, _UPDATED = datetime(2001, 1, 1, tzinfo=UTC), datetime(2002, 2, 2, tzinfo=UTC)


def rfc2822(moment: datetime) -> str:
    """A time in UTC as RSS has it."""
    # With an offset, format_datetime asks strftime for it, which looks up the time zone of the machine each time.
    return format_datetime(moment.replace(tzinfo=None)).removesuffix("-0000") + "+0000"


# feedgen's own function sets the locale of the whole process for each date. All our times are UTC.
feedgen.feed.formatRFC2822 = feedgen.entry.formatRFC2822 = rfc2822


class Said(NamedTuple):
    """What an entry says, all of it as text."""

    #: URL, title, `published` and `updated` as Atom has them, `published` as RSS has it.
    story: Rows
    #: See content.html_title.
    html_title: Rows
    summary: Rows
    content: Rows
    #: Slug, page and name.
    topics: Rows
    picture: Rows
    width: Rows
    height: Rows
    #: URL and title.
    links: Rows
    #: Name.
    provider: Rows
    provider_url: Rows
    authors: Rows
    publishers: Rows


#: How many values the rows of each field have.
_WIDTHS = (5, 1, 1, 1, 3, 1, 1, 1, 2, 1, 1, 1, 1)


def write_entry(format: Name, base_url: str, entry: Entry) -> bytes:
    """An entry as it stands in a feed, which declares the namespaces."""
    shape, values = _escaped(base_url, entry)
    return _template(format, shape).fill(values)


# The formats of a feed are mostly asked for together.
@lru_cache(MAX_LIMIT)
def _escaped(base_url: str, entry: Entry) -> tuple[Shape, list[bytes]]:
    return escaped(say(base_url, entry))


def say(base_url: str, entry: Entry) -> Said:
    """What an entry says in Atom and RSS."""
    story, provider, image = entry.story, entry.provider, entry.story.image
    title, content = story.title, entry_html(entry)
    published, updated = story.published.isoformat(), story.updated.isoformat()
    return Said(
        story=((story.url, title, published, updated, rfc2822(story.published)),),
        html_title=((as_html,),) if (as_html := html_title(title)) else (),
        summary=((escape(story.excerpt, quote=False),),) if story.excerpt else (),
        content=((content,),) if content else (),
        topics=tuple((topic.slug, _page(base_url, topic.slug), topic.name) for topic in entry.topics),
        picture=((image.url,),) if image else (),
        width=((str(image.width),),) if image and image.width else (),
        height=((str(image.height),),) if image and image.height else (),
        links=tuple((link.url, link.title) for link in entry.links),
        provider=((provider.name,),),
        provider_url=((provider.url,),) if provider.url else (),
        authors=tuple((name,) for name in story.authors),
        publishers=tuple((name,) for name in story.publishers),
    )


@lru_cache(1000)
def _page(base_url: str, slug: str) -> str:
    return absolute(base_url, FeedAddress("topics", slug).page_path)


@lru_cache(1000)
def _template(format: Name, shape: Shape) -> Template:
    said = Said(*marked(shape, _WIDTHS))
    text = serialise(format, said, _PUBLISHED, _UPDATED)
    _, _, published, updated, published_rss = said.story[0]
    for moment, mark in (
        (_PUBLISHED.isoformat(), published),
        (_UPDATED.isoformat(), updated),
        (rfc2822(_PUBLISHED), published_rss),
    ):
        text = text.replace(moment, mark)
    return template(text, said)


def serialise(format: Name, said: Said, published: datetime, updated: datetime) -> str:
    """What feedgen writes of an entry that says this, but for its times."""
    ((url, title, *_),) = said.story
    ((provider,),) = said.provider
    item = feedgen.entry.FeedEntry()
    item.register_extension("media", MediaEntryExtension)
    item.register_extension("links", EntryLinks)
    item.guid(url, permalink=True)
    item.title(title)
    item.link(href=url)
    item.published(published)
    item.updated(updated)
    for (summary,) in said.summary:
        item.summary(summary, type="html")
    for (content,) in said.content:
        item.content(content, type="html")
    item.category([{"term": slug, "scheme": page, "label": name} for slug, page, name in said.topics])
    for (picture,) in said.picture:
        sizes = {name: size for name in ("width", "height") for (size,) in getattr(said, name)}
        item.media.content({"url": picture, **sizes, "medium": "image"}, group=None)
        item.media.thumbnail({"url": picture, **sizes}, group=None)
    item.links.links = [
        {"href": href, "rel": "related", "type": "text/html", "title": title} for href, title in said.links
    ]
    authors, publishers = [name for (name,) in said.authors], [name for (name,) in said.publishers]
    if format == "atom":
        item.links.html_title = "".join(html for (html,) in said.html_title)
        item.author(name=provider, uri="".join(url for (url,) in said.provider_url) or None)
        item.contributor([{"name": name} for name in authors])
        element = item.atom_entry()
    else:
        item.register_extension("dc", DcEntryExtension)
        item.dc.dc_creator(provider)
        item.dc.dc_contributor(authors)
        item.dc.dc_publisher(publishers)
        for (provider_url,) in said.provider_url:
            item.source(provider_url, provider)
        element = item.rss_entry()
    feed = etree.Element("feed", nsmap=_NAMESPACES)
    feed.append(element)
    text: str = etree.tostring(feed, encoding="unicode")
    return text[text.index(">") + 1 : text.rindex("<")]
