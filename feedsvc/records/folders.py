"""Folders of records: what is in each, and a quick look that tells in which of them something may have changed."""

import hashlib
import os
from array import array
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from stat import S_ISDIR
from typing import NamedTuple, TypeAlias

from feedsvc.workers import ahead

#: The digest of each folder, by its path; empty where there is none.
Digests: TypeAlias = dict[str, str]
#: More child processes than these make a look hardly shorter.
MOST_CHILDREN = 4


class Scan(NamedTuple):
    """What is right in a folder, but for what is hidden. Symbolic links are what they are."""

    #: Their paths.
    folders: list[str]
    #: The names and states of all else.
    others: list[tuple[str, os.stat_result]]
    #: The names of what else there is, which can't be looked at.
    out_of_reach: list[str]
    #: Stands for the names, kinds, sizes and times of all else, as they are listed; empty if some can't be told.
    digest: str


def scan(path: str, top: str) -> Scan:
    """What is in a folder, which is `top` or below it. Raises OSError if it can't be listed."""
    folders, others = list[str](), list[tuple[str, os.stat_result]]()
    numbers, failed, gone = list[int](), list[str](), False
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | (0 if path == top else os.O_NOFOLLOW))
    try:
        for name in os.listdir(descriptor):
            if name.startswith("."):
                continue
            try:
                stat = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            except FileNotFoundError:
                gone = True
            except OSError:
                failed.append(name)
            else:
                if S_ISDIR(stat.st_mode):
                    folders.append(os.path.join(path, name))
                else:
                    others.append((name, stat))
                    numbers += (stat.st_mode, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        listed = _folders_in(descriptor) if failed else set()
    finally:
        os.close(descriptor)
    folders += [os.path.join(path, name) for name in failed if name in listed]
    digest = "" if failed or gone else _digest(numbers, [name for name, _ in others])
    return Scan(folders, others, [name for name in failed if name not in listed], digest)


def _folders_in(descriptor: int) -> set[str]:
    """The names of the folders in one, as far as its listing tells."""
    found = set()
    with os.scandir(descriptor) as entries:
        for entry in entries:
            try:
                if entry.is_dir(follow_symlinks=False):
                    found.add(entry.name)
            except OSError:
                continue  # its kind isn't told by the listing
    return found


def _digest(numbers: list[int], names: list[str]) -> str:
    try:
        digest = hashlib.blake2b(array("q", numbers), digest_size=16)
    except OverflowError:  # a time may be centuries away
        return ""
    digest.update(os.fsencode("\0".join(names)))
    return digest.hexdigest()


def digests(folders: Iterable[str], top: str) -> Digests:
    """The digests of folders, and of all below, in a folder of records."""
    found: Digests = {}
    pending = list(folders)
    while pending:
        pending += _look_at(pending.pop(), top, found)
    return found


def _look_at(path: str, top: str, found: Digests) -> list[str]:
    """Note the digest of a folder. Gives the folders in it."""
    try:
        scanned = scan(path, top)
    except OSError:
        found[path] = ""
        return []
    found[path] = scanned.digest
    return scanned.folders


def begin_look(folder: Path, meanwhile: Callable[[], object] = lambda: None) -> Callable[[], Digests]:
    """Begin to look at a folder of records and all below it. A call of what is given gets the digests; it may wait.

    Child processes look, if there are many folders, while this process goes on with something else.
    meanwhile: done before that call waits; it may be done more than once.
    """
    top = os.fspath(folder)
    found: Digests = {}
    level, children = [top], min(os.cpu_count() or 1, MOST_CHILDREN)
    while 0 < len(level) < 4 * children:  # of so few, one may hold most of the files
        level = [below for path in level for below in _look_at(path, top, found)]
    parts = [part for part in (level[child::children] for child in range(children)) if part]
    results = ahead(partial(digests, top=top), parts, meanwhile)
    return lambda: found | {path: digest for part in results() for path, digest in part.items()}
