"""The output folder of builds: its lock, the manifest of what they wrote, and files replaced in one step."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import msgspec

from feedsvc.errors import OutputError

#: Tells of the files that builds wrote into a folder: no other file there is ever replaced or removed.
MANIFEST = ".feedsvc.json"
_LOCK = ".feedsvc.lock"
_TEMPORARY = ".feedsvc.{}.tmp"


class Made(msgspec.Struct, array_like=True):
    """A document as a build left it."""

    #: Of the document.
    revision: int
    #: Of its file and its compressed forms, by name: size, and time of last change in nanoseconds.
    files: dict[str, tuple[int, int]]


class Manifest(msgspec.Struct):
    """What builds wrote into a folder."""

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


def read_manifest(out: Path) -> Manifest:
    """What builds wrote into the folder; empty if none did. Raises OutputError if it can't be read."""
    try:
        manifest = msgspec.json.decode((out / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError:
        return Manifest("", {}, set())
    except msgspec.MsgspecError:
        manifest = None
    if manifest is None or not all(map(_is_inside, manifest.names)):
        raise OutputError(f"{out / MANIFEST}: not a list of feedsvc's files; restore it, or build into an empty folder")
    return manifest


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def write_manifest(out: Path, manifest: Manifest) -> None:
    """Put a manifest in the folder, in one step."""
    replace_file(out, MANIFEST, msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1))


def holds(path: Path, body: bytes) -> bool:
    """Whether a file is there with these bytes."""
    size, _ = file_state(path)
    return size == len(body) and path.is_file() and path.read_bytes() == body


def file_state(path: Path) -> tuple[int, int]:
    """Size and time of last change, in nanoseconds, of a file; (-1, -1) if there is none."""
    try:
        stat = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return -1, -1
    return stat.st_size, stat.st_mtime_ns


def replace_file(out: Path, name: str, body: bytes, mtime: int | None = None) -> None:
    """Write a file in one step. mtime: the time that it bears, in nanoseconds; now without it."""
    path, temporary = out / name, out / _TEMPORARY.format(os.getpid())
    try:
        with open(temporary, "wb") as file:
            file.write(body)
        if mtime is not None:
            os.utime(temporary, ns=(mtime, mtime))
        try:
            os.replace(temporary, path)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(temporary, path)
    except OSError:  # the disk may be full
        temporary.unlink(missing_ok=True)
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
