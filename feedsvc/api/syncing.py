"""The index of a site, and what brings it in step with its records: syncs, processes, a place to write to."""

import dataclasses
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import structs

from feedsvc.api.registrations import registrations
from feedsvc.errors import IndexReadOnlyError, LossError, one_line

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

    from feedsvc.config import Config
    from feedsvc.index.database import Index
    from feedsvc.index.sync_result import SyncResult
    from feedsvc.records.collection import Records
    from feedsvc.workers import Workers

#: Seconds between two looks whether another node has filled the index.
WAIT_SECONDS = 0.5

#: Called with the numbers of things done, and to do.
Progress = Callable[[int, int], None]

log = logging.getLogger("feedsvc")


class SyncedIndex:
    """The index of a configuration, the records that it holds, and the worker processes that read these."""

    def __init__(self, config: "Config", mappings: Sequence[Mapping[str, Any]] | None, processes: bool) -> None:
        """mappings: records in memory, in place of the configuration's folders. processes: see `feedsvc.open`."""
        #: It names a temporary index once that which it named could not be written.
        self.config = config
        self.mappings = mappings
        self.processes = processes and mappings is None
        self._index: Index | None = None
        self._workers: Workers | None = None
        self._temporary: TemporaryDirectory[str] | None = None
        #: Whether the last sync filled an index that was empty.
        self._is_filled_anew = False

    @property
    def index(self) -> "Index":
        """The index, opened when it is first needed. Raise IndexUnusableError."""
        if self._index is None:
            from feedsvc.index.memory import MemoryDatabase
            from feedsvc.index.opening import open_index

            self._index = open_index(self.config) if self.mappings is None else MemoryDatabase()
        return self._index

    @property
    def records(self) -> "Records":
        """The records. Raise ConfigError."""
        from feedsvc.records.collection import RecordFolders, RecordMappings
        from feedsvc.records.sources import find_sources

        sources = find_sources(self.config)
        return RecordFolders(sources) if self.mappings is None else RecordMappings(self.mappings, sources[0])

    @property
    def process_map(self) -> Callable[..., Any] | None:
        """As the built-in `map`, in worker processes; None where there are to be none."""
        return self._pool().map if self.processes else None

    def sync(
        self,
        progress: Progress | None = None,
        *,
        will_build: bool = False,
        follows: bool = False,
        accept_loss: bool = False,
    ) -> "SyncResult":
        """Read into the index what has changed, or into a temporary one, if it can't be written; see `Site.sync`.

        follows: whether this process then follows the records, which it leaves to a node that already does.
        """
        from feedsvc.index.opening import is_new
        from feedsvc.records.collection import load_reading

        self.check()
        if self.processes:
            workers = self._pool(will_build)
            if self._index is None and is_new(self.config):  # so that all records are to be read
                workers.start(load_reading)
        try:
            return self._sync(progress, follows, accept_loss)
        except IndexReadOnlyError as error:
            log.warning("feedsvc: %s", one_line(f"{error}; until then, a temporary one is made each time"))
        self._use_temporary()
        return self._sync(progress, follows, accept_loss)

    def check(self) -> None:
        """Raise ConfigError, RecordsError or IndexUnusableError where a sync would, before anything is written."""
        from feedsvc.index.due import sync_time
        from feedsvc.index.opening import check_url
        from feedsvc.records.files import check_folder

        sync_time()
        _ = self.records
        for folder in self.config.record_folders if self.mappings is None else ():
            check_folder(folder)
        check_url(self.config)

    def unsynced(self, loss: LossError | None = None) -> "SyncResult":
        """Return what the index holds without a sync: another node does that, or it was refused, with an error.

        Raise that error if the index holds nothing that can be read, as one that another version made.
        """
        from feedsvc.index.sync_result import SyncResult

        if loss and not self.index.is_filled():
            raise loss
        result = SyncResult(self.index, self.config, self.records.name, loss=loss)
        return structs.replace(result, problem_count=len(result.problems))

    def forget_new(self) -> None:
        """Empty the index again if the last sync filled it from nothing, and a build was refused to publish that.

        Otherwise the records, once they are back, would be held against those that never were published.
        """
        if self._is_filled_anew:
            with self.index.writing() as connection:
                connection.create_tables()

    def end_workers(self) -> None:
        """End the worker processes, if there are any; they are started again if needed."""
        if self._workers:
            self._workers.end()
            self._workers = None

    def close(self) -> None:
        """Close the index, and end the worker processes; a temporary index is removed, and one in memory is gone."""
        self.end_workers()  # which hold the index open: SQLite removes its log with the last connection
        if self._index is not None:
            self._index.close()
            self._index = None
        if self._temporary:
            self._temporary.cleanup()
            self._temporary = None
            index = self.config.replaced_index or self.config.index
            self.config = dataclasses.replace(self.config, index=index, replaced_index=None)

    def _sync(self, progress: Progress | None, follows: bool, accept_loss: bool) -> "SyncResult":
        from feedsvc.index.sync import sync

        while follows and not self.index.is_leader():
            if self.index.is_filled():
                return self.unsynced()
            time.sleep(WAIT_SECONDS)
        result = sync(
            self.index,
            self.config,
            progress,
            self.process_map or map,
            records=self.records,
            accept_loss=accept_loss,
        )
        self._is_filled_anew = result.is_first
        return result

    def _use_temporary(self) -> None:
        from tempfile import TemporaryDirectory

        from feedsvc.config import Index

        if self._index:
            self._index.close()
        self._temporary, self._index = TemporaryDirectory(prefix="feedsvc-"), None
        url = f"sqlite:///{self._temporary.name}/index.sqlite3"
        self.config = dataclasses.replace(self.config, index=Index(url=url), replaced_index=self.config.index)

    def _pool(self, will_build: bool = False) -> "Workers":
        if self._workers is None:
            from feedsvc.feeds.writing import load_writers
            from feedsvc.workers import Workers

            meanwhile = partial(load_writers, self.config) if will_build else None
            self._workers = Workers(meanwhile, prepare=registrations())
        return self._workers
