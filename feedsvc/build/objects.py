"""What a build puts into an object store: documents as objects with headers; and what such a store can do."""

import hashlib
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from feedsvc.build.manifest import file_name
from feedsvc.feeds.encodings import MIN_BYTES, encode
from feedsvc.feeds.writing import Document

#: The characters of an object's digest that are of its headers.
_OF_HEADERS = 8


class Headers(Struct, frozen=True):
    """The headers that a store sends with an object."""

    media_type: str
    cache_control: str
    #: The content coding; empty for none.
    encoding: str = ""


class ObjectStore(Protocol):
    """The objects below an address. Threads call its methods at the same time; they raise OutputError."""

    #: SCHEME://BUCKET/PREFIX, without a slash at the end.
    address: str

    def list(self) -> dict[str, tuple[int, str]]:
        """Return the size and the ETag of each object, by name. The ETag is empty where the store has none."""

    def read(self, name: str) -> bytes:
        """Return an object's bytes."""

    def write(self, name: str, body: bytes, headers: Headers) -> str:
        """Replace an object in one step, and return its ETag, as `list` does."""

    def remove(self, name: str) -> None:
        """Remove an object."""


class StoredObject(Struct, frozen=True):
    """A document as it is stored."""

    address: str
    revision: int
    name: str
    body: bytes
    headers: Headers
    outline: str

    @property
    def digest(self) -> str:
        """A hash of the headers, and one of the body."""
        return hashlib.sha256(repr(self.headers).encode()).hexdigest()[:_OF_HEADERS] + _hash(self.body)


class ObjectWriter(Struct):
    """A `Writer` that prepares objects to be uploaded. precompress: whether they are stored in gzip."""

    cache_control: str
    precompress: bool
    prepared: list[StoredObject] = []
    written: list[str] = []
    unchanged: int = 0
    conflicts: list[Path | str] = []

    def put(self, address: str, document: Document) -> None:
        encoding = "gzip" if self.precompress and len(document.body) >= MIN_BYTES else ""
        body = encode(document.body, encoding) if encoding else document.body
        headers = Headers(document.content_type, self.cache_control, encoding)
        self.prepared.append(
            StoredObject(address, document.revision, file_name(address), body, headers, document.outline)
        )


def is_of_body(digest: str, body: bytes) -> bool:
    """Return whether a digest is that of an object with these bytes, whatever its headers."""
    return digest[_OF_HEADERS:] == _hash(body)


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:24]
