"""Any text in any field: feeds are well-formed and hold it unchanged, and pages show it as text."""

import html
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import feedparser
import lxml.html
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.conftest import Site
from tests.feeds.test_feeds import url as absolute
from tests.rules import check_content, check_feed, check_url, unescaped

#: Texts with a meaning in XML, HTML, templates, formatting or terminals.
TOKENS = (
    "]]>", "<![CDATA[", "<!--", "-->", "<?xml", "<!DOCTYPE x [<!ENTITY e 'x'>]>", "&e;", "&amp;", "&amp;lt;", "&lt;b&gt;", "&#0;",
    "&#x1f;", "&#xd800;", "&region=1", "&#x110000;", "&#128;", "&nbsp;", "&copy=1", "&", "<", ">", '"', "'", "`", "\\", "\\u0000", "%s", "%(x)s",
    "%", "{0}", "{x!r}", "{{7*7}}", "{% raw %}", "{# #}", "${7*7}", "#{7}", "<script>alert(1)</script>", "</script>", "</title>",
    "<img src=x onerror=alert(1)>", "' onclick='alert(1)", '" onfocus="alert(1)" autofocus="', "<b>x</b>", "<svg/onload=alert(1)>",
    "</textarea>", "javascript:alert(1)", "\u202e", "\u2066", "\u200f", "\u200d", "\ufeff", "\ufffd", "\ufffe", "\uffff", "\ufdd0",
    "\U0001fffe", "\U0010ffff", "\ud800", "\udc00", "\ud83d\ude00", "\0", "\x01", "\x1b[2J", "\x7f", "\x80", "\x85", "\x9f", "\xa0",
    "\u2028", "\r\n", "\t", " ", "\ue000", "\ue0001\ue001", "e\u0301", "日本", "עברית", "👩‍🚀",
)  # fmt: skip
texts = st.lists(
    st.sampled_from(TOKENS) | st.text(st.characters(exclude_categories=()), max_size=5), min_size=1, max_size=6
).map("".join)
urls = st.builds(
    str.__add__,
    st.sampled_from(
        (
            "https://a.example/", "http://b.example", "https://user:secret@a.example/", "javascript:", "data:text/html,", "vbscript:",
            "//a.example/", "HTTPS://A.Example:8080/?", "https://bücher.example/", "https://日本.example/", "https://[::1]/", "https://[",
            "https://a.example:99999/", "https://a b.example/", "https://a.example\\@b.example/", " https://a.example/%zz%", "/x", "",
            "https://xn--a.example/", "https://a.example/LONG", "https://LONG",
        )
    ),
    st.lists(st.sampled_from((" ", "[x]", "|", "^", "%", "%zz", "%2f", "<>", '"', "'", "#", "?", "\0", "\u202e", "ü", "&amp;")), max_size=3).map("".join) | texts,
)  # fmt: skip
images = st.lists(
    st.fixed_dictionaries({"url": urls}, optional={"title": texts, "width": texts | st.integers()}), max_size=2
)
stories = st.fixed_dictionaries(
    {"title": texts},
    optional={
        "excerpt": texts,
        "type": texts,
        "category": texts,
        "topics": st.lists(texts, max_size=3),
        "provider": st.fixed_dictionaries(
            {},
            optional={"name": texts, "domain": texts | urls, "images": images, "authors": st.lists(texts, max_size=2)},
        ),
        "images": images,
        "featuredContent": texts,
        "ampWebUrl": urls,
        "cdnAmpWebUrl": urls,
        "quality": texts | st.integers(),
        "secured": texts,
    },
)
records = st.lists(st.tuples(stories, st.lists(stories, max_size=2), urls, st.booleans()), min_size=1, max_size=3)


def cleaned(text: str | None) -> str:
    """Return a text as feedsvc reads it, by the README."""
    allowed = (char for char in unescaped(text or "") if char in "\t\n\r" or _is_xml(ord(char)))
    return " ".join("".join(allowed).split())


def _is_xml(code: int) -> bool:
    """Return whether XML can hold a character, and it is no control character."""
    return 0x20 <= code <= 0x7E or code == 0x85 or 0xA0 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000


def as_json(value: Any, escaped: bool) -> bytes:
    """Return JSON with everything escaped; or unescaped, without the characters that YAML forbids."""
    text = json.dumps(value, ensure_ascii=escaped).replace(
        "LONG", "x" * 100_000
    )  # so that reports of failures are short
    return text.encode() if escaped else re.sub("[\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]", "", text).encode()


def page(site: Site, address: str) -> Any:
    """Return the tree of a page. Assert that it holds nothing that runs, and no addresses except http and https, and of feeds."""
    tree = lxml.html.document_fromstring(site.body(address), parser=lxml.html.HTMLParser(encoding="utf-8"))
    assert (
        len(tree.xpath("//script[@src and not(text())]")) == len(tree.xpath("//script")) == (3 if address == "/" else 2)
    )
    assert not tree.xpath("//style | //iframe | //object | //embed | //base | //svg | //meta[@http-equiv] | //textarea")
    for element in tree.iter():
        for name, value in element.items():
            assert not name.startswith("on") and name not in ("style", "srcdoc", "formaction", "autofocus")
            if name in ("href", "src", "action"):
                assert urlsplit(value.removeprefix("feed:")).scheme in ("", "http", "https")
                assert value.isascii()
    return tree


def shown(elements: Any) -> list[str]:
    return [" ".join(element.text_content().split()) for element in elements]


def as_feedparser(text: str) -> str:
    """Return a text as feedparser does: if it could be UTF-8 read as Latin-1, such as `Ø¦`, it is decoded again."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def titles(root: ElementTree.Element) -> dict[str | None, str | None]:
    """Return the titles of a feed's entries by id, as an XML parser reads them."""
    if root.tag == "rss":
        return {item.findtext("guid"): item.findtext("title") for item in root.iter("item")}
    atom = "{http://www.w3.org/2005/Atom}"
    found = {}
    for entry in root.iter(f"{atom}entry"):
        title = entry.find(f"{atom}title")
        assert title is not None
        found[entry.findtext(f"{atom}id")] = (
            html.unescape(title.text or "") if title.get("type") == "html" else title.text
        )
    return found


def check_site(site: Site, expected: dict[str, dict[str, Any]]) -> None:
    """Assert that every document is well-formed, and holds the data of the expected stories, which are by URL."""
    for address in site.addresses():
        body = site.body(address)
        if address.endswith((".atom", ".rss", ".opml")):
            ElementTree.fromstring(body)
        elif address == "/search.json":
            assert {title for title, *_ in json.loads(body)["stories"]} >= {
                cleaned(story["title"]) for story in expected.values()
            }
        elif address.endswith(".json"):
            for item in json.loads(body)["items"]:
                check_content(item["content_html"])
        elif address.endswith("/"):
            page(site, address)
    for format in ("atom", "rss"):
        body = site.body(f"/feed.{format}")
        check_feed(body, absolute(site, f"/feed.{format}"))
        written = titles(ElementTree.fromstring(body))
        assert {url: written[url] for url in expected} == {
            url: cleaned(story["title"]) for url, story in expected.items()
        }
        read = feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False)
        entries = {entry.id: entry for entry in read.entries}
        assert expected.keys() <= entries.keys()
        for story_url, story in expected.items():
            check_entry(entries[story_url], story, format)
    items = {item["id"]: item for item in json.loads(site.body("/feed.json"))["items"]}
    providers = {feed.name: feed.address for feed in site.documents.catalogue().providers}
    for story_url, story in expected.items():
        item = items[story_url]
        assert item["title"] == cleaned(story["title"])
        assert item.get("summary", "") == cleaned(story.get("excerpt"))
        for link in (item.get("image"), item["_feedsvc"].get("amp_url"), item["_feedsvc"].get("cdn_amp_url")):
            assert link is None or check_url(link) is None
        provider_page = page(site, providers[item["authors"][-1]["name"]].page_path)
        (article,) = provider_page.xpath(f"//article[h3/a/@href='{story_url}']")
        assert shown(article.xpath("h3")) == [cleaned(story["title"])]
        assert shown(article.xpath("p[not(@class)]")) == [cleaned(story.get("excerpt"))] * ("summary" in item)
        assert shown(article.xpath("ul[@class='topics']/li")) == item.get("tags", [])


def check_entry(entry: Any, story: dict[str, Any], format: str) -> None:
    is_html = format == "atom" and entry.title_detail.type == "text/html"
    assert (html.unescape(entry.title) if is_html else entry.title) == as_feedparser(cleaned(story["title"]))
    if summary := cleaned(story.get("excerpt")):
        assert html.unescape(entry.summary) == as_feedparser(summary)
    for link in entry.links:
        check_url(link.href)


@pytest.mark.survives("any text in any field")
@pytest.mark.survives("addresses")
def test_every_feed_holds_any_text_in_any_field_and_pages_show_it_as_text(
    make_site: Callable[..., Site], full: bool
) -> None:
    site = make_site({}, feeds={"limit": 500}, records={"max_loss": 100})  # all go each time

    @settings(
        max_examples=1000 if full else 40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(records)
    def check(given: list[tuple[dict[str, Any], list[dict[str, Any]], str, bool]]) -> None:
        for path in site.config.records_folder.iterdir():
            path.unlink()
        expected = {}
        for number, (story, related, hostile, escaped) in enumerate(given):
            value: Any = {**story, "webUrl": f"https://valid.example/{number}", "publishedDateTime": "2020-06-13"}
            value["related"] = [
                {**mention, "webUrl": f"https://valid.example/{number}/{position}", "publishedDateTime": "2020-06-12"}
                for position, mention in enumerate(related)
            ] + [{**story, "webUrl": hostile, "publishedDateTime": "2020-06-12"}]
            body = as_json(value, escaped)
            site.write(f"{number}.{'json' if escaped else 'yaml'}", body)
            site.write(f"{number}-hostile.json", as_json({**value, "webUrl": hostile, "related": []}, True))
            value = json.loads(body)
            for one in (value, *value["related"][:-1]):
                if cleaned(one["title"]):
                    expected[one["webUrl"]] = one
                elif one is value:
                    break  # a record without a title mentions nothing
        site.sync()
        check_site(site, expected)

    check()


@pytest.mark.survives("a title of 1 MB")
def test_every_document_holds_a_title_of_1_mb_whole(make_site: Callable[..., Site], full: bool) -> None:
    for part in ["]]>日 \U0001f680&amp;{{7*7}}", *(["<b>", "&amp;lt;", "]]>"] if full else [])]:
        title = (part * (2**20 // len(part.encode()))).strip()
        value = {"title": title, "webUrl": "https://a.example/0", "publishedDateTime": "2020-06-13"}
        check_site(make_site({"0.json": json.dumps(value)}), {"https://a.example/0": value})
