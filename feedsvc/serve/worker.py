"""A worker process of the server: its application, how it takes over another configuration, and how it ends."""

import logging
import os
import time
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from signal import SIG_BLOCK, SIGTERM, alarm, getsignal, pthread_sigmask, sigwait
from threading import Thread
from typing import TYPE_CHECKING

from feedsvc.config import Config
from feedsvc.index.opening import open_index, reopen_index
from feedsvc.index.revisions import takes_effect
from feedsvc.serve import logs
from feedsvc.web import create_app, metrics_folder
from feedsvc.workers import end_with_parent

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Seconds that a worker has to answer the requests that it has when it is told to end.
ANSWER_SECONDS = 4

log = logging.getLogger("feedsvc")


def load(prepare: Callable[[], None] | None, line: Connection) -> "WSGIApplication":
    """Return the application of this process, a worker that has just started.

    prepare: called first. line: on which the configurations come, each with the time when the service began, or took it
    over, in seconds since 1970; see `create_app`.
    """
    _end_when_told()
    if prepare:
        prepare()
    end_with_parent(metrics_folder.remove)
    try:
        config, started = line.recv()
    except EOFError:  # the service ended
        os._exit(1)
    logs.configure(config.serve.log_format)
    metrics_folder.join()
    # Until then, a client that sends `If-Modified-Since` alone would get each document once more.
    time.sleep(min(max(takes_effect(started) - time.time(), 0), 2))
    application = _Application(config, started)
    while line.poll():  # what came meanwhile
        application.configure(*line.recv())
    Thread(target=application.follow, args=(line,), name="configuration", daemon=True).start()
    return application


class _Application:
    """The application of one configuration after the other. Requests that have begun keep theirs."""

    def __init__(self, config: Config, started: float) -> None:
        self._index = open_index(config)
        self._app = create_app(config, self._index, started)
        self._answer = self._app.wsgi_app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        return self._answer(environ, start_response)

    def configure(self, config: Config, started: float) -> None:
        """Take over a configuration, which the service has checked; or end, so that another worker begins with it."""
        try:
            logs.configure(config.serve.log_format)
            self._index = reopen_index(self._index, config)
            self._app = create_app(config, self._index, started, before=self._app)
            self._answer = self._app.wsgi_app
        except Exception:  # whichever it is: else the thread would end, and this worker go on with the old one
            log.exception("a worker can't take over the configuration, and ends; another one starts")
            os._exit(1)

    def follow(self, line: Connection) -> None:
        """Take over the configurations that come on a line, until its other end is closed."""
        while True:
            try:
                config, started = line.recv()
            except (EOFError, OSError):  # the service ended
                return
            self.configure(config, started)


def _end_when_told() -> None:
    """End this process at SIGTERM: at once while it begins, then as soon as its requests are answered.

    The server's own handler would wait for Python's main thread, which misses a signal that comes after its last look
    and before it blocks; and a second signal could block it for ever. So a thread waits for the signal, once.
    """
    pthread_sigmask(SIG_BLOCK, {SIGTERM})  # in all threads that this one starts, too

    def wait() -> None:
        sigwait({SIGTERM})
        handler = getsignal(SIGTERM)
        if callable(handler):  # the server's, which has begun
            alarm(ANSWER_SECONDS)  # whose signal ends a process also while a thread of the server holds Python's lock
            handler(SIGTERM, None)
        else:
            os._exit(0)

    Thread(target=wait, name="end-when-told", daemon=True).start()
