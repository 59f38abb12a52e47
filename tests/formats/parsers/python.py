"""Parsers in Python, each with an adapter that returns what the parser makes of a feed by default.

An adapter takes the path of a feed, and returns a mapping of the shape that parse.mjs prints. What the parser doesn't
give is left out.
"""

import calendar
import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

Parsed = dict[str, Any]


def _time(value: Any) -> str | None:
    """Return a time in ISO 8601: of a text, a datetime, seconds since 1970, or what feedparser parses."""
    if not value:
        return None
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    elif isinstance(value, int | float):
        value = datetime.fromtimestamp(value, UTC)
    elif not isinstance(value, datetime):
        value = datetime.fromtimestamp(calendar.timegm(value), UTC)
    return str(value.isoformat())


def _feedparser(library: Any, path: Path) -> Parsed:
    parsed = library.parse(path.read_bytes())
    return {
        "title": parsed.feed.get("title"),
        "link": parsed.feed.get("link"),
        "entries": [
            {
                "id": entry.get("id"), "title": entry.get("title"), "link": entry.get("link"),
                "published": _time(entry.get("published_parsed")), "updated": _time(entry.get("updated_parsed")),
                "authors": [author.get("name") for author in entry.get("authors", ())],
                "categories": [tag.get("label") or tag.get("term") for tag in entry.get("tags", ())],
                "summary": entry.get("summary"), "content": entry.content[0].value if entry.get("content") else None,
            }
            for entry in parsed.entries
        ],
    }  # fmt: skip


def _fastfeedparser(library: Any, path: Path) -> Parsed:
    parsed = library.parse(path.read_bytes())
    return {
        "title": parsed.feed.get("title"),
        "link": parsed.feed.get("link"),
        "entries": [
            {
                "id": entry.get("id"), "title": entry.get("title"), "link": entry.get("link"),
                "published": _time(entry.get("published")), "updated": _time(entry.get("updated")),
                "authors": [author.get("name") for author in entry.get("authors", ())] or [entry.get("author")],
                "categories": [tag.get("label") or tag.get("term") for tag in entry.get("tags") or ()],
                "summary": entry.get("description"), "content": entry["content"][0]["value"] if entry.get("content") else None,
            }
            for entry in parsed.entries
        ],
    }  # fmt: skip


def _atoma(library: Any, path: Path) -> Parsed:
    data = path.read_bytes()
    if path.suffix == ".atom":
        feed = library.parse_atom_bytes(data)
        (link,) = [link.href for link in feed.links if link.rel in (None, "alternate")]
        return {
            "title": feed.title.value,
            "link": link,
            "entries": [
                {
                    "id": entry.id_, "title": entry.title.value, "link": entry.links[0].href,
                    "published": _time(entry.published), "updated": _time(entry.updated),
                    "authors": [author.name for author in entry.authors],
                    "categories": [category.label for category in entry.categories],
                    "summary": entry.summary and entry.summary.value, "content": entry.content and entry.content.value,
                }
                for entry in feed.entries
            ],
        }  # fmt: skip
    if path.suffix == ".rss":
        feed = library.parse_rss_bytes(data)
        return {
            "title": feed.title,
            "link": feed.link,
            "entries": [
                {
                    "id": item.guid, "title": item.title, "link": item.link, "published": _time(item.pub_date),
                    "categories": item.categories, "summary": item.description, "content": item.content_encoded,
                }
                for item in feed.items
            ],
        }  # fmt: skip
    feed = library.parse_json_feed_bytes(data)
    return {
        "title": feed.title,
        "link": feed.home_page_url,
        "entries": [
            {
                "id": item.id_, "title": item.title, "link": item.url, "published": _time(item.date_published),
                "updated": _time(item.date_modified), "authors": [item.author.name] if item.author else [],
                "categories": item.tags, "summary": item.summary, "content": item.content_html,
            }
            for item in feed.items
        ],
    }  # fmt: skip


def _rss_parser(library: Any, path: Path) -> Parsed:
    feed = library.parse(path.read_bytes())
    if path.suffix == ".atom":
        head = feed.feed.content
        return {
            "title": head.title.content,
            "link": next(link.attributes["href"] for link in head.links if link.attributes["rel"] == "alternate"),
            "entries": [
                {
                    "id": entry.id.content, "title": entry.title.content, "link": entry.links[0].attributes["href"],
                    "published": _time(entry.published.content), "updated": _time(entry.updated.content),
                    "authors": [author.content.name.content for author in entry.authors],
                    "categories": [category.attributes["label"] for category in entry.categories],
                    "summary": entry.summary and entry.summary.content, "content": entry.content and entry.content.content,
                }
                for entry in (tag.content for tag in head.entries)
            ],
        }  # fmt: skip
    head = feed.channel.content
    return {
        "title": head.title.content,
        "link": head.link.content,
        "entries": [
            {
                "id": item.guid.content, "title": item.title.content, "link": item.links[0].content,
                "published": _time(item.pub_date.content),
                "categories": [category.content for category in item.categories],
                "summary": item.description and item.description.content,
            }
            for item in (tag.content for tag in head.items)
        ],
    }  # fmt: skip


def _podcastparser(library: Any, path: Path) -> Parsed:
    with path.open("rb") as stream:
        feed = library.parse(path.as_uri(), stream)
    return {
        "title": feed.get("title"),
        "link": feed.get("link"),
        "entries": [
            {
                "id": episode["guid"], "title": episode["title"], "link": episode["link"],
                "published": _time(episode["published"]), "summary": episode["description"],
                "content": episode.get("description_html"),
            }
            for episode in feed["episodes"]
        ],
    }  # fmt: skip


def _jsonfeed(library: Any, path: Path) -> Parsed:
    feed = library.Feed.parse(json.loads(path.read_text()))
    return {
        "title": feed.title,
        "link": feed.home_page_url,
        "entries": [
            {
                "id": item.id, "title": item.title, "link": item.url, "published": _time(item.date_published),
                "updated": _time(item.date_modified), "authors": [author.name for author in item.authors],
                "categories": item.tags, "summary": item.summary, "content": item.content_html,
            }
            for item in feed.items
        ],
    }  # fmt: skip


def _reader(library: Any, path: Path) -> Parsed:
    with library.make_reader(":memory:", feed_root=str(path.parent)) as reader:
        reader.add_feed(path.name)
        reader.update_feeds()
        (feed,) = reader.get_feeds()
        return {
            "title": feed.title,
            "link": feed.link,
            "entries": [
                {
                    "id": entry.id, "title": entry.title, "link": entry.link, "published": _time(entry.published),
                    "updated": _time(entry.updated), "authors": [entry.author] if entry.author else [],
                    "summary": entry.summary, "content": entry.content[0].value if entry.content else None,
                }
                for entry in reader.get_entries()
            ],
        }  # fmt: skip


#: The adapter of each parser, by the name of its distribution; and the module that it needs.
PARSERS: dict[str, tuple[str, Callable[[Any, Path], Parsed]]] = {
    "atoma": ("atoma", _atoma),
    "fastfeedparser": ("fastfeedparser", _fastfeedparser),
    "feedparser": ("feedparser", _feedparser),
    "feedparser-rs": ("feedparser_rs", _feedparser),
    "jsonfeed-util": ("jsonfeed", _jsonfeed),
    "podcastparser": ("podcastparser", _podcastparser),
    "reader": ("reader", _reader),
    "rss-parser": ("rss_parser", _rss_parser),
}


def parse(name: str, path: Path) -> Parsed:
    """Return what a parser makes of a feed, as JSON has it; where it fails, its `error`.

    Raises ModuleNotFoundError where the parser isn't installed.
    """
    module, adapter = PARSERS[name]
    library = import_module(module)
    try:
        parsed = adapter(library, path)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    return dict(json.loads(json.dumps(parsed)))
