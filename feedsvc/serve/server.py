"""The service: a production server, with threads that follow the records folder and announce changes to a hub."""

import multiprocessing
import os
import resource
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from threading import Event, Thread

from flask import Flask
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from feedsvc.config import Config
from feedsvc.feeds.documents import Documents
from feedsvc.index.database import Index
from feedsvc.index.stamps import takes_effect
from feedsvc.serve import logs
from feedsvc.serve.follower import follow
from feedsvc.serve.supervisor import Supervisor
from feedsvc.serve.websub import announce_changes
from feedsvc.web import create_app, multiprocess
from feedsvc.web.cache import MAX_WAITING
from feedsvc.workers import end_with_parent, interrupts_blocked

#: Threads of a worker process. The server itself reads and writes the sockets, so these only compute. Most of them may
#: wait for documents that are made one after the other; the others deliver what is cached meanwhile.
THREADS = 2 * (1 + MAX_WAITING)
#: Connections that a worker holds at most, stalled and idle ones among them.
CONNECTIONS = 2048
#: Bytes of a request's head; what arrives at once may be twice as long. It is also what may be queued on a connection,
#: but for one document, when the next request on it is read.
HEAD_BYTES = 32768
#: Other files that a worker may have open: it has about 30 of its own, and some of its index.
FILES = 64
#: Seconds that a worker has to end.
STOP_SECONDS = 5

#: Sends the server's own messages where ours go; its default is stdout.
_LOGGING = {
    "handlers": {},
    "filters": {"server": {"()": logs.ServerFilter}},
    "loggers": {"_granian": {"propagate": True, "filters": ["server"]}},
}


def serve(
    config: Config,
    index: Index,
    listener: socket.socket,
    sync_log: logs.SyncLog,
    prepare: Callable[[], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM.

    listener: of `listen`. sync_log: with the result of the first sync. prepare: called in each worker process.
    """
    # Workers are spawned, not forked: a fork would copy locks that the threads below hold.
    multiprocessing.set_start_method("spawn", force=True)
    # In theirs, glibc else keeps an arena of memory for each of many threads: which grows to what one needs.
    # They compute one at a time, so one arena keeps none waiting.
    os.environ.setdefault("MALLOC_ARENA_MAX", "1")
    server = Supervisor(
        listener,
        interface=Interfaces.WSGI,
        # A proxy speaks HTTP/2. Here, its compressed headers would be bombs, and its windows queues.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(max_buffer_size=HEAD_BYTES),
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
                # Nothing waits for its end: it may wait for the hub. The next service announces what is left.
                arguments = (Documents(index, config), stop)
                Thread(target=announce_changes, args=arguments, name="announcer", daemon=True).start()
            server.serve(target_loader=partial(_load_app, config, time.time(), prepare), wrap_loader=False)
    except SystemExit:
        if (
            not server.interrupt_signal
        ):  # else the workers got the signal, too, and ended before the server stopped them
            raise
    finally:
        stop.set()
        if config.serve.watch:
            follower.join(STOP_SECONDS)
            if follower.is_alive():  # in a long sync, whose transaction ends with the process
                os._exit(0)


def _connections() -> int:
    """Return CONNECTIONS, or as many as this process may have, and raise its limit of open files for them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    # Of fewer than it needs, half have to do.
    return CONNECTIONS if soft == resource.RLIM_INFINITY else min(soft - min(FILES, soft // 2), CONNECTIONS)


def _interrupt_as_terminate() -> None:
    """Wait for SIGINT, and end the service as SIGTERM does."""
    signal.sigwait({signal.SIGINT})
    os.kill(os.getpid(), signal.SIGTERM)


def _load_app(config: Config, started: float, prepare: Callable[[], None] | None) -> Flask:
    """Return the application, in a worker process, which ends with its parent."""
    if prepare:
        prepare()
    end_with_parent(multiprocess.remove)
    logs.configure(config.serve.log_format)
    multiprocess.join()
    # Until then, a client that sends `If-Modified-Since` alone would get each document once more.
    time.sleep(min(max(takes_effect(started) - time.time(), 0), 2))
    return create_app(config, started=started)
