"""What stands in the elements of Atom, RSS and JSON Feed: titles, summaries, times, links, bylines."""

import json
import re
from collections.abc import Callable
from typing import Any

import feedparser
import pytest
from lxml import etree

from tests.conftest import Site, record
from tests.rules import NAMESPACES, check_feed, texts

BASE = "https://feeds.example"


def feed(site: Site, address: str) -> Any:
    """The root of a feed in Atom or RSS, which follows the rules."""
    body = site.body(address)
    check_feed(body, BASE + address)
    return etree.fromstring(body)


@pytest.mark.parametrize(
    "title",
    ["R&D", "AT&T", "A & B < C > D", "1<2", "a &b; c", "<3", "& so on", "x &unknown; y", "=> <= <>", "A -> B"],
)
def test_a_title_that_reads_the_same_as_html_is_plain_in_atom(make_site: Callable[..., Site], title: str) -> None:
    site = make_site(
        {"1.json": json.dumps({"title": title, "webUrl": "https://a.example/1", "publishedDateTime": "2020-01-01"})}
    )
    (element,) = feed(site, "/feed.atom").xpath("//a:entry/a:title", namespaces=NAMESPACES)
    assert (dict(element.attrib), element.text) == ({}, title)


@pytest.mark.parametrize(
    ("title", "html"),
    [
        ("The <title> element", "The &lt;title&gt; element"),
        ("ReadOnlySpan<T>", "ReadOnlySpan&lt;T&gt;"),
        ("a </b> c", "a &lt;/b&gt; c"),
        ("<!-- x", "&lt;!-- x"),
        ("<?php", "&lt;?php"),
        ("How &nbsp; works", "How &amp;nbsp; works"),
        ("&#60; and &#x3c", "&amp;#60; and &amp;#x3c"),
        ("a=1&copy=2", "a=1&amp;copy=2"),
        ("&lt", "&amp;lt"),
    ],
)
def test_a_title_that_reads_otherwise_as_html_is_html_in_atom(
    make_site: Callable[..., Site], title: str, html: str
) -> None:
    written = title.replace("&", "&amp;")  # entities in records are unescaped
    site = make_site(
        {"1.json": json.dumps({"title": written, "webUrl": "https://a.example/1", "publishedDateTime": "2020-01-01"})},
        site={"base_url": BASE, "title": written, "description": written},
    )
    atom = feed(site, "/feed.atom")
    for element in atom.xpath("a:title | a:subtitle | a:entry/a:title", namespaces=NAMESPACES):
        assert (dict(element.attrib), element.text) == ({"type": "html"}, html)
    assert texts(feed(site, "/feed.rss"), "//title") == [title] * 2
    assert json.loads(site.body("/feed.json"))["items"][0]["title"] == title


def test_plain_elements_of_rss_have_hexadecimal_references(make_site: Callable[..., Site]) -> None:
    site = make_site(
        {
            "1.md": record(
                title="A <b> & c",
                topics="['T <i> & u']",
                provider="{name: 'P & <p>', images: ['https://a.example/i.png'], authors: ['Ann & <Bob>'], publishers: ['Q & <q>']}",
                excerpt="'E & <em>'",
                related="[{title: 'L & <i>', webUrl: 'https://b.example/?a=1&b=2', publishedDateTime: 2020-01-01}]",
            )
        },
        site={"base_url": BASE, "title": "S & <s>", "description": "D & <d>"},
    )
    head, _, item = site.body("/providers/p-p.rss").decode().partition("<item>")
    assert (
        re.findall("<title>([^<]*)", head) == ["P &#x26; &#x3C;p&gt; - S &#x26; &#x3C;s&gt;"] * 2
    )  # the picture's, too
    assert "<description>Stories by P &#x26; &#x3C;p&gt;</description>" in head
    assert "<description>D &#x26; &#x3C;d&gt;</description>" in site.body("/feed.rss").decode()
    for element in (
        "<title>A &#x3C;b&gt; &#x26; c</title>", ">T &#x3C;i&gt; &#x26; u</category>", "<dc:creator>Ann &#x26; &#x3C;Bob&gt;</dc:creator>",
        "<dc:creator>P &#x26; &#x3C;p&gt;</dc:creator>", "<dc:publisher>Q &#x26; &#x3C;q&gt;</dc:publisher>",
        "<description>E &amp;amp; &amp;lt;em&amp;gt;</description>", "<content:encoded>&lt;p&gt;",
        '<atom:link href="https://b.example/?a=1&amp;b=2" rel="related" type="text/html" title="L &#x26; &#x3C;i&gt;"/>',
    ):  # fmt: skip
        assert element in item
    feed(site, "/providers/p-p.rss")


def test_an_entry_in_atom_without_excerpt_and_content_has_its_title_as_summary(make_site: Callable[..., Site]) -> None:
    site = make_site({"1.md": record(title="R&amp;D"), "2.md": record(title="A <b>", url="https://a.example/2")})
    parsed = feedparser.parse(site.body("/feed.atom"))
    assert [(entry.summary, entry.summary_detail.type) for entry in parsed.entries] == [
        ("R&D", "text/plain"), ("A &lt;b&gt;", "text/html"),
    ]  # fmt: skip
    feed(site, "/feed.atom")
    assert not texts(feed(site, "/feed.rss"), "//item/description")


def test_an_entry_with_an_excerpt_or_content_has_no_title_as_summary(make_site: Callable[..., Site]) -> None:
    site = make_site(
        {"1.md": record(excerpt="E"), "2.md": record(url="https://a.example/2", featuredContent="<p>C</p>")}
    )
    assert texts(feed(site, "/feed.atom"), "//a:summary") == ["E"]


def test_an_item_in_rss_says_when_it_was_updated_where_it_was(make_site: Callable[..., Site]) -> None:
    site = make_site(
        {
            "1.md": record(time="2020-06-13T01:29:00Z", updatedDateTime="2020-06-14T01:29:00+02:00"),
            "2.md": record(
                time="2020-06-12T01:29:00Z", url="https://a.example/2", updatedDateTime="2020-06-12T03:29:00+02:00"
            ),
            "3.md": record(time="2020-06-11T01:29:00Z", url="https://a.example/3"),
        }
    )
    updated = [texts(item, "a:updated") for item in feed(site, "/feed.rss").iter("item")]
    assert updated == [["2020-06-13T23:29:00+00:00"], [], []]


@pytest.mark.parametrize("address", ["/feed", "/topics/ai", "/feed/2020-06"])
def test_the_only_alternate_of_a_feed_is_its_page(make_site: Callable[..., Site], address: str) -> None:
    records = {
        "1.md": record(time="2020-06-13", topics="[AI]"),
        "2.md": record(time="2020-07-13", url="https://a.example/2"),
    }
    site = make_site(records, feeds={"limit": 1, "archives": ["atom", "rss"]})
    page = f"{BASE}/topics/ai/" if address == "/topics/ai" else f"{BASE}/"
    alternates = "a:link[@rel='alternate' or not(@rel)]"
    (link,) = feed(site, f"{address}.atom").xpath(alternates, namespaces=NAMESPACES)
    assert (link.get("href"), link.get("type")) == (page, "text/html")
    rss = feed(site, f"{address}.rss")
    assert texts(rss, "channel/link") == [page]
    assert texts(rss, f"channel/{alternates}/@href") == []


def test_persons_come_before_the_provider_and_no_source_is_named(make_site: Callable[..., Site]) -> None:
    site = make_site(
        {"1.md": record(excerpt="x", provider="{name: Daily, domain: daily.example, authors: [Jane Roe]}")}
    )
    atom, rss = feed(site, "/feed.atom"), feed(site, "/feed.rss")
    assert texts(atom, "//a:entry/a:author/a:name") == texts(rss, "//item/dc:creator") == ["Jane Roe", "Daily"]
    (item,) = json.loads(site.body("/feed.json"))["items"]
    assert item["authors"] == [{"name": "Jane Roe"}, {"name": "Daily", "url": "https://daily.example/"}]
    assert not texts(atom, "//a:contributor | //a:source") + texts(rss, "//dc:contributor | //source")
