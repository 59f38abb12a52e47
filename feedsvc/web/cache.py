"""The documents that a worker process keeps ready."""

import time
from threading import Lock

from cachetools import LRUCache

from feedsvc.documents import Document, Documents
from feedsvc.encodings import encode

#: Bytes that a worker keeps, counting each body twice for its compressed forms.
MAX_BYTES = 48 * 1024 * 1024
#: Seconds for which a worker goes by what it last knew of the index.
FRESH_SECONDS = 0.25


class Kept:
    """A document, and its compressed forms once they were asked for."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._encoded: dict[str, bytes] = {}

    @property
    def size(self) -> int:
        return 2 * len(self.document.body)

    def encoded(self, encoding: str) -> bytes:
        """The body in an encoding, compressed once."""
        if encoding not in self._encoded:
            self._encoded[encoding] = encode(self.document.body, encoding)
        return self._encoded[encoding]


class DocumentCache:
    """Documents by address, the least recently used dropped first, and all when the index changes. Thread-safe."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self._lock = Lock()
        self._kept: LRUCache[str, Kept] = LRUCache(MAX_BYTES, getsizeof=lambda kept: kept.size)
        self._revision = -1
        self._checked = -FRESH_SECONDS

    @property
    def size(self) -> int:
        """Bytes that count as kept."""
        return int(self._kept.currsize)

    def get(self, address: str) -> Kept | None:
        """The document at a canonical address (decoded); None if there is none."""
        revision = self._current_revision()
        with self._lock:
            kept = self._kept.get(address)
        if kept:
            return kept
        document = self.documents.get(address)
        if not document:
            return None
        kept = Kept(document)
        with self._lock:
            # One that was made while the index changed may be of either state, so it isn't kept.
            if self._revision == revision and kept.size <= MAX_BYTES:
                self._kept[address] = kept
        return kept

    def _current_revision(self) -> int:
        if time.monotonic() - self._checked >= FRESH_SECONDS:
            revision = self.documents.revision()
            with self._lock:
                if revision != self._revision:
                    self._kept.clear()
                    self._revision = revision
                self._checked = time.monotonic()
        return self._revision
