"""The WSGI application: the blueprint at the root of an application of its own, behind the middleware."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from feedsvc.config import Config, load_config
from feedsvc.feeds.spellings import base_path
from feedsvc.index.database import Index
from feedsvc.index.opening import open_index
from feedsvc.web.blueprint import EXTENSION, NAME, create_blueprint
from feedsvc.web.middleware import DocumentMiddleware, below_path, counted, logged
from feedsvc.web.responses import text_response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from feedsvc.web.metrics import Metrics


def create_app(
    config: Config | None = None,
    index: Index | None = None,
    started: float | None = None,
    metrics: "Metrics | None" = None,
) -> Flask:
    """Return the WSGI application. It reads the index that `feedsvc serve` or `feedsvc build` fills.

    Middleware delivers documents before Flask's hooks run. To run hooks for documents, register `feedsvc.blueprint` in
    an application of your own.

    config: without it, that of the file which the environment variable FEEDSVC_CONFIG names, or of config.toml here.
    index: without it, the one that the configuration names.
    started: when the service began that this process is part of, in seconds since 1970; without it, now. No document is
    older than that: another configuration or version may have written it before.
    metrics: of `metrics_of` the application that this one takes the place of.
    Raise ConfigError, and IndexUnusableError if the index can't be opened.
    """
    if config is None:
        name = os.environ.get("FEEDSVC_CONFIG")
        config = load_config(Path(name) if name else None)
    app = Flask("feedsvc", static_folder=None)
    app.url_map.merge_slashes = False  # no address is redirected for its slashes
    app.register_blueprint(create_blueprint(index or open_index(config), config, started, metrics))
    delivery, metrics = app.extensions[EXTENSION][NAME]
    application: WSGIApplication = DocumentMiddleware(app.wsgi_app, delivery)
    if metrics:
        application = DocumentMiddleware(counted(app.wsgi_app, metrics.answered), delivery, metrics.answered)
    if path := base_path(config):
        application = below_path(application, path, delivery.documents.parse)
    if config.serve.access_log:
        application = logged(application)
    app.wsgi_app = application  # type: ignore[assignment, method-assign]

    @app.errorhandler(HTTPException)
    def plain_error(error: HTTPException) -> Response:
        """Answer in plain text, not in Werkzeug's HTML."""
        if isinstance(error.response, Response):
            return error.response
        response = text_response(f"{error.code} {error.name}: {error.description}\n", error.code or 500)
        response.headers.extend((key, value) for key, value in error.get_headers() if key == "Allow")
        return response

    return app


def metrics_of(app: Flask) -> "Metrics | None":
    """Return the metrics of an application that `create_app` made."""
    metrics: Metrics | None = app.extensions[EXTENSION][NAME].metrics
    return metrics
