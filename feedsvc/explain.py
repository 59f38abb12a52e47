"""Why a story is in some feeds and not in others, in words for the person who wrote its record."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from feedsvc.addresses import EVERYTHING, FILTERS, FeedAddress, Filters
from feedsvc.config import Config
from feedsvc.errors import FeedsvcError
from feedsvc.index.query import Wanted, choose, find_entries, story_decoder
from feedsvc.index.resolve import is_shown_mention, rank_tellings
from feedsvc.index.schema import files, problems, stories, story_topics, tellings
from feedsvc.model import Problem, Story
from feedsvc.records.clean import web_url
from feedsvc.records.files import SUFFIXES, find_files, read_file
from feedsvc.selection import related_mode, wanted_stories


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known of the stories asked for, line by line."""

    lines: tuple[str, ...]
    #: Whether there are such stories, and each is in a feed, be it an archive.
    published: bool


def explain(connection: Connection, config: Config, subject: str) -> Explanation:
    """Where the story with a URL, or each story of a record file, is published, and why it isn't elsewhere.

    subject: the URL, or the file's path: absolute, from the current folder, or from the records folder.
    Raises FeedsvcError if there is no such story or file.
    """
    own = select(tellings.c.url).where(tellings.c.position == 0).order_by(tellings.c.record)
    if re.match("https?://", subject, re.IGNORECASE):
        urls, paths = [_known_url(connection, subject)], set()
    else:
        path = _record_file(connection, config, subject)
        urls, paths = list(dict.fromkeys(connection.scalars(own.where(tellings.c.path == path)))), {path}
    lines = [] if urls else [f"{subject}: no story in this file can be used"]
    published = bool(urls)
    for url in urls:
        told, shown = _tellings(connection, config, url)
        feeds, found = _feeds(connection, config, shown) if shown else ([], False)
        lines += [url, *told, *feeds]
        published &= found
        of_record = select(tellings.c.path).where(tellings.c.url == url, tellings.c.position == 0)
        paths.update(connection.scalars(of_record))
    faults = select(problems).where(problems.c.path.in_(paths)).order_by(problems.c.path, problems.c.number)
    lines += [f"problem: {Problem(row.path, row.line, row.field, row.message)}" for row in connection.execute(faults)]
    return Explanation(tuple(lines), published)


def _known_url(connection: Connection, subject: str) -> str:
    try:
        url = web_url(subject)
    except ValueError as error:
        raise FeedsvcError(f"{subject!r} can't be used; {error}") from error
    if not connection.execute(select(tellings.c.url).where(tellings.c.url == url)).first():
        expected = "a record's, or a related story's where neither it nor its record is a draft or deleted"
        raise FeedsvcError(f"{url}: no story has this URL; expected {expected}")
    return url


def _record_file(connection: Connection, config: Config, subject: str) -> str:
    """The name in the index of the record file at a path."""
    for path in (Path(subject), config.records_folder / subject):
        name = os.path.relpath(os.path.realpath(path), os.path.realpath(config.records_folder))
        for known in (os.fsencode(name).decode("utf-8", "backslashreplace"), subject):
            if connection.execute(select(files.c.path).where(files.c.path == known)).first():
                return known
    expected = f"a story's URL, or a file in {config.records_folder}, not hidden, named {', '.join(SUFFIXES)}"
    raise FeedsvcError(f"{subject}: not a record file; expected {expected}")


def _tellings(connection: Connection, config: Config, url: str) -> tuple[list[str], Any]:
    """(what each record tells of a story, and which counts; the story's row, None if it is in no feed)."""
    shown = connection.execute(select(stories).where(stories.c.url == url)).first()
    rows = sorted(
        connection.execute(rank_tellings(tellings.c.url == url)), key=lambda row: (row.position > 0, row.rank)
    )
    at_work = select(tellings).where(tellings.c.url == url, is_shown_mention())
    mentions = {_key(row) for row in connection.execute(at_work)}
    best = next((row for row in rows if row.position == 0 or _key(row) in mentions), None)
    lines = []
    hidden = "no story that is shown mentions it"
    for row in rows:
        story = _story(config, row)
        state = "" if row.listed else "deleted" if story.deleted else "a draft"
        what = f"mention by {row.mentioned_by}" if row.position else f"own record{state and f', {state}'}"
        if row is best:
            verdict = "counts"
            hint = "; records.include_unpublished publishes drafts" if state == "a draft" else ""
            hidden = f"{_place(row)}, which counts, is {state}{hint}"
        elif row.position and _key(row) not in mentions:
            verdict = f"does not count, since that story is not shown: see feedsvc why {row.mentioned_by}"
        else:
            verdict = f"duplicate of {_place(best)}, which counts"
        lines += [f"  {_place(row)}: {what}; {verdict}", f"    {_summary(story)}"]
    return lines if shown else [*lines, f"  not in any feed: {hidden}"], shown


def _feeds(connection: Connection, config: Config, shown: Any) -> tuple[list[str], bool]:
    """(each feed that might hold a story, with the reason if it doesn't; whether any does, be it an archive)."""
    named = select(story_topics.c.slug).where(story_topics.c.url == shown.url).order_by(story_topics.c.slug)
    topics = list(connection.scalars(named))
    facts = {"topic": ", ".join(topics), "provider": shown.provider, "type": shown.type}
    facts |= {"quality": shown.quality, "heat": shown.heat}
    addresses = [EVERYTHING, *(FeedAddress("topics", slug) for slug in topics)]
    addresses += [FeedAddress("providers", shown.provider), *(FeedAddress("custom", slug) for slug in config.custom)]
    format = config.feeds.formats[0]
    inside, outside = [], []
    archived = False
    for address in addresses:
        wanted = wanted_stories(config, address)
        reasons = []
        if wanted.primary_only and not shown.is_primary:
            reasons.append(f'it is a mention, and related is "{related_mode(config, address)}"')
        for single in (Filters(**{name: getattr(some, name)}) for some in wanted.filters for name in FILTERS):
            chosen = choose(address, Wanted((single,))).where(stories.c.url == shown.url)
            if not connection.execute(chosen).first():
                fact = single.labels[0].partition("=")[0].removeprefix("min_").removeprefix("without_")
                value = "unknown" if facts[fact] in (None, "") else facts[fact]
                reasons.append(f"left out by {', '.join(single.labels)} (its {fact}: {value})")
        url = address.url(config.site.base_url, format)
        if not reasons and shown.url in (entry.story.url for entry in find_entries(connection, address, wanted)):
            inside.append(f"  in {url}")
            continue
        if not reasons:
            reasons.append(f"older than its newest {wanted.limit}, which is its limit")
            if config.feeds.archives:
                archived = True
                archive = FeedAddress(address.kind, address.slug, shown.month)
                reasons.append(f"it is in {archive.url(config.site.base_url, format)}")
        outside.append(f"  not in {url}: {'; '.join(reasons)}")
    return inside + outside, bool(inside) or archived


def _story(config: Config, row: Any) -> Story:
    """The story as a telling has it; of a draft or deleted record, the index doesn't keep it."""
    if row.data:
        return story_decoder.decode(row.data)
    number: int = row.record
    for file in find_files(config.records_folder):
        result = read_file(file) if file.name == row.path else None
        if result and result[1] and len(result[1].records) > number:
            return result[1].records[number].story
    raise FeedsvcError(f"{row.path}: changed while it was looked at; try again")


def _summary(story: Story) -> str:
    topics = ", ".join(topic.name for topic in story.topics) or "none"
    quality = "unknown" if story.quality is None else story.quality
    published = story.published.isoformat().replace("+00:00", "Z")
    return f'"{story.title}"; {published}; provider: {story.provider.name}; topics: {topics}; quality: {quality}'


def _key(row: Any) -> tuple[str, int, int]:
    return row.path, row.record, row.position


def _place(row: Any) -> str:
    """The file of a telling, and which of the file's stories tells it, if it isn't the first."""
    return f"{row.path} (story {row.record + 1})" if row.record else str(row.path)
