"""What the configuration says of feeds: their formats and filters, and how they publish related stories."""

from functools import lru_cache

from msgspec.structs import replace

from feedsvc.config import Config
from feedsvc.formats.registry import find_format
from feedsvc.index.query import StoryQuery
from feedsvc.model import COUNTED, NO_FILTERS, Entry, FeedAddress, Filters, Format, RelatedMode


def published_formats(config: Config) -> tuple[Format, ...]:
    """Return the formats that current feeds are published in."""
    return tuple(map(find_format, config.feeds.formats))


def archive_formats(config: Config) -> tuple[Format, ...]:
    """Return the formats that archives are published in; none where there are no archives."""
    return tuple(map(find_format, config.feeds.archive_formats))


def formats_at(config: Config, address: FeedAddress) -> tuple[Format, ...]:
    """Return the formats that what is at an address is published in, if anything is."""
    if address.is_current:
        return published_formats(config)
    return tuple(format for format in archive_formats(config) if format.is_paged or not address.is_older)


def saved_filters(config: Config, address: FeedAddress) -> Filters:
    """Return the filters of a custom feed; none of any other."""
    custom = config.custom.get(address.slug) if address.kind == "custom" else None
    return custom.filters if custom else NO_FILTERS


def default_filters(config: Config, address: FeedAddress) -> Filters:
    """Return the filters of a feed whose address has none."""
    saved = saved_filters(config, address)
    quality = saved.get("min_quality")
    return _filters(
        config.feeds.min_quality if quality is None else quality,
        saved.get("related") or config.feeds.related,
        saved.get("limit") or config.feeds.limit,
    )


# Which are asked for several times for each feed, and almost all the same.
@lru_cache(100)
def _filters(min_quality: int | None, related: RelatedMode, limit: int) -> Filters:
    return NO_FILTERS.replace(min_quality=min_quality, related=related, limit=limit)


def related_mode(config: Config, address: FeedAddress) -> RelatedMode:
    """Return how a feed publishes related stories."""
    mode: RelatedMode = address.filters.get("related") or default_filters(config, address).get("related")
    return mode


def as_published(config: Config, address: FeedAddress, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Return entries without the links to related stories, where the feed at an address has none."""
    if related_mode(config, address) != "none":
        return entries
    return tuple(replace(entry, related=(), related_total=0) for entry in entries)


def story_query(config: Config, address: FeedAddress) -> StoryQuery:
    """Return the query for the stories of the current feed at a canonical address."""
    saved, defaults = saved_filters(config, address), default_filters(config, address)
    mode = related_mode(config, address)
    return _story_query(address.filters, saved, defaults, mode, is_provider=address.kind == "providers")


# Asked for several times for each feed, and almost all feeds have the same.
@lru_cache(100)
def _story_query(
    own: Filters, saved: Filters, defaults: Filters, mode: RelatedMode, *, is_provider: bool
) -> StoryQuery:
    """Return the query for the stories of a feed.

    own, saved: the filters of its address, and of its table in the configuration. defaults: see `default_filters`.
    """
    quality = defaults.get("min_quality") if own.get("min_quality") is None else own.get("min_quality")
    # A provider publishes each of its records as an entry, whoever founded the cluster.
    is_provider = is_provider or bool(own.get("provider") or saved.get("provider"))
    return StoryQuery(
        filters=(own.replace(min_quality=quality), saved.replace(min_quality=None)),
        counted="primary_stories" if mode == "clusters" and is_provider else COUNTED[mode],
        is_grouped=mode == "clusters",
        limit=own.get("limit") or defaults.get("limit"),
    )
