"""The document that somebody names, as in `feedsvc show`; or why there is none, and which may be meant."""

from bisect import bisect
from collections.abc import Callable
from difflib import get_close_matches
from urllib.parse import unquote

from msgspec import Struct
from msgspec.structs import replace

from feedsvc.errors import AddressError
from feedsvc.feeds.addresses import Address, Redirect, feed_address, page_address
from feedsvc.feeds.canonical import OWN_FILTERS, canonical
from feedsvc.feeds.documents import Documents
from feedsvc.feeds.settings import archive_formats, published_formats
from feedsvc.feeds.writing import Document
from feedsvc.model import FILTERS, KINDS, NO_FILTERS, FeedAddress, Kind
from feedsvc.text import slug

#: Names that are compared with an unknown one.
MAX_COMPARED = 60

#: Return the slugs of all feeds of a kind, or all values of a facet, in order: `Documents.slugs`, or a cached form.
Known = Callable[[str], list[str]]


class Missing(Struct, frozen=True):
    """Why there is no document at an address."""

    #: Names the filters whose values too few stories have, with these; empty where it isn't for them.
    reason: str = ""
    #: The addresses of documents that may be meant, the likeliest first.
    suggestions: tuple[Address, ...] = ()

    def error(self, asked: str) -> AddressError:
        """Return the error to raise. asked: the address, as it was given."""
        meant = " or ".join(address.target for address in self.suggestions)
        expected = f"did you mean {meant}?" if meant else "expected one that `feedsvc feeds` lists"
        return AddressError(f"{asked}: {self.reason or 'nothing is published at this address'}; {expected}")

    def answer(self, asked: str, base_url: str) -> str:
        """Return the lines that a service answers. asked: the path, and the query where it matters."""
        hints = [self.reason] if self.reason else []
        hints += [f"Did you mean {address.url(base_url)}" for address in self.suggestions]
        return "\n".join((f"There is no feed at {asked}", *hints, f"All feeds are listed at {base_url}/", ""))


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


def explain_missing(documents: Documents, path: str, query: str = "", known: Known | None = None) -> Missing:
    """Return why nothing is published at an address, for which `Documents.resolve` has no document.

    path: decoded. Raise FilterError for a bad value of a filter.
    """
    known = known or documents.slugs
    address = documents.parse(path, query)
    if not address or not address.feed:
        return Missing("", _archives(documents, path, query) or _near_pages(path, known))
    asked = [address.feed.filters]
    if address.path != path:  # which was written as a filter
        asked.append(NO_FILTERS.replace(**{OWN_FILTERS[address.feed.kind]: (address.feed.slug,)}))
    faults = [fault for filters in asked for fault in documents.unknown_values(filters)]
    if not faults:
        return Missing("", _near_pages(address.path, known))
    reason = "; ".join(_reason(name, value, documents.config.feeds.min_stories) for name, value in faults)
    meant = address.feed
    for name, value in faults:
        column = FILTERS[name].column
        near = _near(value, known(KINDS.get(column, column)))
        if not near:
            return Missing(reason)
        meant = _with_value(meant, name, value, near[0])
    meant = canonical(documents.config, meant)
    return Missing(reason, (feed_address(meant, address.format) if address.format else page_address(meant),))


def _reason(name: str, value: str, min_stories: int) -> str:
    filter = FILTERS[name]
    has_minimum = min_stories > 1 and filter.comparison == "in" and filter.column in KINDS
    return f"{name}: {f'fewer than {min_stories} stories have' if has_minimum else 'no story has'} {value!r}"


def _with_value(feed: FeedAddress, name: str, value: str, other: str) -> FeedAddress:
    """Return the address of a feed with another value of a filter."""
    values = feed.filters.get(name) or ()
    if value not in values:
        return replace(feed, slug=other)
    others = sorted({other, *values} - {value})
    return feed.filtered(feed.filters.replace(**{name: tuple(others)}))


def _archives(documents: Documents, path: str, query: str) -> tuple[Address, ...]:
    """Return the addresses, in the formats of archives, of the archive that a path names in another format."""
    for suffix in (format.suffix for format in published_formats(documents.config) if path.endswith(format.suffix)):
        stem = path.removesuffix(suffix)
        found = [documents.parse(stem + format.suffix, query) for format in archive_formats(documents.config)]
        return tuple(each for each in found if each and _is_archive(documents, each))
    return ()


def _is_archive(documents: Documents, address: Address) -> bool:
    """Return whether an archive is published at an address."""
    if not address.feed or not address.feed.archive:
        return False
    with documents.find(address) as found:
        return found is not None


def _near_pages(path: str, known: Known) -> tuple[Address, ...]:
    """Return the pages of feeds whose slugs resemble that of a path."""
    match path.strip("/").split("/", 1):
        case [("topics" | "providers" | "custom") as kind, name]:
            near = _near(_slug(name), known(kind))
            return tuple(page_address(FeedAddress(kind, name)) for name in near)
        case [name] if name:  # of a topic, say, whose address lacks the kind
            kinds: tuple[Kind, ...] = ("topics", "providers", "custom")
            return tuple(page_address(FeedAddress(kind, _slug(name))) for kind in kinds if _slug(name) in known(kind))
    return ()


def _slug(name: str) -> str:
    """Return the slug of a name in a path, without the suffix of a format."""
    return slug(name.rpartition(".")[0] or name)


def _near(name: str, known: list[str]) -> list[str]:
    # A comparison takes time, and names that begin alike stand side by side.
    place = bisect(known, name)
    return get_close_matches(name, known[max(place - MAX_COMPARED // 2, 0) : place + MAX_COMPARED // 2], n=3)
