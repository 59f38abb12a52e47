"""The `feedsvc` command: options in, lines and exit status out."""

import atexit
import gc
import os
from contextlib import suppress
from signal import SIGINT, default_int_handler, getsignal, signal
from threading import current_thread, main_thread


def _end(*number_and_frame: object) -> None:
    """End the process at an interrupt, while the commands load: Python would show a traceback of imports."""
    with suppress(OSError):
        os.write(2, b"feedsvc: interrupted\n")
    os._exit(130)


_is_command = getsignal(SIGINT) is default_int_handler and current_thread() is main_thread()
if _is_command:
    signal(SIGINT, _end)
    # Python looks for objects that only hold each other each 700 objects, and once more when it ends. In the lists of
    # files and stories of a build there is nothing to find, and at the end all memory is given back anyway.
    gc.set_threshold(100_000)
    atexit.register(gc.freeze)
try:
    from feedsvc.cli.commands import main
finally:
    if _is_command:
        signal(SIGINT, default_int_handler)

__all__ = ["main"]
