"""Measure a million stories, once: 220,000 records, each in a file of its own, on a machine with 10 GB of free disk.

    python tests/benchmarks/million.py [--records 220000]

The records are those of the other benchmarks, of which a tenth of the related stories are records, too; two processes
write them, which isn't counted. Then come the first sync (`feedsvc check` with no index), one of no change, and one of a changed
record; then the service with its default configuration: what it takes to start with the index in step, cold renders and
changes, as serving.py measures them, and the memory of a worker and of all processes. Each line is printed once it is known.
"""

import shutil
import time
from multiprocessing import Pool
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory, gettempdir

from measure import Site, below, give_up, kilobytes, options, print_heading, sizes
from records import write_records
from service import serving

#: Records that a process writes at a time; only these list each other.
CHUNK = 5000
LISTED = 0.1
#: Between two records, so that all are of the past.
MINUTES = 15
#: Bytes of disk for a record and what the index has of it, twice: the index is written beside its log.
DISK = 40_000
CHANGES = 5


def write_chunk(folder: Path, first: int, number: int) -> None:
    write_records(folder, number, seed=first + 1, first=first, listed=LISTED, minutes=MINUTES)


def tell(name: str, value: str) -> None:
    print(f"| {name} | {value} |", flush=True)


def main() -> None:
    parser = options(__doc__, corpus=False)
    parser.set_defaults(records=220_000)
    arguments = parser.parse_args()
    if shutil.disk_usage(gettempdir()).free < arguments.records * DISK:
        give_up(f"{gettempdir()}: expected {arguments.records * DISK / 1e9:.1f} GB of free disk", 2)
    print_heading()
    print(f"| {arguments.records:,} records, once | |\n| --- | ---: |")
    with TemporaryDirectory(prefix="feedsvc-benchmark-") as name:
        records = Path(name, "records")
        chunks = [
            (records, first, min(CHUNK, arguments.records - first)) for first in range(0, arguments.records, CHUNK)
        ]
        with Pool(2) as pool:
            pool.starmap(write_chunk, chunks, chunksize=1)
        tell("size of the records", f"{sum(sizes(records)) / 1e6:,.0f} MB")
        site = Site(Path(name, "site"), records)
        took = site.cold("check", watched=True)
        tell("first sync", f"{took:.1f} s, of a processor {took.processor:.1f} s")
        tell("first sync, peak memory", f"{took.memory:.0f} MB")
        stories = site.feeds()[0][0]
        tell("stories", f"{stories:,}")
        index = sum(sizes(site.index))
        tell("index", f"{index / 1e6:,.0f} MB, {index / stories / 1000:.2f} kB a story")
        tell("sync, unchanged", f"{site.run('check'):.2f} s")
        site.change_record()
        tell("sync, one record changed", f"{site.run('check'):.2f} s")
        started = time.perf_counter()
        with serving(site) as service:
            tell("start of the service, in step", f"{time.perf_counter() - started:.2f} s")
            first, _ = service.renders(site)
            tell(
                f"cold render ({len(first)} feeds)",
                f"{median(first) * 1000:.1f} ms, at most {max(first) * 1000:.1f} ms",
            )
            pages = service.seconds(sorted({f"{Path(path).with_suffix('')}/" for path in site.feeds()[1][1]} | {"/"}))
            tell("cold render of the home page and a topic's", ", ".join(f"{page * 1000:.0f} ms" for page in pages))
            changes = []
            for _ in range(CHANGES):
                time.sleep(2)
                changes.append(service.change(site))
            tell(
                "one record changed, until it is served",
                f"{median(changes):.2f} s ({min(changes):.2f}-{max(changes):.2f})",
            )
            tell("most memory of a worker", f"{service.worker_memory():.0f} MB")
            processes = (service.pid, *below(service.pid))
            memory = sum(kilobytes(pid, "smaps_rollup", "Pss") for pid in processes) / 1024
            tell("memory of all processes", f"{memory:.0f} MB")


if __name__ == "__main__":
    main()
