"""Cleans the content of stories, so that it is safe to show anywhere."""

import re
from functools import partial
from urllib.parse import urlsplit

from feedsvc.records.context import ContentKind
from feedsvc.records.html import UNKNOWN_ADDRESS, escape_text, is_html, without_comments
from feedsvc.text import plain_text, unescaped, xml_text

#: Longer content, or content with more tags, is refused: the time of the sanitiser grows with the square of the number
#: of attributes of one tag, and of tags that are not closed.
MAX_CONTENT = 300_000
MAX_TAGS = 10_000
#: Markdown is shorter than its HTML.
MAX_RENDERED = 3 * MAX_CONTENT

_IFRAME = re.compile(r'<iframe(?: src="([^"]*)")?>.*?</iframe>', re.DOTALL)
#: Pictures within the text, which are dropped anyway: in HTML and in Markdown.
_DATA_URL = re.compile(r"""(?<==)(?:"data:[^"<>]*"|'data:[^'<>]*'|data:[^\s"'<>]*)""", re.IGNORECASE)
_DATA_PICTURE = re.compile(r"!\[[^\[\]\n]{0,1000}\]\(data:[^\s)]*\)", re.IGNORECASE)
#: Links to files of the site: to those that are copied as they are, in Pelican, and to the sources of other pages, in
#: Zola, too. Rendered Markdown has the marks percent-encoded.
_FILE_LINK = re.compile(
    r"""(?P<start><[a-zA-Z][^<>]{0,1000}?\b(?:href|src)\s*=\s*["']?)
    (?:(?:\{|\||%7B|%7C)(?:(?P<copied>static|attach)|filename|index|author|category|tag)(?:\}|\||%7D|%7C)|@/)(?P<below>/?)""",
    re.VERBOSE,
)
#: One of these is in each of them.
_FILE_MARKS = ("{", "|", "%7B", "%7C", "@/")
_BREAK = re.compile(r"<(?:br|/?(?:p|div|li|tr|td|th|dt|dd|h[1-6]|blockquote|figcaption|pre))\b", re.IGNORECASE)


def content_html(value: str, base: str, kind: ContentKind = "", site: str = "") -> str:
    """Return HTML without scripts, styles and frames, and without relative URLs. Raise ValueError if it is too long.

    value: HTML, plain text, or Markdown, as `kind` says. An iframe becomes a link to its address.
    base: the URL that relative ones are resolved against. site: the address of the site, empty if it isn't known.
    """
    if len(value) > MAX_CONTENT:
        value = _DATA_PICTURE.sub("", _DATA_URL.sub('"data:,"', value))
    _check_size(value)
    value = xml_text(value)
    if kind in ("markdown", "mdx"):
        from feedsvc.records.markdown import markdown_html  # few records need it

        value = markdown_html(value, is_mdx=kind == "mdx", site=site)
        _check_size(value, MAX_RENDERED)
    elif kind != "text" and is_html(value):
        value = escape_text(value)
    else:
        value = _text_html(value, kind)
    if any(mark in value for mark in _FILE_MARKS):
        value = _FILE_LINK.sub(partial(_file_address, urlsplit(site).path.rstrip("/")), value)
    return _cleaned(value, base)


def _file_address(path: str, link: re.Match[str]) -> str:
    """Return a link to a file of the site with its address, one that is dropped where it can't be known."""
    if not link["copied"]:
        return f"{link['start']}{UNKNOWN_ADDRESS}"
    return f"{link['start']}{path if link['below'] else ''}{link['below']}"


def html_text(value: str) -> str:
    """Return the text of a value, without the tags if it is HTML. Raise ValueError if it is too long."""
    if "<" not in value:
        return plain_text(value)
    if is_html(value):
        import nh3

        _check_size(value)
        value = nh3.clean(_BREAK.sub(r" \g<0>", escape_text(value)), tags=set())
    return plain_text(value)


def _check_size(value: str, longest: int = MAX_CONTENT) -> None:
    """Raise ValueError for a text that would take long to clean."""
    if value.count("<") > MAX_TAGS:
        raise ValueError(f"expected HTML of at most {MAX_TAGS:,} tags")
    if len(value) > longest:
        raise ValueError(f"expected HTML or text of at most {MAX_CONTENT:,} characters")


def _text_html(value: str, kind: ContentKind) -> str:
    """Return plain text as HTML: a paragraph for what empty lines separate, or without any, for each line."""
    from html import escape

    text = unescaped(without_comments(value) if kind != "text" else value).strip()
    paragraphs = re.split(r"\n\s*\n", text)
    if len(paragraphs) == 1:
        paragraphs = text.split("\n")
    return "".join(f"<p>{escape(text, quote=False)}</p>" for text in paragraphs if text.strip())


def _cleaned(value: str, base: str) -> str:
    """Return HTML that is safe to show anywhere."""
    import nh3  # most commands import this module, but few clean any content

    if "<iframe" in value.lower():
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
