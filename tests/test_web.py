"""HTTP, one rule a test."""

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from feedsvc.web import cache, create_app
from tests.conftest import Site, record


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site({"1.md": record(topics="[AI, 日本語]")})


@pytest.fixture
def client(site: Site) -> FlaskClient:
    return create_app(site.config).test_client()


@pytest.mark.parametrize(
    ("address", "media_type"),
    [
        ("/feed.atom", "application/atom+xml; charset=utf-8"),
        ("/feed.rss", "application/rss+xml; charset=utf-8"),
        ("/topics/%E6%97%A5%E6%9C%AC%E8%AA%9E.atom", "application/atom+xml; charset=utf-8"),
        ("/", "text/html; charset=utf-8"),
    ],
)
def test_each_document_has_its_media_type(client: FlaskClient, address: str, media_type: str) -> None:
    response = client.get(address)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == media_type
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "public, max-age=900"
    assert "Set-Cookie" not in response.headers


def test_every_address_delivers_its_document(client: FlaskClient, site: Site) -> None:
    for address in site.documents.addresses():
        assert client.get(address).data == site.body(address)


def test_the_etag_is_weak_and_is_the_bodys(client: FlaskClient) -> None:
    first, second = client.get("/feed.atom"), client.get("/feed.rss")
    assert first.headers["ETag"].startswith('W/"')
    assert first.headers["ETag"] != second.headers["ETag"]
    assert client.get("/feed.atom?utm_source=x").headers["ETag"] == first.headers["ETag"]


@pytest.mark.parametrize("form", ["{0}", '"a", {0}', "*", "{1}", '{0}, W/"b"'])
def test_a_known_etag_gets_304_without_a_body(client: FlaskClient, form: str) -> None:
    known = client.get("/feed.atom").headers
    response = client.get("/feed.atom", headers={"If-None-Match": form.format(known["ETag"], known["ETag"][2:])})
    assert (response.status_code, response.data) == (304, b"")
    for name in ("ETag", "Cache-Control"):
        assert response.headers[name] == known[name]


def test_last_modified_counts_unless_there_is_an_etag(client: FlaskClient) -> None:
    known = client.get("/feed.atom").headers
    since = {"If-Modified-Since": known["Last-Modified"]}
    assert client.get("/feed.atom", headers=since).status_code == 304
    assert client.get("/feed.atom", headers={**since, "If-None-Match": '"other"'}).status_code == 200
    assert client.get("/feed.atom", headers={"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}).status_code == 200


def test_last_modified_is_when_the_feed_changed_not_its_newest_story(client: FlaskClient, site: Site) -> None:
    document = site.documents.get("/feed.atom")
    assert document
    assert parsedate_to_datetime(client.get("/feed.atom").headers["Last-Modified"]) == document.changed
    assert document.changed.year > 2020


def test_head_equals_get(client: FlaskClient) -> None:
    get, head = client.get("/feed.atom"), client.head("/feed.atom")
    assert head.data == b""
    assert dict(head.headers) == dict(get.headers)


@pytest.mark.parametrize(
    "address",
    ["/nope", "/feed", "/feed.xml", "/topics/none.atom", "/topics/ai.atom/", "/topics//ai.atom", "/topics/../feed.atom", "/%00", "/\x7f.atom"],
)  # fmt: skip
def test_an_unknown_address_gets_a_plain_and_helpful_404(client: FlaskClient, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "https://feeds.example/" in response.text
    assert response.headers["Cache-Control"] == "no-store"


def test_other_methods_are_refused_in_plain_text(client: FlaskClient) -> None:
    response = client.post("/feed.atom")
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_request_headers_never_reach_a_document(client: FlaskClient, site: Site) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"}
    assert client.get("/feed.atom", headers=headers).data == site.body("/feed.atom")


def test_healthz_tells_that_the_index_answers(client: FlaskClient) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.text) == (200, "ok, revision 1\n")


def test_documents_are_rendered_once_and_anew_when_the_index_changes(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "FRESH_SECONDS", 0)
    rendered = []
    kept = cache.DocumentCache(site.documents)
    original = site.documents.get

    def get(address: str) -> Any:
        rendered.append(address)
        return original(address)

    monkeypatch.setattr(site.documents, "get", get)
    before = kept.get("/feed.atom")
    assert kept.get("/feed.atom") is before
    assert rendered == ["/feed.atom"]
    site.write("1.md", record("New"))
    site.sync()
    after = kept.get("/feed.atom")
    assert after
    assert b"New" in after.body
    assert kept.get("/nope") is None


def test_the_cache_is_bounded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(site.body("/feed.atom")) + len(site.body("/feed.rss"))
    monkeypatch.setattr(cache, "MAX_BYTES", size)
    kept = cache.DocumentCache(site.documents)
    for address in site.documents.addresses():
        assert kept.get(address)
    assert kept.size <= size


def test_the_application_reads_the_configuration_that_the_environment_names(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site.folder / "other.toml").write_text('site.title = "Other"\nsite.base_url = "https://feeds.example"\n')
    monkeypatch.setenv("FEEDSVC_CONFIG", str(site.folder / "other.toml"))
    assert b"<title>Other</title>" in create_app().test_client().get("/feed.atom").data
