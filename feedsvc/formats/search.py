"""What pages search in, as JSON: lists of values rather than objects, since pages load all of it."""

import msgspec

from feedsvc.model import FeedSummary, SearchIndex

CONTENT_TYPE = "application/json"


def write_search_index(index: SearchIndex) -> bytes:
    """Return the names of all feeds, and the newest stories.

    `custom`, `topics`, `providers`: [name, the page's address relative to the home page, number of stories].
    `stories`: [title, URL, provider, day], newest first.
    """
    catalogue = index.catalogue
    stories = [
        (headline.title, headline.url, headline.provider, headline.published.date()) for headline in index.headlines
    ]
    kinds = {name: list(map(_feed, getattr(catalogue, name))) for name in ("custom", "topics", "providers")}
    return msgspec.json.encode({**kinds, "stories": stories})


def _feed(feed: FeedSummary) -> tuple[str, str, int]:
    return feed.name, feed.address.page_link, feed.size
