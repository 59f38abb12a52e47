"""Notes requests, past whichever part of an application answers them: for the metrics, and for the access log."""

import json
import logging
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from feedsvc.web.responses import Headers

log = logging.getLogger("feedsvc.access")


def counted(application: "WSGIApplication", answered: Callable[[str], None]) -> "WSGIApplication":
    """The application, which calls `answered` with the status of each response, as in WSGI."""

    def count(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start(status: str, headers: "Headers", *more: Any) -> Callable[[bytes], object]:
            answered(status)
            return start_response(status, headers, *more)

        return application(environ, start)

    return count


def logged(application: "WSGIApplication") -> "WSGIApplication":
    """The application, which logs each response."""

    def note(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        begun = time.perf_counter()

        def start(status: str, headers: "Headers", *more: Any) -> Callable[[bytes], object]:
            query = environ.get("QUERY_STRING", "")
            fields = {
                "address": environ.get("REMOTE_ADDR", ""),
                "method": environ["REQUEST_METHOD"],
                "target": quote(environ.get("PATH_INFO", ""), encoding="latin-1") + (f"?{query}" if query else ""),
                "status": int(status[:3]),
                "bytes": int(dict(headers).get("Content-Length", 0)),
                "seconds": round(time.perf_counter() - begun, 6),
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

    return note
