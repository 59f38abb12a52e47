"""A base address with a path: the service answers below it, and also at the root."""

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

import feedsvc
from tests.conftest import Service, record, running_service
from tests.services import Answer, ask

RECORDS = [
    {
        "title": "One",
        "webUrl": "https://a.example/1",
        "publishedDateTime": "2020-06-13",
        "topics": ["AI", "日本語", "feed"],
    }
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("below")
    (folder / "records").mkdir()
    (folder / "records" / "a.md").write_text(record(topics="[AI, 日本語]"))
    with running_service(folder, base_path="/sub/日") as service:
        yield service


def follow(service: Service, url: str) -> Answer:
    """The answer at an absolute URL of the service."""
    parts = urlsplit(url)
    assert parts.netloc == urlsplit(service.base_url).netloc
    return ask(service, parts.path)


def test_the_addresses_that_serve_prints_work_as_they_are(service: Service) -> None:
    for address in ("/feed.json", "/topics/%E6%97%A5%E6%9C%AC%E8%AA%9E.json"):
        feed = json.loads(follow(service, service.base_url + address).body)
        assert feed["feed_url"] == service.base_url + address
        assert follow(service, feed["feed_url"]).status == follow(service, feed["home_page_url"]).status == 200


@pytest.mark.parametrize(
    "path", ["/feed.atom", "/", "/topics/ai/", "/topics/ai.rss?limit=3", "/assets/style.css", "/feeds.opml", "/healthz", "/readyz"]
)  # fmt: skip
def test_what_is_below_the_path_is_at_the_root_too(service: Service, path: str) -> None:
    ours, theirs = ask(service, f"{urlsplit(service.base_url).path}{path}"), ask(service, path)
    assert (ours.status, ours.body) == (200, theirs.body)
    assert ours.headers.get("ETag") == theirs.headers.get("ETag")


@pytest.mark.parametrize(
    "path",
    [
        "/topics/AI.atom",
        "{base}/topics/AI.atom",
        "/SUB/日/topics/ai.atom",
        "{base}/topics/ai.xml",
        "//sub//日/topics/ai.atom",
    ],
)
def test_redirects_lead_below_the_path(service: Service, path: str) -> None:
    answer = ask(service, path.replace("{base}", urlsplit(service.base_url).path).replace("日", "%E6%97%A5"))
    assert (answer.status, answer.headers["Location"]) == (301, f"{service.base_url}/topics/ai.atom")


def test_the_path_without_a_slash_leads_to_the_page_of_everything(service: Service) -> None:
    answer = ask(service, urlsplit(service.base_url).path)
    assert (answer.status, answer.headers["Location"]) == (301, f"{service.base_url}/")


@pytest.mark.parametrize(
    ("asked", "feed"),
    [
        ("/topics/feed.json", "/feed.json"),  # the printed address of everything, before a topic at the root
        ("/topics/ai.json", "/topics/ai.json"),
        ("/topics/topics/ai.json", "/topics/ai.json"),
        ("/feed.json", "/feed.json"),
    ],
)
def test_a_path_that_may_be_both_is_read_below_the_base_address(asked: str, feed: str) -> None:
    with feedsvc.open(records=RECORDS, base_url="https://feeds.example/topics") as site:
        site.sync()
        found = feedsvc.create_app(site).test_client().get(asked)
        assert found.json["feed_url"] == f"https://feeds.example/topics{feed}"


def test_the_access_log_has_the_whole_path(caplog: pytest.LogCaptureFixture) -> None:
    tables = {"site": {"base_url": "https://feeds.example/sub"}, "serve": {"access_log": True}}
    with feedsvc.open(feedsvc.load_config(tables=tables), records=RECORDS) as site:
        site.sync()
        with caplog.at_level("INFO", "feedsvc.access"):
            feedsvc.create_app(site).test_client().get("/sub/feed.atom")
    assert "GET /sub/feed.atom" in caplog.text
