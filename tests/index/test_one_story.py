"""Which addresses are one story, and which names one feed."""

import json
from collections.abc import Callable

import pytest

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
