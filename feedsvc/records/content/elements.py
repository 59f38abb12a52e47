"""Puts elements that all feed readers know in place of others, so that words stay apart and none is lost."""

import re

from feedsvc.records.content.html import TAG, closed_elements, words
from feedsvc.records.content.sanitizer import FORMULAS, HIDDEN

_NAME = re.compile("<([a-zA-Z][a-zA-Z0-9-]*)")
#: Elements that readers don't know, and those whose content a parser takes for text, where browsers show it as HTML.
_OTHER_NAMES = {
    **dict.fromkeys(words("address dialog fieldset form legend main marquee search section"), "div"),
    **dict.fromkeys(("dir", "menu"), "ul"),
    **dict.fromkeys(("listing", "plaintext", "xmp"), "pre"),
    **dict.fromkeys(("noembed", "noframes", "noscript"), "x-noscript"),
    "amp-anim": "img", "amp-audio": "audio", "amp-iframe": "iframe", "amp-img": "img", "amp-video": "video",
}  # fmt: skip
#: Pictures that may have a content.
_PICTURES = words("amp-anim amp-img")
#: Elements that stand apart from the words beside them.
_APART = words("applet button canvas input keygen label meter object optgroup option output progress select textarea")
#: Elements that aren't kept, unlike their content, and what stands in place of one with a language or a direction.
_PLAIN = {
    **dict.fromkeys(("body", "html"), "div"),
    **dict.fromkeys(words("big blink button font label nobr slot"), "span"),
}
_LANGUAGE = re.compile(r"\s(?:dir|lang)\s*=", re.IGNORECASE)
#: Elements whose content isn't kept. Without an end tag they would take all that follows with them.
_WHOLE = words("amp-audio amp-iframe amp-video audio iframe math svg video")
#: Elements of SVG and MathML, with which nh3 drops their content where they stand in HTML.
_FOREIGN = FORMULAS - {"math"} | words(
    """
    animate annotation circle defs desc discard ellipse filter g line maction marker mask menclose metadata mfenced
    mpath none path pattern polygon polyline rect set stop switch symbol text tspan use view
    """
)
_CHANGED = frozenset({*_OTHER_NAMES, *_APART, *HIDDEN, *_WHOLE, *_FOREIGN})
#: Elements that begin a line in browsers, but not in every reader.
_BLOCKS = words("article aside caption center details div figcaption figure footer header hgroup nav summary")
_BLOCK = re.compile(rf"</?(?:{'|'.join(sorted(_BLOCKS))})(?=[\s>])", re.IGNORECASE)
_ENDS = ("</p>", "</ul>", "</ol>", "</div>", "</pre>", "</table>", "</blockquote>", "</figcaption>", "</figure>")


def element_names(html: str) -> set[str]:
    """Return the names of the elements in HTML, and of what looks like one."""
    return {name.lower() for name in _NAME.findall(html)}


def with_known_elements(html: str, names: set[str]) -> str:
    """Return HTML with elements that all readers know in place of others, and spaces between words of different ones.

    Elements without an end tag whose content isn't kept are closed at once, or are text, and tags of SVG and MathML
    that stand outside of either are left out, so that nothing is lost. names: those of the elements.
    """
    plain = [name for name in names if name in _PLAIN or "-" in name]
    if not names.isdisjoint(_CHANGED) or (plain and _LANGUAGE.search(html)):
        html = _known_elements(html)
    elif names.isdisjoint(_BLOCKS):
        return html
    return _BLOCK.sub(_apart, html)


def _known_elements(html: str) -> str:
    tags = TAG.findall(html)
    closed = closed_elements(tags)
    spoken = {name.lower() for _, name, attributes, _ in tags if _LANGUAGE.search(attributes)}
    others = {name: _PLAIN.get(name, "span") for name in spoken if name in _PLAIN or "-" in name} | _OTHER_NAMES
    open_roots = 0

    def known(tag: re.Match[str]) -> str:
        nonlocal open_roots
        closes, written, _, is_whole = tag.groups()
        name = written.lower()
        text = tag[0]
        if not is_whole:
            return text
        is_alone = not closes and (name not in closed or text.endswith("/>"))
        if name in ("math", "svg") and not is_alone:
            open_roots += -1 if closes else 1
        if name in _FOREIGN and open_roots <= 0:
            return ""
        if is_alone and name in HIDDEN:
            return " " if tag[3] or text.endswith("/>") else f"&lt;{text[1:]}"
        if name in others:
            text = f"<{closes}{others[name]}{text[len(closes) + len(written) + 1 :]}"
        if name in _PICTURES and not is_alone:  # its content is for readers without scripts, or what a script put there
            text = "</x-noscript>" if closes else f"{text}<x-noscript>"
        if is_alone and name in _WHOLE:
            text += f"</{others.get(name, name)}>"
        return f" {text}" if name in _APART else text

    return TAG.sub(known, html)


def _apart(tag: re.Match[str]) -> str:
    """Return a tag, after a space if a word or the end of an element within a line stands before it."""
    html, start = tag.string, tag.start()
    before = html[start - 1 : start]
    if before == ">":
        is_apart = html[html.rfind("<", 0, start) + 1] != "/" or html.endswith(_ENDS, 0, start)
    else:
        is_apart = not before or before.isspace()
    return tag[0] if is_apart else f" {tag[0]}"
