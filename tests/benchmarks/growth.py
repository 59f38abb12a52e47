"""Measure how time and memory grow with the records.

    python tests/benchmarks/growth.py [--sizes 500 5000 50000] [--runs 5]

Builds are those that are compared with Hugo's, as whole processes: cold, unchanged, and with another title of a new
record, each time another one. The first sync is `feedsvc check` with no index. The service has the default configuration;
renders and changes in it are measured as by serving.py, then every feed is asked for in every format, and the workers'
memory looked at. A tenth of the related stories are records themselves. A second table has the same with clusters in place of links, or of entries:
how many times what it takes without.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from measure import LIKE_HUGO, Site, options, print_heading, print_table, sizes, workplace
from service import serving


@dataclass
class Row:
    """What is measured, how its values are written, and what is reached for."""

    name: str
    form: str
    reach: str


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


def measure(folder: Path, records: Path, runs: int, mode: str) -> list[float]:
    """The values of all rows, for records. mode: of related stories, or empty for links in builds, else the default."""
    like_hugo = LIKE_HUGO.replace("links", mode or "links")
    site = Site(folder / f"like-hugo-{mode}", records, like_hugo)
    build_memory = site.peak_memory("build")
    builds: list[tuple[float, float, float]] = []
    for _ in range(runs):
        cold, unchanged = site.cold("build"), site.run("build")
        site.change_record()
        builds.append((cold, unchanged, site.run("build")))
    site = Site(folder / f"default-{mode}", records, f'feeds.related = "{mode}"' if mode else "")
    sync_memory = site.peak_memory("check")
    syncs = [site.cold("check") for _ in range(runs)]
    index = sum(sizes(site.index))
    with serving(site) as service:
        renders, _ = service.renders(site)
        changes = []
        for _ in range(runs):
            time.sleep(1)
            changes.append(service.change(site))
        service.seconds([path for _, paths in site.feeds() for path in paths])
        worker_memory = service.worker_memory()
    return [
        *(median(times) for times in zip(*builds, strict=True)),
        build_memory,
        median(syncs),
        sync_memory,
        index / 1e6,
        median(renders) * 1000,
        median(changes) * 1000,
        worker_memory,
    ]


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
    arguments = parser.parse_args()
    columns, grouped = [], []
    for size in arguments.sizes:
        with workplace(size, LISTED) as (folder, records):
            columns.append(measure(folder, records, arguments.runs, ""))
            grouped.append(measure(folder, records, arguments.runs, "clusters"))
    print_heading()
    names = [f"{size:,}" for size in arguments.sizes]
    steps = [f"{more} / {less}" for less, more in pairwise(names)]
    print_table(("records", *names, *steps, "reach"), lines(arguments.sizes, columns))
    unchanged = [column[1] for column in columns]
    for (less, more), (before, after) in zip(pairwise(arguments.sizes), pairwise(unchanged), strict=True):
        each = (after - before) / (more - less) * 1e6
        print(f"From {less:,} to {more:,} records, each file adds {each:.1f} µs to an unchanged build.")
    print()
    print_table(("clusters, in the time or memory without", *names, "reach"), clusters(columns, grouped))


if __name__ == "__main__":
    main()
