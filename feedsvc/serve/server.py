"""The service: a production server, with threads that follow records and configuration, and announce changes."""

import multiprocessing
import os
import resource
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from threading import Thread

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from feedsvc.config import Config
from feedsvc.index.database import Index
from feedsvc.index.sync_result import SyncResult
from feedsvc.serve import logs
from feedsvc.serve.background import Background
from feedsvc.serve.supervisor import Supervisor
from feedsvc.serve.worker import ANSWER_SECONDS, load
from feedsvc.web import metrics_folder
from feedsvc.web.cache import MAX_WAITING
from feedsvc.workers import signals_blocked

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
#: Seconds that the threads have to end.
STOP_SECONDS = ANSWER_SECONDS + 1
#: Seconds after which a worker is killed, which ends by itself after ANSWER_SECONDS: on a busy machine, later.
KILL_SECONDS = 2 * ANSWER_SECONDS

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
    result: SyncResult,
    ready: Callable[[], object],
    prepare: Callable[[], None] | None,
) -> None:
    """Serve until SIGINT or SIGTERM.

    listener: of `listen`. result: of the first sync. ready: called when either signal ends the service in order, before
    the server starts. prepare: called in each worker process.
    """
    logs.configure(config.serve.log_format)
    sync_log = logs.SyncLog()
    if result.loss:
        sync_log.refuse(result.loss)
    elif result.seconds:  # else another node syncs
        sync_log.add(result)
    # Workers are spawned, not forked: a fork would copy locks that the threads below hold.
    multiprocessing.set_start_method("spawn", force=True)
    # In theirs, glibc else keeps an arena of memory for each of many threads: which grows to what one needs.
    # They compute one at a time, so one arena keeps none waiting.
    os.environ.setdefault("MALLOC_ARENA_MAX", "1")
    server = Supervisor(
        listener,
        (config, time.time()),
        interface=Interfaces.WSGI,
        # A proxy speaks HTTP/2. Here, its compressed headers would be bombs, and its windows queues.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(max_buffer_size=HEAD_BYTES),
        workers=config.serve.workers,
        blocking_threads=THREADS,
        backpressure=_connections(),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_SECONDS,
        log_level=LogLevels.warning,
        log_dictconfig=_LOGGING,
    )
    background = Background(config, index, sync_log, server.tell_workers)
    try:
        with signals_blocked(signal.SIGINT, signal.SIGHUP), metrics_folder.shared():
            # Also SIGINT, which multiprocessing unblocks if it has to start its resource tracker anew.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, server.signal_handler_interrupt)
            Thread(target=_take_signals, args=(background.reload,), name="signals", daemon=True).start()
            ready()
            background.start()
            server.serve(target_loader=partial(load, prepare), wrap_loader=False)
    except SystemExit:
        # Told to end, it still reports workers that got the signal, too, and ended before it stopped them.
        if not server.interrupt_signal:
            raise
    finally:
        if not background.end(STOP_SECONDS):  # in a long sync, whose transaction ends with the process
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


def _take_signals(reload: Callable[[], object]) -> None:
    """Wait for SIGHUP, to read the configuration anew, and for SIGINT, to end the service as SIGTERM does."""
    while signal.sigwait({signal.SIGHUP, signal.SIGINT}) == signal.SIGHUP:
        reload()
    os.kill(os.getpid(), signal.SIGTERM)
