"""Follows the configuration: its file, which may change, and SIGHUP, which asks to read it anew."""

import logging
import os
import time
from collections.abc import Sequence
from threading import Event

from feedsvc.config import Config, reload_config, restart_keys, without_restart
from feedsvc.errors import FeedsvcError
from feedsvc.index.opening import open_index
from feedsvc.records.files import check_folder
from feedsvc.records.sources import find_sources
from feedsvc.serve import logs

#: Seconds between two looks at the file. It is read once it is the same at two of them, since it may be half-written.
LOOK_SECONDS = 0.25
#: Seconds after which a configuration that can't be used is tried again: a folder or a database may be back.
RETRY_SECONDS = 5

log = logging.getLogger("feedsvc")

#: What tells whether a file is as it was.
_Identity = tuple[int, ...] | None


class Changes:
    """The changes of a configuration while a service runs by it."""

    def __init__(self, config: Config) -> None:
        #: The last one that could be used.
        self._config = config
        self._file = config.folder / config.file_name
        self._asked = Event()
        #: What the file was when it was read last, and at the last look.
        self._read_as: _Identity = ()
        self._looked_at: _Identity = None
        #: Why the one in the file can't be used; empty if it can.
        self._failure = ""
        self._retry = 0.0
        #: The keys of which a warning said that they need a restart.
        self._restart_keys: Sequence[str] = ()

    def ask(self) -> None:
        """Let the configuration be read anew, whether its file changed or not."""
        self._asked.set()

    def next(self, stop: Event) -> Config | None:
        """Wait for another configuration and return it, checked; None once `stop` is set.

        A faulty one is logged, and passed over until it is mended. Where it was asked for, it may be the same.
        """
        while not stop.wait(LOOK_SECONDS):
            is_asked = self._asked.is_set()
            self._asked.clear()
            if not is_asked and not self._is_due():
                continue
            try:
                config = self._read()
            except FeedsvcError as error:
                self._refuse(str(error), is_expected=True)
            except Exception as error:  # whichever it is, the service goes on
                self._refuse(f"{self._file}: can't be read: {type(error).__name__}", is_expected=False)
            else:
                is_mended, self._failure = bool(self._failure), ""
                if (is_asked or is_mended) and config == self._config:
                    log.info("%s: nothing changed since it was taken over", config.name, extra=logs.event("config"))
                if is_asked or config != self._config:
                    self._config = config
                    return config
        return None

    def _is_due(self) -> bool:
        """Return whether the file changed and is written, or its configuration is to be tried again."""
        if not self._config.serve.watch:
            return False
        found = _identity(self._file)
        is_written, self._looked_at = found == self._looked_at, found
        if not is_written or (found is None and not self._config.has_file):
            return False
        if found != self._read_as:
            self._read_as = found
            return True
        return bool(self._failure) and time.monotonic() >= self._retry

    def _read(self) -> Config:
        """Return the configuration as it is now, but for what stays, checked as by a command. Raise FeedsvcError."""
        wanted = reload_config(self._config)
        config = without_restart(wanted, self._config)
        for source in find_sources(config):
            check_folder(source.folder)
        if config.index.is_shared:  # in which its owner is noted
            index = open_index(config)
            try:
                index.is_filled()
            finally:
                index.close()
        keys = restart_keys(self._config, wanted)
        if keys and keys != self._restart_keys:
            event = logs.event("restart", keys=keys)
            log.warning("%s: only a restart takes over %s", wanted.name, ", ".join(keys), extra=event)
        self._restart_keys = keys
        return config

    def _refuse(self, failure: str, *, is_expected: bool) -> None:
        """Go on with the configuration that there is; log why, once."""
        self._retry = time.monotonic() + RETRY_SECONDS
        if failure != self._failure:
            kept = "the service goes on with the configuration that it has"
            log.error("%s; %s", failure, kept, exc_info=not is_expected, extra=logs.event("config_refused"))
        self._failure = failure


def _identity(file: os.PathLike[str]) -> _Identity:
    try:
        found = os.stat(file)
    except OSError:  # which reading it tells of
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
