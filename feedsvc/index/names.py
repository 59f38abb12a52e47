"""Reads the names of topics and providers from the index."""

from collections.abc import Collection

import msgspec

from feedsvc.index.database import Connection
from feedsvc.model import Image, Kind

_image_decoder = msgspec.json.Decoder(Image)


def named(
    connection: Connection, kind: Kind, slugs: Collection[str]
) -> dict[str, tuple[str, str | None, Image | None]]:
    """Return the name, domain and image of topics or providers by slug."""
    rows = connection.execute(
        f"""
        SELECT slug, min(name), min(nullif(domain, '')), min(nullif(image, ''))
        FROM names WHERE kind = ? AND slug {connection.dialect.in_list} GROUP BY slug
        """,
        (kind, connection.dialect.as_list(slugs)),
    )
    return {slug: (name, domain, read_image(image)) for slug, name, domain, image in rows}


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
