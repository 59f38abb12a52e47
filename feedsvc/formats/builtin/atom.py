"""Atom 1.0 (RFC 4287)."""

from feedsvc.model import Feed, Format


def write_atom(feed: Feed) -> bytes:
    """Return the feed in Atom 1.0."""
    from feedsvc.formats.feedgen_templates import write_feed  # feedgen takes a while to load

    return write_feed(FORMAT, feed)


FORMAT = Format("atom", ".atom", "application/atom+xml", "Atom", write_atom, advice="the one to take: it says most")
