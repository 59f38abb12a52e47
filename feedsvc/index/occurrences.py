"""The occurrences of stories in record files, as rows of the index."""

from collections import Counter
from collections.abc import Collection, Iterable
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec
from msgspec import Struct, field

from feedsvc.index.database import Connection
from feedsvc.index.due import Listing
from feedsvc.index.schema import NOT_DUE, OCCURRENCES_PER_FILE, facet_values
from feedsvc.model import Problem, Provider, Story, Topic

if TYPE_CHECKING:
    from feedsvc.records.reading import Content

T = TypeVar("T")
Row: TypeAlias = tuple[Any, ...]
#: What an occurrence calls a topic or provider.
Named: TypeAlias = Provider | Topic

story_decoder = msgspec.json.Decoder(Story)
_story_encoder = msgspec.json.Encoder()
_TABLES = ("counts", "problems", "occurrences", "occurrence_stories", "occurrence_topics")


class Changes(Struct):
    """What a sync changes: rows that it deletes, and rows that it inserts."""

    #: The URLs of the stories whose own records came, went or changed.
    records: set[str] = field(default_factory=set)
    #: The URLs of all stories in the rows that differ, which are those as well, and of those that mention them there.
    stories: set[str] = field(default_factory=set)
    #: The number of occurrences with each name, which increases or decreases by so much.
    names: Counter[Named] = field(default_factory=Counter)
    old_problems: list[Problem] = []
    new_problems: list[Problem] = []


class FileRows:
    """The rows that the contents of files come to, by table."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Row]] = {name: [] for name in _TABLES}
        self.names: Counter[Named] = Counter()
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
            position, own, reason = 0, record.story.url, ""
            for story in (record.story, *record.related):
                published = story.published.timestamp()
                why = listing.left_out(story, published)
                if why == "not due":
                    due.append(published)
                elif not (why or listing.future):
                    since.append(published)
                if not position:
                    reason = why
                    left_out[reason] += 1
                elif why:
                    continue
                mentioned_by = own if position else None
                occurrences.append(_occurrence(id, number, position, mentioned_by, story, int(published), reason))
                if not reason:
                    stories.append((id, _story_encoder.encode(story)))
                    self.names[story.provider] += 1
                    if story.topics:
                        topics += [(id, slug) for slug in {topic.slug: None for topic in story.topics}]
                        for topic in story.topics:  # Counter.update takes its time to begin
                            self.names[topic] += 1
                id, position = id + 1, position + 1
                if reason:
                    break
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
            story = story_decoder.decode(data)
            changes.names.subtract((story.provider, *story.topics))
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


def read_stories(connection: Connection, occurrences: Iterable[int], decoder: msgspec.json.Decoder[T]) -> dict[int, T]:
    """Return the stories of some occurrences, which are listed or links, as a decoder reads them."""
    sql = "SELECT occurrence, data FROM occurrence_stories WHERE occurrence = ANY(?)"
    return {occurrence: decoder.decode(data) for occurrence, data in connection.execute(sql, [list(occurrences)])}


def _in(column: str) -> str:
    return f"{column} >= ? AND {column} < ?"


def _occurrence(
    id: int, record: int, position: int, mentioned_by: str | None, story: Story, published: int, left_out: str
) -> Row:
    """Return the row of an occurrence. left_out: why its record isn't listed. A link is no listed one."""
    updated = published if story.updated is story.published else int(story.updated.timestamp())
    return (
        id,
        record,
        position,
        story.url,
        mentioned_by,
        not (left_out or story.is_link),
        published,
        f"{story.published.year:04}-{story.published.month:02}",
        NOT_DUE if left_out == "not due" else updated,
        *facet_values(story),
        None if left_out else story.provider.slug,
        None if left_out else story.title,
    )
