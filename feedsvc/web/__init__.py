"""The Flask application: it delivers documents over HTTP."""

import os
from pathlib import Path
from urllib.parse import parse_qsl, quote

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from feedsvc.addresses import absolute
from feedsvc.config import Config, load_config
from feedsvc.documents import Documents
from feedsvc.errors import FilterError, IndexUnusableError
from feedsvc.index.database import open_index
from feedsvc.web.cache import DocumentCache
from feedsvc.web.responses import document_response, text_response

#: Characters of a query string.
MAX_QUERY = 8192


def create_app(config: Config | None = None) -> Flask:
    """The WSGI application. It reads the index that `feedsvc serve` or `feedsvc build` keeps in step with the records.

    config: without it, that of the file which the environment variable FEEDSVC_CONFIG names, or of config.toml here.
    Raises ConfigError, and IndexUnusableError if the index can't be opened.
    """
    if config is None:
        name = os.environ.get("FEEDSVC_CONFIG")
        config = load_config(Path(name) if name else None)
    base_url, max_age = config.site.base_url, config.serve.max_age
    documents = Documents(open_index(config), config)
    cache = DocumentCache(documents)
    app = Flask("feedsvc", static_folder=None)
    app.url_map.merge_slashes = False  # no address is redirected for its slashes

    @app.get("/healthz")
    def healthz() -> Response:
        """Tell that the index answers."""
        return text_response(f"ok, revision {documents.revision()}\n")

    @app.get("/")
    @app.get("/<path:path>")
    def document(path: str = "") -> Response:
        """Deliver the document at an address."""
        address = path = f"/{path}"
        if request.query_string:
            if len(request.query_string) > MAX_QUERY:
                return text_response(f"The query string is longer than {MAX_QUERY} characters.\n", 400)
            try:
                address = documents.canonical(path, parse_qsl(request.query_string.decode("ascii", "replace")))
            except FilterError as error:
                return text_response(f"{error}\n", 400)
        kept = cache.get(address) if "?" not in path else None
        return document_response(kept, request, max_age) if kept else missing(path)

    def missing(path: str) -> Response:
        """Lead to where the document may be."""
        if respelt := documents.respelt(path):
            query = request.query_string.decode("ascii", "replace")
            response = text_response("", 308)
            response.location = absolute(base_url, respelt) + (f"?{query}" if query else "")
            return response
        hints = "".join(f"Did you mean {absolute(base_url, page)}\n" for page in documents.similar(path))
        return text_response(f"There is no feed at {quote(path)}\n{hints}All feeds are listed at {base_url}/\n", 404)

    @app.after_request
    def allow_conditional(response: Response) -> Response:
        """Let scripts of other sites ask conditionally (CORS preflight)."""
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Access-Control-Allow-Headers"] = "If-None-Match, If-Modified-Since"
        return response

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
