"""What a build writes into, and the manifest there of what builds wrote."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import msgspec

from feedsvc.errors import OutputError
from feedsvc.feeds.documents import Document

#: Tells of the files that builds wrote: no other one is ever replaced or removed.
MANIFEST = ".feedsvc.json"
#: The revision of no document.
NEVER = -1
#: Of a file: size, and time of last change in nanoseconds. Of an object: size, and a text that stands for its content.
State = tuple[int, int | str]
#: Addresses: those of the documents that are made from one feed together.
Groups = list[list[str]]


class Made(msgspec.Struct, array_like=True):
    """A document as a build left it."""

    #: Of the document.
    revision: int
    #: Of its file and its compressed forms, by name.
    files: dict[str, State]


class Manifest(msgspec.Struct):
    """What builds wrote."""

    #: Stands for all that documents are made with, beside the index.
    stamp: str
    #: By address.
    made: dict[str, Made]
    #: Further files, which a build was about to write when it was killed.
    claimed: set[str]

    @property
    def names(self) -> set[str]:
        """All files that are ours."""
        return {name for made in self.made.values() for name in made.files} | self.claimed

    @staticmethod
    def parse(text: bytes, where: str) -> "Manifest":
        """The manifest that a text tells. Raises OutputError, which says where it is, if it tells of none."""
        try:
            manifest = msgspec.json.decode(text, type=Manifest)
        except msgspec.MsgspecError:
            manifest = None
        if manifest is None or not all(map(_is_inside, manifest.names)):
            raise OutputError(f"{where}: not a list of feedsvc's files; restore it, or build into an empty folder")
        return manifest

    def text(self) -> bytes:
        """As it is written."""
        return msgspec.json.format(msgspec.json.encode(self, order="sorted"), indent=1)


def _is_inside(name: str) -> bool:
    return not name.startswith("/") and ".." not in name.split("/")


class Writer(Protocol):
    """Brings documents into an output, and what became of their files. It goes to another process, and comes back."""

    written: int
    unchanged: int
    in_the_way: list[Path | str]

    def put(self, address: str, document: Document) -> None:
        """Bring a document's files in step, or make them ready for `finish`."""


class Output(Protocol):
    """A folder or a bucket. Names are relative to it. Its methods raise OutputError."""

    def opened(self) -> AbstractContextManager[None]:
        """What all else happens in."""

    def read_manifest(self) -> Manifest:
        """What builds wrote; empty if none did."""

    def write_manifest(self, manifest: Manifest) -> None:
        """Put a manifest there, in one step."""

    def is_there(self, name: str) -> bool:
        """Whether there is anything of that name."""

    def is_as_left(self, name: str, state: State) -> bool:
        """Whether a file is in the state that the manifest tells."""

    def names(self, address: str) -> list[str]:
        """All that the document at an address may be written to; its own file first."""

    def stages(self, stale: Groups) -> list[Groups]:
        """What is to be made, in parts of which one is to be finished before the next."""

    def writer(self, taken: set[str]) -> Callable[[], Writer]:
        """Makes writers. taken: the names of files that are not ours."""

    def finish(self, batch: Any, after: Manifest) -> None:
        """Complete what a writer began, and tell of it in the manifest."""

    def remove(self, names: list[str]) -> int:
        """Remove files; the number of those that were there."""


def file_name(address: str) -> str:
    """The file for an address: a folder's page is its index.html."""
    return (address + "index.html" if address.endswith("/") else address).removeprefix("/")
