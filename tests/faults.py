"""Injects faults: full and read-only disks, folders out of reach, killed commands, and a reader that never lets go."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.build.test_site import files
from tests.conftest import FEEDSVC, PATIENCE

_USUAL = re.compile(r"^([0-9,]+ stor(y|ies) from .*|warning: site\.base_url is not set.*)\n", re.MULTILINE)
IS_ROOT = os.geteuid() == 0


def command(*arguments: str | Path, cwd: Path, under: list[str] | None = None) -> tuple[int, str, str]:
    """(exit status, stdout, stderr) of `feedsvc`, which must not show a traceback. under: what to put before it.

    stderr is without what tests/cli/test_commands.py tests: the line of counts, and the warning of a missing base_url.
    """
    line = [*(under or []), FEEDSVC, *arguments]
    done = subprocess.run(line, cwd=cwd, capture_output=True, text=True, timeout=PATIENCE)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, _USUAL.sub("", done.stderr)


def undisturbed(folder: Path, records: Path, config: str = "") -> dict[str, bytes]:
    """What a build of these records writes that nothing disturbs."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "records").symlink_to(records)
    (folder / "config.toml").write_text(config)
    assert command("build", cwd=folder)[0] in (0, 1)
    return files(folder / "public")


@contextmanager
def mounted(folder: Path, kind: str = "tmpfs", options: str = "") -> Iterator[Path]:
    """A file system of its own at a folder; the test is skipped where that can't be."""
    folder.mkdir(exist_ok=True)
    if not IS_ROOT:
        pytest.skip("only root can mount a file system")
    done = subprocess.run(
        ["mount", "-t", kind, *(["-o", options] if options else []), kind, folder], capture_output=True
    )
    if done.returncode:
        pytest.skip(f"no {kind} can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)


def bound_by_permissions() -> list[str]:
    """What to put before a command so that permissions count, of which root otherwise takes no notice."""
    if not IS_ROOT:
        return []
    if not shutil.which("setpriv"):
        pytest.skip("this is root, whom permissions don't stop, and there is no setpriv")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


def start(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    """A command in a process group of its own."""
    return subprocess.Popen(
        [FEEDSVC, *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def kill_after(process: subprocess.Popen[str], seconds: float, whole_group: bool) -> bool:
    """Kill a command of `start`, alone or with all its processes; whether it was still running."""
    time.sleep(seconds)
    was_running = process.poll() is None
    if was_running and whole_group:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.communicate(timeout=PATIENCE)
    return was_running


class Reader:
    """Asks for addresses in turn, LEAST times or more unless that fails, and notes the statuses and each different body."""

    LEAST = 12

    def __init__(self, urls: list[str]) -> None:
        self.urls = urls
        self.statuses: Counter[int] = Counter()
        self.bodies: dict[str, set[bytes]] = {url: set() for url in urls}
        self.failures: list[str] = []
        self._stop = Event()

    def _ask(self) -> None:
        rounds = 0
        while not self._stop.is_set() or (rounds < self.LEAST and not self.failures):
            rounds += 1
            for url in self.urls:
                try:
                    with urlopen(url, timeout=PATIENCE) as response:
                        self.statuses[response.status] += 1
                        self.bodies[url].add(response.read())
                except HTTPError as error:
                    self.statuses[error.code] += 1
                    self.failures.append(f"{url}: {error.code} {error.read()[:200]!r}")
                except OSError as error:
                    self.failures.append(f"{url}: {error}")
            time.sleep(0.03)

    @contextmanager
    def asking(self) -> Iterator["Reader"]:
        """Ask from a thread meanwhile."""
        self._stop.clear()
        thread = Thread(target=self._ask, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join()


def at_another_time(offset: str) -> list[str]:
    """What to put before a command so that its clock, and no other, is off; the test is skipped where that can't be."""
    if not shutil.which("faketime"):
        pytest.skip("faketime is not installed")
    return ["env", "NO_FAKE_STAT=1", "faketime", "-f", offset]
