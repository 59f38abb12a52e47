"""What feeds should hold, worked out anew from all records each time: as simple as it can be, and nothing of the index.

Records are written as JSON. Names are their own slugs, and providers are the URLs' hosts.
"""

import json
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
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


def text_of(records: Iterable[Own]) -> str:
    """The text of a file with records."""

    def value(story: Own | Listed) -> dict[str, object]:
        fields: dict[str, object] = {"title": story.title, "webUrl": story.url, "topics": sorted(story.topics)}
        if story.day:
            fields["publishedDateTime"] = f"2020-01-{story.day:02d}"
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


class Reference:
    """The entries that feeds should hold, by URL, and the stories of each feed, by its path."""

    def __init__(self, files: Files, related: str, min_stories: int) -> None:
        records = [record for name in sorted(files) for record in files[name]]
        #: The records of each URL, the best first.
        own: dict[str, list[Own]] = {}
        for record in sorted(records, key=lambda record: (-record.day, -record.quality)):
            own.setdefault(record.url, []).append(record)
        self.items: dict[str, Item] = {}
        for url, (best, *others) in own.items():
            if not best.state:
                topics = best.topics.union(*(record.topics for record in others if not record.state))
                self.items[url] = Item(best.title, best.day, True, set(topics))
        counting = [record for record in records if record.url in self.items and not record.state]
        self._add_mentions(own.keys(), counting)
        if related != "none":
            self._relate(own, counting)
        if related != "entries":
            self.items = {url: item for url, item in self.items.items() if item.is_primary}
        found: dict[str, list[str]] = {"/feed": list(self.items)}
        for url, item in self.items.items():
            for path in [f"/topics/{topic}" for topic in item.topics] + [f"/providers/{host(url).replace('.', '-')}"]:
                found.setdefault(path, []).append(url)
        self.feeds = {path: urls for path, urls in found.items() if path == "/feed" or len(urls) >= min_stories}

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
        return sorted(((url, self.items[url]) for url in self.feeds[path]), key=lambda one: (-one[1].day, one[0]))


def host(url: str) -> str:
    """A story's provider."""
    return urlsplit(url).hostname or ""
