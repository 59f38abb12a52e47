"""The right address for one that is written differently, or guessed, as people and feed readers do."""

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from feedsvc.config import Config
from feedsvc.feeds.addresses import HOME_PATH, SITE_PATHS
from feedsvc.feeds.settings import published_formats
from feedsvc.formats import ASSETS
from feedsvc.model import EVERYTHING, FeedAddress, Format, parse_feed_path
from feedsvc.text import slug

#: What a name of a path has too much of at either end, as text around a copied address: white space, also what can't be
#: seen and what was percent-encoded twice, and punctuation.
_INVISIBLE = r"\s\u200b\u200e\u200f\u2060\ufeff"
_AROUND = re.compile(rf"""\A(?:[{_INVISIBLE}<("']|%20)+|(?:[{_INVISIBLE}>)"'.,;:!]|%20)+\Z""")
_SUFFIXES = "xml|rdf|rss|atom|json"
#: What other sites call the feed of a folder: `rss`, `atom.xml`, `feed/`, `index.rss`.
_GUESS = re.compile(rf"(?P<stem>feed|rss|rdf|atom|json)2?(?:\.(?P<suffix>{_SUFFIXES}))?|index\.(?P<only>{_SUFFIXES})")
#: Their folders of a folder's feeds: `feed/atom`, `rss/feed.xml`.
_FOLDERS = ("feed", "rss", "atom")
#: What they call its page.
_PAGE = re.compile(r"index(?:\.(?:html?|php))?")
#: What all feeds are looked for at, beside the folders of their kinds.
_LISTS = ("feeds", "topics", "providers", "custom")
_IN_XML = re.compile(r"(?P<stem>.+)\.(?P<suffix>xml)")


def corrected_paths(config: Config, path: str) -> Iterator[str]:
    """Yield the paths that one with other letters, slashes or spaces, or a guessed one, may mean, the likeliest first.

    path: decoded. Not all of them need to be addresses.
    """
    names = [_AROUND.sub("", name) for name in path.split("/")]
    names = [name for name in names if name]
    base = [name.lower() for name in base_path(config).split("/") if name]
    if base and [name.lower() for name in names[: len(base)]] == base:
        yield from _corrected(config, names[len(base) :])
    yield from _corrected(config, names)


def _corrected(config: Config, names: list[str]) -> Iterator[str]:
    known = {known.lower(): known for known in (*SITE_PATHS, *ASSETS)}
    if found := known.get(f"/{'/'.join(names)}".lower()):
        yield found
        return
    formats = published_formats(config)
    *folders, name = names
    suffix = next((each.suffix for each in formats if name.lower().endswith(each.suffix)), "")
    stem = name[: -len(suffix)] if suffix else name
    yield _joined([*folders, stem], suffix or "/")
    if "+" in stem:  # which stands for a space in forms
        yield _joined([*folders, stem.replace("+", " ")], suffix or "/")
    lower = name.lower()
    if _PAGE.fullmatch(lower) and (feed := _feed(folders)):
        yield feed.page_path
    is_own = not folders and lower.startswith("feed.") and not lower.endswith(".xml")  # of a format, published or not
    if not is_own and (match := _GUESS.fullmatch(lower)) and (format := _format(formats, _wanted(match))):
        is_below = bool(folders) and folders[-1].lower() in _FOLDERS
        for folder in (folders, folders[:-1]) if is_below else (folders,):
            if feed := _feed(folder):
                yield feed.path(format.suffix)
    if (match := _IN_XML.fullmatch(lower)) and (format := _format(formats, match["suffix"])):
        yield _joined([*folders, match["stem"]], format.suffix)
    if not folders and lower in _LISTS:
        yield HOME_PATH


def base_path(config: Config) -> str:
    """Return the decoded path of `site.base_url`; empty without one."""
    return unquote(urlsplit(config.site.base_url).path)


def _joined(names: list[str], end: str) -> str:
    return f"/{'/'.join(map(slug, names))}{end}"


def _feed(folders: list[str]) -> FeedAddress | None:
    """Return the current feed of a folder."""
    return parse_feed_path(_joined(folders, "")) if folders else EVERYTHING


def _wanted(match: re.Match[str]) -> str:
    """Return which format a guess asks for: a name, `xml` for any in XML, or an empty text for any at all."""
    suffix = match["only"] or match["suffix"] or ""
    return match["stem"] if match["stem"] not in (None, "feed") and suffix in ("", "xml") else suffix


def _format(formats: tuple[Format, ...], wanted: str) -> Format | None:
    """Return the published format that comes nearest to what is asked for, or None."""
    if not wanted:
        return formats[0]
    exact = [format for format in formats if format.suffix == f".{wanted}"]
    in_xml = [format for format in formats if format.media_type.endswith("xml") and wanted != "json"]
    return next(iter(exact + in_xml), None)
