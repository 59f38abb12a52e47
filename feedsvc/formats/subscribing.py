"""How readers and browsers find the feed of a page, as HTML, which every page has: no template, as `stories` are."""

from collections.abc import Iterable

from markupsafe import Markup, escape

from feedsvc.formats.stories import english_in
from feedsvc.model import Catalogue, Feed, FeedAddress, Format


def alternates(address: FeedAddress, title: str, site: Feed | Catalogue, formats: Iterable[Format]) -> Markup:
    """Return the links to a feed in formats, for the head of a page. title: of the feed."""
    shown = escape(title)
    return Markup(
        "".join(
            [
                f'<link rel="alternate" type="{format.media_type}" title="{shown} ({escape(format.label)})" '
                f'href="{escape(address.url(site.base_url, format.suffix))}">\n'
                for format in formats
            ]
        )
    )


def subscribe(address: FeedAddress, site: Feed | Catalogue) -> Markup:
    """Return the section of a page that asks to subscribe to a feed."""
    return Markup(
        f'<section class="subscribe" aria-labelledby="subscribe"{english_in(site.language)}>\n'
        '<h2 id="subscribe">Subscribe</h2>\n'
        "<p>A feed brings new stories to your feed reader as they are published. Give it this address:</p>\n"
        f"{addresses(address, site)}\n</section>\n"
    )


def addresses(address: FeedAddress, site: Feed | Catalogue, id: str = "address") -> Markup:
    """Return the addresses of a feed: the one to take, in Atom where it is published, and the others folded.

    id: what the ids of their elements begin with.
    """
    url_of = {format.name: escape(address.url(site.base_url, format.suffix)) for format in site.formats}
    format = next((format for format in site.formats if format.name == "atom"), site.formats[0])
    url = url_of[format.name]
    parts = [
        f'<p class="address">\n{_copied(url, format, id)}\n</p>\n',
        f'<p><a class="open" href="feed:{url}">Open in reader</a></p>\n',
    ]
    if len(site.formats) > 1:
        parts.append('<details>\n<summary>Other formats</summary>\n<dl class="formats">\n')
        for other in site.formats:
            if other.name != format.name:
                advice = f' <span class="facts">{escape(other.advice)}</span>' if other.advice else ""
                parts.append(f"<dt>{escape(other.label)}{advice}</dt>\n")
                parts.append(f'<dd class="address">\n{_copied(url_of[other.name], other, id)}\n</dd>\n')
        parts.append("</dl>\n</details>\n")
    return Markup("".join(parts))


def _copied(url: Markup, format: Format, id: str) -> str:
    """Return an address with a button that copies it."""
    return (
        f'<code id="{id}-{format.name}">{url}</code>\n'
        f'<button type="button" data-copy="{id}-{format.name}" aria-label="Copy the {escape(format.label)} address" '
        "hidden>Copy</button>\n"
    )
