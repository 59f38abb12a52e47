"""Watches the folders that records are read from."""

import logging
import os
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from threading import Event

from watchfiles import watch

from feedsvc.records.files import find_folders, spelled_out
from feedsvc.serve import logs

#: Milliseconds for which changes are collected at most.
COLLECT_MS = 400
#: Milliseconds within which a watch gives its next set, which may be empty.
WAKE_MS = 500
#: Seconds after which a watch that can't begin is tried again.
RETRY_SECONDS = 60

log = logging.getLogger("feedsvc")


class Watch:
    """A watch of folders, and of those below them that are read: not of hidden ones, and never through a link.

    Each folder is watched for itself: a watch of all that is below one would follow links, and end at the first folder
    that can't be read.
    """

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._folders = folders
        #: What was said of folders that can't be watched.
        self._said: set[str] = set()

    def changes(self, stop: Event) -> Iterator[set[str] | None]:
        """Yield the paths that changed, or None where anything may have, every half second at least, until `stop`.

        Where the system's limits, or names that aren't UTF-8, don't let folders be watched, a warning is logged once;
        their changes are left to whoever looks at all files now and then.
        """
        while not stop.is_set():
            try:
                yield from self._watched(stop)
                continue  # with the folders that there are now
            except (FileNotFoundError, NotADirectoryError):  # one went after it was listed, or there is none
                stop.wait(WAKE_MS / 1000)
                yield None
                continue
            except (OSError, RuntimeError) as error:  # the latter is watchfiles' own
                if "decode path" in str(error):  # a name that isn't UTF-8, which no set can hold
                    yield None
                    continue
                self._say(f"the folders of records can't be watched: {_reason(error)}")
            until = time.monotonic() + RETRY_SECONDS
            while time.monotonic() < until and not stop.wait(WAKE_MS / 1000):
                yield set()

    def _watched(self, stop: Event) -> Iterator[set[str] | None]:
        """Yield what changes until there are other folders. Raise what a watch that can't begin raises."""
        folders = {path for folder in self._folders for path in find_folders(folder)}
        if not folders:
            raise FileNotFoundError
        odd = {path for path in folders if not _is_text(path)}
        if odd:
            self._say(
                f"{spelled_out(min(odd))}: a folder whose name isn't UTF-8 can't be watched; expected one in UTF-8"
            )
        is_first = True
        for changes in watch(
            *(folders - odd),
            watch_filter=self._is_visible,
            debounce=COLLECT_MS,
            rust_timeout=WAKE_MS,
            yield_on_timeout=True,
            stop_event=stop,
            raise_interrupt=False,
            recursive=False,
            ignore_permission_denied=False,  # with it, all other faults of a folder are passed over, too
        ):
            paths = {path for _, path in changes}
            are_others = _are_other_folders(paths, folders)
            if is_first:
                yield None  # something may have changed before the watch began
            elif not are_others:  # else the next watch begins with all that changed
                yield paths
            if are_others:
                return
            is_first = False

    def _is_visible(self, change: object, path: str) -> bool:
        """Return whether a path below one of the folders has no part below it that begins with a dot."""
        return any(
            not any(part.startswith(".") for part in os.path.relpath(path, folder).split(os.sep))
            for folder in self._folders
            if Path(path).is_relative_to(folder)
        )

    def _say(self, fault: str) -> None:
        if fault not in self._said:
            self._said.add(fault)
            log.warning("%s; until then, changes are found once a minute", fault, extra=logs.event("unwatched"))


def _are_other_folders(paths: Collection[str], folders: Collection[str]) -> bool:
    """Return whether a change of these paths may be one of the folders that are there, or can be read."""
    return any(path in folders or (os.path.isdir(path) and not os.path.islink(path)) for path in paths)


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _reason(error: Exception) -> str:
    """Return why a watch can't begin, and what helps."""
    if "limit reached" in str(error):
        return "there are more of them than inotify may watch; expected a greater fs.inotify.max_user_watches (sysctl)"
    if "Too many open files" in str(error):
        expected = "a greater fs.inotify.max_user_instances (sysctl), or limit of open files (ulimit -n)"
        return f"no more inotify instances or open files; expected {expected}"
    return f"{error}; expected a file system that reports changes"
