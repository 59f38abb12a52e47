"""What record files tell, as rows of the index."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from feedsvc.index.database import Connection
from feedsvc.index.schema import TELLINGS_PER_FILE
from feedsvc.model import Story
from feedsvc.records.reading import Content

Row: TypeAlias = tuple[Any, ...]
#: What a telling calls a topic or provider: kind, slug, name, domain, image (as JSON); empty where it doesn't say.
Name: TypeAlias = tuple[str, str, str, str, str]

story_decoder = msgspec.json.Decoder(Story)
_TABLES = ("problems", "tellings", "told_stories", "told_topics")


@dataclass(slots=True)
class Told:
    """The stories that files told of before or tell of now, and by how many tellings a name is in more or less use."""

    urls: set[str] = field(default_factory=set)
    names: Counter[Name] = field(default_factory=Counter)


class Rows:
    """The rows that files come to, by table."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Row]] = {name: [] for name in _TABLES}
        self.names: Counter[Name] = Counter()

    def add(self, file: int, content: Content, include_unpublished: bool) -> None:
        """Add what a file says. A draft or deleted record hides its story, and says nothing else."""
        problems, tellings, stories, topics = (self.tables[name] for name in _TABLES)
        for number, problem in enumerate(content.problems):
            problems.append((file, number, problem.line, problem.field, problem.message, problem.refuses))
        id = file * TELLINGS_PER_FILE
        for number, record in enumerate(content.records):
            own = record.story.url
            listed = _is_listed(record.story, include_unpublished)
            mentions = [story for story in record.related if listed and _is_listed(story, include_unpublished)]
            for position, story in enumerate((record.story, *mentions)):
                tellings.append(_telling(id, number, position, own if position else None, story, listed))
                if listed:
                    stories.append((id, msgspec.json.encode(story)))
                    topics += [(id, topic.slug) for topic in story.topics]
                    for name in _names(story):  # Counter.update takes its time to begin
                        self.names[name] += 1
                id += 1


def keep(connection: Connection, rows: Rows, told: Told) -> None:
    """Insert what files say, noting in `told` what that is."""
    for name, table in rows.tables.items():
        connection.insert(name, table)
    told.urls.update(row[_URL] for row in rows.tables["tellings"])
    told.names.update(rows.names)


def forget(connection: Connection, files: Iterable[int], told: Told) -> None:
    """Delete what files said, noting in `told` what that was. The files themselves stay known."""
    for file in files:
        own = (file * TELLINGS_PER_FILE, (file + 1) * TELLINGS_PER_FILE)
        told.urls.update(url for (url,) in connection.execute(f"SELECT url FROM tellings WHERE {_of('id')}", own))
        for (data,) in connection.execute(f"SELECT data FROM told_stories WHERE {_of('telling')}", own):
            told.names.subtract(_names(story_decoder.decode(data)))
        for table, column in (("tellings", "id"), ("told_stories", "telling"), ("told_topics", "telling")):
            connection.execute(f"DELETE FROM {table} WHERE {_of(column)}", own)
        connection.execute("DELETE FROM problems WHERE file = ?", (file,))


def _of(column: str) -> str:
    return f"{column} >= ? AND {column} < ?"


def _is_listed(story: Story, include_unpublished: bool) -> bool:
    return not story.deleted and (include_unpublished or not story.draft)


#: Where the URL stands in a row of tellings.
_URL = 3


def _telling(id: int, record: int, position: int, mentioned_by: str | None, story: Story, listed: bool) -> Row:
    published = int(story.published.timestamp())
    return (
        id,
        record,
        position,
        story.url,
        mentioned_by,
        listed,
        published,
        story.published.isoformat()[:7],
        published if story.updated is story.published else int(story.updated.timestamp()),
        story.quality,
        story.heat,
        story.type.lower(),
        story.provider.slug if listed else None,
        story.title if listed else None,
    )


def _names(story: Story) -> Iterator[Name]:
    provider = story.provider
    image = msgspec.json.encode(provider.image).decode() if provider.image else ""
    yield "providers", provider.slug, provider.name, provider.domain or "", image
    for topic in story.topics:
        yield "topics", topic.slug, topic.name, "", ""
