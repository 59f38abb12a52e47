"""Reads feeds and their entries from the index."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, and_, func, select, true

from feedsvc.addresses import EVERYTHING, FeedAddress
from feedsvc.index.schema import providers, state, stories, story_topics, tellings, topics
from feedsvc.model import EPOCH, Entry, Image, Provider, Related, Story, Topic

_LEAST = -(2**31)
_story_decoder = msgspec.json.Decoder(Story)
_image_decoder = msgspec.json.Decoder(Image)


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A feed that there is: its address, the name of its topic or provider, and when something in it last changed."""

    address: FeedAddress
    name: str
    changed: datetime
    image: Image | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which stories of a feed to take, newest first."""

    limit: int
    primary_only: bool = False
    min_quality: int | None = None


def revision(connection: Connection) -> int:
    """A number that every change of the index increases."""
    return connection.execute(select(state.c.revision)).scalar() or 0


def find_feed(connection: Connection, address: FeedAddress, primary_only: bool) -> FeedRow | None:
    """The feed at an address; None if no story is in it. The feed of everything is always there."""
    if address == EVERYTHING:
        changed = connection.execute(select(state.c.changed)).scalar()
        return FeedRow(address, "", _moment(changed))
    table, member, column = _membership(address)
    condition = member.c.is_primary if primary_only else true()
    has_story = select(1).where(column == address.slug, condition).limit(1)
    row = connection.execute(select(table).where(table.c.slug == address.slug)).first()
    if not row or not connection.execute(has_story).first():
        return None
    return FeedRow(address, row.name, _moment(row.changed), _image(getattr(row, "image", None)))


def all_feeds(connection: Connection, primary_only: bool) -> list[tuple[FeedRow, int]]:
    """All feeds with their numbers of stories: everything, then topics and providers by slug."""
    total = select(func.count()).select_from(stories)
    total = total.where(stories.c.is_primary) if primary_only else total
    everything = find_feed(connection, EVERYTHING, primary_only)
    found = [(everything, connection.execute(total).scalar_one())] if everything else []
    for kind in ("topics", "providers"):
        table, member, column = _membership(FeedAddress(kind))
        counted = select(column.label("slug"), func.count().label("size")).group_by(column)
        sizes = (counted.where(member.c.is_primary) if primary_only else counted).subquery()
        rows = connection.execute(select(table, sizes.c.size).join(sizes, sizes.c.slug == table.c.slug))
        for row in sorted(rows, key=lambda row: row.slug):
            found.append((FeedRow(FeedAddress(kind, row.slug), row.name, _moment(row.changed)), row.size))
    return found


def find_entries(connection: Connection, address: FeedAddress, wanted: Wanted) -> tuple[Entry, ...]:
    """The newest entries of a feed, with their topics and links; ties by URL."""
    rows = connection.execute(_newest(address, wanted)).all()
    urls = [row.url for row in rows]
    provider_of = _providers(connection, {row.provider for row in rows})
    topics_of = _topics(connection, urls)
    related = _related(connection, [row.url for row in rows if row.is_primary])
    mentioning = _mentioning(connection, [row.url for row in rows if not row.is_primary])
    return tuple(
        Entry(
            story=_story_decoder.decode(row.data),
            provider=provider_of[row.provider],
            topics=tuple(topics_of[row.url]),
            related=tuple(related[row.url].values()),
            mentioned_by=tuple(mentioning[row.url].values()),
        )
        for row in rows
    )


def _membership(address: FeedAddress) -> tuple[Any, Any, Any]:
    """(the table of a kind of feeds, the table that says which stories they hold, its column with their slug)."""
    if address.kind == "topics":
        return topics, story_topics, story_topics.c.slug
    return providers, stories, stories.c.provider


def _newest(address: FeedAddress, wanted: Wanted) -> Select[Any]:
    chosen = select(stories.c.url, stories.c.is_primary, stories.c.provider, tellings.c.data).join(
        tellings, _tells(tellings, stories)
    )
    ordered_by = stories
    if address.kind == "topics":
        ordered_by = story_topics
        chosen = chosen.join(story_topics, story_topics.c.url == stories.c.url)
        chosen = chosen.where(story_topics.c.slug == address.slug)
    elif address.kind == "providers":
        chosen = chosen.where(stories.c.provider == address.slug)
    if wanted.primary_only:
        chosen = chosen.where(stories.c.is_primary)
    if wanted.min_quality is not None:
        chosen = chosen.where(stories.c.quality >= wanted.min_quality)
    return chosen.order_by(ordered_by.c.published.desc(), ordered_by.c.url).limit(wanted.limit)


def _tells(telling: Any, story: Any) -> Any:
    """Whether a telling is the one that a story took."""
    return and_(*(telling.c[key] == story.c[key] for key in ("path", "record", "position")))


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


def _related(connection: Connection, urls: Sequence[str]) -> dict[str, dict[str, Related]]:
    """For each of these primary stories, those that its records mention: the best record's first, each in its order."""
    mention, record = tellings.alias("mention"), tellings.alias("record")
    target, told = stories.alias("target"), tellings.alias("told")
    rows = connection.execute(
        select(mention.c.mentioned_by, mention.c.url, told.c.title, providers.c.name)
        .join(record, and_(record.c.path == mention.c.path, record.c.record == mention.c.record))
        .join(target, target.c.url == mention.c.url)
        .join(told, _tells(told, target))
        .join(providers, providers.c.slug == target.c.provider)
        .where(mention.c.mentioned_by.in_(urls), record.c.position == 0)
        .order_by(
            record.c.updated.desc(),
            func.coalesce(record.c.quality, _LEAST).desc(),
            record.c.path,
            record.c.record,
            mention.c.position,
        )
    )
    return _links(rows)


def _mentioning(connection: Connection, urls: Sequence[str]) -> dict[str, dict[str, Related]]:
    """For each of these mentions, the primary stories that mention it, newest first."""
    mention, source, told = tellings.alias("mention"), stories.alias("source"), tellings.alias("told")
    rows = connection.execute(
        select(mention.c.url, source.c.url, told.c.title, providers.c.name)
        .join(source, and_(source.c.url == mention.c.mentioned_by, source.c.is_primary))
        .join(told, _tells(told, source))
        .join(providers, providers.c.slug == source.c.provider)
        .where(mention.c.url.in_(urls))
        .order_by(source.c.published.desc(), source.c.url)
    )
    return _links(rows)


def _links(rows: Any) -> dict[str, dict[str, Related]]:
    found: dict[str, dict[str, Related]] = defaultdict(dict)
    for start, end, title, provider in rows:
        found[start].setdefault(end, Related(end, title, provider))
    return found


def _image(data: str | None) -> Image | None:
    return _image_decoder.decode(data) if data else None


def _moment(seconds: int | None) -> datetime:
    return max(datetime.fromtimestamp(seconds or 0, UTC), EPOCH)
