"""The HTML content of an entry: its picture, its excerpt, the content of its story, and the list of related stories."""

import re
from functools import lru_cache
from html import escape, unescape
from typing import NamedTuple

from feedsvc.languages import is_right_to_left
from feedsvc.model import Entry, Feed, Labels

#: What HTML takes for the beginning of a tag, or of a comment.
_TAG = re.compile("<[a-zA-Z/!?]")


class Context(NamedTuple):
    """What entries take from their feed."""

    base_url: str
    language: str
    labels: Labels

    @classmethod
    def of(cls, feed: Feed) -> "Context":
        return cls(feed.base_url, feed.language, feed.labels)


def entry_html(entry: Entry, context: Context) -> str:
    """Return the content of an entry as HTML. It ends in the links, since few readers show those of `rel="related"`."""
    story, image = entry.story, entry.story.image
    values = [story.url, image.url if image else "", image.title if image else "", story.excerpt]
    for link in entry.related:
        values += (link.url, link.title, link.provider)
    # All at once, separated by a character that none of them holds.
    escaped = escape("\0".join(values), quote=False)
    texts, attributes = escaped.split("\0"), escaped.replace('"', "&quot;").replace("'", "&#x27;").split("\0")
    language = story.language or context.language
    parts = []
    if image:
        url, picture, title, _ = attributes[:4]
        parts.append(f'<p><a href="{url}"><img src="{picture}" alt="{title}"></a></p>')
    if story.excerpt:
        parts.append(f"<p>{texts[3]}</p>")
    parts.append(story.content_html)
    if entry.related:
        parts.append(_list_start(context.labels, context.language, language))
        parts += [
            f'<li><a href="{url}">{title}</a> ({provider})</li>'
            for url, title, provider in zip(attributes[4::3], texts[5::3], texts[6::3], strict=True)
        ]
        if entry.related_left_out:
            more = context.labels.more
            marks = _marks(more.language, context.language)
            text = escape(more.filled(entry.related_left_out), quote=False)
            # Not on the item itself, whose bullet would stand on the other side than those before it.
            parts.append(f"<li><span{marks}>{text}</span></li>" if marks else f"<li>{text}</li>")
        parts.append("</ul>")
    content = "".join(parts)
    # Readers take the direction of what they show from their own language.
    is_turned = content and is_right_to_left(language)
    return f"<div{_marks(language, '')}>{content}</div>" if is_turned else content


@lru_cache(1000)
def _list_start(labels: Labels, language: str, around: str) -> str:
    """Return the heading and the beginning of a list of links, which is in the site's language.

    around: the language of the entry.
    """
    heading = escape(labels.related.text, quote=False)
    colon = "" if heading.endswith((":", labels.colon)) else labels.colon
    return f"<p{_marks(labels.related.language, around)}>{heading}{colon}</p><ul{_marks(language, around)}>"


def language_attributes(language: str, around: str) -> dict[str, str]:
    """Return the attributes of an HTML element whose language isn't that of what is around it; empty where it is.

    They are `lang`, and `dir` where the direction is another one, too. Without a language around, it is left to right.
    """
    if language == around:
        return {}
    turned = is_right_to_left(language)
    return {"lang": language, **({"dir": "rtl" if turned else "ltr"} if turned != is_right_to_left(around) else {})}


def _marks(language: str, around: str) -> str:
    return "".join(f' {name}="{value}"' for name, value in language_attributes(language, around).items())


def html_title(title: str) -> str:
    """Return a title as HTML, if it would read otherwise as HTML than it is; else empty.

    Some readers take plain titles for HTML, and some show titles in HTML as they are written: so as few as can be are.
    """
    return escape(title, quote=False) if _TAG.search(title) or unescape(title) != title else ""
