"""The rules of HTTP, one line each, against the running server; and all that it serves against what `build` writes."""

import http.client
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.conftest import FEEDSVC, PATIENCE, Service, running_service
from tests.corpus import Corpus
from tests.services import ask


@pytest.fixture(scope="module")
def hub_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("hub")
    Corpus(40).write(folder / "records")
    with running_service(
        folder, 'feeds.hub = "https://hub.example/"\n[[custom]]\nname = "Good"\nmin_quality = 60'
    ) as service:
        yield service


ETAG, SINCE = "<its ETag>", "<its Last-Modified>"
CACHE = "public, max-age=900, stale-while-revalidate=600, stale-if-error=86400"
#: (rule, method, target, request headers, status, response headers: text, True for any, None for absent)
RULES: list[tuple[str, str, str, dict[str, str], int, dict[str, Any]]] = [
    ("Atom has its type", "GET", "/feed.atom", {}, 200, {"Content-Type": "application/atom+xml; charset=utf-8"}),
    ("there is no negotiation", "GET", "/feed.atom", {"Accept": "application/rss+xml"}, 200, {"Content-Type": "application/atom+xml; charset=utf-8"}),
    ("If-None-Match: the ETag", "GET", "/feed.atom", {"If-None-Match": ETAG}, 304, {"ETag": True, "Cache-Control": CACHE, "Vary": "Accept-Encoding"}),
    ("If-Modified-Since", "GET", "/feed.atom", {"If-Modified-Since": SINCE}, 304, {}),
    ("HEAD has no body", "HEAD", "/feed.atom", {}, 200, {"ETag": True, "Content-Length": True}),
    ("HEAD is conditional", "HEAD", "/feed.atom", {"If-None-Match": ETAG}, 304, {}),
    ("gzip", "GET", "/feed.atom", {"Accept-Encoding": "gzip"}, 200, {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}),
    ("identity", "GET", "/feed.atom", {"Accept-Encoding": "identity"}, 200, {"Content-Encoding": None, "Vary": "Accept-Encoding"}),
    ("caching", "GET", "/feed.atom", {}, 200, {"Cache-Control": CACHE, "Expires": None, "Pragma": None}),
    ("no cookies", "GET", "/feed.atom", {"Cookie": "a=b"}, 200, {"Set-Cookie": None}),
    ("CORS", "GET", "/feed.atom", {"Origin": "https://x.example"}, 200, {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "ETag, Last-Modified, Link"}),
    ("CORS preflight", "OPTIONS", "/feed.atom", {"Origin": "https://x.example"}, 200, {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "If-None-Match, If-Modified-Since"}),
    ("strange queries are ignored", "GET", "/feed.atom?utm_source=x&&%ff=", {}, 200, {"Location": None}),
    ("a bad filter is named", "GET", "/feed.atom?limit=x", {}, 400, {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}),
    ("an unknown feed", "GET", "/topics/none.atom", {}, 404, {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}),
    ("traversal", "GET", "/topics/../../etc/passwd", {}, 404, {}),
    ("encoded traversal", "GET", "/%2e%2e/%2e%2e/etc/passwd", {}, 404, {}),
    ("another method", "POST", "/feed.atom", {}, 405, {"Allow": True}),
    ("an unknown method", "BREW", "/feed.atom", {}, 405, {}),
    ("health", "GET", "/healthz", {}, 200, {"Cache-Control": "no-store"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "method", "target", "sent", "status", "expected"), RULES, ids=[rule[0] for rule in RULES]
)
def test_the_rule_of_http_holds(
    hub_service: Service,
    rule: str,
    method: str,
    target: str,
    sent: dict[str, str],
    status: int,
    expected: dict[str, Any],
) -> None:
    known = ask(hub_service, target).headers
    values = {ETAG: known["ETag"] or "", SINCE: known["Last-Modified"] or ""}
    for placeholder, value in values.items():
        sent = {name: text.replace(placeholder, value) for name, text in sent.items()}
    answer = ask(hub_service, target, method, **sent)
    assert answer.status == status
    if status == 304 or method == "HEAD":
        assert answer.body == b""
    for name, value in expected.items():
        found = answer.headers[name]
        wanted = value.replace("<base>", hub_service.base_url) if isinstance(value, str) else value
        assert found is not None if wanted is True else found == wanted, name


def test_all_that_is_served_is_byte_for_byte_what_build_writes(hub_service: Service) -> None:
    subprocess.run([FEEDSVC, "build"], cwd=hub_service.folder, check=True, capture_output=True)
    out = hub_service.folder / "public"
    names = [path for path in out.rglob("*") if path.is_file() and not path.name.startswith(".")]
    kinds = {path.suffix for path in names}
    assert kinds == {".atom", ".rss", ".json", ".opml", ".html", ".css", ".js", ".svg", ".ico", ""}
    for path in names:
        address = "/" + path.relative_to(out).as_posix().removesuffix("index.html")
        assert ask(hub_service, quote(address)).body == path.read_bytes(), address


def test_a_query_of_a_megabyte_is_refused_and_harms_nobody(hub_service: Service) -> None:
    with suppress(ConnectionError, http.client.HTTPException):  # the server may hang up on it
        assert ask(hub_service, "/feed.atom?x=" + "x" * 1_000_000).status in (400, 414, 431)
    assert ask(hub_service, "/feed.atom").status == 200


def test_many_connections_at_once_are_answered(hub_service: Service) -> None:
    connections = [
        http.client.HTTPConnection(urlsplit(hub_service.base_url).netloc, timeout=PATIENCE) for _ in range(100)
    ]
    for connection in connections:
        connection.request("GET", "/topics/ai.rss")
    answers = [connection.getresponse() for connection in connections]
    bodies = {answer.read() for answer in answers if answer.status == 200}
    for connection in connections:
        connection.close()
    assert len(bodies) == 1
    # More than may wait for a document to be made ask for it before it is.
    assert all(answer.headers["Retry-After"] for answer in answers if answer.status == 503)
    assert {answer.status for answer in answers} <= {200, 503}
