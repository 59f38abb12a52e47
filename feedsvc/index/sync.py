"""Brings the index in step with the records, in one transaction."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct, field

from feedsvc.config import Config
from feedsvc.index.clusters import Renamed
from feedsvc.index.counts import note_passed_over
from feedsvc.index.database import Connection, Index, batches
from feedsvc.index.due import Listing, find_due, next_due, sync_time
from feedsvc.index.guard import check_loss, note_entries
from feedsvc.index.occurrences import Changes, FileRows, replace_rows
from feedsvc.index.resolve import resolve
from feedsvc.index.revisions import read_revision, stamp_changes
from feedsvc.index.schema import VERSION
from feedsvc.index.status import note_sync, noting_refusal
from feedsvc.index.sync_result import SyncResult
from feedsvc.model.version import __version__
from feedsvc.records.collection import RecordFolders, Records
from feedsvc.records.files import RecordFile
from feedsvc.records.sources import find_sources

#: Files that are read at a time.
BATCH = 50
#: A file whose time is as recent as this may change again without a new time, so the next sync reads it again.
RECENT_NS = 2_000_000_000
#: Clusters with a new id that are named at most.
MAX_NOTES = 20
#: Stands for a time that no file has.
NO_TIME = -1

_KNOWN_FILES = "SELECT path, id, size, changed FROM files"

#: A file to read: its id, itself, and its hash when it was read last.
Job: TypeAlias = tuple[int, RecordFile, str]


def sync(
    index: Index,
    config: Config,
    progress: Callable[[int, int], None] | None = None,
    mapping: Callable[..., Iterable[Any]] = map,
    paths: Collection[str] | None = None,
    records: Records | None = None,
    accept_loss: bool = False,
) -> SyncResult:
    """Read what has changed among the records, or is due since, into the index.

    Raises RecordsError, IndexUnusableError, and ConfigError: see `sync_time`. Raises LossError, and notes it in the
    index, which otherwise stays as it is, if too much of what is published would go: see `guard`.

    progress: called with the number of files read so far, and of those to read.
    mapping: as the built-in `map`; that of Workers reads on all cores.
    paths: those where something changed, as a watch reports them; without them, all files are looked at.
    records: by default, those of the sources that the configuration names.
    accept_loss: whether whatever goes is meant to.
    """
    started, begun = time.time_ns(), time.monotonic()
    records = RecordFolders(find_sources(config)) if records is None else records
    with noting_refusal(index), index.writing() as connection:
        now, revision = sync_time(), read_revision(connection)
        listing = Listing(config.records.include_unpublished, config.records.future, now)
        _match_fingerprint(connection, config, records, started, index.owner)
        plan = _plan(connection, records, paths, find_due(connection, now))
        if plan.passed_over is not None:
            note_passed_over(connection, plan.passed_over)
        changes = Changes()
        renamed: list[Renamed] = []
        for gone in batches(plan.gone, BATCH):
            replace_rows(connection, gone, FileRows(), changes)
        connection.executemany("DELETE FROM files WHERE id = ?", [(id,) for id in plan.gone])
        read = partial(_read, records=records, listing=listing)
        jobs = list(batches(plan.to_read, BATCH))
        done = changed = 0
        for batch, readings in zip(jobs, mapping(read, jobs), strict=True):
            _note_files(connection, readings.same + readings.changed, started)
            known = [id for id, _, _ in readings.changed if id < plan.first_new]
            replace_rows(connection, known, readings.rows, changes)
            changed += len(readings.changed)
            done += len(batch)
            if progress:
                progress(done, len(plan.to_read))
        if changes.stories:
            renamed = resolve(connection, changes, config.feeds, is_first=plan.first_new == 1)
        check_loss(connection, config, records.name, accept_loss)
        old = Counter(changes.old_problems)
        (problem_count,) = connection.execute("SELECT count(*) FROM problems").fetchone()
        seconds = time.monotonic() - begun
        due = next_due(connection, now)
        note_sync(connection, now, seconds)
        stamp_changes(connection, revision, problems_changed=old != Counter(changes.new_problems))
    new_problems = [problem for problem in changes.new_problems if problem not in old]
    new_problems.sort(key=lambda problem: problem.path)
    return SyncResult(
        index,
        config,
        records.name,
        read=changed,
        gone=len(plan.gone),
        new_problems=tuple(new_problems),
        problem_count=problem_count,
        seconds=seconds,
        next_due=due,
        notes=_cluster_notes(config, renamed),
        is_first=plan.first_new == 1,
    )


def _cluster_notes(config: Config, renamed: list[Renamed]) -> tuple[str, ...]:
    """Return notes on clusters that have another id since, if a feed holds clusters."""
    if not config.has_clusters:
        return ()
    more = len(renamed) - MAX_NOTES
    return (*map(str, renamed[:MAX_NOTES]), *([f"{more:,} more clusters have new ids"] if more > 0 else []))


def _match_fingerprint(connection: Connection, config: Config, records: Records, now: int, owner: str) -> None:
    """Empty an index that was built from other records, by other rules, or by another version. now: in nanoseconds."""
    rules = config.records
    built_from = (VERSION, __version__, records.name, records.fingerprint, rules.include_unpublished, rules.future)
    fingerprint = msgspec.json.encode(built_from).decode()
    columns = "fingerprint, revision, changed, problems, refused_loss"
    before = connection.execute(f"SELECT {columns} FROM state").fetchone()
    if not before or before[0] != fingerprint:
        if before:  # else all tables are empty
            for table in ("stories", "clusters"):
                note_entries(connection, config.feeds, table)
            losses = connection.execute("SELECT * FROM losses").fetchall()
            connection.create_tables()
            connection.insert("losses", losses)
        # What was served before changes with this, even if there is no story now; and no revision is that of an index
        # which was here before.
        _, revision, changed, problems, refused = before or ("", 0, 0, 0, 0)
        revision = max(revision + 1, now)
        state = {
            "fingerprint": fingerprint,
            "revision": revision,
            "changed": changed,
            "problems": problems,
            "synced": 0,
            "took": 0,
            "failure": "",
            "refused_loss": refused,
            "sync_time": 0,
            "passed_over": "{}",
            "owner": owner,
            "revised_since": revision,
        }
        columns, values = ", ".join(state), ", ".join("?" for _ in state)
        connection.execute(f"INSERT INTO state ({columns}) VALUES ({values})", list(state.values()))
    connection.execute("UPDATE state SET owner = ? WHERE owner <> ?", (owner, owner))  # it was moved


class _Plan(Struct):
    """What is to be done to bring the index in step."""

    #: Files that are new, from this id on, or whose size or time changed, or that hold a story which is due since.
    to_read: list[Job]
    first_new: int
    #: The ids of files that are gone.
    gone: list[int]
    #: Files that are no record files, by suffix; None if the folder wasn't listed.
    passed_over: Counter[str] | None


def _plan(connection: Connection, records: Records, paths: Collection[str] | None, due: set[int]) -> _Plan:
    """Return what differs between the records and the files in the index. due: see `find_due`."""
    files: Iterable[RecordFile | None]
    passed_over: Counter[str] | None = None
    if due or (found := _find(connection, records, paths)) is None:
        passed_over = Counter()
        files, rows = records.files(passed_over), connection.execute(_KNOWN_FILES)
    else:
        files, rows = found.values(), connection.execute(f"{_KNOWN_FILES} WHERE path = ANY(?)", [list(found)])
    known = {row[0]: row for row in rows}
    (first_new,) = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM files").fetchone()
    new_id = first_new
    to_read, unreadable = [], []
    for file in filter(None, files):
        if file.is_unreadable_folder:
            unreadable.append(file.name)
        old = known.pop(file.name, None)
        if not old:
            to_read.append((new_id, file, ""))
            new_id += 1
        elif old[1] in due:
            to_read.append((old[1], file, ""))  # whatever its content
        elif old[2] != file.size or old[3] != file.changed:
            (hash,) = connection.execute("SELECT hash FROM files WHERE id = ?", old[1:2]).fetchone()
            to_read.append((old[1], file, hash))
    # The files in a folder that can't be read are not gone: their rows stay.
    out_of_reach = tuple(unreadable)
    gone = [id for name, id, *_ in known.values() if not name.startswith(out_of_reach)]
    return _Plan(to_read, first_new, gone, passed_over)


def _find(
    connection: Connection, records: Records, paths: Collection[str] | None
) -> dict[str, RecordFile | None] | None:
    """Return the files at paths by name, None for those that are gone; or None if all files have to be looked at."""
    if paths is None:
        return None
    files = {}
    for path in paths:
        found = records.find(path)
        if found is None:
            return None
        name, file = found
        files[name] = file
        below = connection.execute("SELECT 1 FROM files WHERE path > ? AND path < ?", (f"{name}/", f"{name}0"))
        if below.fetchone():  # it was a folder
            return None
    return files


def _note_files(connection: Connection, files: list[Job], started: int) -> None:
    """Write the names, sizes, times and hashes of files into the index."""
    rows = []
    for id, file, hash in files:
        is_settled = bool(hash) and file.changed < started - RECENT_NS
        rows.append((id, file.name, file.size, file.changed if is_settled else NO_TIME, hash))
    connection.executemany(
        "INSERT INTO files VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) "
        "DO UPDATE SET size = excluded.size, changed = excluded.changed, hash = excluded.hash",
        rows,
    )


class _Readings(Struct):
    """Files that were read, each with its hash now."""

    #: Those with the content that they had before, and the others, with their rows.
    same: list[Job] = []
    changed: list[Job] = []
    rows: FileRows = field(default_factory=FileRows)


def _read(jobs: list[Job], records: Records, listing: Listing) -> _Readings:
    """Read files, but for those that are gone."""
    readings = _Readings()
    for id, file, known_hash in jobs:
        if result := records.read(file, known_hash, listing.now):
            hash, content = result
            if content:
                readings.changed.append((id, file, hash))
                readings.rows.add(id, content, listing)
            else:
                readings.same.append((id, file, hash))
    return readings
