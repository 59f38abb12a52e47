"""HTTP responses: validators, caching and encodings (RFC 9110 and 9111)."""

import re
from functools import lru_cache

from flask import Response
from werkzeug.http import http_date, remove_entity_headers

from feedsvc.feeds.documents import cache_control
from feedsvc.feeds.encodings import ENCODINGS, MIN_BYTES
from feedsvc.feeds.writing import Document

#: (name, value)
Headers = list[tuple[str, str]]

#: Of a plain text that is not to be cached.
PLAIN_HEADERS = [
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
]
#: The answer to a request whose precondition failed. A cache would keep it for all who ask, but for `no-store`.
FAILED_BODY = b"The document is not the one that was asked for.\n"
FAILED_HEADERS = [*PLAIN_HEADERS, ("Content-Length", str(len(FAILED_BODY)))]
#: Characters of a list of what a client accepts; a longer one is not read.
MAX_ACCEPTED = 1000
#: An item of Accept-Encoding, in lower case; `x-gzip` is gzip.
_ACCEPTED = re.compile(
    r"(?P<name>\*|[!#$%&'+.^_`|~0-9a-z-]+)\s*(?:;\s*q=(?P<weight>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"
)

#: Pages load nothing but the service's own style and script, and pictures.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src https: http:; "
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


def document_headers(document: Document, max_age: int, changed: int) -> Headers:
    """Return the headers of a document without encoding. One weak ETag serves all encodings.

    max_age: in seconds. changed: when it took effect, in seconds since 1970.
    """
    headers = [
        ("Content-Type", document.content_type),
        ("Content-Length", str(len(document.body))),
        ("ETag", f'W/"{document.hash[:32]}"'),
        ("Last-Modified", http_date(changed)),
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


def modified_at(headers: Headers, moment: int) -> Headers:
    """Return the headers of a document with another time as `Last-Modified`, in seconds since 1970."""
    return [(name, http_date(moment) if name == "Last-Modified" else value) for name, value in headers]


def not_modified_headers(headers: Headers) -> Headers:
    """Return the headers of a 304 for a document (RFC 9110, section 15.4.5)."""
    headers = headers.copy()
    remove_entity_headers(headers)
    return headers


def choose_encoding(document: Document, accepted: str) -> str:
    """Return the encoding that an Accept-Encoding prefers (RFC 9110, section 12.5.3); empty for the identity.

    Of equal ones, it is the first of ENCODINGS, and the identity is the last. `*` stands for gzip, which all can read,
    and for the identity. What a client says that accepts nothing we have is not heeded.
    """
    if not accepted or len(accepted) > MAX_ACCEPTED or len(document.body) < MIN_BYTES:
        return ""
    return _choose(accepted)


@lru_cache(maxsize=256)  # clients send few different ones
def _choose(accepted: str) -> str:
    weights: dict[str, float] = {}
    for item in accepted.lower().split(","):
        if found := _ACCEPTED.fullmatch(item.strip()):
            name = "gzip" if found["name"] == "x-gzip" else found["name"]
            weights[name] = max(float(found["weight"] or 1), weights.get(name, 0))
    any_weight = weights.get("*", 0)
    weights = {"gzip": any_weight, "identity": any_weight} | weights
    best = max(ENCODINGS, key=lambda name: weights.get(name, 0))
    return best if weights.get(best, 0) > 0 and weights[best] >= weights["identity"] else ""


def text_response(text: str | bytes, status: int = 200) -> Response:
    """Return a response of plain text that is not to be cached."""
    return Response(text, status, PLAIN_HEADERS)
