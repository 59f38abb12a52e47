"""Answers requests for documents, from the cache and with the conditions of RFC 9110, section 13.

All that a response needs was made with its document, so a request costs two look-ups.
"""

import string
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from werkzeug.http import is_resource_modified, parse_etags

from feedsvc.feeds.addresses import Address
from feedsvc.feeds.documents import Documents
from feedsvc.web.cache import CachedDocument, DocumentCache
from feedsvc.web.responses import Headers, choose_encoding

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

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
    """The documents of an application, and the cache that they are delivered from."""

    def __init__(self, documents: Documents, made: Callable[[float], None] = lambda seconds: None) -> None:
        """made: called with the seconds that it took to make a document."""
        self.documents = documents
        self.cache = DocumentCache(documents, made)
        self._cached_address = lru_cache(maxsize=CACHED_ADDRESSES)(documents.parse)

    def answer(self, path: str, environ: "WSGIEnvironment") -> Answer | None:
        """Return the response to a GET or HEAD request, or None where no document is published at its address.

        path: decoded. environ: the request's, for its query string and headers (PEP 3333). Raise FilterError for a bad
        value of a filter, and IndexUnusableError if the index does not answer.
        """
        address = self._address(path, environ.get("QUERY_STRING", ""))
        cached = self.cache.get(address) if address else None
        if not address or not cached:
            return None
        status = _status(cached, environ)
        if status.startswith("304"):
            return Answer(status, cached.not_modified, b"")
        encoding = choose_encoding(cached.document, environ.get("HTTP_ACCEPT_ENCODING", ""))
        return Answer(status, *self.cache.representation(address, cached, encoding))

    def _address(self, path: str, query: str) -> Address | None:
        if len(query) > MAX_QUERY:
            return None
        query = ascii_query(query)
        is_short = len(path) + len(query) <= MAX_CACHED
        return self._cached_address(path, query) if is_short else self.documents.parse(path, query)


def ascii_query(query: str) -> str:
    """Return a query string, as in PEP 3333, with what was sent raw percent-encoded, as UTF-8 should have been."""
    return query if query.isascii() else quote(query.encode("latin-1"), safe=string.punctuation)


def _status(cached: CachedDocument, environ: "WSGIEnvironment") -> str:
    """Return 200, 304 if the client has the document already, or 412 if it asks for another state of it."""
    known, since = environ.get("HTTP_IF_NONE_MATCH", ""), environ.get("HTTP_IF_MODIFIED_SINCE")
    wanted = environ.get("HTTP_IF_MATCH")
    if not (known or since or wanted):
        return "200 OK"
    if known == cached.etag and not wanted:
        return "304 Not Modified"
    # Apache marks the ETag of what it compressed itself.
    conditions = {**environ, "HTTP_IF_NONE_MATCH": known.replace('-gzip"', '"')}
    try:
        is_modified = is_resource_modified(conditions, cached.etag, last_modified=cached.document.changed)
    except OverflowError:  # a date that is none is ignored (RFC 9110, section 13.1.3)
        del conditions["HTTP_IF_MODIFIED_SINCE"]
        is_modified = is_resource_modified(conditions, cached.etag)
    if is_modified:
        return "200 OK"
    return "412 Precondition Failed" if parse_etags(wanted) else "304 Not Modified"
