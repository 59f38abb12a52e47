"""What parsers give otherwise than records have it, by parser and format, and why.

Each is what that version of the parser does by default with any feed, and no fault of ours. A value is compared, too,
so that a difference which a parser no longer has is noticed.
"""

import html
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import nh3

from tests.formats.parsers.records import Entry

_TAG = re.compile(r"</?[a-zA-Z][^>]*>|<!--.*?-->")


class Difference(NamedTuple):
    """What a parser gives of an entry in place of what its record has."""

    reason: str
    #: Return what it gives; ANYTHING where that can't be told.
    value: Callable[[Entry], Any]


#: Stands for any value but an empty one.
ANYTHING = object()


def is_markup(text: str) -> bool:
    """Return whether a text reads otherwise when it is taken for HTML."""
    return bool(_TAG.search(text)) or html.unescape(text) != text


def escaped(text: str) -> str:
    """Return a text as HTML."""
    return html.escape(text, quote=False)


def _unread(*fields: str) -> dict[str, Difference]:
    return {field: Difference("it doesn't read them", lambda entry: None) for field in fields}


#: The formats that parsers don't read.
NOT_A_FORMAT = {
    "npm:@rowanmanning/feed-parser": {"json"},
    "npm:feedparser": {"json"},
    "npm:htmlparser2": {"json"},
    "npm:podparse": {"atom", "json"},
    "npm:react-native-rss-parser": {"json"},
    "npm:rss-parser": {"json"},
    "pypi:feedparser": {"json"},
    "pypi:jsonfeed-util": {"atom", "rss"},
    "pypi:podcastparser": {"json"},
    "pypi:rss-parser": {"json"},
}

#: The parsers that sort entries by their time, and have those of one time in another order.
SORTING = {"npm:podparse"}

_FOUR_UNREAD = _unread("updated", "authors", "categories", "content")
_HTML_TITLE = {
    "title": Difference(
        'it hands titles of type="html" on as HTML',
        lambda entry: escaped(entry.title) if is_markup(entry.title) else entry.title,
    )
}
_SANITISED_TITLE = {
    "title": Difference("it takes titles for HTML, which it sanitises", lambda entry: nh3.clean(entry.title))
}
_FIRST_AUTHOR = {"authors": Difference("it gives the first author alone", lambda entry: entry.authors[:1])}
_LAST_AUTHOR = {"authors": Difference("it gives the last author alone", lambda entry: entry.authors[-1:])}
_PUBLISHED_TWICE = {"updated": Difference("it gives the time of pubDate twice", lambda entry: entry.published)}
_UPDATED_FOR_BOTH = {
    "updated": Difference("it gives the time of pubDate where there is no other", lambda entry: entry.updated)
}
_UPDATED_ALONE = {"published": Difference("it gives the time of updated as the only one", lambda entry: entry.updated)}
_SLUGS = {"categories": Difference("it gives the terms of categories, not their labels", lambda entry: entry.slugs)}
_TEXT_AS_SUMMARY = {
    "summary": Difference("it makes a text of it, without what looks like tags", lambda entry: ANYTHING)
}
_CONTENT_AS_SUMMARY = {"summary": Difference("it makes a text of the content", lambda entry: ANYTHING)}
_SANITISED_SUMMARY = {
    "summary": Difference(
        "it takes summaries for HTML, which it sanitises", lambda entry: html.unescape(nh3.clean(entry.summary))
    )
}

DIFFERENCES: dict[tuple[str, str], dict[str, Difference]] = {
    ("npm:@extractus/feed-extractor", "atom"): {**_FOUR_UNREAD, **_UPDATED_ALONE, **_TEXT_AS_SUMMARY},
    ("npm:@extractus/feed-extractor", "rss"): {**_FOUR_UNREAD, **_TEXT_AS_SUMMARY},
    ("npm:@extractus/feed-extractor", "json"): {**_FOUR_UNREAD, **_CONTENT_AS_SUMMARY},
    ("npm:@rowanmanning/feed-parser", "rss"): _PUBLISHED_TWICE,
    ("npm:feedme", "atom"): _HTML_TITLE,
    ("npm:feedparser", "atom"): {
        **_HTML_TITLE, **_SLUGS,
        "authors": Difference("it gives the feed's author where an entry has several", lambda entry: entry.authors if len(entry.authors) == 1 else ["feedsvc"]),
    },
    ("npm:feedparser", "rss"): {
        **_FIRST_AUTHOR, **_PUBLISHED_TWICE,
        "title": Difference("it drops the tags of HTML", lambda entry: re.sub(r"</?(?:b|title)>|<!--.*?-->", "", entry.title)),
    },
    ("npm:feedsmith", "atom"): _HTML_TITLE,
    ("npm:htmlparser2", "atom"): {**_FOUR_UNREAD, **_UPDATED_ALONE, **_HTML_TITLE},
    ("npm:htmlparser2", "rss"): _FOUR_UNREAD,
    ("npm:podparse", "rss"): _FOUR_UNREAD,
    ("npm:react-native-rss-parser", "atom"): {**_unread("updated"), **_UPDATED_ALONE, **_HTML_TITLE, **_SLUGS},
    ("npm:react-native-rss-parser", "rss"): _unread("updated"),
    ("npm:rss-parser", "atom"): {**_unread("updated", "categories"), **_HTML_TITLE, **_FIRST_AUTHOR},
    ("npm:rss-parser", "rss"): {**_unread("updated"), **_FIRST_AUTHOR},
    ("pypi:atoma", "atom"): _HTML_TITLE,
    ("pypi:atoma", "rss"): _unread("updated", "authors"),
    ("pypi:atoma", "json"): _unread("authors"),  # of JSON Feed 1.0, which has one author
    ("pypi:fastfeedparser", "atom"): {**_HTML_TITLE, **_FIRST_AUTHOR},
    ("pypi:fastfeedparser", "rss"): _FIRST_AUTHOR,
    ("pypi:fastfeedparser", "json"): _FIRST_AUTHOR,
    ("pypi:feedparser", "atom"): _HTML_TITLE,
    ("pypi:feedparser", "rss"): _UPDATED_FOR_BOTH,
    ("pypi:feedparser-rs", "atom"): {
        "title": Difference("it gives titles as HTML", lambda entry: escaped(entry.title)),
        "categories": Difference("it gives categories as HTML", lambda entry: [escaped(name) for name in entry.categories]),
    },
    ("pypi:feedparser-rs", "rss"): {**_SANITISED_TITLE, **_PUBLISHED_TWICE},
    ("pypi:feedparser-rs", "json"): {**_SANITISED_TITLE, **_SANITISED_SUMMARY},
    ("pypi:podcastparser", "atom"): {**_unread("updated", "authors", "categories"), **_HTML_TITLE, **_CONTENT_AS_SUMMARY},
    ("pypi:podcastparser", "rss"): _unread("updated", "authors", "categories"),
    ("pypi:reader", "atom"): {**_unread("categories"), **_LAST_AUTHOR, **_HTML_TITLE},
    ("pypi:reader", "rss"): {**_unread("categories"), **_LAST_AUTHOR},
    ("pypi:reader", "json"): {
        **_unread("categories"),
        "authors": Difference("it joins them", lambda entry: [", ".join(entry.authors)]),
    },
    ("pypi:rss-parser", "atom"): _HTML_TITLE,
    ("pypi:rss-parser", "rss"): _unread("updated", "authors", "content"),
}  # fmt: skip
