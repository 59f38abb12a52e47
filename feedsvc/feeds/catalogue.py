"""Lists all feeds and their archives, and selects what the page of everything begins with."""

from dataclasses import replace

from feedsvc.config import Config
from feedsvc.feeds.archives import list_archives
from feedsvc.feeds.selection import as_published, published_formats, related_mode, story_query
from feedsvc.feeds.words import site_description, site_labels
from feedsvc.index import reader
from feedsvc.index.database import Connection
from feedsvc.index.facets import list_values
from feedsvc.index.occurrences import read_problems
from feedsvc.model import EVERYTHING, Catalogue, Counted, Entry, FeedAddress, FeedSummary, Kind

#: The stories on the page of everything.
_RECENT = 12


def select_catalogue(connection: Connection, config: Config) -> Catalogue:
    """Return the list of all feeds."""

    def listed(kind: Kind) -> tuple[FeedSummary, ...]:
        rows = reader.all_feeds(connection, kind, config.feeds)
        return tuple(FeedSummary(FeedAddress(kind, row.slug), row.name, size) for row, size in rows)

    def summary(address: FeedAddress, name: str) -> FeedSummary:
        return FeedSummary(address, name, reader.count(connection, address, story_query(config, address)))

    shown = config.serve.show_problems
    state = reader.everything(connection, shown)
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
        updated=reader.newest(connection),
        revision=state.revision,
        changed=state.changed,
        problems=read_problems(connection) if shown else None,
    )


def select_recent(connection: Connection, config: Config) -> tuple[Entry, ...]:
    """Return the newest stories of all, grouped, which the page of everything begins with."""
    grouped = related_mode(config, EVERYTHING) != "none"
    counted: Counted = "clusters" if grouped else "primary_stories"
    query = replace(story_query(config, EVERYTHING), counted=counted, is_grouped=grouped, limit=_RECENT)
    (entries,) = reader.find_entries(connection, [(EVERYTHING, query)], config.feeds)
    return as_published(config, EVERYTHING, entries)


def select_archives(connection: Connection, config: Config, catalogue: Catalogue) -> dict[FeedAddress, int | None]:
    """Return the addresses of all archives with their revisions, and of what is older than current feeds, with None."""
    found: dict[FeedAddress, int | None] = {}
    for feed in catalogue.feeds if config.feeds.archives else ():
        query = story_query(config, feed.address)
        if feed.size > query.limit:  # which the others needn't be asked for
            found |= list_archives(connection, feed.address, query)
    return found


def select_slugs(connection: Connection, config: Config, kind: str) -> list[str]:
    """Return the slugs of all feeds of a kind, or all values of a facet, in order."""
    match kind:
        case "topics" | "providers" as listed:
            return [row.slug for row, _ in reader.all_feeds(connection, listed, config.feeds)]
        case "custom":
            return sorted(config.custom)
    return list_values(connection, kind)
