"""Record files on disk: finding them."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISLNK, S_ISREG

from msgspec import Struct

from feedsvc.errors import RecordsError
from feedsvc.records.registry import suffixes

#: What stands for a suffix where files that are passed over are counted, of a link whatever its name.
LINK = "symbolic link"
#: A suffix that says of what kind a file is.
_SUFFIX = re.compile(r"\.[a-z0-9]{1,10}")


class RecordFile(Struct, frozen=True, gc=False):
    """A file that may hold records, as it was when its folder was listed."""

    #: See `file_name`; of a folder that can't be read, with a slash at its end.
    name: str
    path: str
    size: int
    #: The later of mtime, which can be set back, and ctime, which can't; in nanoseconds since 1970.
    changed: int

    @property
    def is_unreadable_folder(self) -> bool:
        """Whether it is a folder that can't be read, which stands for what is in it."""
        return self.name.endswith("/")


def check_folder(folder: Path) -> None:
    """Raise RecordsError if a records folder isn't one that can be read."""
    try:
        os.scandir(folder).close()
    except OSError as error:
        raise RecordsError(f"{folder}: {error.strerror}; expected a folder of records") from error


def find_files(folder: Path, passed_over: Counter[str] | None = None) -> Iterator[RecordFile]:
    """Return all record files below a folder, in no particular order. Hidden ones and symbolic links are skipped.

    A folder below it that can't be read is returned as a file is. Raises RecordsError if the folder itself can't be.
    passed_over: where other files are counted, by suffix in lower case, or LINK; by an empty text if a name has none.
    """
    passed_over = Counter() if passed_over is None else passed_over
    top = os.fspath(folder)
    pending = [top]
    while pending:
        path = pending.pop()
        itself = RecordFile(f"{file_name(folder, path)}/", path, 0, 0)
        try:
            files, folders, is_whole = _list_folder(folder, path, passed_over)
        except OSError as error:
            if path == top:
                raise RecordsError(f"{folder}: {error.strerror}; expected a folder of records") from error
            if not isinstance(error, (FileNotFoundError, NotADirectoryError)):  # else it is gone
                yield itself
            continue
        yield from files
        if not is_whole:
            if path == top:
                raise RecordsError(f"{folder}: its files can't be looked at; expected a folder that can be read")
            yield itself
        pending += folders


def _list_folder(folder: Path, path: str, passed_over: Counter[str]) -> tuple[list[RecordFile], list[str], bool]:
    """Return (record files, paths of folders, whether these are all files) right in a folder. Raises OSError."""
    name = file_name(folder, path)
    prefix, start = f"{name}/" if name else "", os.path.join(path, "")
    files, folders, is_whole = list[RecordFile](), list[str](), True
    endings = suffixes()
    # A link that took the folder's place after its name was listed is not followed.
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | (os.O_NOFOLLOW if name else 0))
    try:
        with os.scandir(descriptor) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                is_named_so = entry.name.lower().endswith(endings)
                try:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(start + entry.name)
                    elif is_named_so:
                        stat = entry.stat(follow_symlinks=False)
                        if S_ISREG(stat.st_mode):
                            files.append(_record_file(prefix + spelled_out(entry.name), start + entry.name, stat))
                        elif S_ISLNK(stat.st_mode):
                            passed_over[LINK] += 1
                    elif entry.is_symlink():
                        passed_over[LINK] += 1
                    elif entry.is_file(follow_symlinks=False):
                        suffix = os.path.splitext(entry.name)[1].lower()
                        passed_over[suffix if _SUFFIX.fullmatch(suffix) else ""] += 1
                except FileNotFoundError:
                    continue
                except OSError:
                    is_whole = is_whole and not is_named_so
    finally:
        os.close(descriptor)
    return files, folders, is_whole


def find_folders(folder: Path) -> Iterator[str]:
    """Return the paths of the folders that `find_files` lists, the folder itself first, but for those out of reach."""
    pending = [os.fspath(folder)]
    while pending:
        path = pending.pop()
        try:
            with os.scandir(path) as entries:
                below = [
                    os.path.join(path, entry.name)
                    for entry in entries
                    if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
                ]
        except OSError:  # `find_files` gives it as one that can't be read, unless it is gone
            continue
        yield path
        pending += below


def find_file(folder: Path, path: str) -> RecordFile | None:
    """Return the record file at a path below a folder; None if `find_files` would not return it."""
    relative = os.path.relpath(path, folder)
    is_plain = os.path.realpath(path) == os.path.join(os.path.realpath(folder), relative)  # no link on the way
    is_hidden = any(part.startswith(".") for part in relative.split(os.sep))
    if not is_plain or is_hidden or not path.lower().endswith(suffixes()):
        return None
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return _record_file(file_name(folder, path), path, found) if S_ISREG(found.st_mode) else None


def file_name(folder: Path, path: str) -> str:
    """Return the name of a file below a folder: its relative path, as `spelled_out` writes it."""
    return spelled_out(path[len(os.fspath(folder).rstrip("/")) + 1 :])


def spelled_out(path: str) -> str:
    """Return a path with bytes that are not UTF-8 as `\\xff`, and each backslash doubled: names of paths are unique."""
    if "\\" in path:
        path = path.replace("\\", "\\\\")
    return path if path.isascii() else os.fsencode(path).decode("utf-8", "backslashreplace")


def path_of(name: str) -> str:
    """Return the relative path of which `spelled_out` made a name."""
    return os.fsdecode(re.sub(rb"\\\\|\\x[0-9a-f]{2}", lambda match: _BYTES[match[0]], name.encode()))


_BYTES = {rb"\\": b"\\"} | {b"\\x%02x" % byte: bytes([byte]) for byte in range(256)}


def _record_file(name: str, path: str, stat: os.stat_result) -> RecordFile:
    return RecordFile(name, path, stat.st_size, max(stat.st_mtime_ns, stat.st_ctime_ns))
