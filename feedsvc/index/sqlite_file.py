"""The file of an index in SQLite: its folder, and how a damaged file is replaced."""

import errno
import fcntl
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TypeAlias

import msgspec

from feedsvc.config.indexes import FOLDER, OTHER
from feedsvc.errors import IndexReadOnlyError, IndexUnusableError
from feedsvc.index.schema import APPLICATION_ID

#: Device and inode of a file; None where there is none.
Identity: TypeAlias = tuple[int, int] | None

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

log = logging.getLogger("feedsvc")


def make_folder(folder: Path) -> None:
    """Make the folder of an index, which git ignores, since it holds a cache. Raises IndexUnusableError."""
    if os.path.exists(folder):
        return
    if is_for_other(folder):
        make_folder(folder.parent)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n")
    except OSError as error:
        with suppress(OSError):  # so that the next try makes both
            (folder / ".gitignore").unlink(missing_ok=True)
            folder.rmdir()
        is_read_only = error.errno in (errno.EROFS, errno.EACCES, errno.EPERM)
        kind = IndexReadOnlyError if is_read_only else IndexUnusableError
        raise kind(f"{error.filename or folder}: {error.strerror}; expected a place for the index") from error


def is_for_other(folder: Path) -> bool:
    """Return whether a folder is one for the index of other records than the configured ones."""
    return folder.parent.name == FOLDER and folder.name.startswith(OTHER)


def _is_for_indexes(folder: Path) -> bool:
    return folder.name == FOLDER or is_for_other(folder)


def identity(file: Path) -> Identity:
    """Return the identity of the file at a path. It is that of no other file that is still open."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _names_aside(file: Path) -> Iterator[str]:
    """Return the names that a damaged file may get: each keeps its own."""
    yield f"{file}.damaged"
    for number in count(2):
        yield f"{file}.damaged-{number}"


def is_damage(error: sqlite3.Error | msgspec.DecodeError) -> bool:
    """Return whether an error is due to a damaged file, or to a value in it that no sync wrote."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # a text that isn't UTF-8, or no story
        return isinstance(error, sqlite3.OperationalError | msgspec.DecodeError)
    return code & 0xFF in _DAMAGED or code == sqlite3.SQLITE_IOERR_SHORT_READ


def is_short_text(file: Path) -> bool:
    """Return whether there is a file of something else that SQLite would take for an empty one, and write over."""
    try:
        with file.open("rb") as stream:
            start = stream.read(512)
    except OSError:  # it isn't there yet
        return False
    is_empty = len(start) in (0, 512) or start.startswith(b"SQLite format 3\0")
    return not is_empty and not _is_for_indexes(file.parent)


def set_aside(file: Path, damaged: Identity, error: Exception, was_ours: bool) -> bool:
    """Rename a damaged file and its log, unless another file has taken its place; return False if it isn't an index.

    It is one if its header says so, if it was one before, or if it is in the folder that is made for indexes.
    Open connections, also those of other processes, go on with the renamed file. error: the sign of the damage.
    was_ours: whether it was an index before. Raises OSError.
    """
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # several may have noticed
        if identity(file) != damaged:
            return True
        with file.open("rb") as stream:
            header = stream.read(100)
        is_database = len(header) == 100 and header.startswith(b"SQLite format 3\0")
        is_marked = is_database and header[68:72] == APPLICATION_ID.to_bytes(4)
        if not is_marked and (is_database or not (was_ours or _is_for_indexes(file.parent))):
            return False
        aside = next(name for name in _names_aside(file) if not os.path.lexists(name))
        for suffix in ("-wal", "-shm", ""):
            if os.path.exists(f"{file}{suffix}"):
                os.replace(f"{file}{suffix}", f"{aside}{suffix}")
    finally:
        os.close(folder)
    log.warning("%s: damaged (%s); it is now %s, and a new one is made from the records", file, error, aside)
    return True
