"""The WSGI application: the blueprint at the root of an application of its own, behind the middleware."""

from typing import TYPE_CHECKING

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from feedsvc.config import Config
from feedsvc.feeds.spellings import base_path
from feedsvc.index.database import Index
from feedsvc.index.opening import open_index
from feedsvc.web.blueprint import EXTENSION, NAME, create_blueprint
from feedsvc.web.middleware import DocumentMiddleware, below_path, counted, logged
from feedsvc.web.responses import text_response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from feedsvc.web.delivery import Delivery


def create_app(
    config: Config, index: Index | None = None, started: float | None = None, before: Flask | None = None
) -> Flask:
    """Return the WSGI application of a configuration, as `feedsvc.create_app` does.

    index: without it, the one that the configuration names.
    started: when the service began that this process is part of, in seconds since 1970; without it, now. No document is
    older than that: another configuration or version may have written it before.
    before: the application that this one takes the place of, whose metrics it goes on with.
    Raise IndexUnusableError if the index can't be opened.
    """
    app = Flask("feedsvc", static_folder=None)
    app.url_map.merge_slashes = False  # no address is redirected for its slashes
    metrics = _delivery(before).metrics if before else None
    app.register_blueprint(create_blueprint(index or open_index(config), config, started, metrics))
    delivery = _delivery(app)
    application: WSGIApplication = app.wsgi_app
    if delivery.metrics:
        application = counted(application, delivery.metrics.answered)
    application = DocumentMiddleware(application, delivery)
    if path := base_path(config):
        application = below_path(application, path, delivery.documents.parse)
    if config.serve.access_log:
        application = logged(application)
    app.wsgi_app = application  # type: ignore[assignment, method-assign]
    app.register_error_handler(HTTPException, _plain_error)
    return app


def _plain_error(error: HTTPException) -> Response:
    """Answer in plain text, not in Werkzeug's HTML."""
    if isinstance(error.response, Response):
        return error.response
    response = text_response(f"{error.code} {error.name}: {error.description}\n", error.code or 500)
    response.headers.extend((key, value) for key, value in error.get_headers() if key == "Allow")
    return response


def _delivery(app: Flask) -> "Delivery":
    """Return what an application that `create_app` made delivers."""
    delivery: Delivery = app.extensions[EXTENSION][NAME]
    return delivery
