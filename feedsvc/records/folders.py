"""Tells in one quick look in which folders of records something may have changed."""

import hashlib
import os
from array import array
from collections.abc import Callable, Iterable
from pathlib import Path
from stat import S_ISDIR
from typing import TypeAlias

from feedsvc.processes import ahead

#: By the path of each folder: what stands for the names, sizes and times of all in it; empty where that can't be told.
Digests: TypeAlias = dict[str, str]


def begin_look(folder: Path, meanwhile: Callable[[], object] = lambda: None) -> Callable[[], Digests]:
    """Begin to look at a folder and all below it. The digests are got by a call of what is given, which may wait.

    Child processes look, if there is enough to look at, while this one goes on with something else.
    meanwhile: done before that call waits; it may be done more than once.
    """
    found: Digests = {}
    level, cores = [os.fspath(folder)], os.cpu_count() or 1
    while 0 < len(level) < 4 * cores:  # of so few, one may hold most of the files
        level = [below for path in level for below in _look_at(path, found)]
    parts = ahead(digests, [part for part in (level[core::cores] for core in range(cores)) if part], meanwhile)
    return lambda: found | {path: digest for part in parts() for path, digest in part.items()}


def digests(folders: Iterable[str]) -> Digests:
    """The digests of folders and of all below. Hidden ones and symbolic links are skipped, as by `find_files`."""
    found: Digests = {}
    pending = list(folders)
    while pending:
        pending += _look_at(pending.pop(), found)
    return found


def _look_at(path: str, found: Digests) -> list[str]:
    """Note the digest of a folder. Gives the folders in it."""
    names, numbers, folders = list[str](), list[int](), list[str]()
    found[path] = ""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for name in os.listdir(descriptor):
                if name.startswith("."):
                    continue
                stat = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                if S_ISDIR(stat.st_mode):
                    folders.append(os.path.join(path, name))
                else:
                    names.append(name)
                    numbers += (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        finally:
            os.close(descriptor)
        digest = hashlib.blake2b(array("q", numbers), digest_size=16)
    except (OSError, OverflowError):  # it can't be read, or has changed meanwhile, or a time is far from ours
        return _folders_in(path)
    digest.update(os.fsencode("\0".join(names)))
    found[path] = digest.hexdigest()
    return folders


def _folders_in(path: str) -> list[str]:
    """The folders in one, even if what is in it can't be looked at."""
    try:
        entries = list(os.scandir(path))
    except OSError:
        return []
    return [entry.path for entry in entries if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")]
