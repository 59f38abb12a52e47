"""What holds for any bytes of a record file, and for any address of a feed with its filters."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec
from lxml import etree, html

from feedsvc.config import parse_config
from feedsvc.errors import FilterError
from feedsvc.feeds.documents import Documents
from feedsvc.formats.content import Context
from feedsvc.formats.feedgen_templates import write_entry
from feedsvc.index.owner import Owner
from feedsvc.index.sqlite import SqliteDatabase
from feedsvc.model import MAX_LIMIT, NO_FILTERS, Entry, FeedAddress, Story, make_labels, parse_feed_path, parse_filters
from feedsvc.records.origins import explain_file
from feedsvc.records.problems import MAX_PROBLEMS
from feedsvc.records.reading import parse_file
from feedsvc.records.registry import suffixes
from feedsvc.records.sources import Source, default_source, find_sources
from feedsvc.text import host_name, slug, web_url

#: The characters of XML 1.0 (section 2.2), but for control characters that are no white space.
XML_TEXT = re.compile("[\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
FOLDER = Path("/nowhere")
ELSEWHERE = Source(site="https://site.example/blog", timezone="America/New_York")
DOCUMENTS = Documents(
    SqliteDatabase(FOLDER, Owner("")),
    parse_config(
        {"feeds": {"min_quality": 5}, "custom": [{"name": "Saved", "topic": ["AI"], "min_quality": 7}]}, FOLDER
    ),
)
#: Those that records are read by: mappings, templates, presets.
SOURCES: tuple[Source, ...] = (
    default_source(),
    ELSEWHERE,
    *(
        find_sources(parse_config({"records": {"site": "https://b.example/x", **records}}, FOLDER))[0]
        for records in (
            {"preset": "jekyll", "timezone": "Europe/Berlin"},
            {"preset": "zola"},
            {
                "items": "x.y",
                "fields": {
                    "title": ["x.0.title", "{title} {tags.name|lower}", "{slug|slug}"],
                    "webUrl": ["$.link", "{site}/{year}/{month}/{day}/{categories}/{title|slug}/{x}"],
                    "provider": ["x.y", "=P"],
                    "topics": ["x.x.x", "tags"],
                    "featuredContent": ["x", "body_markdown", "{text}"],
                    "related": "x",
                },
            },
        )
    ),
)


def check_file(data: bytes) -> int:
    """Assert what holds for any record file, and return the number of its records.

    The first byte chooses its suffix, and its source.
    """
    choice, suffix = divmod(data[0] if data else 0, len(suffixes()))
    name = f"a{suffixes()[suffix]}"
    source = SOURCES[choice % len(SOURCES)]
    content = parse_file(name, data[1:], source)
    lines = len(re.findall(rb"\r\n|\r|\n", data)) + 1
    assert len(content.problems) <= MAX_PROBLEMS + 1
    for problem in content.problems:
        assert 1 <= problem.line <= lines, problem
        assert str(problem).startswith(f"{name}:{problem.line}: ")
        assert not CONTROL.search(str(problem)), problem
        assert len(str(problem)) < 1000
    for record in content.records:
        for story in (record.story, *record.related):
            check_story(story)
        urls = [story.url for story in (record.story, *record.related)]
        assert len(set(urls)) == len(urls)
    check_origins(name, data[1:], source, len(content.records))
    return len(content.records)


def check_origins(name: str, data: bytes, source: Source, records: int) -> None:
    """Assert that the fields of each record of a file are explained, in short lines."""
    origins = explain_file(name, data, source)
    assert len(origins.records) == records
    for line in (*origins.refused, *(line for lines in origins.records for line in lines)):
        assert len(line) < 2000


def check_story(story: Story) -> None:
    """Assert that every value of a story is clean, and that feeds can hold it."""
    assert msgspec.json.decode(msgspec.json.encode(story), type=Story) == story
    assert story.updated >= story.published
    for text in texts(json.loads(msgspec.json.encode(story))):
        assert XML_TEXT.fullmatch(text), text
    provider, image = story.provider, story.image
    urls = [
        provider.url,
        story.url,
        story.amp_url,
        story.cdn_amp_url,
        image and image.url,
        provider.image and provider.image.url,
    ]
    for url in filter(None, urls):
        assert url.isascii()
        assert web_url(url.replace("&", "&amp;")) == url  # as HTML would write it, so that no entity emerges
        assert not re.search(r"[\s<>\"{}|\\^`]|%(?![0-9A-Fa-f]{2})", url), url
    for name in (provider, *story.topics):
        assert name.slug == slug(name.slug) == slug(name.name)
    assert len({topic.slug for topic in story.topics}) == len(story.topics)
    if provider.domain and not provider.domain.startswith("["):
        assert host_name(provider.domain) == provider.domain
    plain = [story.title, story.excerpt, story.type, story.category, provider.name, image.title if image else ""]
    for text in (*plain, *story.authors, *story.publishers, *(topic.name for topic in story.topics)):
        assert text == " ".join(text.split())
    assert all((story.title, provider.name, *story.authors, *story.publishers))
    for moment in (story.published, story.updated):
        assert (moment.tzinfo, moment.microsecond) == (UTC, 0)
    check_html(story.content_html)
    entry = Entry(story, provider, story.topics)
    for format in ("atom", "rss"):
        etree.fromstring(
            b'<x xmlns:media="m" xmlns:dc="d" xmlns:content="c" xmlns:atom="a">'
            + write_entry(format, entry, Context("http://f", "en", make_labels("en", {})))
            + b"</x>"
        )


#: Elements that run, hold others' pages, or whose content a parser takes for text or hides.
FORBIDDEN = (
    "script style iframe object embed form base meta svg video audio source noscript noembed noframes xmp plaintext textarea title template "
    "select option frame frameset applet annotation annotation-xml link"
).split()
#: Attributes of HTML that hold an address.
ADDRESSES = (
    "action archive attributionsrc background cite classid codebase data dynsrc formaction href icon imagesrcset itemid longdesc lowsrc manifest "
    "ping poster profile src srcset usemap xlink:href"
).split()


def check_html(content: str) -> None:
    """Assert that nothing in HTML can run or is source, that it links to web and mail addresses alone, and that pictures have one."""
    for element in html.fragment_fromstring(content, create_parent="div").iter():
        assert element.tag not in FORBIDDEN, content
        assert element.tag != "img" or element.get("src"), content
        for name, value in element.items():
            assert not name.startswith(("on", "data-")) and name != "style"
            if name in ADDRESSES:
                assert name in ("href", "src", "cite")
                assert re.match("https?:" if name != "href" else "(https?|mailto):", value, re.IGNORECASE), value


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


def check_address(address: str) -> str | None:
    """Assert what holds for any address that a client may send. Return the canonical one, or None if it is refused."""
    path, _, query = address.partition("?")
    path, pairs = unquote(path), parse_qsl(query)
    try:
        filters = parse_filters(pairs)
    except FilterError as error:
        assert re.match("[a-z_]+: .* can't be used; expected ", str(error))
        assert len(str(error)) < 1000
        assert not CONTROL.search(str(error))
        return None
    for field in ("topic", "provider", "without_topic", "without_provider"):
        assert all(name == slug(name) for name in filters.get(field) or ())
    assert 1 <= (filters.get("limit") or 1) <= MAX_LIMIT
    assert (filters.get("since") or date.min) <= (filters.get("until") or date.max)
    assert XML_TEXT.fullmatch("".join(filters.labels))
    assert parse_filters(parse_qsl(filters.query)) == filters
    assert parse_filters(reversed(pairs)) == filters  # the order of different parameters does not matter
    canonical = DOCUMENTS.parse(path, query)
    if not canonical:
        return None
    assert canonical.path == path or query
    assert not canonical.is_moved or query
    again = DOCUMENTS.parse(canonical.path, canonical.query)
    assert again == canonical
    assert not again.is_moved
    if canonical.feed:
        check_feed_address(canonical.feed)
    return canonical.target


def check_feed_address(feed: FeedAddress) -> None:
    assert parse_feed_path(feed.path()) == feed.filtered(NO_FILTERS)
    assert parse_feed_path(feed.feed_path) == FeedAddress(feed.kind, feed.slug)
    if not CONTROL.search(feed.slug):
        url = feed.url("https://feeds.example", ".atom")
        assert url.isascii()
        assert not re.search(r"[\s<>\"]", url)
