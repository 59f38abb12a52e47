"""Which addresses are one story, and which names one feed."""

import json
from collections.abc import Callable

import pytest

from feedsvc.feeds.notes import MAX_NOTES, merged_names
from tests.conftest import Site, record


def urls(site: Site) -> list[str]:
    return sorted(item["id"] for item in json.loads(site.body("/feed.json"))["items"])


@pytest.mark.parametrize(
    ("written", "url"),
    [
        (("http://a.example:80/a", "http://a.example/a"), "http://a.example/a"),
        (("https://a.example", "https://a.example/", "https://A.example:443/?"), "https://a.example/"),
        (("https://a.example/x/../%7eb", "https://a.example/~b"), "https://a.example/~b"),
        (("https://a.example/%e3%81", "https://a.example/%E3%81"), "https://a.example/%E3%81"),
        (("https://a.example/b#", "https://a.example/b#:~:text=some,words"), "https://a.example/b"),
    ],
)
def test_equivalent_addresses_are_one_story(make_site: Callable[..., Site], written: tuple[str, ...], url: str) -> None:
    assert urls(make_site({f"{number}.md": record(url=each) for number, each in enumerate(written)})) == [url]


def test_a_fragment_makes_another_story(make_site: Callable[..., Site]) -> None:
    written = [f"https://a.example/{path}" for path in ("#/post/7", "#/post/8", "", "log#v1-2", "log#v1-3")]
    assert urls(make_site({f"{number}.md": record(url=url) for number, url in enumerate(written)})) == sorted(written)


def test_names_that_begin_alike_are_two_feeds(make_site: Callable[..., Site]) -> None:
    names = [f"{'Conference on Public Administration ' * 3}{year}" for year in (2023, 2024)]
    files = {
        f"{name[-4:]}.md": record(
            url=f"https://a.example/{name[-4:]}", topics=f"[{name}]", provider=f"Journal of {name}"
        )
        for name in names
    }
    catalogue = make_site(files).documents.catalogue()
    assert sorted(feed.name for feed in catalogue.topics) == names
    assert sorted(feed.name for feed in catalogue.providers) == [f"Journal of {name}" for name in names]
    assert all(len(feed.address.slug) == 80 for feed in catalogue.topics)


def notes(site: Site) -> list[str]:
    with site.documents.index.reading() as connection:
        return merged_names(connection)


def test_names_that_differ_by_more_than_case_and_have_one_feed_are_noted(make_site: Callable[..., Site]) -> None:
    site = make_site(
        {
            "1.md": record(url="https://a.example/1", topics='[".NET", AI]', provider="The Verge"),
            "2.md": record(url="https://a.example/2", topics="[Net, ai]", provider="The-Verge"),
            "3.md": record(url="https://a.example/3", topics='["net!", A I]', provider="THE VERGE"),
        }
    )
    assert notes(site) == [
        'the topics ".NET", "Net" and "net!" are one feed, /topics/net/',
        'the providers "THE VERGE" and "The-Verge" are one feed, /providers/the-verge/',
    ]
    for name in ("2.md", "3.md"):
        (site.config.records_folder / name).unlink()
    site.sync()
    assert notes(site) == []


def test_names_in_one_record_that_have_one_feed_are_noted(make_site: Callable[..., Site]) -> None:
    site = make_site({"1.md": record(topics='["Net", ".NET", "net", "Net"]')})
    assert notes(site) == ['the topics ".NET" and "Net" are one feed, /topics/net/']


def test_so_many_notes_are_shown_and_no_more(make_site: Callable[..., Site]) -> None:
    topics = [[f"a{number}{mark}b" for number in range(30)] for mark in ".-"]
    files = {
        f"{len(each[0])}{each[0][2]}.md": record(url=f"https://a.example/{each[0]}", topics=f"[{', '.join(each)}]")
        for each in topics
    }
    found = notes(make_site(files))
    assert len(found) == MAX_NOTES + 1
    assert found[-1] == "10 more feeds of topics and providers have several names"
