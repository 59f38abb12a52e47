"""The occurrences of stories in record files, as rows of the index."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from feedsvc.index.database import Connection
from feedsvc.index.schema import OCCURRENCES_PER_FILE
from feedsvc.model import Problem, Story
from feedsvc.records.reading import Content

Row: TypeAlias = tuple[Any, ...]
#: What an occurrence calls a topic or provider: kind, slug, name, domain, image (as JSON); empty where unknown.
Name: TypeAlias = tuple[str, str, str, str, str]

story_decoder = msgspec.json.Decoder(Story)
_TABLES = ("counts", "problems", "occurrences", "occurrence_stories", "occurrence_topics")


@dataclass(slots=True)
class Changes:
    """What a sync changes: rows that it deletes, and rows that it inserts."""

    #: The URLs of their stories.
    urls: set[str] = field(default_factory=set)
    #: The number of occurrences with each name, which increases or decreases by so much.
    names: Counter[Name] = field(default_factory=Counter)
    old_problems: list[Problem] = field(default_factory=list)
    new_problems: list[Problem] = field(default_factory=list)


class FileRows:
    """The rows that the contents of files come to, by table."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Row]] = {name: [] for name in _TABLES}
        self.names: Counter[Name] = Counter()
        self.problems: list[Problem] = []

    def add(self, file: int, content: Content, include_unpublished: bool) -> None:
        """Add the rows of one file. A draft or deleted record hides its story, and has no other effect."""
        counts, problems, occurrences, stories, topics = (self.tables[name] for name in _TABLES)
        self.problems += content.problems
        for number, problem in enumerate(content.problems):
            problems.append((file, number, problem.line, problem.field, problem.message, problem.refuses))
        drafts = deleted = 0
        id = file * OCCURRENCES_PER_FILE
        for number, record in enumerate(content.records):
            own = record.story.url
            listed = _is_listed(record.story, include_unpublished)
            if not listed:
                deleted += record.story.deleted
                drafts += not record.story.deleted
            mentions = [story for story in record.related if listed and _is_listed(story, include_unpublished)]
            for position, story in enumerate((record.story, *mentions)):
                occurrences.append(_occurrence(id, number, position, own if position else None, story, listed))
                if listed:
                    stories.append((id, msgspec.json.encode(story)))
                    topics += [(id, topic.slug) for topic in story.topics]
                    for name in _names(story):  # Counter.update takes its time to begin
                        self.names[name] += 1
                id += 1
        counts.append((file, len(content.records) + content.refused, drafts, deleted, content.refused))


def insert_rows(connection: Connection, rows: FileRows, changes: Changes) -> None:
    """Insert the rows of files, and add them to the changes."""
    for name, table in rows.tables.items():
        connection.insert(name, table)
    changes.urls.update(row[_URL] for row in rows.tables["occurrences"])
    changes.names.update(rows.names)
    changes.new_problems += rows.problems


def delete_rows(connection: Connection, files: Iterable[int], changes: Changes) -> None:
    """Delete the rows of files, but for those in the table `files`, and add them to the changes."""
    for file in files:
        changes.old_problems += read_problems(connection, file)
        ids = (file * OCCURRENCES_PER_FILE, (file + 1) * OCCURRENCES_PER_FILE)
        changes.urls.update(url for (url,) in connection.execute(f"SELECT url FROM occurrences WHERE {_in('id')}", ids))
        for (data,) in connection.execute(f"SELECT data FROM occurrence_stories WHERE {_in('occurrence')}", ids):
            changes.names.subtract(_names(story_decoder.decode(data)))
        connection.execute(f"DELETE FROM occurrences WHERE {_in('id')}", ids)
        for table in ("occurrence_stories", "occurrence_topics"):
            connection.execute(f"DELETE FROM {table} WHERE {_in('occurrence')}", ids)
        for table in ("counts", "problems"):
            connection.execute(f"DELETE FROM {table} WHERE file = ?", (file,))


def read_problems(connection: Connection, file: int | None = None) -> tuple[Problem, ...]:
    """Return the problems of all files, or of the one with an id, by file."""
    # Not simply joined: SQLite would look through all files, which are already in order.
    rows = connection.execute(
        "SELECT f.path, p.line, p.field, p.message, p.refuses FROM problems p CROSS JOIN files f WHERE f.id = p.file "
        f"{'' if file is None else 'AND p.file = ? '}ORDER BY f.path, p.number",
        () if file is None else (file,),
    )
    return tuple(Problem(path, line, field, message, bool(refuses)) for path, line, field, message, refuses in rows)


def _in(column: str) -> str:
    return f"{column} >= ? AND {column} < ?"


def _is_listed(story: Story, include_unpublished: bool) -> bool:
    return not story.deleted and (include_unpublished or not story.draft)


#: The place of the URL in a row of occurrences.
_URL = 3


def _occurrence(id: int, record: int, position: int, mentioned_by: str | None, story: Story, listed: bool) -> Row:
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
