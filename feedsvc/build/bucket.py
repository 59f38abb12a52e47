"""A bucket as a build's output: documents as objects, uploaded in parallel.

Only this process asks the store, from threads: clients don't outlive a fork, and memory:// is seen by no other process.
"""

import hashlib
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path

from feedsvc.build.output import MANIFEST, NEVER, Groups, Made, Manifest, State, file_name
from feedsvc.build.stores import Headers, Store
from feedsvc.config import Config
from feedsvc.feeds.addresses import OPML_PATH
from feedsvc.feeds.documents import Document, cache_control
from feedsvc.feeds.encodings import MIN_BYTES, encode
from feedsvc.formats import ASSETS
from feedsvc.index.database import batches
from feedsvc.model import parse_feed_path

#: Requests that are under way at a time.
PARALLEL = 16
#: Feeds whose documents wait to be uploaded at a time, and so are in memory.
WINDOW = 256
#: Seconds after which the manifest tells of what is done, so that a build that is killed again and again gets on.
CHECKPOINT = 30


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A document as it is stored."""

    address: str
    revision: int
    name: str
    body: bytes
    headers: Headers

    @property
    def digest(self) -> str:
        """Stands for the body and its headers."""
        return hashlib.sha256(repr(self.headers).encode() + self.body).hexdigest()[:32]


@dataclass(slots=True)
class Objects:
    """A `Writer` that makes objects ready to be uploaded. precompress: whether they are stored in gzip."""

    cache_control: str
    precompress: bool
    ready: list[StoredObject] = field(default_factory=list)
    written: int = 0
    unchanged: int = 0
    in_the_way: list[Path | str] = field(default_factory=list)

    def put(self, address: str, document: Document) -> None:
        encoding = "gzip" if self.precompress and len(document.body) >= MIN_BYTES else ""
        body = encode(document.body, encoding) if encoding else document.body
        headers = Headers(document.content_type, self.cache_control, encoding)
        self.ready.append(StoredObject(address, document.revision, file_name(address), body, headers))


class Bucket:
    """An `Output` in object storage, by its address: s3://BUCKET/PREFIX. Raises OutputError.

    No lock keeps other builds out, so each object's ETag is kept: the next build puts right what another one wrote.
    """

    def __init__(self, address: str, config: Config) -> None:
        self.store = Store(address, PARALLEL)
        self._new_writer = partial(Objects, cache_control(config.serve.max_age), config.build.precompress)
        self._taken: set[str] = set()
        #: By name, what is there: size and ETag.
        self._found: dict[str, tuple[int, str]] = {}
        #: What the manifest told last, by name.
        self._states: dict[str, State] = {}
        #: The manifest as this build read or wrote it last, as a text and as what it tells by now.
        self._text = b""
        self._manifest: Manifest | None = None
        self._written_at = 0.0

    @contextmanager
    def opened(self) -> Iterator[None]:
        self._found = self.store.list()
        with ThreadPoolExecutor(PARALLEL) as self._threads:
            try:
                yield
            except BaseException:
                self._threads.shutdown(cancel_futures=True)
                if self._manifest:  # so that nothing that was done is done again
                    self.write_manifest(self._manifest)
                raise

    def read_manifest(self) -> Manifest:
        if MANIFEST not in self._found:
            return Manifest("", {}, set())
        self._text = self.store.read(MANIFEST)
        manifest = Manifest.parse(self._text, f"{self.store.address}/{MANIFEST}")
        self._states = {name: state for made in manifest.made.values() for name, state in made.files.items()}
        return manifest

    def write_manifest(self, manifest: Manifest) -> None:
        """Put it there. Where another build wrote one meanwhile, the objects of that one stay known as ours."""
        if self._text and (other := self.store.read(MANIFEST)) != self._text:
            manifest.claimed |= Manifest.parse(other, f"{self.store.address}/{MANIFEST}").names
        text = manifest.text()
        self.store.write(MANIFEST, text, Headers("application/json", "no-store"))
        self._manifest, self._text, self._written_at = manifest, text, time.monotonic()

    def is_there(self, name: str) -> bool:
        return name in self._found

    def is_as_left(self, name: str, state: State) -> bool:
        size, etag = self._found.get(name, (-1, ""))
        left = str(state[1]).partition(" ")[2]
        return size == state[0] and (etag == left or not left)

    def names(self, address: str) -> list[str]:
        return [file_name(address)]

    def stages(self, stale: Groups) -> list[Groups]:
        ranked = defaultdict[int, Groups](list)
        for group in stale:
            for rank, addresses in groupby(sorted(group, key=_rank), _rank):
                ranked[rank].append(list(addresses))
        return [window for rank in sorted(ranked) for window in batches(ranked[rank], WINDOW)]

    def writer(self, taken: set[str]) -> "partial[Objects]":
        self._taken = taken
        return self._new_writer

    def finish(self, batch: Objects, after: Manifest) -> None:
        uploads = {}
        for each in batch.ready:
            state = self._states.get(each.name, (-1, ""))
            if each.name in self._taken:
                after.made[each.address] = Made(NEVER, {})  # so that the next build tries again
                batch.in_the_way.append(f"{self.store.address}/{each.name}")
            elif str(state[1]).startswith(each.digest) and self.is_as_left(each.name, state):
                after.made[each.address] = Made(each.revision, {each.name: state})
                batch.unchanged += 1
            else:
                uploads[self._threads.submit(self._upload, each)] = each
        _, unfinished = wait(uploads, return_when=FIRST_EXCEPTION)
        for upload in unfinished:
            upload.cancel()
        wait(unfinished)
        failed = None
        for upload, each in uploads.items():
            if upload.cancelled():
                continue
            if failure := upload.exception():
                failed = failed or failure
                continue
            after.made[each.address] = Made(each.revision, {each.name: (len(each.body), upload.result())})
            batch.written += 1
        if failed:
            raise failed
        if time.monotonic() - self._written_at > CHECKPOINT:
            self.write_manifest(after)

    def _upload(self, each: StoredObject) -> str:
        """The state of an object, which is put there."""
        return f"{each.digest} {self.store.write(each.name, each.body, each.headers)}"

    def remove(self, names: list[str]) -> int:
        there = [name for name in names if name in self._found]
        for _ in self._threads.map(self.store.remove, there):
            pass
        return len(there)


def _rank(address: str) -> int:
    """Its place in the order in which documents are uploaded: before all that link to it."""
    if address in ASSETS:
        return 0
    if address == OPML_PATH or address.endswith("/"):
        return 2
    feed = parse_feed_path(address.rpartition(".")[0])
    return 0 if feed and feed.month else 1
