"""What the benchmarks share: a site to measure, times and memory of whole processes, and the printed table.

Each cold run has a folder of its own, and nothing is deleted before the end: where many files were just deleted, file
systems take long to make new ones.

It needs Linux, for memory comes from /proc: of a build, the sum of PSS over its processes, looked at every 50 ms; of a
serving worker, the most that it ever had resident (VmHWM).
"""

import argparse
import os
import platform
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import cycle
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory, mkdtemp
from typing import NoReturn
from urllib.parse import urlsplit

from records import write_records

import feedsvc

FEEDSVC, GRANIAN = (Path(sys.executable).parent / name for name in ("feedsvc", "granian"))
#: The configuration that makes what Hugo makes: related stories are links, and there is nothing but Atom and RSS.
LIKE_HUGO = """
[feeds]
related = "links"
archives = false
formats = ["atom", "rss"]
[build]
pages = false
"""
#: Seconds between two looks at the memory of a process.
LOOK = 0.05
#: Records that are changed in turn.
MOST_CHANGED = 10


class Took(float):
    """The seconds that a process took, and those that processors worked for it and for the processes that it waited for.

    The latter say more on a machine that others use as well.
    """

    processor = 0.0
    #: The most memory, in MB, that the process and those that it starts had at once: their PSS. 0 unless it was watched.
    memory = 0.0


def give_up(message: str, status: int = 1) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(status)


def program(name: str, package: str) -> Path:
    """An installed program. Without it, a line says what to install, and the exit status is 2."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    return Path(found) if found else give_up(f"{name} isn't installed; install it with: {package}", 2)


def options(description: str | None, records: bool = True, corpus: bool = True) -> argparse.ArgumentParser:
    """The options of a benchmark. It and all that it runs keep to two cores, so that machines compare.

    records: whether a number of records may be given. corpus: whether a folder of them may be.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers and folders are to go, too
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="counted runs, of which the median is shown; default 5")
    if records:
        parser.add_argument("--records", type=int, default=5000, help="records to generate; default 5000")
    if records and corpus:
        parser.add_argument("--corpus", type=Path, help="a folder of records to measure, as a copy, instead")
    return parser


def print_heading(*versions: str) -> None:
    """What was run, and on what."""
    cores = f"{len(os.sched_getaffinity(0))} of {os.cpu_count()} cores"
    made_of = ", ".join((f"feedsvc {feedsvc.__version__}", f"Python {platform.python_version()}", *versions))
    print(f"`{' '.join(['python', f'tests/benchmarks/{Path(sys.argv[0]).name}', *sys.argv[1:]])}`", end="")
    print(f" on {cores} ({platform.system()} {platform.machine()}): {made_of}.\n", flush=True)


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A Markdown table; all columns but the first are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    print("".join(f"| {' | '.join(line)} |\n" for line in lines), flush=True)


def spread(seconds: Sequence[float]) -> str:
    """The median of times, and the least and most."""
    return f"{median(seconds):.2f} s ({min(seconds):.2f}-{max(seconds):.2f})"


def ratio(times: Sequence[float], others: Sequence[float]) -> str:
    """How often a median has another one."""
    return f"{median(times) / median(others):.2f}"


def worked(times: Iterable[Took]) -> list[float]:
    """The processor's part of times."""
    return [took.processor for took in times]


def run(command: Sequence[str | Path], folder: Path, statuses: Sequence[int] = (0,), *, watched: bool = False) -> Took:
    """The time that a whole process takes, and its memory if it is watched. A failing one is the end."""
    worked_before, started, peak = _worked(), time.perf_counter(), 0
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while True:
            try:
                out, errors = process.communicate(timeout=LOOK if watched else None)
                break
            except subprocess.TimeoutExpired:
                pids = (process.pid, *below(process.pid))
                peak = max(peak, sum(kilobytes(pid, "smaps_rollup", "Pss") for pid in pids))
    took = Took(time.perf_counter() - started)
    took.processor, took.memory = _worked() - worked_before, peak / 1024
    if process.returncode not in statuses:
        give_up(f"{' '.join(map(str, command))}: exit status {process.returncode}\n{errors}{out}")
    return took


def _worked() -> float:
    """The seconds that processors worked for all processes that ran here and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def below(pid: int) -> Iterator[int]:
    """The processes that a process started, and those that they did."""
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            started = children.read_text().split()
        except OSError:  # it has ended
            continue
        for child in map(int, started):
            yield from (child, *below(child))


def kilobytes(pid: int, file: str, key: str) -> int:
    """What a file of /proc says of a process; 0 once it has ended."""
    try:
        found = re.search(rf"^{key}:\s+(\d+) kB", Path(f"/proc/{pid}/{file}").read_text(), re.MULTILINE)
    except OSError:  # it has ended
        return 0
    return int(found[1]) if found else 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fresh_folder(place: Path) -> Path:
    """A new folder, beside a path whose name its own begins with."""
    return Path(mkdtemp(prefix=f"{place.name}-", dir=place.parent))


def sizes(folder: Path) -> list[int]:
    """The bytes of each file in a folder."""
    return [path.stat().st_size for path in folder.rglob("*") if path.is_file()]


@cache
def newest(records: Path) -> Iterator[Path]:
    """The MOST_CHANGED records of front matter with the newest times, in turn: one alone may mention many stories or few."""
    times = {}
    for path in records.rglob("*.*"):
        if path.is_file() and (
            found := re.search(rb"^title: [\s\S]*?^publishedDateTime: (.+)", path.read_bytes(), re.M)
        ):
            times[path] = found[1]
    if not times:
        give_up("there is no record with front matter, a title and a time, which could be changed")
    return cycle(sorted(times, key=times.__getitem__)[-MOST_CHANGED:])


@dataclass
class Site:
    """A folder with a configuration, the index and the output, which is a new one for each cold run.

    place: where these folders are, each with another end to its name.
    """

    place: Path
    records: Path
    config: str = ""
    port: int = field(default_factory=free_port)
    folder: Path = field(init=False)

    def __post_init__(self) -> None:
        self.make_cold()

    @property
    def out(self) -> Path:
        return self.folder / "public"

    @property
    def index(self) -> Path:
        return self.folder / ".feedsvc"

    def make_cold(self) -> None:
        """Go on in a new folder, without output and index."""
        self.folder = fresh_folder(self.place)
        text = f"{self.config}\n[serve]\nport = {self.port}\n[records]\npath = '{self.records}'\n"
        (self.folder / "config.toml").write_text(text)

    def run(self, command: str, *, watched: bool = False) -> Took:
        """The time of a command; 1, done with problems, is a fine status for records in the wild."""
        return run([FEEDSVC, command], self.folder, (0, 1), watched=watched)

    def cold(self, command: str, *, watched: bool = False) -> Took:
        self.make_cold()
        return self.run(command, watched=watched)

    def change_record(self) -> str:
        """Give one of the newest records, each time another, another title, which it returns."""
        title = f"Changed at {time.time_ns()}"
        path = next(newest(self.records))
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub("^title: .*", f'title: "{title}"', text, count=1, flags=re.M), encoding="utf-8")
        return title

    def feeds(self) -> list[tuple[int, list[str]]]:
        """The feeds: number of stories, and the address in each format."""
        done = subprocess.run([FEEDSVC, "feeds"], cwd=self.folder, stdout=subprocess.PIPE, text=True)
        lines = [line.split() for line in done.stdout.splitlines()]
        return [(int(line[0]), [urlsplit(word).path for word in line if word.startswith("http://")]) for line in lines]


@contextmanager
def workplace(records: int | Path, listed: float = 0) -> Iterator[tuple[Path, Path]]:
    """A temporary folder, and one of records in it: a number of generated ones, or the copy of a folder.

    listed: the share of related stories that are generated records, too.
    """
    with TemporaryDirectory(prefix="feedsvc-benchmark-") as name:
        folder = Path(name, "records")
        if isinstance(records, Path):
            shutil.copytree(records, folder)
        else:
            write_records(folder, records, listed=listed)
        yield Path(name), folder
