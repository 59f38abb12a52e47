"""Measure an index in PostgreSQL against one in a file.

    python tests/benchmarks/databases.py [--records 5000] [--runs 5] [--corpus DIR] [--seconds 3]

PostgreSQL runs on this machine as it comes, on the same two cores. `feedsvc check` syncs: with no index, unchanged, and
with another title of a new record. Then wrk asks `feedsvc serve` with 16 connections for the feed of everything, a
cold render is the first request for a topic's feed of 50 entries, and a change is published once the feed that is asked
for every 5 ms shows it. Runs on either database take turns.
"""

import sys
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from measure import Site, free_port, options, print_heading, print_table, program, ratio, workplace
from service import serving
from serving import wrk

sys.path.append(str(Path(__file__).parents[2]))

from tests.postgres import Postgres

NAMES = ("SQLite", "PostgreSQL")


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--seconds", type=int, default=3, help="of each run of wrk; default 3")
    arguments = parser.parse_args()
    wrk_program = program("wrk", "apt install wrk")
    found: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    with workplace(arguments.corpus or arguments.records) as (folder, records), ExitStack() as stack:
        server = Postgres(free_port(), fsync="on")
        stack.callback(server.remove)
        for number in range(arguments.runs):
            indexes = ("", f"index.url = '{server.url()}'\n")
            sites = [
                Site(folder / f"{name}-{number}", records, index) for name, index in zip(NAMES, indexes, strict=True)
            ]
            for which, site in enumerate(sites):
                found["first sync"][which].append(site.run("check"))
                found["sync, unchanged"][which].append(site.run("check"))
                site.change_record()
                found["sync, one record changed"][which].append(site.run("check"))
        services = [stack.enter_context(serving(site)) for site in sites]
        for which, (site, service) in enumerate(zip(sites, services, strict=True)):
            found["cold render"][which].extend(service.renders(site)[0])
        for _ in range(arguments.runs):
            for which, (site, service) in enumerate(zip(sites, services, strict=True)):
                found["requests per second"][which].append(wrk(wrk_program, site.port, arguments.seconds, {}))
                known = {"If-None-Match": service.get("/feed.atom")[1]}
                found["requests per second, 304"][which].append(wrk(wrk_program, site.port, arguments.seconds, known))
                time.sleep(1)
                found["one record changed, until it is served"][which].append(service.change(site))
    print_heading("PostgreSQL 18")
    rows = []
    for name, (file, shared) in found.items():
        is_rate, is_short = name.startswith("requests"), name == "cold render" or name.startswith("one")
        values = [median(times) for times in (file, shared)]
        shown = [
            f"{value:,.0f}" if is_rate else f"{value * 1000:.1f} ms" if is_short else f"{value:.2f} s"
            for value in values
        ]
        rows.append([name, *shown, ratio(shared, file)])
    print_table((f"{arguments.records:,} records", *NAMES, "ratio"), rows)


if __name__ == "__main__":
    main()
