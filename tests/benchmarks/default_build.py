"""Measure the whole default build, and one of the same pages and feeds in three formats as Hugo makes.

    python tests/benchmarks/default_build.py [--records 5000] [--runs 5] [--corpus DIR]

First by default, without a rival: mentions as entries, three formats, archives in Atom, pages and OPML. Whole processes are
timed: cold (no output, no index), then unchanged, then with another title of a new record. One cold build before them
isn't counted; its memory is measured.

Then against Hugo, as build.py does, by the configuration that both can follow: related stories are links, and there are no
archives, which Hugo lacks. Both make the feeds of everything, of each topic and of each provider of a record in Atom, RSS and
JSON Feed, each of the newest 50 entries; a page for each with the same stories, form and links, and the home page with
all feeds; the index that the page searches, and OPML. Hugo's pages are HTML templates, which escape by themselves as
feedsvc's do; its feeds are text templates, which are faster. How many files of each kind there are, and what is in them,
is compared first.
"""

from statistics import median

from measure import Site, Took, options, print_heading, print_table, ratio, sizes, spread, worked, workplace
from rival import BUILDS, Hugo, find_hugo, print_times, take_turns

#: The configuration that makes what Hugo makes, by hugo/hugo.toml with hugo/pages.toml.
LIKE_HUGO = """
[feeds]
related = "links"
archives = false
"""
#: What is reached for: feedsvc's time in Hugo's.
REACH = {"cold": 0.6, "unchanged": 0.15, "one record changed": 0.2}
#: What is reached for by default: of 5,000 records, on two cores.
DEFAULT_REACH = {"one record changed": "<= 0.3 s"}


def main() -> None:
    arguments = options(__doc__).parse_args()
    find_hugo()
    with workplace(arguments.corpus or arguments.records) as (folder, records):
        site = Site(folder / "feedsvc", records)
        memory = site.cold("build", watched=True).memory
        times: dict[str, list[Took]] = {name: [] for name in BUILDS}
        for _ in range(arguments.runs):
            times["cold"].append(site.cold("build"))
            times["unchanged"].append(site.run("build"))
            site.change_record()
            times["one record changed"].append(site.run("build"))
        files = sizes(site.out)
        like_hugo = Site(folder / "like-hugo", records, LIKE_HUGO)
        hugo = Hugo(folder / "hugo", records, "hugo.toml,pages.toml")
        compared, in_turn = take_turns(hugo, like_hugo, arguments.runs)
    print_heading(hugo.version())
    megabytes, cold = sum(files) / 1e6, times["cold"]
    print(
        f"By default, of {arguments.corpus or f'{arguments.records:,} records'}: {len(files):,} files with {megabytes:.0f} MB "
        f"(reach: <= 250 MB of 5,000 records), {megabytes / median(cold):.1f} MB a second; at most {memory:.0f} MB of memory.\n"
    )
    print_table(
        ("default build", "time", "processor time", "in a cold one's", "reach"),
        [
            [
                name,
                spread(found),
                f"{median(worked(found)):.2f} s",
                ratio(worked(found), worked(cold)),
                DEFAULT_REACH.get(name, ""),
            ]
            for name, found in times.items()
        ],
    )
    print(f"{compared}\n")
    print_times(in_turn, REACH)


if __name__ == "__main__":
    main()
