"""Archives (RFC 5005) and pages: every story is in them, and what a reader has seen stays as it is."""

import json
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from feedsvc.build.site import build
from tests.conftest import Site, record
from tests.rules import check_feed, texts

BASE = "https://feeds.example"
TABLES: dict[str, Any] = {
    "site": {"base_url": BASE},
    "feeds": {"limit": 2, "formats": ["atom", "json"], "archives": ["atom", "json"]},
    "custom": [{"name": "Good", "min_quality": 5}, {"name": "Linked", "topic": ["AI"], "related": "links", "limit": 1}],
    "build": {"pages": False},
}
#: Feeds of such a site, each with its limit; those with filters are in no list.
FEEDS = {
    "/feed{}": 2, "/topics/ai{}": 2, "/providers/a{}": 2, "/custom/good{}": 2, "/custom/linked{}": 1,
    "/feed{}?min_quality=5": 2, "/topics/ai{}?provider=a": 2, "/feed{}?limit=3": 3,
}  # fmt: skip


@contextmanager
def new_site(**tables: dict[str, Any]) -> Iterator[Site]:
    """A site without records, for each example of a property."""
    with tempfile.TemporaryDirectory() as folder:
        site = Site.open(Path(folder), {**TABLES, **tables})
        with closing(site.documents.index):
            yield site


def story(number: int, time: str, **more: str) -> dict[str, str | bytes]:
    """A file with a record."""
    return {f"{number}.md": record(f"Story {number}", f"https://a.example/{number}", time, **more)}


def atom(site: Site, address: str) -> Any:
    return etree.fromstring(site.body(address))


def link(document: Any, rel: str) -> str:
    """The address that a link of a feed in Atom leads to; empty if there is none."""
    return unquote("".join(texts(document, f"a:link[@rel='{rel}']/@href")).removeprefix(BASE))


def ids(document: Any) -> list[str]:
    return texts(document, "a:entry/a:id")


def names(document: Any) -> str:
    """The last segments of the ids of a feed in Atom or of items in JSON, in order."""
    found = ids(document) if isinstance(document, etree._Element) else [item["id"] for item in document["items"]]
    return " ".join(url.rpartition("/")[2] for url in found)


def walk(site: Site, feed: str, limit: int) -> dict[str, list[str]]:
    """The ids in each archive of a feed, newest first, by address; all rules asserted."""
    found: dict[str, list[str]] = {}
    document, following = atom(site, feed.format(".atom")), ""
    while address := link(document, "prev-archive"):
        body = site.body(address)
        check_feed(body, f"{BASE}{address}", limit)
        document = etree.fromstring(body)
        assert link(document, "next-archive") == following
        found[address], following = ids(document), address
    return found


def pages(site: Site, feed: str) -> list[list[str]]:
    """The ids in a JSON feed and in the pages after it."""
    found, address = [], feed.format(".json")
    while address:
        page = json.loads(site.body(address))
        found.append([item["id"] for item in page["items"]])
        address = unquote(page.get("next_url", "").removeprefix(BASE))
    return found


def check_complete(site: Site, feed: str, limit: int) -> None:
    """Assert that the current feed and its archives, and the pages as well, hold every story of a feed once."""
    whole = feed.replace("limit=3", "limit=500") if "limit" in feed else f"{feed}{'&' if '?' in feed else '?'}limit=500"
    stories = ids(atom(site, whole.format(".atom")))
    found = pages(site, feed)
    assert [story for page in found for story in page] == stories
    assert all(found) or len(found) == 1
    assert found[0] == stories[:limit]
    archived = [story for part in walk(site, feed, limit).values() for story in part]
    if len(stories) <= limit:
        assert not archived
    else:
        assert archived == stories[-len(archived) :]
        assert len(stories) - len(archived) < limit


record_texts = st.builds(
    lambda number, time, quality, topics, provider, related: record(
        "A", f"https://a.example/{number}", time, quality=quality, topics=topics, provider=f"{{name: {provider}}}",
        related=related and f"[{{title: B, webUrl: 'https://b.example/m', publishedDateTime: {related}}}]",
    ),
    st.integers(1, 9),
    st.sampled_from([f"2020-0{month}-{day}" for month in range(1, 6) for day in (10, 20)]),
    st.sampled_from(["1", "9"]),
    st.sampled_from(["AI", ""]),
    st.sampled_from("AB"),
    st.sampled_from(["", "", "", "2020-02-10", "2020-06-01"]),
)  # fmt: skip
#: What files become: texts, or none where they go.
changes = st.tuples(st.integers(1, 9), st.none() | record_texts)


@settings(max_examples=30)
@given(st.lists(record_texts, min_size=3, max_size=9), st.lists(changes, min_size=2, max_size=6))
def test_builds_after_any_history_are_a_fresh_one_and_every_story_is_in_an_archive_or_current(
    first: list[str], history: list[tuple[int, str | None]]
) -> None:
    with new_site() as site, new_site() as fresh:
        for name, text in enumerate(first):
            site.write(f"{name}.md", text)
        for name, change in [(0, first[0]), *history]:
            if change:
                site.write(f"{name}.md", change)
            else:
                (site.config.records_folder / f"{name}.md").unlink(missing_ok=True)
            site.sync()
            build(site.documents, site.config.out_folder)
        shutil.copytree(site.config.records_folder, fresh.config.records_folder, dirs_exist_ok=True)
        fresh.sync()
        build(fresh.documents, fresh.config.out_folder)
        assert built(site) == built(fresh)
        for feed, limit in FEEDS.items():
            if site.document(feed.format(".atom")):
                check_complete(site, feed, limit)


@pytest.mark.sqlite  # takes a while
@pytest.mark.parametrize("seed", range(2))
def test_each_change_of_an_archive_makes_its_revision_greater(make_site: Callable[..., Site], seed: int) -> None:
    rng = random.Random(seed)
    site = make_site({}, **TABLES)
    filtered = ("/feed/{}.atom?min_quality=5", "/topics/ai/{}.atom?provider=a")
    before: dict[str, tuple[str, int | None]] = {}
    for step in range(50):
        name, time = f"{rng.randint(1, 12)}.md", f"2020-0{rng.randint(1, 6)}-{rng.randint(10, 14)}"
        site.write(name, "")
        if step < 12 or rng.random() < 0.6:
            topics, quality = rng.choice(("AI", "Law")), rng.choice("19")
            provider = f"{{name: {rng.choice('ab')}}}"
            url = f"https://a.example/{name}"
            site.write(name, record(url=url, time=time, topics=topics, quality=quality, provider=provider))
        site.sync()
        addresses = [address for address in site.addresses() if address.endswith(".atom")]
        addresses += [
            each.format(f"2020-0{month}{part}") for each in filtered for month in range(1, 7) for part in ("", "-2")
        ]
        now = {each: (found.hash, site.revision(each)) for each in addresses if (found := site.document(each))}
        for address in now.keys() & before.keys():
            assert now[address][0] == before[address][0] or now[address][1] > before[address][1], address
        before |= now


def built(site: Site) -> dict[str, bytes]:
    out = site.config.out_folder
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


class Reader:
    """A reader of a feed that never asks again for an archive that it has seen."""

    def __init__(self, feed: str) -> None:
        self.feed = feed
        self.stories: set[str] = set()
        self.archives: dict[str, list[str]] = {}

    def poll(self, site: Site) -> None:
        document = atom(site, self.feed.format(".atom"))
        self.stories.update(ids(document))
        while (address := link(document, "prev-archive")) and address not in self.archives:
            document = atom(site, address)
            self.archives[address] = ids(document)
            self.stories.update(ids(document))


@settings(max_examples=20)
@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.sampled_from([0, 1, 1, 1, 2, 20, 45, 400]), st.booleans(), st.booleans()), max_size=30),
)
def test_a_reader_that_keeps_archives_has_every_story_when_records_come_in_the_order_of_their_times(
    limit: int, arrivals: list[tuple[int, bool, bool]]
) -> None:
    with new_site(feeds={"limit": limit, "formats": ["atom"]}) as site:
        readers = [Reader("/feed{}"), Reader("/topics/ai{}")]
        hours = 0
        for number, (gap, is_ai, is_polled) in enumerate([(0, True, True), *arrivals, (1, True, True)]):
            hours += 24 * gap + 1
            time = (datetime(2019, 12, 30, tzinfo=UTC) + timedelta(hours=hours)).isoformat()
            for name, text in story(number, time, topics="AI" if is_ai else "").items():
                site.write(name, text)
            if is_polled:
                site.sync()
                for reader in readers:
                    reader.poll(site)
        for reader in readers:
            assert reader.stories == set(ids(atom(site, f"{reader.feed.format('.atom')}?limit=500")))
            seen = walk(site, reader.feed, limit)
            assert reader.archives == seen


STORIES = {
    **story(1, "2020-01-01"), **story(2, "2020-01-02"), **story(3, "2020-01-03", topics="AI"),
    **story(4, "2020-02-01"),
    **story(5, "2020-03-01"), **story(6, "2020-03-02"), **story(7, "2020-03-03"), **story(8, "2020-03-04"), **story(9, "2020-03-05"),
}  # fmt: skip


def test_an_archive_is_published_once_it_is_full_or_its_month_is_over(make_site: Callable[..., Site]) -> None:
    site = make_site(STORIES, feeds={"limit": 2})
    parts = {address: names(atom(site, address)) for address in walk(site, "/feed{}", 2)}
    assert parts == {
        "/feed/2020-03-2.atom": "8 7", "/feed/2020-03.atom": "6 5", "/feed/2020-02.atom": "4",
        "/feed/2020-01-2.atom": "3", "/feed/2020-01.atom": "2 1",
    }  # fmt: skip
    assert names(atom(site, "/feed.atom")) == "9 8"
    site.write("10.md", record(url="https://a.example/10", time="2020-03-06"))
    site.sync()
    assert names(atom(site, "/feed/2020-03-3.atom")) == "10 9"


def test_a_feed_whose_current_document_holds_all_stories_has_no_archives(make_site: Callable[..., Site]) -> None:
    site = make_site(STORIES, feeds={"limit": 9})
    assert not [address for address in site.addresses() if "2020" in address or "older" in address]
    assert site.document("/feed/2020-01.atom") is None
    assert b"next_url" not in site.body("/feed.json")
    assert list(walk(site, "/feed{}?limit=8", 8)) == ["/feed/2020-02.atom?limit=8", "/feed/2020-01.atom?limit=8"]


def test_next_url_leads_to_the_stories_after_those_shown(make_site: Callable[..., Site]) -> None:
    site = make_site(STORIES, feeds={"limit": 2, "archives": ["atom", "json"]})
    found, address = [], "/feed.json"
    while address:
        page = json.loads(site.body(address))
        found.append((address, names(page)))
        address = page.get("next_url", "").removeprefix(BASE)
    assert found == [
        ("/feed.json", "9 8"), ("/feed/older.json", "7"), ("/feed/2020-03.json", "6 5"), ("/feed/2020-02.json", "4"),
        ("/feed/2020-01-2.json", "3"), ("/feed/2020-01.json", "2 1"),
    ]  # fmt: skip
    site.write("10.md", record(url="https://a.example/10", time="2020-03-06"))
    site.sync()
    assert json.loads(site.body("/feed.json"))["next_url"] == f"{BASE}/feed/2020-03-2.json"
    assert site.document("/feed/older.json") is None
    assert "/feed/older.json" not in site.addresses()


def test_only_formats_that_are_paged_have_older_stories(make_site: Callable[..., Site]) -> None:
    site = make_site(STORIES, feeds={"limit": 2, "archives": ["atom", "rss", "json"]})
    assert [address for address in site.addresses() if "older" in address] == [
        "/feed/older.json", "/providers/a-example/older.json",
    ]  # fmt: skip
    assert site.document("/feed/older.atom") is site.document("/feed/older/") is None
    assert site.document("/feed/older.json?limit=1") is None  # where an archive begins
    assert names(json.loads(site.body("/feed/older.json?limit=4"))) == "5"


def test_a_late_record_changes_the_archives_of_its_month_and_links_of_those_beside_it(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(STORIES, feeds={"limit": 2, "formats": ["atom"]})
    before = {address: site.body(address) for address in site.addresses() if "/feed" in address}
    site.write("late.md", record(url="https://a.example/late", time="2020-01-02T12:00:00Z"))
    site.sync()
    changed = {address for address, body in before.items() if site.body(address) != body}
    assert changed == {"/feed/2020-01-2.atom", "/feed/2020-01-2/"}
    site.write("later.md", record(url="https://a.example/later", time="2020-01-04"))
    site.sync()
    changed = {address for address, body in before.items() if site.body(address) != body}
    assert changed == {"/feed/2020-01-2.atom", "/feed/2020-01-2/", "/feed/2020-02.atom", "/feed/2020-02/"}
    assert link(atom(site, "/feed/2020-02.atom"), "prev-archive") == "/feed/2020-01-3.atom"


@pytest.mark.parametrize(
    "section",
    [
        "2020-01-1", "2020-01-02", "2020-01-0", "2020-01-3", "2020-01-99999999999", "2020-03-3", "2020-04", "Older",
        "2020-00", "2020-13", "2020-1", "20200-01", "2021-01", "2020-01/x",
    ],
)  # fmt: skip
def test_an_archive_of_no_month_or_part_has_no_document(make_site: Callable[..., Site], section: str) -> None:
    site = make_site(STORIES, feeds={"limit": 2, "archives": ["atom", "json"]})
    assert site.document(f"/feed/{section}.atom") is site.document(f"/feed/{section}.json") is None


def test_archives_change_with_the_months_beside_theirs_only_where_the_number_of_stories_does(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(STORIES, feeds={"limit": 2, "formats": ["atom"]})
    archives = ("/feed/2020-01-2.atom", "/feed/2020-02.atom", "/feed/2020-03.atom")

    def changed(**files: str) -> list[bool]:
        before = [site.revision(address) for address in archives]
        for name, text in files.items():
            site.write(f"{name}.md", text)
        site.sync()
        return [site.revision(address) != old for address, old in zip(archives, before, strict=True)]

    assert changed(**{"4": record("New", "https://a.example/4", "2020-02-01")}) == [False, True, False]
    assert changed(**{"10": record("A", "https://a.example/10", "2020-02-02")}) == [True, True, True]


def test_months_of_mentions_alone_are_not_beside_the_archives_of_feeds_without_mentions() -> None:
    months = ["2020-02-01", "2020-03-01", "2020-04-01"]
    mentions = [
        f"{{title: M, webUrl: 'https://m.example/{number}', publishedDateTime: {month}}}"
        for number, month in enumerate(months)
    ]
    first = story(1, "2020-01-01") | story(2, "2020-01-02", related=f"[{', '.join(mentions)}]")
    tables = {"feeds": {"limit": 1, "related": "links"}, "build": {"pages": False}}
    with new_site(**tables) as site, new_site(**tables) as fresh:
        for new in (first, story(3, "2020-05-01"), story(4, "2020-06-01")):
            for name, text in new.items():
                site.write(name, text)
                fresh.write(name, text)
            site.sync()
            build(site.documents, site.config.out_folder)
        fresh.sync()
        build(fresh.documents, fresh.config.out_folder)
        assert "feed/2020-05.atom" in built(site)
        assert built(site) == built(fresh)


def test_a_build_takes_feeds_and_archives_in_the_order_of_the_time_that_they_show(
    make_site: Callable[..., Site],
) -> None:
    days = {1: "2020-01-05", 2: "2020-01-25", 3: "2020-02-05", 4: "2020-02-25", 5: "2020-05-01"}
    files = {
        f"{number}.md": record(str(number), f"https://a.example/{number}", f"{day}T10:00:00Z", topics=f"All, T{number}")
        for number, day in days.items()
    }
    site = make_site(files, feeds={"limit": 1, "formats": ["atom"]}, build={"pages": False})
    groups = [addresses for _, addresses in site.documents.listing()]
    ordered = site.documents.in_order_of_time(reversed(groups))
    assert sorted(map(str, ordered)) == sorted(map(str, groups))
    paths = [address.path for group in ordered for address in group]
    of_all = ("/topics/all/2020-01", "/topics/all/2020-01-2", "/topics/all/2020-02", "/topics/all/2020-02-2")
    months = [paths.index(f"{path}.atom") for path in of_all]
    assert months == sorted(months)
    assert months[1] < paths.index("/topics/t3.atom") < months[3] < paths.index("/topics/all.atom")
