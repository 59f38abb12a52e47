"""What pages need beside their feed, which follows from the feed's revision as well."""

from feedsvc.config import Config
from feedsvc.feeds.archives import list_months
from feedsvc.feeds.selection import story_query
from feedsvc.index.archives import Months
from feedsvc.index.database import Connection
from feedsvc.index.headlines import newest_headlines
from feedsvc.index.names import named
from feedsvc.index.query import KINDS, StoryQuery
from feedsvc.model import EVERYTHING, FILTERS, Catalogue, Feed, FeedAddress, Filters, Month, Page, SearchIndex
from feedsvc.model.filters import MAX_VALUE
from feedsvc.text import slug

#: The stories that pages search in.
SEARCHED = 2000


def select_page(connection: Connection, config: Config, feed: Feed, months: Months) -> Page:
    """Return the page of a feed or an archive. months: of the current feed."""
    address, size = feed.address, len(feed.entries)
    choices = _choices(connection, address.filters)
    if not address.is_current or size < (limit := story_query(config, address).limit):
        return Page(feed, size, choices=choices)
    return Page(feed, sum(month.stories for month in months), _archived(config, address, limit, months), choices)


def select_months(connection: Connection, config: Config, address: FeedAddress) -> tuple[Month, ...]:
    """Return the months that a current feed has archives of, newest first."""
    query = story_query(config, address)
    return _archived(config, address, query.limit, Months(connection, address, query))


def _archived(config: Config, address: FeedAddress, limit: int, months: Months) -> tuple[Month, ...]:
    if not config.feeds.archives:
        return ()
    return list_months(address, limit, months)


def select_search_index(connection: Connection, config: Config, catalogue: Catalogue) -> SearchIndex:
    """Return what pages search in: all feeds, and the newest stories."""
    shown = story_query(config, EVERYTHING)
    # Each record by its own title, also where its cluster is one entry.
    counted = "primary_stories" if shown.counted == "clusters" else shown.counted
    query = StoryQuery(shown.filters, counted, limit=SEARCHED)
    return SearchIndex(catalogue, newest_headlines(connection, query))


def _choices(connection: Connection, filters: Filters) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found = []
    for name, value in filters.items:
        values = tuple(map(str, value if isinstance(value, tuple) else (value,)))
        if kind := KINDS.get(FILTERS[name].column):
            known = named(connection, kind, values)
            # A name that can't be sent as a filter's value, or would be another one, is shown as its slug.
            values = tuple(_writable(known[each][0], each) if each in known else each for each in values)
        found.append((name, values))
    return tuple(found)


def _writable(name: str, own: str) -> str:
    return name if len(name) <= MAX_VALUE and slug(name) == own else own
