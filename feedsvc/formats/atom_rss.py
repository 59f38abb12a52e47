"""Atom 1.0 (RFC 4287) and RSS 2.0 (RSS Advisory Board), written by feedgen and one extension."""

from posixpath import splitext
from typing import Any
from urllib.parse import urlsplit

import feedgen.feed
from feedgen.ext.dc import DcEntryExtension, DcExtension
from feedgen.ext.media import MediaEntryExtension, MediaExtension

from feedsvc import __version__
from feedsvc.formats import MEDIA_TYPES
from feedsvc.formats.content import html_title
from feedsvc.formats.entries import Format, write_entry
from feedsvc.formats.links import EntryLinks, FeedLinks
from feedsvc.model import Feed, Image

#: RSS 2.0 wants PNG, JPEG or GIF, and no more than this many pixels.
_RSS_IMAGES = (".png", ".jpg", ".jpeg", ".gif")
_MAX_WIDTH, _MAX_HEIGHT = 144, 400


def write_atom(feed: Feed) -> bytes:
    """The feed in Atom 1.0."""
    generator = _generator(feed, "atom")
    generator.author(name=feed.author, uri=feed.base_url + "/")
    if feed.image:
        generator.icon(feed.image.url)
    return _filled(feed, "atom", generator.atom_str(), b"</feed>")


def write_rss(feed: Feed) -> bytes:
    """The feed in RSS 2.0."""
    generator = _generator(feed, "rss")
    generator.register_extension("dc", DcExtension, DcEntryExtension)
    if feed.image and _fits_rss(feed.image):
        generator.image(feed.image.url, feed.title, feed.page_url, **_sizes(feed.image))
    return _filled(feed, "rss", generator.rss_str(), b"</channel></rss>")


def _filled(feed: Feed, format: Format, empty: bytes, end: bytes) -> bytes:
    """A feed that was written without its entries, filled with them."""
    entries = (write_entry(format, feed.base_url, entry) for entry in feed.entries)
    return b"".join((empty.removesuffix(end), *entries, end))


def _generator(feed: Feed, format: Format) -> Any:
    """A feedgen feed with all that Atom and RSS share, and no entries yet."""
    generator = feedgen.feed.FeedGenerator()
    generator.register_extension("media", MediaExtension, MediaEntryExtension)
    generator.register_extension("links", FeedLinks, EntryLinks)
    generator.id(feed.id)
    generator.title(feed.title)
    generator.description(feed.description)
    generator.language(feed.language)
    generator.updated(feed.updated)
    generator.generator("feedsvc", version=__version__)
    generator.ttl(feed.ttl)
    generator.link(href=feed.url(format), rel="self", type=MEDIA_TYPES[format])
    others = [
        {"href": feed.url(other), "rel": "alternate", "type": MEDIA_TYPES[other]}
        for other in feed.formats
        if other != format
    ]
    if format == "atom":
        generator.link(others)
        generator.links.links = _feed_links(feed, format)
    else:
        generator.links.links = others + _feed_links(feed, format)
    # Last: RSS takes it for its one link, and so do some readers in Atom.
    generator.link(href=feed.page_url, rel="alternate", type="text/html")
    generator.links.html_title = html_title(feed.title)
    generator.links.is_archive = bool(feed.address.month)
    return generator


def _feed_links(feed: Feed, format: str) -> list[dict[str, str]]:
    """Links to the hub (WebSub) and the archives (RFC 5005)."""
    links = []
    if feed.hub:
        links.append({"href": feed.hub, "rel": "hub"})
    if feed.address.month:
        links.append({"href": feed.url(format, feed.current), "rel": "current", "type": MEDIA_TYPES[format]})
    for rel, archive in (("prev-archive", feed.previous_archive), ("next-archive", feed.next_archive)):
        if archive:
            links.append({"href": feed.url(format, archive), "rel": rel, "type": MEDIA_TYPES[format]})
    return links


def _sizes(image: Image) -> dict[str, str]:
    """The sizes that are known."""
    sizes = {"width": image.width, "height": image.height}
    return {name: str(pixels) for name, pixels in sizes.items() if pixels}


def _fits_rss(image: Image) -> bool:
    is_known = splitext(urlsplit(image.url).path)[1].lower() in _RSS_IMAGES
    return is_known and (image.width or 0) <= _MAX_WIDTH and (image.height or 0) <= _MAX_HEIGHT
