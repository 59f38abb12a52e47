"""HTTP, one rule a test."""

import gzip
import re
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from pathlib import Path

import brotli
import pytest
import zstandard
from flask.testing import FlaskClient

import feedsvc
from feedsvc.config import parse_config
from feedsvc.web import cache, create_app
from tests.conftest import Site, record


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site({"1.md": record(topics="[AI, 日本語]")})


@pytest.fixture
def client(site: Site) -> FlaskClient:
    site.settle()
    return create_app(site.config, started=0).test_client()


@pytest.mark.parametrize(
    ("address", "media_type"),
    [
        ("/feed.atom", "application/atom+xml; charset=utf-8"),
        ("/feed.rss", "application/rss+xml; charset=utf-8"),
        ("/topics/%E6%97%A5%E6%9C%AC%E8%AA%9E.atom", "application/atom+xml; charset=utf-8"),
        ("/feed.json", "application/feed+json"),
        ("/feeds.opml", "text/x-opml; charset=utf-8"),
        ("/", "text/html; charset=utf-8"),
        ("/topics/ai/", "text/html; charset=utf-8"),
        ("/assets/style.css", "text/css; charset=utf-8"),
        ("/assets/script.js", "text/javascript; charset=utf-8"),
    ],
)
def test_each_document_has_its_media_type(client: FlaskClient, address: str, media_type: str) -> None:
    response = client.get(address)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == media_type
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "public, max-age=900, stale-while-revalidate=600, stale-if-error=86400"
    assert "Set-Cookie" not in response.headers


def test_the_etag_is_weak_and_is_the_bodys(client: FlaskClient) -> None:
    first, second = client.get("/feed.atom"), client.get("/feed.rss")
    assert first.headers["ETag"].startswith('W/"')
    assert first.headers["ETag"] != second.headers["ETag"]
    assert client.get("/feed.atom?utm_source=x").headers["ETag"] == first.headers["ETag"]


@pytest.mark.parametrize("address", ["/topics/ai.atom", "/feed.rss", "/feeds.opml", "/", "/assets/style.css"])
def test_last_modified_is_when_the_service_began_if_that_was_later(site: Site, address: str) -> None:
    site.settle()
    began = int(time.time()) - 100
    client = create_app(site.config, started=began).test_client()
    assert 0 < parsedate_to_datetime(client.get(address).headers["Last-Modified"]).timestamp() - began < 3


def test_last_modified_is_when_the_feed_changed_not_its_newest_story(client: FlaskClient, site: Site) -> None:
    document = site.document("/feed.atom")
    assert document
    assert parsedate_to_datetime(client.get("/feed.atom").headers["Last-Modified"]) == document.changed
    assert document.changed.year > 2020


@pytest.mark.parametrize(
    "address",
    ["/nope", "/topics/none.atom", "/topics/../feed.atom", "/%00", "/\x7f.atom"],
)  # fmt: skip
def test_an_unknown_address_gets_a_plain_and_helpful_404(client: FlaskClient, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "https://feeds.example/" in response.text
    assert response.headers["Cache-Control"] == "no-store"


def test_healthz_tells_that_the_index_answers(client: FlaskClient) -> None:
    response = client.get("/healthz")
    assert response.status_code == 200
    assert re.fullmatch(r"ok, revision \d+\n", response.text)


def test_the_cache_is_bounded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 2 * (len(site.body("/feed.atom")) + len(site.body("/feed.rss")))
    monkeypatch.setattr(cache, "MAX_BYTES", size)
    documents = cache.DocumentCache(site.documents)
    for target in site.addresses():
        address = site.address(target)
        assert address
        assert documents.get(address)
    assert documents.size <= size


def test_the_application_reads_the_configuration_that_the_environment_names(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = site.folder / "other.toml"
    file.write_text('site.title = "Other"\nsite.base_url = "https://feeds.example"\n')
    with feedsvc.open(file) as other:
        other.sync()
    monkeypatch.setenv("FEEDSVC_CONFIG", str(file))
    assert b"<title>Other</title>" in feedsvc.create_app().test_client().get("/feed.atom").data


def test_a_near_miss_gets_suggestions(client: FlaskClient) -> None:
    response = client.get("/providers/a-exmple.rss")
    assert response.status_code == 404
    assert "Did you mean https://feeds.example/providers/a-example/\n" in response.text


DECODERS = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstandard.decompress}


@pytest.mark.parametrize("encoding", DECODERS)
def test_a_body_is_compressed_as_the_client_likes_under_one_etag(client: FlaskClient, encoding: str) -> None:
    plain = client.get("/")
    response = client.get("/", headers={"Accept-Encoding": f"x, {encoding};q=0.9, identity;q=0.1"})
    assert response.headers["Content-Encoding"] == encoding
    assert DECODERS[encoding](response.data) == plain.data
    assert response.headers["ETag"] == plain.headers["ETag"]
    assert response.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    again = client.get("/", headers={"Accept-Encoding": encoding, "If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_compression_is_done_once_and_the_same_every_time(client: FlaskClient) -> None:
    headers = {"Accept-Encoding": "gzip"}
    first = client.get("/", headers=headers).data
    assert first[4:8] == b"\0\0\0\0"  # no time in it
    assert client.get("/", headers=headers).data == first


def test_the_link_header_names_self_and_hub(make_site: Callable[..., Site]) -> None:
    site = make_site({"1.md": record()}, feeds={"hub": "https://hub.example/"})
    client = create_app(site.config).test_client()
    response = client.get("/feed.rss")
    assert response.headers.getlist("Link") == [
        '<https://feeds.example/feed.rss>; rel="self"', '<https://hub.example/>; rel="hub"',
    ]  # fmt: skip
    assert b'<atom:link href="https://hub.example/" rel="hub"/>' in response.data
    assert b'<link href="https://hub.example/" rel="hub"/>' in client.get("/feed.atom").data
    assert client.get("/feed.json").json["hubs"] == [{"type": "WebSub", "url": "https://hub.example/"}]


def test_rss_ttl_agrees_with_max_age(make_site: Callable[..., Site]) -> None:
    site = make_site({}, serve={"max_age": 1800})
    response = create_app(site.config).test_client().get("/feed.rss")
    assert b"<ttl>30</ttl>" in response.data
    assert "max-age=1800" in response.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("min_quality=x", "min_quality: 'x' can't be used; expected a whole number\n"),
        ("limit=0", "limit: 0 can't be used; expected a number from 1 to 500\n"),
        ("limit=501", "limit: 501 can't be used; expected a number from 1 to 500\n"),
        ("min_heat=1e3", "min_heat: '1e3' can't be used; expected a whole number\n"),
        ("since=2020-02-30", "since: '2020-02-30' can't be used; expected a day such as 2020-06-13, in UTC\n"),
        ("until=20200613", "until: '20200613' can't be used; expected a day such as 2020-06-13, in UTC\n"),
        ("until=2020-06-13T00:00Z", "until: '2020-06-13T00:00Z' can't be used; expected a day such as 2020-06-13, in UTC\n"),
        ("since=2020-06-14&until=2020-06-13", "since: '2020-06-14' can't be used; expected a day up to until, which is 2020-06-13\n"),
        ("related=all", "related: 'all' can't be used; expected \"entries\", \"clusters\", \"links\" or \"none\"\n"),
        ("limit=3&limit=4", "limit: a list can't be used; expected a number from 1 to 500, once\n"),
        ("topic=%20", "topic: ' ' can't be used; expected names of topics, any of which a story has\n"),
        ("&".join(["topic=a"] * 21), "topic: what was given can't be used; expected names of topics, any of which a story has; at most 20, of 200 characters each\n"),
        ("type=" + "x" * 201, "type: what was given can't be used; expected types of stories; at most 20, of 200 characters each\n"),
        ("x=" + "x" * 9000, "The query string is longer than 8192 characters.\n"),
    ],
)  # fmt: skip
def test_a_bad_filter_is_a_400_that_names_it(client: FlaskClient, query: str, message: str) -> None:
    response = client.get(f"/feed.atom?{query}")
    assert (response.status_code, response.text) == (400, message)


@pytest.mark.parametrize("query", ["utm_source=x&y", "&&==", "%ff=%fe", "?", "topic=", "limit=50", "related=entries"])
def test_strange_and_idle_parameters_change_nothing(client: FlaskClient, query: str) -> None:
    response = client.get(f"/feed.atom?{query}")
    assert response.status_code == 200
    assert response.data == client.get("/feed.atom").data


def test_an_index_that_was_never_filled_is_a_503_that_nobody_keeps(tmp_path: Path) -> None:
    client = create_app(parse_config({}, tmp_path)).test_client()
    for address in ("/feed.atom", "/healthz", "/topics/nope.atom"):
        response = client.get(address)
        assert (response.status_code, response.headers["Cache-Control"]) == (503, "no-store")
        assert response.headers["Retry-After"] == "10"
