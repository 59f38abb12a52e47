"""The HTML content of an entry: its picture, its excerpt, the content of its story, and lists of its links."""

import re
from collections.abc import Iterator
from html import escape, unescape

from feedsvc.model import Entry

#: What HTML takes for the beginning of a tag, or of a comment.
_TAG = re.compile("<[a-zA-Z/!?]")


def entry_html(entry: Entry) -> str:
    """Return the content of an entry as HTML. It ends in the links, since few readers show those of `rel="related"`."""
    story, image = entry.story, entry.story.image
    values = [story.url, image.url if image else "", image.title if image else "", story.excerpt]
    for link in entry.links:
        values += (link.url, link.title, link.provider)
    # All at once, separated by a character that none of them holds.
    escaped = escape("\0".join(values), quote=False)
    texts, attributes = escaped.split("\0"), escaped.replace('"', "&quot;").replace("'", "&#x27;").split("\0")
    items = [
        f'<li><a href="{url}">{title}</a> ({provider})</li>'
        for url, title, provider in zip(attributes[4::3], texts[5::3], texts[6::3], strict=True)
    ]
    parts = []
    if image:
        url, picture, title, _ = attributes[:4]
        parts.append(f'<p><a href="{url}"><img src="{picture}" alt="{title}"></a></p>')
    if story.excerpt:
        parts.append(f"<p>{texts[3]}</p>")
    parts.append(story.content_html)
    parts += _list("Related stories", items[: len(entry.related)])
    parts += _list("Mentioned by", items[len(entry.related) :])
    return "".join(parts)


def html_title(title: str) -> str:
    """Return a title as HTML, if it would read otherwise as HTML than it is; else empty.

    Some readers take plain titles for HTML, and some show titles in HTML as they are written: so as few as can be are.
    """
    return escape(title, quote=False) if _TAG.search(title) or unescape(title) != title else ""


def _list(heading: str, items: list[str]) -> Iterator[str]:
    if items:
        yield f"<p>{heading}:</p><ul>{''.join(items)}</ul>"
