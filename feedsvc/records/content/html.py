"""Tells HTML from text: which `<` begin a tag, and which are part of what somebody wrote."""

import re


def words(text: str) -> frozenset[str]:
    """Return the words of a text, which names elements."""
    return frozenset(text.split())


#: The address of a link that can't be known. It is dropped when the text is cleaned, as any other of its scheme is.
UNKNOWN_ADDRESS = "unknown:"
#: The elements of HTML, of today and of the past, the roots of SVG and MathML, and what MathML has without a content.
ELEMENTS = words(
    """
    a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote body br
    button canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed
    fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img
    input ins isindex kbd keygen label legend li link listing main map mark marquee math menu menuitem meta meter nav
    nobr noembed noframes noscript object ol optgroup option output p param picture plaintext pre progress q rb rbc rp
    rt rtc ruby s samp script search section select slot small source spacer span strike strong style sub summary sup
    svg table tbody td template textarea tfoot th thead time title tr track tt u ul var video wbr xmp mprescripts mspace
    """
)
#: Elements without an end tag, or whose end tag may be left out.
_UNCLOSED = words(
    """
    area base basefont bgsound body br col colgroup dd dt embed frame head hr html img input keygen li link meta option
    p param source spacer tbody td tfoot th thead tr track wbr mprescripts mspace
    """
)
#: A quotation mark begins a value only after `=`: elsewhere, as in `alt=don't`, it is part of a name or value. Without
#: a limit, tags that aren't closed would take time that grows with the square of their number.
_ATTRIBUTES = r"""(?:\s(?:[^<>=]++|=\s*+(?:"[^"]*"|'[^']*'|(?!["'])[^\s<>]*+)){0,1000}+)?"""
#: A tag, or a `<` that could begin one but isn't followed by a whole tag: the `/` of an end tag, name, attributes, `>`.
TAG = re.compile(rf"<(/?)([a-zA-Z][\w.-]*(?::[a-zA-Z][\w.-]*)?)(?:({_ATTRIBUTES})/?(>))?", re.ASCII)
#: What TAG has for a name, and more than that only where no element has the name; also in the attributes of tags.
_ANY_NAME = re.compile(r"</?([a-zA-Z][\w.:-]*)", re.ASCII)
_COMMENT = re.compile("<!--.*?-->", re.DOTALL)


def is_html(text: str) -> bool:
    """Return whether a text holds an HTML element's tag.

    `<T>` and `<jane@example.org>` are none. A tag without attributes counts only if its element is closed, too, unless
    it needn't be: `the <title> element` is no HTML.
    """
    opened = set()
    for tag in TAG.finditer(text):
        closes, name, attributes, end = tag.groups("")
        name = name.lower()
        if not end or not _is_element(name):
            continue
        if closes:
            if name in opened:
                return True
        elif "=" in attributes or name in _UNCLOSED:
            return True
        else:
            opened.add(name)
    return False


def without_comments(text: str) -> str:
    """Return a text without HTML's comments. One that has no end is text."""
    if "<!--" not in text:
        return text
    # After the last end, searching for another one from each beginning would take long.
    end = text.rfind("-->") + len("-->") if "-->" in text else 0
    return _COMMENT.sub("", text[:end]) + text[end:]


def escape_text(html: str, *, is_mixed: bool = False) -> str:
    """Return HTML in which each `<` that begins no tag is escaped, so that a parser doesn't drop what follows it.

    It begins none before a name that is no element's, unless a whole tag with attributes, or an end tag, follows.
    is_mixed: whether HTML stands in other text, so that the same holds for HTML's elements that are never closed.
    """
    # Most HTML holds nothing but the elements of HTML.
    if not is_mixed and ELEMENTS.issuperset(_ANY_NAME.findall(html)):
        return html
    tags = TAG.findall(html)
    closed = closed_elements(tags)
    if {name for _, name, _, _ in tags} <= (_UNCLOSED | (closed & ELEMENTS) if is_mixed else ELEMENTS):
        return html

    def escape(match: re.Match[str]) -> str:
        name, is_whole = match[2].lower(), bool(match[4])
        is_known = _is_element(name)
        if is_known and (name in _UNCLOSED or not is_mixed):
            return match[0]
        is_alone = is_whole and not match[1] and not match[3].strip() and name not in closed
        return f"&lt;{match[0][1:]}" if is_alone or not (is_whole or is_known) else match[0]

    return TAG.sub(escape, html)


def closed_elements(tags: list[tuple[str, str, str, str]]) -> set[str]:
    """Return the names of the elements that have an end tag, of tags as TAG finds them."""
    return {name.lower() for closes, name, _, end in tags if closes and end}


def _is_element(name: str) -> bool:
    """Return whether a name is that of an element of HTML, of a custom one, or of one in a namespace."""
    return name in ELEMENTS or "-" in name or ":" in name
