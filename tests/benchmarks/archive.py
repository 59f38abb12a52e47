"""Measure an archive with the figures of real ones against the plain records of the other benchmarks.

    python tests/benchmarks/archive.py [--records 10000] [--plain 5000] [--runs 5] [--corpus DIR]

tests/archive_corpus.py says what is in it. Whole processes are timed, cold, in turn: `feedsvc check`, which syncs, and
`feedsvc build`, which also writes the feeds, archives and pages of the default configuration.

What is compared is the processor's time per story: all that are published, which are records without drafts, and their
mentions. Two more figures tell where it comes from. A sync reads each place that names a story, and records of archives list
each other, and the same mentions. What a build writes depends on how many feeds a story is in, and on its links.

A second archive is the same without content, of which a plain record has none, and so tells what a megabyte of content
costs: in a sync, it is read, cleaned and kept; in a build, also written, in each feed that has its story.
"""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from measure import FEEDSVC, Site, Took, options, print_heading, print_table, sizes, spread, worked
from records import write_records

sys.path.append(str(Path(__file__).parents[2]))

from tests.archive_corpus import Archive

#: For the processor's time per story, in that of plain records.
REACH = "<= 1.3"
COMMANDS = {"check": "sync", "build": "build"}


@dataclass
class Measured:
    """A site, and what its commands took. places: where its records name a story. megabytes: of records."""

    site: Site
    places: int
    megabytes: float
    times: dict[str, list[Took]] = field(default_factory=lambda: {command: [] for command in COMMANDS})
    stories: int = 0
    output: list[int] = field(default_factory=list)

    def run(self) -> None:
        for command, times in self.times.items():
            times.append(self.site.cold(command))
        said = subprocess.run([FEEDSVC, "check"], cwd=self.site.folder, capture_output=True, text=True).stderr
        found = re.search("([\\d,]+) stor(?:y|ies) from", said)
        assert found, said
        self.stories = int(found[1].replace(",", ""))
        self.output = sizes(self.site.out)

    def processor(self, command: str) -> float:
        return median(worked(self.times[command]))

    def costs(self) -> list[float]:
        """The milliseconds of a processor: of a sync by story and by place, of a build by story and by megabyte."""
        sync, build = (1000 * self.processor(command) for command in COMMANDS)
        return [sync / self.stories, sync / self.places, build / self.stories, build / (sum(self.output) / 1e6)]


def measured(site: Site) -> Measured:
    paths = [path for path in site.records.rglob("*") if path.is_file()]
    places = sum(path.read_bytes().count(b"webUrl") for path in paths)
    return Measured(site, places, sum(sizes(site.records)) / 1e6)


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--plain", type=int, default=5000, help="plain records to generate; default 5000")
    parser.set_defaults(records=10_000)
    arguments = parser.parse_args()
    number = arguments.corpus or f"{arguments.records:,}"
    writers: dict[str, Callable[[Path], None]] = {
        f"{arguments.plain:,} plain": lambda to: write_records(to, arguments.plain)
    }
    if not arguments.corpus:
        writers[f"{number} without content"] = Archive(arguments.records, has_content=False).write
        writers[f"{number} as in archives"] = Archive(arguments.records).write
    with TemporaryDirectory(prefix="feedsvc-benchmark-") as name:
        found = {}
        for label, write in writers.items():
            folder = Path(name, f"records-{len(found)}")
            write(folder)
            found[label] = measured(Site(Path(name, f"site-{len(found)}"), folder))
        if arguments.corpus:
            found[str(number)] = measured(Site(Path(name, "corpus"), arguments.corpus.absolute()))
        for _ in range(arguments.runs):
            for each in found.values():
                each.run()
    print_heading()
    rows = [
        [
            label,
            f"{each.stories:,}",
            f"{each.places:,}",
            f"{each.megabytes:.1f} MB",
            *(spread(each.times[command]) for command in COMMANDS),
            f"{len(each.output):,}",
            f"{sum(each.output) / 1e6:,.0f} MB",
        ]
        for label, each in found.items()
    ]
    print_table(("records", "stories", "places", "size", *COMMANDS.values(), "files", "output"), rows)
    plain = next(iter(found.values()))
    rows = []
    for label, each in found.items():
        cells = [f"{cost:.2f} ms ({cost / base:.2f})" for cost, base in zip(each.costs(), plain.costs(), strict=True)]
        rows.append([label, *cells, REACH if each is not plain else ""])
    head = ("sync, a story", "sync, a place", "build, a story", "build, a MB written")
    print_table(("processor time, and in that of plain ones", *head, "reach, a story"), rows)
    if not arguments.corpus:
        _, without, whole = found.values()
        content = whole.megabytes - without.megabytes
        costs = (
            f"{1000 * (whole.processor(command) - without.processor(command)) / content:.0f} ms in a {name}"
            for command, name in COMMANDS.items()
        )
        print(f"A megabyte of content, of {content:.0f}, takes {' and '.join(costs)}.")


if __name__ == "__main__":
    main()
