"""Granian's server with what it lacks: a port that is held, workers that are started again, and lines to them."""

import logging
import multiprocessing
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Any, cast

from granian.net import SocketHolder as _SocketHolder  # type: ignore[attr-defined]
from granian.server.mp import MPServer, WorkerProcess

from feedsvc.serve.sockets import BACKLOG

#: Seconds for which workers have to run so that the next one that ends is started again at once.
CALM_SECONDS = 60
#: Seconds until the second worker in a row is started again, which are doubled for each further one, and the most.
FIRST_PAUSE, LONGEST_PAUSE = 1, 30
#: Seconds between two looks whether the service is to end.
WAKE_SECONDS = 0.5

log = logging.getLogger("feedsvc")

#: Its stub lacks its parameters: the socket's number, whether it is a Unix socket, and its backlog.
SocketHolder: Any = _SocketHolder


class _Interrupt(Event):
    """What the server's main thread waits for.

    A signal that comes after Python's last look and before the thread blocks would be handled at the next one only, and
    granian may clear the event just after it is set. So it looks again now and then.
    """

    def __init__(self, is_over: Callable[[], bool]) -> None:
        super().__init__()
        self._is_over = is_over

    def wait(self, timeout: float | None = None) -> bool:
        """Wait without end, whatever the timeout."""
        while not super().wait(WAKE_SECONDS) and not self._is_over():
            pass
        return True


class _Line:
    """A line to a worker. Nobody waits for a worker that takes nothing, such as one that was killed as it began."""

    def __init__(self, end: Connection) -> None:
        self._end = end
        self._messages: SimpleQueue[object] = SimpleQueue()
        Thread(target=self._send, name="line", daemon=True).start()

    def send(self, message: object) -> None:
        """Send a message, after those before it."""
        self._messages.put(message)

    def close(self) -> None:
        """Send nothing more than what was to be sent."""
        self._messages.put(None)

    def _send(self) -> None:
        with suppress(OSError):  # the worker has ended
            while (message := self._messages.get()) is not None:
                self._end.send(message)


class Supervisor(MPServer):
    """Granian's server. It would end with its second worker that ends within 5.5 seconds.

    What workers are to have comes to them on lines. Of what multiprocessing itself hands to a process, it would wait
    for ever for one that is killed before it has taken that.
    """

    def __init__(self, listener: socket.socket, message: object, **options: Any) -> None:
        """listener: of `listen`, which its workers share. message: the first one. options: of granian's server."""
        address, port = listener.getsockname()[:2]
        super().__init__("feedsvc", address=address, port=port, backlog=BACKLOG, **options)
        self.main_loop_interrupt = _Interrupt(lambda: self.interrupt_signal)
        self._listener = listener
        self._lines: dict[int, _Line] = {}
        self._message = message
        self._telling = Lock()
        self._restarted = 0.0
        self._pause = 0

    def _init_shared_socket(self) -> None:
        self._listener.set_inheritable(True)
        self._sso, self._shd = self._listener, SocketHolder(self._listener.fileno(), False, BACKLOG)

    def tell_workers(self, message: object) -> None:
        """Send each worker a message, on the line that its loader was called with; it is the first of later ones."""
        with self._telling:
            self._message = message
            for line in self._lines.values():
                line.send(message)

    def _spawn_worker(self, idx: int, target: object, callback_loader: Callable[..., object]) -> WorkerProcess:  # type: ignore[override]
        own_end, its_end = multiprocessing.Pipe()
        with self._telling:
            if before := self._lines.get(idx):
                before.close()
            self._lines[idx] = line = _Line(own_end)
            line.send(self._message)
        return super()._spawn_worker(idx, target, partial(callback_loader, its_end))

    def _respawn_workers(
        self, workers: list[int], spawn_target: object, target_loader: object, delay: float = 0
    ) -> None:
        running: list[Any] = self.wrks
        if not all(worker.is_alive() for worker in running):
            self._wait()
        if self.interrupt_signal:
            return
        for number in workers:
            log.error("worker %d ended unexpectedly; another one starts", number + 1)
        super()._respawn_workers(workers, spawn_target, target_loader, delay)
        self._restarted = time.monotonic()
        self.respawned_wrks.clear()  # those that count as a loop

    def _stop_workers(self) -> None:
        """Tell all workers to end, and kill those that don't.

        Granian's own way asks for a worker's status, which it doesn't get while the thread that waits for the worker is
        about to note it: then it takes one that has ended for one that refuses to.
        """
        running: dict[int, Any] = {worker.inner.sentinel: worker for worker in self.wrks}
        for worker in running.values():
            worker.terminate()
        until = time.monotonic() + (self.workers_kill_timeout or 0)
        while running and (left := until - time.monotonic()) > 0:
            for ended in wait(list(running), left):
                del running[cast(int, ended)]
        for worker in running.values():
            log.warning("worker %d did not end, and is killed", worker.idx + 1)
            worker.kill()
        self.wrks.clear()

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
