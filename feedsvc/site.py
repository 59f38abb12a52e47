"""The offline build: every document as a file, and only what changed is written."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from feedsvc.documents import Documents
from feedsvc.encodings import ENCODINGS, MIN_BYTES, encode
from feedsvc.errors import OutputError

#: Lists the files that builds wrote into a folder: no other file there is ever replaced or removed.
MANIFEST = ".feedsvc.json"
_LOCK = ".feedsvc.lock"
_TEMPORARY = ".feedsvc.tmp"


@dataclass(frozen=True, slots=True)
class BuildResult:
    """How many files a build wrote, found as they should be, and removed; and those of others that are in its way.

    Compressed forms count as files.
    """

    written: int
    unchanged: int
    removed: int
    in_the_way: tuple[Path, ...]


def file_name(address: str) -> str:
    """The file, relative to the output folder, for an address: a folder's page is its index.html."""
    return (address + "index.html" if address.endswith("/") else address).removeprefix("/")


def build(documents: Documents, out: Path, progress: Callable[[int, int], None]) -> BuildResult:
    """Bring the files in a folder in step with the documents. Raises OutputError and IndexUnusableError.

    Each file is replaced in one step. progress: called with the number of documents looked at, and of all.
    """
    addresses = documents.addresses()
    encodings = {name: suffix for name, (suffix, _) in ENCODINGS.items()} if documents.config.build.precompress else {}
    names = {file_name(address) + suffix for address in addresses for suffix in ("", *encodings.values())}
    with _explained(out), _locked(out):
        owned = _read_manifest(out)
        # Whatever this build may write is listed first: should it be killed, the next one knows its files.
        folder = _Folder(out, owned | {name for name in names - owned if not os.path.lexists(out / name)})
        _write_manifest(out, folder.ours)
        try:
            for done, address in enumerate(addresses, 1):
                document = documents.get(address)
                if document:  # else its last story went since the addresses were listed
                    folder.put(file_name(address), document.body, encodings)
                progress(done, len(addresses))
        except OSError:
            (out / _TEMPORARY).unlink(missing_ok=True)
            _write_manifest(out, owned | folder.written)  # what was not written is not ours
            raise
        present = (folder.written | folder.unchanged) & folder.ours
        removed = sum(_remove(out, name) for name in sorted(owned - present))
        _write_manifest(out, present)
    return BuildResult(len(folder.written), len(folder.unchanged), removed, tuple(folder.in_the_way))


class _Folder:
    """The output folder during a build, and what became of its files.

    ours: the names that may be written.
    """

    def __init__(self, out: Path, ours: set[str]) -> None:
        self.out = out
        self.ours = ours
        self.written: set[str] = set()
        self.unchanged: set[str] = set()
        self.in_the_way: list[Path] = []

    def put(self, name: str, body: bytes, encodings: dict[str, str]) -> None:
        """Bring a file and its compressed forms in step; encodings: the forms' suffixes by encoding."""
        if _holds(self.out / name, body):
            self.unchanged.add(name)
        elif not self._write(name, body):
            return  # a compressed form would be delivered in place of the file that is there
        if len(body) < MIN_BYTES:
            return
        # A form bears its file's time: servers tell the same Last-Modified of both, and so we know a form of an
        # older body, left by a build that was killed, without compressing anything.
        mtime = _mtime(self.out / name)
        for encoding, suffix in encodings.items():
            form = name + suffix
            if form in self.ours and _mtime(self.out / form) == mtime:
                self.unchanged.add(form)
                continue
            self._write(form, encode(body, encoding), mtime)

    def _write(self, name: str, body: bytes, mtime: int | None = None) -> bool:
        """Write a file unless one of others is in its way; whether that was done."""
        if name in self.ours:
            try:
                _replace(self.out, name, body, mtime)
            except (IsADirectoryError, NotADirectoryError, FileExistsError):
                (self.out / _TEMPORARY).unlink(missing_ok=True)
                self.ours.discard(name)
            else:
                self.written.add(name)
                return True
        self.in_the_way.append(self.out / name)
        return False


@contextmanager
def _explained(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        path = error.filename or out
        raise OutputError(f"{path}: {error.strerror}; expected a folder that can be written") from error


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Make the folder, and keep other builds out of it meanwhile."""
    out.mkdir(parents=True, exist_ok=True)
    with open(out / _LOCK, "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read_manifest(out: Path) -> set[str]:
    try:
        names = json.loads((out / MANIFEST).read_bytes())
    except FileNotFoundError:
        return set()
    except ValueError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) and _is_inside(name) for name in names):
        raise OutputError(f"{out / MANIFEST}: not a list of feedsvc's files; restore it, or build into an empty folder")
    return set(names)


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _write_manifest(out: Path, names: set[str]) -> None:
    body = json.dumps(sorted(names), indent=0).encode()
    if not _holds(out / MANIFEST, body):
        _replace(out, MANIFEST, body)


def _holds(path: Path, body: bytes) -> bool:
    try:
        return path.stat().st_size == len(body) and path.read_bytes() == body
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return False


def _mtime(path: Path) -> int | None:
    """When a file was last changed, in nanoseconds; None if there is none."""
    try:
        return path.stat().st_mtime_ns
    except (FileNotFoundError, NotADirectoryError):
        return None


def _replace(out: Path, name: str, body: bytes, mtime: int | None = None) -> None:
    """Write a file in one step. mtime: the time that it bears, in nanoseconds; now without it."""
    path = out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    (out / _TEMPORARY).write_bytes(body)
    if mtime is not None:
        os.utime(out / _TEMPORARY, ns=(mtime, mtime))
    os.replace(out / _TEMPORARY, path)


def _remove(out: Path, name: str) -> bool:
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
