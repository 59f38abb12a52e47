"""The list of feeds: in columns that fit a terminal, or with all addresses, for scripts."""

import shutil
import sys
import unicodedata
from collections.abc import Iterator
from itertools import accumulate

from feedsvc import api
from feedsvc.errors import one_line

#: The narrowest column of names that a long address leaves; then its line is longer than the terminal is wide.
LEAST = 20
#: What takes no column of its own: marks, which are put over a letter, and what joins or directs letters.
_WITHOUT_WIDTH = ("Mn", "Me", "Cf")


def feed_lines(site: api.Site) -> Iterator[str]:
    """Return the lines that list all feeds.

    On a terminal, one for each feed, with the path of its address in the first format, which is never cut, so that it
    can be copied; a name is, where the line would be too long. Elsewhere, the number of stories, the name and the URL
    in each format, with tabs between them.
    """
    from feedsvc.feeds.settings import published_formats

    feeds = site.feeds()
    if not sys.stdout.isatty():
        yield from ("\t".join((str(feed.size), one_line(feed.name), *site.urls(feed))) for feed in feeds)
        return
    first, *others = (format.suffix for format in published_formats(site.config))
    also = f"; also as {', '.join(others)}" if others else ""
    yield f"Addresses begin with {site.config.site.base_url}{also}"
    rows = [(f"{feed.size:,}", one_line(feed.name), feed.address.path(first)) for feed in feeds]
    yield from in_columns([("STORIES", "FEED", "ADDRESS"), *rows], shutil.get_terminal_size().columns)


def in_columns(rows: list[tuple[str, str, str]], width: int) -> Iterator[str]:
    """Return a line for each number, name and address; names are cut where lines would be wider than the terminal."""
    numbers, longest, addresses = (max(map(display_width, column)) for column in zip(*rows, strict=True))
    names = min(longest, max(LEAST, width - numbers - addresses - 4))
    for number, name, address in rows:
        shown = cut(name, names)
        yield f"{number:>{numbers}}  {shown}{' ' * (names - display_width(shown))}  {address}"


def display_width(text: str) -> int:
    """Return the number of columns that a text takes on a terminal: two for a wide letter, as in Chinese."""
    return sum(map(_width, text))


def cut(text: str, width: int) -> str:
    """Return a text that takes at most so many columns; one that takes more ends in an ellipsis instead."""
    if display_width(text) <= width:
        return text
    kept = sum(taken < width for taken in accumulate(map(_width, text)))
    return f"{text[:kept].rstrip()}…"


def _width(letter: str) -> int:
    if unicodedata.category(letter) in _WITHOUT_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
