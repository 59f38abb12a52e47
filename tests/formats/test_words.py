"""The words that feeds and pages show, in which language, and which way they are written."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree, html

from tests.conftest import Site, record
from tests.rules import NAMESPACES, check_feed, texts

BASE = "https://feeds.example"
RELATED = "[{title: Mention, webUrl: 'https://b.example/1', publishedDateTime: 2019-12-31, provider: {name: B}}]"


def content(site: Site, number: int = 0) -> str:
    """The content of an entry, which is the same in every format."""
    found = str(json.loads(site.body("/feed.json"))["items"][number]["content_html"])
    for format in ("atom", "rss"):
        parsed = check_feed(site.body(f"/feed.{format}"), f"{BASE}/feed.{format}")
        assert parsed.entries[number].title
        assert found.encode().replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;") in site.body(
            f"/feed.{format}"
        )
    return found


def site_in(make_site: Callable[..., Site], language: str, files: dict[str, str], **tables: Any) -> Site:
    return make_site(files, site={"base_url": BASE, "language": language}, **tables)


@pytest.mark.parametrize(
    ("language", "heading", "topic", "provider", "folder"),
    [
        ("en", "Related stories:", "Stories about KI", "Stories by B", "Topics"),
        ("de-at", "Verwandte Artikel:", "Artikel zum Thema KI", "Artikel von B", "Themen"),
        ("fr", "Articles liés\xa0:", "Articles sur le thème «\xa0KI\xa0»", "Articles publiés par B", "Thèmes"),
        ("ja", "関連記事\uff1a", "「KI」に関する記事", "Bの記事", "トピック"),
    ],
)
def test_the_words_of_feeds_are_in_the_language_of_the_site(
    make_site: Callable[..., Site], language: str, heading: str, topic: str, provider: str, folder: str
) -> None:
    site = site_in(make_site, language, {"1.md": record(topics="[KI]", related=RELATED)})
    assert f"<p>{heading}</p><ul><li>" in content(site)
    for path, description in (("topics/ki", topic), ("providers/b", provider)):
        atom, rss = (etree.fromstring(site.body(f"/{path}.{format}")) for format in ("atom", "rss"))
        assert texts(atom, "a:subtitle") == texts(rss, "channel/description") == [description]
        assert json.loads(site.body(f"/{path}.json"))["description"] == description
        assert atom.xpath("count(//@xml:lang)") == 1
    assert folder in etree.fromstring(site.body("/feeds.opml")).xpath("body/outline/@text")
    page = html.document_fromstring(site.body("/topics/ki/"))
    assert (
        page.xpath("//article//*[@class='coverage']/p[not(@lang)]/text()")[0] == heading.rstrip(":\xa0\uff1a") + " (1)"
    )


def test_labels_of_the_configuration_replace_single_words(make_site: Callable[..., Site]) -> None:
    labels = {"related": "Mehr <dazu> & so", "stories_about": "Alles zu {name}!", "topics": "Gebiete"}
    site = site_in(make_site, "de", {"1.md": record(topics="[KI]", related=RELATED)}, labels=labels)
    assert "<p>Mehr &lt;dazu&gt; &amp; so:</p>" in content(site)
    assert json.loads(site.body("/topics/ki.json"))["description"] == "Alles zu KI!"
    assert json.loads(site.body("/providers/b.json"))["description"] == "Artikel von B"
    folders = etree.fromstring(site.body("/feeds.opml")).xpath("body/outline/@text")
    assert folders == ["Alles", "Gebiete", "Quellen"]


def test_a_heading_that_ends_in_a_colon_gets_no_other(make_site: Callable[..., Site]) -> None:
    site = site_in(make_site, "de", {"1.md": record(related=RELATED)}, labels={"related": "Siehe auch:"})
    assert "<p>Siehe auch:</p>" in content(site)


def test_words_in_another_language_than_the_site_are_marked(make_site: Callable[..., Site]) -> None:
    site = site_in(make_site, "sv", {"1.md": record(topics="[KI]", related=RELATED)})
    assert '<p lang="en">Related stories:</p><ul><li>' in content(site)
    atom = etree.fromstring(site.body("/topics/ki.atom"))
    (subtitle,) = atom.xpath("a:subtitle[@xml:lang = 'en']", namespaces=NAMESPACES)
    assert subtitle.text == "Stories about KI"


def test_the_list_of_related_stories_of_a_story_in_another_language_is_marked(make_site: Callable[..., Site]) -> None:
    site = site_in(make_site, "de", {"1.md": record(language="fr", excerpt="Bref.", related=RELATED)})
    assert content(site).startswith('<p>Bref.</p><p lang="de">Verwandte Artikel:</p><ul lang="de"><li>')
    site = site_in(make_site, "de", {"1.md": record(language="ar", excerpt="مرحبا", related=RELATED)})
    assert content(site).startswith(
        '<div lang="ar" dir="rtl"><p>مرحبا</p><p lang="de" dir="ltr">Verwandte Artikel:</p><ul lang="de" dir="ltr"><li>'
    )


def test_the_end_of_a_cut_list_is_marked_without_turning_its_bullet(make_site: Callable[..., Site]) -> None:
    second = "{title: Zwei, publishedDateTime: 2020-01-02, webUrl: 'https://c.example/'}"
    files = {"1.md": record(excerpt="مرحبا", related=f"{RELATED[:-1]}, {second}]")}
    site = make_site(files, site={"base_url": BASE, "language": "ar"}, feeds={"related_limit": 1})
    assert '<li><span lang="en" dir="ltr">and 1 more</span></li></ul>' in site.body("/feed.rss").decode().replace(
        "&lt;", "<"
    ).replace("&gt;", ">")


def test_the_language_of_a_story_is_in_every_format(make_site: Callable[..., Site]) -> None:
    site = site_in(
        make_site, "de", {"1.md": record(language="pt_br"), "2.md": record(url="https://a.example/2", language="DE")}
    )
    atom, rss = (etree.fromstring(site.body(f"/feed.{format}")) for format in ("atom", "rss"))
    assert atom.xpath("//a:entry/@xml:lang", namespaces=NAMESPACES) == texts(rss, "//dc:language") == ["pt-BR"]
    assert [item.get("language") for item in json.loads(site.body("/feed.json"))["items"]] == ["pt-BR", None]


@pytest.mark.parametrize(
    ("language", "direction"), [("ar", "rtl"), ("he-IL", "rtl"), ("pa-Arab", "rtl"), ("ar-Latn", "ltr"), ("en", "ltr")]
)
def test_a_page_has_the_direction_of_its_language(
    make_site: Callable[..., Site], language: str, direction: str
) -> None:
    site = site_in(make_site, language, {"1.md": record(topics="[AI]", excerpt="x")})
    for address in ("/", "/topics/ai/"):
        root = html.document_fromstring(site.body(address))
        assert (root.get("lang"), root.get("dir")) == (language, direction)
    assert content(site) == (f'<div lang="{language}" dir="rtl"><p>x</p></div>' if direction == "rtl" else "<p>x</p>")


def test_an_article_in_another_language_has_its_language_and_direction_on_its_page(
    make_site: Callable[..., Site],
) -> None:
    files = {
        "1.md": record(topics="[AI]", related=RELATED, language="he"),
        "2.md": record(topics="[AI]", url="https://a.example/2", language="fr"),
        "3.md": record(topics="[AI]", url="https://a.example/3"),
    }
    page = html.document_fromstring(make_site(files).body("/topics/ai/"))
    hebrew, french, english, _ = page.iter("article")
    assert [dict(article.attrib) for article in (hebrew, french, english)] == [
        {"lang": "he", "dir": "rtl"},
        {"lang": "fr"},
        {},
    ]
    for element in (*hebrew.iter("ul", "time"), *french.xpath(".//ul | .//time")):
        marked = element.xpath("ancestor-or-self::*[@lang][1]")[0]
        assert marked.get("lang") == "en"
        assert marked.get("dir") == ("ltr" if element in set(hebrew.iter()) else None)


def test_the_english_words_of_a_page_in_another_language_are_marked(make_site: Callable[..., Site]) -> None:
    own = {
        "Titel",
        "N",
        "Wort",
        "Verwandte Artikel (1)",
        "Weitere Berichte (1)",
        "Mention",
        "B",
        "KI",
        "Artikel zum Thema KI",
        "KI · Seite",
        "Seite",
        "Worte",
    }
    own |= {"Themen", "Quellen", "1", "2"}
    files = {"1.md": record(title="Titel", excerpt="Wort", topics="[KI]", related=RELATED, provider="{name: N}", images="['https://a.example/i.png']")}  # fmt: skip
    site = make_site(files, site={"base_url": BASE, "language": "de", "title": "Seite", "description": "Worte"})
    for address in ("/", "/topics/ki/"):
        for element in html.document_fromstring(site.body(address)).find("body").iter():
            text = (element.text or "").strip().strip(",").strip()
            if text and text not in own:
                assert element.xpath("ancestor-or-self::*[@lang][1]/@lang") == ["en"], text


def test_a_page_in_english_marks_nothing(make_site: Callable[..., Site]) -> None:
    site = site_in(make_site, "en-GB", {"1.md": record(topics="[KI]", related=RELATED)})
    for address in ("/", "/topics/ki/"):
        assert site.body(address).count(b" lang=") == site.body(address).count(b" dir=") == 1
