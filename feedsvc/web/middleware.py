"""Delivers documents over HTTP, right from the WSGI environment (PEP 3333): nearly every request is for one.

All that a response needs was made with its document, so a request costs two look-ups.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from werkzeug.http import is_resource_modified, parse_etags

from feedsvc.web.cache import DocumentCache, Kept
from feedsvc.web.responses import choose_encoding

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: The key of the environment for the error that kept a document from being delivered.
ERROR = "feedsvc.error"
#: Characters of a query string.
MAX_QUERY = 8192
#: The targets with a query string whose addresses are remembered: how many, and their characters.
KNOWN_TARGETS = 1024
MAX_KNOWN_TARGET = 500


class Deliverer:
    """A WSGI application that delivers documents, and leaves every other request to another one.

    So it does where an error occurs, which it adds to the environment.
    """

    def __init__(
        self,
        cache: DocumentCache,
        otherwise: "WSGIApplication",
        answered: Callable[[str], object] = lambda status: None,
    ) -> None:
        """answered: called with the status of each document that is delivered, as in WSGI."""
        self.cache = cache
        self.otherwise = otherwise
        self.answered = answered
        self._known_address = lru_cache(maxsize=KNOWN_TARGETS)(self._canonical)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["REQUEST_METHOD"].upper() in ("GET", "HEAD"):  # as Flask takes it, too
            try:
                address = self._address(environ)
                kept = self.cache.get(address) if address else None
                if address and kept:
                    return self._deliver(address, kept, environ, start_response)
            except Exception as error:
                environ[ERROR] = error
        return self.otherwise(environ, start_response)

    def _address(self, environ: "WSGIEnvironment") -> str | None:
        """The canonical address that a request is for; None if no document can stand there. Raises FilterError."""
        path: str = environ.get("PATH_INFO", "")
        query: str = environ.get("QUERY_STRING", "")
        if not path.isascii():  # the path's bytes, each as one character
            path = path.encode("latin-1").decode(errors="replace")
        path = "/" + path.lstrip("/")
        if "?" in path or len(query) > MAX_QUERY:
            return None
        if not query:
            return path
        known = len(path) + len(query) <= MAX_KNOWN_TARGET
        return self._known_address(path, query) if known else self._canonical(path, query)

    def _canonical(self, path: str, query: str) -> str:
        return self.cache.documents.canonical(path, parse_qsl(query.encode("latin-1").decode("ascii", "replace")))

    def _deliver(
        self, address: str, kept: Kept, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        status = _status(kept, environ)
        if status.startswith("304"):
            self.answered(status)
            start_response(status, kept.not_modified.copy())  # a server may change the list
            return []
        encoding = choose_encoding(kept.document, environ.get("HTTP_ACCEPT_ENCODING", ""))
        headers, body = self.cache.form(address, kept, encoding)
        self.answered(status)
        start_response(status, headers.copy())
        return [body] if environ["REQUEST_METHOD"].upper() == "GET" else []


def _status(kept: Kept, environ: "WSGIEnvironment") -> str:
    """200, 304 if the client has the document already, 412 if it asks for another state (RFC 9110, section 13)."""
    known, since = environ.get("HTTP_IF_NONE_MATCH", ""), environ.get("HTTP_IF_MODIFIED_SINCE")
    wanted = environ.get("HTTP_IF_MATCH")
    if not (known or since or wanted):
        return "200 OK"
    if known == kept.etag and not wanted:
        return "304 Not Modified"
    # Apache marks the ETag of what it compressed itself.
    conditions = {**environ, "HTTP_IF_NONE_MATCH": known.replace('-gzip"', '"')}
    if is_resource_modified(conditions, kept.etag, last_modified=kept.document.changed):
        return "200 OK"
    return "412 Precondition Failed" if parse_etags(wanted) else "304 Not Modified"
