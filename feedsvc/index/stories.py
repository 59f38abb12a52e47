"""Reads from the index which stories a feed has: how many, also by month, their URLs and titles."""

from collections.abc import Iterator
from copy import copy
from datetime import datetime
from itertools import tee

import msgspec

from feedsvc.index.database import Connection, batches
from feedsvc.index.feeds import FeedMonths, MonthSize, feed_size, has_size, moment
from feedsvc.index.names import named
from feedsvc.index.occurrences import read_stories
from feedsvc.index.query import NEWEST_FIRST, StoryQuery, select_stories
from feedsvc.model import EVERYTHING, FeedAddress, Headline


class Months:
    """The months of a feed, newest first: counted as far as they are asked for, and once."""

    def __init__(
        self, connection: Connection, address: FeedAddress, query: StoryQuery, counted: FeedMonths | None = None
    ) -> None:
        """address: any of the feed. query: for the stories of the current feed. counted: of this feed and others."""
        self._months = tee(_months(connection, address, query, counted or FeedMonths(connection, [address])), 1)[0]

    def __iter__(self) -> Iterator[MonthSize]:
        # A copy of what `tee` returns begins where that one is, at the first month, and both share what they read.
        return copy(self._months)


def _months(
    connection: Connection, address: FeedAddress, query: StoryQuery, counted: FeedMonths
) -> Iterator[MonthSize]:
    if has_size(address, query):
        yield from counted.sizes(address, query.counted)
    else:
        chosen, values = select_stories(connection, address, query, "o.month, count(*)")
        rows = connection.execute(f"{chosen} GROUP BY o.month ORDER BY o.month DESC", values)
        yield from (MonthSize(*row) for row in rows)


def newest_time(connection: Connection) -> datetime:
    """Return the time of the newest story."""
    rows = connection.execute("SELECT published FROM stories ORDER BY month DESC, published DESC LIMIT 1")
    return moment(*(rows.fetchone() or (None,)))


def count_stories(connection: Connection, address: FeedAddress, query: StoryQuery) -> int:
    """Return the number of stories of a feed, without its limit."""
    if has_size(address, query):
        return feed_size(connection, address, query.counted)
    chosen, values = select_stories(connection, address, query, "count(*)")
    number: int = connection.execute(chosen, values).fetchone()[0]
    return number


def count_older(connection: Connection, address: FeedAddress, query: StoryQuery, url: str, published: int) -> int:
    """Return how many of the stories that are asked for of a feed come after one of them."""
    chosen, values = select_stories(connection, address, query, "count(*)")
    is_after = "(o.published < ? OR o.published = ? AND o.url > ?)"
    number: int = connection.execute(f"{chosen} AND {is_after}", [*values, published, published, url]).fetchone()[0]
    return number


def find_urls(connection: Connection, address: FeedAddress, query: StoryQuery) -> list[str]:
    """Return the URLs of the entries that are asked for of a feed, newest first; ties by URL."""
    # URLs alone, which the database's index has: it passes over 80,000 of them in a few milliseconds.
    chosen, values = select_stories(connection, address, query, "o.url")
    rows = connection.execute(
        f"{chosen} ORDER BY {NEWEST_FIRST} LIMIT ? OFFSET ?", [*values, query.limit, query.offset]
    )
    return [url for (url,) in rows]


class _Head(msgspec.Struct, array_like=True):
    """The first fields of a Story, the only ones of a headline that are decoded."""

    url: str
    title: str
    published: datetime


_head_decoder = msgspec.json.Decoder(_Head)


def newest_headlines(connection: Connection, query: StoryQuery) -> tuple[Headline, ...]:
    """Return the headlines of stories of everything, which aren't grouped, newest first; ties by URL."""
    chosen, values = select_stories(connection, EVERYTHING, query, "o.occurrence, o.provider")
    rows = connection.execute(f"{chosen} ORDER BY {NEWEST_FIRST} LIMIT ?", [*values, query.limit])
    provider_of = dict(rows.fetchall())
    names = named(connection, "providers", sorted(set(provider_of.values())))
    heads: dict[int, _Head] = {}
    for occurrences in batches(provider_of):
        heads |= read_stories(connection, occurrences, _head_decoder)
    return tuple(
        Headline(heads[each].url, heads[each].title, names[provider][0], heads[each].published)
        for each, provider in provider_of.items()
    )
