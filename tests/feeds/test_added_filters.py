"""A filter that is added works wherever filters do."""

from collections.abc import Callable

import pytest

import feedsvc
from feedsvc.feeds.explanation import explain
from feedsvc.model import FILTERS, Filter
from feedsvc.records.collection import RecordFolders
from feedsvc.records.sources import find_sources
from tests.conftest import Site, record

FILES: dict[str, str | bytes] = {
    "1.md": record("One", "https://a.example/1", type="Video"),
    "2.md": record("Two", "https://a.example/2", type="Article"),
}


@pytest.fixture(autouse=True)
def without_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add a filter of types that stories must not have."""
    monkeypatch.setitem(
        FILTERS,
        "without_type",
        Filter(
            "without_type",
            expected="types of stories",
            parse=str.lower,
            label="Without the type",
            column="type",
            comparison="not in",
        ),
    )


def test_an_added_filter_works_in_addresses_saved_filters_pages_and_explanations(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(FILES, custom=[{"name": "Quiet", "without_type": ["Video"]}])
    client = feedsvc.create_app(site.config).test_client()
    feed = client.get("/feed.json?without_type=VIDEO").json
    assert [item["title"] for item in feed["items"]] == ["Two"]
    assert feed["feed_url"] == "https://feeds.example/feed.json?without_type=video"
    assert [item["title"] for item in client.get("/custom/quiet.json").json["items"]] == ["Two"]
    assert 'name="without_type"' in client.get("/").text
    assert "Without the type: video" in client.get("/?without_type=Video").text
    with site.documents.index.reading() as connection:
        records = RecordFolders(find_sources(site.config))
        lines = explain(connection, site.config, "https://a.example/1", records).lines
    assert "left out by without_type=video (its type: video)" in lines[-1]


def test_the_form_of_pages_has_the_filters_that_there_are(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_site(FILES).config
    assert 'name="without_type"' in feedsvc.create_app(config).test_client().get("/").text
    monkeypatch.delitem(FILTERS, "without_type")
    assert 'name="without_type"' not in feedsvc.create_app(config).test_client().get("/").text
