"""Bounds for answers that nobody reads, of which the server has none: the kernel keeps them, on each connection.

A connection has the options of the socket that listens (Linux: tcp(7)); the server makes that one itself, in each
worker. Servers in Python that have such bounds answer a quarter of the requests, or let a slow reader hold a thread.
"""

import logging
import os
import socket
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

#: Bytes of answers that wait in the kernel to be sent on a connection.
UNSENT_BYTES = 131072
#: Seconds for which a client may take nothing of an answer, until its connection is closed.
UNREAD_SECONDS = 60
#: Seconds for which a worker's socket is looked for.
LOOK_SECONDS = 30

#: `TCP_NOTSENT_LOWAT`, which the standard library has from Python 3.12 on.
_NOTSENT_LOWAT = 25

log = logging.getLogger("feedsvc")


def bound_unread_answers(port: int) -> None:
    """Bound what is kept for the clients of the socket that this process will listen with soon, in a thread."""
    if sys.platform == "linux":
        Thread(target=_wait, args=(port,), name="sockets", daemon=True).start()


def _wait(port: int) -> None:
    end = time.monotonic() + LOOK_SECONDS
    try:
        while not (listener := next(_listeners(port), None)):
            if time.monotonic() > end:
                raise TimeoutError(f"no socket listens on port {port}")
            time.sleep(0.01)
        with listener:
            listener.setsockopt(socket.IPPROTO_TCP, _NOTSENT_LOWAT, UNSENT_BYTES)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
    except OSError as error:
        log.warning("can't bound answers that nobody reads: %s; let a proxy do so", error)


def _listeners(port: int) -> Iterator[socket.socket]:
    """Yield copies of the sockets of this process that listen on a port."""
    for number in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
        with suppress(OSError):  # it was closed meanwhile
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            found = socket.socket(fileno=os.dup(number))
            listens = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            if listens and found.family in (socket.AF_INET, socket.AF_INET6) and found.getsockname()[1] == port:
                yield found
            else:
                found.close()
