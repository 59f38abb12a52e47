"""Finds the records in a file: it may be one, a list of them, or a mapping that holds such a list somewhere."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias, TypeVar

from feedsvc.records.expressions import MAX_ITEMS, Path, follow, normal_key, parse_expression
from feedsvc.records.mapping import is_own_shape
from feedsvc.records.sources import Source
from feedsvc.records.values import Fields, Found, Items, SyntaxProblem, Value, is_absent

T = TypeVar("T")
#: The keys that tell a record, which has one of each, in normal form: those of titles, and those of links and times.
Marks: TypeAlias = tuple[frozenset[str], frozenset[str]]

#: The keys that lists of records have most often, in lower case: in doubt, the first of these.
LIST_KEYS = (
    "items", "entries", "articles", "posts", "stories", "news", "results", "value", "docs", "records", "documents",
    "hits", "data", "edges", "@graph", "children", "links", "bookmarks",
)  # fmt: skip
#: Keys of a mapping that holds the record itself, as databases and GraphQL deliver it.
_WRAPPERS = ("_source", "node", "attributes", "article", "post", "item", "data", "json", "fields")
_TITLES = frozenset(("title", "headline", "name", "webtitle", "titlerss", "subject"))
_LINKS_AND_TIMES = frozenset(
    (
        "url", "link", "links", "href", "weburl", "permalink", "canonicalurl", "externalurl", "sourceurl", "source",
        "slug", "date", "published", "datepublished", "publishedat", "pubdate", "publishdate", "datetime", "created",
        "createdat", "time", "timestamp", "publisheddate", "publisheddatetime", "datepublish", "mainentityofpage",
        "canonical", "canonicallink", "webpublicationdate", "firstpublisheddate", "seendate", "urltoimage",
    )
)  # fmt: skip
#: How deep a list of records may be in a file.
_MAX_DEPTH = 4
#: The items of a list that are looked at to see whether they are records.
_SAMPLE = 5


def find_records(items: Found, body: str, source: Source) -> Iterator[tuple[Value | SyntaxProblem, int, Fields | None]]:
    """Return what should be records: each with its line, and the mapping that holds the list of them, if one does.

    items: the values of a file. body: the text after its front matter.
    """
    named = source.fields.get
    marks = _marks(named("title", ()), named("webUrl", ()) + named("originalUrl", ()) + named("publishedDateTime", ()))
    for value, line in _articles(items):
        if not isinstance(value, Fields):
            yield value, line, None
        elif source.items:
            keys = source.items.split(".")
            yield from _repeated(value, keys[:1])
            yield from _at_path(value, keys)
        elif body.strip() or is_own_shape(value):
            yield value, line, None
        elif (found := _list_in(value, marks)) is not None:
            yield from _repeated(value, [key for key, (each, _) in value.items() if each is found])
            for item, at in _articles(found):
                yield _unwrapped(item, marks), at, value
        else:
            yield _unwrapped(value, marks), line, None


@lru_cache(1000)
def _marks(titles: tuple[str, ...], links_and_times: tuple[str, ...]) -> Marks:
    """Return the keys that tell a record: those that are usual, and those that a configuration has in expressions.

    Those of presets are so many that other mappings have them, too.
    """

    def keys(texts: tuple[str, ...]) -> frozenset[str]:
        paths = map(parse_expression, texts)
        return frozenset(normal_key(path.keys[0]) for path in paths if isinstance(path, Path) and not path.from_top)

    return _TITLES | keys(titles), _LINKS_AND_TIMES | keys(links_and_times)


def _repeated(top: Fields, keys: Sequence[str]) -> Iterator[tuple[SyntaxProblem, int, None]]:
    """Return a problem if one of the keys is there twice: of two lists of records, only the last one is known."""
    for key, line in (top.repeated or {}).items():
        if key in keys:
            yield SyntaxProblem(line, "a second list of records begins here; expected one"), line, None


def _at_path(top: Fields, keys: Sequence[str]) -> Iterator[tuple[Value, int, Fields | None]]:
    found = follow((top, top.line), tuple(keys))
    if found is None or (is_absent(found[0]) and found[0] != []):
        return
    for item, line in found[0] if isinstance(found[0], list) else [found]:
        yield item, line, top


def _list_in(top: Fields, marks: Marks) -> Items | None:
    """Return the list of records that a mapping holds; None if it is a record itself, or holds none."""
    own, known = _shape(tuple(top)[:MAX_ITEMS], marks)
    for key in known:
        value = top[key][0]
        if isinstance(value, list) and _score(value, marks) > (0.5 if own else 0):
            return value
    if own:
        return None
    has_title = any(normal_key(key) in marks[0] for key in top)
    if isinstance(value := top.value_of("value"), list) and not has_title:  # whatever is in it
        return value
    best: Items | None = None
    best_score = 0.0
    for found in _lists(top, _MAX_DEPTH):
        score = _score(found, marks)
        if score > best_score:
            best, best_score = found, score
    if best is not None or has_title:
        return best
    empty = [top[key][0] for key in known if top[key][0] == []]
    return [] if empty else None


def _lists(top: Fields, depth: int) -> Iterator[Items]:
    """Return the lists in a mapping and in the mappings below it, those that are nearest first."""
    mappings = [top]
    for _ in range(depth):
        below: list[Fields] = []
        for mapping in mappings:
            for value, _line in list(mapping.values())[:MAX_ITEMS]:
                if isinstance(value, list):
                    yield value
                elif isinstance(value, Fields):
                    below.append(value)
        mappings = below[:MAX_ITEMS]


def _score(items: Items, marks: Marks) -> float:
    """Return how many of the first items of a list look like records, from 0 to 1."""
    sample = [item for item, _ in _articles(items[:MAX_ITEMS])[:_SAMPLE] if isinstance(item, Fields)]
    return sum(_looks_like_record(_unwrapped(item, marks), marks) for item in sample) / len(sample) if sample else 0


def _looks_like_record(value: Value, marks: Marks) -> bool:
    if not isinstance(value, Fields):
        return False
    return _shape(tuple(value)[:MAX_ITEMS], marks)[0]


@lru_cache(1000)
def _shape(keys: tuple[str, ...], marks: Marks) -> tuple[bool, tuple[str, ...]]:
    """Return (whether a mapping with keys looks like a record, those of them that lists of records have)."""
    normal = {normal_key(key): key for key in reversed(keys)}
    is_record = not any(known.isdisjoint(normal) for known in marks)
    return is_record, tuple(normal[name] for name in LIST_KEYS if name in normal)


def _unwrapped(value: Value, marks: Marks) -> Value:
    """Return the record in a mapping around it."""
    if not isinstance(value, Fields) or len(value) > MAX_ITEMS or not value.keys().isdisjoint(("title", "headline")):
        return value
    for key in _WRAPPERS:
        inner = value.value_of(key)
        if isinstance(inner, Fields) and _looks_like_record(inner, marks) and not _looks_like_record(value, marks):
            return inner
    return value


def _articles(items: Sequence[tuple[T, int]]) -> Sequence[tuple[T, int]]:
    """Return a list without what JSON-LD names beside articles: pages, persons and the like."""
    if len(items) == 1 or not any(_is_article(item) for item, _ in items):
        return items
    return [
        (item, line) for item, line in items if not isinstance(item, Fields) or "@type" not in item or _is_article(item)
    ]


def _is_article(value: object) -> bool:
    if not isinstance(value, Fields) or "@type" not in value:
        return False
    types = value["@type"][0]
    for name in [types] if isinstance(types, str) else [item for item, _ in types] if isinstance(types, list) else []:
        if isinstance(name, str) and name.rpartition("/")[2].endswith(("Article", "Posting", "Report")):
            return True
    return False
