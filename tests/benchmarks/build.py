"""Measure `feedsvc build` against Hugo, which makes the same feeds of the same folder.

    python tests/benchmarks/build.py [--records 5000] [--runs 5] [--corpus DIR]

Both make the feeds of everything, of each topic and of each provider of a record, in Atom and RSS, each of the newest 50
entries; first they are compared. Then whole processes are timed, in turn, after one of each that isn't counted: cold
(no output, no index, no caches of Hugo's), then unchanged, then with another title of a new record.

The limit is what can't be saved: reading the files, parsing them by nothing but PyYAML's C parser in two processes, and
writing the output.
"""

import time
from collections.abc import Sequence
from multiprocessing import Pool
from pathlib import Path
from statistics import median

import yaml
from measure import LIKE_HUGO, Site, fresh_folder, options, print_heading, workplace
from rival import Hugo, find_hugo, print_times, take_turns

#: What is reached for: feedsvc's time in Hugo's.
REACH = {"cold": 0.65, "unchanged": 0.15, "one record changed": 0.2}


def limit(records: Path, out: Path) -> dict[str, float]:
    """The seconds that no builder of these files from these records can save."""
    paths = sorted(path for path in records.rglob("*") if path.is_file())
    started = time.perf_counter()
    for path in paths:
        path.read_bytes()
    read = time.perf_counter() - started
    with Pool(2) as pool:
        parse = max(pool.map(parse_seconds, [paths[::2], paths[1::2]], chunksize=1))
    again = fresh_folder(out)
    files = {again / path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    started = time.perf_counter()
    for path, body in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return {"read": read, "parse": parse, "write": time.perf_counter() - started}


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
        site, hugo = Site(folder / "feedsvc", records, LIKE_HUGO), Hugo(folder / "hugo", records, "hugo.toml")
        compared, times = take_turns(hugo, site, arguments.runs)
        limits = [limit(records, site.out) for _ in range(arguments.runs)]
    print_heading(hugo.version())
    print(f"{compared}\n")
    print_times(times, REACH)
    parts = {name: median(each[name] for each in limits) for name in limits[0]}
    total = sum(parts.values())
    cold = median(times["cold"][1])
    print(
        f"Limit: {total:.2f} s (reading {parts['read']:.2f} s, PyYAML's C parser alone on two cores "
        f"{parts['parse']:.2f} s, writing {parts['write']:.2f} s); cold takes {cold / total:.1f} times that."
    )


if __name__ == "__main__":
    main()
