"""The Flask blueprint: every document, and what operators ask for."""

import dataclasses
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from flask import Blueprint, Response, current_app, request
from flask.blueprints import BlueprintSetupState
from msgspec.structs import replace
from werkzeug.exceptions import BadRequest, NotFound, ServiceUnavailable
from werkzeug.routing import PathConverter

from feedsvc.config import Config, Site
from feedsvc.errors import BusyError, FilterError, IndexUnusableError, one_line
from feedsvc.feeds.addresses import Redirect
from feedsvc.feeds.documents import Documents
from feedsvc.feeds.missing import Missing, explain_missing
from feedsvc.index.database import Index
from feedsvc.model import absolute
from feedsvc.web.delivery import MAX_QUERY, Delivery, ascii_query
from feedsvc.web.metrics_folder import HAS_METRICS
from feedsvc.web.middleware import OUTCOME
from feedsvc.web.responses import MAX_ACCEPTED, PAGE_HEADERS, text_response

if TYPE_CHECKING:
    from feedsvc.web.metrics import Metrics

#: The key of an application's extensions for the delivery of each registration of a blueprint, by the blueprint's name.
EXTENSION = "feedsvc"
NAME = "feedsvc"


class AddressConverter(PathConverter):
    """Any path, also one with a line break, as those have that were copied with it."""

    regex = r"[^/][\s\S]*?"


def create_blueprint(
    index: Index, config: Config, started: float | None = None, metrics: "Metrics | None" = None
) -> Blueprint:
    """Return a blueprint that delivers every document through Flask, with its hooks and error handlers.

    It may be registered more than once, under different names. Where `site.base_url` isn't set, the addresses in
    documents follow the prefix of each registration. started: see `create_app`. metrics: to go on with.
    """
    began = time.time() if started is None else started
    blueprint = Blueprint(NAME, __name__)

    @blueprint.record
    def register(state: BlueprintSetupState) -> None:
        name = f"{state.name_prefix}.{state.name}".lstrip(".")
        documents = Documents(index, _at_prefix(config, state))
        delivery = Delivery(documents, began, _metrics(documents, metrics))
        state.app.url_map.converters["address"] = AddressConverter
        state.app.extensions.setdefault(EXTENSION, {})[name] = delivery

    @blueprint.get("/healthz")
    def healthz() -> Response:
        """Answer 200 if the index answers."""
        with _http_errors():
            return text_response(f"ok, revision {_delivery().documents.revision()}\n")

    @blueprint.get("/readyz")
    def readyz() -> Response:
        """Answer 200 if the index is in step with the records, else 503 with the reason."""
        with _http_errors():
            lag = _delivery().documents.status().lag(config.serve.watch)
        return text_response(f"not in step: {one_line(lag)}\n", 503) if lag else text_response("ok, in step\n")

    @blueprint.get("/metrics", endpoint="metrics")
    def answer_metrics() -> Response:
        """Answer with the metrics in Prometheus' text format."""
        metrics = _delivery().metrics
        if not metrics:
            return text_response("Metrics need prometheus-client: pip install 'feedsvc[metrics]'\n", 501)
        response = text_response(metrics.text())
        response.content_type = metrics.media_type
        return response

    @blueprint.get("/", defaults={"path": ""})
    @blueprint.get("/<address:path>")
    def document(path: str) -> Response:
        """Answer with a document, redirect to the canonical address, or say that there is none."""
        with _http_errors():
            return _document(f"/{path}")

    @blueprint.after_request
    def allow_conditional(response: Response) -> Response:
        """Let scripts of other sites send conditional requests (CORS preflight)."""
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Access-Control-Allow-Headers"] = "If-None-Match, If-Modified-Since"
        return response

    return blueprint


def _document(path: str) -> Response:
    if error := request.environ.get(OUTCOME):
        raise error
    if len(request.query_string) > MAX_QUERY:
        message = f"The query string is longer than {MAX_QUERY} characters.\n"
        raise BadRequest(message, text_response(message, 400))
    delivery = _delivery()
    is_new = OUTCOME not in request.environ  # else the middleware found no document
    if is_new and (answer := delivery.answer(path, request.environ)):
        return Response(answer.body, answer.status, answer.headers)
    documents = delivery.documents
    base_url = documents.config.site.base_url
    query = ascii_query(request.environ.get("QUERY_STRING", ""))
    with delivery.cache.turns.taken():
        found = documents.resolve(path, query)
    if isinstance(found, Redirect):
        response = text_response("", 301)  # not 308, which Java's client doesn't follow
        response.location = absolute(base_url, found.path) + (f"?{found.query}" if found.query else "")
        return response
    with delivery.cache.turns.taken():
        missing = explain_missing(documents, path, query, delivery.cache.slugs)
    target = quote(request.script_root + request.path) + (f"?{query}" if missing.reason else "")
    message = missing.answer(target, base_url)
    raise NotFound(message, _missing_response(message, missing, documents.config.site, path, target))


def _missing_response(message: str, missing: Missing, site: Site, path: str, target: str) -> Response:
    """Return a 404: a page with links for a browser, the message for all others. target: what was asked for."""
    response = text_response(message, 404)
    is_short = len(request.headers.get("Accept", "")) <= MAX_ACCEPTED
    if is_short and request.accept_mimetypes.best_match(("text/plain", "text/html")) == "text/html":
        from feedsvc.formats import pages  # Jinja takes a while to load

        links = [(address.url(site.base_url), address.target) for address in missing.suggestions]
        response.data = pages.write_missing(
            site.title, site.language, site.base_url, path, unquote(target), missing.reason, links
        )
        response.content_type = pages.CONTENT_TYPE
        response.headers.extend(PAGE_HEADERS)
    response.vary.add("Accept")
    return response


def _delivery() -> Delivery:
    """Return what the blueprint of the current request delivers."""
    delivery: Delivery = current_app.extensions[EXTENSION][request.blueprint]
    return delivery


@contextmanager
def _http_errors() -> Iterator[None]:
    """Raise HTTP exceptions, which an application's error handlers take, for errors of feedsvc."""
    try:
        yield
    except FilterError as error:
        raise BadRequest(str(error), text_response(f"{error}\n", 400)) from error
    except IndexUnusableError as error:
        current_app.logger.error("%s", error)
        raise _unavailable("The index does not answer just now; try again.\n", 10) from error
    except BusyError as error:
        raise _unavailable("Too many documents are asked for that are still to be made; try again.\n", 5) from error


def _unavailable(message: str, seconds: int) -> ServiceUnavailable:
    """Return a 503 that says in how many seconds to try again."""
    response = text_response(message, 503)
    response.headers["Retry-After"] = str(seconds)
    return ServiceUnavailable(message, response)


def _at_prefix(config: Config, state: BlueprintSetupState) -> Config:
    """Return the configuration with the addresses of a registration, where it doesn't say itself what they are."""
    if config.has_base_url or not state.url_prefix:
        return config
    base_url = config.site.base_url + quote(state.url_prefix.rstrip("/"), safe="/%")
    return dataclasses.replace(config, site=replace(config.site, base_url=base_url))


def _metrics(documents: Documents, before: "Metrics | None") -> "Metrics | None":
    """Return metrics of documents: new ones, or those to go on with. None without prometheus-client."""
    if before:
        before.documents = documents
        return before
    if not HAS_METRICS:
        return None
    from feedsvc.web.metrics import Metrics  # which needs what few install

    return Metrics(documents)
