"""What holds for any request for a document or a page of the service, whatever its headers are."""

import gzip
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import brotli
import flask
import zstandard
from werkzeug.test import create_environ

import feedsvc

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

METHODS = ("GET", "HEAD", "OPTIONS", "POST")
TARGETS = (
    "/feed.atom",
    "/topics/ai.json",
    "/",
    "/assets/style.css",
    "/none",
    "/topics/aii/",
    "/TOPICS/AI",
    "/feed.rss?limit=x",
    "/healthz",
    "/metrics",
)
_RECORD = {
    "title": "One",
    "webUrl": "https://a.example/1",
    "publishedDateTime": "2020-06-13T01:29:00Z",
    "topics": ["AI"],
    "excerpt": "Text. " * 200,  # so that each document is worth compressing
}
_STATUSES = {200, 301, 304, 400, 404, 405, 412}
_DECODERS = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstandard.decompress}


def _applications() -> Iterator["WSGIApplication"]:
    """Yield the service's application, and one with its blueprint, which both let no exception pass as a 500."""
    site = feedsvc.open(records=[_RECORD], base_url="https://feeds.example")
    site.sync()
    with_blueprint = flask.Flask("other")
    with_blueprint.register_blueprint(feedsvc.blueprint(site))
    for app in (feedsvc.create_app(site), with_blueprint):
        app.testing = True
        yield app


_APPLICATIONS = tuple(_applications())


def check_request(data: bytes) -> int:
    """Assert what holds for any request, and return the status of its answer.

    The first byte chooses the application, target and method; then there is a header in each line.
    """
    choice, header = data[0] if data else 0, data[1:].decode("latin-1").split("\n")
    choice, method = divmod(choice, len(METHODS))
    number, target = divmod(choice, len(TARGETS))
    fields: dict[str, str] = {}
    for name, colon, value in (line.partition(":") for line in header):
        if colon and name:
            key = "HTTP_" + name.upper().replace("-", "_")
            key = key if key not in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH") else key.removeprefix("HTTP_")
            value = value.strip(" \t\r")
            fields[key] = f"{fields[key]},{value}" if key in fields else value  # as granian joins them
    app = _APPLICATIONS[number % len(_APPLICATIONS)]
    status, headers, body = _answer(app, METHODS[method], TARGETS[target], fields)
    assert status in _STATUSES, status
    found = dict(headers)
    for name, value in headers:
        assert (name + value).isascii() and (name + value).isprintable(), name
    if METHODS[method] == "HEAD" or status == 304:
        assert body == b""
    elif METHODS[method] == "GET":
        assert int(found["Content-Length"]) == len(body)
        if status == 200 and TARGETS[target] != "/metrics":  # which counts
            _, _, plain = _answer(app, "GET", TARGETS[target], {})
            assert _DECODERS.get(found.get("Content-Encoding", ""), bytes)(body) == plain
    return status


def _answer(
    app: "WSGIApplication", method: str, target: str, fields: Mapping[str, str]
) -> tuple[int, list[tuple[str, str]], bytes]:
    started: list[tuple[int, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        started.append((int(status[:3]), headers))
        return lambda data: None

    path, _, query = target.partition("?")
    environ = create_environ(path, query_string=query, method=method)
    environ |= {"HTTP_HOST": "feeds.example", **fields}
    chunks: Iterable[bytes] = app(environ, start)
    body = b"".join(chunks)
    if close := getattr(chunks, "close", None):
        close()
    (answer,) = started
    return *answer, body
