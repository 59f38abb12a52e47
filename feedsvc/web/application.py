"""The application: documents go out by `delivery`, and Flask answers where there is none."""

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from feedsvc.config import Config, load_config
from feedsvc.errors import FilterError, IndexUnusableError, one_line
from feedsvc.feeds.documents import Documents
from feedsvc.index.opening import open_index
from feedsvc.model import absolute
from feedsvc.web.cache import DocumentCache
from feedsvc.web.middleware import ERROR, MAX_QUERY, Deliverer
from feedsvc.web.multiprocess import HAS_METRICS
from feedsvc.web.observe import counted, logged
from feedsvc.web.responses import text_response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from feedsvc.web.metrics import Metrics


def create_app(config: Config | None = None) -> Flask:
    """The WSGI application. It reads the index that `feedsvc serve` or `feedsvc build` keeps in step with the records.

    config: without it, that of the file which the environment variable FEEDSVC_CONFIG names, or of config.toml here.
    Raises ConfigError, and IndexUnusableError if the index can't be opened.
    """
    if config is None:
        name = os.environ.get("FEEDSVC_CONFIG")
        config = load_config(Path(name) if name else None)
    base_url = config.site.base_url
    documents = Documents(open_index(config), config)
    metrics = _metrics(documents)
    cache = DocumentCache(documents, metrics.made) if metrics else DocumentCache(documents)
    app = Flask("feedsvc", static_folder=None)
    app.url_map.merge_slashes = False  # no address is redirected for its slashes
    application: WSGIApplication = Deliverer(cache, app.wsgi_app)
    if metrics:
        application = Deliverer(cache, counted(app.wsgi_app, metrics.answered), metrics.answered)
    if config.serve.access_log:
        application = logged(application)
    app.wsgi_app = application  # type: ignore[assignment, method-assign]

    @app.get("/healthz")
    def healthz() -> Response:
        """Tell that the index answers."""
        return text_response(f"ok, revision {documents.revision()}\n")

    @app.get("/readyz")
    def readyz() -> Response:
        """Tell whether the index is in step with the records folder, and if not, why."""
        lag = documents.status().lag(config.serve.watch)
        return text_response(f"not in step: {one_line(lag)}\n", 503) if lag else text_response("ok, in step\n")

    @app.get("/metrics")
    def tell_metrics() -> Response:
        """Tell the metrics, in Prometheus' text format."""
        if not metrics:
            return text_response("Metrics need prometheus-client: pip install 'feedsvc[metrics]'\n", 501)
        response = text_response(metrics.text())
        response.content_type = metrics.media_type
        return response

    @app.get("/")
    @app.get("/<path:path>")
    def missing(path: str = "") -> Response:
        """Tell why no document was delivered, or lead to where it may be."""
        if error := request.environ.get(ERROR):
            raise error
        if len(request.query_string) > MAX_QUERY:
            return text_response(f"The query string is longer than {MAX_QUERY} characters.\n", 400)
        path = f"/{path}"
        if respelt := documents.respelt(path):
            query = request.query_string.decode("ascii", "replace")
            response = text_response("", 308)
            response.location = absolute(base_url, respelt) + (f"?{query}" if query else "")
            return response
        similar = documents.similar(path, cache.slugs)
        hints = "".join(f"Did you mean {absolute(base_url, page)}\n" for page in similar)
        return text_response(f"There is no feed at {quote(path)}\n{hints}All feeds are listed at {base_url}/\n", 404)

    @app.after_request
    def allow_conditional(response: Response) -> Response:
        """Let scripts of other sites ask conditionally (CORS preflight)."""
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Access-Control-Allow-Headers"] = "If-None-Match, If-Modified-Since"
        return response

    @app.errorhandler(FilterError)
    def bad_filter(error: FilterError) -> Response:
        """Name the filter."""
        return text_response(f"{error}\n", 400)

    @app.errorhandler(IndexUnusableError)
    def not_ready(error: IndexUnusableError) -> Response:
        """Answer while the index can't: it is being filled, or gone."""
        app.logger.error("%s", error)
        response = text_response("The index does not answer just now; try again.\n", 503)
        response.headers["Retry-After"] = "10"
        return response

    @app.errorhandler(HTTPException)
    def plain_error(error: HTTPException) -> Response:
        """Answer in plain text, not in Werkzeug's HTML."""
        response = text_response(f"{error.code} {error.name}: {error.description}\n", error.code or 500)
        response.headers.extend((key, value) for key, value in error.get_headers() if key == "Allow")
        return response

    return app


def _metrics(documents: Documents) -> "Metrics | None":
    if not HAS_METRICS:
        return None
    from feedsvc.web.metrics import Metrics  # which needs what few install

    return Metrics(documents)
