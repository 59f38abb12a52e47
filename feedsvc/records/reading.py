"""Reads one record file, or one mapping in memory, into records and problems."""

import hashlib
import os
from datetime import tzinfo
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from feedsvc.model import Problem, Record
from feedsvc.records.context import content_kind
from feedsvc.records.files import RecordFile
from feedsvc.records.hints import with_hint
from feedsvc.records.mapping import is_own_shape, map_record
from feedsvc.records.memory import value_in_memory
from feedsvc.records.parse import parse_record
from feedsvc.records.problems import Problems
from feedsvc.records.registry import find_syntax, suffixes
from feedsvc.records.searching import find_records
from feedsvc.records.sources import Source, default_source
from feedsvc.records.times import instant
from feedsvc.records.values import Fields, Found, SyntaxProblem, Value, show

#: Larger files are refused unread: one record is some kilobytes.
MAX_BYTES = 32 * 1024 * 1024


class Content(Struct, frozen=True):
    """The records of a file, in order, and its problems."""

    records: tuple[Record, ...] = ()
    problems: tuple[Problem, ...] = ()
    #: The number of records that can't be used. A file that can't be read counts as one.
    refused: int = 0
    #: It is the same at any time of a sync from `since` on, and before `due`, in seconds since 1970.
    since: float = -inf
    due: float = inf


def read_file(
    file: RecordFile, known_hash: str = "", source: Source | None = None, now: float = inf
) -> tuple[str, Content | None] | None:
    """Return (SHA-256, content) of a file, or None if it is gone. If it can't be read, there is a problem and no hash.

    known_hash: the hash of the file when it was read before. If it is the same, the content is None.
    now: the time of the sync, in seconds since 1970.
    """
    try:
        if file.is_unreadable_folder:
            _list(file.path)
            return None  # it now can be read
        if file.size > MAX_BYTES:
            return "", _unreadable(file.name, f"is larger than {MAX_BYTES // 2**20} MB; expected one article's record")
        data = read_bytes(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        stays = "; expected a folder that can; its records stay as they were" if file.is_unreadable_folder else ""
        return "", _unreadable(file.name, f"can't be read: {error.strerror}{stays}")
    hash = hashlib.sha256(data).hexdigest()
    return hash, None if hash == known_hash else parse_file(file.name, data, source, now)


def read_bytes(file: RecordFile) -> bytes:
    """Return the bytes of a file, at most MAX_BYTES. Raise OSError."""
    with open(file.path, "rb", buffering=0, opener=_open_itself) as stream:
        data = stream.read(min(file.size + 1, MAX_BYTES)) or b""  # nothing yet, if a pipe
        if len(data) > file.size:  # it has grown since the listing
            data += stream.read(MAX_BYTES - len(data))
    return data


def _list(folder: str) -> None:
    """Look at each file and folder right below a folder. Raise OSError where that can't be done."""
    for name in os.listdir(folder):
        os.lstat(os.path.join(folder, name))


def _open_itself(path: str, flags: int) -> int:
    """Open a file, but neither a link nor a pipe without a writer that has taken its place since the listing."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def parse_file(name: str, data: bytes, source: Source | None = None, now: float = inf) -> Content:
    """Return the records in the bytes of a file.

    name: in problems, and its suffix chooses the syntax.
    source: what records of other shapes than our own are read by; without it, that of an empty configuration.
    now: the time of the sync, in seconds since 1970; an update that is later than that is a problem.
    """
    try:
        items, body = read_values(name, data)
    except SyntaxProblem as error:
        return _unreadable(name, str(error), error.line)
    return parse_values(name, items, body, source or default_source(), now)


def read_values(name: str, data: bytes) -> tuple[Found, str]:
    """Return (what should be records, the text after the front matter) in the bytes of a file. Raise SyntaxProblem."""
    syntax = find_syntax(name)
    if not syntax:
        raise SyntaxProblem(1, f"is not a record file; expected a name that ends in {', '.join(suffixes())}")
    try:
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SyntaxProblem(line, f"is not UTF-8 text (byte {data[error.start]:#04x})") from error
    if b"\0" in data:
        raise SyntaxProblem(text.count("\n", 0, text.index("\0")) + 1, "is not a text file (it holds NUL)")
    if b"\r" in data:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return syntax.read(text)


def parse_mapping(mapping: object, name: str, source: Source | None = None, now: float = inf) -> Content:
    """Return the record in a mapping in memory, as it would be read from a JSON file.

    Times may be datetime objects: aware, or else in UTC. What JSON has no form for is a problem of the field that it is
    in, if that is one that is read. name: what stands for a file in problems. now: see `parse_file`.
    """
    try:
        return parse_values(name, [(value_in_memory(mapping), 1)], "", source or default_source(), now)
    except RecursionError:
        return _unreadable(name, "nested too deeply; expected the few levels of a record")


def parse_values(name: str, items: Found, body: str, source: Source, now: float = inf) -> Content:
    """Return the records among the values of a file. body: the text after the front matter. now: see `parse_file`."""
    records: list[Record] = []
    refused = 0
    problems = Problems(name, now)
    for value, line, top in find_records(items, body, source):
        if isinstance(value, Fields):
            first = len(problems.found)
            _, record = read_record(value, body, top, problems, source)
            if record:
                records.append(record)
                continue
            if len(problems.found) > first:
                problems.found[first] = replace(problems.found[first], refuses=True)
        elif isinstance(value, SyntaxProblem):
            problems.add(line, "", str(value), refuses=True)
        else:
            expected = "front matter, between lines ---," if body else "a mapping"
            message = f"is not a record; expected {expected} with title, webUrl and so on"
            problems.add(line, "", message, refuses=True)
        refused += 1
    return Content(tuple(records), tuple(problems.found), refused, problems.since, problems.due)


def read_record(
    fields: Fields, body: str, top: Fields | None, problems: Problems, source: Source
) -> tuple[Fields, Record | None]:
    """Return (fields, record) of a mapping, mapped to the fields of feedsvc if it is of another shape; or no record.

    top: what holds the list that the record is in. problems: its faults are added to it.
    """
    kind = content_kind(problems.file_name)
    if is_own_shape(fields):
        return fields, parse_record(fields, body, problems, source.contexts[kind, False])
    first = len(problems.found)
    mapped = map_record(fields, body, problems.file_name.removeprefix(source.prefix), source, top)
    context = source.contexts[kind if mapped.content is None else mapped.content, True]
    record = parse_record(mapped.fields, body, problems, context)
    if record and mapped.unusable_time:
        (value, line), key = mapped.unusable_time
        expected = f"{_expected(value, context.timezone)}; the date in the file's name is used"
        problems.add(line, key, f"{show(value)} can't be used: {expected}")
    if not record:
        problems.found[first:] = [
            with_hint(problem, fields, source, mapped.fields) for problem in problems.found[first:]
        ]
    return mapped.fields, record


def _expected(value: Value, timezone: tzinfo) -> str:
    """Return what is expected instead of a time that can't be used."""
    try:
        instant(str(value), timezone)
    except ValueError as error:
        return str(error)
    return "expected a time"


def _unreadable(name: str, message: str, line: int = 1) -> Content:
    return Content(problems=(Problem(name, line, "", message, refuses=True),), refused=1)
