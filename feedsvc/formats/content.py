"""An entry's HTML content: picture, excerpt, the story's own content, and the related stories."""

from html import escape

from feedsvc.model import Entry, Related


def entry_html(entry: Entry) -> str:
    """The content that readers show. It ends in the related stories, since few readers show `rel="related"` links."""
    story = entry.story
    parts = []
    if story.image:
        picture = f'<img src="{escape(story.image.url)}" alt="{escape(story.image.title)}">'
        parts.append(f'<p><a href="{escape(story.url)}">{picture}</a></p>')
    if story.excerpt:
        parts.append(f"<p>{_text(story.excerpt)}</p>")
    parts.append(story.content_html)
    parts.append(_links("Related stories", entry.related))
    parts.append(_links("Mentioned by", entry.mentioned_by))
    return "".join(parts)


def html_title(title: str) -> str:
    """A title with markup characters as HTML, since readers take plain ones for HTML, too; empty for any other."""
    return _text(title) if "<" in title or "&" in title else ""


def _links(heading: str, links: tuple[Related, ...]) -> str:
    if not links:
        return ""
    items = (
        f'<li><a href="{escape(link.url)}">{_text(link.title)}</a> ({_text(link.provider)})</li>' for link in links
    )
    return f"<p>{heading}:</p><ul>{''.join(items)}</ul>"


def _text(value: str) -> str:
    return escape(value, quote=False)
