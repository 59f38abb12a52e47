"""A directory as a build's output: locked, its files replaced in one step, with compressed copies beside them."""

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from stat import S_ISLNK, S_ISREG

from feedsvc.build.files import TEMPORARY, digest, file_state, holds, remove_file, replace_file
from feedsvc.build.manifest import MANIFEST, NEVER, Manifest, ManifestEntry, State, file_name, parts
from feedsvc.build.output import Groups, OutputScheme
from feedsvc.build.output_checks import check_folder
from feedsvc.config import Config
from feedsvc.errors import OutputError
from feedsvc.feeds.encodings import ENCODINGS, MIN_BYTES, encode
from feedsvc.feeds.writing import Document

_LOCK = ".feedsvc.lock"


class Directory:
    """An `Output` in a directory, which is made if need be. precompress: whether compressed copies are written.

    It may be a symbolic link itself, but nothing is written or removed through one that is below it.
    """

    def __init__(self, path: Path, precompress: bool) -> None:
        self.path = self.folder = path
        self.encodings = list(ENCODINGS) if precompress else []
        self._is_dry = False
        #: What `_is_closed` found.
        self._closed: dict[str, bool | None] = {}

    @contextmanager
    def opened(self, *, dry_run: bool) -> Iterator[None]:
        """Hold the lock of the directory, so that there is one build at a time; a dry run needs none."""
        self._is_dry = dry_run
        with _errors_explained(self.path):
            for path in (self.path / MANIFEST, self.path / _LOCK):
                if path.exists() and not path.is_file():  # to read a pipe would take for ever
                    raise OutputError(f"{path}: not a file; expected one that feedsvc wrote, or none")
            with nullcontext() if dry_run else _locked(self.path):
                yield

    def read_manifest(self) -> Manifest:
        try:
            return Manifest.parse((self.path / MANIFEST).read_bytes(), str(self.path / MANIFEST))
        except FileNotFoundError:
            return Manifest("", {}, set())

    def write_manifest(self, manifest: Manifest) -> None:
        if not self._is_dry:
            replace_file(self.path, MANIFEST, manifest.text())

    def where(self, name: str) -> Path:
        return self.path / name

    def changed(self, states: Mapping[str, State]) -> set[str]:
        found, folder = set(), str(self.path)
        for name, state in states.items():
            size, mtime = file_state(f"{folder}/{name}")
            known_size, known_mtime, _ = parts(state)
            if size != known_size or str(mtime) != known_mtime:
                found.add(name)
        return found

    def foreign(self, names: Iterable[str], states: Mapping[str, State | None]) -> set[str]:
        found = set()
        for name in names:
            is_closed = self._is_closed(os.path.dirname(name))
            if is_closed or (is_closed is False and self._is_foreign(name, states)):
                found.add(name)
        return found

    def _is_closed(self, folder: str) -> bool | None:
        """Return whether a folder below the output is, or is in, a symbolic link or a disk mounted to be read alone.

        None if there is no such folder.
        """
        if not folder:
            return False
        if folder not in self._closed:
            path, is_closed = f"{self.path}/{folder}", self._is_closed(os.path.dirname(folder))
            if is_closed is False:
                try:
                    is_link = S_ISLNK(os.lstat(path).st_mode)
                    is_closed = is_link or (os.path.ismount(path) and bool(os.statvfs(path).f_flag & os.ST_RDONLY))
                except (FileNotFoundError, NotADirectoryError):
                    is_closed = None
            self._closed[folder] = is_closed
        return self._closed[folder]

    def _is_foreign(self, name: str, states: Mapping[str, State | None]) -> bool:
        path = f"{self.path}/{name}"
        try:
            found = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        if name not in states:
            return True
        state = states[name]
        return state is not None and not _is_as_left(path, found, state)

    def file_names(self, address: str) -> list[str]:
        return [file_name(address) + suffix for suffix in ("", *(ENCODINGS[name][0] for name in self.encodings))]

    def stages(self, stale: Groups) -> list[Groups]:
        return [stale]

    def writer(self, foreign: set[str]) -> "partial[FileWriter]":
        return partial(FileWriter, self.path, foreign, self.encodings, self._is_dry)

    def finish(self, writer: "FileWriter", manifest: Manifest) -> None:
        manifest.entries.update(writer.entries)

    def remove(self, names: list[str]) -> list[str]:
        there = [name for name in names if (self.path / name).is_file()]
        for name in () if self._is_dry else there:
            remove_file(self.path, name)
        return there


def _open(path: str, config: Config) -> Directory:
    check_folder(Path(path), config)
    return Directory(Path(path), config.build.precompress)


#: The scheme without a name: its addresses are paths.
SCHEME = OutputScheme(name="", open=_open)


class FileWriter:
    """A `Writer` that writes files at once. foreign: names of files that are not ours. is_dry: see `Output.opened`."""

    def __init__(self, path: Path, foreign: set[str], encodings: Iterable[str], is_dry: bool) -> None:
        self.path = path
        self.is_dry = is_dry
        self.foreign = foreign
        self.encodings = encodings
        self.entries: dict[str, ManifestEntry] = {}
        self.written: list[str] = []
        self.unchanged = 0
        self.conflicts: list[Path | str] = []

    def put(self, address: str, document: Document) -> None:
        """Write a document's file and its compressed copies where they differ, and note its manifest entry."""
        entry = self.entries[address] = ManifestEntry(document.revision, {}, document.outline)
        name, body = file_name(address), document.body
        is_right = holds(f"{self.path}/{name}", body)
        if self._update(entry, name, body, is_right) and self.encodings and len(body) >= MIN_BYTES:
            self._update_copies(entry, name, body, will_change=self.is_dry and not is_right)

    def _update_copies(self, entry: ManifestEntry, name: str, body: bytes, *, will_change: bool) -> None:
        """Write the compressed copies of a file where they differ. will_change: whether the file isn't right yet.

        A copy has its file's time: servers send the same Last-Modified for both. So a copy of an older body, from a
        build that was killed, is found without compressing anything.
        """
        _, mtime = file_state(f"{self.path}/{name}")
        for encoding in self.encodings:
            copy = name + ENCODINGS[encoding][0]
            path = f"{self.path}/{copy}"
            is_right = copy not in self.foreign and file_state(path)[1] == mtime and not will_change
            copied = Path(path).read_bytes() if is_right else b"" if self.is_dry else encode(body, encoding)
            self._update(entry, copy, copied, is_right, mtime)

    def _update(self, entry: ManifestEntry, name: str, body: bytes, is_right: bool, mtime: int | None = None) -> bool:
        """Return whether a file is right now: it was, or was written. A foreign file in its place is a conflict."""
        if is_right:
            self.unchanged += 1
            state = file_state(f"{self.path}/{name}")
        elif written := self._write(name, body, mtime):
            state = written
        else:
            self.conflicts.append(self.path / name)
            entry.revision = NEVER  # so that the next build tries again
            return False
        if name not in self.foreign:
            size, changed = state
            entry.files[name] = size, f"{changed} {digest(body)}"
        return True

    def _write(self, name: str, body: bytes, mtime: int | None) -> tuple[int, int] | None:
        """Return the state of the file that was written; None if something else is in its place."""
        if name in self.foreign or (self.is_dry and _is_in_the_way(self.path, name)):
            return None
        try:
            state = file_state(f"{self.path}/{name}") if self.is_dry else replace_file(self.path, name, body, mtime)
        except (IsADirectoryError, NotADirectoryError, FileExistsError):
            return None
        self.written.append(name)
        return state


def _is_in_the_way(directory: Path, name: str) -> bool:
    """Return whether something else is where a file or one of its folders should be, so that it can't be written."""
    path = directory / name
    folders = path.parents[: len(Path(name).parts) - 1]
    return path.is_dir() or any(folder.exists() and not folder.is_dir() for folder in folders)


@contextmanager
def _errors_explained(directory: Path) -> Iterator[None]:
    """Raise OutputError for errors of the operating system."""
    try:
        yield
    except OSError as error:
        path = error.filename or directory
        raise OutputError(f"{path}: {error.strerror}; expected a folder that can be written") from error


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Make a directory, wait for its lock, and remove the temporary files of builds that were killed."""
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / _LOCK, "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folders = [directory, *(path for path in directory.iterdir() if os.path.ismount(path))]
        for temporary in (path for folder in folders for path in folder.glob(TEMPORARY.format("*"))):
            temporary.unlink(missing_ok=True)
        yield


def _is_as_left(path: str, found: os.stat_result, state: State) -> bool:
    """Return whether the file at a path is as a build left it. Its time alone may differ: copies have another.

    found: of the path itself.
    """
    size, mtime, known_digest = parts(state)
    if not S_ISREG(found.st_mode) or found.st_size != size:
        return False
    # Manifests of earlier versions have no digest.
    return str(found.st_mtime_ns) == mtime or not known_digest or digest(Path(path).read_bytes()) == known_digest
