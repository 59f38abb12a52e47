"""A folder as a build's output: its lock, files replaced in one step, and compressed forms beside them."""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from feedsvc.build.output import MANIFEST, NEVER, Groups, Made, Manifest, State, file_name
from feedsvc.errors import OutputError
from feedsvc.feeds.documents import Document
from feedsvc.feeds.encodings import ENCODINGS, MIN_BYTES, encode

_LOCK = ".feedsvc.lock"
_TEMPORARY = ".feedsvc.{}.tmp"


class Folder:
    """An `Output` whose objects are files. precompress: whether compressed forms stand beside them."""

    def __init__(self, out: Path, precompress: bool) -> None:
        self.out = out
        self.encodings = ENCODINGS if precompress else {}

    @contextmanager
    def opened(self) -> Iterator[None]:
        with errors_explained(self.out), locked(self.out):
            yield

    def read_manifest(self) -> Manifest:
        try:
            return Manifest.parse((self.out / MANIFEST).read_bytes(), str(self.out / MANIFEST))
        except FileNotFoundError:
            return Manifest("", {}, set())

    def write_manifest(self, manifest: Manifest) -> None:
        replace_file(self.out, MANIFEST, manifest.text())

    def is_there(self, name: str) -> bool:
        return os.path.lexists(f"{self.out}/{name}")

    def is_as_left(self, name: str, state: State) -> bool:
        return file_state(f"{self.out}/{name}") == state

    def names(self, address: str) -> list[str]:
        return [file_name(address) + suffix for suffix in ("", *(ENCODINGS[name][0] for name in self.encodings))]

    def stages(self, stale: Groups) -> list[Groups]:
        return [stale]

    def writer(self, taken: set[str]) -> "partial[_Files]":
        return partial(_Files, self.out, taken, list(self.encodings))

    def finish(self, batch: "_Files", after: Manifest) -> None:
        after.made.update(batch.made)

    def remove(self, names: list[str]) -> int:
        return sum(remove_file(self.out, name) for name in names)


class _Files:
    """The files of some documents, and what became of them."""

    def __init__(self, out: Path, taken: set[str], encodings: Iterable[str]) -> None:
        self.out = out
        self.taken = taken
        self.encodings = encodings
        self.made: dict[str, Made] = {}
        self.written = 0
        self.unchanged = 0
        self.in_the_way: list[Path | str] = []

    def put(self, address: str, document: Document) -> None:
        """Bring a document's file and its compressed forms in step."""
        obstacles = len(self.in_the_way)
        made = self.made[address] = Made(document.revision, {})
        name, body = file_name(address), document.body
        if self._bring(made, name, body, holds(f"{self.out}/{name}", body)) and len(body) >= MIN_BYTES:
            # A form bears its file's time: servers tell the same Last-Modified of both, and so we know a form of an
            # older body, left by a build that was killed, without compressing anything.
            _, mtime = file_state(f"{self.out}/{name}")
            for encoding in self.encodings:
                form = name + ENCODINGS[encoding][0]
                is_right = form not in self.taken and file_state(f"{self.out}/{form}")[1] == mtime
                self._bring(made, form, b"" if is_right else encode(body, encoding), is_right, mtime)
        if len(self.in_the_way) > obstacles:
            made.revision = NEVER  # so that the next build tries again

    def _bring(self, made: Made, name: str, body: bytes, is_right: bool, mtime: int | None = None) -> bool:
        """Write a file unless it is right, or one of others is in its way; whether it is right now."""
        if is_right:
            self.unchanged += 1
        elif not self._write(name, body, mtime):
            self.in_the_way.append(self.out / name)
            return False
        if name not in self.taken:
            made.files[name] = file_state(f"{self.out}/{name}")
        return True

    def _write(self, name: str, body: bytes, mtime: int | None) -> bool:
        if name in self.taken:
            return False
        try:
            replace_file(self.out, name, body, mtime)
        except (IsADirectoryError, NotADirectoryError, FileExistsError):
            return False
        self.written += 1
        return True


@contextmanager
def errors_explained(out: Path) -> Iterator[None]:
    """Raise OutputError for what goes wrong in writing the folder."""
    try:
        yield
    except OSError as error:
        path = error.filename or out
        raise OutputError(f"{path}: {error.strerror}; expected a folder that can be written") from error


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Make the folder, and keep other builds out of it meanwhile. What killed ones left half-written is removed."""
    out.mkdir(parents=True, exist_ok=True)
    with open(out / _LOCK, "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in out.glob(_TEMPORARY.format("*")):
            left.unlink(missing_ok=True)
        yield


def holds(path: str, body: bytes) -> bool:
    """Whether a file is there with these bytes."""
    size, _ = file_state(path)
    return size == len(body) and os.path.isfile(path) and Path(path).read_bytes() == body


def file_state(path: Path | str) -> tuple[int, int]:
    """Size and time of last change, in nanoseconds, of a file; (-1, -1) if there is none."""
    try:
        stat = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return -1, -1
    return stat.st_size, stat.st_mtime_ns


def replace_file(out: Path, name: str, body: bytes, mtime: int | None = None) -> None:
    """Write a file in one step. mtime: the time that it bears, in nanoseconds; now without it."""
    # Paths as text: Path takes as long to join them as the file takes to be written.
    path, temporary = f"{out}/{name}", f"{out}/{_TEMPORARY.format(os.getpid())}"
    try:
        with open(temporary, "wb") as file:
            file.write(body)
        if mtime is not None:
            os.utime(temporary, ns=(mtime, mtime))
        try:
            os.replace(temporary, path)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.replace(temporary, path)
    except OSError:  # the disk may be full
        Path(temporary).unlink(missing_ok=True)
        raise


def remove_file(out: Path, name: str) -> bool:
    """Remove a file, and the folders that it leaves empty; whether it was there."""
    path = out / name
    if not path.is_file():
        return False
    path.unlink()
    for folder in path.parents:
        if folder == out or not folder.is_dir() or any(folder.iterdir()):
            break
        folder.rmdir()
    return True
