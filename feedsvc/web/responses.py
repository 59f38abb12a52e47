"""HTTP responses: validators, caching and encodings (RFC 9110 and 9111)."""

from flask import Request, Response

from feedsvc.encodings import ENCODINGS, MIN_BYTES
from feedsvc.web.cache import Kept

#: Seconds beyond max-age for which a cache may deliver what it has: while it asks anew, and while nobody answers.
STALE = "stale-while-revalidate=600, stale-if-error=86400"
#: Pages load nothing but the service's own style and script, and pictures.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src https: http:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def document_response(kept: Kept, request: Request, max_age: int) -> Response:
    """A document as a response: 200, or 304 if the client has it already. One weak ETag serves all encodings."""
    document = kept.document
    encoding = _encoding(request) if len(document.body) >= MIN_BYTES else ""
    response = Response(kept.encoded(encoding) if encoding else document.body, content_type=document.media_type)
    headers = response.headers
    if encoding:
        headers["Content-Encoding"] = encoding
    response.set_etag(document.hash[:32], weak=True)
    response.last_modified = document.changed
    headers["Cache-Control"] = f"public, max-age={max_age}, {STALE}"
    headers["Vary"] = "Accept-Encoding"
    headers["X-Content-Type-Options"] = "nosniff"
    if document.media_type.startswith("text/html"):
        headers["Content-Security-Policy"] = PAGE_POLICY
    else:
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Access-Control-Expose-Headers"] = "ETag, Last-Modified, Link"
    for url, rel in document.links:
        headers.add("Link", f'<{url}>; rel="{rel}"')
    # Apache marks the ETag of what it compressed itself.
    known = request.environ.get("HTTP_IF_NONE_MATCH", "").replace('-gzip"', '"')
    response.make_conditional({**request.environ, "HTTP_IF_NONE_MATCH": known})
    return response


def text_response(text: str, status: int = 200) -> Response:
    """A plain text that nobody keeps."""
    response = Response(text, status, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _encoding(request: Request) -> str:
    """The encoding that the client likes best, ours where it likes several; empty for none."""
    accepted = request.accept_encodings
    quality, best = max(((accepted[name], name) for name in ENCODINGS), key=lambda pair: pair[0])
    return best if quality > 0 else ""
