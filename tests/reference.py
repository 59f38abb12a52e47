"""What feeds should hold, worked out anew from all records each time: as simple as it can be, and nothing of the index.

Records are written as JSON. Names are their own slugs, and providers are the URLs' hosts.
"""

import json
from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Listed:
    """A story in a record's list of related ones; without a day, it is a link alone, and has no topics."""

    url: str
    title: str
    day: int | None
    topics: frozenset[str]


@dataclass(frozen=True)
class Own:
    """A record."""

    url: str
    title: str
    day: int
    quality: int
    topics: frozenset[str]
    #: "draft" or "deleted", or an empty text.
    state: str
    related: tuple[Listed, ...]


#: The records of each file.
Files = dict[str, tuple[Own, ...]]


def date_of(day: int) -> date:
    """The date of a day, which are numbered from the beginning of 2020."""
    return date(2020, 1, 1) + timedelta(days=day - 1)


def text_of(records: Iterable[Own]) -> str:
    """The text of a file with records."""

    def value(story: Own | Listed) -> dict[str, object]:
        fields: dict[str, object] = {"title": story.title, "webUrl": story.url, "topics": sorted(story.topics)}
        if story.day:
            fields["publishedDateTime"] = str(date_of(story.day))
        if isinstance(story, Own):
            fields |= {"quality": story.quality, "related": [value(each) for each in story.related]}
            fields |= {story.state: True} if story.state else {}
        return fields

    return json.dumps([value(record) for record in records])


@dataclass
class Item:
    """An entry as feeds should have it."""

    title: str
    day: int
    is_primary: bool
    topics: set[str]
    #: The titles of related stories, by URL, in order.
    related: dict[str, str] = field(default_factory=dict)
    #: Of a cluster's entry: the days of the records that joined it, by URL, in order.
    joined: dict[str, int] = field(default_factory=dict)
    quality: int = 0


#: As in feedsvc.index.grouping.
WINDOW_DAYS = 7


class Reference:
    """The entries that feeds should hold, by URL, and those of each feed, by its path."""

    def __init__(self, files: Files, related: str, min_stories: int, most_joined: int = 100) -> None:
        records = [record for name in sorted(files) for record in files[name]]
        #: The records of each URL, the best first.
        own: dict[str, list[Own]] = {}
        for record in sorted(records, key=lambda record: (-record.day, -record.quality)):
            own.setdefault(record.url, []).append(record)
        self.items: dict[str, Item] = {}
        for url, (best, *others) in own.items():
            if not best.state:
                topics = best.topics.union(*(record.topics for record in others if not record.state))
                self.items[url] = Item(best.title, best.day, True, set(topics), quality=best.quality)
        counting = [record for record in records if record.url in self.items and not record.state]
        self._add_mentions(own.keys(), counting)
        if related != "none":
            self._relate(own, counting)
        #: The founder of each record, by URL.
        self.founders: dict[str, str] = {}
        self._group(counting, most_joined)
        if related != "entries":
            self.items = {url: item for url, item in self.items.items() if item.is_primary}
        self.is_grouped = related == "clusters"
        clusters = self._clusters() if related == "clusters" else self.items
        #: The entries of each feed.
        self.feeds: dict[str, dict[str, Item]] = {"/feed": dict(clusters)}
        for url, item in clusters.items():
            for topic in item.topics:
                self.feeds.setdefault(f"/topics/{topic}", {})[url] = item
        for url, item in self.items.items():
            self.feeds.setdefault(f"/providers/{host(url).replace('.', '-')}", {})[url] = clusters.get(url, item)
        self.feeds = {path: items for path, items in self.feeds.items() if path == "/feed" or len(items) >= min_stories}

    def _group(self, counting: list[Own], most_joined: int) -> None:
        """Find the founder of each record: itself, or the earliest earlier neighbour that is one and isn't full."""
        pairs = {(record.url, each.url) for record in counting for each in record.related}
        ordered = sorted((item.day, url) for url, item in self.items.items() if item.is_primary)
        for number, (day, url) in enumerate(ordered):
            near = [
                other
                for other_day, other in ordered[:number]
                if pairs & {(url, other), (other, url)} and day - other_day <= WINDOW_DAYS
            ]
            sizes = Counter(self.founders.values())
            free = [other for other in near if self.founders[other] == other and sizes[other] <= most_joined]
            self.founders[url] = free[0] if free else url

    def _clusters(self) -> dict[str, Item]:
        """The entries of clusters, by the URL of the founder."""
        found = {}
        for founder in dict.fromkeys(self.founders.values()):
            urls = sorted(
                (url for url, other in self.founders.items() if other == founder != url),
                key=lambda url: (self.items[url].day, url),
            )
            joined = {url: self.items[url] for url in urls}
            records = [self.items[founder], *joined.values()]
            related = {url: item.title for url, item in joined.items()}
            for record in records:
                related = related | {url: title for url, title in record.related.items() if url not in related}
            related.pop(founder, None)
            found[founder] = replace(
                self.items[founder],
                topics=set().union(*(record.topics for record in records)),
                related=related,
                joined={url: item.day for url, item in joined.items()},
            )
        return found

    def _add_mentions(self, known: Container[str], counting: list[Own]) -> None:
        lists = [(record, each) for record in counting for each in record.related if each.url not in known]
        for record, each in sorted(lists, key=lambda one: -(one[1].day or 0)):
            if each.day:
                self.items.setdefault(each.url, Item(each.title, each.day, False, set())).topics |= each.topics
            if each.url in self.items:
                self.items[each.url].topics |= self.items[record.url].topics

    def _relate(self, own: dict[str, list[Own]], counting: list[Own]) -> None:
        for url, records in own.items():
            for each in (each for record in records if record in counting for each in record.related):
                if each.url in self.items:
                    self.items[url].related.setdefault(each.url, self.items[each.url].title)
                elif not each.day and each.url not in own:
                    self.items[url].related.setdefault(each.url, each.title)
        for record in sorted(counting, key=lambda record: (-self.items[record.url].day, record.url)):
            for each in record.related:
                if each.url in self.items:
                    self.items[each.url].related.setdefault(record.url, self.items[record.url].title)

    def entries(self, path: str) -> list[tuple[str, Item]]:
        """The entries of a feed, newest first."""
        return sorted(self.feeds[path].items(), key=lambda one: (-one[1].day, one[0]))


def host(url: str) -> str:
    """A story's provider."""
    return urlsplit(url).hostname or ""
