"""The indexes of other records than the configured ones, as of `feedsvc feeds RECORDS`: a few are kept.

Each has a folder in that for indexes. A lock on a file in it says that it is in use, as long as any process has it open
which used it; the time of that file, when it was used last.
"""

import fcntl
import os
import re
import shutil
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from feedsvc.config.indexes import OTHER
from feedsvc.index.sqlite_file import make_folder

#: How many are kept, beside those in use.
KEPT = 5

_LOCK = "lock"
_NAME = re.compile(rf"{OTHER}[0-9a-f]{{12}}")
#: What is being removed, or was left by a process that was killed while it removed it.
_REMOVED = re.compile(rf"{OTHER}[0-9a-f]{{12}}\..*removed")
#: The files of such indexes as earlier versions made them: one for each folder ever looked at.
_FORMER = re.compile(r"index(-[\w.-]+)?\.sqlite3-[0-9a-f]{12}([.-].*)?")


def keep(folder: Path, user: object) -> None:
    """Make the folder of an index of other records, unless it is there, and keep it as long as an object is in use.

    Where it is new, those that were used longest ago are removed. Raise IndexUnusableError.
    """
    make_folder(folder.parent)
    removed: list[Path] = []
    with _alone(folder.parent):
        is_new = not os.path.exists(folder)
        make_folder(folder)
        lock = _locked(folder, fcntl.LOCK_SH)
        if lock is not None:
            os.utime(lock)
            weakref.finalize(user, os.close, lock)
        if is_new:
            removed = _take_away_oldest(folder.parent)
    for path in removed:
        shutil.rmtree(path, ignore_errors=True)  # what stays, the next one finds


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time make and remove indexes in the folder for them, where it can be read."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # as whoever opens the index will find
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _locked(folder: Path, kind: int) -> int | None:
    """Return the descriptor of a lock on an index; None where it can't be had, as in a folder that can't be written."""
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        return None
    try:
        fcntl.flock(lock, kind)
    except OSError:
        os.close(lock)
        return None
    return lock


def _take_away_oldest(folder: Path) -> list[Path]:
    """Rename the indexes that were used longest ago, but for those in use; return what is to be removed for good."""
    names = sorted(os.listdir(folder))
    removed = [folder / name for name in names if _REMOVED.fullmatch(name)]
    others = sorted((name for name in names if _NAME.fullmatch(name)), key=lambda name: _used(folder / name))
    with suppress(OSError):  # what can't be removed, as somebody else's, only takes room
        for name in filter(_FORMER.fullmatch, names):
            os.unlink(folder / name)
    for name in others[:-KEPT]:
        lock = _locked(folder / name, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if lock is None:
            continue
        target = folder / f"{name}.{os.getpid()}.removed"
        with suppress(OSError):
            os.rename(folder / name, target)
            removed.append(target)
        os.close(lock)
    return removed


def _used(folder: Path) -> float:
    """Return when an index was used last."""
    try:
        return os.stat(folder / _LOCK).st_mtime
    except OSError:
        return 0
