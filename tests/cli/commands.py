"""Runs commands: in a process of their own, in this one, or on a terminal."""

import os
import pty
import subprocess
from contextlib import chdir
from pathlib import Path

from click.testing import CliRunner

from feedsvc.cli import main
from tests.conftest import FEEDSVC, PATIENCE


def feedsvc(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, in which a warning is an error, and return what came of it."""
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [FEEDSVC, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert "Traceback" not in done.stderr
    return done


def result(*arguments: str | Path, cwd: Path) -> tuple[int, str, str]:
    """Return (exit status, stdout, stderr) of a command, run in this process to save the start of another."""
    with chdir(cwd):
        done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


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
