"""The rules that every feed in Atom or RSS follows, as assertions on its XML and on what feedparser reads in it."""

import re
from collections import Counter
from datetime import datetime
from email.utils import parsedate_to_datetime
from html import unescape as html_text
from typing import Any
from urllib.parse import urlsplit

import feedparser
from lxml import etree, html

NAMESPACES = {
    "a": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "fh": "http://purl.org/syndication/history/1.0",
    "dc": "http://purl.org/dc/elements/1.1/",
    "media": "http://search.yahoo.com/mrss/",
}
ATOM = f"{{{NAMESPACES['a']}}}"
MEDIA = f"{{{NAMESPACES['media']}}}"


def texts(element: Any, path: str) -> list[str]:
    return [found if isinstance(found, str) else found.text for found in element.xpath(path, namespaces=NAMESPACES)]


def check_feed(body: bytes, self_url: str) -> Any:
    """Assert all rules on a feed or archive in Atom or RSS. Return what feedparser reads in it."""
    root = etree.fromstring(body)
    parsed = feedparser.parse(body)
    assert not parsed.bozo, parsed.bozo_exception
    if root.tag == "rss":
        _check_rss(root, self_url)
    else:
        _check_atom(root, self_url)
    _check_archive(root, self_url)
    for attribute in root.xpath("//@href | //@url | //@scheme | //@domain"):
        check_url(attribute)
    for content in texts(root, "//content:encoded | //a:content"):
        check_content(content)
    return parsed


def _check_archive(root: Any, self_url: str) -> None:
    """Assert that an archive (RFC 5005) is marked and links to the current feed, and that a current feed is not marked."""
    is_archive = bool(re.search(r"/[0-9]{4}-[0-9]{2}\.", self_url))
    assert len(root.xpath("//fh:archive", namespaces=NAMESPACES)) == is_archive
    assert not root.xpath("//fh:complete", namespaces=NAMESPACES)
    current = root.xpath(
        "/*/a:link[@rel='current']/@href | /rss/channel/a:link[@rel='current']/@href", namespaces=NAMESPACES
    )
    assert current == ([re.sub(r"/[0-9]{4}-[0-9]{2}\.", ".", self_url)] if is_archive else [])


def check_url(url: str) -> None:
    assert url.isascii(), url
    assert urlsplit(url).scheme in ("http", "https"), url
    assert urlsplit(url).hostname, url
    without_ip = re.sub(r"(?<=://)\[[0-9a-f:.]+\]", "ip", url) if "[" in url else url
    assert not re.search(r"[\s<>\"{}|\\^`\[\]]|%(?![0-9A-Fa-f]{2})", without_ip), url


def check_story_url(url: str) -> None:
    """Assert that a URL is an entry's id: normal by RFC 3986, 6.2.2 and 6.2.3."""
    check_url(url)
    parts = urlsplit(url)
    assert url.startswith(f"{parts.scheme}://{parts.netloc.lower()}/"), url
    assert not parts.netloc.endswith({"http": ":80", "https": ":443"}[parts.scheme]), url
    assert not {".", ".."} & set(parts.path.split("/")), url
    assert not re.search("%(?:[0-9A-F]?[a-f]|[46][1-9A-F]|[57][0-9A]|3[0-9]|2[DE]|5F|7E)", url), url
    assert not url.endswith(("?", "#"))
    assert ":~:" not in parts.fragment, url


def check_content(content: str) -> None:
    """Assert that content is HTML without relative URLs, styles, scripts, frames and forms."""
    fragment = html.fragment_fromstring(content, create_parent="div")
    for element in fragment.iter():
        assert element.tag not in ("script", "style", "iframe", "object", "form")
        assert "style" not in element.attrib
        assert not any(name.startswith("on") for name in element.attrib)
        for name in ("href", "src"):
            if name in element.attrib:
                check_url(element.attrib[name])


def check_times(values: list[str], parse: Any) -> None:
    for value in values:
        assert parse(value).tzinfo is not None, value


def check_unique(values: list[str]) -> None:
    assert [value for value, number in Counter(values).items() if number > 1] == []


def check_byline(names: list[str]) -> None:
    """Assert that an entry has authors, each once: the persons, and last its provider."""
    assert names
    check_unique(names)


def check_pictures(item: Any) -> None:
    """Assert that the picture of Media RSS is in the content, too: some readers show one, some the other."""
    content = html_text("".join(texts(item, "content:encoded | a:content | description")))
    for element in item.iter(f"{MEDIA}content", f"{MEDIA}thumbnail"):
        assert element.getparent() is item
        for size in ("width", "height"):
            assert int(element.get(size, "1")) > 0
        assert element.get("url") in content


def _check_atom(feed: Any, self_url: str) -> None:
    assert feed.tag == f"{ATOM}feed"
    path, _, query = self_url.partition("?")
    feed_id = re.sub(r"(/[0-9]{4}-[0-9]{2})?\.atom$", "", path) + (f"?{query}" if query else "")
    assert texts(feed, "a:id") == [feed_id]
    assert texts(feed, "a:link[@rel='self']/@href") == [self_url]
    assert texts(feed, "a:link[@rel='self']/@type") == ["application/atom+xml"]
    check_unique(texts(feed, "a:link[@rel='alternate']/@type"))
    assert len(texts(feed, "a:link[@rel='alternate'][@type='text/html']/@href")) == 1
    assert len(texts(feed, "a:author/a:name")) == 1
    assert texts(feed, "a:generator") == ["feedsvc"]
    check_times(texts(feed, "//a:updated | //a:published"), datetime.fromisoformat)
    check_unique(texts(feed, "a:entry/a:id"))
    assert all(texts(feed, "//a:title | //a:name | //a:category/@term | //a:category/@label"))
    updated = texts(feed, "a:entry/a:updated") or ["1970-01-02T00:00:00+00:00"]
    assert texts(feed, "a:updated") == [max(updated)]
    assert texts(feed, "a:entry/a:published") == sorted(texts(feed, "a:entry/a:published"), reverse=True)
    for entry in feed.iter(f"{ATOM}entry"):
        (alternate,) = entry.xpath("a:link[not(@rel) or @rel='alternate']/@href", namespaces=NAMESPACES)
        assert texts(entry, "a:id") == [alternate]
        check_story_url(alternate)
        check_byline(texts(entry, "a:author/a:name"))
        assert not texts(entry, "a:author[position() < last()]/a:uri | a:contributor/a:name")
        assert len(texts(entry, "a:updated")) == len(texts(entry, "a:published")) == 1
        assert set(texts(entry, "a:link[@rel]/@rel")) <= {"related"}
        assert all(texts(entry, "a:link[@rel='related']/@title"))
        assert not texts(entry, "a:source")
        (title,) = entry.xpath("a:title", namespaces=NAMESPACES)
        if title.get("type") == "html":
            assert "<" not in title.text
        else:
            assert not {"<", "&"} & set(title.text)
        assert texts(entry, "a:summary/@type") in ([], ["html"])
        check_pictures(entry)


def _check_rss(rss: Any, self_url: str) -> None:
    assert rss.get("version") == "2.0"
    (channel,) = rss
    assert texts(channel, "a:link[@rel='self']/@href") == [self_url]
    assert texts(channel, "a:link[@rel='self']/@type") == ["application/rss+xml"]
    for name in ("title", "link", "description", "language", "generator", "lastBuildDate"):
        assert len(texts(channel, name)) == 1
    check_url(texts(channel, "link")[0])
    for image in channel.iter("image"):
        assert texts(image, "title") == texts(channel, "title")
        assert texts(image, "link") == texts(channel, "link")
        assert int((texts(image, "width") or ["88"])[0]) <= 144
    check_times(texts(channel, "lastBuildDate | item/pubDate"), parsedate_to_datetime)
    check_unique(texts(channel, "item/guid"))
    assert all(texts(channel, "//title | //category | //dc:creator | //source"))
    for item in channel.iter("item"):
        assert texts(item, "guid") == texts(item, "link")
        assert texts(item, "guid/@isPermaLink") == ["true"]
        check_story_url(texts(item, "link")[0])
        check_byline(texts(item, "dc:creator"))
        assert len(texts(item, "pubDate")) == 1
        assert not texts(item, "author | dc:contributor")
        assert not texts(item, "a:id")
        names = [etree.QName(child).localname for child in item]
        assert "encoded" not in names or names.index("description") < names.index("encoded")
        assert set(texts(item, "a:link/@rel")) <= {"related"}
        assert len(texts(item, "enclosure")) <= 1
        check_pictures(item)
