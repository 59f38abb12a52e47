"""The tables [[custom]]: filters that are saved as feeds."""

from typing import Any

from feedsvc.config.checks import Problems, misplaced, nearest, unusable
from feedsvc.config.schema import Custom
from feedsvc.errors import ConfigError, FilterError, shown_value
from feedsvc.model import FILTERS, NO_FILTERS, parse_filters
from feedsvc.text import plain_text, slug


def read_custom(tables: Any) -> dict[str, Custom]:
    """Return the saved filters of [[custom]] tables by slug. Raise ConfigError."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"custom: {shown_value(tables)} can't be used; expected tables, [[custom]]")
    problems, found = Problems(), dict[str, Custom]()
    for number, table in enumerate(tables, 1):
        with problems.collected():
            custom = _read_custom_table(f"custom {number}", table)
            if custom.slug in found:
                expected = f"the address of {found[custom.slug].name!r}; expected another name"
                raise ConfigError(f"custom {number}: {table['name']!r} has {expected}")
            found[custom.slug] = custom
    problems.check()
    return found


def _read_custom_table(where: str, table: dict[str, Any]) -> Custom:
    """Return the saved filter of a table. where: names it in messages."""
    problems, known = Problems(), ("name", "description", *FILTERS)
    for key, value in table.items():
        if key not in known:
            meant = misplaced(key, value) or nearest(key, known)
            problems.add(f"{where}: {key} is not a key that feedsvc knows{meant}")
    name, description, filters = table.get("name", ""), table.get("description", ""), NO_FILTERS
    if not isinstance(name, str) or not plain_text(name):
        problems.add(unusable(f"{where}: name", name, "a name"))
    if not isinstance(description, str):
        problems.add(unusable(f"{where}: description", description, "some text"))
    try:
        filters = parse_filters(table.items())
    except FilterError as error:
        problems.add(f"{where}: {error}")
    problems.check()
    return Custom(slug(name), plain_text(name), plain_text(description), filters)
