"""The text of pages, as templates write it."""

from collections.abc import Callable
from datetime import datetime

import pytest
from lxml import html

from tests.conftest import Site, record


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        ("2020-06-03T01:05:09Z", "3 June 2020, 01:05 UTC"),
        ("2020-12-31T23:59:59+00:00", "31 December 2020, 23:59 UTC"),
        ("2020-01-01T00:30:00+01:00", "31 December 2019, 23:30 UTC"),
    ],
)
def test_pages_show_times_in_english_and_utc(make_site: Callable[..., Site], time: str, shown: str) -> None:
    site = make_site({"1.md": record(time=time, topics="[AI]")})
    for address in ("/", "/topics/ai/"):
        of_story, of_page = html.document_fromstring(site.body(address)).iter("time")
        assert of_story.text == of_page.text == shown
        assert of_story.get("datetime") == (element := of_page).get("datetime")
        assert datetime.fromisoformat(element.get("datetime")) == datetime.fromisoformat(time)


def test_the_page_of_everything_counts_in_words(make_site: Callable[..., Site]) -> None:
    files = {"1.md": record(topics="[AI]")}
    assert "1 story in 1 topic by 1 provider." in make_site(files).body("/").decode()
    files["2.md"] = record(url="https://a.example/2", provider="{name: C}")
    assert "2 stories in 1 topic by 2 providers." in make_site(files).body("/").decode()
