"""Rewrites HTML for feed readers, which run no scripts and have few players.

Pictures that a script would load, players, drawings and formulas become pictures, links and text, which every reader
shows. nh3 parses the HTML, and writes all of it in one way, so that patterns find whole elements. What comes out isn't
safe yet: it is cleaned afterwards.
"""

import re
from functools import partial
from html import escape, unescape

import nh3

from feedsvc.records.content.html import words
from feedsvc.records.content.sanitizer import CITED, HIDDEN, SOURCE, TAGS, web_address

#: Attributes with the address of a picture that a script would load, the best ones first.
_LAZY = (
    "data-src", "data-lazy-src", "data-original", "data-original-src", "data-orig-src", "data-actualsrc", "data-cfsrc",
    "data-ezsrc",
)  # fmt: skip
_LAZY_SETS = ("data-srcset", "data-lazy-srcset")
_SETS = (*_LAZY_SETS, "srcset")
#: It begins with what is seldom in HTML, rather than with the white space before that.
_LAZY_ATTRIBUTE = re.compile(
    rf"-(?<=\sdata-)(?:{'|'.join(name.removeprefix('data-') for name in (*_LAZY, *_LAZY_SETS))})\s*=", re.IGNORECASE
)
_MEDIA = words("applet audio bgsound embed iframe object param video")
#: The elements that HTML is rewritten for, by the names that its author gave them.
_REWRITTEN = _MEDIA | words(
    "amp-anim amp-audio amp-iframe amp-img amp-video math noembed noframes noscript svg x-noscript"
)
_KEPT: dict[str, set[str]] = {
    **{name: {"data", "data-poster", "name", "poster", "src", "type", "value", *_LAZY} for name in _MEDIA},
    **{name: {"src", "srcset", *_LAZY, *_LAZY_SETS} for name in ("img", "source")},
    "annotation": {"encoding"}, "math": {"alttext"}, "svg": {"aria-label"}, "title": set(),
}  # fmt: skip
#: Keeps what is safe, and what is rewritten, with any address.
_PARSER = nh3.Cleaner(
    tags=TAGS | _KEPT.keys() | {"picture", "x-noscript"},
    attributes=CITED | {name: CITED.get(name, set()) | names for name, names in _KEPT.items()},
    clean_content_tags=(HIDDEN | SOURCE) - _KEPT.keys(),
    url_schemes={"http", "https", "mailto"},
)

# Elements as nh3 writes them.
_ATTRIBUTE = re.compile(r' ([^ ="<>]+)="([^"]*)"')
_ATTRIBUTES = r'((?: [^ ="<>]+="[^"]*")*)'
_FORMULA = re.compile(rf"<math{_ATTRIBUTES}>(.*?)</math>", re.DOTALL)
_ANNOTATION = re.compile(r'<annotation encoding="[^"]*tex[^"]*">(.*?)</annotation>', re.DOTALL | re.IGNORECASE)
_DRAWING = re.compile(rf"<svg{_ATTRIBUTES}>(.*?)</svg>", re.DOTALL)
_TITLE = re.compile(rf"<title{_ATTRIBUTES}>(.*?)</title>", re.DOTALL)
_FRAME = re.compile(rf"<iframe{_ATTRIBUTES}>.*?</iframe>", re.DOTALL)
_PLAYER = re.compile(rf"<(?:audio|video){_ATTRIBUTES}>(.*?)</(?:audio|video)>", re.DOTALL)
_PLUGIN = re.compile(rf"<(?:applet|bgsound|embed|object|param){_ATTRIBUTES}>")
_SOURCE = re.compile(rf"<source{_ATTRIBUTES}>")
_PICTURE = re.compile(rf"<picture{_ATTRIBUTES}>(.*?)</picture>", re.DOTALL)
_IMAGE = re.compile(rf"<img{_ATTRIBUTES}>")
_NOSCRIPT = re.compile(rf"<x-noscript{_ATTRIBUTES}>(.*?)</x-noscript>", re.DOTALL)
#: Pictures without an address, and those whose address is in the element after them, for readers without scripts.
NO_ADDRESS = re.compile(r'<img((?: (?!src=)[^ ="<>]+="[^"]*")*)>')
_REPLACED = re.compile(NO_ADDRESS.pattern + r"(?=\s*<x-noscript[^<]*<img )")
#: The parts of a list of addresses with widths or densities, which commas and white space separate.
_PART_OF_SET = re.compile(r"[^\s,]\S*")
_SIZE = re.compile(r"[\d.]+[whx](?:,|\Z)")
#: Where a picture is looked for in the content of an object.
_MAX_FALLBACK = 1000
#: The parameters of an object that hold the address of what it plays.
_ADDRESS_PARAMETERS = ("filename", "movie", "src", "url")


def needs_rewriting(html: str, names: set[str]) -> bool:
    """Return whether HTML holds what `rewritten` changes, besides pictures without an address.

    names: those of the elements.
    """
    return not names.isdisjoint(_REWRITTEN) or bool(_LAZY_ATTRIBUTE.search(html))


def rewritten(html: str, base: str) -> str:
    """Return HTML with pictures, links and text in place of what needs scripts, players or drawing.

    base: the URL that relative ones are resolved against.
    """
    html = with_words(html)
    linked: set[str] = set()
    html = _FRAME.sub(lambda frame: _link(_address(_attributes(frame[1]), ("src", *_LAZY), base), linked), html)
    html = _PICTURE.sub(partial(_picture, base), html)
    html = _IMAGE.sub(partial(_image, base, ""), html)
    html = _PLAYER.sub(partial(_player, base, linked), html)
    html = _PLUGIN.sub(partial(_plugin, base, linked), html)
    if "<x-noscript" in html:
        html = _REPLACED.sub("", html)
        shown = {_attributes(image).get("src", "") for image in _IMAGE.findall(_NOSCRIPT.sub("", html))} - {""}
        html = _NOSCRIPT.sub(lambda noscript: _unseen(noscript[2], shown), html)
    return html


def with_words(html: str, *, is_text: bool = False) -> str:
    """Return HTML as nh3 writes it, with the words of formulas and drawings in their place.

    is_text: whether other formulas are reduced to their symbols; else they stay.
    """
    html = _PARSER.clean(html)
    if "<math" in html:
        html = _FORMULA.sub(partial(_formula, is_text), html)
    return _DRAWING.sub(_drawing, html) if "<svg" in html else html


def _attributes(text: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in _ATTRIBUTE.findall(text)}


def _address(attributes: dict[str, str], names: tuple[str, ...], base: str) -> str:
    """Return the first http or https address in some attributes, resolved; else an empty text."""
    return next((found for name in names if (found := web_address(attributes.get(name, ""), base))), "")


def _first_of_set(attributes: dict[str, str], names: tuple[str, ...], base: str) -> str:
    """Return the first address in attributes of several pictures in different sizes; else an empty text."""
    parts = (part for name in names for part in _PART_OF_SET.findall(attributes.get(name, "")))
    addresses = (_SIZE.sub("", part, count=1).rstrip(",") for part in parts)
    return next((found for address in addresses if (found := web_address(address, base))), "")


def _link(address: str, linked: set[str], picture: str = "") -> str:
    """Return a link in a paragraph of its own, with a picture if there is one; nothing for an address seen before."""
    if not address or address in linked:
        return " "
    linked.add(address)
    image = f'<img src="{escape(picture)}" alt=""><br>' if picture else ""
    return f'<p><a href="{escape(address)}">{image}{escape(address)}</a></p>'


def _player(base: str, linked: set[str], player: re.Match[str]) -> str:
    attributes = _attributes(player[1])
    parts = [attributes, *(_attributes(source) for source in _SOURCE.findall(player[2]))]
    found = filter(None, (_address(part, ("src", *_LAZY), base) for part in parts))
    address = next(found, "")
    poster = _address(attributes, ("poster", "data-poster"), base)
    if address:
        return _link(address, linked, poster)
    return (f'<img src="{escape(poster)}" alt="">' if poster else " ") + player[2]


def _plugin(base: str, linked: set[str], plugin: re.Match[str]) -> str:
    """Return a link for an object or a parameter of it, or its picture unless its content, which stays, has one."""
    attributes = _attributes(plugin[1])
    if "value" in attributes:
        is_address = attributes.get("name", "").lower() in _ADDRESS_PARAMETERS
        return _link(_address(attributes, ("value",), base), linked) if is_address else ""
    address = _address(attributes, ("data", "src", *_LAZY), base)
    if address and attributes.get("type", "").startswith("image/"):
        start = plugin.end()
        content = plugin.string[start : start + _MAX_FALLBACK].partition("</object>")[0]
        return "" if plugin[0].startswith("<object") and "<img " in content else f'<img src="{escape(address)}" alt="">'
    return _link(address, linked)


def _picture(base: str, picture: re.Match[str]) -> str:
    """Return the image of a picture element, which has that of a source where it has no address of its own."""
    found = (_first_of_set(_attributes(source), _SETS, base) for source in _SOURCE.findall(picture[2]))
    return _IMAGE.sub(partial(_image, base, next(filter(None, found), "")), picture[2])


def _image(base: str, other: str, image: re.Match[str]) -> str:
    """Return an image with the address that a script would load, else its own, the first of its set, or another one."""
    attributes = _attributes(image[1])
    address = (
        _address(attributes, _LAZY, base)
        or _first_of_set(attributes, _LAZY_SETS, base)
        or _address(attributes, ("src",), base)
        or _first_of_set(attributes, ("srcset",), base)
        or other
    )
    others = {name: value for name, value in attributes.items() if name not in _KEPT["img"]}
    if address:
        others = {"src": address, **others}
    written = "".join(f' {name}="{escape(value)}"' for name, value in others.items())
    return f"<img{written}>"


def _unseen(html: str, shown: set[str]) -> str:
    """Return what readers without scripts see, without pictures that stand elsewhere, too, or that count readers."""

    def unseen(image: re.Match[str]) -> str:
        attributes = _attributes(image[1])
        is_dot = {attributes.get("width"), attributes.get("height")} <= {"0", "1"}
        return "" if is_dot or attributes.get("src") in shown else image[0]

    return _IMAGE.sub(unseen, html)


def _formula(is_text: bool, formula: re.Match[str]) -> str:
    """Return a formula as its author wrote it for those who can't see it, else as it is, or its symbols."""
    text = _attributes(formula[1]).get("alttext", "").strip()
    if not text and (annotation := _ANNOTATION.search(formula[2])):
        text = unescape(annotation[1]).strip()
    if is_text and not text:
        text = unescape(re.sub("<[^<>]*>", " ", formula[2]))
    # White space between its symbols means nothing to browsers, and keeps them apart in readers that don't know MathML.
    return _apart(formula, text) if text else re.sub("(</m[a-z]+>)(?=<)", r"\1 ", formula[0])


def _drawing(drawing: re.Match[str]) -> str:
    title = _TITLE.search(drawing[2])
    return _apart(drawing, unescape(title[2]) if title else _attributes(drawing[1]).get("aria-label", ""))


def _apart(match: re.Match[str], text: str) -> str:
    """Return a text as HTML, to stand in place of a match, with spaces where it would join the words beside it."""
    start, end = match.span()
    before, after = match.string[max(start - 1, 0) : start], match.string[end : end + 1]
    space = "" if before.isspace() or before in "([{" else " "
    return f"{space}{escape(text.strip(), quote=False)}{' ' if after.isalnum() or after == '<' else ''}"
