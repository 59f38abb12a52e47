"""What a command shows on a terminal."""

import os
import pty
import subprocess
from pathlib import Path

from tests.conftest import FEEDSVC


def shown_on_terminal(*arguments: str, cwd: Path, stream: str = "stdout", columns: int = 80) -> str:
    """Return what `feedsvc` writes where one of its streams, and no other, is a terminal of so many columns."""
    master, slave = pty.openpty()
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: slave}
    environment = {**os.environ, "COLUMNS": str(columns)}
    process = subprocess.Popen([FEEDSVC, *arguments], cwd=cwd, env=environment, **streams)
    os.close(slave)
    shown = b""
    try:
        while chunk := os.read(master, 10000):
            shown += chunk
    except OSError:
        pass  # how the end of a terminal's output shows itself
    os.close(master)
    assert process.wait() == 0
    return shown.decode()
