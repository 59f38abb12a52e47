"""JSON Feed and OPML: their structure, and the data of records in them."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from lxml import etree, html

from feedsvc.model import absolute
from tests.conftest import Site, record
from tests.corpus import Corpus
from tests.rules import check_content, check_url


@pytest.mark.sqlite  # test_postgres compares PostgreSQL's documents with these
def test_every_json_feed_of_the_corpus_is_valid_and_has_the_data_of_the_records(
    make_site: Callable[..., Site], corpus: Corpus
) -> None:
    site = make_site(corpus.files)
    stories = {**corpus.mentions, **corpus.stories}
    for address in site.addresses():
        if not address.endswith(".json") or address == "/search.json":
            continue
        feed = json.loads(site.body(address))
        assert feed["version"] == "https://jsonfeed.org/version/1.1"
        assert feed["title"]
        assert feed["feed_url"] == absolute("https://feeds.example", address)
        for name in ("home_page_url", "feed_url"):
            check_url(feed[name])
        assert len({item["id"] for item in feed["items"]}) == len(feed["items"])
        for item in feed["items"]:
            check_item(item, stories, corpus)


def check_item(item: dict[str, Any], stories: dict[str, Any], corpus: Corpus) -> None:
    story = stories[item["id"]]
    assert item["url"] == item["id"]
    assert item["title"] == story.title
    assert item["authors"][-1]["name"] == item["_feedsvc"]["provider"]["name"] == story.provider
    assert datetime.fromisoformat(item["date_published"]) == story.published
    assert set(item.get("tags", ())) == story.topics
    if item["content_html"]:
        check_content(item["content_html"])
    assert [link["url"] for link in item["_feedsvc"].get("related", ())] == corpus.related(story)


def test_a_json_feed_has_further_fields_of_the_record_in_its_extension(sample_site: Site) -> None:
    feed = json.loads(sample_site.body("/feed.json"))
    (article,) = (item for item in feed["items"] if len(item["_feedsvc"]["related"]) > 1)
    extension = article["_feedsvc"]
    assert (extension["quality"], extension["heat"]) == (84, -1)
    assert (extension["type"], extension["category"]) == ("article", "news")
    assert extension["amp_url"].endswith("/amp/")
    assert extension["provider"] == {"name": "Forbes", "slug": "forbes", "url": "https://forbes.com/"}
    assert len(extension["related"]) == extension["related_total"] == 17
    assert extension["related"][0]["provider"] == "TechCrunch"
    assert "next_url" not in feed
    assert "canary" not in str(feed)


def test_opml_lists_every_feed_once_in_folders(make_site: Callable[..., Site]) -> None:
    site = make_site({"1.md": record(topics="[AI, '<b>']")}, custom=[{"name": "Saved"}])
    root = etree.fromstring(site.body("/feeds.opml"))
    assert (root.tag, root.get("version")) == ("opml", "2.0")
    folders = {folder.get("text"): [dict(outline.attrib) for outline in folder] for folder in root.find("body")}
    assert list(folders) == ["Everything", "Topics", "Providers", "Custom"]
    assert folders["Topics"] == [
        {
            "type": "rss", "text": name, "title": name,
            "xmlUrl": f"https://feeds.example/topics/{slug}.atom", "htmlUrl": f"https://feeds.example/topics/{slug}/",
        }
        for name, slug in (("AI", "ai"), ("<b>", "b"))
    ]  # fmt: skip
    assert folders["Everything"][0]["htmlUrl"] == "https://feeds.example/"
    assert all(set(folder.attrib) == {"text"} for folder in root.find("body"))


def test_the_language_of_a_story_is_in_every_format_where_it_is_not_the_sites(make_site: Callable[..., Site]) -> None:
    languages = {"3": "pt_BR", "2": "EN", "1": ""}
    site = make_site(
        {
            f"{name}.md": record(url=f"https://a.example/{name}", language=tag, topics="AI")
            for name, tag in languages.items()
        }
    )
    items = json.loads(site.body("/feed.json"))["items"]
    assert {item["id"][-1]: item.get("language") for item in items} == {"3": "pt-BR", "2": None, "1": None}
    names = {"atom": "http://www.w3.org/2005/Atom", "dc": "http://purl.org/dc/elements/1.1/"}
    atom, rss = (etree.fromstring(site.body(f"/feed.{suffix}")) for suffix in ("atom", "rss"))
    found = atom.xpath("//*[@xml:lang = 'pt-BR']/atom:id/text()", namespaces=names)
    assert (found, atom.xpath("count(//@xml:lang)")) == (["https://a.example/3"], 2)  # and the feed's
    assert rss.xpath("//item[dc:language = 'pt-BR']/guid/text()", namespaces=names) == ["https://a.example/3"]
    assert rss.xpath("count(//dc:language)", namespaces=names) == 1
    page = html.fromstring(site.body("/topics/ai/"))
    assert page.xpath("//article[@lang]/@lang | //article[@lang]//h3/a/@href") == ["pt-BR", "https://a.example/3"]
