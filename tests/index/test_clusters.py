"""Clusters: each record is in exactly one, from any order of files and after any history; what stays when they change."""

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings

from feedsvc.feeds.explanation import explain
from feedsvc.index.grouping import MOST_JOINED
from feedsvc.index.sync import sync
from feedsvc.records.collection import RecordFolders
from feedsvc.records.sources import find_sources
from feedsvc.serve.logs import SyncLog
from tests.cli.commands import result
from tests.conftest import Site, record
from tests.feeds.test_reference import Files, entries_of, histories, open_site
from tests.reference import Item, Reference, date_of, host, text_of

CLUSTERS: dict[str, Any] = {"feeds": {"related": "clusters"}}


def url(name: str) -> str:
    return f"https://{name.lower()}.example/"


def story(name: str, day: str, *listed: str, **more: str) -> str:
    """A record that lists others by their names; those without a record of their own are mentions."""
    items = (f"{{title: {each}, webUrl: '{url(each)}', publishedDateTime: 2020-06-30}}" for each in listed)
    return record(name, url(name), f"2020-06-{day}", related=f"[{', '.join(items)}]" if listed else "", **more)


def grouped(site: Site, feed: str = "/feed") -> dict[str, list[str]]:
    """The titles of the entries of a feed, each with those of the records that joined it."""
    return {
        entry.story.title: [link.title for link in entry.related if link.published] for entry in entries_of(site, feed)
    }


def test_a_record_joins_the_earliest_that_it_lists_or_that_lists_it(make_site: Callable[..., Site]) -> None:
    site = make_site(
        {"a.md": story("A", "01", "C"), "b.md": story("B", "02"), "c.md": story("C", "03", "B", "M")}, **CLUSTERS
    )
    assert grouped(site) == {"A": ["C"], "B": []}
    (entry,) = [entry for entry in entries_of(site, "/feed") if entry.story.title == "A"]
    assert [link.title for link in entry.related] == ["C", "B", "M"]
    assert entry.cluster
    assert entry.cluster.size == 4


def test_a_record_never_joins_through_a_third_one(make_site: Callable[..., Site]) -> None:
    files = {"a.md": story("A", "01"), "b.md": story("B", "02", "A"), "c.md": story("C", "03", "B")}
    assert grouped(make_site(files, **CLUSTERS)) == {"C": [], "A": ["B"]}


@pytest.mark.parametrize(("day", "expected"), [("08", {"A": ["B"]}), ("09", {"A": [], "B": []})])
def test_a_record_joins_within_seven_days(make_site: Callable[..., Site], day: str, expected: object) -> None:
    assert grouped(make_site({"a.md": story("A", "01"), "b.md": story("B", day, "A")}, **CLUSTERS)) == expected


def test_records_of_one_time_are_in_the_order_of_their_urls(make_site: Callable[..., Site]) -> None:
    files = {"1.md": story("B", "01", "A", "B"), "2.md": story("A", "01", "C"), "3.md": story("C", "01", "A", "B")}
    assert grouped(make_site(files, **CLUSTERS)) == {"A": ["B", "C"]}


def test_the_sample_is_one_entry_with_its_related_stories(sample_site: Site) -> None:
    (entry,) = entries_of(sample_site, "/feed", "related=clusters")
    assert entry.cluster
    assert (entry.cluster.size, len(entry.related), entry.related_total) == (18, 17, 17)
    assert not any(link.published for link in entry.related)


def test_an_entry_has_what_all_its_records_say(make_site: Callable[..., Site]) -> None:
    site = make_site(
        {
            "a.md": story("A", "01", topics="[AI]", excerpt="First", updatedDateTime="2020-06-05"),
            "b.md": story(
                "B", "02", "A", "M", topics="[Law]", excerpt="Second", updatedDateTime="2020-06-09T10:00:00Z"
            ),
            "c.md": story("C", "02", "A", "N", topics="[Art]", excerpt="Third"),
        },
        **CLUSTERS,
    )
    for feed in ("/feed", "/topics/ai", "/topics/law", "/topics/art", "/providers/a-example"):
        (entry,) = entries_of(site, feed)
        assert [topic.slug for topic in entry.topics] == ["ai", "art", "law"]
        assert entry.linked_topics == {"ai", "art", "law"}
        assert [(link.title, link.excerpt) for link in entry.related] == [
            ("B", "Second"), ("C", "Third"), ("M", ""), ("N", ""),
        ]  # fmt: skip
        assert [link.published.day for link in entry.related if link.published] == [2, 2]
        assert entry.cluster
        assert entry.cluster.providers == tuple(f"{name}.example" for name in "abcmn")
        assert entry.updated == datetime(2020, 6, 9, 10, tzinfo=UTC)
        assert entry.story.published == datetime(2020, 6, 1, tzinfo=UTC)
    (joined,) = entries_of(site, "/providers/b-example")
    assert [topic.slug for topic in joined.topics] == ["law"]
    assert [(link.title, link.published, link.excerpt) for link in joined.related] == [("A", None, ""), ("M", None, "")]
    assert joined.cluster is None
    assert site.document("/providers/m-example.json") is None


def test_mentions_change_neither_id_nor_times_of_an_entry(make_site: Callable[..., Site]) -> None:
    site = make_site({"a.md": story("A", "01"), "b.md": story("B", "02", "A")}, **CLUSTERS)
    (before,), revision, body = entries_of(site, "/feed"), site.revision("/feed.atom"), site.body("/feed.atom")
    site.write("b.md", story("B", "02", "A", "M", "N"))
    site.sync()
    (after,) = entries_of(site, "/feed")
    assert (after.story.url, after.story.published, after.updated) == (
        before.story.url, before.story.published, before.updated,
    )  # fmt: skip
    assert site.revision("/feed.atom") != revision
    assert site.body("/feed.atom") != body
    assert after.related_total == before.related_total + 2


@contextmanager
def site_of(files: Files, **feeds: Any) -> Iterator[Site]:
    """A site of files as the reference writes them."""
    with TemporaryDirectory() as folder:
        site = open_site(Path(folder), "sqlite:///index.db", {"formats": ["json"], "archives": False, **feeds})
        site.config.records_folder.mkdir()
        for name, records in files.items():
            site.write(name, text_of(records))
        site.sync()
        yield site
        site.documents.index.close()


def ids(site: Site, target: str) -> list[str]:
    document = site.document(target)
    return [item["id"] for item in json.loads(document.body)["items"]] if document else []


def merged(history: list[Files]) -> Files:
    """All files that are there in the end."""
    return {name: found for step in history for name, found in step.items() if found}


@settings(max_examples=25)
@given(histories)
def test_each_record_is_in_one_cluster_and_no_id_is_new(history: list[Files]) -> None:
    with site_of(merged(history)) as site:
        everything = set(ids(site, "/feed.json"))
        for path in (
            address for address in site.addresses() if address.endswith(".json") and address != "/search.json"
        ):
            known = everything if path.startswith(("/topics/", "/custom/")) else set(ids(site, path))
            assert set(ids(site, f"{path}?related=clusters")) <= known
        found = entries_of(site, "/feed", "related=clusters")
        grouped = [
            url for entry in found for url in [entry.story.url, *(link.url for link in entry.related if link.published)]
        ]
        assert sorted(grouped) == sorted(ids(site, "/feed.json?related=links"))


def is_chosen(records: dict[str, Item], founder: Item, **asked: Any) -> bool:
    """Whether filters choose a cluster."""
    topics = set().union(*(item.topics for item in records.values()))
    hosts = {host(url) for url in records}
    return (
        any(item.quality >= asked.get("min_quality", 0) for item in records.values())
        and asked.get("topic", "") in {"", *topics}
        and asked.get("without_topic") not in topics
        and asked.get("without_provider") not in hosts
        and str(asked.get("since", "")) <= date_of(founder.day).isoformat() <= str(asked.get("until", "9"))
    )


@pytest.mark.parametrize(
    "asked",
    [
        {"topic": "ai"},
        {"without_topic": "ai"},
        {"without_provider": "b0.example"},
        {"min_quality": 1},
        {"min_quality": 2, "topic": "law"},
        {"min_quality": 1, "without_provider": "a0.example", "since": "2020-01-02"},
        {"until": "2020-01-09", "without_topic": "law"},
    ],
    ids=urlencode,
)
@settings(max_examples=8)
@given(history=histories)
def test_filters_choose_clusters_by_one_record_and_leave_them_out_by_any(
    asked: dict[str, Any], history: list[Files]
) -> None:
    files = merged(history)
    reference = Reference(files, "clusters", 1)
    known = set().union(*({host(url), *item.topics} for url, item in reference.items.items()))
    with site_of(files, related="clusters") as site:
        for path in ("/feed", "/topics/ai", "/topics/art"):
            expected = [
                url
                for url, item in (reference.entries(path) if path in reference.feeds else ())
                if is_chosen(
                    {each: reference.items[each] for each, founder in reference.founders.items() if founder == url},
                    item,
                    **asked,
                )
            ]
            target = f"{path}.json?{urlencode(asked).replace('.', '-')}"
            if site.document(target):
                assert ids(site, target) == expected
            else:  # the feed or what is asked for is of no record
                unknown = {str(value) for value in asked.values()} - known
                assert unknown or path not in reference.feeds


@settings(max_examples=15)
@given(histories)
def test_a_filter_by_provider_gives_its_records_as_entries_of_their_own(history: list[Files]) -> None:
    files = merged(history)
    items = Reference(files, "links", 1).items
    with site_of(files, related="clusters") as site:
        for name in ("a0", "a1", "b0"):
            own = {url for url in items if host(url) == f"{name}.example"}
            assert set(ids(site, f"/providers/{name}-example.json")) == own
            assert set(ids(site, f"/topics/ai.json?provider={name}-example")) == {
                url for url in own if "ai" in items[url].topics
            }


def test_a_filter_is_met_by_one_record_alone(make_site: Callable[..., Site]) -> None:
    site = make_site(
        {
            "a.md": story("A", "01", quality="90", type="video"),
            "b.md": story("B", "02", "A", quality="10", type="article"),
        },
        custom=[{"name": "Good", "min_quality": 50, "type": ["article"], "limit": 9}],
        **CLUSTERS,
    )
    assert ids(site, "/feed.json?min_quality=50&type=video") == [url("A")]
    assert ids(site, "/feed.json?type=article") == [url("A")]
    assert ids(site, "/feed.json?min_quality=50&type=article") == []
    assert ids(site, "/custom/good.json") == []
    with site.documents.index.reading() as connection:
        lines = explain(connection, site.config, url("A"), RecordFolders(find_sources(site.config))).lines
    reason = "left out by min_quality=50, type=article: no record of its cluster meets all of them"
    assert f"  not in https://feeds.example/custom/good.atom: {reason}" in lines


@pytest.mark.survives("records that list each other")
def test_records_that_list_each_other_in_circles_are_one_cluster(make_site: Callable[..., Site]) -> None:
    names = "ABCDEFGH"
    files = {f"{name}.md": story(name, "01", *names) for name in names}
    assert grouped(make_site(files, **CLUSTERS)) == {"A": list(names[1:])}


@pytest.mark.survives("records that list each other")
def test_no_cluster_is_a_giant_one(make_site: Callable[..., Site]) -> None:
    names = [f"n{number:03}" for number in range(MOST_JOINED * 2 + 50)]
    hubs = (names[0], names[MOST_JOINED + 1])
    files = {
        f"{name}.md": story(name, "01", *(each for each in (*hubs, *names[max(0, place - 2) : place]) if each < name))
        for place, name in enumerate(names)
    }
    site = make_site(files, feeds={"related": "clusters", "related_limit": 1000})
    sizes = {title: len(joined) for title, joined in grouped(site).items()}
    assert sizes["n000"] == MOST_JOINED
    assert sum(sizes.values()) + len(sizes) == len(names)
    # A place that becomes free is taken by the next one, and so on.
    (site.config.records_folder / "n050.md").unlink()
    site.sync()
    assert {title: len(joined) for title, joined in grouped(site).items()}["n000"] == MOST_JOINED
    before = grouped(site)
    site.documents.index.close()
    shutil.rmtree(site.folder / ".feedsvc", ignore_errors=True)
    fresh = make_site(
        {path.name: path.read_bytes() for path in site.config.records_folder.iterdir()},
        feeds={"related": "clusters", "related_limit": 1000},
    )
    assert grouped(fresh) == before


@pytest.mark.survives("records that list each other")
def test_an_earlier_record_and_one_that_is_gone_are_noted(make_site: Callable[..., Site]) -> None:
    site = make_site({"b.md": story("B", "02"), "c.md": story("C", "03", "B")}, **CLUSTERS)

    def notes() -> tuple[str, ...]:
        return sync(site.documents.index, site.config).notes

    assert notes() == ()
    site.write("a.md", story("A", "01", "B", "C"))
    assert notes() == (f"{url('A')} is earlier than {url('B')}: their cluster has a new id",)
    assert grouped(site) == {"A": ["B", "C"]}
    site.write("d.md", story("D", "04", "A"))
    assert notes() == ()
    (site.config.records_folder / "a.md").unlink()
    assert notes() == (f"{url('A')} is gone: its cluster has a new id, {url('B')}",)
    assert grouped(site) == {"D": [], "B": ["C"]}


@pytest.mark.survives("records that list each other")
def test_a_founder_that_has_another_url_is_noted(make_site: Callable[..., Site]) -> None:
    site = make_site({"a.md": story("A", "01"), "b.md": story("B", "02", "A", "N")}, **CLUSTERS)
    site.write("a.md", story("N", "01"))
    assert sync(site.documents.index, site.config).notes == (
        f"{url('A')} is gone: its cluster has a new id, {url('N')}",
    )


@pytest.mark.parametrize("command", ["check", "build --dry-run", "build", "feeds"])
def test_the_command_that_reads_them_shows_which_clusters_have_new_ids(command: str, tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "config.toml").write_text('[[custom]]\nname = "Grouped"\nrelated = "clusters"\n')
    (tmp_path / "records" / "b.md").write_text(story("B", "02"))
    assert "note:" not in result("check", cwd=tmp_path)[2]
    (tmp_path / "records" / "a.md").write_text(story("A", "01", "B"))
    note = f"{url('A')} is earlier than {url('B')}: their cluster has a new id"
    assert f"note: {note}\n" in result(*command.split(), cwd=tmp_path)[2]
    is_new = "--dry-run" in command  # which leaves it to the next one
    assert json.loads(result("check", "--json", cwd=tmp_path)[1])["notes"] == [note] * is_new


def test_a_service_logs_which_clusters_have_new_ids(
    make_site: Callable[..., Site], caplog: pytest.LogCaptureFixture
) -> None:
    site = make_site({"b.md": story("B", "02")}, **CLUSTERS)
    site.write("a.md", story("A", "01", "B"))
    with caplog.at_level(logging.INFO):
        SyncLog().add(sync(site.documents.index, site.config))
    assert f"{url('A')} is earlier than {url('B')}: their cluster has a new id" in caplog.messages


def test_nothing_is_noted_where_no_feed_holds_clusters(make_site: Callable[..., Site]) -> None:
    site = make_site({"b.md": story("B", "02")})
    site.write("a.md", story("A", "01", "B"))
    assert sync(site.documents.index, site.config).notes == ()


def test_topics_need_enough_clusters_for_a_feed(make_site: Callable[..., Site]) -> None:
    files = {
        "a.md": story("A", "01", topics="[AI]"), "b.md": story("B", "02", "A", topics="[AI]"),
        "c.md": story("C", "03", topics="[AI, Law]"), "d.md": story("D", "04", "C", topics="[Art]"),
    }  # fmt: skip
    site = make_site(files, feeds={"related": "clusters", "min_stories": 2})
    catalogue = site.documents.catalogue()
    assert [(feed.name, feed.size) for feed in catalogue.feeds] == [("feedsvc", 2), ("AI", 2)]


def test_why_says_which_cluster_a_record_is_in(make_site: Callable[..., Site]) -> None:
    files = {"a.md": story("A", "01", topics="[AI]"), "b.md": story("B", "02", "A", topics="[Law]")}
    custom = [
        {"name": "Good", "min_quality": 5},
        {"name": "All", "related": "entries"},
        {"name": "Grouped", "without_topic": ["law"]},
        {"name": "Apart", "related": "entries", "topic": ["law"]},
    ]
    site = make_site(files, custom=custom, **CLUSTERS)

    def lines(name: str) -> list[str]:
        records = RecordFolders(find_sources(site.config))
        with site.documents.index.reading() as connection:
            explanation = explain(connection, site.config, url(name), records)
        assert explanation.published
        return [line.strip() for line in explanation.lines]

    founder = lines("A")
    assert f"in its cluster: {url('B')}" in founder
    assert "in https://feeds.example/topics/law.atom" in founder
    assert "not in https://feeds.example/custom/good.atom: left out by min_quality=5 (its quality: unknown)" in founder
    grouped, apart = ("not in https://feeds.example/custom/" + name for name in ("grouped.atom: ", "apart.atom: "))
    assert f"{grouped}left out by without_topic=law (its topic: ai, law)" in founder
    assert f"{apart}left out by topic=law (its topic: ai)" in founder
    joined = lines("B")
    assert f"in the cluster of {url('A')}, as one of 1 that joined it" in joined
    reason = f'it is in the cluster of {url("A")}, and related is "clusters"'
    for feed in ("feed", "topics/law", "custom/good"):
        assert f"not in https://feeds.example/{feed}.atom: {reason}" in joined
    assert "in https://feeds.example/providers/b-example.atom" in joined
    assert "in https://feeds.example/custom/all.atom" in joined


def test_saved_filters_and_parameters_choose_clusters(make_site: Callable[..., Site]) -> None:
    files = {"a.md": story("A", "01", topics="[AI]"), "b.md": story("B", "02", "A", "M", topics="[Law]")}
    site = make_site(files, custom=[{"name": "Grouped", "related": "clusters", "topic": ["Law"]}])
    assert ids(site, "/custom/grouped.json") == ids(site, "/topics/law.json?related=clusters") == [url("A")]
    assert ids(site, "/topics/law.json") == [url("M"), url("B")]
    assert ids(site, "/custom/grouped.json?related=links") == [url("B")]
    assert site.address("/custom/grouped.json?related=clusters") == site.address("/custom/grouped.json")
