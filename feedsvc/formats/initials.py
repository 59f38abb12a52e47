"""Groups names by their first letter, in any script."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from feedsvc.model import FeedSummary

#: Stands for all Chinese characters, of which almost every name would have one of its own.
_HAN = "漢字"
_OTHER = "#"


def by_initial(feeds: Iterable[FeedSummary]) -> list[tuple[str, list[FeedSummary]]]:
    """Return feeds by the first letter of their names, in order; names that begin otherwise come last, under `#`.

    Names under one letter are in order, without regard to case and marks.
    """
    groups = defaultdict[str, list[FeedSummary]](list)
    for feed in sorted(feeds, key=lambda feed: (_plain(feed.name).casefold(), feed.address.slug)):
        groups[initial(feed.name)].append(feed)
    return sorted(groups.items(), key=lambda group: (group[0] == _OTHER, group[0]))


def initial(name: str) -> str:
    """Return the letter that a name is listed under: upper case, without marks; `#` where it begins with none.

    What stands before the first letter or digit, such as a quotation mark, is passed over. Korean syllables are under
    their first consonant, katakana under hiragana, all Chinese characters under one heading.
    """
    first = next((character for character in _plain(name) if character.isalnum()), "")
    if not first.isalpha():
        return _OTHER
    kind = unicodedata.name(first, "")
    if kind.startswith("CJK "):
        return _HAN
    for known, shown in (("HANGUL CHOSEONG ", "HANGUL LETTER "), ("KATAKANA LETTER ", "HIRAGANA LETTER ")):
        if kind.startswith(known):
            try:
                return unicodedata.lookup(kind.replace(known, shown))
            except KeyError:  # which the other script doesn't have
                return first
    return first.upper()[0]


def _plain(name: str) -> str:
    """Return a name without marks, its characters those that others are made of."""
    if name.isascii():
        return name
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
