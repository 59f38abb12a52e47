"""The rules that every feed in Atom or RSS follows, as assertions on its XML and on what feedparser reads in it."""

import re
from collections import Counter
from datetime import datetime
from email.utils import parsedate_to_datetime
from html import unescape as html_text
from html.entities import html5
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import feedparser
from lxml import etree, html

from feedsvc.languages import language_tag
from tests.fuzz.invariants import check_html

NAMESPACES = {
    "a": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "fh": "http://purl.org/syndication/history/1.0",
    "dc": "http://purl.org/dc/elements/1.1/",
    "media": "http://search.yahoo.com/mrss/",
    "thr": "http://purl.org/syndication/thread/1.0",
}
ATOM = f"{{{NAMESPACES['a']}}}"
MEDIA = f"{{{NAMESPACES['media']}}}"
#: What the address of an archive has before its suffix.
ARCHIVE = re.compile(r"/(?P<month>[0-9]{4}-[0-9]{2})(-[1-9][0-9]*)?(?=\.[a-z]+($|\?))")

#: The media types of archives, by the end of their paths.
ARCHIVE_TYPES = {"atom": "application/atom+xml", ".rss": "application/rss+xml"}


def texts(element: Any, path: str) -> list[str]:
    return [found if isinstance(found, str) else found.text for found in element.xpath(path, namespaces=NAMESPACES)]


def check_feed(body: bytes, self_url: str, limit: int = 500) -> Any:
    """Assert all rules on a feed or archive in Atom or RSS. Return what feedparser reads in it.

    limit: of the feed.
    """
    root = etree.fromstring(body)
    parsed = feedparser.parse(body)
    assert not parsed.bozo, parsed.bozo_exception
    if root.tag == "rss":
        _check_rss(root, self_url)
        check_plain_elements(body)
    else:
        _check_atom(root, self_url)
    _check_archive(root, self_url, limit)
    for attribute in root.xpath("//@href | //@url | //@scheme | //@domain"):
        check_url(attribute)
    for content in texts(root, "//content:encoded | //a:content"):
        check_content(content)
    return parsed


def _check_archive(root: Any, self_url: str, limit: int) -> None:
    """Assert that an archive (RFC 5005) is marked, links to the current feed, and holds stories of its month alone.

    A current feed is not marked, and only links to an archive.
    """
    archive = ARCHIVE.search(self_url)
    assert len(root.xpath("//fh:archive", namespaces=NAMESPACES)) == bool(archive)
    assert not root.xpath("//fh:complete", namespaces=NAMESPACES)
    rels = {rel: _links(root, rel) for rel in ("current", "prev-archive", "next-archive")}
    assert rels["current"] == ([ARCHIVE.sub("", self_url)] if archive else [])
    assert all(ARCHIVE.search(url) for url in rels["prev-archive"] + rels["next-archive"])
    assert self_url not in rels["prev-archive"] + rels["next-archive"]
    for link in root.xpath("//a:link[contains(@rel, '-archive')]", namespaces=NAMESPACES):
        assert link.get("type") == ARCHIVE_TYPES[urlsplit(link.get("href")).path[-4:]]
    published = texts(root, "a:entry/a:published") or [
        parsedate_to_datetime(text).isoformat() for text in texts(root, "channel/item/pubDate")
    ]
    assert len(published) <= limit
    if archive:
        assert {time[:7] for time in published} == {archive["month"]}
    else:
        assert not rels["next-archive"]


def _links(root: Any, rel: str) -> list[str]:
    return texts(root, f"/a:feed/a:link[@rel='{rel}']/@href | /rss/channel/a:link[@rel='{rel}']/@href")


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
    assert url == urlunsplit(parts), "an empty query or fragment"  # `??` is none: its query is a question mark
    assert ":~:" not in parts.fragment, url


def check_content(content: str) -> None:
    """Assert that content is HTML that every reader can show, whose addresses are whole."""
    check_html(content)
    for address in html.fragment_fromstring(content, create_parent="div").xpath("//@cite | //@href | //@src"):
        if not address.startswith("mailto:"):
            check_url(address)


def unescaped(text: str) -> str:
    """Return a text without the entities that end in `;`, nor those of characters that XML can't hold, as the README has it."""
    parts = re.split(r"(&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[a-zA-Z0-9]+);)", text)
    entities = {
        part: html_text(part).replace("\ufffd", "") for part in parts[1::2] if part[1] == "#" or part[1:] in html5
    }
    return "".join(entities.get(part, part) for part in parts)


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


def check_related(item: Any, url: str) -> None:
    """Assert that an entry links to each related story once, never to itself, and that its content lists the same."""
    links = texts(item, "a:link[@rel='related']/@href")
    check_unique(links)
    assert url not in links
    # RSS has the content as description where there is no excerpt.
    content = (texts(item, "content:encoded | a:content") or texts(item, "description") or [""])[0]
    listed = html.fragment_fromstring(content, create_parent="div").xpath("(.//ul)[last()]/li/a/@href")
    assert not links or listed == links


def check_threads(entry: Any) -> None:
    """Assert that an entry in Atom replies (RFC 4685) to no story, or to all that it links to, in their order."""
    listing = texts(entry, "thr:in-reply-to/@ref")
    assert listing in ([], texts(entry, "a:link[@rel='related']/@href"))
    assert texts(entry, "thr:in-reply-to/@href") == listing  # an entry's id is its story's URL
    assert set(texts(entry, "thr:in-reply-to/@type")) <= {"text/html"}


def check_title(title: Any) -> None:
    """Assert that a title in Atom is HTML only where it would read otherwise as HTML than it is.

    Readers show others as they are written: `R&amp;D`.
    """
    is_html = title.get("type") == "html"
    assert not is_html or "<" not in title.text
    plain = html_text(title.text) if is_html else title.text
    assert is_html == (html_text(plain) != plain or bool(re.search("<[a-zA-Z/!?]", plain))), title.text


def check_languages(feed: Any) -> None:
    """Assert that a feed in Atom has a language, and what it holds one only where that is another."""
    language, *others = feed.xpath("//@xml:lang")
    assert feed.xpath("@xml:lang") == [language]
    assert language not in others
    assert all(language_tag(tag) == tag for tag in (language, *others))


def check_plain_elements(body: bytes) -> None:
    """Assert that elements of plain text in RSS have hexadecimal character references, which aren't taken for HTML."""
    text = re.sub(rb"<item>.*</item>", lambda match: match[0].replace(b"description>", b"html>"), body, flags=re.DOTALL)
    for value in re.findall(rb"<(?:title|category|description|dc:creator|dc:publisher)\b[^>]*>([^<]*)<", text):
        assert not re.search(rb"&(?!gt;|#)", value), value


def _check_atom(feed: Any, self_url: str) -> None:
    assert feed.tag == f"{ATOM}feed"
    path, _, query = self_url.partition("?")
    feed_id = ARCHIVE.sub("", path).removesuffix(".atom") + (f"?{query}" if query else "")
    assert texts(feed, "a:id") == [feed_id]
    assert texts(feed, "a:link[@rel='self']/@href") == [self_url]
    assert texts(feed, "a:link[@rel='self']/@type") == ["application/atom+xml"]
    # Readers take the first alternate, or the last one, for the site; and some the first link, whatever its rel.
    assert texts(feed, "a:link[not(@rel) or @rel='alternate']/@type") == ["text/html"]
    assert texts(feed, "a:link[1]/@rel") == ["alternate"]
    check_languages(feed)
    assert len(texts(feed, "a:author/a:name")) == 1
    assert texts(feed, "a:generator") == ["feedsvc"]
    check_times(texts(feed, "//a:updated | //a:published"), datetime.fromisoformat)
    check_unique(texts(feed, "a:entry/a:id"))
    assert all(texts(feed, "//a:title | //a:name | //a:category/@term | //a:category/@label"))
    updated = texts(feed, "a:entry/a:updated") or ["1970-01-02T00:00:00+00:00"]
    assert texts(feed, "a:updated") == [max(updated)]
    assert texts(feed, "a:entry/a:published") == sorted(texts(feed, "a:entry/a:published"), reverse=True)
    for title in feed.iter(f"{ATOM}title"):
        check_title(title)
    for entry in feed.iter(f"{ATOM}entry"):
        assert texts(entry, "a:updated") >= texts(entry, "a:published")
        (alternate,) = entry.xpath("a:link[not(@rel) or @rel='alternate']/@href", namespaces=NAMESPACES)
        assert texts(entry, "a:id") == [alternate]
        check_story_url(alternate)
        check_byline(texts(entry, "a:author/a:name"))
        assert not texts(entry, "a:author[position() < last()]/a:uri | a:contributor/a:name")
        assert len(texts(entry, "a:updated")) == len(texts(entry, "a:published")) == 1
        assert set(texts(entry, "a:link[@rel]/@rel")) <= {"related"}
        assert all(texts(entry, "a:link[@rel='related']/@title"))
        assert not texts(entry, "a:source")
        check_related(entry, alternate)
        check_threads(entry)
        assert texts(entry, "a:summary/@type") in ([], ["html"])
        assert texts(entry, "a:summary") or texts(entry, "a:content")
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
    built, *published = map(parsedate_to_datetime, texts(channel, "lastBuildDate | item/pubDate"))
    assert built >= max(published, default=built)
    check_unique(texts(channel, "item/guid"))
    assert all(texts(channel, "//title | //category | //dc:creator"))
    assert not texts(channel, "//source")  # its address would have to be a feed's
    assert not texts(channel, "a:link[@rel='alternate']")
    for item in channel.iter("item"):
        assert texts(item, "guid") == texts(item, "link")
        assert texts(item, "guid/@isPermaLink") == ["true"]
        check_story_url(texts(item, "link")[0])
        check_byline(texts(item, "dc:creator"))
        assert len(texts(item, "pubDate")) == 1
        assert not texts(item, "author | dc:contributor")
        assert not texts(item, "a:id | thr:in-reply-to")
        published = parsedate_to_datetime(texts(item, "pubDate")[0])
        check_times(texts(item, "a:updated"), datetime.fromisoformat)
        assert all(datetime.fromisoformat(updated) > published for updated in texts(item, "a:updated"))
        names = [etree.QName(child).localname for child in item]
        assert "encoded" not in names or names.index("description") < names.index("encoded")
        assert set(texts(item, "a:link/@rel")) <= {"related"}
        check_related(item, texts(item, "link")[0])
        assert len(texts(item, "enclosure")) <= 1
        check_pictures(item)
