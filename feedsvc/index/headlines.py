"""Reads the titles of the newest stories, and little else of them."""

from datetime import datetime

import msgspec

from feedsvc.index.database import Connection, batches
from feedsvc.index.names import named
from feedsvc.index.query import NEWEST_FIRST, StoryQuery, select_stories
from feedsvc.model import EVERYTHING, Headline


class _Head(msgspec.Struct, array_like=True):
    """The first fields of a Story, the only ones that are decoded."""

    url: str
    title: str
    published: datetime


_decoder = msgspec.json.Decoder(_Head)


def newest_headlines(connection: Connection, query: StoryQuery) -> tuple[Headline, ...]:
    """Return the headlines of stories of everything, which aren't grouped, newest first; ties by URL."""
    chosen, values = select_stories(connection, EVERYTHING, query, "o.occurrence, o.provider")
    rows = connection.execute(f"{chosen} ORDER BY {NEWEST_FIRST} LIMIT ?", [*values, query.limit])
    provider_of = dict(rows.fetchall())
    names = named(connection, "providers", sorted(set(provider_of.values())))
    heads: dict[int, _Head] = {}
    for occurrences in batches(provider_of):
        found = connection.execute(
            "SELECT occurrence, data FROM occurrence_stories WHERE occurrence = ANY(?)", [occurrences]
        )
        heads |= {occurrence: _decoder.decode(data) for occurrence, data in found}
    return tuple(
        Headline(heads[each].url, heads[each].title, names[provider][0], heads[each].published)
        for each, provider in provider_of.items()
    )
