"""Brings the index in step with the records folder, in one transaction."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, bindparam, delete, insert, select, update

from feedsvc import __version__
from feedsvc.config import Config
from feedsvc.index.resolve import Told, resolve
from feedsvc.index.schema import VERSION, batches, files, metadata, problems, state, telling_topics, tellings, writing
from feedsvc.model import Problem, Story
from feedsvc.processes import end_with_parent, interrupts_blocked
from feedsvc.records.files import Content, RecordFile, find_files, read_file

#: Fewer files than this are read right here; starting processes would take longer.
FEW_FILES = 100
#: A file whose time is as recent as this may change again without a new time, so it is looked at again next time.
RECENT_NS = 2_000_000_000
#: Stands for a time that no file has.
NO_TIME = -1

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync did: files that were read, files that are gone, and every problem there is, by file and line."""

    read: int
    gone: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Reading:
    """A file as it was read, and the rows that come of it by table; None if it holds what it held before."""

    file: RecordFile
    hash: str
    rows: dict[str, list[Row]] | None


def _no_progress(done: int, total: int) -> None:
    """For those who need none."""


def sync(engine: Engine, config: Config, progress: Callable[[int, int], None] = _no_progress) -> SyncResult:
    """Read into the index what has changed in the records folder. Raises RecordsError and IndexUnusableError.

    progress: called with the number of files looked at so far, and of those to look at.
    """
    started = time.time_ns()
    with writing(engine) as connection:
        _match_fingerprint(connection, config, started // 10**9)
        known = {row.path: row for row in connection.execute(select(files))}
        found = {file.name: file for file in find_files(config.records_folder)}
        looked_at = [
            (file, known[name].hash if name in known else "")
            for name, file in found.items()
            if name not in known or (known[name].size, known[name].mtime) != (file.size, file.mtime)
        ]
        gone = known.keys() - found.keys()
        told = Told()
        _forget(connection, gone, told)
        done = read = 0
        for batch in batches(_read_all(looked_at, config.records.include_unpublished)):
            readings = [reading for reading in batch if reading]
            _touch(connection, [reading for reading in readings if reading.rows is None], started)
            anew = [reading for reading in readings if reading.rows is not None]
            _forget(connection, [reading.file.name for reading in anew if reading.file.name in known], told)
            _keep(connection, anew, started, told)
            read += len(anew)
            done += len(batch)
            progress(done, len(looked_at))
        if told.urls:
            resolve(connection, told, started // 10**9)
        return SyncResult(read, len(gone), _all_problems(connection))


def _match_fingerprint(connection: Connection, config: Config, now: int) -> None:
    """Empty an index that was built from another folder, by other rules, or by another version."""
    built_from = (VERSION, __version__, str(config.records_folder), config.records.include_unpublished)
    fingerprint = msgspec.json.encode(built_from).decode()
    before = connection.execute(select(state.c.fingerprint, state.c.revision, state.c.changed)).first()
    if not before or before.fingerprint != fingerprint:
        metadata.drop_all(connection)
        metadata.create_all(connection)
        # What was served before changes with this, though there may be no story to tell of it.
        revision, changed = (before.revision + 1, before.changed + 1) if before else (0, 0)
        changed = max(changed, now)
        connection.execute(insert(state).values(fingerprint=fingerprint, revision=revision, changed=changed))


def _all_problems(connection: Connection) -> tuple[Problem, ...]:
    rows = connection.execute(select(problems).order_by(problems.c.path, problems.c.number))
    return tuple(Problem(row.path, row.line, row.field, row.message) for row in rows)


def _forget(connection: Connection, paths: Iterable[str], told: Told) -> None:
    """Delete what files said, noting in `told` what that was."""
    for batch in batches(paths):
        told.note(connection.execute(select(tellings.c.url, tellings.c.provider).where(tellings.c.path.in_(batch))))
        told.topics.update(connection.scalars(select(telling_topics.c.slug).where(telling_topics.c.path.in_(batch))))
        for table in (files, problems, tellings, telling_topics):
            connection.execute(delete(table).where(table.c.path.in_(batch)))


def _keep(connection: Connection, readings: list[_Reading], started: int, told: Told) -> None:
    """Insert what files say, noting in `told` what that is."""
    if readings:
        connection.execute(insert(files), [_file_row(reading, started) for reading in readings])
    for table in (problems, tellings, telling_topics):
        rows = [row for reading in readings for row in (reading.rows or {})[table.name]]
        if rows:
            connection.execute(insert(table), rows)
        if table is tellings:
            told.note((row["url"], row["provider"]) for row in rows)
        elif table is telling_topics:
            told.topics.update(row["slug"] for row in rows)


def _touch(connection: Connection, readings: list[_Reading], started: int) -> None:
    """Note the new size and time of files that hold what they held before."""
    if readings:
        statement = update(files).where(files.c.path == bindparam("name"))
        rows = [_file_row(reading, started) for reading in readings]
        connection.execute(statement, [{"name": row.pop("path"), **row} for row in rows])


def _file_row(reading: _Reading, started: int) -> Row:
    file = reading.file
    settled = reading.hash and file.mtime < started - RECENT_NS
    return {"path": file.name, "size": file.size, "mtime": file.mtime if settled else NO_TIME, "hash": reading.hash}


def _read_all(looked_at: list[tuple[RecordFile, str]], include_unpublished: bool) -> Iterator[_Reading | None]:
    """Read files on all cores; None for one that is gone."""
    read = partial(_read, include_unpublished=include_unpublished)
    if len(looked_at) < FEW_FILES:
        yield from map(read, looked_at)
        return
    # Spawned, not forked: the service has threads, whose locks a fork would copy as they are.
    pool = ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=end_with_parent)
    with interrupts_blocked():
        readings = pool.map(read, looked_at, chunksize=50)
    try:
        yield from readings
    finally:
        pool.shutdown(cancel_futures=True)


def _read(known: tuple[RecordFile, str], include_unpublished: bool) -> _Reading | None:
    file, known_hash = known
    result = read_file(file, known_hash)
    if result is None:
        return None
    hash, content = result
    return _Reading(file, hash, _rows(file.name, content, include_unpublished) if content else None)


def _rows(path: str, content: Content, include_unpublished: bool) -> dict[str, list[Row]]:
    """What a file says, as rows of three tables. A draft or deleted record hides its story, and says nothing else."""
    rows: dict[str, list[Row]] = {problems.name: [], tellings.name: [], telling_topics.name: []}
    for number, problem in enumerate(content.problems):
        rows[problems.name].append(
            {"path": path, "number": number, "line": problem.line, "field": problem.field, "message": problem.message}
        )
    for number, record in enumerate(content.records):
        listed = _is_listed(record.story, include_unpublished)
        mentions = [story for story in record.related if listed and _is_listed(story, include_unpublished)]
        for position, story in enumerate((record.story, *mentions)):
            place = {"path": path, "record": number, "position": position}
            rows[tellings.name].append(place | _telling(story, record.story.url if position else None, listed))
            if listed:
                rows[telling_topics.name] += [
                    place | {"slug": topic.slug, "name": topic.name} for topic in story.topics
                ]
    return rows


def _is_listed(story: Story, include_unpublished: bool) -> bool:
    return not story.deleted and (include_unpublished or not story.draft)


def _telling(story: Story, mentioned_by: str | None, listed: bool) -> Row:
    provider = story.provider
    image = msgspec.json.encode(provider.image).decode() if provider.image else None
    return {
        "url": story.url,
        "mentioned_by": mentioned_by,
        "listed": listed,
        "published": int(story.published.timestamp()),
        "month": story.published.isoformat()[:7],
        "updated": int(story.updated.timestamp()),
        "quality": story.quality,
        "heat": story.heat,
        "type": story.type.lower(),
        "title": story.title if listed else None,
        "provider": provider.slug if listed else None,
        "provider_name": provider.name if listed else None,
        "provider_domain": provider.domain if listed else None,
        "provider_image": image if listed else None,
        "data": msgspec.json.encode(story).decode() if listed else None,
    }
