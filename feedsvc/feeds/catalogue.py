"""Lists all feeds and their archives."""

from collections.abc import Iterable

from feedsvc.config import Config
from feedsvc.feeds.archives import list_archives, place
from feedsvc.feeds.settings import published_formats, story_query
from feedsvc.feeds.words import site_description, site_labels
from feedsvc.index.database import Connection, batches
from feedsvc.index.facets import list_values
from feedsvc.index.feeds import FeedMonths, find_everything, list_feeds
from feedsvc.index.occurrences import read_problems
from feedsvc.index.stories import count_stories, newest_time
from feedsvc.model import EVERYTHING, Catalogue, FeedAddress, FeedSummary, Kind


def select_catalogue(connection: Connection, config: Config) -> Catalogue:
    """Return the list of all feeds."""

    def listed(kind: Kind) -> tuple[FeedSummary, ...]:
        rows = list_feeds(connection, kind, config.feeds)
        return tuple(FeedSummary(FeedAddress(kind, slug), name, size) for slug, name, size in rows)

    def summary(address: FeedAddress, name: str) -> FeedSummary:
        return FeedSummary(address, name, count_stories(connection, address, story_query(config, address)))

    shown = config.serve.show_problems
    state = find_everything(connection, shown)
    description = site_description(config)
    return Catalogue(
        title=config.site.title,
        description=description.text,
        description_language=description.language,
        language=config.site.language,
        labels=site_labels(config),
        base_url=config.site.base_url,
        formats=published_formats(config),
        pictures=config.site.pictures,
        everything=summary(EVERYTHING, config.site.title),
        topics=listed("topics"),
        providers=listed("providers"),
        custom=tuple(summary(FeedAddress("custom", slug), custom.name) for slug, custom in config.custom.items()),
        updated=newest_time(connection),
        revision=state.revision,
        changed=state.changed,
        problems=read_problems(connection) if shown else None,
    )


def select_archives(connection: Connection, config: Config, catalogue: Catalogue) -> dict[FeedAddress, int | None]:
    """Return the addresses of all archives with their revisions, and of what is older than current feeds, with None."""
    queries = {
        feed.address: query
        for feed in (catalogue.feeds if config.feeds.archives else ())
        if feed.size > (query := story_query(config, feed.address)).limit  # the others needn't be asked for
    }
    counted = FeedMonths(connection, queries)
    found: dict[FeedAddress, int | None] = {}
    for feed, query in queries.items():
        found |= list_archives(connection, feed, query, counted)
    return found


def in_order_of_time(connection: Connection, config: Config, feeds: Iterable[FeedAddress]) -> list[FeedAddress]:
    """Return feeds and archives in the order of time, whatever feed they are of.

    So those that hold the same stories are near each other.
    """
    places = {}
    for some in batches(feeds):
        counted = FeedMonths(connection, some)
        for feed in some:
            query = story_query(config, feed)
            # Of a saved filter, as if it chose all stories: its place needn't be right.
            places[feed] = place(feed, query.limit, list(counted.sizes(feed, query.counted)))
    return sorted(places, key=places.__getitem__)


def select_slugs(connection: Connection, config: Config, kind: str) -> list[str]:
    """Return the slugs of all feeds of a kind, or all values of a facet, in order."""
    match kind:
        case "topics" | "providers" as listed:
            return [slug for slug, *_ in list_feeds(connection, listed, config.feeds)]
        case "custom":
            return sorted(config.custom)
    return list_values(connection, kind)
