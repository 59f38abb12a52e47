"""Record files on disk: finding them."""

import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG

from msgspec import Struct

from feedsvc.errors import RecordsError
from feedsvc.records.folders import scan
from feedsvc.records.registry import suffixes


class RecordFile(Struct, frozen=True):
    """A file that may hold records, as a listing of the folder shows it."""

    #: See `file_name`. It ends in "/" for a folder that can't be read.
    name: str
    path: str
    size: int
    #: The later of mtime, which can be set back, and ctime, which can't; in nanoseconds since 1970.
    changed: int


def check_folder(folder: Path) -> None:
    """Raise RecordsError if a records folder isn't one that can be read."""
    try:
        os.scandir(folder).close()
    except OSError as error:
        raise RecordsError(f"{folder}: {error.strerror}; expected a folder of records") from error


def find_files(folder: Path) -> Iterator[RecordFile]:
    """All record files below a folder, in no particular order. Hidden ones and symbolic links are skipped.

    A folder below it that can't be read is told of as a file is. Raises RecordsError if the folder itself can't be.
    """
    pending = [os.fspath(folder)]
    while pending:
        files, folders, _ = list_folder(folder, pending.pop())
        pending += folders
        yield from files


def list_folder(folder: Path, path: str) -> tuple[list[RecordFile], list[str], str]:
    """What `find_files` finds right in a folder, which is `folder` or below it; the folders there; and its digest."""
    top = os.fspath(folder)
    itself = RecordFile(f"{file_name(folder, path)}/", path, 0, 0)
    try:
        scanned = scan(path, top)
    except OSError as error:
        if path == top:
            raise RecordsError(f"{folder}: {error.strerror}; expected a folder of records") from error
        is_gone = isinstance(error, (FileNotFoundError, NotADirectoryError))
        return [] if is_gone else [itself], [], ""
    endings = suffixes()
    files = [
        _record_file(folder, os.path.join(path, name), stat)
        for name, stat in scanned.others
        if name.lower().endswith(endings) and S_ISREG(stat.st_mode)
    ]
    if any(name.lower().endswith(endings) for name in scanned.out_of_reach):
        if path == top:
            raise RecordsError(f"{folder}: its files can't be looked at; expected a folder that can be read")
        files.append(itself)
    return files, scanned.folders, scanned.digest


def find_file(folder: Path, path: str) -> RecordFile | None:
    """The record file at a path below a folder; None if there is none that `find_files` would find."""
    relative = os.path.relpath(path, folder)
    is_plain = os.path.realpath(path) == os.path.join(os.path.realpath(folder), relative)  # no link on the way
    is_hidden = any(part.startswith(".") for part in relative.split(os.sep))
    if not is_plain or is_hidden or not path.lower().endswith(suffixes()):
        return None
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return _record_file(folder, path, found) if S_ISREG(found.st_mode) else None


def file_name(folder: Path, path: str) -> str:
    """The name of a file below a folder: relative, with `/`, as `spelled_out` has it."""
    return spelled_out(path[len(os.fspath(folder).rstrip("/")) + 1 :])


def spelled_out(path: str) -> str:
    """A path with bytes that are not UTF-8 as `\\xff`, and each backslash doubled: no two paths become the same."""
    if "\\" in path:
        path = path.replace("\\", "\\\\")
    return path if path.isascii() else os.fsencode(path).decode("utf-8", "backslashreplace")


def _record_file(folder: Path, path: str, stat: os.stat_result) -> RecordFile:
    return RecordFile(file_name(folder, path), path, stat.st_size, max(stat.st_mtime_ns, stat.st_ctime_ns))
