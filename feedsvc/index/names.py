"""The names of topics and providers."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

import msgspec

from feedsvc.config import Feeds
from feedsvc.index.database import Connection
from feedsvc.index.occurrences import Named
from feedsvc.index.query import topics_with_feed
from feedsvc.model import Image, Kind, Provider, Topic

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
            with_feed = topics_with_feed(self._connection, missing, self._rules)
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
    rows = connection.execute(
        "SELECT slug, name, domain, image FROM names WHERE kind = ? AND slug = ANY(?)", [kind, list(slugs)]
    )
    found: dict[str, tuple[str, str, str]] = {}
    for slug, name, domain, image in rows:
        if slug in found:  # few have several: the database would take longer to group all of them
            known_name, known_domain, known_image = found[slug]
            name = min(name, known_name)
            domain, image = _least(domain, known_domain), _least(image, known_image)
        found[slug] = name, domain, image
    return {slug: (name, domain or None, read_image(image)) for slug, (name, domain, image) in found.items()}


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
    numbers: Counter[_Name] = Counter()
    for each, number in names.items():
        numbers[_name(each)] += number
    changes = [(*name, number) for name, number in numbers.items() if number]
    if not changes:
        return False
    if not connection.execute("SELECT 1 FROM names LIMIT 1").fetchone():
        connection.insert("names", sorted(changes))
        return False
    # As the table `names`: how many more or less occurrences name what.
    text, integer = connection.dialect.text, connection.dialect.integer
    key = "kind, slug, name, domain, image"
    columns = ", ".join(f"{column} {text}" for column in key.split(", "))
    connection.execute(f"CREATE TEMPORARY TABLE changes ({columns}, occurrences {integer})")
    connection.insert("changes", changes)
    connection.analyze("changes")
    before = _shown(connection)
    is_touched = "(kind, slug) IN (SELECT kind, slug FROM changes)"
    connection.execute(f"INSERT INTO changes SELECT * FROM names WHERE {is_touched}")
    connection.execute(f"DELETE FROM names WHERE {is_touched}")
    connection.execute(
        f"INSERT INTO names SELECT {key}, sum(occurrences) FROM changes GROUP BY {key} HAVING sum(occurrences) != 0"
    )
    after = _shown(connection)
    connection.execute("DROP TABLE changes")
    return any(key in after and after[key] != shown for key, shown in before.items())


def _name(named: Named) -> _Name:
    if isinstance(named, Topic):
        return "topics", named.slug, named.name, "", ""
    image = msgspec.json.encode(named.image).decode() if named.image else ""
    return "providers", named.slug, named.name, named.domain or "", image


def _shown(connection: Connection) -> dict[tuple[str, str], tuple[str | None, ...]]:
    """Return the name, domain and image of the topics and providers whose names change."""
    rows = connection.execute(
        "SELECT kind, slug, min(name), min(nullif(domain, '')), min(nullif(image, '')) FROM names "
        "WHERE (kind, slug) IN (SELECT kind, slug FROM changes) GROUP BY kind, slug"
    )
    return {(kind, slug): tuple(shown) for kind, slug, *shown in rows}
