"""Cleans the content of a story, so that it is safe to show anywhere: the way through the modules beside this one."""

import re
from functools import partial
from urllib.parse import urlsplit

from feedsvc.records.content.html import UNKNOWN_ADDRESS, escape_text, is_html, without_comments
from feedsvc.records.context import ContentKind
from feedsvc.text import plain_text, unescaped, xml_text

#: Longer content, or content with more tags, is refused: the time of the sanitiser grows with the square of the number
#: of attributes of one tag, and of tags that are not closed.
MAX_CONTENT = 300_000
MAX_TAGS = 10_000
#: Markdown is shorter than its HTML.
MAX_RENDERED = 3 * MAX_CONTENT

#: Pictures within the text, which are dropped anyway: the whole of an attribute, and one in any place.
_DATA_VALUE = re.compile(r"""(?<==)(?:"data:[^"]*"|'data:[^']*')""", re.IGNORECASE)
_DATA_ADDRESS = re.compile(r"""\bdata:[a-z]+/[^\s"'<>()]{100,}""", re.IGNORECASE)
#: Links to files of the site: to those that are copied as they are, in Pelican, and to the sources of other pages, in
#: Zola, too. Rendered Markdown has the marks percent-encoded.
_FILE_LINK = re.compile(
    r"""(?P<start><[a-zA-Z][^<>]{0,1000}?\b(?:href|src)\s*=\s*["']?)
    (?:(?:\{|\||%7B|%7C)(?:(?P<copied>static|attach)|filename|index|author|category|tag)(?:\}|\||%7D|%7C)|@/)(?P<below>/?)""",
    re.VERBOSE,
)
#: What is in each of them; to look for it takes a small part of the time.
_FILE_MARK = re.compile(r"""=\s*["']?(?:[{|]|%7B|%7C|@/)""")
#: Pictures and links as Markdown has them, in plain text that programs made of a page, escaped: `![words](address)`.
_PICTURE = re.compile(r"""!\[([^\[\]]{0,1000})\]\((https?://[^\s()<>"']{1,2000})\)""")
_LINK = re.compile(r"""\[([^\[\]]{1,4000})\]\((https?://[^\s()<>"']{1,2000}(?:\([^\s()<>"']{1,200}\))?)\)""")
#: Tags that part the words beside them.
_BREAK = re.compile(
    r"<(?:br|embed|hr|iframe|img|/?(?:article|aside|audio|blockquote|caption|center|dd|details|div|dl|dt|figcaption|figure"
    r"|footer|h[1-6]|header|hgroup|li|nav|object|ol|p|pre|summary|table|td|th|tr|ul|video))(?=[\s/>])",
    re.IGNORECASE,
)


def content_html(value: str, base: str, kind: ContentKind = "", site: str = "") -> str:
    """Return HTML without scripts, styles and players, and without relative URLs. Raise ValueError if it is too long.

    value: HTML, plain text, or Markdown, as `kind` says. What readers may not play becomes a link to its address.
    base: the URL that relative ones are resolved against. site: the address of the site, empty if it isn't known.
    """
    value = xml_text(_short_enough(value))
    if kind in ("markdown", "mdx"):
        from feedsvc.records.content.markdown import markdown_html  # few records need it

        value = markdown_html(value, is_mdx=kind == "mdx", site=site)
        _check_size(value, MAX_RENDERED)
    elif kind != "text" and is_html(value):
        value = escape_text(value)
    else:
        value = _text_html(value, kind)
    if _FILE_MARK.search(value):
        value = _FILE_LINK.sub(partial(_file_address, urlsplit(site).path.rstrip("/")), value)
    return _cleaned(value, base)


def _file_address(path: str, link: re.Match[str]) -> str:
    """Return a link to a file of the site with its address, one that is dropped where it can't be known."""
    if not link["copied"]:
        return f"{link['start']}{UNKNOWN_ADDRESS}"
    return f"{link['start']}{path if link['below'] else ''}{link['below']}"


def html_text(value: str) -> str:
    """Return the text of a value, without the tags if it is HTML. Raise ValueError if it is too long."""
    if "<" not in value or not is_html(value):
        return plain_text(value)
    from feedsvc.records.content.elements import element_names, with_known_elements
    from feedsvc.records.content.rewriting import with_words
    from feedsvc.records.content.sanitizer import safe_text

    value = escape_text(_short_enough(value))
    names = element_names(value)
    value = with_known_elements(value, names)
    if "math" in names or "svg" in names:
        value = with_words(value, is_text=True)
    return plain_text(safe_text(_BREAK.sub(r" \g<0>", value)))


def _short_enough(value: str) -> str:
    """Return a text, without its pictures if it is long. Raise ValueError if it would take long to clean even so."""
    if len(value) > MAX_CONTENT:
        value = _DATA_VALUE.sub('"data:,"', _DATA_ADDRESS.sub("data:,", value))
    _check_size(value)
    return value


def _check_size(value: str, longest: int = MAX_CONTENT) -> None:
    """Raise ValueError for a text that would take long to clean."""
    if value.count("<") > MAX_TAGS:
        raise ValueError(f"expected HTML of at most {MAX_TAGS:,} tags")
    if len(value) > longest:
        raise ValueError(f"expected HTML or text of at most {MAX_CONTENT:,} characters")


def _text_html(value: str, kind: ContentKind) -> str:
    """Return plain text as HTML: a paragraph for what empty lines separate, or without any, for each line.

    Links and pictures as in Markdown are such, as in the texts that trafilatura makes, but for `kind` "text".
    """
    from html import escape

    text = unescaped(without_comments(value) if kind != "text" else value).strip()
    paragraphs = re.split(r"\n\s*\n", text)
    if len(paragraphs) == 1:
        paragraphs = text.split("\n")
    html = "".join(f"<p>{escape(text, quote=False)}</p>" for text in paragraphs if text.strip())
    if kind == "text" or "](http" not in html:
        return html
    html = _PICTURE.sub(lambda each: f'<img src="{each[2]}" alt="{each[1].replace(chr(34), "&quot;")}">', html)
    return _LINK.sub(r'<a href="\2">\1</a>', html)


def _cleaned(value: str, base: str) -> str:
    """Return HTML that is safe to show anywhere, and that readers without scripts and players show all of."""
    # Most commands import this module, but few clean any content.
    from feedsvc.records.content import rewriting
    from feedsvc.records.content.elements import element_names, with_known_elements
    from feedsvc.records.content.sanitizer import safe_html

    names = element_names(value)
    value = with_known_elements(value, names)
    if rewriting.needs_rewriting(value, names):
        cleaned = safe_html(rewriting.rewritten(value, base), base)
    else:
        cleaned = safe_html(value, base)
        if rewriting.NO_ADDRESS.search(cleaned):
            cleaned = safe_html(rewriting.rewritten(value, base), base)
    if rewriting.NO_ADDRESS.search(cleaned):
        cleaned = safe_html(rewriting.NO_ADDRESS.sub(" ", cleaned), base)
    return xml_text(cleaned)
