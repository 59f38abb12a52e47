"""The offline build: every document as a file, and only what changed is written."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from feedsvc.documents import Documents
from feedsvc.errors import OutputError

#: Lists the files that builds wrote into a folder: no other file there is ever replaced or removed.
MANIFEST = ".feedsvc.json"
_LOCK = ".feedsvc.lock"
_TEMPORARY = ".feedsvc.tmp"


@dataclass(frozen=True, slots=True)
class BuildResult:
    """How many files a build wrote, found as they should be, and removed; and those of others that are in its way."""

    written: int
    unchanged: int
    removed: int
    in_the_way: tuple[Path, ...]


def file_name(address: str) -> str:
    """The file, relative to the output folder, for an address: a folder's page is its index.html."""
    return (address + "index.html" if address.endswith("/") else address).removeprefix("/")


def build(documents: Documents, out: Path, progress: Callable[[int, int], None]) -> BuildResult:
    """Bring the files in a folder in step with the documents. Raises OutputError and IndexUnusableError.

    Each file is replaced in one step. progress: called with the number of files looked at, and of all.
    """
    addresses = documents.addresses()
    names = {file_name(address) for address in addresses}
    written = unchanged = removed = 0
    in_the_way = []
    with _explained(out), _locked(out):
        owned = _read_manifest(out)
        # Whatever this build may write is listed first: should it be killed, the next one knows its files.
        free = {name for name in names - owned if not os.path.lexists(out / name)}
        _write_manifest(out, owned | free)
        kept = set(free | owned)
        for done, address in enumerate(addresses, 1):
            name = file_name(address)
            document = documents.get(address)
            if document:  # else its last story went since the addresses were listed
                if _holds(out / name, document.body):
                    kept.add(name)
                    unchanged += 1
                elif name in kept:
                    _replace(out, name, document.body)
                    written += 1
                else:
                    in_the_way.append(out / name)
            progress(done, len(addresses))
        for name in sorted(owned - names):
            removed += _remove(out, name)
        _write_manifest(out, kept & names)
    return BuildResult(written, unchanged, removed, tuple(in_the_way))


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
    body = json.dumps(sorted(names), indent=0, ensure_ascii=False).encode()
    if not _holds(out / MANIFEST, body):
        _replace(out, MANIFEST, body)


def _holds(path: Path, body: bytes) -> bool:
    try:
        return path.stat().st_size == len(body) and path.read_bytes() == body
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return False


def _replace(out: Path, name: str, body: bytes) -> None:
    path = out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    (out / _TEMPORARY).write_bytes(body)
    os.replace(out / _TEMPORARY, path)


def _remove(out: Path, name: str) -> bool:
    """Remove a file, and the folders that it leaves empty; whether it was there."""
    path = out / name
    found = path.is_file()
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == out or not folder.is_dir() or any(folder.iterdir()):
            break
        folder.rmdir()
    return found
