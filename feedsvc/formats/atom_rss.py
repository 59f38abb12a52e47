"""Atom 1.0 (RFC 4287) and RSS 2.0 (RSS Advisory Board), written by feedgen and one extension."""

from datetime import UTC, datetime
from functools import lru_cache
from posixpath import splitext
from typing import NamedTuple
from urllib.parse import urlsplit

import feedgen.feed
from feedgen.ext.dc import DcEntryExtension, DcExtension
from feedgen.ext.media import MediaEntryExtension, MediaExtension

from feedsvc.formats.content import html_title
from feedsvc.formats.entries import Name, rfc2822, write_entry
from feedsvc.formats.filled import Rows, Shape, Template, escaped, marked, template
from feedsvc.formats.links import EntryLinks, FeedLinks
from feedsvc.model import Feed, Format, Image
from feedsvc.model.version import __version__

#: RSS 2.0 wants PNG, JPEG or GIF, and no more than this many pixels.
_RSS_IMAGES = (".png", ".jpg", ".jpeg", ".gif")
_MAX_WIDTH, _MAX_HEIGHT = 144, 400
#: How an empty feed ends.
_END = {"atom": b"</feed>", "rss": b"</channel></rss>"}
#: The time of a template, which stands there until marks take its place.
_UPDATED = datetime(2002, 2, 2, tzinfo=UTC)


class Head(NamedTuple):
    """What a feed says beside its entries, all of it as text."""

    #: Id, title, description, language, `updated` as Atom and as RSS have it.
    feed: Rows
    #: See content.html_title.
    html_title: Rows
    #: Name and page.
    author: Rows
    #: URL and media type: of this document, of the other formats.
    self: Rows
    others: Rows
    #: URLs.
    page: Rows
    hub: Rows
    #: URL and media type: of the current feed where this is an archive, and of the archives beside it.
    current: Rows
    previous_archive: Rows
    next_archive: Rows
    image: Rows
    width: Rows
    height: Rows


#: How many values the rows of each field have.
_WIDTHS = (6, 1, 2, 2, 2, 1, 1, 2, 2, 2, 1, 1, 1)


def write(name: Name, format: Format, feed: Feed) -> bytes:
    """Return the feed in Atom or RSS, by name; format: as it is published."""
    shape, values = escaped(say(name, format, feed))
    entries = (write_entry(name, feed.base_url, entry) for entry in feed.entries)
    return b"".join((_template(name, feed.ttl, shape).fill(values), *entries, _END[name]))


def say(name: Name, format: Format, feed: Feed) -> Head:
    """What a feed says beside its entries in Atom or RSS."""
    updated, media_type = feed.updated, format.media_type
    image = feed.image if feed.image and (name == "atom" or _fits_rss(feed.image)) else None
    previous, following = feed.previous_archive, feed.next_archive
    return Head(
        feed=((feed.id, feed.title, feed.description, feed.language, updated.isoformat(), rfc2822(updated)),),
        html_title=((as_html,),) if (as_html := html_title(feed.title)) else (),
        author=((feed.author, f"{feed.base_url}/"),),
        self=((feed.url(format), media_type),),
        others=tuple((feed.url(other), other.media_type) for other in feed.formats if other != format),
        page=((feed.page_url,),),
        hub=((feed.hub,),) if feed.hub else (),
        current=((feed.url(format, feed.current), media_type),) if feed.address.month else (),
        previous_archive=((feed.url(format, previous), media_type),) if previous else (),
        next_archive=((feed.url(format, following), media_type),) if following else (),
        image=((image.url,),) if image else (),
        width=((str(image.width),),) if image and image.width else (),
        height=((str(image.height),),) if image and image.height else (),
    )  # fmt: skip


@lru_cache(1000)
def _template(name: Name, ttl: int, shape: Shape) -> Template:
    said = Head(*marked(shape, _WIDTHS))
    text = serialise(name, said, _UPDATED, ttl)
    _, _, _, _, updated, updated_rss = said.feed[0]
    for moment, mark in ((_UPDATED.isoformat(), updated), (rfc2822(_UPDATED), updated_rss)):
        text = text.replace(moment, mark)
    return template(text.removesuffix(_END[name].decode()), said)


def serialise(name: Name, said: Head, updated: datetime, ttl: int) -> str:
    """What feedgen writes of a feed without entries that says this, with a time in place of those that it says.

    ttl: minutes that a reader may keep it.
    """
    ((id, title, description, language, _, _),) = said.feed
    ((author, author_page),) = said.author
    ((url, media_type),) = said.self
    ((page,),) = said.page
    generator = feedgen.feed.FeedGenerator()
    generator.register_extension("media", MediaExtension, MediaEntryExtension)
    generator.register_extension("links", FeedLinks, EntryLinks)
    generator.id(id)
    generator.title(title)
    generator.description(description)
    generator.language(language)
    generator.updated(updated)
    generator.generator("feedsvc", version=__version__)
    generator.ttl(ttl)
    generator.link(href=url, rel="self", type=media_type)
    others = [{"href": other, "rel": "alternate", "type": its_type} for other, its_type in said.others]
    # To the hub (WebSub) and the archives (RFC 5005).
    links = [{"href": hub, "rel": "hub"} for (hub,) in said.hub]
    for rel, archive in (
        ("current", said.current), ("prev-archive", said.previous_archive), ("next-archive", said.next_archive),
    ):  # fmt: skip
        links += [{"href": href, "rel": rel, "type": its_type} for href, its_type in archive]
    if name == "atom":
        generator.author(name=author, uri=author_page)
        generator.link(others)
        for (image,) in said.image:
            generator.icon(image)
    else:
        generator.register_extension("dc", DcExtension, DcEntryExtension)
        for (image,) in said.image:
            sizes = {side: size for side in ("width", "height") for (size,) in getattr(said, side)}
            generator.image(image, title, page, **sizes)
    generator.links.links = links if name == "atom" else others + links
    # Last: RSS takes it for its one link, and so do some readers in Atom.
    generator.link(href=page, rel="alternate", type="text/html")
    generator.links.html_title = "".join(html for (html,) in said.html_title)
    generator.links.is_archive = bool(said.current)
    written: bytes = generator.atom_str() if name == "atom" else generator.rss_str()
    return written.decode()


def _fits_rss(image: Image) -> bool:
    is_known = splitext(urlsplit(image.url).path)[1].lower() in _RSS_IMAGES
    return is_known and (image.width or 0) <= _MAX_WIDTH and (image.height or 0) <= _MAX_HEIGHT
