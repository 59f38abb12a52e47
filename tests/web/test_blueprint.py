"""The blueprint inside of an application of somebody's own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import flask
import pytest

import feedsvc
from feedsvc.web import application
from feedsvc.web.blueprint import create_blueprint
from tests.conftest import Site, record

RECORD = {"title": "One", "webUrl": "https://a.example/1", "publishedDateTime": "2020-06-13", "topics": ["AI"]}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make an empty folder the current one, without a configuration."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def site() -> Iterator[feedsvc.Site]:
    with feedsvc.open(records=[RECORD]) as site:
        site.sync()
        yield site


@pytest.fixture
def app(site: feedsvc.Site) -> flask.Flask:
    app = flask.Flask("news")
    app.register_blueprint(feedsvc.blueprint(site), url_prefix="/news")
    return app


DOCUMENTS = [
    "feed.atom",
    "feed.rss",
    "feed.json",
    "",
    "feeds.opml",
    "topics/ai.atom?limit=5",
    "topics/ai/",
    "assets/style.css",
]


@pytest.mark.parametrize("path", DOCUMENTS)
def test_flasks_hooks_see_every_document(app: flask.Flask, path: str) -> None:
    seen = []
    app.before_request(lambda: seen.append(flask.request.path))

    @app.after_request
    def mark(response: flask.Response) -> flask.Response:
        response.headers["X-Seen"] = "yes"
        return response

    response = app.test_client().get(f"/news/{path}")
    assert (response.status_code, response.headers["X-Seen"]) == (200, "yes")
    assert seen == [f"/news/{path.partition('?')[0]}"]


def test_a_hook_can_refuse_a_document(app: flask.Flask) -> None:
    app.before_request(lambda: flask.abort(403))
    assert app.test_client().get("/news/feed.atom").status_code == 403


@pytest.mark.parametrize(
    ("target", "status"), [("topics/none.atom", 404), ("feed.atom?limit=x", 400), ("feed.atom?" + "x" * 9000, 400)]
)
def test_an_applications_error_handlers_answer(app: flask.Flask, target: str, status: int) -> None:
    app.register_error_handler(status, lambda error: (f"mine: {error.code}", status))
    response = app.test_client().get(f"/news/{target}")
    assert (response.status_code, response.text) == (status, f"mine: {status}")


def test_without_error_handlers_errors_are_plain_text(app: flask.Flask) -> None:
    for target, status in (("topics/none.atom", 404), ("feed.atom?limit=x", 400)):
        response = app.test_client().get(f"/news/{target}")
        assert (response.status_code, response.headers["Content-Type"]) == (status, "text/plain; charset=utf-8")


def test_an_index_that_was_never_filled_is_a_503_for_the_applications_error_handlers() -> None:
    app = flask.Flask("news")
    app.register_blueprint(feedsvc.blueprint(feedsvc.open(records=[RECORD])))
    app.register_error_handler(503, lambda error: ("mine", 503, {"X-Retry": error.response.headers["Retry-After"]}))
    for path in ("/feed.atom", "/healthz", "/readyz"):
        response = app.test_client().get(path)
        assert (response.text, response.headers["X-Retry"]) == ("mine", "10")


def test_url_for_gives_the_address_of_every_document(app: flask.Flask) -> None:
    with app.test_request_context():
        assert flask.url_for("feedsvc.document", path="topics/ai.atom", limit=5) == "/news/topics/ai.atom?limit=5"
        assert flask.url_for("feedsvc.document", path="") == "/news/"
        assert flask.url_for("feedsvc.healthz") == "/news/healthz"


def test_addresses_follow_the_prefix_unless_the_configuration_says_what_they_are(app: flask.Flask) -> None:
    client = app.test_client()
    assert client.get("/news/feed.json").json["feed_url"] == "http://127.0.0.1:8000/news/feed.json"
    assert client.get("/news/topics/AI.atom").location == "http://127.0.0.1:8000/news/topics/ai.atom"
    assert "http://127.0.0.1:8000/news/\n" in client.get("/news/nope").text
    with feedsvc.open(records=[RECORD], base_url="https://feeds.example/x") as site:
        site.sync()
        app = flask.Flask("news")
        app.register_blueprint(feedsvc.blueprint(site), url_prefix="/news")
        feed_url = app.test_client().get("/news/feed.json").json["feed_url"]
    assert feed_url == "https://feeds.example/x/feed.json"


def test_it_can_be_registered_twice_and_inside_another_blueprint(site: feedsvc.Site) -> None:
    app = flask.Flask("news")
    feeds = feedsvc.blueprint(site)
    outer = flask.Blueprint("outer", __name__)
    outer.register_blueprint(feeds, url_prefix="/inner")
    app.register_blueprint(feeds, url_prefix="/a")
    app.register_blueprint(feeds, url_prefix="/b", name="second")
    app.register_blueprint(outer, url_prefix="/outer")
    client = app.test_client()
    for prefix in ("/a", "/b", "/outer/inner"):
        assert client.get(f"{prefix}/feed.json").json["feed_url"] == f"http://127.0.0.1:8000{prefix}/feed.json"
        assert client.get(f"{prefix}/readyz").status_code == 200
    with app.test_request_context():
        assert flask.url_for("second.document", path="feed.atom") == "/b/feed.atom"


def test_a_document_has_the_same_bytes_and_headers_as_behind_the_middleware(make_site: Callable[..., Site]) -> None:
    site = make_site({"1.md": record(topics="[AI]")})
    site.settle()  # while a change is still to take effect, Last-Modified is now
    app = flask.Flask("news")
    app.register_blueprint(create_blueprint(site.documents.index, site.config, started=0))
    clients = app.test_client(), application.create_app(site.config, started=0).test_client()
    etag = clients[0].get("/feed.atom").headers["ETag"]
    for headers in ({}, {"Accept-Encoding": "gzip"}, {"If-None-Match": etag}, {"If-Match": '"other"'}):
        for target in ("/feed.atom", "/feeds.opml", "/", "/topics/ai/", "/feed.rss?limit=1"):
            for method in ("GET", "HEAD", "OPTIONS"):
                ours, theirs = (client.open(target, method=method, headers=headers) for client in clients)
                assert (ours.status, ours.data) == (theirs.status, theirs.data), (method, target, headers)
                allowed = [each.headers.pop("Allow", "").split(", ") for each in (ours, theirs)]
                assert set(allowed[0]) == set(allowed[1])
                assert sorted(ours.headers) == sorted(theirs.headers), (method, target, headers)


def test_create_app_delivers_documents_before_flasks_hooks(site: feedsvc.Site) -> None:
    app = feedsvc.create_app(site)
    seen = []
    app.before_request(lambda: seen.append(flask.request.path))
    client = app.test_client()
    assert client.get("/feed.atom").status_code == client.get("/healthz").status_code == 200
    assert seen == ["/healthz"]


def test_a_prefix_is_encoded_in_addresses(site: feedsvc.Site) -> None:
    app = flask.Flask("news")
    app.register_blueprint(feedsvc.blueprint(site), url_prefix="/a b/日本")
    response = app.test_client().get("/a b/日本/feed.json")
    expected = "http://127.0.0.1:8000/a%20b/%E6%97%A5%E6%9C%AC/feed.json"
    assert (response.json["feed_url"], response.headers["Link"]) == (expected, f'<{expected}>; rel="self"')


def test_an_error_handler_gets_the_message(app: flask.Flask) -> None:
    app.register_error_handler(400, lambda error: (error.description, 400))
    app.register_error_handler(404, lambda error: (error.description, 404))
    client = app.test_client()
    assert client.get("/news/feed.atom?limit=x").text == "limit: 'x' can't be used; expected a number from 1 to 500"
    assert "Did you mean http://127.0.0.1:8000/news/topics/ai/" in client.get("/news/topics/aii.atom").text
