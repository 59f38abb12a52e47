"""After any history, feeds hold what all records together come to, and count as changed where they do."""

import json
import re
import shutil
import tempfile
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsvc.config import parse_config
from feedsvc.feeds.documents import Documents
from feedsvc.feeds.selection import find_feed
from feedsvc.feeds.writing import Document
from feedsvc.index import grouping
from feedsvc.index.opening import open_index
from feedsvc.model import Entry
from tests.conftest import Site
from tests.postgres import Postgres
from tests.reference import Item, Listed, Own, Reference, date_of, host, text_of

#: Most providers have one story, so that a change which reaches it shows in a feed of its own.
URLS = [f"https://{name}.example/{number}" for name, number in ("a0", "a1", "b0", "c0", "d0", "e0")]
topics = st.frozensets(st.sampled_from(["ai", "law", "art"]), max_size=2)
titles = st.sampled_from(["one", "two"])
#: Some are of the next month, and some further from each other than clusters reach.
days = st.sampled_from([1, 2, 3, 9, 30, 33])
listed = st.builds(Listed, st.sampled_from(URLS), titles, st.one_of(st.none(), days), topics)
#: None of them lists itself, or another story twice.
records = st.builds(
    Own,
    st.sampled_from(URLS),
    titles,
    days,
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
        "related": st.sampled_from(["entries", "clusters", "clusters", "entries", "links", "none"]),
        "related_limit": st.sampled_from([0, 1, 25]),
        "min_stories": st.sampled_from([1, 1, 2, 3]),
        "formats": st.just(["json"]),
        "archives": st.booleans(),
        "limit": st.sampled_from([1, 2, 50]),
    }
)
#: One has another mode than other feeds.
SAVED = [{"name": "Good", "min_quality": 1}, {"name": "Grouped", "without_topic": "art", "related": "clusters"}]
Files = dict[str, tuple[Own, ...]]
Rules = dict[str, str | int]


@settings(max_examples=80)
@given(histories, rules, st.sampled_from([1, 2, 100]))
@pytest.mark.survives("records that list each other")
def test_feeds_hold_what_all_records_come_to(history: list[Files], rules: Rules, most_joined: int) -> None:
    with patch.object(grouping, "MOST_JOINED", most_joined):
        check_history(history, rules, "sqlite:///old.db", "sqlite:///new.db")


@settings(max_examples=8)
@given(history=histories, rules=rules)
@pytest.mark.survives("records that list each other")
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
        former: list[dict[str, Document]] = []
        for step in history:
            files = {name: found for name, found in {**files, **step}.items() if found}
            for name in step:
                path = site.write(name, text_of(files.get(name, ())))
                if name not in files:
                    path.unlink()
            site.sync()
            mode, enough = str(rules["related"]), int(rules["min_stories"])
            check(site, Reference(files, mode, enough, grouping.MOST_JOINED), int(rules["related_limit"]))
            documents = {address: site.document(address) for address in site.addresses()}
            assert all(documents.values())
            now = {address: (site.revision(address), document.body) for address, document in documents.items()}
            for address in now.keys() & before.keys():
                assert now[address] == before[address] or now[address][0] != before[address][0], address
            before = now
            for earlier in former:
                check_unrevised(site, earlier, documents)
            former.append(documents)
        fresh.sync()
        assert {address: fresh.body(address) for address in fresh.addresses()} == {
            address: body for address, (_, body) in before.items()
        }
    finally:
        for each in (site, fresh):
            each.documents.index.close()
        shutil.rmtree(folder)


def check_unrevised(site: Site, former: dict[str, Document], documents: dict[str, Document]) -> None:
    """Assert that documents of former times are as they were, where their feeds are told to be unrevised.

    documents: those of now; both are by address.
    """
    known = {
        address: (each.revision, each.outline)
        for path, each in former.items()
        if each.outline and (address := site.address(path))
    }
    for address in site.documents.unrevised(known):
        assert documents[address.path].body == former[address.path].body, address


def open_site(folder: Path, url: str, rules: Rules) -> Site:
    tables = {"site": {"base_url": "https://x.example"}, "index": {"url": url}, "feeds": rules}
    config = parse_config({**tables, "custom": SAVED}, folder)
    return Site(folder, config, Documents(open_index(config), config))


def check(site: Site, reference: Reference, limit: int) -> None:
    """Assert that all feeds, archives and pages are those of the reference. limit: of related stories."""
    addresses = [
        address for address in site.addresses() if re.fullmatch(r"/(feed|(topics|providers)/[\w-]+)\.json", address)
    ]
    assert sorted(addresses) == sorted(f"{path}.json" for path in reference.feeds)
    for path in reference.feeds:
        entries = reference.entries(path)
        check_archives(site, path, entries)
        entries = entries[: site.config.feeds.limit]
        items = json.loads(site.body(f"{path}.json"))["items"]
        assert [item["id"] for item in items] == [url for url, _ in entries]
        for item, found, (url, expected) in zip(items, entries_of(site, path), entries, strict=True):
            assert (item["title"], set(item.get("tags", ()))) == (expected.title, expected.topics)
            assert found.related_total == len(expected.related)
            assert [(link.url, link.title) for link in found.related] == list(expected.related.items())[:limit]
            assert all(link.provider == host(link.url) for link in found.related)
            times = {link.url: link.published.date() for link in found.related if link.published}
            joined = {
                link.url: date_of(expected.joined[link.url]) for link in found.related if link.url in expected.joined
            }
            assert times == joined
            assert bool(found.cluster) == (reference.is_grouped and reference.founders[url] == url)
            if found.cluster:
                assert found.cluster.size == found.related_total + 1
                assert set(found.cluster.providers) == {host(url), *(link.provider for link in found.related)}
                assert found.updated.date() == date_of(max([expected.day, *expected.joined.values()]))
        if path != "/feed":
            named = re.findall(
                '<li>(?:<a href=[^>]*/topics/([a-z]+)/">)?([a-z]+)(?:</a>)?</li>', site.body(f"{path}/").decode()
            )
            assert {topic: bool(page) for page, topic in named} == {
                topic: f"/topics/{topic}" in reference.feeds for _, entry in entries for topic in entry.topics
            }


def check_archives(site: Site, path: str, entries: list[tuple[str, Item]]) -> None:
    """Assert that archives hold entries of their months in order, and all that the current feed doesn't show."""
    if not site.config.feeds.archives:
        return
    shown = [url for url, _ in entries[: site.config.feeds.limit]]
    for month in {date_of(item.day).isoformat()[:7] for _, item in entries}:
        of_month = [url for url, item in entries if date_of(item.day).isoformat()[:7] == month]
        archived: list[str] = []
        part = 1
        while document := site.document(f"{path}/{month}{f'-{part}' if part > 1 else ''}.json"):
            archived = [item["id"] for item in json.loads(document.body)["items"]] + archived
            part += 1
        assert archived == of_month[len(of_month) - len(archived) :]
        shown += archived
    assert {url for url, _ in entries} == set(shown)


def entries_of(site: Site, path: str, query: str = "") -> tuple[Entry, ...]:
    """The entries of a feed."""
    address = site.address(f"{path}.json?{query}")
    assert address and address.feed
    with site.documents.index.reading() as connection:
        found = find_feed(connection, site.config, address.feed)
        assert found
        return found[1]().feed.entries
