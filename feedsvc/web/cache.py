"""The documents that a worker process keeps ready, with all that is sent of them."""

import time
from collections.abc import Callable
from threading import Lock

from cachetools import LRUCache

from feedsvc.errors import IndexUnusableError
from feedsvc.feeds.documents import Document, Documents
from feedsvc.feeds.encodings import encode
from feedsvc.web.responses import Headers, document_headers, encoded_headers, not_modified_headers

#: Bytes that a worker keeps: bodies, their compressed forms, and what stands around them.
MAX_BYTES = 32 * 1024 * 1024
#: Bytes that a form takes beside its body: headers, and the objects that hold them.
FORM_BYTES = 2 * 1024
#: Seconds for which a worker goes by what it last knew of the index.
FRESH_SECONDS = 0.25


class Kept:
    """A document, and what is sent of it, each made once.

    document, etag: as they are; etag in quotes, weak.
    forms: (headers, body) by encoding, "" for none; others join them once they were asked for.
    not_modified: the headers of a 304.
    checked: the revision of the index up to which the document is known to stand.
    """

    def __init__(self, document: Document, max_age: int) -> None:
        headers = document_headers(document, max_age)
        self.document = document
        self.etag = dict(headers)["ETag"]
        self.forms: dict[str, tuple[Headers, bytes]] = {"": (headers, document.body)}
        self.not_modified = not_modified_headers(headers)
        self.checked = -1

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return sum(len(body) + FORM_BYTES for _, body in self.forms.values())


class DocumentCache:
    """Documents by canonical address (decoded), the least recently used dropped first. Thread-safe.

    When the index changes, a document stays unless its own feed changed; and while the index does not answer.
    Documents are made one after the other, so what several threads want at once is made by one of them.
    """

    def __init__(self, documents: Documents, made: Callable[[float], None] = lambda seconds: None) -> None:
        """made: called with the seconds that it took to make a document."""
        self.documents = documents
        self._made = made
        self._lock = Lock()
        self._kept: LRUCache[str, Kept] = LRUCache(MAX_BYTES, getsizeof=lambda kept: kept.size)
        #: Held while a document or a form is made. Several at once would take more memory and no less time.
        self._making = Lock()
        self._slugs: dict[str, tuple[int, list[str]]] = {}
        self._revision = -1
        #: Held by the one that asks the index for its revision: it may take its time to answer.
        self._asking = Lock()
        self._checked = -FRESH_SECONDS

    @property
    def size(self) -> int:
        """Bytes that count as kept."""
        return int(self._kept.currsize)

    def get(self, address: str) -> Kept | None:
        """The document at an address; None if there is none. Raises IndexUnusableError, but not of what is kept."""
        kept = self._find(address)
        try:
            return self._current(address, kept)
        except IndexUnusableError:
            if kept:
                return kept
            raise

    def _current(self, address: str, kept: Kept | None) -> Kept | None:
        """The document as the index has it now."""
        revision = self._current_revision()
        if kept and kept.checked == revision:
            return kept
        # The index's revision was taken first: what changes meanwhile only makes it too old, so that the document is
        # looked at once more.
        current = self.documents.revision_of(address)
        if current is None:
            self._keep(address, None)
            return None
        if not kept or kept.document.revision != current:
            with self._making:
                kept = self._find(address)
                if not kept or kept.document.revision != current:
                    begun = time.perf_counter()
                    document = self.documents.get(address)
                    self._made(time.perf_counter() - begun)
                    kept = Kept(document, self.documents.config.serve.max_age) if document else None
                    self._keep(address, kept)
        if kept:
            kept.checked = revision
        return kept

    def form(self, address: str, kept: Kept, encoding: str) -> tuple[Headers, bytes]:
        """(headers, body) of a document of `get` in an encoding."""
        if encoding not in kept.forms:
            with self._making:
                if encoding not in kept.forms:
                    body = encode(kept.document.body, encoding)
                    kept.forms[encoding] = encoded_headers(kept.forms[""][0], encoding, len(body)), body
                    if self._find(address) is kept:
                        self._keep(address, kept)  # with its new size
        return kept.forms[encoding]

    def slugs(self, kind: str) -> list[str]:
        """The slugs of all feeds of a kind, in order. Raises IndexUnusableError."""
        revision = self._current_revision()
        known, found = self._slugs.get(kind, (-1, []))
        if known != revision:
            found = self.documents.slugs(kind)
            if found:  # so that only kinds that there are take memory
                self._slugs[kind] = revision, found
        return found

    def _find(self, address: str) -> Kept | None:
        with self._lock:
            return self._kept.get(address)

    def _keep(self, address: str, kept: Kept | None) -> None:
        with self._lock:
            if kept and kept.size <= MAX_BYTES:
                self._kept[address] = kept
            else:
                self._kept.pop(address, None)

    def _current_revision(self) -> int:
        is_due = time.monotonic() - self._checked >= FRESH_SECONDS
        # While one thread asks, others go by what was known, once anything was.
        if is_due and self._asking.acquire(blocking=self._revision < 0):
            try:
                self._revision = self.documents.revision()
                self._checked = time.monotonic()
            finally:
                self._asking.release()
        return self._revision
