"""Measure how time and memory grow with the records.

    python tests/benchmarks/growth.py [--sizes 500 5000 50000] [--runs 3]

Builds are those that are compared with Hugo's, as whole processes: cold, unchanged, and with another title of a new
record, each time another one. The first sync is `feedsvc check` with no index. The service has the default configuration;
renders and changes in it are measured as by serving.py, then feeds are asked for in every format, and the workers'
memory looked at. A tenth of the related stories are records themselves. A second table has the same with clusters in place of links, or of entries:
how many times what it takes without.

Of more than 5,000 records there is one run of builds and syncs. Each value is printed once it is known, before the tables.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from measure import LIKE_HUGO, Site, Took, options, print_heading, print_table, sizes
from records import write_records
from service import serving


@dataclass
class Row:
    """What is measured, how its values are written, and what is reached for."""

    name: str
    form: str
    reach: str


#: The most records that are built and synced in several runs, and the times that one of them is changed in the service.
MOST_REPEATED, CHANGES = 5000, 5
#: The most addresses that a service is asked for: more than a worker keeps.
MOST_ASKED = 2000
#: Microseconds that each file may add to an unchanged build.
REACH_FILE = 8
#: What clusters may take, in what it takes without.
REACH_CLUSTERS = "<= 1.2"
#: The part of related stories that are records, too.
LISTED = 0.1
#: In time, no faster than the records; `{most}` is what their growth allows.
ROWS = (
    Row("build, cold", "{:.2f} s", "<= {most}"),
    Row("build, unchanged", "{:.2f} s", f"<= {REACH_FILE} µs a file"),
    Row("build, one record changed", "{:.2f} s", "<= 1.5"),
    Row("build, peak memory", "{:.0f} MB", ""),
    Row("first sync", "{:.2f} s", "<= {most}"),
    Row("first sync, peak memory", "{:.0f} MB", "< 600 MB"),
    Row("index", "{:.1f} MB", ""),
    Row("cold render", "{:.1f} ms", "<= 1.5, <= 15 ms"),
    Row("one record changed, until it is served", "{:.0f} ms", "<= 1.5, <= 300 ms"),
    Row("most memory of a serving worker", "{:.0f} MB", "< 150 MB"),
)


def measure(folder: Path, records: Path, runs: int, mode: str) -> Iterator[float]:
    """The values of all rows, for records, in order. mode: of related stories; empty for links in builds, else the default."""
    like_hugo = LIKE_HUGO.replace("links", mode or "links")
    site = Site(folder / f"like-hugo-{mode}", records, like_hugo)
    builds: list[tuple[Took, Took, Took]] = []
    for _ in range(runs):
        cold, unchanged = site.cold("build", watched=True), site.run("build")
        site.change_record()
        builds.append((cold, unchanged, site.run("build")))
    yield from (median(times) for times in zip(*builds, strict=True))
    yield median(cold.memory for cold, _, _ in builds)
    site = Site(folder / f"default-{mode}", records, f'feeds.related = "{mode}"' if mode else "")
    syncs = [site.cold("check", watched=True) for _ in range(runs)]
    yield median(syncs)
    yield median(sync.memory for sync in syncs)
    yield sum(sizes(site.index)) / 1e6
    with serving(site) as service:
        renders, _ = service.renders(site)
        yield median(renders) * 1000
        changes = []
        for _ in range(CHANGES):
            time.sleep(1)
            changes.append(service.change(site))
        yield median(changes) * 1000
        service.seconds([path for _, paths in site.feeds() for path in paths][:MOST_ASKED])
        yield service.worker_memory()


def told(values: Iterator[float], name: str) -> list[float]:
    """Values of all rows, each of which is printed once it is known. name: of what was measured."""
    known = []
    for row, value in zip(ROWS, values, strict=True):
        print(f"{name}: {row.name} {row.form.format(value)}", flush=True)
        known.append(value)
    return known


def lines(sizes: Sequence[int], columns: Sequence[Sequence[float]]) -> list[list[str]]:
    """Lines of the table: the values of each size, then how often the one before each has."""
    most = ", ".join(f"{1.05 * more / less:.1f}" for less, more in pairwise(sizes))
    return [
        [
            row.name,
            *(row.form.format(value) for value in values),
            *(f"{more / less:.2f}" for less, more in pairwise(values)),
            row.reach.format(most=most),
        ]
        for row, values in zip(ROWS, zip(*columns, strict=True), strict=True)
    ]


def clusters(columns: Sequence[Sequence[float]], grouped: Sequence[Sequence[float]]) -> list[list[str]]:
    """Lines of the table: what clusters take, of each size."""
    return [
        [row.name, *(f"{with_them / without:.2f}" for with_them, without in zip(*values, strict=True)), REACH_CLUSTERS]
        for row, *values in zip(ROWS, zip(*grouped, strict=True), zip(*columns, strict=True), strict=True)
    ]


def main() -> None:
    parser = options(__doc__, records=False)
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 5000, 50_000], help="numbers of records")
    parser.set_defaults(runs=3)
    arguments = parser.parse_args()
    print_heading()
    columns, grouped = [], []
    with TemporaryDirectory(prefix="feedsvc-benchmark-") as name:
        for size in arguments.sizes:
            folder, records = Path(name, str(size)), Path(name, f"records-{size}")
            folder.mkdir()
            write_records(records, size, listed=LISTED)
            runs = arguments.runs if size <= MOST_REPEATED else 1
            columns.append(told(measure(folder, records, runs, ""), f"{size:,} records"))
            grouped.append(told(measure(folder, records, runs, "clusters"), f"{size:,} records in clusters"))
        print()
        report(arguments.sizes, columns, grouped)  # before all is deleted, which takes a while


def report(sizes: Sequence[int], columns: Sequence[Sequence[float]], grouped: Sequence[Sequence[float]]) -> None:
    """Print the tables. columns: the values of each size. grouped: those with clusters."""
    names = [f"{size:,}" for size in sizes]
    steps = [f"{more} / {less}" for less, more in pairwise(names)]
    print_table(("records", *names, *steps, "reach"), lines(sizes, columns))
    unchanged = [column[1] for column in columns]
    for (less, more), (before, after) in zip(pairwise(sizes), pairwise(unchanged), strict=True):
        each = (after - before) / (more - less) * 1e6
        print(f"From {less:,} to {more:,} records, each file adds {each:.1f} µs to an unchanged build.")
    print()
    print_table(("clusters, in the time or memory without", *names, "reach"), clusters(columns, grouped))


if __name__ == "__main__":
    main()
