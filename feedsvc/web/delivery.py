"""Answers requests for documents from the cache.

All that a response needs was made with its document, so a request costs two look-ups.
"""

import string
import time
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from feedsvc.feeds.addresses import Address
from feedsvc.feeds.documents import Documents
from feedsvc.web.cache import DocumentCache
from feedsvc.web.conditions import FAILED, NOT_MODIFIED, evaluate
from feedsvc.web.responses import FAILED_BODY, FAILED_HEADERS, Headers, choose_encoding, modified_at

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from feedsvc.web.metrics import Metrics

#: Characters of a query string.
MAX_QUERY = 8192
#: Paths and query strings whose addresses are cached: how many, and their characters.
CACHED_ADDRESSES = 1024
MAX_CACHED = 500


class Answer(NamedTuple):
    """The response to a request for a document."""

    #: As in WSGI: `200 OK`.
    status: str
    headers: Headers
    body: bytes


class Delivery:
    """The documents of an application, the cache that they are delivered from, and metrics, if there are any."""

    def __init__(self, documents: Documents, started: float, metrics: "Metrics | None" = None) -> None:
        """started: see `create_app`."""
        self.documents = documents
        self.cache = DocumentCache(documents, started, metrics)
        self.metrics = metrics
        self._cached_address = lru_cache(maxsize=CACHED_ADDRESSES)(documents.parse)

    def answer(self, path: str, environ: "WSGIEnvironment") -> Answer | None:
        """Return the response to a GET or HEAD request, or None where no document is published at its address.

        path: decoded. environ: the request's, for its query string and headers (PEP 3333). Raise FilterError for a bad
        value of a filter, and IndexUnusableError if the index does not answer.
        """
        address = self._address(path, environ.get("QUERY_STRING", ""))
        cached = self.cache.get(address) if address and not address.is_moved else None
        if not address or not cached:
            return None
        now = int(time.time())
        status = evaluate(environ, cached.etag, cached.changed, now)
        if status is NOT_MODIFIED:
            return Answer(status, cached.not_modified, b"")
        if status is FAILED:
            return Answer(status, FAILED_HEADERS, FAILED_BODY)
        encoding = choose_encoding(cached.document, environ.get("HTTP_ACCEPT_ENCODING", ""))
        headers, body = self.cache.representation(address, cached, encoding)
        return Answer(status, headers if cached.changed <= now else modified_at(headers, now), body)

    def _address(self, path: str, query: str) -> Address | None:
        if len(query) > MAX_QUERY:
            return None
        query = ascii_query(query)
        is_short = len(path) + len(query) <= MAX_CACHED
        return self._cached_address(path, query) if is_short else self.documents.parse(path, query)


def ascii_query(query: str) -> str:
    """Return a query string, as in PEP 3333, with what was sent raw percent-encoded, as UTF-8 should have been."""
    return query if query.isascii() else quote(query.encode("latin-1"), safe=string.punctuation)
