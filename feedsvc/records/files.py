"""Record files on disk: finding them, and reading one into records and problems."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from stat import S_ISREG

from msgspec import Struct

from feedsvc.errors import RecordsError
from feedsvc.model import Problem, Record
from feedsvc.records.folders import scan
from feedsvc.records.json_syntax import read_json
from feedsvc.records.parse import parse_record
from feedsvc.records.reader import note
from feedsvc.records.syntax import read_yaml, split_front_matter
from feedsvc.records.values import Fields, Items, SyntaxProblem

SUFFIXES = (".md", ".markdown", ".txt", ".yaml", ".yml", ".json")
#: Larger files are refused unread: one record is some kilobytes.
MAX_BYTES = 32 * 1024 * 1024


class RecordFile(Struct, frozen=True):
    """A file that may hold records, as a listing of the folder shows it."""

    #: See `file_name`. It ends in "/" for a folder that can't be read.
    name: str
    path: str
    size: int
    #: The later of mtime, which can be set back, and ctime, which can't; in nanoseconds since 1970.
    changed: int


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds: its records in order, and every problem."""

    records: tuple[Record, ...] = ()
    problems: tuple[Problem, ...] = ()


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
    files = [
        _record_file(folder, os.path.join(path, name), stat)
        for name, stat in scanned.others
        if name.lower().endswith(SUFFIXES) and S_ISREG(stat.st_mode)
    ]
    if any(name.lower().endswith(SUFFIXES) for name in scanned.out_of_reach):
        if path == top:
            raise RecordsError(f"{folder}: its files can't be looked at; expected a folder that can be read")
        files.append(itself)
    return files, scanned.folders, scanned.digest


def find_file(folder: Path, path: str) -> RecordFile | None:
    """The record file at a path below a folder; None if there is none that `find_files` would find."""
    relative = os.path.relpath(path, folder)
    is_plain = os.path.realpath(path) == os.path.join(os.path.realpath(folder), relative)  # no link on the way
    is_hidden = any(part.startswith(".") for part in relative.split(os.sep))
    if not is_plain or is_hidden or not path.lower().endswith(SUFFIXES):
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


def read_file(file: RecordFile, known_hash: str = "") -> tuple[str, Content | None] | None:
    """(SHA-256, content) of a file; None if it is gone. What can't be read is a problem, and has no hash.

    known_hash: of what the file held before; if it still does, there is no content to tell.
    """
    try:
        if file.name.endswith("/"):
            return _look_again(file)
        if file.size > MAX_BYTES:
            return "", _unreadable(file.name, f"is larger than {MAX_BYTES // 2**20} MB; expected one article's record")
        with open(file.path, "rb", buffering=0, opener=_open_itself) as stream:
            data = stream.read(min(file.size + 1, MAX_BYTES)) or b""  # nothing yet, if a pipe
            if len(data) > file.size:  # it has grown since the listing
                data += stream.read(MAX_BYTES - len(data))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        stays = "; expected a folder that can; its records stay as they were" if file.name.endswith("/") else ""
        return "", _unreadable(file.name, f"can't be read: {error.strerror}{stays}")
    hash = hashlib.sha256(data).hexdigest()
    return hash, None if hash == known_hash else parse_file(file.name, data)


def _look_again(folder: RecordFile) -> tuple[str, Content] | None:
    """What `read_file` gives of a folder that couldn't be read. Raises OSError."""
    names = os.listdir(folder.path)
    for name in names:
        os.lstat(os.path.join(folder.path, name))
    return None


def _open_itself(path: str, flags: int) -> int:
    """Open a file, and not what has taken its place since the listing: a link, or a pipe that nobody writes."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def parse_file(name: str, data: bytes) -> Content:
    """The records in a file's bytes."""
    try:
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return _unreadable(name, f"is not UTF-8 text (byte {data[error.start]:#04x})", line)
    if "\0" in text:
        return _unreadable(name, "is not a text file (it holds NUL)", text.count("\n", 0, text.index("\0")) + 1)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        values, body = _values(name.lower(), text)
    except SyntaxProblem as error:
        return _unreadable(name, str(error), error.line)
    records: list[Record | None] = []
    problems: list[Problem] = []
    for value, line in values:
        if isinstance(value, Fields):
            first = len(problems)
            records.append(parse_record(value, name, body, problems))
            if not records[-1] and len(problems) > first:
                problems[first] = replace(problems[first], refuses=True)
        else:
            message = "is not a record; expected a mapping with title, webUrl and so on"
            note(problems, Problem(name, line, "", message, refuses=True))
    return Content(tuple(record for record in records if record), tuple(problems))


def _values(name: str, text: str) -> tuple[Items, str]:
    """The values, with their lines, of what should be records, and the text after the front matter."""
    if name.endswith(".json"):
        value = read_json(text)
        if isinstance(value, Fields) and isinstance(value.get("value", (None, 1))[0], list):
            if line := (value.repeated or {}).get("value"):
                raise SyntaxProblem(line, "a second list of records begins here; expected one")
            value = value["value"][0]
        return value if isinstance(value, list) else [(value, 1)], ""
    head, body = split_front_matter(text)
    if body.strip() and name.endswith((".yaml", ".yml")):
        raise SyntaxProblem(text.count("\n") - body.count("\n"), "a second YAML document begins here; expected one")
    return [(read_yaml(head), 1)], body


def _unreadable(name: str, message: str, line: int = 1) -> Content:
    return Content(problems=(Problem(name, line, "", message, refuses=True),))
