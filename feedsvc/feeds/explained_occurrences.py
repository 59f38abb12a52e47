"""Which records name a story, and which of them counts, in words for the person who wrote its record."""

from msgspec import Struct
from msgspec.structs import fields

from feedsvc.config import Config
from feedsvc.errors import FeedsvcError
from feedsvc.index.database import Connection
from feedsvc.index.occurrences import read_stories, story_decoder
from feedsvc.index.resolve import IS_SHOWN_MENTION
from feedsvc.index.schema import file_of, precedence
from feedsvc.model import Story
from feedsvc.records.collection import Records
from feedsvc.records.origins import Origins
from feedsvc.text import utc_text


class _Occurrence(Struct, frozen=True):
    """A place where a record names a story."""

    id: int
    path: str
    record: int
    position: int
    mentioned_by: str | None
    listed: bool
    #: Whether it is a mention by a story that is shown.
    is_shown_mention: bool

    @property
    def is_link(self) -> bool:
        """Whether it is a mention without a time, which is published as a link alone."""
        return self.position > 0 and not self.listed


class Shown(Struct, frozen=True):
    """A story that feeds may hold."""

    url: str
    is_primary: bool
    #: In seconds since 1970; and its month, as `2020-06`.
    published: int
    month: str
    provider: str


def explain_occurrences(
    connection: Connection, config: Config, records: Records, url: str, path: str, origins: Origins
) -> tuple[list[str], Shown | None]:
    """Return (lines on the occurrences of a story, and which counts; the story, None if it is in no feed).

    path, origins: a file, and where the fields of its records come from.
    """
    columns = ", ".join(each.name for each in fields(Shown))
    found = connection.execute(f"SELECT {columns} FROM stories WHERE url = ?", (url,)).fetchone()
    shown = Shown(*found) if found else None
    rows = [
        _Occurrence(*row)
        for row in connection.execute(
            f"SELECT t.id, f.path, t.record, t.position, t.mentioned_by, t.listed, {IS_SHOWN_MENTION} "
            f"FROM occurrences t {file_of('t')} WHERE t.url = ? "
            f"ORDER BY t.position > 0, {precedence('t')}, t.position",
            (url,),
        )
    ]
    best = next((row for row in rows if row.position == 0 or (row.is_shown_mention and not row.is_link)), None)
    is_linked = any(row.is_link and row.is_shown_mention for row in rows)
    hidden = "it is only linked to" if is_linked else "no story that is shown mentions it"
    lines = []
    for row in rows:
        story = _story(connection, records, row)
        state = "" if row.listed or row.is_link else _state(story, config)
        what = f"own record{state and f', {state}'}"
        if row.position:
            what = f"{'link' if row.is_link else 'mention'} by {row.mentioned_by}"
        if row is best:
            hidden = f"{_place(row)}, which counts, is {state}{_hint(state)}"
        lines += [f"  {_place(row)}: {what}; {_verdict(row, best)}", f"    {_summary(story)}"]
        if row.path == path and not row.position:
            lines += origins.records[row.record] if row.record < len(origins.records) else ()
    return lines if shown else [*lines, f"  not in any feed: {hidden}"], shown


def _verdict(row: _Occurrence, best: _Occurrence | None) -> str:
    """Return whether an occurrence counts, which the best one does if there is one, and why not."""
    if row is best:
        return "counts"
    if row.position and not row.is_shown_mention:
        return f"does not count, since that story is not shown: see feedsvc why {row.mentioned_by}"
    if row.is_link or not best:
        return "has no time, so it is published as a link of that story alone"
    return f"duplicate of {_place(best)}, which counts"


def _hint(state: str) -> str:
    """Return which option publishes a record in a state, if any does."""
    if state == "a draft":
        return "; records.include_unpublished publishes drafts"
    return "; records.future publishes it before" if state.startswith("not due") else ""


def _story(connection: Connection, records: Records, row: _Occurrence) -> Story:
    """Return the story of an occurrence. The index doesn't hold those of drafts and deleted records."""
    if row.listed or row.is_link:
        return read_stories(connection, [row.id], story_decoder)[row.id]
    file = records.file(row.path)
    result = records.read(file) if file else None
    if result and result[1] and len(result[1].records) > row.record:
        return result[1].records[row.record].story
    raise FeedsvcError(f"{row.path}: changed while it was read; try again")


def _state(story: Story, config: Config) -> str:
    """Return why a record isn't listed."""
    if story.deleted:
        return "deleted"
    if story.draft and not config.records.include_unpublished:
        return "a draft"
    return f"not due until {_time(story)}"


def _time(story: Story) -> str:
    return utc_text(story.published)


def _summary(story: Story) -> str:
    if story.is_link:
        return f'"{story.title}"; provider: {story.provider.name}'
    topics = ", ".join(topic.name for topic in story.topics) or "none"
    quality = "unknown" if story.quality is None else story.quality
    return f'"{story.title}"; {_time(story)}; provider: {story.provider.name}; topics: {topics}; quality: {quality}'


def _place(row: _Occurrence) -> str:
    """Return the file of an occurrence, with the number of its record if that isn't the first."""
    return f"{row.path} (story {row.record + 1})" if row.record else row.path
