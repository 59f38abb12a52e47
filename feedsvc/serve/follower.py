"""The follower: syncs the index whenever something changes in the folders of records."""

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event

from feedsvc.config import Config
from feedsvc.errors import FeedsvcError, IndexUnusableError, LossError
from feedsvc.index.database import Index
from feedsvc.index.due import NEVER, sync_time
from feedsvc.index.status import note_failure
from feedsvc.index.sync import sync
from feedsvc.serve import logs
from feedsvc.serve.watching import Watch
from feedsvc.workers import Workers

#: Seconds after which all files are compared even if no change was reported: some file systems report none.
RESCAN_SECONDS = 60
#: Seconds after which a sync that failed is tried again.
RETRY_SECONDS = 1

log = logging.getLogger("feedsvc")


def follow(
    config: Config, index: Index, stop: Event, sync_log: logs.SyncLog, synced: Callable[[], object] = lambda: None
) -> None:
    """Sync the index whenever something changes in the folders of records, until `stop` is set.

    Where `serve.watch` is false, it ends with the first sync that isn't refused. Where nodes share the index, only the
    leader syncs. An error is logged and noted in the index, and the sync is tried again: one that was refused for what
    it would take away with each change and each look at all files, others soon.
    synced: called after each look at the records that ends with the index in step, or that is left to the leader.
    """
    watch = Watch(config.record_folders)
    while not stop.is_set():
        try:
            if _follow_folders(config, index, stop, sync_log, synced, watch):
                return
        except Exception as error:  # whichever it is, the service goes on
            reason, is_expected = _reason(error)
            if reason != sync_log.failure:
                log.error("%s; trying again", reason, exc_info=not is_expected, extra=logs.event("failed"))
                with suppress(IndexUnusableError):  # without it, the status shows that the last sync is long ago
                    note_failure(index, reason)
            sync_log.failure = reason
            stop.wait(RETRY_SECONDS)


def _reason(error: Exception) -> tuple[str, bool]:
    """Return the message for a sync that failed, and whether its cause is outside of the program."""
    match error:
        case FeedsvcError():
            return str(error), True
        case OSError():
            return f"{error.filename or 'records'}: {error.strerror}; expected a folder that can be followed", True
    # Its own message may come from a record.
    return (
        f"a sync failed: {type(error).__name__}; expected none, please report it with the traceback in the log",
        False,
    )


def _follow_folders(
    config: Config,
    index: Index,
    stop: Event,
    sync_log: logs.SyncLog,
    synced: Callable[[], object],
    watch: Watch,
) -> bool:
    """Follow the folders as `follow` does, or until another folder is in the place of one; return whether none is."""
    identities = _stats(config)
    due = time.monotonic()  # at once: something may have changed before the watch began
    next_due = NEVER  # in seconds since 1970
    was_leader = False
    for paths in watch.changes(stop):
        if not all(map(os.path.samestat, _stats(config), identities)):
            return False
        if not index.is_leader():  # another node syncs; once this one does, all files are compared
            due, was_leader = time.monotonic(), False
            synced()
            if not config.serve.watch:
                return True
            continue
        if config.index.is_shared and not was_leader:
            log.info("this node now keeps the index in step with the records", extra=logs.event("elected"))
        was_leader = True
        is_due = paths is None or time.monotonic() >= due or sync_time() >= next_due or not index.is_filled()
        if paths or is_due:
            if is_due:
                due = time.monotonic() + RESCAN_SECONDS
            if is_due or sync_log.failure:  # after a sync that was refused, the index lacks other changes, too
                paths = None
            try:
                with Workers() as workers:
                    result = sync(index, config, mapping=workers.map, paths=paths)
            except LossError as loss:
                sync_log.refuse(loss)
                next_due = NEVER  # the next look is due in any case
                continue
            next_due = result.next_due
            if result.read or result.gone or sync_log.failure:
                sync_log.add(result)
            synced()
            if not config.serve.watch:
                return True
    return True


def _stats(config: Config) -> list[os.stat_result]:
    """Return what identifies the folders of records."""
    return [folder.stat() for folder in config.record_folders]
