"""HTTP responses: validators, caching and encodings (RFC 9110 and 9111)."""

from functools import lru_cache

from flask import Response
from werkzeug.http import http_date, parse_accept_header, remove_entity_headers

from feedsvc.feeds.documents import Document, cache_control
from feedsvc.feeds.encodings import ENCODINGS, MIN_BYTES

#: (name, value)
Headers = list[tuple[str, str]]

#: Pages load nothing but the service's own style and script, and pictures.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src https: http:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: Of pages: other sites neither learn who follows their links, nor get hold of the page or its window.
PAGE_HEADERS = [
    ("Content-Security-Policy", PAGE_POLICY),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
]
#: Of everything else, which other sites' scripts may read and show, even those that isolate themselves.
OPEN_HEADERS = [
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "ETag, Last-Modified, Link"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
]


def document_headers(document: Document, max_age: int) -> Headers:
    """Return the headers of a document without encoding; max_age: in seconds. One weak ETag serves all encodings."""
    headers = [
        ("Content-Type", document.content_type),
        ("Content-Length", str(len(document.body))),
        ("ETag", f'W/"{document.hash[:32]}"'),
        ("Last-Modified", http_date(document.changed)),
        ("Cache-Control", cache_control(max_age)),
        ("Vary", "Accept-Encoding"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    if document.content_type.startswith("text/html"):
        headers += PAGE_HEADERS
    else:
        headers += OPEN_HEADERS
    return headers + [("Link", f'<{url}>; rel="{rel}"') for url, rel in document.links]


def encoded_headers(headers: Headers, encoding: str, length: int) -> Headers:
    """Return the headers of a document in an encoding, of `length` bytes."""
    own = [("Content-Encoding", encoding), ("Content-Length", str(length))]
    return own + [header for header in headers if header[0] != "Content-Length"]


def not_modified_headers(headers: Headers) -> Headers:
    """Return the headers of a 304 for a document (RFC 9110, section 15.4.5)."""
    headers = headers.copy()
    remove_entity_headers(headers)
    return headers


def choose_encoding(document: Document, accepted: str) -> str:
    """Return the encoding that an Accept-Encoding prefers, of equal ones the first of ENCODINGS; empty for none."""
    if not accepted or len(document.body) < MIN_BYTES:
        return ""
    # Clients send few different ones, all short; only those are remembered.
    return (_choose if len(accepted) <= 200 else _choose.__wrapped__)(accepted)


@lru_cache(maxsize=256)
def _choose(accepted: str) -> str:
    qualities = parse_accept_header(accepted)
    best = max(ENCODINGS, key=lambda name: qualities[name])
    return best if qualities[best] > 0 else ""


def text_response(text: str | bytes, status: int = 200) -> Response:
    """Return a response of plain text that is not to be cached."""
    response = Response(text, status, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
