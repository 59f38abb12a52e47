"""What the names of topics and providers come to: those that share a feed, and those that saved filters use in vain."""

from collections import defaultdict
from collections.abc import Iterator

from feedsvc.config import Config
from feedsvc.index.database import Connection
from feedsvc.index.facets import unknown_values
from feedsvc.index.names import several_names
from feedsvc.model import FeedAddress, Kind

#: Feeds whose names are noted, at most, and names of each.
MAX_NOTES = 20
_MAX_NAMES = 5


def unknown_names(connection: Connection, config: Config) -> list[str]:
    """Return warnings of saved filters that name what no story has."""
    return [
        f"custom {custom.name!r}: {field}: no story has {value!r}"
        for custom in config.custom.values()
        for field, value in unknown_values(connection, custom.filters)
    ]


def merged_names(connection: Connection) -> list[str]:
    """Return notes on topics and providers whose names differ by more than case, and have one feed."""
    notes = [*_merged(connection, "topics"), *_merged(connection, "providers")]
    more = len(notes) - MAX_NOTES
    return notes if more <= 0 else [*notes[:MAX_NOTES], f"{more} more feeds of topics and providers have several names"]


def _merged(connection: Connection, kind: Kind) -> Iterator[str]:
    named = defaultdict[str, dict[str, str]](dict)
    for slug, name in several_names(connection, kind):
        named[slug].setdefault(name.casefold(), name)
    for slug, names in named.items():
        if len(names) > 1:
            shown = [f'"{name}"' for name in names.values()]
            if len(shown) > _MAX_NAMES:
                shown = [*shown[: _MAX_NAMES - 1], f"{len(shown) - _MAX_NAMES + 1} more"]
            all_names = f"{', '.join(shown[:-1])} and {shown[-1]}"
            yield f"the {kind} {all_names} are one feed, {FeedAddress(kind, slug).page_path}"
