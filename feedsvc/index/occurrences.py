"""The occurrences of stories in record files, as rows of the index."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from feedsvc.index.database import Connection
from feedsvc.index.due import Listing
from feedsvc.index.schema import FACETS, NOT_DUE, OCCURRENCES_PER_FILE
from feedsvc.model import Problem, Story

if TYPE_CHECKING:
    from feedsvc.records.reading import Content

Row: TypeAlias = tuple[Any, ...]
#: What an occurrence calls a topic or provider: kind, slug, name, domain, image (as JSON); empty where unknown.
Name: TypeAlias = tuple[str, str, str, str, str]

story_decoder = msgspec.json.Decoder(Story)
_TABLES = ("counts", "problems", "occurrences", "occurrence_stories", "occurrence_topics")


@dataclass(slots=True)
class Changes:
    """What a sync changes: rows that it deletes, and rows that it inserts."""

    #: The URLs of the stories whose own records came, went or changed.
    records: set[str] = field(default_factory=set)
    #: The URLs of all stories in the rows that differ, which are those as well, and of those that mention them there.
    stories: set[str] = field(default_factory=set)
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

    def add(self, file: int, content: "Content", listing: Listing) -> None:
        """Add the rows of one file. A record that isn't listed hides its story, and has no other effect."""
        counts, problems, occurrences, stories, topics = (self.tables[name] for name in _TABLES)
        self.problems += content.problems
        for number, problem in enumerate(content.problems):
            problems.append((file, number, problem.line, problem.field, problem.message, problem.refuses))
        left_out: Counter[str] = Counter()
        since, due = [content.since], [content.due]
        id = file * OCCURRENCES_PER_FILE
        for number, record in enumerate(content.records):
            own = record.story.url
            reason = listing.left_out(record.story)
            left_out[reason] += 1
            mentions = [] if reason else [(story, listing.left_out(story)) for story in record.related]
            for story, why in ((record.story, reason), *mentions):
                if why == "not due":
                    due.append(story.published.timestamp())
                elif not (why or listing.future):
                    since.append(story.published.timestamp())
            named = [record.story, *(story for story, why in mentions if not why)]
            for position, story in enumerate(named):
                occurrences.append(_occurrence(id, number, position, own if position else None, story, reason))
                if not reason:
                    stories.append((id, msgspec.json.encode(story)))
                    topics += [(id, slug) for slug in dict.fromkeys(topic.slug for topic in story.topics)]
                    for name in _names(story):  # Counter.update takes its time to begin
                        self.names[name] += 1
                id += 1
        numbers = (len(content.records) + content.refused, *map(left_out.__getitem__, ("draft", "deleted", "not due")))
        times = [int(time) if isfinite(time) else None for time in (max(since), min(due))]
        counts.append((file, *numbers, content.refused, *times))


def replace_rows(connection: Connection, files: Iterable[int], rows: FileRows, changes: Changes) -> None:
    """Delete the rows of files, but for those in the table `files`, insert others, and add both to the changes."""
    old = {row for file in files for row in _delete_rows(connection, file, changes)}
    for name, table in rows.tables.items():
        connection.insert(name, table)
    different: Collection[Row] = rows.tables["occurrences"]
    if old:
        data: dict[int, bytes] = dict(rows.tables["occurrence_stories"])
        different = old.symmetric_difference((*row, data.get(row[0])) for row in different)
    for _, _, position, url, mentioned_by, *_ in different:
        changes.stories.add(url)
        if position:
            changes.stories.add(mentioned_by)
        else:
            changes.records.add(url)
    changes.names.update(rows.names)
    changes.new_problems += rows.problems


def _delete_rows(connection: Connection, file: int, changes: Changes) -> list[Row]:
    """Delete the rows of a file, and add its problems and names to the changes.

    Return its occurrences, each with its story as JSON, or None if it isn't listed.
    """
    changes.old_problems += read_problems(connection, file)
    ids = (file * OCCURRENCES_PER_FILE, (file + 1) * OCCURRENCES_PER_FILE)
    rows = connection.execute(
        "SELECT t.*, s.data FROM occurrences t LEFT JOIN occurrence_stories s ON s.occurrence = t.id "
        f"WHERE {_in('t.id')}",
        ids,
    ).fetchall()
    for *_, data in rows:
        if data:
            changes.names.subtract(_names(story_decoder.decode(data)))
    connection.execute(f"DELETE FROM occurrences WHERE {_in('id')}", ids)
    for table in ("occurrence_stories", "occurrence_topics"):
        connection.execute(f"DELETE FROM {table} WHERE {_in('occurrence')}", ids)
    for table in ("counts", "problems"):
        connection.execute(f"DELETE FROM {table} WHERE file = ?", (file,))
    return rows


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


def _occurrence(id: int, record: int, position: int, mentioned_by: str | None, story: Story, left_out: str) -> Row:
    """Return the row of an occurrence. left_out: why its record isn't listed. A link is no listed one."""
    published = _seconds(story.published)
    updated = published if story.updated is story.published else _seconds(story.updated)
    return (
        id,
        record,
        position,
        story.url,
        mentioned_by,
        not (left_out or story.is_link),
        published,
        story.published.isoformat()[:7],
        NOT_DUE if left_out == "not due" else updated,
        *[facet.value(story) for facet in FACETS],
        None if left_out else story.provider.slug,
        None if left_out else story.title,
    )


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _names(story: Story) -> Iterator[Name]:
    provider = story.provider
    image = msgspec.json.encode(provider.image).decode() if provider.image else ""
    yield "providers", provider.slug, provider.name, provider.domain or "", image
    for topic in story.topics:
        yield "topics", topic.slug, topic.name, "", ""
