"""The HTML content of an entry: its picture, its excerpt, the content of its story, and the list of related stories.

The list of a cluster is its coverage: each record that joined it with its date and first sentence, then all others.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from html import escape, unescape
from typing import NamedTuple

from feedsvc.formats.sentences import first_sentence
from feedsvc.languages import is_right_to_left
from feedsvc.model import Entry, Feed, Label, Labels, Link

#: What HTML takes for the beginning of a tag, or of a comment.
_TAG = re.compile("<[a-zA-Z/!?]")
#: Letters of Arabic, Syriac and Thaana, after which the parts of a date are shown from right to left (UAX #9, W2).
_ARABIC = re.compile("[\u0600-\u07bf\u0860-\u08ff\ufb50-\ufdff\ufe70-\ufefc]")
_LEFT_TO_RIGHT_MARK = "\u200e"
#: The entries whose content and values are kept: those of a feed, which is written in one format after the other.
KEPT = 100


class Context(NamedTuple):
    """What entries take from their feed."""

    base_url: str
    language: str
    labels: Labels

    def __hash__(self) -> int:
        # As that of an entry: it is looked up with each.
        return hash(self.base_url)

    @classmethod
    def of(cls, feed: Feed) -> "Context":
        return cls(feed.base_url, feed.language, feed.labels)


class EntryHtml(NamedTuple):
    """What an entry has as HTML, in UTF-8; empty where there is none."""

    excerpt: bytes
    content: bytes


# Most feeds are written in one format right after the other.
@lru_cache(KEPT)
def entry_html(entry: Entry, context: Context) -> EntryHtml:
    """Return an entry's HTML. Its content ends in the links, since few readers show those of `rel="related"`."""
    story, image, language = entry.story, entry.story.image, entry.story.language or context.language
    (excerpt,) = _escaped([story.excerpt])
    parts = []
    if image:
        attributes = _escaped([story.url, image.url, image.title], in_attributes=True)
        parts.append(b'<p><a href="%s"><img src="%s" alt="%s"></a></p>' % tuple(attributes))
    if excerpt:
        parts.append(b"<p>%s</p>" % excerpt)
    parts.append(story.content_html.encode())
    if entry.related:
        parts += _related_list(entry, context, language)
    content = b"".join(parts)
    # Readers take the direction of what they show from their own language.
    if content and is_right_to_left(language):
        content = b"<div%s>%s</div>" % (language_attributes(language, "").encode(), content)
    return EntryHtml(excerpt, content)


def _related_list(entry: Entry, context: Context, around: str) -> list[bytes]:
    """Return the parts of the list of related stories, with its heading. around: the language of the entry."""
    labels = context.labels
    texts: list[str] = []  # the title of each, its source, and how it begins
    for link in entry.related:
        if link.published:
            texts += (link.title, _dated(link, link.published), first_sentence(link.excerpt))
        else:
            texts += (link.title, link.provider, "")
    escaped = _escaped(texts)
    urls = _escaped([link.url for link in entry.related], in_attributes=True)
    heading = labels.coverage if entry.cluster else labels.related
    parts = [_list_start(heading, labels.colon, context.language, around).encode()]
    parts += [
        b'<li><a href="%s">%s</a> (%s)%s</li>' % (url, title, source, sentence and b"<br>" + sentence)
        for url, title, source, sentence in zip(urls, escaped[::3], escaped[1::3], escaped[2::3], strict=True)
    ]
    if entry.related_left_out:
        inside = language_attributes(labels.more.language, context.language)
        text = escape(labels.more.filled(entry.related_left_out), quote=False)
        # Not on the item itself, whose bullet would stand on the other side than those before it.
        item = f"<li><span{inside}>{text}</span></li>" if inside else f"<li>{text}</li>"
        parts.append(item.encode())
    parts.append(b"</ul>")
    return parts


def _escaped(texts: Iterable[str], in_attributes: bool = False) -> list[bytes]:
    """Return texts, at least one, escaped for HTML: all at once, separated by a character that none of them holds.

    In bytes, in which it takes a fraction of the time.
    """
    text = "\0".join(texts).encode().replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
    if in_attributes:
        text = text.replace(b'"', b"&quot;").replace(b"'", b"&#x27;")
    return text.split(b"\0")


def _dated(link: Link, published: datetime) -> str:
    """Return the provider of a story and its date, in the form that no language reads otherwise."""
    # Other marks of direction than a character are what sanitisers of readers remove.
    mark = _LEFT_TO_RIGHT_MARK if _ARABIC.search(link.title + link.provider) else ""
    return f"{link.provider}, {mark}{published.date().isoformat()}"


@lru_cache(1000)
def _list_start(heading: Label, colon: str, language: str, around: str) -> str:
    """Return the heading and the beginning of a list of links, which is in the site's language.

    colon: what stands after a heading. around: the language of the entry.
    """
    text = escape(heading.text, quote=False)
    end = "" if text.endswith((":", colon)) else colon
    return (
        f"<p{language_attributes(heading.language, around)}>{text}{end}</p><ul{language_attributes(language, around)}>"
    )


@lru_cache(1000)
def language_attributes(language: str, around: str) -> str:
    """Return the attributes of an HTML element whose language isn't that of what is around it; empty where it is.

    They are `lang`, and `dir` where the direction is another one, too, as the element has them, each after a space.
    Without a language around, it is left to right. Tags need no escaping.
    """
    if language == around:
        return ""
    turned = is_right_to_left(language)
    direction = f' dir="{"rtl" if turned else "ltr"}"' if turned != is_right_to_left(around) else ""
    return f' lang="{language}"{direction}'


def html_title(title: str) -> str:
    """Return a title as HTML, if it would read otherwise as HTML than it is; else empty.

    Some readers take plain titles for HTML, and some show titles in HTML as they are written: so as few as can be are.
    """
    if ("<" in title and _TAG.search(title)) or ("&" in title and unescape(title) != title):
        return escape(title, quote=False)
    return ""
