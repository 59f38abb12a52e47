"""The generated archive has the figures of real ones, so that what is measured with it is of use."""

from collections import Counter
from collections.abc import Callable
from statistics import mean, median
from typing import Any

import pytest

from tests.archive_corpus import LEAST_CONTENT, MOST_CONTENT, Archive
from tests.conftest import Site

NUMBER = 600


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    archive = Archive(NUMBER)
    return [archive.record(number) for number in range(NUMBER)]


def test_links_are_as_many_as_in_real_archives(records: list[dict[str, Any]]) -> None:
    links = [len(record.get("related", ())) for record in records]
    assert mean(links) == pytest.approx(32, rel=0.15)
    assert median(links) == pytest.approx(14, abs=3)
    assert max(links) == 197


def test_records_list_others_and_many_list_the_same_mentions(records: list[dict[str, Any]]) -> None:
    own = {record["webUrl"]: record for record in records}
    listed = [story for record in records for story in record.get("related", ())]
    times = Counter(story["webUrl"] for story in listed)
    assert sum(url in own for url in times.elements()) == pytest.approx(0.3 * len(listed), rel=0.2)
    assert all(story["title"] == own[story["webUrl"]]["title"] for story in listed if story["webUrl"] in own)
    # What was news is listed while it is, whatever the number of records.
    assert 25 < max(number for url, number in times.items() if url not in own) < NUMBER / 8
    assert sum(number == 1 for number in times.values()) > len(times) / 2


def test_most_topics_are_on_one_record(records: list[dict[str, Any]]) -> None:
    topics = Counter(topic for record in records for topic in record["topics"])
    assert sum(number == 1 for number in topics.values()) > len(topics) / 2
    assert max(topics.values()) > NUMBER / 10


def test_content_is_html_of_articles(records: list[dict[str, Any]]) -> None:
    contents = [record["featuredContent"] for record in records]
    assert min(len(content.encode()) for content in contents) > LEAST_CONTENT / 3
    assert MOST_CONTENT / 2 < max(len(content.encode()) for content in contents) <= MOST_CONTENT
    for tag in ("<p", "<a ", "<img", "<ul", "<table"):
        assert any(tag in content for content in contents)


def test_all_are_published_but_drafts(make_site: Callable[..., Site]) -> None:
    archive = Archive(60, seed=2)
    site = make_site({archive.name(number): archive.text(number) for number in range(60)}, feeds={"related": "none"})
    with site.documents.index.reading() as connection:
        problems = connection.execute("SELECT message FROM problems").fetchall()
    assert not problems
    drafts = sum("published" in archive.record(number) for number in range(60))
    assert drafts
    assert site.documents.catalogue().everything.size == 60 - drafts


def test_it_is_the_same_each_time() -> None:
    assert Archive(NUMBER).text(99) == Archive(NUMBER).text(99) != Archive(NUMBER, seed=2).text(99)


def test_a_few_records_make_an_archive() -> None:
    assert [Archive(3, seed).record(2)["webUrl"] for seed in range(30)]
