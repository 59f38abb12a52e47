"""The follower: syncs the index whenever something changes in the folders of records."""

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread

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


class Follower(Thread):
    """A thread that syncs the index whenever something changes in the folders of records.

    Where `serve.watch` is false, it ends with the first sync that isn't refused. Where nodes share the index, only the
    leader syncs. An error is logged and noted in the index, and the sync is tried again: one that was refused for what
    it would take away with each change and each look at all files, others soon.
    """

    def __init__(
        self, config: Config, index: Index, sync_log: logs.SyncLog, synced: Callable[[], object] = lambda: None
    ) -> None:
        """synced: called after each look at the records that finds the index in step, or leaves it to the leader."""
        super().__init__(name="follower", daemon=True)
        self._config, self._index, self._sync_log, self._synced = config, index, sync_log, synced
        self._watch = Watch(config.record_folders)
        self._ended = Event()

    def end(self) -> None:
        """End the thread; a sync that it has begun is finished first."""
        self._ended.set()
        self.join()

    def run(self) -> None:
        """Follow the folders, whatever becomes of them."""
        while not self._ended.is_set():
            try:
                self._follow()
            except Exception as error:  # whichever it is, the service goes on
                reason, is_expected = _reason(error)
                if self._sync_log.fail(reason, is_expected=is_expected):
                    with suppress(IndexUnusableError):  # without it, the status shows that the last sync is long ago
                        note_failure(self._index, reason)
                self._ended.wait(RETRY_SECONDS)

    def _follow(self) -> None:
        """Follow the folders until the thread is to end, or another folder is in the place of one."""
        identities = self._stats()
        due = time.monotonic()  # at once: something may have changed before the watch began
        next_due = NEVER  # in seconds since 1970
        was_leader = False
        for paths in self._watch.changes(self._ended):
            if not all(map(os.path.samestat, self._stats(), identities)):
                return
            if self._index.is_leader():
                if self._config.index.is_shared and not was_leader:
                    log.info("this node now keeps the index in step with the records", extra=logs.event("elected"))
                was_leader = True
                is_due = time.monotonic() >= due or sync_time() >= next_due or not self._index.is_filled()
                if paths is None or is_due:
                    due = time.monotonic() + RESCAN_SECONDS
                    paths = None
                elif not paths:
                    continue
                elif self._sync_log.failure:  # after a sync that was refused, the index lacks other changes, too
                    paths = None
                try:
                    with Workers() as workers:
                        result = sync(self._index, self._config, mapping=workers.map, paths=paths)
                except LossError as loss:
                    self._sync_log.refuse(loss)
                    next_due = NEVER  # the next look is due in any case
                    continue
                next_due = result.next_due
                if result.read or result.gone or self._sync_log.failure:
                    self._sync_log.add(result)
            else:  # another node syncs; once this one does, all files are compared
                due, was_leader = time.monotonic(), False
            self._synced()
            if not self._config.serve.watch:
                self._ended.set()
                return

    def _stats(self) -> list[os.stat_result]:
        """Return what identifies the folders of records."""
        return [folder.stat() for folder in self._config.record_folders]


def _reason(error: Exception) -> tuple[str, bool]:
    """Return the message for a sync that failed, and whether its cause is outside of the program."""
    if isinstance(error, FeedsvcError):
        return str(error), True
    if isinstance(error, OSError):
        return f"{error.filename or 'records'}: {error.strerror}; expected a folder that can be followed", True
    name = type(error).__name__  # its own message may come from a record
    return f"a sync failed: {name}; expected none, please report it with the traceback in the log", False
