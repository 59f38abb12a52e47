"""Servers that are measured while they run."""

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryFile
from types import MappingProxyType

from measure import FEEDSVC, MOST_CHANGED, Site, below, give_up, kilobytes

#: Entries of a full feed.
FULL = 50
#: Seconds that a service may take to start, with the first sync of many records.
PATIENCE = 600
#: Seconds that it may take to publish a change.
CHANGE_PATIENCE = 60


@contextmanager
def running(command: Sequence[str | Path], folder: Path, port: int) -> Iterator["Service"]:
    """A server that listens on a port, from when it answers."""
    with (
        TemporaryFile() as errors,
        subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=errors) as process,
    ):
        service = Service(process.pid, HTTPConnection("127.0.0.1", port, timeout=PATIENCE))
        try:
            started = time.monotonic()
            while not service.answers():
                if process.poll() is not None or time.monotonic() - started > PATIENCE:
                    errors.seek(0)
                    give_up(f"{' '.join(map(str, command))}: doesn't answer\n{errors.read().decode()}")
                time.sleep(0.05)
            yield service
        finally:
            process.terminate()
            process.wait()


@dataclass
class Service:
    """A running server, and one connection to it, which is kept open."""

    pid: int
    connection: HTTPConnection

    def answers(self) -> bool:
        try:
            self.get("/healthz")
        except (OSError, HTTPException):
            self.connection.close()
            return False
        return True

    def get(self, path: str, headers: Mapping[str, str] = MappingProxyType({})) -> tuple[int, str, bytes]:
        """The status, the ETag and the body at a path."""
        self.connection.request("GET", path, headers=headers)
        response = self.connection.getresponse()
        return response.status, response.headers.get("ETag", ""), response.read()

    def worker_memory(self) -> float:
        """The most memory, in MB, that any worker ever had resident."""
        return max(kilobytes(pid, "status", "VmHWM") for pid in below(self.pid)) / 1024

    def seconds(self, paths: Sequence[str]) -> list[float]:
        """The time of a request for each path, one after the other on one connection."""
        times = []
        for path in paths:
            started = time.perf_counter()
            status = self.get(path)[0]
            times.append(time.perf_counter() - started)
            if status != 200:
                give_up(f"{path}: status {status}; expected 200")
        return times

    def renders(self, site: Site) -> tuple[list[float], list[float]]:
        """The times of first requests for full feeds that nobody asked for before, and of a second one for each.

        They are those of topics, in each format. Before them, the feed of everything is asked for, so that the worker
        has imported what it needs.
        """
        everything, *others = site.feeds()
        topics = [path for size, paths in others if size >= FULL for path in paths if path.startswith("/topics/")]
        if not topics:
            give_up(f"no topic has {FULL} stories; take more records")
        self.seconds(everything[1])
        return self.seconds(topics), self.seconds(topics)

    def change(self, site: Site) -> float:
        """The seconds from when a changed record is written until it is served, asked for every 5 ms."""
        self.connection.close()  # it may have been idle for too long
        title = site.change_record().encode()
        started = time.perf_counter()
        while title not in self.get(f"/feed.atom?limit={MOST_CHANGED}&related=links")[2]:
            if time.perf_counter() - started > CHANGE_PATIENCE:
                give_up("one of the newest records was changed, and isn't among the first served; is it a draft?")
            time.sleep(0.005)
        return time.perf_counter() - started


@contextmanager
def serving(site: Site) -> Iterator[Service]:
    """`feedsvc serve`, in step with its records."""
    with running([FEEDSVC, "serve"], site.folder, site.port) as service:
        yield service
