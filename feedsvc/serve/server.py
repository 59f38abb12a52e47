"""The service: a production server, and a thread that keeps the index in step with the records folder."""

import logging
import multiprocessing
import os
import resource
import signal
import socket
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Event, Thread

from flask import Flask
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server
from watchfiles import watch

from feedsvc.config import Config
from feedsvc.errors import FeedsvcError, IndexUnusableError, ServeError
from feedsvc.feeds.documents import Documents
from feedsvc.index.database import Index
from feedsvc.index.status import note_failure
from feedsvc.index.sync import sync
from feedsvc.serve import logs
from feedsvc.serve.websub import announce_changes
from feedsvc.web import create_app, multiprocess
from feedsvc.workers import Workers, end_with_parent, interrupts_blocked

#: Seconds after which the folder is looked through even if nothing told of a change: some file systems don't tell.
RESCAN_SECONDS = 60
#: Milliseconds in which changes are gathered at most before they are published.
GATHER_MS = 400
#: Milliseconds after which the watch looks whether the folder is still the same one.
WAKE_MS = 500
#: Seconds after which what failed is tried again.
RETRY_SECONDS = 1
#: Per worker process; the server reads and writes the sockets itself, so these only compute.
THREADS = 4
#: Connections that a worker holds at most: stalled and idle ones keep nobody out until there are as many.
CONNECTIONS = 8192
#: Other files that it may have open.
FILES = 512
#: Seconds that a worker has to end.
STOP_SECONDS = 5

#: The server's own messages go where ours go; by itself it writes them to stdout.
_LOGGING = {"handlers": {}, "loggers": {"_granian": {"propagate": True}}}

log = logging.getLogger("feedsvc")


def check_address(host: str, port: int) -> str:
    """The IP address of a host name that can be listened on. Raises ServeError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # The server's own sockets share their port, so a port in use must be noticed here.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return str(address[0])
    except OSError as error:
        raise ServeError(
            f"can't listen on {host}, port {port}: {error.strerror}; set serve.host or serve.port"
        ) from error


def serve(config: Config, index: Index, ip: str, sync_log: logs.SyncLog) -> None:
    """Serve until SIGINT or SIGTERM. The index must be in step with the records folder, as sync_log tells it."""
    # Workers are spawned, not forked: a fork would copy the locks of the threads below as they are.
    multiprocessing.set_start_method("spawn", force=True)
    server = Server(
        "feedsvc",
        address=ip,
        port=config.serve.port,
        interface=Interfaces.WSGI,
        workers=config.serve.workers,
        blocking_threads=THREADS,
        backpressure=_connections(),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.warning,
        log_dictconfig=_LOGGING,
    )
    stop = Event()
    follower = Thread(target=follow, args=(config, index, stop, sync_log), name="follower", daemon=True)
    try:
        with interrupts_blocked(), multiprocess.shared_folder():
            Thread(target=_interrupt_as_terminate, name="interrupt", daemon=True).start()
            if config.serve.watch:
                follower.start()
            if config.feeds.hub:
                # It may hang on the hub; what it hasn't told by the end, the next service tells.
                arguments = (Documents(index, config), stop)
                Thread(target=announce_changes, args=arguments, name="announcer", daemon=True).start()
            server.serve(target_loader=partial(_load_app, config), wrap_loader=False)
    except SystemExit:
        if not server.interrupt_signal:  # else the workers got the signal, too, and ended before they were told to
            raise
    finally:
        stop.set()
        if config.serve.watch:
            follower.join(STOP_SECONDS)
            if follower.is_alive():  # in the midst of a long sync, which the next one does again
                os._exit(0)


def _connections() -> int:
    """CONNECTIONS, or as many as the system lets a process have; each is an open file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return CONNECTIONS if soft == resource.RLIM_INFINITY else max(min(soft - FILES, CONNECTIONS), 1)


def _interrupt_as_terminate() -> None:
    """Let Ctrl-C end the service in the one way that SIGTERM does."""
    signal.sigwait({signal.SIGINT})
    os.kill(os.getpid(), signal.SIGTERM)


def _load_app(config: Config) -> Flask:
    """The application, in a worker process, which ends with its parent."""
    end_with_parent(multiprocess.remove)
    logs.configure(config.serve.log_format)
    multiprocess.join()
    return create_app(config)


def follow(config: Config, index: Index, stop: Event, sync_log: logs.SyncLog) -> None:
    """Sync whenever something changes in the records folder, until `stop` is set."""
    folder = config.records_folder
    while not stop.is_set():
        try:
            _follow_folder(config, index, stop, sync_log, folder.stat())
        except Exception as error:  # whatever it is, the service goes on, and tries again
            reason, is_expected = _reason(error)
            if reason != sync_log.failure:
                log.error("%s; trying again", reason, exc_info=not is_expected, extra=logs.event("failed"))
                with suppress(IndexUnusableError):  # that no sync is noted either is seen in time
                    note_failure(index, reason)
            sync_log.failure = reason
            stop.wait(RETRY_SECONDS)


def _reason(error: Exception) -> tuple[str, bool]:
    """(why a sync failed, whether that is a fault outside of the program)."""
    match error:
        case FeedsvcError():
            return str(error), True
        case OSError():
            return f"{error.filename or 'records'}: {error.strerror}; expected a folder that can be followed", True
    # What it says may come from a record.
    return f"a sync failed: {type(error).__name__}; expected none, so please report what the log tells", False


def _follow_folder(config: Config, index: Index, stop: Event, sync_log: logs.SyncLog, identity: os.stat_result) -> None:
    """Follow one folder until `stop` is set, or until another folder is in its place."""
    folder = config.records_folder
    due = time.monotonic()  # soon: something may have changed before the watch began
    is_elected = False
    for changes in watch(
        folder,
        watch_filter=partial(_is_visible, folder),
        debounce=GATHER_MS,
        rust_timeout=WAKE_MS,
        yield_on_timeout=True,
        stop_event=stop,
        raise_interrupt=False,
    ):
        if not os.path.samestat(folder.stat(), identity):
            return
        if not index.is_leader():  # another node syncs; should it end, all is to be looked at
            due, is_elected = time.monotonic(), False
            continue
        if config.index.is_shared and not is_elected:
            log.info("this node now keeps the index in step with the records", extra=logs.event("elected"))
        is_elected = True
        is_due = time.monotonic() >= due or not index.is_filled()
        if changes or is_due:
            if is_due:
                due = time.monotonic() + RESCAN_SECONDS
            paths = None if is_due else {path for _, path in changes}
            with Workers() as workers:
                result = sync(index, config, mapping=workers.map, paths=paths)
            if result.read or result.gone or sync_log.failure:
                sync_log.add(result)


def _is_visible(folder: Path, change: object, path: str) -> bool:
    return not any(part.startswith(".") for part in os.path.relpath(path, folder).split(os.sep))
