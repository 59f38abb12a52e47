"""Reading one record file into records and problems."""

import hashlib
import json
import os
from dataclasses import dataclass, replace

from feedsvc.model import Problem, Record
from feedsvc.records.files import RecordFile
from feedsvc.records.json_syntax import read_json
from feedsvc.records.parse import parse_record
from feedsvc.records.reader import note
from feedsvc.records.syntax import read_yaml, split_front_matter
from feedsvc.records.values import Fields, Items, SyntaxProblem

#: Larger files are refused unread: one record is some kilobytes.
MAX_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds: its records in order, and every problem."""

    records: tuple[Record, ...] = ()
    problems: tuple[Problem, ...] = ()


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


def parse_mapping(mapping: object, name: str) -> Content:
    """Return the record in a mapping in memory. name: what stands for a file in problems."""
    content = parse_file(f"{name}.json", json.dumps(mapping, default=str, skipkeys=True).encode())
    return replace(content, problems=tuple(replace(problem, path=name) for problem in content.problems))


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
