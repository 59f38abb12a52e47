"""HTTP, one rule a test."""

import gzip
import re
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
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


def test_every_address_delivers_its_document(client: FlaskClient, site: Site) -> None:
    for address in site.addresses():
        assert client.get(address).data == site.body(address)


def test_the_etag_is_weak_and_is_the_bodys(client: FlaskClient) -> None:
    first, second = client.get("/feed.atom"), client.get("/feed.rss")
    assert first.headers["ETag"].startswith('W/"')
    assert first.headers["ETag"] != second.headers["ETag"]
    assert client.get("/feed.atom?utm_source=x").headers["ETag"] == first.headers["ETag"]


@pytest.mark.parametrize(
    "date",
    [
        "1 Jan 12345678901 00:00:00 GMT",
        "Mon, 99999999999 Jan 2030 00:00:00 GMT",
        "Mon, 01 Jan 2030 99999999999:00:00 GMT",
        "12345678901",
    ],
)
def test_a_date_that_is_none_is_ignored(client: FlaskClient, date: str) -> None:
    assert client.get("/feed.atom", headers={"If-Modified-Since": date}).status_code == 200
    known = client.get("/feed.atom").headers["ETag"]
    assert (
        client.get("/feed.atom", headers={"If-Modified-Since": date, "If-None-Match": f'"x", {known}'}).status_code
        == 304
    )


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


def test_head_equals_get(client: FlaskClient) -> None:
    get, head = client.get("/feed.atom"), client.head("/feed.atom")
    assert head.data == b""
    assert dict(head.headers) == dict(get.headers)


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


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_a_body_is_compressed_as_the_client_likes_under_one_etag(client: FlaskClient, encoding: str) -> None:
    if encoding != "gzip":
        pytest.importorskip({"br": "brotli", "zstd": "zstandard"}[encoding])
    plain = client.get("/")
    response = client.get("/", headers={"Accept-Encoding": f"x, {encoding};q=0.9, identity;q=0.1"})
    assert response.headers["Content-Encoding"] == encoding
    assert decode(response.data, encoding) == plain.data
    assert response.headers["ETag"] == plain.headers["ETag"]
    assert response.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    again = client.get("/", headers={"Accept-Encoding": encoding, "If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def decode(data: bytes, encoding: str) -> bytes:
    if encoding == "gzip":
        return gzip.decompress(data)
    if encoding == "br":
        import brotli

        return bytes(brotli.decompress(data))
    import zstandard

    return zstandard.ZstdDecompressor().decompress(data)


def test_identity_is_sent_to_who_accepts_no_encoding(client: FlaskClient) -> None:
    for accepted in ("", "identity", "gzip;q=0", "x"):
        assert "Content-Encoding" not in client.get("/", headers={"Accept-Encoding": accepted}).headers


def test_compression_is_done_once_and_the_same_every_time(client: FlaskClient) -> None:
    headers = {"Accept-Encoding": "gzip"}
    first = client.get("/", headers=headers).data
    assert first[4:8] == b"\0\0\0\0"  # no time in it
    assert client.get("/", headers=headers).data == first


def test_feeds_are_open_to_scripts_of_other_sites_and_pages_are_closed(client: FlaskClient) -> None:
    feed, page = client.get("/feed.json").headers, client.get("/").headers
    assert feed["Access-Control-Allow-Origin"] == "*"
    assert feed["Access-Control-Expose-Headers"] == "ETag, Last-Modified, Link"
    assert "Access-Control-Allow-Origin" not in page
    assert page["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; script-src 'self'; ")


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


def test_one_choice_of_filters_has_one_canonical_form(client: FlaskClient, site: Site) -> None:
    first = client.get("/feed.atom?limit=7&topic=日本語&x=1&topic=Ai&related=entries")
    second = client.get("/feed.atom?topic=ai&topic=日本語&topic=AI&limit=007")
    assert first.data == second.data
    canonical = "/feed.atom?topic=ai&topic=%E6%97%A5%E6%9C%AC%E8%AA%9E"
    assert first.headers["Link"] == f'<https://feeds.example{canonical}&limit=7>; rel="self"'
    address = site.address("/feed.atom?limit=7&category=+News&topic=日本語&topic=AI&type=Video")
    assert address
    assert address.target == f"{canonical}&type=video&category=news&limit=7"


def test_an_index_that_was_never_filled_is_a_503_that_nobody_keeps(tmp_path: Path) -> None:
    client = create_app(parse_config({}, tmp_path)).test_client()
    for address in ("/feed.atom", "/healthz", "/topics/nope.atom"):
        response = client.get(address)
        assert (response.status_code, response.headers["Cache-Control"]) == (503, "no-store")
        assert response.headers["Retry-After"] == "10"


def test_scripts_of_other_sites_may_ask_conditionally(client: FlaskClient) -> None:
    headers = client.options("/feed.atom").headers
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Access-Control-Allow-Headers"] == "If-None-Match, If-Modified-Since"
