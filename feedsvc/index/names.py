"""The names of topics and providers."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias, TypeVar

import msgspec

from feedsvc.config import Feeds
from feedsvc.index.database import Connection
from feedsvc.index.occurrences import Named
from feedsvc.index.query import slugs_with_feed
from feedsvc.model import Image, Kind, Provider, Topic

K = TypeVar("K")
#: Kind, slug, name, domain and image (as JSON) of a topic or provider; empty where unknown.
_Name: TypeAlias = tuple[str, str, str, str, str]

_image_decoder = msgspec.json.Decoder(Image)
#: The topics, and the providers, that are kept once they were looked up.
_KEPT = 10_000


class KnownTopic(NamedTuple):
    """A topic, and whether it has a feed."""

    topic: Topic
    has_feed: bool


class Names:
    """The topics and providers of the entries that are read, each looked up once while there are not too many."""

    def __init__(self, connection: Connection, rules: Feeds) -> None:
        self._connection = connection
        self._rules = rules
        self._topics: dict[str, KnownTopic] = {}
        self._providers: dict[str, Provider] = {}

    def topics(self, slugs: Iterable[str]) -> Mapping[str, KnownTopic]:
        """Return topics by slug, at least some."""
        if missing := _missing(self._topics, slugs):
            with_feed = slugs_with_feed(self._connection, "topics", missing, self._rules)
            for slug, (name, _, _) in named(self._connection, "topics", missing).items():
                self._topics[slug] = KnownTopic(Topic(slug, name), slug in with_feed)
        return self._topics

    def providers(self, slugs: Iterable[str]) -> Mapping[str, Provider]:
        """Return providers by slug, at least some."""
        if missing := _missing(self._providers, slugs):
            for slug, shown in named(self._connection, "providers", missing).items():
                self._providers[slug] = Provider(slug, *shown)
        return self._providers


def _missing(known: dict[str, Any], slugs: Iterable[str]) -> list[str]:
    """Return those of some slugs that are still to be looked up; all, where too many are known."""
    if len(known) > _KEPT:
        known.clear()
    return [slug for slug in slugs if slug not in known]


def named(
    connection: Connection, kind: Kind, slugs: Collection[str]
) -> dict[str, tuple[str, str | None, Image | None]]:
    """Return the name, domain and image of topics or providers by slug."""
    sql = "SELECT slug, name, domain, image FROM names WHERE kind = ? AND slug = ANY(?)"
    found = _shown(connection.execute(sql, [kind, list(slugs)]))
    return {slug: (name, domain or None, read_image(image)) for slug, (name, domain, image) in found.items()}


def _shown(names: Iterable[tuple[K, str, str, str]]) -> dict[K, tuple[str, str, str]]:
    """Return the name, domain and image that are shown of topics or providers, by key: the first ones of several."""
    found: dict[K, tuple[str, str, str]] = {}
    for key, name, domain, image in names:
        if key in found:  # few have several: the database would take longer to group all of them
            known_name, known_domain, known_image = found[key]
            name = min(name, known_name)
            domain, image = _least(domain, known_domain), _least(image, known_image)
        found[key] = name, domain, image
    return found


def _least(one: str, other: str) -> str:
    return min(one, other) if one and other else one or other


def several_names(connection: Connection, kind: Kind) -> list[tuple[str, str]]:
    """Return (slug, name) of those feeds of topics or providers that have several names, in order."""
    # Of those that have a feed: names of stories that are hidden by others stay.
    rows = connection.execute(
        """
        SELECT DISTINCT n.slug, n.name FROM names n
        JOIN (SELECT slug FROM names WHERE kind = ? GROUP BY slug HAVING count(DISTINCT name) > 1) several
            ON several.slug = n.slug
        JOIN feeds f ON f.kind = n.kind AND f.slug = n.slug AND f.month = ''
        WHERE n.kind = ? ORDER BY n.slug, n.name
        """,
        (kind, kind),
    )
    return [(slug, name) for slug, name in rows]


def read_image(data: str | None) -> Image | None:
    """Return an image as the index has it."""
    return _image_decoder.decode(data) if data else None


def update_names(connection: Connection, names: Counter[Named]) -> bool:
    """Update the numbers of names; return whether a topic or provider that had a name now has another one."""
    changes: Counter[_Name] = Counter()
    for each, number in names.items():
        changes[_name(each)] += number
    before: Counter[_Name] = Counter()
    slugs_of: dict[str, set[str]] = {}
    for (kind, slug, *_), number in changes.items():
        if number:
            slugs_of.setdefault(kind, set()).add(slug)
    if not slugs_of:
        return False
    for kind, slugs in slugs_of.items():
        rows = connection.execute("SELECT * FROM names WHERE kind = ? AND slug = ANY(?)", [kind, list(slugs)])
        before.update({tuple(name): number for *name, number in rows})
        connection.execute("DELETE FROM names WHERE kind = ? AND slug = ANY(?)", [kind, list(slugs)])
    after = before + changes  # without those whose number is 0
    connection.insert("names", sorted((*name, number) for name, number in after.items()))
    old, new = (_shown((name[:2], *name[2:]) for name in numbers) for numbers in (before, after))
    return any(key in new and new[key] != shown for key, shown in old.items())


def _name(named: Named) -> _Name:
    if isinstance(named, Topic):
        return "topics", named.slug, named.name, "", ""
    image = msgspec.json.encode(named.image).decode() if named.image else ""
    return "providers", named.slug, named.name, named.domain or "", image
