"""Where records come from: a folder of files, or mappings in memory.

What reads them is imported where it is needed: mostly, nothing has changed.
"""

import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from feedsvc.records.files import RecordFile, file_name, find_file, find_files, path_of, spelled_out
from feedsvc.records.libraries import library_versions
from feedsvc.records.sources import Source, default_source

if TYPE_CHECKING:
    from feedsvc.records.origins import Origins
    from feedsvc.records.reading import Content


class Records(Protocol):
    """Records that a sync reads into an index."""

    @property
    def name(self) -> str:
        """The name of the collection, for messages."""

    @property
    def fingerprint(self) -> str:
        """Differs from that of other collections, and of other rules to read them by: the index is made anew then."""

    def files(self, passed_over: Counter[str] | None = None) -> Iterable[RecordFile]:
        """Return all files, in no particular order. Raises RecordsError. passed_over: see `find_files`."""

    def find(self, path: str) -> tuple[str, RecordFile | None] | None:
        """Return (name, file) at a path, without the file if there is none.

        Return None if more than one file may have changed with the path, so that all have to be looked at.
        """

    def file(self, name: str) -> RecordFile | None:
        """Return the file with a name, or None if it is gone."""

    def read(self, file: RecordFile, known_hash: str = "", now: float = inf) -> "tuple[str, Content | None] | None":
        """Return (SHA-256, content) of a file, or None if it is gone; no content if the hash is the one known.

        now: the time of the sync, in seconds since 1970; see `parse_file`.
        """

    def origins(self, file: RecordFile) -> "Origins":
        """Return which keys the fields of a file's records come from; nothing if it can't be read."""


class RecordFolders(Struct, frozen=True):
    """The record files in the folders of sources, and all below them. The first source that claims a file has it."""

    sources: tuple[Source, ...]

    @property
    def name(self) -> str:
        return ", ".join(spelled_out(str(source.folder)) for source in self.sources)

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(repr((self.sources, library_versions())).encode()).hexdigest()

    def files(self, passed_over: Counter[str] | None = None) -> Iterator[RecordFile]:
        for source in self.sources:
            for file in find_files(source.folder, passed_over):
                if file.is_unreadable_folder or (source.claims(file.name) and self._first_of(file.path) is source):
                    yield _prefixed(file, source)
                elif passed_over is not None and not self._first_of(file.path):
                    passed_over[os.path.splitext(file.name)[1].lower()] += 1

    def find(self, path: str) -> tuple[str, RecordFile | None] | None:
        source = self._first_of(path) or next((each for each in self.sources if _is_below(path, each)), None)
        if not source or os.path.isdir(path) or not os.access(os.path.dirname(path), os.R_OK | os.X_OK):
            return None
        name = file_name(source.folder, path)
        file = find_file(source.folder, path) if source.claims(name) else None
        return f"{source.prefix}{name}", file and _prefixed(file, source)

    def file(self, name: str) -> RecordFile | None:
        source = self.source(name)
        if not source:
            return None
        file = find_file(source.folder, os.path.join(source.folder, path_of(name.removeprefix(source.prefix))))
        return file and _prefixed(file, source)

    def read(self, file: RecordFile, known_hash: str = "", now: float = inf) -> "tuple[str, Content | None] | None":
        from feedsvc.records.reading import read_file

        return read_file(file, known_hash, self.source(file.name), now)

    def origins(self, file: RecordFile) -> "Origins":
        from feedsvc.records.origins import Origins, explain_file
        from feedsvc.records.reading import read_bytes

        try:
            data = read_bytes(file)
        except OSError:
            return Origins()
        return explain_file(file.name, data, self.source(file.name) or default_source())

    def source(self, name: str) -> Source | None:
        """Return the source of a file with a name, or None."""
        for source in self.sources:
            if name.startswith(source.prefix) and source.claims(name.removeprefix(source.prefix)):
                return source
        return None

    def _first_of(self, path: str) -> Source | None:
        """Return the first source that claims the file at a path, or None."""
        if len(self.sources) == 1 and not self.sources[0].is_selective:
            return self.sources[0] if _is_below(path, self.sources[0]) else None
        for source in self.sources:
            if _is_below(path, source) and source.claims(file_name(source.folder, path)):
                return source
        return None


def load_reading() -> None:
    """Load the libraries that most records are read by, which takes a while, by reading one."""
    from feedsvc.records.reading import parse_file

    parse_file("record.md", b"---\ntitle: T\nwebUrl: https://example.com/\npublishedDateTime: 2020-01-01\n---\n")


def _is_below(path: str, source: Source) -> bool:
    return path.startswith(source.start)


def _prefixed(file: RecordFile, source: Source) -> RecordFile:
    """Return a file with its name among those of all sources."""
    return replace(file, name=source.prefix + file.name) if source.prefix else file


class RecordMappings(Struct, frozen=True):
    """Mappings in memory, each of which is a file that holds one record. Sync them in this process."""

    mappings: Sequence[Mapping[str, Any]]
    source: Source = field(default_factory=default_source)

    @property
    def name(self) -> str:
        return "records in memory"

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(repr((self.source, library_versions())).encode()).hexdigest()

    def files(self, passed_over: Counter[str] | None = None) -> Iterator[RecordFile]:
        """Return a file for each mapping: `record 1` and so on, with zeros, so that they sort as the list does."""
        width = len(str(len(self.mappings)))
        now = time.time_ns()  # so recent that each is read by every sync: it may have changed
        for number in range(len(self.mappings)):
            yield RecordFile(f"record {number + 1:0{width}}", "", 0, now)

    def find(self, path: str) -> None:
        return None

    def file(self, name: str) -> RecordFile | None:
        return next((file for file in self.files() if file.name == name), None)

    def read(self, file: RecordFile, known_hash: str = "", now: float = inf) -> "tuple[str, Content | None]":
        from feedsvc.records.reading import parse_mapping

        mapping = self._mapping(file)
        try:
            data = json.dumps(mapping, default=repr, skipkeys=True)
        except (ValueError, RecursionError):  # it is nested in itself
            return "", parse_mapping(mapping, file.name, self.source, now)
        hash = hashlib.sha256(data.encode()).hexdigest()
        return hash, None if hash == known_hash else parse_mapping(mapping, file.name, self.source, now)

    def origins(self, file: RecordFile) -> "Origins":
        from feedsvc.records.memory import value_in_memory
        from feedsvc.records.origins import Origins, explain_values

        try:
            return explain_values(file.name, [(value_in_memory(self._mapping(file)), 1)], "", self.source)
        except RecursionError:
            return Origins()

    def _mapping(self, file: RecordFile) -> Mapping[str, Any]:
        return self.mappings[int(file.name.removeprefix("record ")) - 1]
