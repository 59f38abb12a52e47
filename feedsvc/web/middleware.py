"""WSGI middleware (PEP 3333): documents, delivered before Flask is reached; metrics; and the access log."""

import json
import logging
import re
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from feedsvc.web.delivery import Delivery
from feedsvc.web.responses import PLAIN_HEADERS, Headers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Characters of a host and port.
MAX_HOST = 300
#: A name as addresses may have it (RFC 3986, section 3.2.2), but for the comma; or an IP address.
_HOST = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+;=%-]+|\[[0-9A-Fa-f:.]{2,50}\])(?::[0-9]{0,5})?")

#: The key of the environment for what delivering a document came to: an error, or None where there is no document.
OUTCOME = "feedsvc.outcome"

log = logging.getLogger("feedsvc.access")


class DocumentMiddleware:
    """A WSGI application that answers requests for documents, and passes all others on to an application.

    If an error occurs, it puts the error into the environment and passes the request on. A request without one host is
    a 400 (RFC 9112, section 3.2).
    """

    def __init__(self, app: "WSGIApplication", delivery: Delivery) -> None:
        self.app = app
        self.delivery = delivery
        #: Called with the status of each answer, as in WSGI.
        self.answered = delivery.metrics.answered if delivery.metrics else lambda status: None

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"].upper()  # as Flask takes it, too
        host = environ.get("HTTP_HOST", "")
        if not (len(host) <= MAX_HOST and is_host(host)) and (host or environ.get("SERVER_PROTOCOL") == "HTTP/1.1"):
            return self._refuse(method, start_response)
        if method in ("GET", "HEAD"):
            try:
                answer = self.delivery.answer(request_path(environ), environ)
            except Exception as error:
                environ[OUTCOME] = error
            else:
                environ[OUTCOME] = None
                if answer:
                    self.answered(answer.status)
                    start_response(answer.status, answer.headers.copy())  # a server may change the list
                    return [answer.body] if method == "GET" and answer.body else []
        return self.app(environ, start_response)

    def _refuse(self, method: str, start_response: "StartResponse") -> Iterable[bytes]:
        status, body = "400 Bad Request", b"Expected one Host header, with a host.\n"
        self.answered(status)
        start_response(status, [*PLAIN_HEADERS, ("Content-Length", str(len(body)))])
        return [] if method == "HEAD" else [body]


@lru_cache(maxsize=256)
def is_host(value: str) -> bool:
    """Return whether a Host header is the host of an address, and perhaps a port. Servers join two with a comma."""
    return bool(_HOST.fullmatch(value))


def below_path(
    application: "WSGIApplication", base_path: str, is_address: Callable[[str], object]
) -> "WSGIApplication":
    """Return an application that is served below a path, and also at the root, for a proxy that takes the path away.

    base_path: decoded, as `/sub`. is_address: whether a path of the application is the address of a document. A path
    that begins with the base path is read below it, but where it is an address only as it stands, such as
    `/topics/ai.atom` with the base path `/topics`.
    """
    start = f"{base_path}/".encode().decode("latin-1")  # as in PEP 3333

    def serve(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith(start):
            below = {
                **environ,
                "SCRIPT_NAME": environ.get("SCRIPT_NAME", "") + start[:-1],
                "PATH_INFO": path[len(start) - 1 :],
            }
            if not is_address(request_path(environ)) or is_address(request_path(below)):
                environ = below
        return application(environ, start_response)

    return serve


def request_path(environ: "WSGIEnvironment") -> str:
    """Return the path of a request, decoded."""
    path: str = environ.get("PATH_INFO", "")
    if not path.isascii():  # PEP 3333: the path's bytes, each as one character
        path = path.encode("latin-1").decode(errors="replace")
    return "/" + path.lstrip("/")


def counted(application: "WSGIApplication", answered: Callable[[str], None]) -> "WSGIApplication":
    """Return an application that calls `answered` with the status of each response, as in WSGI."""

    def count(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start(status: str, headers: "Headers", *more: Any) -> Callable[[bytes], object]:
            answered(status)
            return start_response(status, headers, *more)

        return application(environ, start)

    return count


def logged(application: "WSGIApplication") -> "WSGIApplication":
    """Return an application that logs each request with its response."""

    def log_request(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        started = time.perf_counter()

        def start(status: str, headers: "Headers", *more: Any) -> Callable[[bytes], object]:
            query = environ.get("QUERY_STRING", "")
            fields = {
                "address": environ.get("REMOTE_ADDR", ""),
                "method": environ["REQUEST_METHOD"],
                "target": quote(environ.get("PATH_INFO", ""), encoding="latin-1") + (f"?{query}" if query else ""),
                "status": int(status[:3]),
                "bytes": int(dict(headers).get("Content-Length", 0)),
                "seconds": round(time.perf_counter() - started, 6),
                "agent": environ.get("HTTP_USER_AGENT", ""),
            }
            log.info(
                "%s %s %d %d %.6f %s",
                fields["address"],
                json.dumps(f"{fields['method']} {fields['target']}"),
                fields["status"],
                fields["bytes"],
                fields["seconds"],
                json.dumps(fields["agent"]),
                extra={"event": {"event": "request", **fields}},
            )
            return start_response(status, headers, *more)

        return application(environ, start)

    return log_request
