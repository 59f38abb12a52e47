"""What pages show beside their feed, which follows from the feed's revision as well, and what they search in."""

from msgspec.structs import replace

from feedsvc.config import Config
from feedsvc.feeds.archives import list_months
from feedsvc.feeds.settings import as_published, related_mode, story_query
from feedsvc.index.database import Connection
from feedsvc.index.entries import find_entries
from feedsvc.index.names import named
from feedsvc.index.query import StoryQuery
from feedsvc.index.stories import Months, newest_headlines
from feedsvc.model import (
    EVERYTHING,
    FILTERS,
    KINDS,
    Catalogue,
    Counted,
    Entry,
    Feed,
    FeedAddress,
    Filters,
    Month,
    Page,
    SearchIndex,
)
from feedsvc.model.filters import MAX_VALUE
from feedsvc.text import slug

#: The stories on the page of everything.
_RECENT = 12
#: The stories that pages search in.
SEARCHED = 2000


def select_page(connection: Connection, config: Config, feed: Feed, months: Months) -> Page:
    """Return the page of a feed or an archive. months: of the current feed."""
    address, size = feed.address, len(feed.entries)
    choices = _choices(connection, address.filters)
    if not address.is_current or size < story_query(config, address).limit:
        return Page(feed, size, choices=choices)
    return Page(feed, sum(month.stories for month in months), _archived(config, address, months), choices)


def select_home(connection: Connection, config: Config) -> tuple[tuple[Entry, ...], tuple[Month, ...]]:
    """Return what the page of everything shows: the newest stories, grouped, and its months as `Page` has them."""
    query = story_query(config, EVERYTHING)
    grouped = related_mode(config, EVERYTHING) != "none"
    counted: Counted = "clusters" if grouped else "primary_stories"
    recent = replace(query, counted=counted, is_grouped=grouped, limit=_RECENT)
    (entries,) = find_entries(connection, [(EVERYTHING, recent)], config.feeds)
    months = _archived(config, EVERYTHING, Months(connection, EVERYTHING, query))
    return as_published(config, EVERYTHING, entries), months


def _archived(config: Config, address: FeedAddress, months: Months) -> tuple[Month, ...]:
    """Return the months that a current feed has archives of, newest first."""
    return list_months(address, story_query(config, address).limit, months) if config.feeds.archives else ()


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
