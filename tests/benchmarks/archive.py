"""Measure an archive with the figures of real ones against the plain records of the other benchmarks.

    python tests/benchmarks/archive.py [--records 10000] [--plain 5000] [--runs 1] [--corpus DIR]

tests/archive_corpus.py says what is in it. Whole processes are timed, cold, in turn: `feedsvc check`, which syncs, and
`feedsvc build`, which also writes the feeds, archives and pages of the default configuration. A line is printed after
each. 10,000 records need 10 GB of disk for a run.

What is compared is the processor's time per story: all that are entries of the feed of everything, which are records
without drafts, and their mentions. Two more figures tell where it comes from. A sync reads each place that names a story,
and records of archives list each other, and the same mentions. What a build writes depends on how many feeds a story is
in, and on its links.

Two more archives have a tenth of the records. One of them is without content, of which a plain record has none, and so
tells what a megabyte of content costs: in a sync, it is read, cleaned and kept; in a build, also written, in each feed
that has its story.
"""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory, gettempdir

from measure import Site, Took, give_up, options, print_heading, print_table, sizes, worked
from records import write_records

sys.path.append(str(Path(__file__).parents[2]))

from tests.archive_corpus import Archive

#: For the processor's time per story, in that of plain records.
REACH = "<= 1.3"
COMMANDS = {"check": "sync", "build": "build"}
#: Bytes of disk for a record, in a run, and what is written of it.
DISK = 1_000_000
_COLUMNS = ("records", "stories", "places", "size", "", "time", "processor time", "files", "output")


@dataclass
class Measured:
    """A site, and what its commands took. places: where its records name a story. megabytes: of records."""

    label: str
    site: Site
    places: int
    megabytes: float
    times: dict[str, list[Took]] = field(default_factory=lambda: {command: [] for command in COMMANDS})
    stories: int = 0
    output: list[int] = field(default_factory=list)

    def run(self) -> None:
        """Run each command, and print a line of what it took."""
        for command, times in self.times.items():
            took = self.site.cold(command)
            times.append(took)
            if not self.stories:
                self.stories = self.site.feeds()[0][0]
            self.output = sizes(self.site.out)
            cells = [self.label, f"{self.stories:,}", f"{self.places:,}", f"{self.megabytes:.1f} MB", COMMANDS[command]]
            cells += [f"{took:.2f} s", f"{took.processor:.2f} s", f"{len(self.output):,}"]
            print(f"| {' | '.join(cells)} | {sum(self.output) / 1e6:,.0f} MB |", flush=True)

    def processor(self, command: str) -> float:
        return median(worked(self.times[command]))

    def costs(self) -> list[float]:
        """The milliseconds of a processor: of a sync by story and by place, of a build by story and by megabyte."""
        sync, build = (1000 * self.processor(command) for command in COMMANDS)
        return [sync / self.stories, sync / self.places, build / self.stories, build / (sum(self.output) / 1e6)]


def measured(label: str, site: Site) -> Measured:
    paths = [path for path in site.records.rglob("*") if path.is_file()]
    places = sum(path.read_bytes().count(b"webUrl") for path in paths)
    return Measured(label, site, places, sum(sizes(site.records)) / 1e6)


def report(found: list[Measured]) -> None:
    """Print what each took, in what the plain ones did, and what content costs."""
    plain = found[0]
    rows = []
    for each in found:
        cells = [f"{cost:.2f} ms ({cost / base:.2f})" for cost, base in zip(each.costs(), plain.costs(), strict=True)]
        rows.append([each.label, *cells, REACH if each is not plain else ""])
    head = ("sync, a story", "sync, a place", "build, a story", "build, a MB written")
    print_table(("processor time, and in that of plain ones", *head, "reach, a story"), rows)


def report_content(without: Measured, whole: Measured) -> None:
    """Print what a megabyte of content costs, of records with it and without it."""
    content = whole.megabytes - without.megabytes
    costs = (
        f"{1000 * (whole.processor(command) - without.processor(command)) / content:.0f} ms in a {name}"
        for command, name in COMMANDS.items()
    )
    print(f"A megabyte of content, of {content:.0f}, takes {' and '.join(costs)}.", flush=True)


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--plain", type=int, default=5000, help="plain records to generate; default 5000")
    parser.set_defaults(records=10_000, runs=1)
    arguments = parser.parse_args()
    if not arguments.corpus and shutil.disk_usage(gettempdir()).free < (
        needed := arguments.records * arguments.runs * DISK
    ):
        give_up(f"{gettempdir()}: expected {needed / 1e9:.1f} GB of free disk", 2)
    tenth = arguments.records // 10
    writers: dict[str, Callable[[Path], None]] = {
        f"{arguments.plain:,} plain": lambda to: write_records(to, arguments.plain)
    }
    if not arguments.corpus:
        writers[f"{tenth:,} without content"] = Archive(tenth, has_content=False).write
        writers[f"{tenth:,} as in archives"] = Archive(tenth).write
        writers[f"{arguments.records:,} as in archives"] = Archive(arguments.records).write
    print_heading()
    print(f"| {' | '.join(_COLUMNS)} |\n| --- |{' ---: |' * (len(_COLUMNS) - 1)}", flush=True)
    with TemporaryDirectory(prefix="feedsvc-benchmark-") as name:
        found = []
        for number, (label, write) in enumerate(writers.items()):
            folder = Path(name, f"records-{number}")
            write(folder)
            found.append(measured(label, Site(Path(name, f"site-{number}"), folder)))
        if arguments.corpus:
            found.append(measured(str(arguments.corpus), Site(Path(name, "corpus"), arguments.corpus.absolute())))
        for _ in range(arguments.runs):
            for each in found:
                each.run()
        print()
        report(found)  # before all is deleted, which takes a while
        if not arguments.corpus:
            report_content(*found[1:3])


if __name__ == "__main__":
    main()
