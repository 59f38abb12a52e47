"""Measure the whole default build: mentions as entries, three formats, archives in Atom, pages and OPML.

    python tests/benchmarks/default_build.py [--records 5000] [--runs 5] [--corpus DIR]

Whole processes are timed, cold: no output, no index. One before them isn't counted; its memory is measured.
"""

from statistics import median

from measure import Site, options, print_heading, print_table, spread, workplace


def main() -> None:
    arguments = options(__doc__).parse_args()
    with workplace(arguments.corpus or arguments.records) as (folder, records):
        site = Site(folder / "feedsvc", records)
        memory = site.peak_memory("build")
        seconds = [site.cold("build") for _ in range(arguments.runs)]
        sizes = [path.stat().st_size for path in site.out.rglob("*") if path.is_file()]
    megabytes = sum(sizes) / 1e6
    print_heading()
    print_table(
        ("default build, cold", "time", "files", "output", "output per second", "peak memory"),
        [
            [
                f"{arguments.corpus or f'{arguments.records:,} records'}",
                spread(seconds),
                f"{len(sizes):,}",
                f"{megabytes:.0f} MB",
                f"{megabytes / median(seconds):.1f} MB",
                f"{memory:.0f} MB",
            ]
        ],
    )


if __name__ == "__main__":
    main()
