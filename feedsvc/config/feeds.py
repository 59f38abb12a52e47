"""The table [feeds]."""

from typing import Any

from msgspec.structs import replace

from feedsvc.config.checks import Problems, read_address, read_table, unusable
from feedsvc.config.schema import Feeds
from feedsvc.errors import ConfigError
from feedsvc.formats.registry import find_format


def read_feeds(data: Any) -> Feeds:
    """Return the table [feeds], with formats that are known, and the hub's address normalised. Raise ConfigError."""
    feeds, problems = read_table("feeds", Feeds, data), Problems()
    with problems.collected():
        _check_formats(feeds.formats)
        _check_archives(feeds)
    with problems.collected():
        feeds = replace(feeds, hub=feeds.hub and read_address("feeds.hub", feeds.hub))
    problems.check()
    return feeds


def _check_formats(names: tuple[str, ...]) -> None:
    """Raise ConfigError for the name of no format, and for two formats with the same addresses."""
    suffixes = set()
    for name in names:
        try:
            suffix = find_format(name).suffix
        except LookupError as error:
            raise ConfigError(unusable("feeds.formats", name, str(error).removeprefix("expected "))) from error
        if suffix in suffixes:
            raise ConfigError(unusable("feeds.formats", name, f"one format for {suffix}, once"))
        suffixes.add(suffix)


def _check_archives(feeds: Feeds) -> None:
    """Raise ConfigError for archives in a format that feeds aren't published in, or twice in one."""
    left = list(feeds.formats)
    for name in feeds.archive_formats:
        if name not in left:
            expected = f"one of {', '.join(feeds.formats)}, which are in feeds.formats, once"
            raise ConfigError(unusable("feeds.archives", name, expected))
        left.remove(name)
