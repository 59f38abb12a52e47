"""A site: its configuration, its records, their index, and all that is done with them.

Each method imports what it needs: Flask, feedgen and the other libraries take half a second to load.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIGHUP
from typing import TYPE_CHECKING, Any

from feedsvc.api.registrations import registrations
from feedsvc.api.syncing import Progress, SyncedIndex
from feedsvc.errors import LossError, ServeError

if TYPE_CHECKING:
    from feedsvc.build import BuildPlan, BuildResult
    from feedsvc.config import Config
    from feedsvc.feeds.documents import Documents
    from feedsvc.feeds.explanation import Explanation
    from feedsvc.feeds.writing import Document
    from feedsvc.index.database import Index
    from feedsvc.index.sync_result import SyncResult
    from feedsvc.model import FeedSummary


class Site:
    """A site: a configuration, its records, and the index of them. Use it as a context manager, or call `close`.

    >>> with feedsvc.open(records=[record]) as site:
    ...     site.sync().read
    1
    """

    def __init__(
        self, config: "Config", records: Sequence[Mapping[str, Any]] | None = None, processes: bool = False
    ) -> None:
        """records: mappings in memory, in place of the configuration's folder. processes: see `open`."""
        self._synced = SyncedIndex(config, records, processes)

    def __enter__(self) -> "Site":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def config(self) -> "Config":
        """The configuration. It names a temporary index once that which it named could not be written."""
        return self._synced.config

    @property
    def index(self) -> "Index":
        """The index, opened when it is first needed. Raise IndexUnusableError."""
        return self._synced.index

    @property
    def documents(self) -> "Documents":
        """The documents of the site, by their addresses."""
        from feedsvc.feeds.documents import Documents

        return Documents(self.index, self.config)

    def sync(
        self, progress: Progress | None = None, *, will_build: bool = False, accept_loss: bool = False
    ) -> "SyncResult":
        """Read into the index what has changed in the records since the last sync.

        Where the index can't be written, a temporary one is used, and a warning logged. will_build: whether `build`
        follows, so that worker processes load what writes documents meanwhile, and a bad `build.out` is an error now.
        accept_loss: whether it goes on where more of what is published would go than `records.max_loss` allows, which
        is a LossError otherwise, and leaves the index as it is.
        Raise LossError, RecordsError, IndexUnusableError, OutputError and WorkerError.

            >>> result = site.sync()  # again, and nothing has changed
            >>> (result.read, result.gone, result.problem_count)
            (0, 0, 0)
        """
        if will_build:
            from feedsvc.build import open_output

            open_output(self.config.out, self.config)
        return self._synced.sync(progress, will_build=will_build, accept_loss=accept_loss)

    def unsynced(self, loss: LossError | None = None) -> "SyncResult":
        """Return what the index holds without a sync; loss: the error of one that was refused, which the result has.

        Raise that error if the index holds nothing that can be read, as one that another version made, and
        IndexUnusableError.

            >>> site.unsynced().counts.stories
            1
        """
        return self._synced.unsynced(loss)

    def feeds(self) -> "tuple[FeedSummary, ...]":
        """Return all feeds, that of everything first, as `feedsvc feeds` lists them. Raise IndexUnusableError.

        >>> [(feed.name, feed.size) for feed in site.feeds()]
        [('News', 1), ('AI', 1), ('Example', 1)]
        """
        return self.documents.catalogue().feeds

    def urls(self, feed: "FeedSummary") -> list[str]:
        """Return the URLs of a feed, one for each format.

        >>> site.urls(site.feeds()[0])[0]
        'http://127.0.0.1:8000/feed.atom'
        """
        from feedsvc.feeds.settings import published_formats

        base_url = self.config.site.base_url
        return [feed.address.url(base_url, format.suffix) for format in published_formats(self.config)]

    def document(self, address: str) -> "Document":
        """Return the document at an address: a path with or without a query string, or a URL of the site.

        Raise AddressError, which suggests others, if nothing is published there, FilterError and IndexUnusableError.

            >>> site.document("/topics/ai.atom?limit=5").body[:38]
            b"<?xml version='1.0' encoding='UTF-8'?>"
        """
        from feedsvc.feeds.missing import look_up

        return look_up(self.documents, address)

    def build(
        self, out: Path | str | None = None, progress: Progress | None = None, *, accept_loss: bool = False
    ) -> "BuildResult":
        """Write every document as a file, and only what changed; then notify the hub, if there is one.

        out: a directory, or an address such as s3://BUCKET/PREFIX; without it, `build.out` of the configuration.
        accept_loss: whether it goes on where more of what its feeds had would go than `records.max_loss` allows, which
        is a LossError otherwise, or where another configuration builds into the output, which is an OutputError; both
        are raised before anything is written.
        Raise LossError, OutputError, IndexUnusableError and WorkerError.

            >>> site.build("public").written > 10
            True
        """
        from feedsvc import build

        documents = self.documents
        try:
            result = build.build(documents, self._out(out), progress, self._synced.process_map, accept_loss=accept_loss)
        except LossError:
            self._synced.forget_new()
            raise
        if not self.config.feeds.hub:
            return result
        from feedsvc.serve import websub

        websub.queue_changes(documents)
        _, failure = websub.notify_hub(documents)
        return dataclasses.replace(result, hub_failure=failure)

    def plan_build(
        self, out: Path | str | None = None, progress: Progress | None = None, *, accept_loss: bool = False
    ) -> "BuildPlan":
        """Return what `build` would do, and what subscribers would see as new, without writing anything.

        It makes all documents that may have changed, as `build` does, and has its parameters and errors. But a loss is
        no error: `refused` of what it returns says so. To leave the index as it is, too, sync a `copy` of the site.

            >>> _ = site.build("public")
            >>> with site.copy() as other:
            ...     _ = other.sync()
            ...     plan = other.plan_build("public")
            >>> (plan.to_write, plan.to_remove, plan.new, plan.refused)
            ((), (), {}, '')
        """
        from feedsvc import build

        return build.plan(self.documents, self._out(out), progress, self._synced.process_map, accept_loss=accept_loss)

    @contextmanager
    def copy(self) -> "Iterator[Site]":
        """Return a site of the same records with a copy of the index, which is removed at the end of the context.

        Syncing the copy leaves the index as it is. One in PostgreSQL, or in memory, is not copied but made anew.

            >>> with site.copy() as other:
            ...     other.sync().gone
            0
        """
        from tempfile import TemporaryDirectory

        from feedsvc.index.opening import copy_index

        with TemporaryDirectory(prefix="feedsvc-") as folder:
            config = dataclasses.replace(self.config, index=copy_index(self.config, Path(folder)))
            with Site(config, self._synced.mappings, self._synced.processes) as site:
                yield site

    def explain(self, subject: str) -> "Explanation":
        """Return in which feeds a story is, and why it isn't in others; for a file, which keys its fields come from.

        subject: the story's URL, or the path of its record's file. Raise FeedsvcError if there is neither.

            >>> print(site.explain("https://example.org/1").lines[0])
            https://example.org/1
        """
        from feedsvc.feeds.explanation import explain

        with self.index.reading() as connection:
            return explain(connection, self.config, subject, self._synced.records)

    def warnings(self, *, of_build: bool = False) -> list[str]:
        """Return warnings of the configuration.

        They are of saved filters that name what no story has, of files that two sources of records claim, and of globs
        and paths of theirs that find nothing.
        of_build: whether those that concern builds alone are among them.
        Raise IndexUnusableError, ConfigError and RecordsError.

        >>> site.warnings()
        []
        """
        from feedsvc.feeds.notes import unknown_names
        from feedsvc.records.collection import RecordFolders
        from feedsvc.records.warnings import source_warnings

        with self.index.reading() as connection:
            found = unknown_names(connection, self.config)
        records = self._synced.records
        if isinstance(records, RecordFolders):
            found += source_warnings(records)
        if of_build and not self.config.has_base_url:
            start = f"{self.config.site.base_url}/"
            found.append(f"site.base_url is not set: addresses begin with {start}; expected what subscribers see")
        return found

    def notes(self) -> list[str]:
        """Return what may surprise, and is no problem: topics and providers whose names have one feed.

        Raise IndexUnusableError.

            >>> site.notes()
            []
        """
        from feedsvc.feeds.notes import merged_names

        with self.index.reading() as connection:
            return merged_names(connection)

    def serve(
        self,
        progress: Progress | None = None,
        ready: Callable[[], object] = lambda: None,
        *,
        accept_loss: bool = False,
    ) -> None:
        """Sync, then serve over HTTP with a production server, until SIGINT or SIGTERM.

        It follows the records and the configuration's file, and reads the latter anew at SIGHUP.
        Where the sync would be a LossError, it serves what the index holds, until the records are back.
        ready: called when the index is in step, before the server starts. accept_loss: see `sync`; later losses are
        refused again. Raise ConfigError, ServeError, RecordsError, IndexUnusableError, and LossError if the index holds
        nothing.

            >>> tables = {"records": {"path": "."}, "serve": {"host": "name.invalid"}}
            >>> feedsvc.open(feedsvc.load_config(tables=tables)).serve()
            Traceback (most recent call last):
                ...
            feedsvc.errors.ServeError: can't listen on name.invalid, port 8000: ...; choose another with --host ...
        """
        if self._synced.mappings is not None:
            message = "records in memory can't be served by other processes; expected a folder, or create_app"
            raise ServeError(message)
        from feedsvc.serve import server, sockets
        from feedsvc.workers import signals_blocked

        serve = self.config.serve
        self._synced.check()
        # SIGHUP waits until the server takes it: by default, it would end the process.
        with signals_blocked(SIGHUP), sockets.listen(serve.host, serve.port) as listener:
            try:
                result = self._synced.sync(progress, follows=serve.watch, accept_loss=accept_loss)
            except LossError as error:
                result = self.unsynced(error)
            self._synced.end_workers()
            server.serve(self.config, self.index, listener, result, ready, registrations())

    def close(self) -> None:
        """Close the index, and end the worker processes. An index in memory is gone; others are opened again if needed.

        >>> site.close()
        """
        self._synced.close()

    def _out(self, out: Path | str | None) -> Path | str:
        if out is None:
            return self.config.out
        return out if "://" in str(out) else Path(out)
