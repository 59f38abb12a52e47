"""What HTML may hold, as nh3 sees to it: nothing that runs, and no addresses but those of the web and of mail."""

import re
from functools import partial
from typing import Any
from urllib.parse import urljoin

import nh3

from feedsvc.records.content.html import words
from feedsvc.text import web_url

#: MathML, without what may hold HTML.
FORMULAS = words(
    """
    math merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace msqrt mstyle msub
    msubsup msup mtable mtd mtext mtr munder munderover semantics
    """
)
TAGS = nh3.ALLOWED_TAGS | FORMULAS
#: Addresses in `href` and `src` are nh3's to check and resolve. There are no others, but for those of CITED.
ATTRIBUTES: dict[str, set[str]] = {
    **{name: names - {"cite"} for name, names in nh3.ALLOWED_ATTRIBUTES.items()},
    "*": {"dir", "lang", "title"},
    "math": {"alttext", "display"},
    "mo": {"fence", "largeop", "separator", "stretchy"},
}
#: What holds the address that it quotes, which nh3 neither checks nor resolves.
CITED = ATTRIBUTES | {name: names for name, names in nh3.ALLOWED_ATTRIBUTES.items() if "cite" in names}
#: White space in an address that browsers leave out. nh3 leaves an address that isn't relative as it is. This and the
#: next are looked for in lower case, which takes a third of the time.
_SPACED = re.compile(r"""(?:href|src)\s*=\s*["'](?:[ ]|[^"'<>]*(?:[\t\n\r]|[ ]["']))""")
_CITES = re.compile(r"cite\s*=")
#: What is in each of either. It begins with what is seldom in HTML.
_MAYBE = re.compile(r"""=(?:(?<=[cC][iI][tT][eE]=)|(?<=\s=)|(?<=[fcFC]=)\s*["'](?:[ ]|[^"'<>]*(?:[\t\n\r]|[ ]["'])))""")
#: Elements whose content is no text of the page, or was written for nobody to see.
HIDDEN = words("datalist select template textarea title")
#: Elements whose content would come out as source: all, but in broken tags, have other names by then.
SOURCE = words("noembed noframes noscript script style xmp")
_DROPPED = {"annotation", "annotation-xml", "iframe", *HIDDEN, *SOURCE}
#: Making a cleaner takes longer than cleaning a short text, and each base needs its own: this one serves all texts
#: without attributes.
_OPTIONS: dict[str, Any] = {
    "tags": TAGS, "attributes": ATTRIBUTES, "clean_content_tags": _DROPPED, "url_schemes": {"http", "https", "mailto"},
}  # fmt: skip
_CLEANER = nh3.Cleaner(**_OPTIONS, url_relative="deny")
_TEXT_CLEANER = nh3.Cleaner(tags=set(), clean_content_tags=_DROPPED | {"audio", "video"})


def safe_html(html: str, base: str) -> str:
    """Return HTML that is safe to show anywhere. base: the URL that relative ones are resolved against."""
    if "=" not in html:
        return _CLEANER.clean(html)
    if not _MAYBE.search(html):
        return _cleaned(html, base)
    lower = html.lower()
    if not (_CITES.search(lower) or _SPACED.search(lower)):
        return _cleaned(html, base)
    mended = _cleaned(html, base, attributes=CITED, attribute_filter=partial(_mended, base))
    return _cleaned(mended, base, attributes=CITED)  # once more, since nh3 doesn't check what a filter returns


def _cleaned(html: str, base: str, **more: Any) -> str:
    options = {**_OPTIONS, **more}
    try:
        return nh3.clean(html, url_relative=("rewrite_with_base", base), **options)
    except ValueError:  # nh3 can't resolve URLs against this base
        return nh3.clean(html, url_relative="deny", **options)


def safe_text(html: str) -> str:
    """Return the text of HTML, as HTML without elements."""
    return _TEXT_CLEANER.clean(html)


def web_address(address: str, base: str) -> str:
    """Return a web address, resolved and normalised; an empty text for none, such as `#`, `about:blank` or `data:,`."""
    address = address.strip()
    try:
        return "" if not address or address.startswith("#") else web_url(urljoin(base, address))
    except ValueError:
        return ""


def _mended(base: str, element: str, name: str, value: str) -> str | None:
    """Return the value of an attribute, an address without spaces; of `cite`, the address that it is, or None."""
    if name == "cite":
        return web_address(value, base) or None
    # Browsers leave out this white space, and no other.
    return re.sub(r"[\t\n\r]", "", value).strip(" ") if name in ("href", "src") else value
