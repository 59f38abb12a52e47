"""Which addresses lead to which document, and what is said of those that lead to none."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from lxml import html
from msgspec.structs import replace as with_values

from feedsvc.web import create_app
from tests.conftest import Site, record

BASE = "https://feeds.example"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
FILES: dict[str, str | bytes] = {
    "1.md": record(
        "One",
        "https://a.example/1",
        topics="[AI, 日本語, RSS, Feed, Big Data]",
        type="Video",
        category="News",
        provider="A",
    ),
    "2.md": record("Two", "https://a.example/2", topics="[Law]", type="article", provider="B"),
    "3.md": record(
        "Three", "https://a.example/3", "2019-06-01T00:00:00Z", topics="[Law]", type="article", provider="B"
    ),
}


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site(FILES, custom=[{"name": "Saved", "topic": ["AI", "Law"], "without_provider": ["B"]}])


@pytest.fixture
def client(site: Site) -> FlaskClient:
    return create_app(site.config).test_client()


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("/topics/AI.ATOM", "/topics/ai.atom"),
        ("/TOPICS/Ai/", "/topics/ai/"),
        ("/topics/ai", "/topics/ai/"),
        ("/topics/ai.rss/", "/topics/ai.rss"),
        ("/topics//ai.atom", "/topics/ai.atom"),
        ("/topics/Big%20Data.atom", "/topics/big-data.atom"),
        ("/topics/big+data", "/topics/big-data/"),
        ("/feed.atom%20", "/feed.atom"),
        ("/feed.atom%0D%0A", "/feed.atom"),
        ("/feed.atom%E2%80%8B", "/feed.atom"),
        ("/%3Cfeed.atom%3E.", "/feed.atom"),
        ("/%20topics/ai.atom%2520", "/topics/ai.atom"),
        ("/Feeds.opml", "/feeds.opml"),
        ("/feeds.opml/", "/feeds.opml"),
        ("/.Well-Known/feeds/", "/.well-known/feeds"),
        ("/Assets/Style.css", "/assets/style.css"),
        ("/feed", "/feed.atom"),
        ("/feed/", "/feed.atom"),
        ("/feed.xml", "/feed.atom"),
        ("/feed/rss/", "/feed.rss"),
        ("/rss", "/feed.rss"),
        ("/RSS.xml", "/feed.rss"),
        ("/feed/rss2/", "/feed.rss"),
        ("/rss/feed.xml", "/feed.atom"),
        ("/topics/rss.xml", "/topics/rss.atom"),
        ("/topics/rss/rss", "/topics/rss.rss"),
        ("/topics/feed/feed", "/topics/feed.atom"),
        ("/topics/feed/index.html", "/topics/feed/"),
        ("/atom.xml", "/feed.atom"),
        ("/index.xml", "/feed.atom"),
        ("/index.rss", "/feed.rss"),
        ("/index.json", "/feed.json"),
        ("/index.html", "/"),
        ("/feeds", "/"),
        ("/topics/", "/"),
        ("/topics/ai/feed", "/topics/ai.atom"),
        ("/topics/ai/feed/", "/topics/ai.atom"),
        ("/topics/ai/feed.xml", "/topics/ai.atom"),
        ("/topics/ai.xml", "/topics/ai.atom"),
        ("/topics/ai/rss", "/topics/ai.rss"),
        ("/topics/ai/feed.rss", "/topics/ai.rss"),
        ("/topics/AI/index.html", "/topics/ai/"),
        ("/providers/a/atom.xml", "/providers/a.atom"),
        ("/custom/Saved/feed", "/custom/saved.atom"),
        ("/topics/日本語/rss.xml", "/topics/%E6%97%A5%E6%9C%AC%E8%AA%9E.rss"),
    ],
)
def test_other_spellings_and_guesses_lead_to_what_they_mean(client: FlaskClient, asked: str, path: str) -> None:
    response = client.get(f"{asked}?limit=3", headers={"Host": "evil.example"})
    assert (response.status_code, response.headers["Location"]) == (301, f"{BASE}{path}?limit=3")
    assert response.headers["Cache-Control"] == "no-store"
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    "asked", ["/topics/none/feed", "/topics/none.xml", "/rss/none", "/topics/feed/none", "/topics/ai/2001-01.xml", "/nope.xml", "/nope/index.html"]
)  # fmt: skip
def test_nothing_is_redirected_to_where_nothing_is(client: FlaskClient, asked: str) -> None:
    assert client.get(asked).status_code == 404


def test_a_guess_leads_to_the_nearest_format_that_is_published(site: Site) -> None:
    feeds = with_values(site.config.feeds, formats=("json", "rss"))
    client = create_app(replace(site.config, feeds=feeds)).test_client()
    for asked, path in (("/atom.xml", "/feed.rss"), ("/feed.xml", "/feed.rss"), ("/feed", "/feed.json")):
        assert client.get(asked).headers["Location"] == BASE + path
    client = create_app(replace(site.config, feeds=with_values(feeds, formats=("rss",)))).test_client()
    assert client.get("/feed.json").status_code == client.get("/index.json").status_code == 404


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("/feed.atom?topic=ai", "/topics/ai.atom"),
        ("/topics/ai.atom?topic=AI", "/topics/ai.atom"),
        ("/topics/ai.atom?topic=ai&topic=law", "/topics/ai.atom"),
        ("/feed.rss?provider=a&limit=5", "/providers/a.rss?limit=5"),
        ("/providers/a.json?provider=a", "/providers/a.json"),
        ("/providers/a.atom?topic=ai", "/topics/ai.atom?provider=a"),
        ("/feed.atom?provider=a&topic=ai", "/topics/ai.atom?provider=a"),
        ("/topics/law.atom?topic=ai", "/topics/ai.atom?topic=law"),
        ("/feed.atom?topic=ai&topic=law", "/feed.atom?topic=ai&topic=law"),
        ("/feed.atom?limit=007&topic=law&x=1&topic=Ai&related=entries", "/feed.atom?topic=ai&topic=law&limit=7"),
        (
            "/feed.atom?limit=7&category=+News&min_quality=1&type=Video",
            "/feed.atom?type=video&category=news&min_quality=1&limit=7",
        ),
        ("/topics/ai.atom?without_topic=ai", "/topics/ai.atom?without_topic=ai"),
        ("/topics/ai.atom?topic=law&topic=日本語", "/topics/ai.atom?topic=law&topic=%E6%97%A5%E6%9C%AC%E8%AA%9E"),
        ("/custom/saved.atom?topic=law&topic=ai", "/custom/saved.atom"),
        ("/custom/saved.atom?topic=ai&without_provider=b", "/custom/saved.atom?topic=ai"),
        ("/feed/2019-06.atom?topic=law&limit=1", "/topics/law/2019-06.atom?limit=1"),
    ],
)
def test_one_choice_of_stories_has_one_address(client: FlaskClient, site: Site, written: str, canonical: str) -> None:
    ours, theirs = client.get(written), client.get(canonical)
    assert (ours.status_code, ours.data, ours.headers["ETag"]) == (200, theirs.data, theirs.headers["ETag"])
    assert ours.headers["Link"].startswith(f'<{BASE}{canonical}>; rel="self"')
    address = site.address(written)
    assert address
    assert address == site.address(canonical)
    assert address.target == canonical or not canonical.isascii()


@pytest.mark.parametrize(
    ("target", "reason", "meant"),
    [
        ("/feed.atom?topic=lwa", "topic: no story has 'lwa'", "/topics/law.atom"),
        ("/topics/ai.rss?topic=lwa&limit=3", "topic: no story has 'lwa'", "/topics/ai.rss?topic=law&limit=3"),
        ("/feed.atom?type=Vidio", "type: no story has 'vidio'", "/feed.atom?type=video"),
        ("/feed.atom?topic=ai&topic=lawe", "topic: no story has 'lawe'", "/feed.atom?topic=ai&topic=law"),
        ("/feed.atom?without_topic=lew", "without_topic: no story has 'lew'", "/feed.atom?without_topic=law"),
        ("/custom/saved.atom?topic=lawe", "topic: no story has 'lawe'", "/custom/saved.atom?topic=law"),
        ("/feed.atom?provider=zzz", "provider: no story has 'zzz'", ""),
        ("/?topic=lwa", "topic: no story has 'lwa'", "/topics/law/"),
        ("/topics/ai/?topic=lwa&limit=2", "topic: no story has 'lwa'", "/topics/ai/?topic=law&limit=2"),
        ("/?provider=nobody", "provider: no story has 'nobody'", ""),
        ("/topics/ai/?without_topic=lew", "without_topic: no story has 'lew'", "/topics/ai/?without_topic=law"),
        ("/feed.atom?type=vido&topic=laww", "type: no story has 'vido'; topic: no story has 'laww'", "/topics/law.atom?type=video"),
    ],
)  # fmt: skip
def test_a_filter_of_what_no_story_has_is_a_404_that_suggests_the_nearest(
    client: FlaskClient, target: str, reason: str, meant: str
) -> None:
    response = client.get(target)
    assert (response.status_code, response.headers["Cache-Control"]) == (404, "no-store")
    assert f"{reason}\n" in response.text
    assert response.text.partition("Did you mean ")[2].partition("\n")[0] == (f"{BASE}{meant}" if meant else "")
    assert not meant or client.get(meant).status_code == 200


def test_a_value_is_known_as_long_as_a_story_has_it(site: Site, client: FlaskClient) -> None:
    assert client.get("/feed.atom?type=video").status_code == 200
    site.write("1.md", record("One", "https://a.example/1", topics="[AI]", type="podcast", provider="A"))
    site.sync()
    later = create_app(site.config).test_client()
    assert later.get("/feed.atom?type=video").status_code == 404
    assert later.get("/feed.atom?type=podcast").status_code == 200
    assert later.get("/feed.atom?without_topic=日本語").status_code == 404


def test_a_filter_that_leaves_nothing_is_an_empty_feed(client: FlaskClient) -> None:
    for target in ("/topics/law.json?type=video", "/topics/ai.json?without_topic=ai", "/providers/a.json?provider=b"):
        assert client.get(target).json["items"] == []


def test_a_404_is_a_page_with_links_for_a_browser(client: FlaskClient) -> None:
    response = client.get("/topics/aii.atom", headers=BROWSER)
    assert (response.status_code, response.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Vary"] == "Accept"
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    page = html.fromstring(response.data)
    assert page.xpath("//meta[@name='robots']/@content") == ["noindex"]
    assert page.xpath("//main//a/@href") == [f"{BASE}/topics/ai/", f"{BASE}/"]
    assert page.xpath("//link[@rel='stylesheet']/@href") == ["../assets/style.css"]
    for accept in ("", "*/*", "application/atom+xml", "text/plain, text/html;q=0.9"):
        plain = client.get("/topics/aii.atom", headers={"Accept": accept})
        assert plain.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert plain.headers["Vary"] == "Accept"


@pytest.mark.parametrize("path", ["/<script>x()</script>", "/feed.atom?type=<script>", "/a/b/c'\"&"])
def test_the_page_of_a_404_escapes_what_was_asked_for(client: FlaskClient, path: str) -> None:
    response = client.get(path, headers=BROWSER)
    assert response.status_code == 404
    assert len(html.fromstring(response.data).xpath("//script")) == 1  # that of all pages


def test_programs_find_all_feeds_at_a_well_known_address(client: FlaskClient) -> None:
    found = client.get("/.well-known/feeds")
    assert found.data == client.get("/feeds.opml").data
    assert found.headers["Content-Type"] == "text/x-opml; charset=utf-8"


def test_there_is_an_icon(client: FlaskClient) -> None:
    icon = client.get("/favicon.ico")
    assert icon.headers["Content-Type"] == "image/vnd.microsoft.icon"
    assert icon.data[:6] == b"\0\0\1\0\2\0"  # two pictures
    assert len(icon.data) < 4000
