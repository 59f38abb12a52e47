"""HTTP responses: validators, caching and content types (RFC 9110 and 9111)."""

from flask import Request, Response

from feedsvc.documents import Document


def document_response(document: Document, request: Request, max_age: int) -> Response:
    """A document as a response: 200, or 304 if the client has it already."""
    response = Response(document.body, content_type=document.media_type)
    response.set_etag(document.hash[:32], weak=True)
    response.last_modified = document.changed
    response.headers["Cache-Control"] = f"public, max-age={max_age}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.make_conditional(request)
    return response


def text_response(text: str, status: int = 200) -> Response:
    """A plain text that nobody keeps."""
    response = Response(text, status, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
