"""The Flask application: it delivers documents over HTTP."""

import os
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from feedsvc.config import Config, load_config
from feedsvc.documents import Documents
from feedsvc.index.schema import open_index
from feedsvc.web.cache import DocumentCache
from feedsvc.web.responses import document_response, text_response


def create_app(config: Config | None = None) -> Flask:
    """The WSGI application. It reads the index that `feedsvc serve` or `feedsvc build` keeps in step with the records.

    config: without it, that of the file which the environment variable FEEDSVC_CONFIG names, or of config.toml here.
    Raises ConfigError, and IndexUnusableError if the index can't be opened.
    """
    if config is None:
        name = os.environ.get("FEEDSVC_CONFIG")
        config = load_config(Path(name) if name else None)
    documents = Documents(open_index(config), config)
    cache = DocumentCache(documents)
    app = Flask("feedsvc", static_folder=None)
    app.url_map.merge_slashes = False  # no address is redirected for its spelling

    @app.get("/healthz")
    def healthz() -> Response:
        """Tell that the index answers."""
        return text_response(f"ok, revision {documents.revision()}\n")

    @app.get("/")
    @app.get("/<path:address>")
    def document(address: str = "") -> Response:
        """Deliver the document at an address."""
        found = cache.get(f"/{address}")
        if not found:
            home = f"{config.site.base_url}/"
            return text_response(f"There is no feed at /{address}\nAll feeds are listed at {home}\n", 404)
        return document_response(found, request, config.serve.max_age)

    @app.errorhandler(HTTPException)
    def plain_error(error: HTTPException) -> Response:
        """Answer in plain text, not in Werkzeug's HTML."""
        response = text_response(f"{error.code} {error.name}: {error.description}\n", error.code or 500)
        response.headers.extend((key, value) for key, value in error.get_headers() if key == "Allow")
        return response

    return app
