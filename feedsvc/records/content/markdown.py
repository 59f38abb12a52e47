"""Renders Markdown as HTML: CommonMark with tables, strikethrough and bare links, by markdown-it-py.

HTML in it is let through, since all content is cleaned afterwards. Shortcodes and template tags are left out.
"""

import re
from functools import cache
from typing import Any

from feedsvc.records.content.html import escape_text
from feedsvc.records.content.shortcodes import without_shortcodes

#: Text in deeper lists and quotes is left out.
_MAX_NESTING = 100
#: More are refused: each takes some 40 microseconds.
_MAX_MARKS = 50_000
_MARK = re.compile(r"[\[\]()|*_`<&~]")
#: Bare links are looked for in time that grows with the square of the length of a word.
_LONG_WORD = re.compile(r"\S{2000}")
#: HTML that begins a text, which is most likely all HTML: its indented lines are no code.
_BEGINS_WITH_BLOCK = re.compile(
    r"\s*<(?:!doctype|html|body|article|section|main|header|div|p|table|ul|ol|dl|figure|blockquote|h[1-6])\b",
    re.IGNORECASE,
)


def markdown_html(text: str, *, is_mdx: bool = False, site: str = "") -> str:
    """Return Markdown as HTML, which isn't cleaned. Raise ValueError if it would take long. site: its address."""
    if len(_MARK.findall(text)) > _MAX_MARKS:
        raise ValueError(f"expected Markdown with at most {_MAX_MARKS:,} marks such as * and [")
    text = without_shortcodes(text, is_mdx=is_mdx, site=site)
    has_code = not is_mdx and not _BEGINS_WITH_BLOCK.match(text)
    try:
        html: str = _renderer(has_code, not _LONG_WORD.search(text)).render(text)
    except RecursionError as error:
        raise ValueError("expected Markdown of fewer levels") from error
    return escape_text(html, is_mixed=not is_mdx).strip()


@cache
def _renderer(has_code: bool, has_bare_links: bool) -> Any:
    """Return a renderer. has_code: whether indented lines are code. has_bare_links: whether addresses become links."""
    from linkify_it import LinkifyIt
    from markdown_it import MarkdownIt  # takes 100 ms to load, and most commands render nothing
    from markdown_it.rules_block import reference
    from markdown_it.rules_inline import linkify

    class BareLinks(LinkifyIt):  # type: ignore[misc]  # it has no types
        """Looks for addresses where there may be one: to look everywhere takes a third of the time of rendering."""

        def pretest(self, text: str) -> bool:
            return _may_hold_address(text) and bool(super().pretest(text))

        def test(self, text: str) -> bool:
            return _may_hold_address(text) and bool(super().test(text))

    def reference_but_footnote(state: Any, line: int, end: int, silent: bool) -> bool:
        is_footnote = state.src.startswith("[^", state.bMarks[line] + state.tShift[line])
        return not is_footnote and reference(state, line, end, silent)

    def linkify_aloud(state: Any, silent: bool) -> bool:
        # Silently, while the end of [ ] is looked for, the rule takes what is before [ for the scheme: what it then
        # finds is no link, and may end before it begins, which is a RuntimeError.
        return not silent and linkify(state, silent)

    renderer: Any = MarkdownIt("commonmark", {"html": True, "linkify": has_bare_links, "maxNesting": _MAX_NESTING})
    renderer.validateLink = lambda address: True  # a link that is refused stays in the text as it was written
    renderer.enable(["table", "strikethrough", "linkify"])
    renderer.block.ruler.at("reference", reference_but_footnote)
    renderer.inline.ruler.at("linkify", linkify_aloud)
    renderer.linkify = BareLinks(options={"fuzzy_link": False, "fuzzy_email": False})  # README.md is no address
    if not has_code:
        renderer.disable("code")
    return renderer


def _may_hold_address(text: str) -> bool:
    """Return whether a text holds what all addresses with a scheme hold, and those that begin with `//`."""
    return "//" in text or "mailto:" in text.lower()
