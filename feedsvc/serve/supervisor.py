"""Granian's server with two things that it lacks: a port that is held, and workers that are always started again."""

import logging
import socket
import time
from typing import Any

from granian.net import SocketHolder as _SocketHolder  # type: ignore[attr-defined]
from granian.server.mp import MPServer

from feedsvc.serve.sockets import BACKLOG

#: Seconds for which workers have to run so that the next one that ends is started again at once.
CALM_SECONDS = 60
#: Seconds until the second worker in a row is started again, which are doubled for each further one, and the most.
FIRST_PAUSE, LONGEST_PAUSE = 1, 30

log = logging.getLogger("feedsvc")

#: Its stub lacks its parameters: the socket's number, whether it is a Unix socket, and its backlog.
SocketHolder: Any = _SocketHolder


class Supervisor(MPServer):
    """Granian's server. It would end with its second worker that ends within 5.5 seconds."""

    def __init__(self, listener: socket.socket, **options: Any) -> None:
        """listener: of `listen`, which its workers share. options: of granian's server."""
        address, port = listener.getsockname()[:2]
        super().__init__("feedsvc", address=address, port=port, backlog=BACKLOG, **options)
        self._listener = listener
        self._restarted = 0.0
        self._pause = 0

    def serve(self, *arguments: Any, **named: Any) -> None:
        """Serve until SIGTERM, as granian does but for its warning of many threads: see `server.THREADS`."""
        super(MPServer, self).serve(*arguments, **named)

    def _init_shared_socket(self) -> None:
        self._listener.set_inheritable(True)
        self._sso, self._shd = self._listener, SocketHolder(self._listener.fileno(), False, BACKLOG)

    def _respawn_workers(
        self, workers: list[int], spawn_target: object, target_loader: object, delay: float = 0
    ) -> None:
        running: list[Any] = self.wrks
        if not all(worker.is_alive() for worker in running):
            self._wait()
        if self.interrupt_signal:
            return
        super()._respawn_workers(workers, spawn_target, target_loader, delay)
        self._restarted = time.monotonic()
        self.respawned_wrks.clear()  # those that count as a loop

    def _wait(self) -> None:
        """Wait until a worker that ended may be started again, or the service is to end."""
        now = time.monotonic()
        if now - self._restarted > CALM_SECONDS:
            self._pause = 0
        if self._pause:
            log.warning("workers keep ending; the next one starts in %d s", self._pause)
        while not self.interrupt_signal and time.monotonic() < now + self._pause:
            time.sleep(0.1)
        self._pause = min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
