"""The documents that a worker process caches, with the representations that it sends of them."""

import time
from collections.abc import Callable
from threading import Lock

from cachetools import LRUCache

from feedsvc.errors import IndexUnusableError
from feedsvc.feeds.addresses import Address
from feedsvc.feeds.documents import Document, Documents
from feedsvc.feeds.encodings import encode
from feedsvc.index.stamps import takes_effect
from feedsvc.web.responses import Headers, document_headers, encoded_headers, not_modified_headers

#: The size of a worker's cache in bytes: bodies, their compressed representations, and the objects around them.
MAX_BYTES = 32 * 1024 * 1024
#: Bytes that a representation takes beside its body: headers, and the objects that hold them.
REPRESENTATION_BYTES = 4 * 1024
#: Seconds for which the revision of the index counts as current.
FRESH_SECONDS = 0.25


class CachedDocument:
    """A document with its representations, each made once.

    etag: in quotes, weak. changed: when it took effect; see `stamps`. representations: (headers, body) by encoding, ""
    for the identity; others are made when they are first asked for. not_modified: the headers of a 304. checked: the
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


class DocumentCache:
    """Documents by address, the least recently used dropped first. Thread-safe.

    When the index changes, a document stays unless its own feed changed; it stays while the index does not answer, too.
    Documents are made one after the other: what several threads want at once is made by one of them.
    """

    def __init__(
        self, documents: Documents, started: float = 0, made: Callable[[float], None] = lambda seconds: None
    ) -> None:
        """started: see `create_app`. made: called with the seconds that it took to make a document."""
        self.documents = documents
        # Another configuration or version may have written the same documents before.
        self._since = takes_effect(started)
        self._made = made
        self._lock = Lock()
        self._cached: LRUCache[Address, CachedDocument] = LRUCache(MAX_BYTES, getsizeof=lambda cached: cached.size)
        #: Held while a document or representation is made. Several at once would take more memory and no less time.
        self._making = Lock()
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
        """Return the document at an address, or None. Raise IndexUnusableError only for one that isn't cached."""
        cached = self._find(address)
        try:
            return self._current(address, cached)
        except IndexUnusableError:
            if cached:
                return cached
            raise

    def _current(self, address: Address, cached: CachedDocument | None) -> CachedDocument | None:
        """Return the document as the index has it now."""
        revision = self._current_revision()
        if cached and cached.checked == revision:
            return cached
        # The index's revision was taken first: if the index changes meanwhile, that revision is too old, and the
        # document is checked once more.
        with self.documents.find(address) as found:
            if not found:
                self._store(address, None)
                return None
            if not cached or cached.document.revision != found.revision:
                with self._making:
                    cached = self._find(address)
                    if not cached or cached.document.revision != found.revision:
                        started = time.perf_counter()
                        document = found.make()
                        self._made(time.perf_counter() - started)
                        max_age = self.documents.config.serve.max_age
                        cached = CachedDocument(document, max_age, self._since)
                        self._store(address, cached)
        cached.checked = revision
        return cached

    def representation(self, address: Address, cached: CachedDocument, encoding: str) -> tuple[Headers, bytes]:
        """Return (headers, body) of a document of `get` in an encoding."""
        if encoding not in cached.representations:
            with self._making:
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
