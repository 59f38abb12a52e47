"""How readers and browsers find the feed of a page, as HTML: no template, which takes a while to compile."""

from collections.abc import Sequence

from markupsafe import Markup, escape

from feedsvc.formats.page_stories import english_in
from feedsvc.model import Format


def alternates(url: str, filters: str, title: str, formats: Sequence[Format]) -> Markup:
    """Return the links to a feed in formats, for the head of a page.

    url: of the feed, without suffix and filters. filters: as in addresses. title: of the feed.
    """
    shown = escape(title)
    return Markup(
        "".join(
            [
                f'<link rel="alternate" type="{format.media_type}" title="{shown} ({escape(format.label)})" '
                f'href="{_url(url, format, filters)}">\n'
                for format in formats
            ]
        )
    )


def subscribe(url: str, filters: str, formats: Sequence[Format], language: str) -> Markup:
    """Return the section of a page that asks to subscribe to a feed. language: of the page."""
    return Markup(
        f'<section class="subscribe" aria-labelledby="subscribe"{english_in(language)}>\n'
        '<h2 id="subscribe">Subscribe</h2>\n'
        "<p>A feed brings new stories to your feed reader as they are published. Give it this address:</p>\n"
        f"{addresses(url, filters, formats)}\n</section>\n"
    )


def addresses(url: str, filters: str, formats: Sequence[Format], id: str = "address") -> Markup:
    """Return the addresses of a feed: the one to take, in Atom where it is published, and the others folded.

    id: what the ids of their elements begin with.
    """
    url_of = {format.name: _url(url, format, filters) for format in formats}
    format = next((format for format in formats if format.name == "atom"), formats[0])
    taken = url_of[format.name]
    parts = [
        f'<p class="address">\n{_copied(taken, format, id)}\n</p>\n',
        f'<p><a class="open" href="feed:{taken}">Open in reader</a></p>\n',
    ]
    if len(formats) > 1:
        parts.append('<details>\n<summary>Other formats</summary>\n<dl class="formats">\n')
        for other in formats:
            if other.name != format.name:
                advice = f' <span class="facts">{escape(other.advice)}</span>' if other.advice else ""
                parts.append(f"<dt>{escape(other.label)}{advice}</dt>\n")
                parts.append(f'<dd class="address">\n{_copied(url_of[other.name], other, id)}\n</dd>\n')
        parts.append("</dl>\n</details>\n")
    return Markup("".join(parts))


def _url(url: str, format: Format, filters: str) -> Markup:
    return escape(url) + format.suffix + (escape(f"?{filters}") if filters else "")


def _copied(url: Markup, format: Format, id: str) -> str:
    """Return an address with a button that copies it."""
    return (
        f'<code id="{id}-{format.name}">{url}</code>\n'
        f'<button type="button" data-copy="{id}-{format.name}" aria-label="Copy the {escape(format.label)} address" '
        "hidden>Copy</button>\n"
    )
