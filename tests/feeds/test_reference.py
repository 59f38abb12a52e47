"""After any history, feeds hold what all records together come to, and count as changed where they do."""

import json
import re
import shutil
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from feedsvc.config import parse_config
from feedsvc.feeds.documents import Documents
from feedsvc.index.opening import open_index
from tests.conftest import Site
from tests.postgres import Postgres
from tests.reference import Listed, Own, Reference, host, text_of

#: Most providers have one story, so that a change which reaches it shows in a feed of its own.
URLS = [f"https://{name}.example/{number}" for name, number in ("a0", "a1", "b0", "c0", "d0", "e0")]
topics = st.frozensets(st.sampled_from(["ai", "law", "art"]), max_size=2)
titles = st.sampled_from(["one", "two"])
listed = st.builds(Listed, st.sampled_from(URLS), titles, st.sampled_from([None, 1, 2, 3]), topics)
#: None of them lists itself, or another story twice.
records = st.builds(
    Own,
    st.sampled_from(URLS),
    titles,
    st.integers(1, 3),
    st.integers(0, 2),
    topics,
    st.sampled_from(["", "", "", "draft", "deleted"]),
    st.lists(listed, max_size=4, unique_by=lambda each: each.url).map(tuple),
).filter(lambda record: record.url not in [each.url for each in record.related])
#: What files hold after each step; without records, a file is deleted.
histories = st.lists(
    st.dictionaries(
        st.sampled_from(["1.json", "2.json", "sub/3.json", "4.json", "5.json"]),
        st.lists(records, max_size=2).map(tuple),
        min_size=1,
        max_size=2,
    ),
    min_size=3,
    max_size=7,
)
rules = st.fixed_dictionaries(
    {
        "related": st.sampled_from(["entries", "entries", "links", "none"]),
        "related_limit": st.sampled_from([0, 1, 25]),
        "min_stories": st.sampled_from([1, 1, 2, 3]),
        "formats": st.just(["json"]),
        "archives": st.just(False),
    }
)
Files = dict[str, tuple[Own, ...]]
Rules = dict[str, str | int]


@settings(max_examples=60)
@given(histories, rules)
def test_feeds_hold_what_all_records_come_to(history: list[Files], rules: Rules) -> None:
    check_history(history, rules, "sqlite:///old.db", "sqlite:///new.db")


@settings(max_examples=8)
@given(history=histories, rules=rules)
def test_feeds_in_postgresql_hold_what_all_records_come_to(
    postgres: Postgres, history: list[Files], rules: Rules
) -> None:
    check_history(history, rules, postgres.url(), postgres.url())


def check_history(history: list[Files], rules: Rules, *urls: str) -> None:
    """Go through what happens to a folder, and compare each document with the reference, and with that of before."""
    folder = Path(tempfile.mkdtemp())
    site, fresh = (open_site(folder, url, rules) for url in urls)
    try:
        site.config.records_folder.mkdir()
        files: Files = {}
        before: dict[str, tuple[int | None, bytes]] = {}
        for step in history:
            files = {name: found for name, found in {**files, **step}.items() if found}
            for name in step:
                path = site.write(name, text_of(files.get(name, ())))
                if name not in files:
                    path.unlink()
            site.sync()
            check(site, Reference(files, str(rules["related"]), int(rules["min_stories"])), int(rules["related_limit"]))
            now = {address: (site.revision(address), site.body(address)) for address in site.addresses()}
            for address in now.keys() & before.keys():
                assert now[address] == before[address] or now[address][0] != before[address][0], address
            before = now
        fresh.sync()
        assert {address: fresh.body(address) for address in fresh.addresses()} == {
            address: body for address, (_, body) in before.items()
        }
    finally:
        for each in (site, fresh):
            each.documents.index.close()
        shutil.rmtree(folder)


def open_site(folder: Path, url: str, rules: Rules) -> Site:
    config = parse_config({"site": {"base_url": "https://x.example"}, "index": {"url": url}, "feeds": rules}, folder)
    return Site(folder, config, Documents(open_index(config), config))


def check(site: Site, reference: Reference, limit: int) -> None:
    """Assert that all feeds and pages are those of the reference."""
    addresses = [address for address in set(site.addresses()) - {"/search.json"} if address.endswith(".json")]
    assert sorted(addresses) == sorted(f"{path}.json" for path in reference.feeds)
    for path in reference.feeds:
        entries = reference.entries(path)
        items = json.loads(site.body(f"{path}.json"))["items"]
        assert [item["id"] for item in items] == [url for url, _ in entries]
        for item, (_, expected) in zip(items, entries, strict=True):
            assert (item["title"], set(item.get("tags", ()))) == (expected.title, expected.topics)
            extension = item["_feedsvc"]
            assert extension.get("related_total", 0) == len(expected.related)
            assert [(link["url"], link["title"]) for link in extension.get("related", ())] == list(
                expected.related.items()
            )[:limit]
            assert all(link["provider"] == host(link["url"]) for link in extension.get("related", ()))
        if path != "/feed":
            named = re.findall(
                '<li>(?:<a href=[^>]*/topics/([a-z]+)/">)?([a-z]+)(?:</a>)?</li>', site.body(f"{path}/").decode()
            )
            assert {topic: bool(page) for page, topic in named} == {
                topic: f"/topics/{topic}" in reference.feeds for _, entry in entries for topic in entry.topics
            }
