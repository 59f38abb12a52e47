"""Brings the index in step with the records folder, in one transaction."""

import os
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from feedsvc.config import Config
from feedsvc.index.database import Connection, Index, batches
from feedsvc.index.query import all_problems
from feedsvc.index.resolve import resolve
from feedsvc.index.schema import VERSION
from feedsvc.index.status import note_sync
from feedsvc.index.tellings import Rows, Told, forget, keep
from feedsvc.model import Problem
from feedsvc.model.version import __version__
from feedsvc.records.files import RecordFile, file_name, find_file, find_files
from feedsvc.records.reading import read_file

#: Files that are read at a time.
BATCH = 50
#: A file whose time is as recent as this may change again without a new time, so it is looked at again next time.
RECENT_NS = 2_000_000_000
#: Stands for a time that no file has.
NO_TIME = -1

_KNOWN_FILES = "SELECT path, id, size, changed FROM files"

#: A file to look at: its id, itself, and the hash of what it held before.
Job: TypeAlias = tuple[int, RecordFile, str]


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync did: files that were read, files that are gone, and every problem there is, by file and line."""

    read: int
    gone: int
    problems: tuple[Problem, ...]
    #: That it took.
    seconds: float


@dataclass(slots=True)
class _Readings:
    """Files as they were read, each with its hash now: those that hold what they held before, and the others."""

    same: list[Job] = field(default_factory=list)
    anew: list[Job] = field(default_factory=list)
    #: What the others say.
    rows: Rows = field(default_factory=Rows)


def _no_progress(done: int, total: int) -> None:
    """For those who need none."""


def sync(
    index: Index,
    config: Config,
    progress: Callable[[int, int], None] = _no_progress,
    mapping: Callable[..., Iterable[Any]] = map,
    paths: Collection[str] | None = None,
) -> SyncResult:
    """Read into the index what has changed in the records folder. Raises RecordsError and IndexUnusableError.

    progress: called with the number of files looked at so far, and of those to look at.
    mapping: as the built-in `map`; that of Workers reads on all cores.
    paths: those below the folder where something changed, as a watch told; without them, all files are looked at.
    """
    started, begun = time.time_ns(), time.monotonic()
    with index.writing() as connection:
        _match_fingerprint(connection, config, started)
        problems_before = all_problems(connection)
        changes = _compare(connection, config.records_folder, paths)
        told = Told()
        forget(connection, changes.gone, told)
        connection.executemany("DELETE FROM files WHERE id = ?", ((id,) for id in changes.gone))
        read = partial(_read, include_unpublished=config.records.include_unpublished)
        jobs = list(batches(changes.looked_at, BATCH))
        done = changed = 0
        for batch, readings in zip(jobs, mapping(read, jobs), strict=True):
            _note_files(connection, readings.same + readings.anew, started)
            forget(connection, [id for id, _, _ in readings.anew if id < changes.first_new], told)
            keep(connection, readings.rows, told)
            changed += len(readings.anew)
            done += len(batch)
            progress(done, len(changes.looked_at))
        if told.urls:
            resolve(connection, told, started // 10**9, is_first=changes.first_new == 1)
        problems = all_problems(connection)
        took = time.monotonic() - begun
        note_sync(connection, took, problems_changed=problems != problems_before)
        return SyncResult(changed, len(changes.gone), problems, took)


def _match_fingerprint(connection: Connection, config: Config, now: int) -> None:
    """Empty an index that was built from another folder, by other rules, or by another version. now: in nanoseconds."""
    built_from = (VERSION, __version__, str(config.records_folder), config.records.include_unpublished)
    fingerprint = msgspec.json.encode(built_from).decode()
    before = connection.execute("SELECT fingerprint, revision, changed FROM state").fetchone()
    if not before or before[0] != fingerprint:
        connection.create_tables()
        # What was served before changes with this, though there may be no story to tell of it; and no revision is
        # that of an index which was here before.
        _, revision, changed = before or ("", 0, 0)
        seconds = now // 10**9
        connection.insert(
            "state", [(fingerprint, max(revision + 1, now), max(changed + 1, seconds), seconds, 0, 0, "")]
        )


@dataclass(slots=True)
class _Changes:
    """What is to be done to bring the index in step."""

    #: Files that are new, from this id on, or look changed.
    looked_at: list[Job]
    first_new: int
    #: The ids of files that are gone.
    gone: list[int]


def _compare(connection: Connection, folder: Path, paths: Collection[str] | None) -> _Changes:
    """What has changed in a folder of records."""
    found: Iterable[RecordFile | None]
    if paths is None or any(_is_folder(connection, folder, path) for path in paths):
        found, rows = find_files(folder), connection.execute(_KNOWN_FILES)
    else:
        names = connection.dialect.as_list(file_name(folder, path) for path in paths)
        found = [find_file(folder, path) for path in paths]
        rows = connection.execute(f"{_KNOWN_FILES} WHERE path {connection.dialect.in_list}", (names,))
    known = {row[0]: row for row in rows}
    (first_new,) = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM files").fetchone()
    new_id = first_new
    looked_at, unreadable = [], []
    for file in filter(None, found):
        if file.name.endswith("/"):
            unreadable.append(file.name)
        old = known.pop(file.name, None)
        if not old:
            looked_at.append((new_id, file, ""))
            new_id += 1
        elif old[2] != file.size or old[3] != file.changed:
            (hash,) = connection.execute("SELECT hash FROM files WHERE id = ?", old[1:2]).fetchone()
            looked_at.append((old[1], file, hash))
    # What is in a folder that can't be read is not gone: it stays as it was read last.
    out_of_reach = tuple(unreadable)
    gone = [id for name, id, *_ in known.values() if not name.startswith(out_of_reach)]
    return _Changes(looked_at, first_new, gone)


def _is_folder(connection: Connection, folder: Path, path: str) -> bool:
    """Whether a path is a folder, the records folder itself among them, one that held files, or in one out of reach."""
    if not path.startswith(f"{folder}{os.sep}") or not os.access(os.path.dirname(path), os.R_OK | os.X_OK):
        return True
    name = file_name(folder, path)
    below = connection.execute("SELECT 1 FROM files WHERE path > ? AND path < ?", (f"{name}/", f"{name}0"))
    return os.path.isdir(path) or below.fetchone() is not None


def _note_files(connection: Connection, files: list[Job], started: int) -> None:
    """Note the names, sizes, times and hashes of files."""
    rows = []
    for id, file, hash in files:
        is_settled = bool(hash) and file.changed < started - RECENT_NS
        rows.append((id, file.name, file.size, file.changed if is_settled else NO_TIME, hash))
    connection.executemany(
        "INSERT INTO files VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) "
        "DO UPDATE SET size = excluded.size, changed = excluded.changed, hash = excluded.hash",
        rows,
    )


def _read(jobs: list[Job], include_unpublished: bool) -> _Readings:
    """Read some files, but for those that are gone."""
    readings = _Readings()
    for id, file, known_hash in jobs:
        if result := read_file(file, known_hash):
            hash, content = result
            if content:
                readings.anew.append((id, file, hash))
                readings.rows.add(id, content, include_unpublished)
            else:
                readings.same.append((id, file, hash))
    return readings
