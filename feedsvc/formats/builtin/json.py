"""JSON Feed 1.1 (https://jsonfeed.org/version/1.1), whose extension `_feedsvc` holds what it has no field for."""

from collections.abc import Sequence
from typing import Any

import msgspec

from feedsvc.formats.content import Context, entry_html
from feedsvc.formats.times import rfc3339
from feedsvc.model import Cluster, Entry, Feed, Format, Link


def write_json(feed: Feed) -> bytes:
    """Return the feed in JSON Feed 1.1."""
    context = Context.of(feed)
    value = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.page_url,
        "feed_url": feed.url(FORMAT),
        "description": feed.description,
        "next_url": feed.next_url(FORMAT) or None,
        "icon": feed.image.url if feed.image else None,
        "authors": [{"name": feed.author, "url": f"{feed.base_url}/"}],
        "language": feed.language,
        "hubs": [{"type": "WebSub", "url": feed.hub}] if feed.hub else None,
        "items": [_item(entry, context) for entry in feed.entries],
    }
    return msgspec.json.encode(_known(value))


def _item(entry: Entry, context: Context) -> dict[str, Any]:
    story, provider = entry.story, entry.provider
    extension = {
        "provider": _known({"name": provider.name, "slug": provider.slug, "url": provider.url}),
        "type": story.type,
        "category": story.category,
        "quality": story.quality,
        "heat": story.heat,
        "amp_url": story.amp_url,
        "cdn_amp_url": story.cdn_amp_url,
        "publishers": list(story.publishers),
        **(_cluster(entry.cluster, entry.related) if entry.cluster else _related(entry)),
    }
    return _known(
        {
            "id": story.url,
            "url": story.url,
            "title": story.title,
            "content_html": entry_html(entry, context).content.decode(),
            "summary": story.excerpt,
            "image": story.image.url if story.image else None,
            "date_published": rfc3339(story.published),
            "date_modified": rfc3339(entry.updated),
            "authors": [
                *({"name": name} for name in entry.persons),
                _known({"name": provider.name, "url": provider.url}),
            ],
            "language": entry.language_in(context.language),
            "tags": [topic.name for topic in entry.topics],
            "_feedsvc": _known(extension),
        }
    )


def _related(entry: Entry) -> dict[str, Any]:
    return {"related": list(map(_linked, entry.related)), "related_total": entry.related_total or None}


def _cluster(cluster: Cluster, related: Sequence[Link]) -> dict[str, Any]:
    """Return what an entry has as a cluster, whose members apart from its own story are its related stories."""
    members = list(map(_linked, related))
    return {"cluster": _known({"size": cluster.size, "providers": list(cluster.providers), "members": members})}


def _linked(link: Link) -> dict[str, Any]:
    value = {"url": link.url, "title": link.title, "provider": link.provider}
    if link.published:  # it joined the cluster
        value |= _known({"published": rfc3339(link.published), "excerpt": link.excerpt})
    return value


def _known(value: dict[str, Any]) -> dict[str, Any]:
    """Return the mapping without unknown and empty values, except those that JSON Feed requires."""
    required = ("items", "content_html")
    return {key: item for key, item in value.items() if item or item == 0 or key in required}


FORMAT = Format("json", ".json", "application/feed+json", "JSON Feed", write_json, is_paged=True)
