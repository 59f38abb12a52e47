"""Worker processes. They ignore Ctrl-C, and end with their parent.

Most commands need none, so the libraries that start them are imported when there are to be some.
"""

import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from signal import SIG_BLOCK, SIG_SETMASK, SIGINT, Signals, pthread_sigmask
from typing import TYPE_CHECKING, Any, TypeVar

from feedsvc.errors import WorkerError

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

T = TypeVar("T")
R = TypeVar("R")

#: The objects that a worker makes between two looks for those that only hold each other, of which there are hardly any:
#: values of records and feeds go with their last reference. By default, looking takes a tenth of the time of reading.
_OBJECTS = 50_000


@contextmanager
def signals_blocked(*signals: Signals) -> Iterator[None]:
    """Block signals such as SIGINT, which Ctrl-C sends to all of a group, in the processes that the context starts."""
    from multiprocessing import resource_tracker

    mask = pthread_sigmask(SIG_BLOCK, signals)
    try:
        # multiprocessing unblocks SIGINT when it starts this, which SIGHUP else would end.
        resource_tracker.ensure_running()
        pthread_sigmask(SIG_BLOCK, signals)
        yield
    finally:
        pthread_sigmask(SIG_SETMASK, mask)


def end_with_parent(clean: Callable[[], object] = lambda: None) -> None:
    """End this process, which multiprocessing started, as soon as its parent has ended. clean: called before."""
    from multiprocessing import parent_process

    def wait() -> None:
        if parent := parent_process():
            parent.join()
            clean()
            os._exit(1)

    threading.Thread(target=wait, name="end-with-parent", daemon=True).start()


def _can_fork() -> bool:
    """Return whether it is safe to fork: without other threads, whose locks would stay locked in the child."""
    return sys.platform == "linux" and threading.active_count() == 1


class Workers:
    """Worker processes, one per core, started when there are several tasks, and ended with the context.

    meanwhile: called in each process after its first tasks, while this process uses their results.
    prepare: called in each process when it starts.
    """

    def __init__(self, meanwhile: Callable[[], None] | None = None, prepare: Callable[[], None] | None = None) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._meanwhile = meanwhile
        self._prepare = prepare

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """End the processes, without what they have not begun."""
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def start(self, load: Callable[[], None] | None = None) -> None:
        """Start the processes now, by a fork, which is fastest: before this one has threads or opens an index.

        load: called in each process at once, so that it has loaded what its tasks use when they come.
        """
        if _can_fork():
            self._pool = _start_pool("fork", self._prepare, load)
            with signals_blocked(SIGINT):
                self._pool.submit(os.getpid)  # the first task starts all of them

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """Do as the built-in `map` does, in the processes if there are several items. Raises WorkerError."""
        if len(items) < 2:
            return map(function, items)
        self._pool = self._pool or _start_pool("spawn", self._prepare)
        with signals_blocked(SIGINT), _kills_explained():
            results = self._pool.map(function, items)
            if self._meanwhile:
                for _ in range(os.cpu_count() or 1):
                    self._pool.submit(self._meanwhile)
                self._meanwhile = None
        return _all(results)


def _all(results: Iterator[R]) -> Iterator[R]:
    with _kills_explained():
        yield from results


@contextmanager
def _kills_explained() -> Iterator[None]:
    """Raise WorkerError where a process of the pool was killed."""
    from concurrent.futures import BrokenExecutor

    try:
        yield
    except BrokenExecutor as error:
        raise WorkerError("a worker process was killed; expected enough memory for all; run it again") from error


def _start_pool(method: str, *calls: Callable[[], None] | None) -> "ProcessPoolExecutor":
    """Return a pool whose processes begin with calls of functions."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    context: Any = get_context(method)
    return ProcessPoolExecutor(mp_context=context, initializer=_begin, initargs=calls)


def _begin(*calls: Callable[[], None] | None) -> None:
    end_with_parent()
    gc.freeze()  # what was there before the fork
    gc.set_threshold(_OBJECTS)
    for call in filter(None, calls):
        call()
