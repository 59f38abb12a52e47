"""Feeds without their entries in Atom and RSS: their values, and how feedgen renders them.

To add a value: add a field to HeadValues, its text to `head_values`, and the call of feedgen to `render_head`.
"""

from posixpath import splitext
from typing import NamedTuple
from urllib.parse import urlsplit

import feedgen.feed
from feedgen.ext.dc import DcEntryExtension, DcExtension
from feedgen.ext.media import MediaEntryExtension, MediaExtension

from feedsvc.formats.content import html_title
from feedsvc.formats.feedgen_entries import known_sides
from feedsvc.formats.feedgen_extension import EntryLinks, FeedLinks
from feedsvc.formats.feedgen_times import RenderedTime
from feedsvc.formats.times import rfc2822, rfc3339
from feedsvc.model import Feed, Format, Image
from feedsvc.model.version import __version__

#: RSS 2.0 allows PNG, JPEG and GIF, and at most this many pixels.
_RSS_IMAGES = (".png", ".jpg", ".jpeg", ".gif")
_MAX_WIDTH, _MAX_HEIGHT = 144, 400


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
    updated = rfc3339(feed.updated)
    return HeadValues(
        id=feed.id,
        title=feed.title,
        html_title=html_title(feed.title),
        description=feed.description,
        html_description=html_title(feed.description),
        description_language="" if feed.description_language == feed.language else feed.description_language,
        language=feed.language,
        updated=updated,
        updated_rss=rfc2822(updated),
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
            generator.image(values.image, values.title, values.page, **known_sides(values.width, values.height))
    generator.links.links = links
    generator.links.html_title = values.html_title
    generator.links.html_subtitle = values.html_description
    generator.links.subtitle_language = values.description_language
    generator.links.is_archive = bool(values.current)
    generator.links.is_threaded = name == "atom"
    rendered: bytes = generator.atom_str() if name == "atom" else generator.rss_str()
    return rendered.decode()
