"""Reads the links between stories from the index."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, select

from feedsvc.index.resolve import preference
from feedsvc.index.schema import providers, stories, tellings
from feedsvc.model import Related


def tells(telling: Any, story: Any) -> Any:
    """Whether a telling is the one that a story took."""
    return and_(*(telling.c[key] == story.c[key] for key in ("path", "record", "position")))


def related(connection: Connection, urls: Sequence[str]) -> dict[str, dict[str, Related]]:
    """For each of these primary stories, those that its records mention: the best record's first, each in its order."""
    mention, record = tellings.alias("mention"), tellings.alias("record")
    target, told = stories.alias("target"), tellings.alias("told")
    rows = connection.execute(
        select(mention.c.mentioned_by, mention.c.url, told.c.title, providers.c.name)
        .join(record, and_(record.c.path == mention.c.path, record.c.record == mention.c.record))
        .join(target, target.c.url == mention.c.url)
        .join(told, tells(told, target))
        .join(providers, providers.c.slug == target.c.provider)
        .where(mention.c.mentioned_by.in_(urls), record.c.position == 0)
        .order_by(*preference(record), mention.c.position)
    )
    return _links(rows)


def mentioning(connection: Connection, urls: Sequence[str]) -> dict[str, dict[str, Related]]:
    """For each of these mentions, the primary stories that mention it, newest first."""
    mention, source, told = tellings.alias("mention"), stories.alias("source"), tellings.alias("told")
    rows = connection.execute(
        select(mention.c.url, source.c.url, told.c.title, providers.c.name)
        .join(source, and_(source.c.url == mention.c.mentioned_by, source.c.is_primary))
        .join(told, tells(told, source))
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
