"""A folder in which all worker processes count, so that each can report the metrics of all.

It is for prometheus-client, which must not be imported before the environment names the folder.
"""

import atexit
import fcntl
import logging
import os
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory, gettempdir

#: The variable of the environment that names the folder.
MULTIPROC_DIR = "PROMETHEUS_MULTIPROC_DIR"
#: Whether there are metrics at all.
HAS_METRICS = find_spec("prometheus_client") is not None
#: Of each file that prometheus-client maps into memory.
FILE_BYTES = 1 << 16
#: Seconds after which a folder that no service locks is abandoned.
ABANDONED_SECONDS = 60
_PREFIX = "feedsvc-metrics-"

log = logging.getLogger("feedsvc")


@contextmanager
def shared() -> Iterator[None]:
    """Name a new folder in the environment, for processes started meanwhile. It is removed in the end.

    Those of services that were killed with all of their processes are removed, too.
    """
    if not HAS_METRICS:
        yield
        return
    try:
        _remove_abandoned()
        folder = TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True)
    except OSError as error:
        log.warning("metrics: no temporary folder (%s), so each worker reports its own", error.strerror)
        os.environ.pop(MULTIPROC_DIR, None)
        yield
        return
    with folder as name:
        os.environ[MULTIPROC_DIR] = name
        lock = os.open(name, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)  # systemd-tmpfiles leaves a temporary folder that is locked
            yield
        finally:
            os.close(lock)
            del os.environ[MULTIPROC_DIR]


def _remove_abandoned() -> None:
    """Remove the folders that no service locks, but for new ones, which one may be about to lock. Raise OSError."""
    for folder in Path(gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # it is gone, or another user's
            if folder.stat().st_mtime < time.time() - ABANDONED_SECONDS:
                lock = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    rmtree(folder, ignore_errors=True)
                finally:
                    os.close(lock)


def remove() -> None:
    """Remove the folder of a service that was killed, in a worker process."""
    if MULTIPROC_DIR in os.environ:
        rmtree(os.environ[MULTIPROC_DIR], ignore_errors=True)  # each worker does it


def _files() -> list[Path]:
    """Return the files in which prometheus-client counts, in this process."""
    return [Path(os.environ[MULTIPROC_DIR], f"{kind}_{os.getpid()}.db") for kind in ("counter", "histogram")]


def is_there() -> bool:
    """Return whether this process still counts where others find it; log that it doesn't."""
    gone = [file for file in _files() if not file.exists()]
    if gone:
        log.warning("metrics: %s was removed, so this worker reports its own; restart the service to sum them", gone[0])
    return not gone


def join() -> None:
    """Prepare to count, in a worker process."""
    atexit.register(warnings.simplefilter, "ignore", ResourceWarning)  # prometheus-client never closes its files
    if MULTIPROC_DIR not in os.environ:
        return
    files = _files()
    try:
        for file in files:
            # A mapped file that has no room on its disk would end the process as soon as it counts: so there is room.
            file.write_bytes(bytes(FILE_BYTES))
    except OSError as error:
        for file in files:
            file.unlink(missing_ok=True)
        log.warning("metrics: %s: %s, so this worker reports its own", error.filename, error.strerror)
        del os.environ[MULTIPROC_DIR]
