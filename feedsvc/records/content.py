"""Cleans the HTML of entries: what is safe to show anywhere."""

import re

from feedsvc.text import xml_text

#: Longer content, and markup of more tags, is refused: the time that the sanitiser takes grows with the square of the
#: attributes of one tag, and of tags that are not closed.
MAX_CONTENT = 300_000
MAX_TAGS = 10_000

_TAG = re.compile(r"<[a-zA-Z/!]")
_IFRAME = re.compile(r'<iframe(?: src="([^"]*)")?>.*?</iframe>', re.DOTALL)


def content_html(value: str, base: str) -> str:
    """HTML that is safe to show anywhere: no script, style or frame, and no relative URL.

    value: HTML, or plain text, whose paragraphs are kept. An iframe becomes a link to what it shows.
    base: the address that relative URLs are resolved against. Raises ValueError for what is too long.
    """
    if value.count("<") > MAX_TAGS:
        raise ValueError(f"expected HTML of at most {MAX_TAGS:,} tags")
    if len(value) > MAX_CONTENT:
        raise ValueError(f"expected HTML or text of at most {MAX_CONTENT:,} characters")
    import html

    import nh3  # most commands load this module, and few clean any content

    value = xml_text(value)
    if not _TAG.search(value):
        paragraphs = re.split(r"\n\s*\n", html.unescape(value).strip())
        value = "".join(f"<p>{html.escape(text, quote=False)}</p>" for text in paragraphs if text.strip())
    elif "<iframe" in value.lower():
        # nh3 writes one spelling of the frames that it lets pass; the strict pass below has the last word.
        framed = nh3.clean(
            value, tags=nh3.ALLOWED_TAGS | {"iframe"}, attributes=nh3.ALLOWED_ATTRIBUTES | {"iframe": {"src"}}
        )
        value = _IFRAME.sub(_frame_link, framed)
    schemes = {"http", "https", "mailto"}
    try:
        cleaned = nh3.clean(value, url_schemes=schemes, url_relative=("rewrite_with_base", base))
    except ValueError:  # to nh3, the base is no URL that others can be resolved against
        cleaned = nh3.clean(value, url_schemes=schemes, url_relative="deny")
    return xml_text(cleaned)


def _frame_link(match: re.Match[str]) -> str:
    source = match[1]
    return f'<p><a href="{source}">{source}</a></p>' if source else ""
