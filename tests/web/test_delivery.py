"""How documents are delivered: conditions, encodings and addresses, down to WSGI."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from wsgiref.validate import validator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import create_environ

from feedsvc.feeds import documents
from feedsvc.feeds.addresses import Address
from feedsvc.feeds.documents import Documents
from feedsvc.web import create_app, delivery
from tests.conftest import Site, record


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    made = make_site({"1.md": record(topics="[AI, 日本語]")})
    made.settle()
    return made


@pytest.fixture
def app(site: Site) -> Flask:
    return create_app(site.config, started=0)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


ETAG, OPAQUE, CHANGED, LATER, EARLIER = "{etag}", "{opaque}", "{changed}", "{later}", "{earlier}"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"If-None-Match": ""}, 200),
        ({"If-None-Match": ETAG}, 304),
        ({"If-None-Match": f'"{OPAQUE}"'}, 304),
        ({"If-None-Match": OPAQUE}, 304),
        ({"If-None-Match": f'"{OPAQUE}-gzip"'}, 304),
        ({"If-None-Match": f'"a" , W/"b",{ETAG}'}, 304),
        ({"If-None-Match": f'"a", W/"{OPAQUE}-gzip"'}, 304),
        ({"If-None-Match": f'"a", "{OPAQUE}x"'}, 200),
        ({"If-None-Match": "*"}, 304),
        ({"If-Modified-Since": CHANGED}, 304),
        ({"If-Modified-Since": LATER}, 304),
        ({"If-Modified-Since": EARLIER}, 200),
        ({"If-Modified-Since": "0"}, 200),
        ({"If-Modified-Since": "1 Jan 12345678901 00:00:00 GMT"}, 200),
        ({"If-Modified-Since": "Mon, 99999999999 Jan 2030 00:00:00 GMT"}, 200),
        ({"If-Modified-Since": "Mon, 01 Jan 2030 99999999999:00:00 GMT", "If-None-Match": f'"x", {ETAG}'}, 304),
        ({"If-Modified-Since": LATER, "If-None-Match": '"a"'}, 200),
        ({"If-Modified-Since": EARLIER, "If-None-Match": ETAG}, 304),
        ({"If-Match": '"a"'}, 412),
        ({"If-Match": '"a"', "If-None-Match": ETAG}, 412),
        ({"If-Match": "*"}, 200),
        ({"If-Match": "*", "If-None-Match": ETAG}, 304),
        ({"If-Match": "*", "If-Unmodified-Since": EARLIER}, 200),
        ({"If-Match": ETAG}, 412),  # which asks for the same bytes, and a weak one doesn't promise them
        ({"If-Match": f'"{OPAQUE}"'}, 412),
        ({"If-Unmodified-Since": CHANGED}, 200),
        ({"If-Unmodified-Since": EARLIER}, 412),
        ({"If-Unmodified-Since": "yesterday"}, 200),
        ({"If-Unmodified-Since": EARLIER, "If-None-Match": ETAG}, 412),
        ({"If-Unmodified-Since": CHANGED, "If-None-Match": ETAG}, 304),
        ({"If-None-Match": f'"{OPAQUE}-br"'}, 304),
        ({"If-None-Match": f'W/"{OPAQUE}-zstd"'}, 304),
        ({"If-None-Match": f'"{OPAQUE};gzip"'}, 304),
        ({"If-None-Match": f'W/"{OPAQUE}--gzip", "a"'}, 304),
        ({"If-None-Match": f'"{OPAQUE}";gzip'}, 304),
        ({"If-None-Match": f'"{OPAQUE}-gzip-x"'}, 200),
        ({"If-Modified-Since": f"{CHANGED},{CHANGED}"}, 200),  # two of them, as servers join them
        ({"If-Modified-Since": "Wed, 18 May 2033 03:33:20 GMT"}, 200),
        ({"If-Modified-Since": "Wednesday, 18-May-33 03:33:20 GMT"}, 200),
        ({"If-Unmodified-Since": "Wednesday, 01-Jan-70 00:00:00 GMT"}, 200),  # of 2070, in less than 50 years
        ({"If-Unmodified-Since": "Friday, 31-Dec-99 00:00:00 GMT"}, 412),
        ({"Range": "bytes=0-1"}, 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_condition_is_met_or_not(client: FlaskClient, headers: dict[str, str], status: int, method: str) -> None:
    known = client.get("/feed.atom").headers
    changed = parsedate_to_datetime(known["Last-Modified"])
    values = {
        "etag": known["ETag"],
        "opaque": known["ETag"][3:-1],
        "changed": known["Last-Modified"],
        "later": format_datetime(changed + timedelta(seconds=1), usegmt=True),
        "earlier": format_datetime(changed - timedelta(seconds=1), usegmt=True),
    }
    sent = {name: value.format(**values) for name, value in headers.items()}
    response = client.open("/feed.atom", method=method, headers=sent)
    assert response.status_code == status
    assert bool(response.data) is (method == "GET" and status != 304)
    if status == 412:
        assert response.headers["Cache-Control"] == "no-store"
        assert not {"ETag", "Last-Modified", "Content-Encoding"} & set(response.headers.keys())
        assert b"<feed" not in response.data


def test_a_304_has_the_headers_of_a_200_but_for_those_of_its_body(client: FlaskClient) -> None:
    for address in ("/feed.atom", "/"):
        full = dict(client.get(address, headers={"Accept-Encoding": "gzip"}).headers)
        short = dict(client.get(address, headers={"Accept-Encoding": "gzip", "If-None-Match": "*"}).headers)
        for name in ("Content-Type", "Content-Length", "Content-Encoding", "Last-Modified"):
            assert full.pop(name)
        assert short == full


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("", None),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("gzip, deflate", "gzip"),
        ("gzip;q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("*;q=0", None),
        ("gzip;q=0, *;q=0", None),
        ("gzip;q=x", None),
        ("identity;q=0, gzip", "gzip"),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip", "gzip"),
        ("gzip, identity", "gzip"),
        ("identity", None),
        ("*", "gzip"),
        ("*;q=0.5, identity", None),
        ("gzip;q=0, *", None),
        ("X-Gzip", "gzip"),
        ("gzip ; q=0.001", "gzip"),
        ("gzip;q=1.001", None),
        ("deflate", None),
        ("identity;q=0", None),
        ("x" * 100_000, None),
        ("gzip" + ", x" * 100_000, None),
    ],
)
def test_an_encoding_is_chosen_by_its_quality(client: FlaskClient, accepted: str, encoding: str | None) -> None:
    headers = {"Accept-Encoding": accepted}
    get, head = client.get("/feed.atom", headers=headers), client.head("/feed.atom", headers=headers)
    assert get.headers.get("Content-Encoding") == encoding
    assert dict(head.headers) == dict(get.headers)
    assert int(get.headers["Content-Length"]) == len(get.data)


def test_a_small_document_is_sent_as_it_is(client: FlaskClient) -> None:
    response = client.get("/assets/icon.svg", headers={"Accept-Encoding": "gzip"})
    assert len(response.data) < 500
    assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "BREW", ""])
def test_only_get_and_head_deliver_a_document(client: FlaskClient, method: str) -> None:
    response = client.open("/feed.atom", method=method, headers={"If-None-Match": "*"})
    assert (response.status_code, response.headers["Content-Type"]) == (405, "text/plain; charset=utf-8")


def test_a_method_in_small_letters_is_understood(client: FlaskClient) -> None:
    assert client.open("/feed.atom", method="get").data == client.get("/feed.atom").data
    assert client.open("/feed.atom", method="head").data == b""


def test_targets_that_mean_the_same_share_one_document(app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    write = documents.write_feed

    def noting(connection: Any, config: Any, address: Address, selected: Any) -> Any:
        made.append(address.target)
        return write(connection, config, address, selected)

    monkeypatch.setattr(documents, "write_feed", noting)
    client = app.test_client()
    targets = [
        "/feed.atom",
        "/%66eed.atom",
        "/feed.atom?utm_source=a",
        "/feed.atom?utm_source=b",
        "/feed.atom?limit=50&x",
    ]
    assert len({client.get(target).data for target in [*targets, "/feed.atom?x=" + "y" * 8000]}) == 1
    assert call(app, {**create_environ("/"), "PATH_INFO": "//feed.atom"})[1] == site.body("/feed.atom")
    assert made == ["/feed.atom", "/feed.atom"]  # the second time by this test
    pages = [
        "/?min_quality=1&since=2020-01-01",
        "/?since=2020-01-01&x&min_quality=01&topic=",
        "/?since=2020-01-01&min_quality=%2B1",
    ]
    assert len({client.get(target).data for target in pages}) == 1
    assert made[2:] == ["/?min_quality=1&since=2020-01-01"]


def test_a_path_is_utf_8_that_wsgi_tells_as_latin_1(app: Flask, site: Site) -> None:
    environ = create_environ("/")
    environ["PATH_INFO"] = "/topics/日本語.atom".encode().decode("latin-1")
    for query in ("", "x=1"):
        status, body = call(app, {**environ, "QUERY_STRING": query})
        assert (status, body) == ("200 OK", site.body("/topics/日本語.atom"))
    for broken in ("/topics/\xff.atom", "/\xe6\x97", "/feed.atom\0", "/feed.atom?"):
        assert call(app, {**environ, "PATH_INFO": broken})[0].startswith("404"), broken


@pytest.mark.parametrize("query", ["topic=日本語", "x=\xff", "%E6%97=\u2028"])
def test_a_query_that_is_not_ascii_is_read_as_utf_8(app: Flask, query: str) -> None:
    latin = query.encode().decode("latin-1")
    status, body = call(app, {**create_environ("/feed.atom"), "QUERY_STRING": latin})
    address = "/topics/日本語.atom" if query.startswith("topic") else "/feed.atom"
    assert (status, body) == call(app, create_environ(address))
    assert call(app, {**create_environ("/FEED.atom"), "QUERY_STRING": latin})[0].startswith("301")


@pytest.mark.parametrize("query", ["topic=\xe6\x97", "topic=%ff", "type=\xff&provider=%e6"])
def test_a_query_that_is_not_utf_8_harms_nobody(app: Flask, query: str) -> None:
    assert call(app, {**create_environ("/feed.atom"), "QUERY_STRING": query})[0].startswith("404")


def call(app: Callable[..., Iterable[bytes]], environ: dict[str, Any]) -> tuple[str, bytes]:
    statuses: list[str] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        statuses.append(status)
        headers.clear()  # as a server may
        return lambda data: None

    body = b"".join(app(environ, start))
    return statuses[0], body


def call_with_headers(
    app: Callable[..., Iterable[bytes]], path: str, method: str, headers: dict[str, str], protocol: str = "HTTP/1.1"
) -> tuple[int, dict[str, str], bytes]:
    """(status, headers, body) of a request with headers just as they are given."""
    answers: list[tuple[int, dict[str, str]]] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        answers.append((int(status[:3]), dict(headers)))
        return lambda data: None

    named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    environ = {**create_environ(path, method=method), "SERVER_PROTOCOL": protocol, **named}
    body = b"".join(app(environ, start))
    return *answers[0], body


@pytest.mark.parametrize(("number", "is_read"), [(1, True), (100, True), (1000, False), (200_000, False)])
@pytest.mark.survives("header bombs")
def test_a_list_of_what_a_client_accepts_is_read_only_if_it_is_short(app: Flask, number: int, is_read: bool) -> None:
    encodings = {"Accept-Encoding": ",".join(["gzip", *["x;q=0"] * number])}
    assert ("Content-Encoding" in call_with_headers(app, "/", "GET", encodings)[1]) == is_read
    types = {"Accept": ",".join(["text/html", *["a/b"] * number])}
    assert (b"<html" in call_with_headers(app, "/none", "GET", types)[2]) == is_read


def test_what_a_server_does_to_a_responses_headers_reaches_no_other_response(app: Flask) -> None:
    for more in ({}, {"HTTP_ACCEPT_ENCODING": "gzip"}, {"HTTP_IF_NONE_MATCH": "*"}):
        assert call(app, {**create_environ("/feed.atom"), **more})[1] or more.get("HTTP_IF_NONE_MATCH")
    response = app.test_client().get("/feed.atom", headers={"Accept-Encoding": "gzip"})
    assert response.headers["ETag"]
    assert app.test_client().get("/feed.atom").headers["ETag"] == response.headers["ETag"]
    assert app.test_client().get("/feed.atom", headers={"If-None-Match": "*"}).headers["ETag"]


def test_the_application_keeps_to_wsgi(app: Flask) -> None:
    checked = validator(app.wsgi_app)
    for method in ("GET", "HEAD"):
        for more in ({}, {"HTTP_ACCEPT_ENCODING": "gzip"}, {"HTTP_IF_NONE_MATCH": "*"}):
            environ = {**create_environ("/feed.atom", method=method), **more}
            body = checked(environ, lambda status, headers, exc_info=None: lambda data: None)
            list(body)
            body.close()


def test_cached_addresses_are_bounded(site: Site) -> None:
    answers = delivery.Delivery(site.documents, started=0)
    for number in range(delivery.CACHED_ADDRESSES + 10):
        answers.answer("/feed.atom", {"QUERY_STRING": f"x={number}"})
    answer = answers.answer("/feed.atom", {"QUERY_STRING": "x=" + "y" * delivery.MAX_CACHED})
    assert answer
    assert answer.status == "200 OK"
    assert answers._cached_address.cache_info().currsize == delivery.CACHED_ADDRESSES


def test_an_unforeseen_error_is_a_500_in_plain_text(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(documents: Documents, address: Address) -> Any:
        raise ZeroDivisionError("of a template")

    monkeypatch.setattr(Documents, "find", fail)
    response = create_app(site.config).test_client().get("/feed.atom")
    assert response.status_code == 500
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "of a template" in caplog.text


def test_an_unknown_address_renders_nothing(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> Any:
        raise AssertionError(arguments)

    for method in ("get", "get_all", "catalogue"):
        monkeypatch.setattr(Documents, method, fail)
    for function in ("write_feed", "write_site"):
        monkeypatch.setattr(documents, function, fail)
    for address in (
        "/topics/ia.atom",
        "/providers/a-exmple/",
        "/wp-login.php",
        "/custom/x.rss",
        "/topics/ai/2001-01.atom",
    ):
        assert client.get(address).status_code == 404
    assert client.get("/topics/AI.atom").status_code == 301
    assert client.get("/?topic=AI").status_code == 301
    assert client.get("/topics/AI/2001-01.atom").status_code == 404
