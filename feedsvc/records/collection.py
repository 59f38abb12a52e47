"""Where records come from: a folder of files, or mappings in memory."""

import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from feedsvc.records.files import RecordFile, file_name, find_file, find_files, path_of
from feedsvc.records.reading import Content, parse_mapping, read_file


class Records(Protocol):
    """Records that a sync reads into an index."""

    @property
    def name(self) -> str:
        """The name of the collection. The index is made anew if another one is synced."""

    def files(self, passed_over: Counter[str] | None = None) -> Iterable[RecordFile]:
        """Return all files, in no particular order. Raises RecordsError. passed_over: see `find_files`."""

    def find(self, path: str) -> tuple[str, RecordFile | None] | None:
        """Return (name, file) at a path, without the file if there is none.

        Return None if more than one file may have changed with the path, so that all have to be looked at.
        """

    def file(self, name: str) -> RecordFile | None:
        """Return the file with a name, or None if it is gone."""

    def read(self, file: RecordFile, known_hash: str = "") -> tuple[str, Content | None] | None:
        """Return (SHA-256, content) of a file, or None if it is gone; no content if the hash is the one known."""


@dataclass(frozen=True, slots=True)
class RecordFolder:
    """The record files in a folder and all below it."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path)

    def files(self, passed_over: Counter[str] | None = None) -> Iterator[RecordFile]:
        return find_files(self.path, passed_over)

    def find(self, path: str) -> tuple[str, RecordFile | None] | None:
        is_below = path.startswith(f"{self.path}{os.sep}")
        if not is_below or os.path.isdir(path) or not os.access(os.path.dirname(path), os.R_OK | os.X_OK):
            return None
        return file_name(self.path, path), find_file(self.path, path)

    def file(self, name: str) -> RecordFile | None:
        return find_file(self.path, os.path.join(self.path, path_of(name)))

    def read(self, file: RecordFile, known_hash: str = "") -> tuple[str, Content | None] | None:
        return read_file(file, known_hash)


@dataclass(frozen=True, slots=True)
class RecordMappings:
    """Mappings in memory, each of which is a file that holds one record. Sync them in this process."""

    mappings: Sequence[Mapping[str, Any]]

    @property
    def name(self) -> str:
        return "records in memory"

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

    def read(self, file: RecordFile, known_hash: str = "") -> tuple[str, Content | None]:
        mapping = self.mappings[int(file.name.removeprefix("record ")) - 1]
        try:
            data = json.dumps(mapping, default=repr, skipkeys=True)
        except (ValueError, RecursionError):  # it is nested in itself
            return "", parse_mapping(mapping, file.name)
        hash = hashlib.sha256(data.encode()).hexdigest()
        return hash, None if hash == known_hash else parse_mapping(mapping, file.name)
