"""RSS 2.0 (RSS Advisory Board)."""

from feedsvc.model import Feed, Format


def write_rss(feed: Feed) -> bytes:
    """Return the feed in RSS 2.0."""
    from feedsvc.formats.feedgen_templates import write_feed  # feedgen takes a while to load

    return write_feed(FORMAT, feed)


FORMAT = Format("rss", ".rss", "application/rss+xml", "RSS", write_rss, advice="for programs that take no other")
