"""The `feedsvc` command: options in, lines and exit status out."""

import os
from signal import SIGINT, default_int_handler, getsignal, signal


def _end(*number_and_frame: object) -> None:
    """End the process at an interrupt, while the commands load: Python would show a traceback of imports."""
    try:
        os.write(2, b"feedsvc: interrupted\n")
    finally:
        os._exit(130)


_is_command = getsignal(SIGINT) is default_int_handler
if _is_command:
    try:
        signal(SIGINT, _end)  # before anything else is loaded
    except ValueError:  # this is not the main thread
        _is_command = False
if _is_command:
    import atexit
    import gc

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
