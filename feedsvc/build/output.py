"""What a build writes into: the interface of outputs, and the registry of their schemes."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from feedsvc.build.manifest import Manifest, State
from feedsvc.config import Config
from feedsvc.errors import OutputError
from feedsvc.feeds.addresses import Address
from feedsvc.feeds.writing import Document

#: Addresses, in one list for each feed: its documents are made together.
Groups = list[list[Address]]


class Writer(Protocol):
    """Takes the documents of one batch. It may be used in another process, and is sent back from there."""

    #: The names of files written, and the number of those that were right already.
    written: list[str]
    unchanged: int
    #: Foreign files where files of ours should be.
    conflicts: list[Path | str]

    def put(self, address: str, document: Document) -> None:
        """Write the files of a document where they differ, or prepare them for `Output.finish`."""


class Output(Protocol):
    """A place for the files of a build. File names are relative to it. Its methods raise OutputError."""

    @property
    def folder(self) -> Path | None:
        """The folder that it is; None if it isn't one."""

    def opened(self, *, dry_run: bool) -> AbstractContextManager[None]:
        """Return the context in which all other methods are called.

        dry_run: whether nothing is written or removed, though the methods and writers return what they would do.
        """

    def read_manifest(self) -> Manifest:
        """Return the manifest of earlier builds, which is empty if there were none."""

    def write_manifest(self, manifest: Manifest) -> None:
        """Replace the manifest in one step."""

    def where(self, name: str) -> Path | str:
        """Return the path or the address of a file."""

    def changed(self, states: Mapping[str, State]) -> set[str]:
        """Return the files that are not in the states that the manifest has for them, by name, without reading any."""

    def foreign(self, names: Iterable[str], states: Mapping[str, State | None]) -> set[str]:
        """Return those of some names that are not to be written: there is something else than what a build left.

        states: of the files of earlier builds, by name; None for one that a build was killed at, which may have any.
        """

    def file_names(self, address: str) -> list[str]:
        """Return the names of all files that the document at an address may be written to, its own first."""

    def stages(self, stale: Groups) -> list[Groups]:
        """Return the addresses to be written, in parts of which each is finished before the next one begins."""

    def writer(self, foreign: set[str]) -> Callable[[], Writer]:
        """Return a function that makes writers. foreign: names of files that are not ours, and are not replaced."""

    def finish(self, writer: Any, manifest: Manifest) -> None:
        """Complete what a writer prepared, and add the entries of its documents to a manifest."""

    def remove(self, names: list[str]) -> list[str]:
        """Remove files, and return the names of those that existed."""


class OutputScheme(Struct, frozen=True, kw_only=True):
    """A kind of output, which `register` makes known by the scheme of its addresses."""

    #: As in NAME://...; empty for a directory, whose address is a path.
    name: str
    #: Opens the output at an address. It raises OutputError, and writes nothing.
    open: Callable[[str, Config], Output]
    #: The module that it needs, and the command that installs it; empty for none.
    module: str = ""
    install: str = ""


_schemes: dict[str, OutputScheme] = {}


def register(scheme: OutputScheme) -> None:
    """Make a scheme known to `open_output`, in place of one of the same name."""
    _schemes[scheme.name] = scheme


def open_output(address: Path | str, config: Config) -> Output:
    """Return the output at an address: a directory's path, or SCHEME://... of a registered scheme.

    Nothing is written yet. Raises OutputError if the scheme is unknown, a library for it is not installed, or the
    folder is one that must not be written to.
    """
    name, separator, _ = str(address).partition("://")
    scheme = _schemes.get(name if separator else "")
    if scheme is None:
        known = ", ".join(f"{known}://" for known in sorted(_schemes) if known)
        expected = f"a folder, or an address that begins with one of {known}"
        raise OutputError(f"{address}: {name}:// is not a scheme that feedsvc knows; expected {expected}")
    if scheme.module:
        try:
            import_module(scheme.module)
        except ImportError as error:
            reason = f"{scheme.module} is not installed; expected it: {scheme.install}"
            raise OutputError(f"{address}: {reason}") from error
    return scheme.open(str(address), config)
