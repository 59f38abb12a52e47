"""Measure what filters cost that leave a lot of stories out.

    python tests/benchmarks/filters.py [--records 19000] [--runs 5] [--corpus DIR] [--postgresql]

Of each feed that is asked for, the JSON and the page are made with nothing kept, in each mode of related stories: the
time of the processor, or with `--postgresql`, which works in processes of its own, time as it passes. The least of all
runs is shown, since others use the machine as well. The filters name the most frequent topics and providers of the
records.
"""

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from measure import Site, free_port, options, print_heading, print_table, workplace

from feedsvc.config import load_config
from feedsvc.feeds.documents import Documents
from feedsvc.index.opening import open_index
from feedsvc.model import Catalogue

sys.path.append(str(Path(__file__).parents[2]))

from tests.postgres import Postgres

MODES = ("entries", "clusters", "links")
REACH = 50  # ms


def queries(catalogue: Catalogue) -> list[tuple[str, str]]:
    """What is asked for, each in words and as an address; the first topic is that of nearly all stories."""
    topics, providers = (
        [feed.address.slug for feed in sorted(feeds, key=lambda feed: -feed.size)]
        for feeds in (catalogue.topics, catalogue.providers)
    )
    every, first, second, *_ = topics
    most, *_ = providers
    days = f"until={catalogue.updated:%Y}-01-31"
    many = topics[1:21]
    return [
        ("everything", "/feed?"),
        ("any of two topics", f"/feed?topic={first}&topic={second}"),
        ("any of 20 topics", f"/feed?{'&'.join(f'topic={topic}' for topic in many)}"),
        ("none of 20 topics", f"/feed?{'&'.join(f'without_topic={topic}' for topic in many)}"),
        ("a topic, not one that all have", f"/topics/{first}?without_topic={every}"),
        ("a topic that is left out", f"/topics/{every}?without_topic={every}"),
        ("two topics, of which one is rare", f"/topics/{every}?topic={topics[-1]}"),
        ("a quality that none has", "/feed?min_quality=999"),
        ("a heat that none of a topic has", f"/topics/{every}?min_heat=999"),
        ("a quality that few have", "/feed?min_quality=119"),
        ("a provider, by quality", f"/providers/{most}?min_quality=110&topic={every}"),
        ("all providers but one", f"/topics/{every}?without_provider={most}"),
        ("a category, by quality, not a topic", f"/feed?category=news&min_quality=110&without_topic={every}"),
        ("days, by quality", f"/topics/{every}?{days}&min_quality=110"),
    ]


def least(documents: Documents, target: str, runs: int, clock: Callable[[], float]) -> str:
    """The milliseconds that a document takes."""
    path, _, query = target.partition("?")
    address = documents.parse(path, query)
    assert address
    found = []
    for _ in range(runs):
        started = clock()
        with documents.find(address) as document:
            if document:
                document.make()
        found.append(clock() - started)
    return f"{min(found) * 1000:.1f}"


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--postgresql", action="store_true", help="ask PostgreSQL")
    parser.set_defaults(records=19_000)
    arguments = parser.parse_args()
    with workplace(arguments.corpus or arguments.records) as (folder, records), ExitStack() as stack:
        index, clock = "", time.process_time
        if arguments.postgresql:
            server = Postgres(free_port(), fsync="on")
            stack.callback(server.remove)
            index, clock = f"index.url = '{server.url()}'\n", time.perf_counter
        site = Site(folder / "site", records, index)
        site.run("check")
        config = load_config(site.folder / "config.toml")
        documents = Documents(stack.enter_context(closing(open_index(config))), config)
        catalogue = documents.catalogue()
        rows = []
        for name, asked in queries(catalogue):
            path, _, query = asked.partition("?")
            page = "/" if path == "/feed" else f"{path}/"
            targets = [f"{each}?{query}&related={mode}" for mode in MODES for each in (f"{path}.json", page)]
            rows.append([name, *(least(documents, target, arguments.runs, clock) for target in targets)])
        print_heading(*(["PostgreSQL 18"] if arguments.postgresql else []))
        print_table(
            [f"ms, of {catalogue.everything.size:,} stories; reach <= {REACH}", *(f"{mode}, {each}" for mode in MODES for each in ("JSON", "page"))],
            rows,
        )  # fmt: skip


if __name__ == "__main__":
    main()
