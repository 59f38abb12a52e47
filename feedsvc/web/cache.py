"""The documents that a worker process caches, with the representations that it sends of them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING

import cachetools

from feedsvc.errors import BusyError, IndexUnusableError
from feedsvc.feeds.addresses import Address
from feedsvc.feeds.documents import Documents
from feedsvc.feeds.encodings import encode
from feedsvc.feeds.writing import Document
from feedsvc.index.revisions import takes_effect
from feedsvc.web.responses import Headers, document_headers, encoded_headers, not_modified_headers

if TYPE_CHECKING:
    from feedsvc.web.metrics import Metrics

#: The size of a worker's cache in bytes: bodies, their compressed representations, and the objects around them.
MAX_BYTES = 32 * 1024 * 1024
#: Bytes that a representation takes beside its body: headers, and the objects that hold them.
REPRESENTATION_BYTES = 4 * 1024
#: Seconds for which the revision of the index counts as current.
FRESH_SECONDS = 0.25
#: Threads that may wait to make a document, beside the one that makes one; and for how many seconds.
MAX_WAITING = 16
WAIT_SECONDS = 10


class CachedDocument:
    """A document with its representations, each made once.

    etag: in quotes, weak. changed: when it took effect; see `revisions`. representations: (headers, body) by encoding,
    "" for the identity; others are made when they are first asked for. not_modified: the headers of a 304. checked: the
    revision of the index up to which the document is known to be current.
    """

    def __init__(self, document: Document, max_age: int, since: int = 0) -> None:
        """since: when the application took effect."""
        self.changed = max(int(document.changed.timestamp()), since)
        headers = document_headers(document, max_age, self.changed)
        self.document = document
        self.etag = dict(headers)["ETag"]
        self.representations: dict[str, tuple[Headers, bytes]] = {"": (headers, document.body)}
        self.not_modified = not_modified_headers(headers)
        self.checked = -1

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return sum(len(body) + REPRESENTATION_BYTES for _, body in self.representations.values())


class Turns:
    """Lets threads do one after the other what takes time, of which but so many wait for it."""

    def __init__(self) -> None:
        self._places = BoundedSemaphore(1 + MAX_WAITING)
        self._turn = Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for the turn, and have it within the context. Raise BusyError if too many wait, or too long."""
        if not self._places.acquire(blocking=False):
            raise BusyError(f"{MAX_WAITING} requests wait for documents that are still to be made")
        try:
            if not self._turn.acquire(timeout=WAIT_SECONDS):
                raise BusyError(f"a request has waited for {WAIT_SECONDS} seconds for its document to be made")
            try:
                yield
            finally:
                self._turn.release()
        finally:
            self._places.release()


class DocumentCache:
    """Documents by address, the least recently used dropped first. Thread-safe.

    When the index changes, a document stays unless its own feed changed; it stays while the index does not answer, too,
    and while so many wait for others that it can't be made anew.
    Documents are made one after the other, which takes less memory than several at once and no more time: what several
    threads want at once is made by one of them. Nobody waits for that whose document is cached.
    """

    def __init__(self, documents: Documents, started: float = 0, metrics: "Metrics | None" = None) -> None:
        """started: see `create_app`. metrics: of how long it takes to make a document."""
        self.documents = documents
        # Another configuration or version may have written the same documents before.
        self._since = takes_effect(started)
        self._metrics = metrics
        self._lock = Lock()
        self._cached: cachetools.LRUCache[Address, CachedDocument] = cachetools.LRUCache(
            MAX_BYTES, getsizeof=lambda cached: cached.size
        )
        #: Of making documents, and of all else that a request without a cached document takes.
        self.turns = Turns()
        #: Held while a representation is made, which takes milliseconds.
        self._encoding = Lock()
        self._slugs: dict[str, tuple[int, list[str]]] = {}
        self._revision = -1
        #: Held by the thread that asks the index for its revision, which may take a while.
        self._asking = Lock()
        self._checked = -FRESH_SECONDS

    @property
    def size(self) -> int:
        """The size of all cached documents in bytes."""
        return int(self._cached.currsize)

    def get(self, address: Address) -> CachedDocument | None:
        """Return the document at an address, or None.

        Raise IndexUnusableError, or BusyError if there is too much to make, only for one that isn't cached.
        """
        cached = self._find(address)
        try:
            return self._current(address, cached)
        except (BusyError, IndexUnusableError):
            if cached:
                return cached
            raise

    def _current(self, address: Address, cached: CachedDocument | None) -> CachedDocument | None:
        """Return the document as the index has it now."""
        # The index's revision was taken first: if the index changes meanwhile, that revision is too old, and the
        # document is checked once more.
        revision = self._current_revision()
        if cached and cached.checked == revision:
            return cached
        if cached:
            with self.documents.find(address) as found:
                if found and cached.document.revision == found.revision:
                    cached.checked = revision
                    return cached
        with self.turns.taken():
            return self._made_now(address, revision)

    def _made_now(self, address: Address, revision: int) -> CachedDocument | None:
        """Return the document, made now if no thread made it meanwhile. revision: of the index, or an earlier one."""
        cached = self._find(address)
        if cached and cached.checked == revision:
            return cached
        with self.documents.find(address) as found:
            if not found:
                self._store(address, None)
                return None
            if not cached or cached.document.revision != found.revision:
                started = time.perf_counter()
                document = found.make()
                if self._metrics:
                    self._metrics.made(time.perf_counter() - started)
                cached = CachedDocument(document, self.documents.config.serve.max_age, self._since)
                self._store(address, cached)
        cached.checked = revision
        return cached

    def representation(self, address: Address, cached: CachedDocument, encoding: str) -> tuple[Headers, bytes]:
        """Return (headers, body) of a document of `get` in an encoding."""
        if encoding not in cached.representations:
            with self._encoding:
                if encoding not in cached.representations:
                    body = encode(cached.document.body, encoding)
                    headers = encoded_headers(cached.representations[""][0], encoding, len(body))
                    cached.representations[encoding] = headers, body
                    if self._find(address) is cached:
                        self._store(address, cached)  # with its new size
        return cached.representations[encoding]

    def slugs(self, kind: str) -> list[str]:
        """Return the slugs of all feeds of a kind, in order. Raise IndexUnusableError."""
        revision = self._current_revision()
        cached, found = self._slugs.get(kind, (-1, []))
        if cached != revision:
            found = self.documents.slugs(kind)
            if found:  # so that only kinds that exist take memory
                self._slugs[kind] = revision, found
        return found

    def _find(self, address: Address) -> CachedDocument | None:
        with self._lock:
            return self._cached.get(address)

    def _store(self, address: Address, cached: CachedDocument | None) -> None:
        with self._lock:
            if cached and cached.size <= MAX_BYTES:
                self._cached[address] = cached
            else:
                self._cached.pop(address, None)

    def _current_revision(self) -> int:
        is_due = time.monotonic() - self._checked >= FRESH_SECONDS
        # While one thread asks, the others use the last known revision, if there is one.
        if is_due and self._asking.acquire(blocking=self._revision < 0):
            try:
                self._revision = self.documents.revision()
                self._checked = time.monotonic()
            finally:
                self._asking.release()
        return self._revision
