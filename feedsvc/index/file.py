"""The index's file: its folder, and what becomes of it when it is damaged. Whoever syncs next makes a new one."""

import errno
import fcntl
import logging
import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import msgspec

from feedsvc.errors import IndexReadOnlyError, IndexUnusableError
from feedsvc.index.schema import APPLICATION_ID

#: Device and inode of a file; None where there is none.
Identity: TypeAlias = tuple[int, int] | None

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

log = logging.getLogger("feedsvc")


def make_folder(folder: Path) -> None:
    """Make the index's folder. A new one ignores itself in git, since it holds a cache. Raises IndexUnusableError."""
    if folder.exists():
        return
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


def identity(file: Path) -> Identity:
    """Tells the file at a path from others that were there, as long as somebody has those open."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_damage(error: sqlite3.Error | msgspec.DecodeError) -> bool:
    """Whether an error tells of a damaged file, be it of a row that holds what no sync wrote."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # a text that isn't UTF-8, or no story
        return isinstance(error, sqlite3.OperationalError | msgspec.DecodeError)
    return code & 0xFF in _DAMAGED or code == sqlite3.SQLITE_IOERR_SHORT_READ


def set_aside(file: Path, damaged: Identity, error: Exception) -> bool:
    """Rename a damaged file with its log, unless it is another one by now; False if it is of others, and stays.

    Connections, also those of other processes, keep to what they have open. error: what it was known by.
    Raises OSError.
    """
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # several may have noticed
        if identity(file) != damaged:
            return True
        with file.open("rb") as stream:
            header = stream.read(100)
        is_database = len(header) == 100 and header.startswith(b"SQLite format 3\0")
        if is_database and header[68:72] != APPLICATION_ID.to_bytes(4):
            return False
        aside = f"{file}.damaged"
        for suffix in ("-wal", "-shm", ""):
            if os.path.exists(f"{file}{suffix}"):
                os.replace(f"{file}{suffix}", f"{aside}{suffix}")
    finally:
        os.close(folder)
    log.warning("%s: damaged (%s); it is now %s, and a new one is made from the records", file, error, aside)
    return True
