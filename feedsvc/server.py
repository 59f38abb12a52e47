"""The service: a production server, and a thread that keeps the index in step with the records folder."""

import logging
import multiprocessing
import os
import signal
import socket
import time
from functools import partial
from pathlib import Path
from threading import Event, Thread

from flask import Flask
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server
from watchfiles import watch

from feedsvc.config import Config
from feedsvc.errors import FeedsvcError, ServeError
from feedsvc.index.database import Database
from feedsvc.index.sync import sync
from feedsvc.processes import Workers, end_with_parent, interrupts_blocked
from feedsvc.web import create_app

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
#: Seconds that a worker has to end.
STOP_SECONDS = 5

#: Where the server's own messages go; by itself it writes them to stdout.
_STDERR = {"class": "logging.StreamHandler", "formatter": "generic", "stream": "ext://sys.stderr"}

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


def serve(config: Config, index: Database, ip: str) -> None:
    """Serve until SIGINT or SIGTERM. The index must be in step with the records folder."""
    # Workers are spawned, not forked: a fork would copy the locks of the threads below as they are.
    multiprocessing.set_start_method("spawn", force=True)
    server = Server(
        "feedsvc",
        address=ip,
        port=config.serve.port,
        interface=Interfaces.WSGI,
        workers=config.serve.workers,
        blocking_threads=THREADS,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.warning,
        log_dictconfig={"handlers": dict.fromkeys(("console", "access"), _STDERR)},
    )
    stop = Event()
    follower = Thread(target=follow, args=(config, index, stop), name="follower", daemon=True)
    try:
        with interrupts_blocked():
            Thread(target=_interrupt_as_terminate, name="interrupt", daemon=True).start()
            if config.serve.watch:
                follower.start()
            server.serve(target_loader=partial(_load_app, config), wrap_loader=False)
    finally:
        stop.set()
        if config.serve.watch:
            follower.join(STOP_SECONDS)
            if follower.is_alive():  # in the midst of a long sync, which the next one does again
                os._exit(0)


def _interrupt_as_terminate() -> None:
    """Let Ctrl-C end the service in the one way that SIGTERM does."""
    signal.sigwait({signal.SIGINT})
    os.kill(os.getpid(), signal.SIGTERM)


def _load_app(config: Config) -> Flask:
    """The application, in a worker process, which ends with its parent."""
    end_with_parent()
    return create_app(config)


def follow(config: Config, index: Database, stop: Event) -> None:
    """Sync whenever something changes in the records folder, until `stop` is set."""
    folder = config.records_folder
    failure = ""
    while not stop.is_set():
        try:
            _follow_folder(config, index, stop, folder.stat())
            failure = ""
        except Exception as error:  # whatever it is, the service goes on, and tries again
            if str(error) != failure:
                log.error("%s; trying again", error, exc_info=not isinstance(error, FeedsvcError | OSError))
            failure = str(error)
            stop.wait(RETRY_SECONDS)


def _follow_folder(config: Config, index: Database, stop: Event, identity: os.stat_result) -> None:
    """Follow one folder until `stop` is set, or until another folder is in its place."""
    folder = config.records_folder
    due = time.monotonic()  # soon: something may have changed before the watch began
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
        is_due = time.monotonic() >= due or not index.is_filled()
        if changes or is_due:
            if is_due:
                due = time.monotonic() + RESCAN_SECONDS
            paths = None if is_due else {path for _, path in changes}
            with Workers() as workers:
                result = sync(index, config, mapping=workers.map, paths=paths)
            if result.read or result.gone:
                log.info("%d files read, %d gone, %d problems", result.read, result.gone, len(result.problems))


def _is_visible(folder: Path, change: object, path: str) -> bool:
    return not any(part.startswith(".") for part in os.path.relpath(path, folder).split(os.sep))
