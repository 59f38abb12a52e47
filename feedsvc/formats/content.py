"""The HTML content of an entry: its picture, its excerpt, the content of its story, and the list of related stories."""

from html import escape

from feedsvc.model import Entry

#: The heading of the list of related stories, and how it ends where there are more.
RELATED_HEADING = "Related stories"
RELATED_LEFT_OUT = "and {number} more"


def entry_html(entry: Entry) -> str:
    """Return the content of an entry as HTML. It ends in the links, since few readers show those of `rel="related"`."""
    story, image = entry.story, entry.story.image
    values = [story.url, image.url if image else "", image.title if image else "", story.excerpt]
    for link in entry.related:
        values += (link.url, link.title, link.provider)
    # All at once, separated by a character that none of them holds.
    escaped = escape("\0".join(values), quote=False)
    texts, attributes = escaped.split("\0"), escaped.replace('"', "&quot;").replace("'", "&#x27;").split("\0")
    items = [
        f'<li><a href="{url}">{title}</a> ({provider})</li>'
        for url, title, provider in zip(attributes[4::3], texts[5::3], texts[6::3], strict=True)
    ]
    parts = []
    if image:
        url, picture, title, _ = attributes[:4]
        parts.append(f'<p><a href="{url}"><img src="{picture}" alt="{title}"></a></p>')
    if story.excerpt:
        parts.append(f"<p>{texts[3]}</p>")
    parts.append(story.content_html)
    if items:
        if entry.related_left_out:
            items.append(f"<li>{RELATED_LEFT_OUT.format(number=entry.related_left_out)}</li>")
        parts.append(f"<p>{RELATED_HEADING}:</p><ul>{''.join(items)}</ul>")
    return "".join(parts)


def html_title(title: str) -> str:
    """Return a title with `<` or `&` as HTML, since readers parse plain titles as HTML, too; else empty."""
    return escape(title, quote=False) if "<" in title or "&" in title else ""
