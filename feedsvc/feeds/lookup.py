"""The document that somebody names, as in `feedsvc show`."""

from urllib.parse import unquote

from feedsvc.feeds.addresses import Address, Redirect
from feedsvc.feeds.documents import Documents
from feedsvc.feeds.missing import Missing, explain_missing
from feedsvc.feeds.writing import Document


def look_up(documents: Documents, name: str) -> Document:
    """Return the document at a path with or without a query string, percent-encoded or not, or at a URL of the site.

    Raise AddressError, which suggests others, if nothing is published there, FilterError and IndexUnusableError.
    """
    base_url = documents.config.site.base_url
    local = name.removeprefix(base_url) if f"{name}/".startswith(f"{base_url}/") else name
    path, _, query = local.partition("#")[0].partition("?")
    path = unquote(path) or "/"
    found = documents.resolve(path, query)
    document = documents.get(found) if isinstance(found, Address) else None
    if document:
        return document
    if isinstance(found, Redirect):
        raise Missing(suggestions=(Address(found.path, found.query),)).error(name)
    raise explain_missing(documents, path, query).error(name)
