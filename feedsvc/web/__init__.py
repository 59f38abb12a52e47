"""The application: documents go out by `delivery`, and Flask answers where there is none."""

import os
from pathlib import Path
from urllib.parse import quote

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from feedsvc.addresses import absolute
from feedsvc.config import Config, load_config
from feedsvc.documents import Documents
from feedsvc.errors import FilterError, IndexUnusableError
from feedsvc.index.database import open_index
from feedsvc.web.cache import DocumentCache
from feedsvc.web.delivery import ERROR, MAX_QUERY, Deliverer
from feedsvc.web.responses import text_response


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
    cache = DocumentCache(documents)
    app = Flask("feedsvc", static_folder=None)
    app.url_map.merge_slashes = False  # no address is redirected for its slashes
    app.wsgi_app = Deliverer(cache, app.wsgi_app)  # type: ignore[method-assign]

    @app.get("/healthz")
    def healthz() -> Response:
        """Tell that the index answers."""
        return text_response(f"ok, revision {documents.revision()}\n")

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
