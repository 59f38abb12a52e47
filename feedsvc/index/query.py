"""Reads feeds and their entries from the index."""

from calendar import timegm
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, exists, func, literal, select, true

from feedsvc.addresses import FeedAddress, Filters, Kind
from feedsvc.errors import IndexUnusableError
from feedsvc.index.links import mentioning, related, tells
from feedsvc.index.schema import batches, providers, state, stories, story_topics, tellings, topics
from feedsvc.model import EPOCH, Entry, Image, Provider, Story, Topic

story_decoder = msgspec.json.Decoder(Story)
_image_decoder = msgspec.json.Decoder(Image)


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A topic or provider that has stories, and when something in its feed last changed."""

    slug: str
    name: str
    changed: datetime
    image: Image | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which stories of a feed to take, newest first."""

    #: Each has to be met.
    filters: tuple[Filters, ...] = ()
    primary_only: bool = False
    #: How many at most; None for all.
    limit: int | None = None


def revision(connection: Connection) -> int:
    """A number that every change of the index increases. Raises IndexUnusableError if no sync has filled it yet."""
    found: int | None = connection.execute(select(state.c.revision)).scalar()
    if found is None:
        raise IndexUnusableError("the index is empty; expected feedsvc serve or feedsvc build to fill it")
    return found


def last_change(connection: Connection) -> datetime:
    """When anything last changed."""
    return _moment(connection.execute(select(state.c.changed)).scalar())


def find_feed(connection: Connection, address: FeedAddress, primary_only: bool) -> FeedRow | None:
    """The topic's or provider's feed at an address; None if no story is in it."""
    table, member, column = _membership(address)
    condition = member.c.is_primary if primary_only else true()
    has_story = select(1).where(column == address.slug, condition).limit(1)
    row = connection.execute(select(table).where(table.c.slug == address.slug)).first()
    if not row or not connection.execute(has_story).first():
        return None
    return FeedRow(row.slug, row.name, _moment(row.changed), _image(getattr(row, "image", None)))


def all_feeds(connection: Connection, kind: Kind, primary_only: bool) -> list[tuple[FeedRow, int]]:
    """The feeds of all topics or providers, by slug, with their numbers of stories."""
    table, member, column = _membership(FeedAddress(kind))
    counted = select(column.label("slug"), func.count().label("size")).group_by(column)
    sizes = (counted.where(member.c.is_primary) if primary_only else counted).subquery()
    rows = connection.execute(select(table, sizes.c.size).join(sizes, sizes.c.slug == table.c.slug))
    found = [(FeedRow(row.slug, row.name, _moment(row.changed)), row.size) for row in rows]
    return sorted(found, key=lambda item: item[0].slug)


def newest(connection: Connection) -> datetime:
    """The time of the newest story."""
    return _moment(connection.execute(select(func.max(stories.c.published))).scalar())


def count(connection: Connection, address: FeedAddress, wanted: Wanted) -> int:
    """The number of stories that a feed draws from."""
    chosen = choose(address, wanted).with_only_columns(stories.c.url).subquery()
    return connection.execute(select(func.count()).select_from(chosen)).scalar_one()


def months(connection: Connection, address: FeedAddress, wanted: Wanted) -> list[tuple[str, str]]:
    """(slug, month) of all archives of the feeds of an address's kind, in order.

    The slug is empty for everything and for a saved filter, which are one feed each.
    """
    column = literal("") if address.kind in ("feed", "custom") else _membership(address)[2]
    month = _ordered_by(address).c.month
    chosen = choose(address, wanted, of_all=True).with_only_columns(column.label("slug"), month).distinct()
    return sorted((slug, month) for slug, month in connection.execute(chosen))


def neighbours(connection: Connection, address: FeedAddress, wanted: Wanted) -> tuple[str | None, str | None]:
    """The months before and after an archive's that have archives of their own."""
    table = _ordered_by(address)
    chosen = choose(replace(address, month=""), wanted).with_only_columns(table.c.month).limit(1)
    begin, end = _bounds(address.month)
    before = chosen.where(table.c.published < begin).order_by(table.c.published.desc())
    after = chosen.where(table.c.published >= end).order_by(table.c.published)
    return connection.execute(before).scalar(), connection.execute(after).scalar()


def find_entries(connection: Connection, address: FeedAddress, wanted: Wanted) -> tuple[Entry, ...]:
    """The newest entries of a feed, with their topics and links; ties by URL."""
    table = _ordered_by(address)
    chosen = choose(address, wanted).with_only_columns(
        stories.c.url, stories.c.is_primary, stories.c.provider, tellings.c.data
    )
    chosen = chosen.join(tellings, tells(tellings, stories))
    chosen = chosen.order_by(table.c.published.desc(), table.c.url).limit(wanted.limit)
    return tuple(entry for rows in batches(connection.execute(chosen)) for entry in _entries(connection, rows))


def _entries(connection: Connection, rows: list[Any]) -> Iterator[Entry]:
    urls = [row.url for row in rows]
    provider_of = _providers(connection, {row.provider for row in rows})
    topics_of = _topics(connection, urls)
    related_of = related(connection, [row.url for row in rows if row.is_primary])
    mentioning_of = mentioning(connection, [row.url for row in rows if not row.is_primary])
    for row in rows:
        yield Entry(
            story=story_decoder.decode(row.data),
            provider=provider_of[row.provider],
            topics=tuple(topics_of[row.url]),
            related=tuple(related_of[row.url].values()),
            mentioned_by=tuple(mentioning_of[row.url].values()),
        )


def _membership(address: FeedAddress) -> tuple[Any, Any, Any]:
    """(the table of a kind of feeds, the table that says which stories they hold, its column with their slug)."""
    if address.kind == "topics":
        return topics, story_topics, story_topics.c.slug
    return providers, stories, stories.c.provider


def _ordered_by(address: FeedAddress) -> Any:
    """The table whose times order a feed's stories."""
    return story_topics if address.kind == "topics" else stories


def choose(address: FeedAddress, wanted: Wanted, of_all: bool = False) -> Select[Any]:
    """The stories of a feed, or of all feeds of its kind, in no order."""
    chosen = select(stories)
    if address.kind == "topics":
        chosen = chosen.join(story_topics, story_topics.c.url == stories.c.url)
    if address.kind in ("topics", "providers") and not of_all:
        chosen = chosen.where(_membership(address)[2] == address.slug)
    if address.month:
        begin, end = _bounds(address.month)
        published = _ordered_by(address).c.published
        chosen = chosen.where(published >= begin, published < end)
    if wanted.primary_only:
        chosen = chosen.where(stories.c.is_primary)
    return chosen.where(*(condition for filters in wanted.filters for condition in _conditions(filters)))


def _conditions(filters: Filters) -> Iterator[Any]:
    def has_topic(slugs: tuple[str, ...]) -> Any:
        named = story_topics.alias()
        return exists().where(named.c.url == stories.c.url, named.c.slug.in_(slugs))

    if filters.topic:
        yield has_topic(filters.topic)
    if filters.provider:
        yield stories.c.provider.in_(filters.provider)
    if filters.type:
        yield stories.c.type.in_(filters.type)
    if filters.without_topic:
        yield ~has_topic(filters.without_topic)
    if filters.without_provider:
        yield stories.c.provider.not_in(filters.without_provider)
    if filters.min_quality is not None:
        yield stories.c.quality >= filters.min_quality
    if filters.min_heat is not None:
        yield stories.c.heat >= filters.min_heat


def _bounds(month: str) -> tuple[int, int]:
    """The first second of a month, and of the one after."""
    year, number = int(month[:4]), int(month[5:])
    end = (year + number // 12, number % 12 + 1)
    return _seconds(year, number), _seconds(*end)


def _seconds(year: int, month: int) -> int:
    return timegm((year, month, 1, 0, 0, 0))


def _providers(connection: Connection, slugs: set[str]) -> dict[str, Provider]:
    rows = connection.execute(select(providers).where(providers.c.slug.in_(slugs)))
    return {row.slug: Provider(row.slug, row.name, row.domain, _image(row.image)) for row in rows}


def _topics(connection: Connection, urls: Sequence[str]) -> dict[str, list[Topic]]:
    found = defaultdict(list)
    for url, slug, name in connection.execute(
        select(story_topics.c.url, topics.c.slug, topics.c.name)
        .join(topics, topics.c.slug == story_topics.c.slug)
        .where(story_topics.c.url.in_(urls))
        .order_by(topics.c.slug)
    ):
        found[url].append(Topic(slug, name))
    return found


def _image(data: str | None) -> Image | None:
    return _image_decoder.decode(data) if data else None


def _moment(seconds: int | None) -> datetime:
    return max(datetime.fromtimestamp(seconds or 0, UTC), EPOCH)
