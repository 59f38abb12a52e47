"""The documents that a worker process keeps ready."""

import time
from threading import Lock

from cachetools import LRUCache

from feedsvc.documents import Document, Documents

#: Bytes of bodies that a worker keeps.
MAX_BYTES = 32 * 1024 * 1024
#: Seconds for which a worker goes by what it last knew of the index.
FRESH_SECONDS = 0.25


class DocumentCache:
    """Documents by address, the least recently used dropped first, and all when the index changes. Thread-safe."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self._lock = Lock()
        self._kept: LRUCache[str, Document] = LRUCache(MAX_BYTES, getsizeof=lambda document: len(document.body))
        self._revision = -1
        self._checked = -FRESH_SECONDS

    @property
    def size(self) -> int:
        """Bytes of the bodies that are kept."""
        return int(self._kept.currsize)

    def get(self, address: str) -> Document | None:
        """The document at an address (decoded); None if there is none."""
        revision = self._current_revision()
        with self._lock:
            kept = self._kept.get(address)
        if kept:
            return kept
        document = self.documents.get(address)
        with self._lock:
            # One that was made while the index changed may be of either state, so it isn't kept.
            if document and self._revision == revision and len(document.body) <= MAX_BYTES:
                self._kept[address] = document
        return document

    def _current_revision(self) -> int:
        if time.monotonic() - self._checked >= FRESH_SECONDS:
            revision = self.documents.revision()
            with self._lock:
                if revision != self._revision:
                    self._kept.clear()
                    self._revision = revision
                self._checked = time.monotonic()
        return self._revision
