"""Works out, from everything that record files tell, which stories there are, their topics, and what changed.

Only stories that a change can reach are worked out anew, each from all that is told of it: so the result depends
on the files' names and contents alone, never on history.

- A story's telling is its primary record's if there is one, else a mention's; among several the newest `updated`,
  then the greatest quality, then the first by path. If it is not listed (a draft, deleted), the story is hidden.
- A mention counts while the story that mentions it is to be seen.
- A story has the topics that its records name, and those that the records of the stories mentioning it name.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    union,
    update,
)

from feedsvc.index.schema import batches, providers, state, stories, story_topics, telling_topics, tellings, topics

_scratch = MetaData()
#: The stories to work out anew.
_affected = Table("affected", _scratch, Column("url", Text, primary_key=True), prefixes=["TEMPORARY"])

_LEAST = -(2**31)


@dataclass(slots=True)
class Told:
    """The stories that changed files told of or tell of, and the providers and topics that they named or name."""

    urls: set[str] = field(default_factory=set)
    providers: set[str] = field(default_factory=set)
    topics: set[str] = field(default_factory=set)

    def note(self, rows: Iterable[Any]) -> None:
        """rows: (url, provider or None)."""
        for url, provider in rows:
            self.urls.add(url)
            if provider is not None:
                self.providers.add(provider)


def resolve(connection: Connection, told: Told, now: int) -> None:
    """Bring stories, their topics, and all topics and providers in step with the tellings. now: seconds since 1970."""
    # Later than any change before, even within one second, or when the clock was set back.
    now = max(now, connection.execute(select(state.c.changed)).scalar_one() + 1)
    _scratch.create_all(connection, checkfirst=False)
    for batch in batches(told.urls):
        connection.execute(insert(_affected), [{"url": url} for url in batch])
    affected = select(_affected.c.url)
    # A story that came, went or changed its topics reaches those that it mentions.
    reached = select(tellings.c.url).distinct()
    reached = reached.where(tellings.c.mentioned_by.in_(affected), tellings.c.url.not_in(affected))
    connection.execute(insert(_affected).from_select(["url"], reached))

    changed_providers, changed_topics = _feeds_around(connection)
    for table in (stories, story_topics):
        connection.execute(delete(table).where(table.c.url.in_(affected)))
    _insert_stories(connection, _primary_stories(affected))
    _insert_stories(connection, _mentions(affected))
    _insert_topics(connection, affected)
    after = _feeds_around(connection)
    changed_providers |= after[0]
    changed_topics |= after[1]
    _scratch.drop_all(connection, checkfirst=False)

    renamed = _refresh_providers(connection, told.providers | changed_providers, changed_providers, now)
    renamed |= _refresh_topics(connection, told.topics | changed_topics, changed_topics, now)
    if renamed:  # entries of any feed may show the old name
        for table in (providers, topics):
            connection.execute(update(table).values(changed=now))
    connection.execute(update(state).values(revision=state.c.revision + 1, changed=now))


def _feeds_around(connection: Connection) -> tuple[set[str], set[str]]:
    """The providers and topics whose feeds hold an affected story, or one that mentions it and so shows its title."""
    affected = select(_affected.c.url)
    mentioning = select(tellings.c.mentioned_by).where(
        tellings.c.url.in_(affected), tellings.c.mentioned_by.is_not(None)
    )
    around = union(affected, mentioning).subquery()
    urls = select(around.c.url)
    return (
        set(connection.scalars(select(stories.c.provider).distinct().where(stories.c.url.in_(urls)))),
        set(connection.scalars(select(story_topics.c.slug).distinct().where(story_topics.c.url.in_(urls)))),
    )


def rank_tellings(*conditions: Any) -> Select[Any]:
    """The tellings that meet the conditions, those of one story ranked from 1 on."""
    order = (*preference(tellings), tellings.c.position)
    rank = func.row_number().over(partition_by=tellings.c.url, order_by=order).label("rank")
    return select(tellings, rank).where(*conditions)


def preference(telling: Any) -> tuple[Any, ...]:
    """The order in which tellings of one story are preferred, but for those within one record."""
    quality = func.coalesce(telling.c.quality, _LEAST)
    return telling.c.updated.desc(), quality.desc(), telling.c.path, telling.c.record


def _primary_stories(affected: Select[Any]) -> Select[Any]:
    return rank_tellings(tellings.c.url.in_(affected), tellings.c.position == 0)


def _mentions(affected: Select[Any]) -> Select[Any]:
    record = tellings.alias()
    has_record = exists().where(record.c.url == tellings.c.url, record.c.position == 0)
    return rank_tellings(tellings.c.url.in_(affected), is_shown_mention(), ~has_record)


def is_shown_mention() -> Any:
    """Whether a telling is a mention by a story that is to be seen."""
    mentioning = stories.alias()
    return exists().where(mentioning.c.url == tellings.c.mentioned_by, mentioning.c.is_primary)


def _insert_stories(connection: Connection, ranked: Select[Any]) -> None:
    best = ranked.subquery()
    told = ("url", "path", "record", "position", "published", "month", "quality", "heat", "type", "provider")
    chosen = select(*(best.c[name] for name in told), (best.c.position == 0).label("is_primary"))
    chosen = chosen.where(best.c.rank == 1, best.c.listed)
    connection.execute(insert(stories).from_select([*told, "is_primary"], chosen))


def _insert_topics(connection: Connection, affected: Select[Any]) -> None:
    def names(telling: Any) -> Any:
        return and_(*(telling_topics.c[key] == telling.c[key] for key in ("path", "record", "position")))

    own = (
        select(tellings.c.url, telling_topics.c.slug)
        .join(telling_topics, names(tellings))
        .where(tellings.c.url.in_(affected), or_(tellings.c.position == 0, is_shown_mention()))
    )
    record = tellings.alias()
    inherited = (
        select(tellings.c.url, telling_topics.c.slug)
        .join(record, and_(record.c.url == tellings.c.mentioned_by, record.c.position == 0))
        .join(telling_topics, names(record))
        .where(tellings.c.url.in_(affected), is_shown_mention())
    )
    named = union(own, inherited).subquery()
    of_story = (stories.c.published, stories.c.month, stories.c.is_primary)
    rows = select(named.c.url, named.c.slug, *of_story).join(stories, stories.c.url == named.c.url)
    connection.execute(insert(story_topics).from_select(["url", "slug", *(column.name for column in of_story)], rows))


def _refresh_providers(connection: Connection, named: set[str], changed: set[str], now: int) -> bool:
    facts = (tellings.c.provider_name, tellings.c.provider_domain, tellings.c.provider_image)
    renamed = False
    for batch in batches(named):
        rows = connection.execute(
            select(tellings.c.provider, *(func.min(fact) for fact in facts))
            .where(tellings.c.provider.in_(batch), exists().where(stories.c.provider == tellings.c.provider))
            .group_by(tellings.c.provider)
        )
        found = {slug: {"name": name, "domain": domain, "image": image} for slug, name, domain, image in rows}
        renamed |= _replace(connection, providers, batch, found, changed, now)
    return renamed


def _refresh_topics(connection: Connection, named: set[str], changed: set[str], now: int) -> bool:
    renamed = False
    for batch in batches(named):
        rows = connection.execute(
            select(telling_topics.c.slug, func.min(telling_topics.c.name))
            .where(telling_topics.c.slug.in_(batch), exists().where(story_topics.c.slug == telling_topics.c.slug))
            .group_by(telling_topics.c.slug)
        )
        found = {slug: {"name": name} for slug, name in rows}
        renamed |= _replace(connection, topics, batch, found, changed, now)
    return renamed


def _replace(
    connection: Connection, table: Table, slugs: list[str], found: dict[str, Any], changed: set[str], now: int
) -> bool:
    """Put rows in place of those with these slugs; whether any that stays says something else than before."""
    among = table.c.slug.in_(slugs)
    before = {row.slug: row._asdict() for row in connection.execute(select(table).where(among))}
    connection.execute(delete(table).where(among))
    rows = []
    renamed = False
    for slug, facts in found.items():
        old = before.get(slug)
        renamed |= old is not None and any(old[key] != value for key, value in facts.items())
        rows.append({"slug": slug, "changed": now if slug in changed or not old else old["changed"], **facts})
    if rows:
        connection.execute(insert(table), rows)
    return renamed
