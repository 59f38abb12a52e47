"""WSGI middleware (PEP 3333) that answers requests for documents before they reach Flask: nearly all are for one."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from feedsvc.web.delivery import Delivery

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: The key of the environment for the error that kept a document from being delivered.
ERROR = "feedsvc.error"


class DocumentMiddleware:
    """A WSGI application that delivers documents, and hands every other request to an application.

    It does so, too, where an error occurs, which it adds to the environment.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        delivery: Delivery,
        answered: Callable[[str], object] = lambda status: None,
    ) -> None:
        """answered: called with the status of each document that is delivered, as in WSGI."""
        self.app = app
        self.delivery = delivery
        self.answered = answered

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"].upper()  # as Flask takes it, too
        if method in ("GET", "HEAD"):
            try:
                answer = self.delivery.answer(request_path(environ), environ)
            except Exception as error:
                environ[ERROR] = error
            else:
                if answer:
                    self.answered(answer.status)
                    start_response(answer.status, answer.headers.copy())  # a server may change the list
                    return [answer.body] if method == "GET" and answer.body else []
        return self.app(environ, start_response)


def request_path(environ: "WSGIEnvironment") -> str:
    """Return the path of a request, decoded."""
    path: str = environ.get("PATH_INFO", "")
    if not path.isascii():  # PEP 3333: the path's bytes, each as one character
        path = path.encode("latin-1").decode(errors="replace")
    return "/" + path.lstrip("/")
