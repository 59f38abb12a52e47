"""Cleans the content of stories, so that it is safe to show anywhere."""

import re

from feedsvc.text import xml_text

#: Longer content, or content with more tags, is refused: the time of the sanitiser grows with the square of the number
#: of attributes of one tag, and of tags that are not closed.
MAX_CONTENT = 300_000
MAX_TAGS = 10_000

_TAG = re.compile(r"<[a-zA-Z/!]")
_IFRAME = re.compile(r'<iframe(?: src="([^"]*)")?>.*?</iframe>', re.DOTALL)


def content_html(value: str, base: str) -> str:
    """Return HTML without scripts, styles and frames, and without relative URLs. Raise ValueError if it is too long.

    value: HTML, or plain text, in which empty lines separate paragraphs. An iframe becomes a link to its address.
    base: the URL that relative ones are resolved against.
    """
    if value.count("<") > MAX_TAGS:
        raise ValueError(f"expected HTML of at most {MAX_TAGS:,} tags")
    if len(value) > MAX_CONTENT:
        raise ValueError(f"expected HTML or text of at most {MAX_CONTENT:,} characters")
    import html

    import nh3  # most commands import this module, but few clean any content

    value = xml_text(value)
    if not _TAG.search(value):
        paragraphs = re.split(r"\n\s*\n", html.unescape(value).strip())
        value = "".join(f"<p>{html.escape(text, quote=False)}</p>" for text in paragraphs if text.strip())
    elif "<iframe" in value.lower():
        # nh3 writes each allowed frame in the same way; the strict pass below decides what is safe.
        framed = nh3.clean(
            value, tags=nh3.ALLOWED_TAGS | {"iframe"}, attributes=nh3.ALLOWED_ATTRIBUTES | {"iframe": {"src"}}
        )
        value = _IFRAME.sub(_frame_link, framed)
    schemes = {"http", "https", "mailto"}
    try:
        cleaned = nh3.clean(value, url_schemes=schemes, url_relative=("rewrite_with_base", base))
    except ValueError:  # nh3 can't resolve URLs against this base
        cleaned = nh3.clean(value, url_schemes=schemes, url_relative="deny")
    return xml_text(cleaned)


def _frame_link(match: re.Match[str]) -> str:
    source = match[1]
    return f'<p><a href="{source}">{source}</a></p>' if source else ""
