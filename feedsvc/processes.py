"""Child processes that leave Ctrl-C to their parent, and never outlive it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process, resource_tracker
from signal import SIG_BLOCK, SIG_SETMASK, SIGINT, pthread_sigmask
from threading import Thread


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Block SIGINT, which Ctrl-C sends to all processes of a group: those started meanwhile never get it."""
    resource_tracker.ensure_running()  # multiprocessing unblocks SIGINT when it starts this later
    mask = pthread_sigmask(SIG_BLOCK, {SIGINT})
    try:
        yield
    finally:
        pthread_sigmask(SIG_SETMASK, mask)


def end_with_parent() -> None:
    """End this process, which multiprocessing started, as soon as its parent is gone, in whichever way."""

    def wait() -> None:
        if parent := parent_process():
            parent.join()
            os._exit(1)

    Thread(target=wait, name="end-with-parent", daemon=True).start()
