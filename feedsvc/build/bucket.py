"""A bucket as a build's output: documents as objects, uploaded in parallel.

Only this process sends requests to the store, from threads: clients don't outlive a fork, and no other process sees memory://.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from pathlib import Path

from feedsvc.build.manifest import MANIFEST, NEVER, Manifest, ManifestEntry, State, file_name, parts
from feedsvc.build.objects import Headers, ObjectStore, ObjectWriter, StoredObject, is_of_body
from feedsvc.build.output import Groups
from feedsvc.config import Config
from feedsvc.feeds.addresses import SITE_PATHS, Address
from feedsvc.feeds.documents import cache_control

#: Requests that are in progress at a time.
PARALLEL = 16
#: Feeds whose documents are in memory at a time, waiting to be uploaded.
WINDOW = 256
#: Seconds after which the manifest is written in between, so that the next build goes on where this one was killed.
CHECKPOINT = 30


class Bucket:
    """An `Output` in an object store.

    No lock excludes other builds. What another one wrote meanwhile is pending in the manifest: the next build replaces
    it where it isn't right, which the ETag of each object says.
    """

    def __init__(self, store: ObjectStore, config: Config) -> None:
        self.store = store
        self.folder: Path | None = None
        self._is_dry = False
        self._new_writer = partial(ObjectWriter, cache_control(config.serve.max_age), config.build.precompress)
        self._foreign: set[str] = set()
        #: The objects in the store, by name: size and ETag.
        self._found: dict[str, tuple[int, str]] = {}
        #: The states that the manifest had at first, by name.
        self._states: dict[str, State] = {}
        #: The text of the manifest that this build read or wrote last.
        self._text = b""
        #: The manifest that it wrote last, with what was added since.
        self._manifest: Manifest | None = None
        #: The files of other builds that wrote a manifest meanwhile.
        self._others: set[str] = set()
        self._written_at = 0.0

    @contextmanager
    def opened(self, *, dry_run: bool) -> Iterator[None]:
        """List the store. If the build fails, write the manifest of what is done, so that it isn't done again."""
        self._is_dry = dry_run
        self._found = self.store.list()
        with ThreadPoolExecutor(PARALLEL) as self._threads:
            try:
                yield
            except BaseException:
                self._threads.shutdown(cancel_futures=True)
                if self._manifest:
                    self.write_manifest(self._manifest)
                raise

    def read_manifest(self) -> Manifest:
        if MANIFEST not in self._found:
            return Manifest("", {}, set())
        self._text = self.store.read(MANIFEST)
        manifest = self._parse(self._text)
        self._states = manifest.states
        return manifest

    def write_manifest(self, manifest: Manifest) -> None:
        """Replace the manifest. If another build wrote one meanwhile, its files become pending, for the next build."""
        if self._is_dry:
            return
        # Where there was none at first, another build may have begun meanwhile, too.
        is_there = bool(self._text) or MANIFEST in self.store.list()
        if is_there and (other := self.store.read(MANIFEST)) != self._text:
            self._others |= self._parse(other).file_names
        manifest.pending |= self._others
        text = manifest.text()
        self.store.write(MANIFEST, text, Headers("application/json", "no-store"))
        self._manifest, self._text, self._written_at = manifest, text, time.monotonic()

    def _parse(self, text: bytes) -> Manifest:
        return Manifest.parse(text, f"{self.store.address}/{MANIFEST}")

    def where(self, name: str) -> str:
        return f"{self.store.address}/{name}"

    def changed(self, states: Mapping[str, State]) -> set[str]:
        return {name for name, state in states.items() if not self._matches(name, state)}

    def _matches(self, name: str, state: State) -> bool:
        size, etag = self._found.get(name, (-1, ""))
        known_size, _, known_etag = parts(state)
        return size == known_size and (etag == known_etag or not known_etag)

    def foreign(self, names: Iterable[str], states: Mapping[str, State | None]) -> set[str]:
        there = [name for name in names if name in self._found]
        known = {name: state for name in there if (state := states.get(name)) and not self._matches(name, state)}
        same = {name: self._threads.submit(self._is_as_left, name, state) for name, state in known.items()}
        return {name for name in there if name not in states or (name in same and not same[name].result())}

    def _is_as_left(self, name: str, state: State) -> bool:
        """Return whether an object with another ETag has the bytes that it was left with: it may be a copy."""
        size, digest, _ = parts(state)
        return self._found[name][0] == size and is_of_body(digest, self.store.read(name))

    def file_names(self, address: str) -> list[str]:
        return [file_name(address)]

    def stages(self, stale: Groups) -> list[Groups]:
        """Return the addresses in the order of `_rank`, at most WINDOW feeds in each part."""
        ranked = defaultdict[int, Groups](list)
        for group in stale:
            for rank, addresses in groupby(sorted(group, key=_rank), _rank):
                ranked[rank].append(list(addresses))
        return [
            ranked[rank][start : start + WINDOW]
            for rank in sorted(ranked)
            for start in range(0, len(ranked[rank]), WINDOW)
        ]

    def writer(self, foreign: set[str]) -> "partial[ObjectWriter]":
        self._foreign = foreign
        return self._new_writer

    def finish(self, writer: ObjectWriter, manifest: Manifest) -> None:
        """Upload what changed; see `_upload_all`."""
        changed = []
        for item in writer.prepared:
            state = self._states.get(item.name, (-1, ""))
            if item.name in self._foreign:
                manifest.entries[item.address] = ManifestEntry(NEVER, {})  # so that the next build tries again
                writer.conflicts.append(f"{self.store.address}/{item.name}")
            elif parts(state)[1] == item.digest and self._matches(item.name, state):
                manifest.entries[item.address] = ManifestEntry(item.revision, {item.name: state}, item.outline)
                writer.unchanged += 1
            elif self._is_dry:
                manifest.entries[item.address] = ManifestEntry(NEVER, {item.name: state})
                writer.written.append(item.name)
            else:
                changed.append(item)
        for item, state in self._upload_all(changed):
            manifest.entries[item.address] = ManifestEntry(item.revision, {item.name: state}, item.outline)
            writer.written.append(item.name)
        if time.monotonic() - self._written_at > CHECKPOINT:
            self.write_manifest(manifest)

    def _upload_all(self, items: Iterable[StoredObject]) -> Iterator[tuple[StoredObject, State]]:
        """Upload objects, and yield each with its state; if one fails, raise its error after those that have begun."""
        uploads = {self._threads.submit(self._upload, item): item for item in items}
        _, unfinished = wait(uploads, return_when=FIRST_EXCEPTION)
        for upload in unfinished:
            upload.cancel()
        wait(unfinished)
        errors = []
        for upload, item in uploads.items():
            if upload.cancelled():
                continue
            if error := upload.exception():
                errors.append(error)
            else:
                yield item, upload.result()
        if errors:
            raise errors[0]

    def _upload(self, item: StoredObject) -> State:
        """Upload an object, and return its state: the text is its digest, a space and its ETag."""
        etag = self.store.write(item.name, item.body, item.headers)
        return len(item.body), f"{item.digest} {etag}"

    def remove(self, names: list[str]) -> list[str]:
        existing = [name for name in names if name in self._found]
        for _ in self._threads.map(self.store.remove, () if self._is_dry else existing):
            pass
        return existing


def _rank(address: Address) -> int:
    """Return a number that orders uploads: a document comes before those that link to it."""
    if address.path in SITE_PATHS or address.path.endswith("/"):
        return 2
    return 1 if address.feed and address.feed.is_current else 0  # archives, and the assets of pages
