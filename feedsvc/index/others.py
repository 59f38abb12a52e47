"""The indexes of other records than the configured ones, as of `feedsvc feeds RECORDS`: a few are kept.

Each has a folder in that for indexes. A lock on a file in it says that it is in use, as long as any process has it open
which used it; the time of that file, when it was used last.
"""

import fcntl
import os
import re
import shutil
import weakref
from contextlib import suppress
from pathlib import Path

from feedsvc.config.indexes import OTHER
from feedsvc.index.file import identity, make_folder

#: How many are kept, beside those in use.
KEPT = 5

_LOCK = "lock"
_NAME = re.compile(rf"{OTHER}[0-9a-f]{{12}}")
#: What is being removed, or was left by a process that was killed while it removed it.
_REMOVED = re.compile(rf"{OTHER}[0-9a-f]{{12}}\.removed")
#: The files of such indexes as earlier versions made them: one for each folder ever looked at.
_FORMER = re.compile(r"index(-[\w.-]+)?\.sqlite3-[0-9a-f]{12}([.-].*)?")


def keep(folder: Path, user: object) -> None:
    """Make the folder of an index of other records, unless it is there, and keep it as long as an object is in use.

    Where it is new, those that were used longest ago are removed. Raise IndexUnusableError.
    """
    is_new = not os.path.exists(folder)
    lock = _lock(folder)
    if lock is not None:
        weakref.finalize(user, os.close, lock)
    if is_new:
        _remove_oldest(folder.parent)


def _lock(folder: Path) -> int | None:
    """Return the descriptor of a lock that others may have, too; None where the folder can't be written."""
    while True:
        make_folder(folder)
        try:
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:  # it was removed since
            continue
        except OSError:  # as whoever opens the index will find
            return None
        fcntl.flock(lock, fcntl.LOCK_SH)
        found = os.fstat(lock)
        if identity(folder / _LOCK) == (found.st_dev, found.st_ino):
            os.utime(lock)
            return lock
        os.close(lock)  # it was removed while we waited for it


def _remove_oldest(folder: Path) -> None:
    """Remove the indexes that were used longest ago, and what is left of any, from the folder for indexes."""
    names = sorted(os.listdir(folder))
    others = sorted((name for name in names if _NAME.fullmatch(name)), key=lambda name: _used(folder / name))
    with suppress(OSError):  # what can't be removed, as somebody else's, only takes room
        for name in names:
            if _FORMER.fullmatch(name):
                os.unlink(folder / name)
            elif _REMOVED.fullmatch(name):
                shutil.rmtree(folder / name)
    for name in others[:-KEPT]:
        with suppress(OSError):
            _remove(folder / name)


def _used(folder: Path) -> float:
    """Return when an index was used last."""
    try:
        return os.stat(folder / _LOCK).st_mtime
    except OSError:
        return 0


def _remove(folder: Path) -> None:
    """Remove an index, unless it is in use. Raise OSError."""
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        removed = folder.with_name(f"{folder.name}.removed")
        os.rename(folder, removed)  # so that whoever opens it next makes a new one
        shutil.rmtree(removed)
    finally:
        os.close(lock)
